"""Wishes about the window itself, not about the visit: what the top and bottom bars ask of the conductor."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Replay:
    """再听一遍: speak the page again."""


@dataclass(frozen=True, slots=True)
class ChangeLanguage:
    """The window speaks another language now: zh_CN, zh_HK (spoken) or en. The window has changed its texts already."""

    language: str


@dataclass(frozen=True, slots=True)
class ToggleLargeText:
    """大字 was touched; the window has changed already."""


@dataclass(frozen=True, slots=True)
class ToggleContrast:
    """The contrast theme was touched; the window has changed already."""


@dataclass(frozen=True, slots=True)
class VolumeUp:
    """Louder."""


@dataclass(frozen=True, slots=True)
class VolumeDown:
    """Quieter."""


@dataclass(frozen=True, slots=True)
class PrintSlip:
    """打印提醒单: print what the result page shows."""


@dataclass(frozen=True, slots=True)
class StillHere:
    """还在: the countdown stops."""


@dataclass(frozen=True, slots=True)
class OpenDesk:
    """The attendant wants the desk (the corner was touched, or the desk key pressed)."""


Request = Replay | ChangeLanguage | ToggleLargeText | ToggleContrast | VolumeUp | VolumeDown | PrintSlip | StillHere | OpenDesk
