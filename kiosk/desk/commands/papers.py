"""What the desk asks for while papers are photographed or chosen from a stick; listed with all others in the package."""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.desk.states import Session


@dataclass(frozen=True, slots=True)
class WatchPapers:
    """Show what the camera sees with the outline of the sheet in it, or no longer; a page that was held is forgotten then."""

    by: Session
    on: bool


@dataclass(frozen=True, slots=True)
class ShootPage:
    """Take the page before the camera: kept encrypted at once (PageKept), or, where it cannot be read, held (PageSeen)."""

    by: Session
    shot: int
    paper: str


@dataclass(frozen=True, slots=True)
class KeepPage:
    """Keep the held page all the same; answered by PageKept."""

    by: Session
    shot: int
    paper: str


@dataclass(frozen=True, slots=True)
class DropPages:
    """Erase photographed pages that no record took."""

    by: Session
    page_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LookForMedia:
    """Look what is plugged in; answered by MediaSeen."""

    by: Session
