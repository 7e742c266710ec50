"""What may stand in a setting, as a form needs it: its choices, or its bounds. Read from the types that the kiosk itself checks."""

from __future__ import annotations

from dataclasses import asdict, dataclass, is_dataclass
from functools import cache
from typing import Any, Literal, get_args, get_origin

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
    bounds: dict[str, Any] = {}
    for one in field.metadata:  # Ge(ge=0.0) and the like
        bounds |= asdict(one) if is_dataclass(one) and not isinstance(one, type) else {}
    low = bounds.get("ge", bounds.get("gt"))
    return SettingKind((), _short(low), _short(bounds.get("le")), field.annotation in (int, float))


def _short(value: Any) -> str:
    return "" if value is None else f"{value:g}"
