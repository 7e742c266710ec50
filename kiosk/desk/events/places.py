"""What is done at a place of the desk: lists, approvals, sync, home visits, staff, maintenance; and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from kiosk.desk.values import ListFile, Place, Role


@dataclass(frozen=True, slots=True)
class UnitListChosen:
    """Take in a unit's list; file None: none was chosen."""

    file: ListFile | None
    unit: str
    papers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExportTouched:
    """Write what is shown to a stick: answers of a unit list, the ledger, or of the devices a support bundle."""

    folder: str


@dataclass(frozen=True, slots=True)
class HandledTouched:
    """A returned record was dealt with."""

    record_id: str


@dataclass(frozen=True, slots=True)
class CalledTouched:
    """Somebody on the list of reminders was called."""

    person_id: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PrintTouched:
    """Print the people to call of one street; "": of none, None: of all."""

    area: str | None = None


@dataclass(frozen=True, slots=True)
class CallAnswered:
    """The call for help was answered."""


@dataclass(frozen=True, slots=True)
class ApproveTouched:
    """The supervisor approves a day."""

    day: date


@dataclass(frozen=True, slots=True)
class ClockConfirmed:
    """The shown date is right."""


@dataclass(frozen=True, slots=True)
class CameraConfirmed:
    """A supervisor looked at the camera that is there and answers for it. `why`: a code, "" where none was chosen."""

    why: str


@dataclass(frozen=True, slots=True)
class SyncNowTouched:
    """Try to deliver now."""


@dataclass(frozen=True, slots=True)
class SyncPauseTouched:
    """Send nothing until further notice, or again."""

    on: bool


@dataclass(frozen=True, slots=True)
class CourierTouched:
    """Carry on a stick: "export" or "import"."""

    direction: str
    folder: str


@dataclass(frozen=True, slots=True)
class ExportListTouched:
    """Hand a home-visit list to a portable kiosk, by stick."""

    kiosk_id: str
    folder: str
    person_ids: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class HomeCarryTouched:
    """Home-visit lists and the stick: "import", "return" or "merge"."""

    what: str
    folder: str


@dataclass(frozen=True, slots=True)
class VisitChangeTouched:
    """A booked visit is cancelled, taken up again, or agreed for a day (as typed; "": none)."""

    person_id: str = field(repr=False)
    cancelled: str = ""
    day: str = ""


@dataclass(frozen=True, slots=True)
class StaffAdded:
    """A new member."""

    staff_id: str
    name: str = field(repr=False)
    role: Role
    pin: str = field(repr=False)
    pin_again: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PinReset:
    """A new PIN for a member."""

    staff_id: str
    pin: str = field(repr=False)
    pin_again: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class StaffRevoked:
    """A member's access ends."""

    staff_id: str


@dataclass(frozen=True, slots=True)
class CardBindTouched:
    """The next card that is laid is to be a member's."""

    staff_id: str


@dataclass(frozen=True, slots=True)
class ShortPinChosen:
    """Whoever is signed in wants this short PIN."""

    pin: str = field(repr=False)
    pin_again: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class MaintenanceTouched:
    """One of "louder", "quieter", "camera-on", "camera-off", "doctor", "restart", "install"."""

    what: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a page shows."""

    session_id: int
    place: Place
    data: object = field(repr=False)


@dataclass(frozen=True, slots=True)
class Acted:
    """Something of a board was done: `notice` says what, `problem` why not; the board is read anew."""

    session_id: int
    place: Place
    notice: str = ""
    problem: str = ""
    detail: str = ""
    data: object = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class MediaSeen:
    """The removable media that are mounted, unit lists and scanned papers on them; the search runs beside everything else."""

    session_id: int
    media: tuple[str, ...]
    lists: tuple[ListFile, ...] = ()
    papers: tuple[ListFile, ...] = ()
