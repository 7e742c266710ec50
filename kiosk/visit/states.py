"""Every state of a visit. Each carries just what it has, so that e.g. a record without a match cannot be built.

Read by `ui` (one page a state), made by `visit.machine` alone. Going back to Idle drops everything about the person.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from kiosk.domain.eligibility import Eligibility
from kiosk.domain.person import Person, RosterEntry
from kiosk.domain.reasons import TAKE_FAILED, Action, Reason
from kiosk.domain.record import RecordStatus
from kiosk.domain.renewal import birthday


class Mode(StrEnum):
    """What the visit is for."""

    SELF = "self"
    OTHER = "other"  # helping a relative or friend: both are identified, only the beneficiary faces the camera
    QUERY = "query"  # next date only, no authentication


class Whose(StrEnum):
    """Whose card is asked for."""

    BENEFICIARY = "beneficiary"
    HELPER = "helper"


@dataclass(frozen=True, slots=True)
class Visit:
    """What all states of one visit share."""

    visit_id: str
    mode: Mode = Mode.SELF
    tries: int = 0  # finished tries in front of the camera
    takes: int = 0  # takes begun, practice included: gives each its id
    interruptions: int = 0  # takes that a camera fault or the desk broke off
    card_present: bool = False
    helper: Person | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Idle:
    """Nobody is here. `notice` is shown for a moment after a visit that ended without a pass: nobody may think it is done."""

    notice: Reason | None = None


@dataclass(frozen=True, slots=True)
class ChoosingWho:
    """For myself, or for a relative or friend? `card`: one was laid already."""

    visit: Visit
    card: Person | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class AwaitingCard:
    """Lay the card on the reader. `trouble`: what was wrong with the last try; `reader_ready` False: reader is away."""

    visit: Visit
    whose: Whose = Whose.BENEFICIARY
    trouble: Reason | None = None
    reader_ready: bool = True
    reading: bool = False
    beneficiary: Person | None = field(default=None, repr=False)  # known already, while the helper's card is awaited
    entry: RosterEntry | None = field(default=None, repr=False)
    eligibilities: tuple[Eligibility, ...] = ()


@dataclass(frozen=True, slots=True)
class EnteringNumber:
    """Type the document number on the screen's number pad. `problem` after a refused entry."""

    visit: Visit
    whose: Whose = Whose.BENEFICIARY
    problem: Reason | None = None
    beneficiary: Person | None = field(default=None, repr=False)
    entry: RosterEntry | None = field(default=None, repr=False)
    eligibilities: tuple[Eligibility, ...] = ()


@dataclass(frozen=True, slots=True)
class ChoosingName:
    """Choose one's own name among `options` (the roster's name for the typed number, and decoys); no pinyin needed."""

    visit: Visit
    whose: Whose
    id_number: str = field(repr=False)
    options: tuple[str, ...] = field(repr=False)
    beneficiary: Person | None = field(default=None, repr=False)
    entry: RosterEntry | None = field(default=None, repr=False)
    eligibilities: tuple[Eligibility, ...] = ()
    scanned: bool = False  # the number comes from the camera, which could not read the name


@dataclass(frozen=True, slots=True)
class ScanningCard:
    """Hold the card up to the camera: front, then back. For a reader that is away, or a card it cannot read."""

    visit: Visit
    whose: Whose = Whose.BENEFICIARY
    camera_ready: bool = True
    beneficiary: Person | None = field(default=None, repr=False)
    entry: RosterEntry | None = field(default=None, repr=False)
    eligibilities: tuple[Eligibility, ...] = ()
    code: bool = False  # a code (our slip, 电子社保卡, 网证) instead of the card


@dataclass(frozen=True, slots=True)
class LookingUp:
    """The roster is asked; a moment. `elsewhere`: the bureau is, about somebody who is not of this kiosk's streets."""

    visit: Visit
    person: Person = field(repr=False)
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Confirming:
    """Is this you? Masked name, last four digits, the benefits that are due."""

    visit: Visit
    person: Person = field(repr=False)
    entry: RosterEntry = field(repr=False)
    eligibilities: tuple[Eligibility, ...]


@dataclass(frozen=True, slots=True)
class ChoosingBenefits:
    """Several benefits are due: all are chosen at first, each can be left out."""

    visit: Visit
    person: Person = field(repr=False)
    entry: RosterEntry = field(repr=False)
    due: tuple[Eligibility, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """The rules answer without the face, with the next step: not yet, already done (good news), not found, no template.

    `reason` OK in a query: may be certified now.
    """

    visit: Visit
    reason: Reason
    eligibilities: tuple[Eligibility, ...] = ()
    person: Person | None = field(default=None, repr=False)
    stages: tuple[RecordStatus, ...] = ()  # of this person's earlier records on this kiosk, newest first
    returned_reason: str = ""  # what the centre said, when it returned the last one
    roster_stale: bool = False
    stayed: int = 0  # how often the attendant was called again while the person waits here
    answer_by: date | None = None  # a human review waits: until when an answer was promised


@dataclass(frozen=True, slots=True)
class Case:
    """Everything known once the person is confirmed; kept through consent, camera and match."""

    visit: Visit
    person: Person = field(repr=False)
    entry: RosterEntry = field(repr=False)
    chosen: tuple[Eligibility, ...]
    consent_id: str = ""
    in_sight: str = ""  # who of the staff has the person in sight and answers for it; for one take


@dataclass(frozen=True, slots=True)
class Consenting:
    """Agree to face processing, separately and voluntarily; "不刷脸" is of equal weight."""

    case: Case


@dataclass(frozen=True, slots=True)
class Instructing:
    """How it works: start, or practise first. `camera_ready` False: the camera is away, wait or call somebody.

    `rested`: the person came back from the camera by themselves. `practised`: whether a practice that ended went well.
    """

    case: Case
    camera_ready: bool = True
    rested: bool = False
    practised: bool | None = None


@dataclass(frozen=True, slots=True)
class Acting:
    """In front of the camera. `practice` records nothing."""

    case: Case
    practice: bool = False
    camera_ready: bool = True
    take_id: int = 0  # late answers of an ended take are dropped


@dataclass(frozen=True, slots=True)
class Checking:
    """The face is compared, then the result saved; a moment."""

    case: Case
    saving: bool = False


@dataclass(frozen=True, slots=True)
class Retrying:
    """It did not work; why, what to do better, and try again."""

    case: Case
    reason: Reason
    tries_left: int
    action: Action | None = None  # the one that was not seen
    early: bool = False  # it was begun before its cue


@dataclass(frozen=True, slots=True)
class Finished:
    """The result is saved. `stage` moves while the person reads."""

    case: Case
    record_ids: tuple[str, ...]
    stage: RecordStatus = RecordStatus.SAVED
    suspended_months: int = 0
    resumes: bool = False  # payment was suspended and is resumed, as the centre confirms (back-pay: the months)
    next_from: date | None = None
    next_to: date | None = None
    roster_stale: bool = False
    slip_code: str = field(default="", repr=False)  # by which a kiosk of this station finds the person again
    face_ageing: bool = False  # the match falls from year to year: a fresh template is asked for before it fails
    stayed: int = 0  # how often the attendant was called again, where the centre sent it back


@dataclass(frozen=True, slots=True)
class Referred:
    """The face did not do it, or was not wanted: an attendant is called, other channels are listed."""

    visit: Visit
    reason: Reason
    case: Case | None = None
    record_ids: tuple[str, ...] = ()
    person: Person | None = field(default=None, repr=False)  # who it is, where that was known before a case was
    stayed: int = 0  # how often the attendant was called again while the person waits here


@dataclass(frozen=True, slots=True)
class ReviewConsenting:
    """送人工复核: what goes along and by when the answer comes; agree, or not. `back`: the page that offered it."""

    case: Case
    back: Referred
    answer_by: date
    saving: bool = False


@dataclass(frozen=True, slots=True)
class ReviewSent:
    """The human review is asked for and saved. `stage` moves while the person reads."""

    case: Case
    record_ids: tuple[str, ...]
    answer_by: date
    stage: RecordStatus = RecordStatus.SAVED


@dataclass(frozen=True, slots=True)
class VisitBooked:
    """A home visit, booked by the person's own touch: the address and the end of the phone number, to be confirmed by ear."""

    case: Case
    saved: bool = False


@dataclass(frozen=True, slots=True)
class TakingCard:
    """Please take your card; stays until it is taken. The person's data are wiped already."""

    visit: Visit
    notice: Reason | None = None  # why the visit ended without a pass, where somebody could believe otherwise
    passed: bool = False  # the visit ended with a saved pass


@dataclass(frozen=True, slots=True)
class OutOfService:
    """暂停服务 and why; ends by itself when what is missing returns."""

    reason: Reason


State = (
    Idle
    | ChoosingWho
    | AwaitingCard
    | EnteringNumber
    | ChoosingName
    | ScanningCard
    | LookingUp
    | Confirming
    | ChoosingBenefits
    | Answered
    | Consenting
    | Instructing
    | Acting
    | Checking
    | Retrying
    | Finished
    | Referred
    | ReviewConsenting
    | ReviewSent
    | VisitBooked
    | TakingCard
    | OutOfService
)


WITH_CASE = (Consenting, Instructing, Acting, Checking, Retrying, Finished, ReviewConsenting, ReviewSent, VisitBooked)

RESULTS = (Finished, ReviewSent, VisitBooked)  # what was saved is told, and there is nothing more to do

# What a human being may see otherwise than the machine did: after these a review and a home visit are offered.
FAILED_FACE = TAKE_FAILED | {
    Reason.FACE_MISMATCH,
    Reason.FACE_UNCERTAIN,
    Reason.LIVENESS_FAILED,
    Reason.LIVENESS_UNCERTAIN,
    Reason.TOO_MANY_TRIES,
    Reason.TEMPLATE_OUTDATED,
}


def failed_face(state: Referred) -> Case | None:
    """Return the case whose face did not do it; None where it is something else that the attendant is called for."""
    return state.case if state.reason in FAILED_FACE else None


def visit_offered(state: Referred, born_by: date | None) -> bool:
    """Return whether a home visit is offered: to whom was born by a day (None: to nobody), not to who has one already."""
    case = failed_face(state)
    born = None if case is None else birthday(case.entry)
    return case is not None and born is not None and born_by is not None and born <= born_by and not case.entry.home_visit


# Answers that are no failure: dates, or that nothing has to be done here. Everything else is open until an attendant comes.
GOOD = frozenset({Reason.OK, Reason.NOT_YET, Reason.ALREADY_DONE, Reason.DATA_MATCHED, Reason.REVIEW_PASSED})
TOLD = GOOD | {Reason.NO_QUALIFICATION, Reason.REVIEW_PENDING}
ELSEWHERE = frozenset({Reason.OUT_OF_SCOPE})  # still to do, in another place: nobody here can help


def returned(state: Answered) -> bool:
    """Return whether the centre returned the last record: good dates or not, it is to be done again."""
    return bool(state.stages) and state.stages[0] in (RecordStatus.RETURNED, RecordStatus.REFUSED) and state.reason in GOOD


def waits_for_staff(state: State) -> bool:
    """Return whether the page of a state keeps a person until an attendant comes."""
    if isinstance(state, Referred):
        return True
    if isinstance(state, Finished):
        return state.stage in (RecordStatus.RETURNED, RecordStatus.REFUSED)
    return isinstance(state, Answered) and (returned(state) or state.reason not in TOLD | ELSEWHERE)


def nothing_left(state: State) -> bool:
    """Return whether there is nothing that could be done without the face: it is done, not due, or not done here."""
    if isinstance(state, Answered):
        return not waits_for_staff(state) and not any(item.may_pass for item in state.eligibilities)
    if isinstance(state, Finished | TakingCard | Referred | ReviewConsenting | ReviewSent | VisitBooked):
        return True
    return isinstance(state, Checking) and state.saving


def stays(state: State) -> bool:
    """Return whether a person said that they wait here for the attendant."""
    return isinstance(state, Referred | Answered | Finished) and state.stayed > 0


def visit_of(state: State) -> Visit | None:
    """Return the visit a state belongs to, or None where there is none."""
    if isinstance(state, Idle | OutOfService):
        return None
    if isinstance(state, WITH_CASE):
        return state.case.visit
    return state.visit
