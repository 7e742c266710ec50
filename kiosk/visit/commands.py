"""What a visit asks of the world. Verbs; carried out by `app.visit_controller`, which answers with events."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from kiosk.domain.person import Person
from kiosk.domain.reasons import Reason
from kiosk.domain.record import Outcome
from kiosk.visit.states import Case, Mode


@dataclass(frozen=True, slots=True)
class LookUp:
    """Ask the roster and the rules about a person; answered by LookedUp."""

    visit_id: str
    person: Person = field(repr=False)
    mode: Mode = Mode.SELF


@dataclass(frozen=True, slots=True)
class AskElsewhere:
    """Ask the bureau about somebody who is not of this kiosk's streets; answered by LookedUp."""

    visit_id: str
    person: Person = field(repr=False)
    mode: Mode = Mode.SELF


@dataclass(frozen=True, slots=True)
class OfferNames:
    """Ask for the names to choose from for a typed number; answered by NamesOffered."""

    visit_id: str
    id_number: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class BeginScan:
    """Read a card, or a code, from the camera's pictures; answered by CardScanned or ScanEnded."""

    visit_id: str
    code: bool = False


@dataclass(frozen=True, slots=True)
class CancelScan:
    """Stop reading the card."""


@dataclass(frozen=True, slots=True)
class BeginTake:
    """Start a liveness take; answered by TakeEnded."""

    visit_id: str
    take_id: int
    practice: bool
    attended: bool = False  # somebody of the staff has the person in sight


@dataclass(frozen=True, slots=True)
class SwapAction:
    """The person cannot do the action that is asked for: ask for another."""

    take_id: int


@dataclass(frozen=True, slots=True)
class CancelTake:
    """End the running take without a result."""

    take_id: int


@dataclass(frozen=True, slots=True)
class MatchFace:
    """Compare the take's face with the reference; answered by FaceMatched."""

    case: Case


@dataclass(frozen=True, slots=True)
class SaveAttempt:
    """Save one record a chosen benefit, in one transaction; answered by RecordsSaved or SaveFailed."""

    case: Case
    outcome: Outcome
    reason: Reason


@dataclass(frozen=True, slots=True)
class AskForReview:
    """Save the wish for a human review, with a consent of its own; answered by ReviewSaved or SaveFailed."""

    case: Case
    answer_by: date


@dataclass(frozen=True, slots=True)
class BookHomeVisit:
    """Put the person on the list of home visits; answered by HomeVisitBooked or SaveFailed."""

    visit_id: str
    person_id: str


@dataclass(frozen=True, slots=True)
class NoteRefusal:
    """Journal that the rules answered without the face."""

    visit_id: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class NudgeSync:
    """There is something to deliver."""


@dataclass(frozen=True, slots=True)
class CallAttendant:
    """Ring for the attendant, and show who is waiting for what at the desk."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class EndVisit:
    """Wipe everything about the person: frames, embeddings, spoken text, pages."""

    visit_id: str


Command = (
    LookUp
    | AskElsewhere
    | OfferNames
    | BeginScan
    | CancelScan
    | BeginTake
    | SwapAction
    | CancelTake
    | MatchFace
    | SaveAttempt
    | AskForReview
    | BookHomeVisit
    | NoteRefusal
    | NudgeSync
    | CallAttendant
    | EndVisit
)
