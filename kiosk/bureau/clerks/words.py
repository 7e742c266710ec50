"""Words for codes and pages, in Chinese and English: `words/LANGUAGE.toml`, and the kiosk's own catalogue for reasons."""

from __future__ import annotations

import logging
import tomllib
from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from kiosk.errors import ConfigError
from kiosk.texts.strings import Strings

FOLDER = Path(__file__).parent / "words"
LANGUAGES = ("zh_CN", "en")
_log = logging.getLogger(__name__)


class Words:
    """The words of one language."""

    def __init__(self, language: str, zone: ZoneInfo) -> None:
        self.language, self.zone = language, zone
        self._texts = texts(language)
        self._kiosks = _kiosks(language)

    def text(self, key: str, /, **values: object) -> str:
        """Return the text of a key, its {places} filled. A missing one reads as its key, and is logged."""
        found = self._texts.get(key)
        if found is None:
            _log.error("word missing: %s", key)
            return key
        return found.format(**values) if values else found

    def of(self, kind: str, code: str) -> str:
        """Return the word for a code of a kind (channel, outcome, state, role, ...); the code itself when there is none."""
        return self._texts.get(f"{kind}.{code}", code)

    def reason(self, code: str) -> str:
        """Return what a reason code means; the code itself when nobody knows."""
        if not code or code == "ok":
            return ""
        own = self._texts.get(f"reason.{code}")
        key = f"reason.{code}.title"
        return own or (self._kiosks.text(key) if key in self._kiosks else code)

    def when(self, at: datetime | None) -> str:
        """Return a moment in local time, with its year when that is another than the usual."""
        return "" if at is None else f"{at.astimezone(self.zone):%Y-%m-%d %H:%M}"

    def month(self, day: date) -> str:
        """Return a month in words."""
        return self.text("format.month", year=day.year, month=day.month)


@cache
def texts(language: str) -> dict[str, str]:
    """Return key -> text of a language. Raises ConfigError."""
    path = FOLDER / f"{language}.toml"
    found: dict[str, str] = {}
    for key, value in _flat(tomllib.loads(path.read_text(encoding="utf-8"))):
        if not isinstance(value, str):
            raise ConfigError(f"{path.name}: {key} is not a text")
        found[key] = value
    return found


@cache
def _kiosks(language: str) -> Strings:
    return Strings.load(language)


def _flat(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
