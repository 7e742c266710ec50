"""Texts for people: one catalogue a language, merged from `assets/strings/LANG/*.toml`. No Qt; used by `ui`, `voice`, `app`.

What is read and what is heard are chosen apart: the screen is WRITTEN in 简体, 繁體 or English, the voice SPOKEN in Mandarin,
Cantonese or English. zh_HK holds the spoken lines alone; zh_Hant is made from zh_CN by `kiosk texts traditional`, never edited.
A key in two files, or a value that is no text, is a ConfigError: a catalogue is checked when it is loaded, not when somebody waits.
"""

from __future__ import annotations

import datetime as dt
import logging
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from kiosk.config import ASSETS
from kiosk.errors import ConfigError
from kiosk.plain_text import read_text

DIRECTORY = ASSETS / "strings"
CATALOGUES = ("zh_CN", "en")  # whole and written by hand
WRITTEN = ("zh_CN", "zh_Hant", "en")  # what the screen can show: `requests.ChangeWriting`
SPOKEN = ("zh_CN", "zh_HK", "en")  # what the voice can speak: `requests.ChangeLanguage`

_log = logging.getLogger(__name__)


def is_chinese(language: str) -> bool:
    """Return whether a catalogue, or a spoken language, is Chinese of any kind."""
    return language.startswith("zh")


def writing_for(spoken: str, writing: str, home: str = "zh_CN") -> str:
    """Return what the screen shows when somebody who reads `writing` wishes to hear `spoken`.

    Both Chinese languages keep the script that is there; English brings English, and Chinese after English the `home` script.
    """
    if is_chinese(spoken) == is_chinese(writing):
        return writing
    return (home if is_chinese(home) else "zh_CN") if is_chinese(spoken) else "en"


class Strings:
    """The texts of one language, looked up by dotted key."""

    def __init__(self, language: str, texts: Mapping[str, str], later: Sequence[Path] = ()) -> None:
        """later: files of the catalogue that are read when a key is missed, or by `complete`."""
        self.language = language
        self._texts = dict(texts)
        self._later = tuple(later)

    @classmethod
    def load(cls, language: str, directory: Path = DIRECTORY, *, first: str = "") -> Strings:
        """Return a catalogue: one of WRITTEN, or zh_HK (spoken lines alone). Raises ConfigError naming file and key.

        first: only this file is read now, for a page that must not wait for the others.
        """
        folder = directory / language
        paths = sorted(folder.glob("*.toml"))
        now = [path for path in paths if path.name == first] or paths
        made = cls(language, {}, [path for path in paths if path not in now])
        for path in now:
            made._read(path)
        if not made._texts:
            raise ConfigError(f"no texts in {folder}")
        return made

    def complete(self) -> None:
        """Read what was not read yet. Raises ConfigError naming file and key."""
        later, self._later = self._later, ()
        for path in later:
            self._read(path)

    def _read(self, path: Path) -> None:
        file = path.stat()
        try:
            pairs = _pairs(path, file.st_mtime_ns, file.st_size)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{path.name} ({self.language}): {error}") from error
        for key, value in pairs:
            if not isinstance(value, str):
                raise ConfigError(f"{path.name} ({self.language}): {key} is not a text")
            if key in self._texts:
                raise ConfigError(f"{path.name} ({self.language}): {key} stands in another file already")
            self._texts[key] = value

    def _find(self, key: str) -> str | None:
        if key not in self._texts:
            self.complete()
        return self._texts.get(key)

    def __contains__(self, key: str) -> bool:
        return self._find(key) is not None

    def keys(self) -> Iterator[str]:
        """Return all keys."""
        self.complete()
        return iter(self._texts)

    def text(self, key: str, /, **values: object) -> str:
        """Return the text of `key` with its {places} filled.

        A missing key never stops a person's visit: it is logged, and reads as nothing for a detail, as the reason
        "internal-error" for a reason. The tests hold that no key is missing.
        """
        found = self._find(key)
        if found is None:
            _log.error("text missing", extra={"code": key})
            if key.startswith("reason."):
                found = self._texts.get(f"reason.internal-error.{key.rsplit('.', 1)[-1]}", "")
            else:
                found = ""
        return found.format(**values) if values else found

    def any_of(self, *keys: str) -> str:
        """Return the text of the first key that exists."""
        for key in keys:
            found = self._find(key)
            if found is not None:
                return found
        return self.text(keys[-1])

    def date(self, day: dt.date) -> str:
        """Return a day in words."""
        return self.text("format.date", **self._parts(day))

    def today(self, now: dt.datetime) -> str:
        """Return today's date in one sentence."""
        return self.text("format.today", **self._parts(now))

    def day_and_time(self, now: dt.datetime) -> str:
        """Return day and time for the top of the page."""
        return self.text("format.day_and_time", **self._parts(now), hour=now.hour, minute=now.minute)

    def dated(self, key: str, first: dt.date | None, last: dt.date | None, *, two_lines: bool = False) -> str:
        """Return the text of `key` with the parts of two days filled: year, month, day; year2, month2, day2 (and month names).

        `two_lines`: keep the catalogue's line break; else the sentence is one line.
        """
        values = self._parts(first) if first else {}
        values |= {f"{name}2": value for name, value in self._parts(last).items()} if last else {}
        text = self.text(key, **values)
        return text if two_lines else text.replace("\n", " " if self.language == "en" else "")

    def _parts(self, day: dt.date) -> dict[str, object]:
        return {
            "year": day.year,
            "month": day.month,
            "day": day.day,
            "weekday": self.text(f"weekday.{day.weekday()}"),
            "month_name": self.text(f"month.{day.month}"),
        }


@cache  # whoever changes the language back and forth waits for no parser; a changed file is another key
def _pairs(path: Path, changed_ns: int, size: int) -> tuple[tuple[str, Any], ...]:
    return tuple(_flat(tomllib.loads(read_text(path))))


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
