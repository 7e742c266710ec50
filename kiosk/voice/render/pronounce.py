"""Mandarin text to sounds: each character's pinyin (our own table of words first), then the phonemes that Kokoro was trained on.

For `kiosk voice render` alone; jieba, pypinyin and misaki come from requirements/voice.txt. The pinyin goes into the
manifest, where a test compares it with a table made by hand.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kiosk.config import ASSETS
from kiosk.errors import ConfigError

READINGS = ASSETS / "voice" / "readings.toml"
_HAN = re.compile(r"([\u4e00-\u9fff]+)")
_DIGITS = str.maketrans("0123456789", "零一二三四五六七八九")
# What a stop sounds like to the model; everything else must be Chinese.
_STOPS = {
    "，": ", ",
    "、": ", ",
    "。": ". ",
    "！": "! ",
    "？": "? ",
    "；": "; ",
    "：": ": ",
    "“": "",
    "”": "",
    "《": "",
    "》": "",
}


@dataclass(frozen=True, slots=True)
class Sounds:
    """`pinyin`: one syllable with its tone (1-5) for each character; `phonemes`: the whole sentence for the model."""

    pinyin: tuple[str, ...]
    phonemes: str


def words(table: Path = READINGS) -> dict[str, tuple[str, ...]]:
    """Return our own readings, the longest word first. Raises ConfigError on a word whose syllables do not fit."""
    data: dict[str, str] = tomllib.loads(table.read_text(encoding="utf-8"))["words"]
    found = {word: tuple(sounds.split()) for word, sounds in data.items()}
    for word, sounds in found.items():
        if len(word) != len(sounds):
            raise ConfigError(f"{table.name}: {word} has {len(word)} characters and {len(sounds)} syllables")
    return dict(sorted(found.items(), key=lambda item: -len(item[0])))


class Mandarin:
    """Text to sounds, with the dictionaries loaded once (about a second)."""

    def __init__(self, own: Mapping[str, tuple[str, ...]] | None = None) -> None:
        try:
            import jieba
            from misaki.zh import ZHG2P
            from pypinyin import Style, lazy_pinyin
        except ImportError as error:
            raise ConfigError(f"{error.name} is not installed: pip install --require-hashes -r requirements/voice.txt") from error
        jieba.setLogLevel(60)
        self._cut = jieba.lcut
        self._style = Style.TONE3
        self._pinyin = lazy_pinyin
        self._phoneme = ZHG2P.py2ipa
        self._own = dict(words() if own is None else own)
        self._own_pattern = re.compile("|".join(map(re.escape, self._own)) or r"(?!)")

    def sounds(self, text: str) -> Sounds:
        """Return the sounds of a text; digits are spoken one by one. Raises ConfigError naming a character without a sound."""
        pinyin: list[str] = []
        made: list[str] = []
        for run in _HAN.split(text.translate(_DIGITS)):
            if _HAN.fullmatch(run):
                parts = self._words(run)
                pinyin += [syllable for part in parts for syllable in part]
                made.append(" ".join("".join(map(self._phoneme, part)) for part in parts))
                continue
            for char in run:
                if char not in _STOPS and not char.isspace():
                    raise ConfigError(f"{char!r} has no sound in Mandarin: {text}")
                made.append(_STOPS.get(char, " "))
        phonemes = "".join(made).replace("\u032f", "")  # the vowel mark that the model's table has not
        return Sounds(tuple(pinyin), " ".join(phonemes.split()))

    def _words(self, run: str) -> list[tuple[str, ...]]:
        """Return the pinyin of each word of a run of characters."""
        found: list[tuple[str, ...]] = []
        at = 0
        for match in self._own_pattern.finditer(run):
            found += self._looked_up(run[at : match.start()])
            found.append(self._own[match.group()])
            at = match.end()
        return found + self._looked_up(run[at:])

    def _looked_up(self, run: str) -> list[tuple[str, ...]]:
        return [
            tuple(self._pinyin(word, style=self._style, neutral_tone_with_five=True)) for word in (self._cut(run) if run else [])
        ]
