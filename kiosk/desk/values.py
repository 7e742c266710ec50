"""Values the desk's pages show and its forms hand in. Standard library and domain only; made by `desk_controller` and `ui.desk`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from kiosk.domain.desk_rules import Role as Role
from kiosk.domain.eligibility import Eligibility
from kiosk.domain.fairness import Counted
from kiosk.domain.outcome import Glasses
from kiosk.domain.person import Person, RosterEntry
from kiosk.domain.reasons import Reason
from kiosk.domain.record import RecordStatus


class Place(StrEnum):
    """Where one can go at the desk."""

    HOME = "home"
    FIND = "find"
    HOME_VISITS = "home-visits"
    UNIT_LIST = "unit-list"
    TODO = "todo"
    REMINDERS = "reminders"  # reached from the to-do list
    APPROVAL = "approval"
    FAIRNESS = "fairness"
    CLOCK = "clock"
    SYNC = "sync"
    MAINTENANCE = "maintenance"
    CAMERA = "camera"
    STAFF = "staff"
    SHORT_PIN = "short-pin"


SUPERVISOR_PLACES = frozenset({Place.APPROVAL, Place.MAINTENANCE, Place.CAMERA, Place.STAFF})


class Declared(StrEnum):
    """What can be declared (the same words as `store.desk.declarations.Declaration`)."""

    HUKOU_CANCELLED = "hukou-cancelled"
    HUKOU_MOVED = "hukou-moved"
    RESIDENCE = "residence"
    DEATH = "death"


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of the staff."""

    staff_id: str
    name: str
    role: Role
    active: bool = True
    origin: str = "local"
    card: bool = False  # a card of theirs opens the way back


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody at the kiosk asks for help."""

    at: datetime
    reason: Reason
    visit_id: str = ""


@dataclass(frozen=True, slots=True)
class VisitGlance:
    """The visit under the desk, as far as it goes. `person` None: nobody is identified yet."""

    visit_id: str
    page: str
    mode: str
    tries: int = 0
    person: Person | None = field(default=None, repr=False)
    helper: Person | None = field(default=None, repr=False)
    reason: Reason | None = None  # why it was not done by face so far, where the visit tells
    counted: tuple[Counted, ...] = ()  # its takes in the fairness ledger
    may_vouch: bool = False  # one touch of whoever has the person in sight, and the face is tried again


@dataclass(frozen=True, slots=True)
class Found:
    """Somebody of the roster with what the rules say today. `entry` None: the roster has nobody, or the name differs."""

    person: Person = field(repr=False)
    reason: Reason
    entry: RosterEntry | None = field(default=None, repr=False)
    eligibilities: tuple[Eligibility, ...] = ()
    stages: tuple[RecordStatus, ...] = ()
    returned_reason: str = ""
    roster_stale: bool = False
    clock_suspect: bool = False
    visit_id: str = ""  # of the visit that was taken over
    why: Reason | None = None  # why that visit did not end with the face
    missed_on: date | None = None  # the day of the newest attempt, where that one did not pass
    missed_why: str = ""  # … and why
    ageing: bool = False  # matches fall over the years: a fresh template is wanted
    counted: tuple[Counted, ...] = ()  # that visit's takes in the fairness ledger: nobody else's glasses are asked about

    @property
    def glasses(self) -> Glasses:
        """What the machine told last about that visit's glasses."""
        return self.counted[-1].glasses if self.counted else Glasses.UNKNOWN

    @property
    def due(self) -> tuple[Eligibility, ...]:
        """What may be certified today."""
        return tuple(item for item in self.eligibilities if item.may_pass)


@dataclass(frozen=True, slots=True)
class Signature:
    """Proof that somebody signed on the pad: a digest of the strokes, never the drawing."""

    digest: str
    strokes: int
    points: int


@dataclass(frozen=True, slots=True)
class Document:
    """A paper: a scan that stays where it lies (`path`), or a page that was photographed (`page_id`: where it waits, encrypted).

    Name and digest are recorded; it is sent only with its own consent. `flawed`: the program could not read it, but the attendant.
    """

    name: str
    digest: str
    path: str = field(default="", repr=False)
    page_id: str = ""
    flawed: bool = False


@dataclass(frozen=True, slots=True)
class Assisted:
    """The filled form of an assisted authentication."""

    benefit_ids: tuple[str, ...] = ()
    why: str = ""  # reason code for not using the face
    note: str = field(default="", repr=False)
    saw_person: bool = False
    saw_card: bool = False
    papers: tuple[str, ...] = ()
    documents: tuple[Document, ...] = ()
    person_signature: Signature | None = None
    cannot_sign: bool = False  # needs a note
    staff_signature: Signature | None = None
    glasses: Glasses = Glasses.UNKNOWN  # for the fairness ledger; no record holds it
    review: bool = False  # a consent of its own: the scans may go to the centre for human review


@dataclass(frozen=True, slots=True)
class Declaring:
    """The filled form of a declaration."""

    kind: Declared
    day: date | None = None
    place: str = field(default="", repr=False)
    note: str = field(default="", repr=False)
    relation: str = ""


@dataclass(frozen=True, slots=True)
class ListFile:
    """A file on a removable medium that may be a unit's list or a scanned paper. It is chosen by `path`, as the system has it,
    whatever its name's encoding; `name` is how it is shown, and `medium` the folder where that is mounted."""

    path: str
    name: str
    medium: str = ""
