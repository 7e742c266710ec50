"""What the desk asks of the world about lists of people and about photographs; taken from `kiosk.desk.commands` like all others."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from kiosk.desk.boards_data import ReminderRow
from kiosk.desk.states import Session


@dataclass(frozen=True, slots=True)
class MarkCalled:
    """Somebody was called; answered by Acted."""

    by: Session
    person_id: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PrintReminders:
    """Print a list of people to call; answered by Acted."""

    by: Session
    rows: tuple[ReminderRow, ...] = field(repr=False)
    made_on: date | None


@dataclass(frozen=True, slots=True)
class ChangeVisit:
    """Cancel a booked visit, take it up again, or note the agreed day; answered by Acted."""

    by: Session
    person_id: str = field(repr=False)
    cancelled: str = ""
    on_day: date | None = None


@dataclass(frozen=True, slots=True)
class BeginPhoto:
    """Make a template from a photograph before the camera ("photo") or from the card's own ("chip"); answered by TakeEnded."""

    by: Session
    take_id: int
    origin: str
    id_number: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ExportHomeVisits:
    """Put a home-visit list for a portable kiosk on a stick; answered by Acted."""

    by: Session
    kiosk_id: str
    folder: str
    person_ids: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class CarryHomeVisits:
    """Take a list from a stick ("import"), put the results on it ("return"), bring results in ("merge"); answered by Acted."""

    by: Session
    what: str
    folder: str
