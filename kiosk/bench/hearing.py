"""What the kiosk says, what a speech recogniser makes of it, and both compared, syllable by syllable. For `bench.voice`.

How the comparison is fair, and where it is generous, stands in docs/voice.md; nothing of what is wanted is told to the recogniser.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kiosk.errors import ConfigError
from kiosk.voice import joining
from kiosk.voice.prompts import PAUSE_S
from kiosk.voice.render import parts
from kiosk.voice.rendered import Rendered

ALONE = 5  # characters: a shorter prompt is never heard alone, and a recogniser needs some context
GROUP = 3  # short prompts heard one after another, as a page says its choices
PIECES = ("spoken.digit.", "spoken.date.say_month_", "spoken.date.say_day_", "spoken.date.say_year", "spoken.confirm.say_hidden")
MOST_TOKENS = 120  # unclear sound would keep the recogniser busy for a minute
QUIET_S = 0.4  # before and after, as on a page that says nothing yet
# Tells the recogniser which script to write; it holds no word of ours.
_SCRIPT = "以下是普通话的句子。"
_HAN = re.compile("[\u4e00-\u9fff]")
_NUMBER = re.compile(r"\d+")

Syllable = tuple[str, str]  # the character, and its toneless pinyin


@dataclass(frozen=True, slots=True)
class Utterance:
    """What is heard in one go. `runs`: recordings, those of one run joined closely; `rest_s`: after each run but the last."""

    name: str
    text: str
    wanted: tuple[Syllable, ...]
    runs: tuple[tuple[Path, ...], ...]
    rest_s: float = joining.SENTENCE_PAUSE_S

    def sound(self) -> tuple[np.ndarray, int]:
        """Return samples and rate."""
        sounds = [joining.join([run]) for run in self.runs]
        rate = sounds[0][1]
        rest = np.zeros(int(self.rest_s * rate), np.float32)
        return np.concatenate([part for samples, _ in sounds for part in (rest, samples)][1:]), rate


def utterances(rendered: Rendered) -> list[Utterance]:
    """Return every rendered prompt as it is said: alone, or a short one among others, or a piece in a date or a number."""
    made = []
    short = []
    for key in sorted(rendered.prompts):
        if key.startswith(PIECES):
            continue
        if len(_HAN.findall(rendered.prompts[key].text)) < ALONE:
            short.append(key)
        else:
            made.append(_utterance(rendered, [[key]]))
    made += [
        _utterance(rendered, [[key] for key in group], PAUSE_S)
        for group in (short[at : at + GROUP] for at in range(0, len(short), GROUP))
    ]
    for day in range(1, 32):
        year = [f"spoken.digit.say_{char}" for char in str(2026 + day % 3)]
        date = ["spoken.date.say_year", f"spoken.date.say_month_{(day - 1) % 12 + 1}", f"spoken.date.say_day_{day}"]
        made.append(_utterance(rendered, [["spoken.date.say_by", *year, *date]]))
    for four in ("0123", "4567", "8901", "2345", "678x", "9012", "3692", "5814", "7036", "147x"):
        digits = [f"spoken.digit.say_{char}" for char in four]
        made.append(_utterance(rendered, [["spoken.confirm.say_last_four", *digits]]))
    return made


def _utterance(rendered: Rendered, keys: Sequence[Sequence[str]], rest_s: float = joining.SENTENCE_PAUSE_S) -> Utterance:
    """keys: those of one inner list are joined closely."""
    runs: list[tuple[Path, ...]] = []
    wanted: list[Syllable] = []
    for together in keys:
        files = [name for key in together for name in rendered.prompts[key].files]
        paths = [rendered.path(name) for name in files]
        runs += [tuple(paths)] if len(together) > 1 else [(path,) for path in paths]
        for name in files:
            sentence = rendered.sentences[name]
            said = [syllable.rstrip("12345") for syllable in sentence.pinyin.split()]
            wanted += zip(_HAN.findall(sentence.text), said, strict=True)
    flat = [key for together in keys for key in together]
    text = "".join(rendered.prompts[key].text for key in flat)
    return Utterance("+".join(flat), text, tuple(wanted), tuple(runs), rest_s)


def share(wanted: Sequence[Syllable], heard: Sequence[Syllable]) -> int:
    """Return how many of the wanted syllables come back in their order: the same sound without its tone, or the same character."""
    before = [0] * (len(heard) + 1)
    for character, sound in wanted:
        row = [0]
        for at, (other, other_sound) in enumerate(heard):
            alike = character == other or sound == other_sound
            row.append(max(row[at], before[at + 1], before[at] + alike))
        before = row
    return before[-1]


def readings(heard: str, number: Callable[[str], str]) -> list[str]:
    """Return what a recogniser wrote, with its digits as Chinese reads them: as numbers, and one by one."""
    one_by_one = heard.translate(str.maketrans("0123456789", "零一二三四五六七八九"))
    as_numbers = _NUMBER.sub(lambda found: number(found.group()), heard)
    return list(dict.fromkeys([as_numbers, one_by_one]))


def recogniser() -> Callable[[np.ndarray], str]:
    """Return Whisper base: samples at 16 kHz in, what it wrote out. Raises ConfigError without its packages, ModelError without
    weights."""
    whisper = _loaded("faster_whisper")
    model = whisper.WhisperModel(
        str(parts.require(parts.read(), "whisper").parent), device="cpu", compute_type="int8", cpu_threads=1
    )

    def recognise(samples: np.ndarray) -> str:
        found, _ = model.transcribe(
            samples,
            language="zh",
            temperature=0.0,
            condition_on_previous_text=False,
            max_new_tokens=MOST_TOKENS,
            initial_prompt=_SCRIPT,
        )
        return "".join(segment.text for segment in found)

    return recognise


def counter() -> Callable[[Sequence[Syllable], str], int]:
    """Return what counts the wanted syllables in a written text."""
    pinyin, numbers = _loaded("pypinyin"), _loaded("cn2an")

    def number(digits: str) -> str:
        return str(numbers.an2cn(digits)) if len(digits) < 9 else digits

    def count(wanted: Sequence[Syllable], heard: str) -> int:
        return max(
            share(wanted, list(zip(found, pinyin.lazy_pinyin(found), strict=True)))
            for found in ("".join(_HAN.findall(text)) for text in readings(heard, number))
        )

    return count


def _loaded(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ConfigError(f"{error.name} is not installed: pip install --require-hashes -r requirements/voice.txt") from error
