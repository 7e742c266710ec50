"""Wishes about the window itself, not about the visit: what the top and bottom bars ask of the visit's controller."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Replay:
    """再听一遍: speak the page again."""


@dataclass(frozen=True, slots=True)
class ChangeLanguage:
    """The voice speaks another language now: zh_CN (普通话), zh_HK (粤语) or en. What the screen shows is `ChangeWriting`'s."""

    language: str


@dataclass(frozen=True, slots=True)
class ChangeWriting:
    """The screen is written otherwise now: zh_CN (简体), zh_Hant (繁體) or en. The window has changed its texts already."""

    writing: str


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
class ResetVolume:
    """As loud as the station's setting again: the next person has other ears (EN 301 549, 5.1.3.13)."""


@dataclass(frozen=True, slots=True)
class PrintSlip:
    """打印提醒单: print what the result page shows."""


@dataclass(frozen=True, slots=True)
class StillHere:
    """还在: the countdown stops."""


@dataclass(frozen=True, slots=True)
class Say:
    """Say these catalogue keys now, instead of what is being said: a key of spoken mode was pressed."""

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SpokenMode:
    """Pages are spoken whole from now on, or no more. The window has changed already."""

    on: bool


@dataclass(frozen=True, slots=True)
class Headphones:
    """A key panel tells that headphones were plugged in, or pulled out."""

    plugged: bool


@dataclass(frozen=True, slots=True)
class OpenDesk:
    """The attendant wants the desk (the corner was touched, or the desk key pressed)."""


Request = (
    Replay
    | ChangeLanguage
    | ChangeWriting
    | ToggleLargeText
    | ToggleContrast
    | VolumeUp
    | VolumeDown
    | ResetVolume
    | PrintSlip
    | StillHere
    | OpenDesk
    | Say
    | SpokenMode
    | Headphones
)
