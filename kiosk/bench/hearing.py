"""What the kiosk says, what a speech recogniser makes of it, and both compared, syllable by syllable. For `bench.voice`.

How the comparison is fair, and where it is generous, stands in docs/voice.md; nothing of what is wanted is told to the recogniser.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from kiosk.errors import ConfigError
from kiosk.texts.said import SPELLED, bare
from kiosk.ui.spoken.pieces import WHOLE_YEARS, after, day_said, digits, record
from kiosk.voice import joining
from kiosk.voice.joining import Run
from kiosk.voice.prompts import PAUSE_S, Prompt
from kiosk.voice.render import parts
from kiosk.voice.rendered import Rendered
from kiosk.voice.shelf import runs

ALONE = 5  # characters: a shorter prompt is never heard alone, and a recogniser needs some context
_FOURS = ("0123", "4567", "8901", "2345", "678x", "9012", "3692", "5814", "7036", "147x")
_MORE = ("4821", "2947", "0036", "8153", "5545", "6606", "1771", "9495", "3058", "8264")
NUMBERS = ("4", "44", "440", "44030", "440301195", "440301194805121238", "44030119600229001x")  # made up
RECORDS = ("3a7f90be", "c4d218e6", "09b25d71")
HOTLINES = ("12333", "075588123456", "26509078")
GROUP = 3  # short prompts heard one after another, as a page says its choices
PIECES = (
    "spoken.digit.",
    "spoken.letter.",
    "spoken.date.say_month_",
    "spoken.date.say_day_",
    "spoken.date.say_year",
    "spoken.confirm.say_hidden",
)
MOST_TOKENS = 120  # unclear sound would keep the recogniser busy for a minute
QUIET_S = 0.4  # before and after, as on a page that says nothing yet
# Tells the recogniser which script to write; it holds no word of ours.
_SCRIPT = "以下是普通话的句子。"
_HAN = re.compile("[\u4e00-\u9fff]")
_NUMBER = re.compile(r"\d+")
_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")
_ONE_BY_ONE = str.maketrans("0123456789", "零一二三四五六七八九")

Syllable = tuple[str, str]  # the character, and its toneless pinyin


@dataclass(frozen=True, slots=True)
class Utterance:
    """What is heard in one go. `kind`: prompts, dates or numbers; `runs`: as the voice plays them."""

    kind: str
    name: str
    text: str
    wanted: tuple[Syllable, ...]
    runs: tuple[Run, ...]

    def sound(self) -> tuple[np.ndarray, int]:
        """Return samples and rate."""
        return joining.join(self.runs)


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
            made.append(_utterance("prompts", rendered, [[key]]))
    groups = [short[at : at + GROUP] for at in range(0, len(short), GROUP)]
    if len(groups) > 1 and len(groups[-1]) < GROUP:
        groups[-2:] = [groups[-2] + groups[-1]]
    made += [_utterance("prompts", rendered, [[key] for key in group]) for group in groups]
    for day in range(1, 32):
        said = day_said(date(WHOLE_YEARS[0] + day % (len(WHOLE_YEARS) + 1), (day - 1) % 12 + 1, min(day, 28)), english=False)
        made.append(_utterance("dates", rendered, [["spoken.date.say_by", *after([*said[:-1], f"+spoken.date.say_day_{day}"])]]))
    made += [_utterance("numbers", rendered, [["spoken.confirm.say_last_four"], digits(four)]) for four in _FOURS + _MORE]
    made += [_utterance("numbers", rendered, [["spoken.number.say_so_far", *after(digits(number), SPELLED)]]) for number in NUMBERS]
    made += [
        _utterance("numbers", rendered, [["spoken.result.say_hotline", *after(digits(number), SPELLED)]]) for number in HOTLINES
    ]
    made += [_utterance("numbers", rendered, [["spoken.result.say_record", *after(record(number), SPELLED)]]) for number in RECORDS]
    return made


def _utterance(kind: str, rendered: Rendered, lines: Sequence[Sequence[str]]) -> Utterance:
    """lines: as a page says them; those of one inner list are one sound."""
    made: list[Run] = []
    wanted: list[Syllable] = []
    for one in lines:
        prompts = [Prompt(bare(line), "zh_CN", "", None, _paths(rendered, bare(line))) for line in one]
        (_, first), *others = runs(one, prompts)
        made += [(PAUSE_S, first), *others]
    flat = [bare(line) for one in lines for line in one]
    for sentence in (rendered.sentences[name] for key in flat for name in rendered.prompts[key].files):
        said = [syllable.rstrip("12345") for syllable in sentence.pinyin.split()]
        wanted += zip(_HAN.findall(sentence.text), said, strict=True)
    return Utterance(kind, "+".join(flat), "".join(rendered.prompts[key].text for key in flat), tuple(wanted), tuple(made))


def _paths(rendered: Rendered, key: str) -> tuple[Path, ...]:
    return tuple(map(rendered.path, rendered.prompts[key].files))


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
    """Return what a recogniser wrote, its digits read as Chinese does: as numbers, one by one, or only the years one by one."""
    one_by_one = heard.translate(_ONE_BY_ONE)
    as_numbers = _NUMBER.sub(lambda found: number(found.group()), heard)
    year = _YEAR.sub(lambda found: found.group().translate(_ONE_BY_ONE), heard)
    as_date = _NUMBER.sub(lambda found: number(found.group()), year)
    return list(dict.fromkeys([as_numbers, one_by_one, as_date]))


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
