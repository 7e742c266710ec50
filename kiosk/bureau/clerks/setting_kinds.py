"""What may stand in a setting, as a form needs it: its choices, or its bounds. Read from the types that the kiosk itself checks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le

from kiosk import config


@dataclass(frozen=True, slots=True)
class SettingKind:
    """choices: all that there are, () where anything may be typed. low, high: of a number, "" where there is no bound."""

    choices: tuple[str, ...] = ()
    low: str = ""
    high: str = ""
    number: bool = False


@cache
def kind_of(key: str) -> SettingKind:
    """Return the kind of a key such as "voice.volume"; the empty one for a key that is none."""
    here: Any = config.Settings
    *sections, name = key.split(".")
    try:
        for section in sections:
            here = here.model_fields[section].annotation
        field = here.model_fields[name]
    except (KeyError, AttributeError):
        return SettingKind()
    if field.annotation is bool:
        return SettingKind(("true", "false"))
    if get_origin(field.annotation) is Literal:
        return SettingKind(tuple(str(one) for one in get_args(field.annotation)))
    bounds = {type(one): one for one in field.metadata}
    low = bounds[Ge].ge if Ge in bounds else bounds[Gt].gt if Gt in bounds else ""
    high = bounds[Le].le if Le in bounds else ""
    return SettingKind((), _short(low), _short(high), field.annotation in (int, float))


def _short(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:g}"
