"""How well a sound fits four digits: Whisper base, asked about the expected string alone (nothing is written down freely).

The encoder runs once over the few seconds that were spoken. Then the decoder is led along the expected digits, and along strings
with one digit changed, in several ways of writing: the expected one must lead. What it believes is divided among the ten digits
alone, for digits are read; 一, 幺, 1 are one digit, and tones are none: what a digit may be written as is summed. Lives in a
process of its own (`recogniser`), which ends when the reading is over.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from kiosk.errors import ModelError
from kiosk.microphone.mel import RATE, log_mel
from kiosk.microphone.whisper import Keys, Led, Whisper

FORMS = ("0零〇", "1一幺", "2二两", "3三", "4四", "5五", "6六", "7七", "8八", "9九")  # how each digit may be written
WAYS = (("han", "、"), ("han", ""), ("arabic", "、"))  # how the string is written; each alone stumbles over other strings
_START = ("<|startoftranscript|>", "<|zh|>", "<|transcribe|>", "<|notimestamps|>")
RIVALS = 3  # at each place, the likeliest (docs/measurements.md)
SECONDS_MOST = 12.0
QUIET_S = 0.5  # before and after: cut off close, the first and the last digit are heard as others
BLOCK_S, SMOOTH, MARGIN_S = 0.02, 6, 0.4  # blocks of which the loudness is taken, over how many, and what is left around the voice
CLEAR_DB = 25.0
_STEP_S = 2.0  # the encoder is given the next whole step: shorter than thirty seconds it needs a tenth of the time
FILES = ("model.bin", "tokenizer.json")


class Model(Protocol):
    """What `Whisper` does, as far as it is needed here."""

    def hear(self, mel: np.ndarray) -> Keys:
        """Return what the decoder may look at."""

    def lead(self, heard: Keys, tokens: Sequence[Sequence[int]], before: Led | None = None) -> Led:
        """Lead rows of equally many tokens."""

    def columns(self, tokens: Sequence[int]) -> np.ndarray:
        """Return what `logits` needs for those tokens."""

    def logits(self, hidden: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Return (..., tokens)."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way of writing a string: the tokens before it, of each digit, and between two."""

    start: tuple[int, ...]
    spelt: tuple[tuple[int, ...], ...]
    between: tuple[int, ...]

    def row(self, digits: str) -> tuple[list[int], list[int]]:
        """Return the tokens up to where the last digit is asked for, and the places at which each one is."""
        row, at = list(self.start), []
        for number, digit in enumerate(digits):
            row += self.between if number else ()
            at.append(len(row) - 1)
            row += self.spelt[int(digit)]
        return row[: at[-1] + 1], at


class Scorer:
    """Loaded weights. Not safe for threads."""

    def __init__(self, folder: Path, model: Model | None = None) -> None:
        """Raises ModelError without the files."""
        try:
            self._model: Model = model or Whisper(folder / "model.bin")
            table = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ModelError(f"{folder.name}: {error}") from error
        ids: dict[str, int] = table["model"]["vocab"] | {item["content"]: item["id"] for item in table["added_tokens"]}
        start = tuple(ids[name] for name in _START)
        spelt = {kind: tuple(tuple(_tokens(forms[at], ids)) for forms in FORMS) for at, kind in enumerate(("arabic", "han"))}
        self._ways = [Way(start, spelt[kind], tuple(_tokens(text, ids)) if text else ()) for kind, text in WAYS]
        forms = [sorted({_tokens(form, ids)[0] for form in (*forms, f" {forms[0]}")}) for forms in FORMS]
        self._columns = self._model.columns([token for one in forms for token in one])
        self._ends = np.cumsum([len(one) for one in forms])[:-1]

    def hear(self, samples: np.ndarray) -> Keys:
        """Return what the decoder may look at of a sound (float32, 16 kHz), with quiet before it."""
        sound = np.concatenate([np.zeros(round(QUIET_S * RATE), np.float32), trimmed(samples)])
        return self._model.hear(log_mel(sound, _seconds(sound)))

    def margins(self, samples: np.ndarray, digits: str) -> tuple[float, ...]:
        """Return for each place by how much (nats) the expected string leads before the best one with another digit there."""
        return tuple(float(min(place)) for place in self.leads(samples, digits).mean(axis=0))

    def leads(self, samples: np.ndarray, digits: str, rivals: int = RIVALS) -> np.ndarray:
        """Return (ways of writing, places, rivals): the lead of the expected string before the likeliest other ones.

        Up to a changed digit both strings are one, so what it tells of each place names the rivals worth asking about.
        """
        heard = self.hear(samples)
        rows = [way.row(digits) for way in self._ways]
        led = [self._model.lead(heard, [row]) for row, _ in rows]
        own = [self._believed(one.hidden[0, at]) for one, (_, at) in zip(led, rows, strict=True)]  # each (places, 10)
        asked = likely(np.array(own).mean(axis=0), digits, rivals)
        found = np.zeros((len(self._ways), len(digits), rivals))
        for number, way in enumerate(self._ways):
            expected = _score(own[number], digits)
            for place, others in enumerate(asked):
                told = self._others(way, heard, led[number], rows[number][1], place, others)
                for rank, (other, later) in enumerate(zip(others, told, strict=True)):
                    found[number, place, rank] = expected - _score(np.concatenate([own[number][: place + 1], later]), other)
        return found

    def _others(self, way: Way, heard: Keys, led: Led, at: list[int], place: int, others: Sequence[str]) -> list[np.ndarray]:
        """Return what is believed at the places after a changed one, led along each of the other strings: (places, 10)."""
        found = [np.zeros((0, 10))] * len(others)
        if place == len(at) - 1:
            return found
        begun = at[place] + 1
        rows = [way.row(other) for other in others]
        for length in {len(row) for row, _ in rows}:
            same = [number for number, (row, _) in enumerate(rows) if len(row) == length]
            after = self._model.lead(heard, [rows[number][0][begun:] for number in same], led.until(begun))
            for hidden, number in zip(after.hidden, same, strict=True):
                found[number] = self._believed(hidden[[one - begun for one in rows[number][1][place + 1 :]]])
        return found

    def _believed(self, hidden: np.ndarray) -> np.ndarray:
        """Return (places, 10): the logarithm of the belief in each digit, all ten together being certain."""
        logits = self._model.logits(hidden, self._columns)
        each = np.stack([np.logaddexp.reduce(one, axis=-1) for one in np.split(logits, self._ends, axis=-1)], axis=-1)
        return np.asarray(each - np.logaddexp.reduce(each, axis=-1, keepdims=True))


def trimmed(samples: np.ndarray) -> np.ndarray:
    """Return a sound without what is only noise before and after the voice, where noise is loud: within CLEAR_DB of the voice."""
    size = round(BLOCK_S * RATE)
    power = np.array([np.mean(samples[at : at + size] ** 2) for at in range(0, len(samples) - size, size)])
    if len(power) < SMOOTH:
        return samples
    level = 10 * np.log10(np.maximum(np.convolve(power, np.ones(SMOOTH) / SMOOTH, "same"), 1e-10))
    low, high = np.percentile(level, (15, 97))
    if high - low > CLEAR_DB:
        return samples
    loud = np.flatnonzero(level >= (low + high) / 2)
    margin = round(MARGIN_S * RATE)
    return samples[max(0, int(loud[0]) * size - margin) : (int(loud[-1]) + 1) * size + margin]


def _seconds(samples: np.ndarray) -> float:
    """Return for how long the encoder listens: whole steps, quiet at the end."""
    return min(SECONDS_MOST, _STEP_S * (1 + int((len(samples) / RATE + QUIET_S) / _STEP_S)))


def _score(told: np.ndarray, digits: str) -> float:
    return float(sum(told[place, int(digit)] for place, digit in enumerate(digits)))


def _tokens(text: str, ids: dict[str, int]) -> list[int]:
    """Return the tokens of one character (a blank may stand before it): itself, or its first two bytes and its last."""
    whole = _as_bytes(text)
    return [ids[whole]] if whole in ids else [ids[whole[:2]], ids[whole[2:]]]


def likely(expected: np.ndarray, digits: str, most: int) -> list[list[str]]:
    """Return for each place the `most` strings with another digit there that are believed most; expected: (places, 10)."""
    return [_most_believed(expected[place], place, others)[:most] for place, others in enumerate(changed(digits))]


def _most_believed(believed: np.ndarray, place: int, strings: Sequence[str]) -> list[str]:
    return sorted(strings, key=lambda string: float(believed[int(string[place])]), reverse=True)


def changed(digits: str) -> list[list[str]]:
    """Return for each place the strings with one of the nine other digits there."""
    return [[digits[:at] + other + digits[at + 1 :] for other in "0123456789" if other != digits[at]] for at in range(len(digits))]


def _as_bytes(text: str) -> str:
    """Return a text as the vocabulary spells it: each byte one character (GPT-2's table)."""
    return "".join(_SPELLING[byte] for byte in text.encode())


def _spelling() -> dict[int, str]:
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {byte: chr(byte) for byte in plain} | {byte: chr(256 + number) for number, byte in enumerate(others)}


_SPELLING = _spelling()
