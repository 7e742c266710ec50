"""What the desk asks of the world. Everything but the first group names the session it is done for: `by`, frozen into records."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from kiosk.desk.commands.lists import BeginPhoto, CarryHomeVisits, ChangeVisit, ExportHomeVisits, MarkCalled, PrintReminders
from kiosk.desk.commands.papers import DropPages, KeepPage, LookForMedia, ShootPage, WatchPapers
from kiosk.desk.commands.people import FindByCode, FindPerson
from kiosk.desk.states import Session
from kiosk.desk.values import Assisted, Declaring, Document, Found, ListFile, Place, Role
from kiosk.domain.person import Person
from kiosk.domain.record import Channel

# Used through this module like all others.
__all__ = (
    "BeginPhoto",
    "CarryHomeVisits",
    "ChangeVisit",
    "DropPages",
    "ExportHomeVisits",
    "FindByCode",
    "FindPerson",
    "KeepPage",
    "LookForMedia",
    "MarkCalled",
    "PrintReminders",
    "ShootPage",
    "WatchPapers",
)

# --- before anybody is signed in


@dataclass(frozen=True, slots=True)
class CountStaff:
    """Is there anybody who may sign in? Answered by StaffCounted."""


@dataclass(frozen=True, slots=True)
class CheckPin:
    """Answered by SignedIn or SignInRefused."""

    staff_id: str
    pin: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CheckShortPin:
    """Answered by SignedIn or SignInRefused."""

    staff_id: str
    pin: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CheckCard:
    """Is it the card of somebody who signed in a moment ago? Answered by SignedIn or SignInRefused."""

    card: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AddFirst:
    """Name the first supervisor, only while there is no staff; answered by SignedIn or FirstRefused."""

    staff_id: str
    name: str = field(repr=False)
    pin: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PauseVisit:
    """The visit's idle clock stands still, and cards are the desk's."""


@dataclass(frozen=True, slots=True)
class ResumeVisit:
    """The visit goes on where it was."""


# --- for a session


@dataclass(frozen=True, slots=True)
class NoteSignOut:
    """Journal that somebody left."""

    by: Session
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class Load:
    """Fetch what a board shows; answered by Loaded."""

    by: Session
    place: Place


@dataclass(frozen=True, slots=True)
class TakeVisit:
    """End the self-service part of the visit; its identity came along."""

    by: Session
    visit_id: str


@dataclass(frozen=True, slots=True)
class VouchVisit:
    """Let the visit's person try once more, in sight of whoever signed in."""

    by: Session
    visit_id: str


@dataclass(frozen=True, slots=True)
class RegisterScan:
    """Read a scanned paper for its digest; answered by ScanRegistered."""

    by: Session
    path: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SaveAssisted:
    """Save a pass without the face; answered by Saved or NotSaved."""

    by: Session
    found: Found = field(repr=False)
    channel: Channel
    form: Assisted = field(repr=False)
    agent: Person | None = field(default=None, repr=False)
    agent_odd: bool = False  # a rule objects to the agent's number; it was asked for twice


@dataclass(frozen=True, slots=True)
class SaveDeclaration:
    """Answered by Saved or NotSaved."""

    by: Session
    found: Found = field(repr=False)
    form: Declaring = field(repr=False)
    declarant: Person | None = field(default=None, repr=False)
    declarant_odd: bool = False  # as `SaveAssisted.agent_odd`
    pages: tuple[str, ...] = ()  # ids of photographed pages that go to human review, with a consent of their own


@dataclass(frozen=True, slots=True)
class BeginEnrolment:
    """Start a take for a template; answered by TakeEnded."""

    by: Session
    take_id: int


@dataclass(frozen=True, slots=True)
class EndEnrolment:
    """Drop the take and its probe."""


@dataclass(frozen=True, slots=True)
class KeepTemplate:
    """Keep the probe of the take with its own consent; answered by Saved or NotSaved."""

    by: Session
    found: Found = field(repr=False)
    take_id: int


@dataclass(frozen=True, slots=True)
class EraseTemplate:
    """The consent is withdrawn; answered by Saved (erased) or NotSaved."""

    by: Session
    found: Found = field(repr=False)


@dataclass(frozen=True, slots=True)
class TakeUnitList:
    """Read, answer and save a unit's list; answered by Acted."""

    by: Session
    file: ListFile
    unit: str
    clerk: Person = field(repr=False)
    papers: tuple[str, ...] = ()
    documents: tuple[Document, ...] = ()
    clerk_odd: bool = False  # as `SaveAssisted.agent_odd`


@dataclass(frozen=True, slots=True)
class Export:
    """Write what a board shows as CSV, or for the devices a support bundle; answered by Acted."""

    by: Session
    place: Place
    folder: str
    data: object = field(repr=False)


@dataclass(frozen=True, slots=True)
class MarkHandled:
    """A returned record is dealt with; answered by Acted."""

    by: Session
    record_id: str


@dataclass(frozen=True, slots=True)
class AnswerCall:
    """The call for help is over."""

    by: Session


@dataclass(frozen=True, slots=True)
class ApproveDay:
    """Supervisor; answered by Acted."""

    by: Session
    day: date


@dataclass(frozen=True, slots=True)
class ConfirmClock:
    """Answered by Acted."""

    by: Session


@dataclass(frozen=True, slots=True)
class ConfirmCamera:
    """Supervisor; answered by Acted."""

    by: Session
    why: str


@dataclass(frozen=True, slots=True)
class LookAtCamera:
    """The camera was confirmed: self-service may go on."""


@dataclass(frozen=True, slots=True)
class SyncNow:
    """Deliver now."""

    by: Session


@dataclass(frozen=True, slots=True)
class PauseSync:
    """Answered by Acted."""

    by: Session
    on: bool


@dataclass(frozen=True, slots=True)
class Courier:
    """Export to or import from a stick; answered by Acted."""

    by: Session
    direction: str
    folder: str


@dataclass(frozen=True, slots=True)
class AddStaff:
    """Supervisor; answered by Acted."""

    by: Session
    staff_id: str
    name: str = field(repr=False)
    role: Role
    pin: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ResetPin:
    """Supervisor; answered by Acted."""

    by: Session
    staff_id: str
    pin: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RevokeStaff:
    """Supervisor; answered by Acted."""

    by: Session
    staff_id: str


@dataclass(frozen=True, slots=True)
class BindCard:
    """Supervisor; answered by Acted."""

    by: Session
    staff_id: str
    card: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SetShortPin:
    """The short PIN of whoever asks; answered by Acted."""

    by: Session
    pin: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Maintain:
    """Supervisor: volume, camera preview, doctor, restart, set-up by touch."""

    by: Session
    what: str


@dataclass(frozen=True, slots=True)
class NudgeSync:
    """There is something to deliver."""


# Read or write removable media: outside the store's thread.
OnMedia = RegisterScan | TakeUnitList | Export | Courier | ExportHomeVisits | CarryHomeVisits
# One piece of work in the store's thread each.
InStore = (
    CountStaff
    | CheckPin
    | CheckShortPin
    | CheckCard
    | AddFirst
    | NoteSignOut
    | FindPerson
    | FindByCode
    | SaveAssisted
    | SaveDeclaration
    | KeepTemplate
    | EraseTemplate
    | MarkHandled
    | MarkCalled
    | ChangeVisit
    | ApproveDay
    | ConfirmClock
    | ConfirmCamera
    | PauseSync
    | AddStaff
    | ResetPin
    | RevokeStaff
    | BindCard
    | SetShortPin
    | DropPages
)
# For the visit below, the camera, the sync and the devices, or a question with an answer of its own.
ForOthers = (
    PauseVisit
    | ResumeVisit
    | Load
    | TakeVisit
    | VouchVisit
    | BeginEnrolment
    | BeginPhoto
    | EndEnrolment
    | AnswerCall
    | SyncNow
    | PrintReminders
    | Maintain
    | NudgeSync
    | LookAtCamera
    | WatchPapers
    | ShootPage
    | KeepPage
    | LookForMedia
)
Command = OnMedia | InStore | ForOthers
FREE = (CountStaff, CheckPin, CheckShortPin, CheckCard, AddFirst, PauseVisit, ResumeVisit, EndEnrolment)  # need no session
FOR_SUPERVISORS = (ApproveDay, ConfirmCamera, AddStaff, ResetPin, RevokeStaff, BindCard, Maintain)
