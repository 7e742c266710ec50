"""What a check says: one finding, in English and, by the catalogues, in the station's language. For every check of this room.

The English of a finding is written where it is found (a damaged catalogue must not silence the doctor); its translation stands in
the catalogues as `doctor.said.SLUG`, where the slug is made of the English words. A test holds that none is missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from kiosk import config
from kiosk.errors import KioskError
from kiosk.texts.strings import Strings


class Phrase(str):
    """An English sentence that can be told in another language: its words, and what was filled into them."""

    template: str
    values: dict[str, object]
    parts: tuple[str, ...]  # of several that stand beside each other
    reason: str  # of an error: what attendants read about it

    def __new__(cls, template: str, **values: object) -> Phrase:
        """Return the sentence with its {places} filled."""
        made = super().__new__(cls, template.format(**values) if values else template)
        made.template, made.values, made.parts, made.reason = template, values, (), ""
        return made

    @classmethod
    def joined(cls, parts: Iterable[str]) -> Phrase:
        """Return several beside each other; empty ones are left out."""
        kept = tuple(part for part in parts if part)
        made = cls("; ".join(kept).replace("{", "{{").replace("}", "}}").format())
        made.parts = kept
        return made

    @classmethod
    def of(cls, error: KioskError) -> Phrase:
        """Return what an error says; in another language what attendants read about its reason stands before it."""
        made = cls(str(error).replace("{", "{{").replace("}", "}}").format())
        made.reason = error.reason
        return made

    def told(self, strings: Strings) -> str:
        """Return it in the language of the catalogue; in English where the catalogue has no such sentence."""
        if self.parts:
            return "；".join(told(part, strings) for part in self.parts)
        if self.reason and (known := f"reason.{self.reason}.attendant") in strings and self.reason != KioskError.reason:
            return f"{strings.text(known)}（{self}）"
        key = key_of(self.template)
        if key not in strings:
            return str(self)
        return strings.text(
            key, **{name: value.told(strings) if isinstance(value, Phrase) else value for name, value in self.values.items()}
        )


def key_of(template: str) -> str:
    """Return where the catalogues have the translation of an English sentence."""
    return "doctor.said." + re.sub(r"[^a-z0-9]+", "-", template.lower()).strip("-")


def told(value: object, strings: Strings) -> str:
    """Return a value as it is told in the language of the catalogue."""
    return value.told(strings) if isinstance(value, Phrase) else str(value)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line. `state`: ok; bad: must be put right; idle: nothing wrong, but not in use, or not to be told from here."""

    part: str
    state: Literal["ok", "bad", "idle"]
    what: str
    remedy: str = ""


Check = Callable[[config.Settings], Finding]
