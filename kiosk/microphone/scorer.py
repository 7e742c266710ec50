"""How well a sound fits four digits: Whisper base, asked about the expected string alone (nothing is written down freely).

The encoder runs once over the few seconds that were spoken. Then the decoder is led along the expected digits, and along every
string with one digit changed, all in one go: the expected one must lead. Toneless, and 一, 幺, 1 are one digit: what a digit may be
written as is summed. Lives in a process of its own (`recogniser`), which ends when the reading is over.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kiosk.errors import ModelError
from kiosk.microphone.mel import log_mel

FORMS = ("0零〇", "1一幺", "2二两", "3三", "4四", "5五", "6六", "7七", "8八", "9九")  # how each digit may be written
SEPARATORS = ("、", "")  # the string is scored both ways, and the two are averaged: either alone stumbles over other strings
_START = ("<|startoftranscript|>", "<|zh|>", "<|transcribe|>", "<|notimestamps|>")
RIVALS = 2  # at each place; all nine change no margin that decides (docs/measurements.md), and take four times as long
SECONDS_MOST = 12.0
_STEP_S = 2.0  # the encoder is given the next whole step: shorter than thirty seconds it needs a tenth of the time
FILES = ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt")


class Scorer:
    """Loaded weights. Not safe for threads."""

    def __init__(self, folder: Path, threads: int = 2) -> None:
        """Raises ModelError without the packages or the files."""
        try:
            engine: Any = importlib.import_module("ctranslate2")
        except ImportError as error:
            raise ModelError(f"{error.name} is not installed: pip install --require-hashes -r requirements/digits.txt") from error
        try:
            self._model: Any = engine.models.Whisper(str(folder), device="cpu", compute_type="int8", intra_threads=threads)
            table = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
        except (OSError, RuntimeError, ValueError) as error:
            raise ModelError(f"{folder.name}: {error}") from error
        self._storage = engine.StorageView
        ids: dict[str, int] = table["model"]["vocab"] | {item["content"]: item["id"] for item in table["added_tokens"]}
        self._start = [ids[name] for name in _START]
        self._separators = [[ids[_as_bytes(text)]] if text else [] for text in SEPARATORS]
        self._spelt = [self._tokens(forms[1], ids) for forms in FORMS]
        self._forms = [sorted({self._tokens(form, ids)[0] for form in (*forms, f" {forms[0]}")}) for forms in FORMS]

    @staticmethod
    def _tokens(text: str, ids: dict[str, int]) -> list[int]:
        """Return the tokens of one character: itself, or its first two bytes and its last."""
        whole = _as_bytes(text)
        return [ids[whole]] if whole in ids else [ids[whole[:2]], ids[whole[2:]]]

    def encode(self, samples: np.ndarray) -> Any:
        """Return what the encoder makes of a sound (float32, 16 kHz)."""
        seconds = min(SECONDS_MOST, _STEP_S * (1 + len(samples) // int(_STEP_S * 16_000)))
        mel = np.ascontiguousarray(log_mel(samples, seconds)[None])
        return self._model.encode(self._storage.from_array(mel), to_cpu=True)

    def beliefs(self, encoded: Any, strings: Sequence[str]) -> np.ndarray:
        """Return (strings, ways of writing, places, 10): the logarithm of the belief in each digit, led along each string."""
        rows, places = [], []
        for string in strings:
            for separator in self._separators:
                row, at = list(self._start), []
                for number, digit in enumerate(string):
                    row += separator if number else []
                    at.append(len(row) - len(self._start))
                    row += self._spelt[int(digit)]
                rows.append(row)
                places.append(at)
        most = max(map(len, rows))
        many = self._storage.from_array(np.repeat(np.array(encoded), len(rows), axis=0))
        # As many steps as the longest string has tokens: the engine takes half of `max_length` for what it writes.
        found = self._model.generate(
            many, rows, beam_size=1, max_length=2 * most, return_logits_vocab=True, suppress_tokens=[], suppress_blank=False
        )
        told = [[self._believed(one.logits[0][place]) for place in at] for one, at in zip(found, places, strict=True)]
        return np.array(told).reshape(len(strings), len(self._separators), -1, 10)

    def _believed(self, logits: Any) -> list[float]:
        values = np.asarray(logits, dtype=np.float64)
        return [float(np.logaddexp.reduce(values[forms]) - np.logaddexp.reduce(values)) for forms in self._forms]

    def margins(self, samples: np.ndarray, digits: str) -> tuple[float, ...]:
        """Return for each place by how much (nats) the expected string leads before the best one with another digit there."""
        return tuple(min(place) for place in self.against(samples, digits))

    def against(self, samples: np.ndarray, digits: str) -> list[list[float]]:
        """Return for each place the lead of the expected string before those with another digit there that are likely.

        Up to a changed digit both strings are one, so what it tells of each place names the rivals worth asking about.
        """
        encoded = self.encode(samples)
        expected = self.beliefs(encoded, [digits])
        rivals = [string for place in likely(expected[0], digits) for string in place]
        scores = along([digits, *rivals], np.concatenate([expected, self.beliefs(encoded, rivals)]))
        return [[float(scores[0] - one) for one in place] for place in scores[1:].reshape(len(digits), RIVALS)]


def along(strings: Sequence[str], beliefs: np.ndarray) -> np.ndarray:
    """Return each string's score: the sum over its digits, averaged over the ways of writing."""
    own = [
        [table[:, place, int(digit)] for place, digit in enumerate(string)] for string, table in zip(strings, beliefs, strict=True)
    ]
    return np.asarray(np.array(own).sum(axis=1).mean(axis=1))


def likely(expected: np.ndarray, digits: str) -> list[list[str]]:
    """Return for each place the strings with another digit there that are believed most."""
    kept = []
    for place, others in enumerate(changed(digits)):
        believed = {other: float(expected[:, place, int(other[place])].mean()) for other in others}
        kept.append(sorted(others, key=believed.__getitem__, reverse=True)[:RIVALS])
    return kept


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
