"""What can happen at the desk: touches and keys, cards, answers, time. Past tense; made by `ui.desk` and `app.desk_controller`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from kiosk.desk.values import Assisted, Declaring, Document, Found, ListFile, Member, Place, Role
from kiosk.domain.person import Person
from kiosk.domain.record import Channel, Stage

# --- touches. They keep the session alive.


@dataclass(frozen=True, slots=True)
class Opened:
    """The button for the staff was touched."""


@dataclass(frozen=True, slots=True)
class CloseTouched:
    """Back to the visit; signs out."""


@dataclass(frozen=True, slots=True)
class SignInTouched:
    """Number and PIN are complete."""

    staff_id: str
    pin: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ShortPinTouched:
    """The short PIN of who signed in a moment ago is complete."""

    pin: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SomebodyElseTouched:
    """It is not who signed in a moment ago: number and PIN."""


@dataclass(frozen=True, slots=True)
class FirstNamed:
    """The first supervisor of a kiosk without staff."""

    staff_id: str
    name: str = field(repr=False)
    pin: str = field(repr=False)
    pin_again: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Alive:
    """A key or a touch that means nothing more."""


@dataclass(frozen=True, slots=True)
class Went:
    """To another place."""

    place: Place


@dataclass(frozen=True, slots=True)
class BackTouched:
    """One step back."""


@dataclass(frozen=True, slots=True)
class TakeOverTouched:
    """Take over the visit under the desk."""


@dataclass(frozen=True, slots=True)
class SearchTouched:
    """Look somebody up by number, or number and name."""

    number: str = field(repr=False)
    name: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class PersonChosen:
    """A row of a list: this person, for this channel."""

    number: str = field(repr=False)
    channel: Channel | None = None


@dataclass(frozen=True, slots=True)
class AssistChosen:
    """Authenticate the shown person through this channel."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class ScanChosen:
    """A scanned paper of a proxy: the file is to be registered by its digest."""

    path: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AssistSubmitted:
    """The form is complete."""

    form: Assisted = field(repr=False)


@dataclass(frozen=True, slots=True)
class AgentTyped:
    """The agent's (declarant's, clerk's) identity from a document the reader cannot read."""

    name: str = field(repr=False)
    number: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class EnrolChosen:
    """Enrol or refresh the face template of the shown person."""


@dataclass(frozen=True, slots=True)
class EnrolConsented:
    """The person agrees, separately, to the template; the attendant is witness."""


@dataclass(frozen=True, slots=True)
class LookTouched:
    """Begin to look into the camera."""


@dataclass(frozen=True, slots=True)
class KeepTouched:
    """Keep the template of the take."""


@dataclass(frozen=True, slots=True)
class EraseTouched:
    """The person withdraws the consent: erase the template."""


@dataclass(frozen=True, slots=True)
class DeclareChosen:
    """Declare something about the shown person."""


@dataclass(frozen=True, slots=True)
class DeclareSubmitted:
    """The declaration is complete."""

    form: Declaring = field(repr=False)


@dataclass(frozen=True, slots=True)
class UnitListChosen:
    """Take in a unit's list; file None: none was chosen."""

    file: ListFile | None
    unit: str
    papers: tuple[str, ...] = ()
    documents: tuple[Document, ...] = ()


@dataclass(frozen=True, slots=True)
class ExportTouched:
    """Write the table that is shown to a stick (answers of a unit list, ledger)."""

    folder: str


@dataclass(frozen=True, slots=True)
class HandledTouched:
    """A returned record was dealt with."""

    record_id: str


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
class LendTouched:
    """Hand a home-visit list to a portable kiosk, by stick."""

    kiosk_id: str
    folder: str
    person_ids: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class HomeCarryTouched:
    """Home-visit lists and the stick: "take", "return" or "bring-in"."""

    what: str
    folder: str


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
    """One of "louder", "quieter", "camera-on", "camera-off", "doctor", "restart"."""

    what: str


# --- devices and time


@dataclass(frozen=True, slots=True)
class CardRead:
    """A card was laid while the desk is open. `card`: what it says of itself, to tell it from others."""

    person: Person = field(repr=False)
    card: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class CardTroubled:
    """It could not be read."""

    reason: str


@dataclass(frozen=True, slots=True)
class TimePassed:
    """A tick."""


# --- answers


@dataclass(frozen=True, slots=True)
class StaffCounted:
    """Whether anybody may sign in, and who may come back by a short PIN."""

    any_active: bool
    quick: Member | None = None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The PIN was right. `quick`: it was the short one, or a card."""

    member: Member
    quick: bool = False


@dataclass(frozen=True, slots=True)
class SignInRefused:
    """The PIN was wrong, or is not looked at yet."""

    wait_s: float = 0.0
    tries_left: int = 0
    problem: str = "pin-wrong"


@dataclass(frozen=True, slots=True)
class FirstRefused:
    """The first supervisor was not accepted."""

    problem: str


@dataclass(frozen=True, slots=True)
class PersonFound:
    """The roster and the rules answered."""

    session_id: int
    found: Found = field(repr=False)
    channel: Channel | None = None


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
class Saved:
    """Records are on the disk with their outbox rows."""

    session_id: int
    record_ids: tuple[str, ...]
    erased: bool = False


@dataclass(frozen=True, slots=True)
class NotSaved:
    """Nothing was saved; why."""

    session_id: int
    problem: str


@dataclass(frozen=True, slots=True)
class ScanRegistered:
    """What the scan at `path` is; None: it cannot be read, or is too large."""

    session_id: int
    path: str = field(repr=False)
    document: Document | None


@dataclass(frozen=True, slots=True)
class MediaSeen:
    """The removable media that are mounted, and the unit lists on them; the search runs beside everything else."""

    session_id: int
    sticks: tuple[str, ...]
    lists: tuple[ListFile, ...] = ()


@dataclass(frozen=True, slots=True)
class TakeEnded:
    """The enrolment's take ended; OK, or the reason code."""

    session_id: int
    take_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class StageMoved:
    """A record went on at the centre."""

    record_id: str
    stage: Stage
    reason: str = ""


Touch = (
    CloseTouched
    | Alive
    | Went
    | BackTouched
    | TakeOverTouched
    | SearchTouched
    | PersonChosen
    | AssistChosen
    | ScanChosen
    | AssistSubmitted
    | AgentTyped
    | EnrolChosen
    | EnrolConsented
    | LookTouched
    | KeepTouched
    | EraseTouched
    | DeclareChosen
    | DeclareSubmitted
    | UnitListChosen
    | ExportTouched
    | HandledTouched
    | CallAnswered
    | ApproveTouched
    | ClockConfirmed
    | CameraConfirmed
    | SyncNowTouched
    | SyncPauseTouched
    | CourierTouched
    | LendTouched
    | HomeCarryTouched
    | StaffAdded
    | PinReset
    | StaffRevoked
    | CardBindTouched
    | ShortPinChosen
    | MaintenanceTouched
    | CardRead
)
Event = (
    Opened
    | SignInTouched
    | ShortPinTouched
    | SomebodyElseTouched
    | FirstNamed
    | Touch
    | CardTroubled
    | TimePassed
    | StaffCounted
    | SignedIn
    | SignInRefused
    | FirstRefused
    | PersonFound
    | Loaded
    | Acted
    | Saved
    | NotSaved
    | ScanRegistered
    | MediaSeen
    | TakeEnded
    | StageMoved
)
