"""What can happen in a visit: touches, devices, answers, time. Past tense; made by `app.visit_controller` and `ui`.

Answers carry the visit id (and take id) they belong to, so that a late answer of an ended visit is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from kiosk.domain.eligibility import Eligibility
from kiosk.domain.person import Person, RosterEntry
from kiosk.domain.reasons import Action, Reason
from kiosk.domain.record import RecordStatus


@dataclass(frozen=True, slots=True)
class Started:
    """开始认证."""


@dataclass(frozen=True, slots=True)
class QueryStarted:
    """查询我的认证时间."""


@dataclass(frozen=True, slots=True)
class SelfChosen:
    """本人办理."""


@dataclass(frozen=True, slots=True)
class OtherChosen:
    """帮助亲友办理."""


@dataclass(frozen=True, slots=True)
class ManualChosen:
    """没带身份证, type the number."""


@dataclass(frozen=True, slots=True)
class ScanChosen:
    """Hold the card up to the camera instead."""


@dataclass(frozen=True, slots=True)
class CodeChosen:
    """出示二维码: hold a code up to the camera."""


@dataclass(frozen=True, slots=True)
class NumberEntered:
    """A complete number from the number pad."""

    id_number: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NameChosen:
    """One of the offered names was touched."""

    name: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """是我,继续."""


@dataclass(frozen=True, slots=True)
class Denied:
    """不是我,重新放证."""


@dataclass(frozen=True, slots=True)
class BenefitsChosen:
    """The benefits to certify in this visit."""

    benefit_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Agreed:
    """同意."""


@dataclass(frozen=True, slots=True)
class BeginTouched:
    """开始 in front of the camera, or try again."""


@dataclass(frozen=True, slots=True)
class PractiseTouched:
    """先练习一次."""


@dataclass(frozen=True, slots=True)
class SwapTouched:
    """这个动作做不到,换一个."""


@dataclass(frozen=True, slots=True)
class BackTouched:
    """返回. `before_cue`: in front of the camera, before anything was asked for."""

    before_cue: bool = False


@dataclass(frozen=True, slots=True)
class DoneTouched:
    """完成, 知道了 or 先不办了: leave the page that answers, refers or shows the result."""


@dataclass(frozen=True, slots=True)
class StayTouched:
    """好的，我在这里等: stay on a page that is not done; the attendant is called again. Also made by time, while somebody waits."""


@dataclass(frozen=True, slots=True)
class CancelTouched:
    """退出: end the visit."""


@dataclass(frozen=True, slots=True)
class NoFaceTouched:
    """不刷脸办理: starts the attended path."""


@dataclass(frozen=True, slots=True)
class ReviewTouched:
    """送人工复核: asks for a human review."""


@dataclass(frozen=True, slots=True)
class VisitTouched:
    """请工作人员上门办: books a home visit."""


@dataclass(frozen=True, slots=True)
class HelpTouched:
    """请工作人员: calls; the visit stays where it is."""


@dataclass(frozen=True, slots=True)
class ReaderCameUp:
    """The reader answers."""


@dataclass(frozen=True, slots=True)
class ReaderWentDown:
    """The reader is gone; it is being looked for."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class CardLaid:
    """A card lies on the reader; it is being read."""


@dataclass(frozen=True, slots=True)
class CardWasRead:
    """A card was read."""

    person: Person = field(repr=False)


@dataclass(frozen=True, slots=True)
class CardTroubled:
    """The card could not be read this time."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class CardTaken:
    """The card was lifted."""


@dataclass(frozen=True, slots=True)
class CameraCameUp:
    """The camera delivers frames."""


@dataclass(frozen=True, slots=True)
class CameraWentDown:
    """The camera is gone; it is being reopened."""


@dataclass(frozen=True, slots=True)
class DeskOpened:
    """The attendant's desk lies above the visit: a running take waits."""


@dataclass(frozen=True, slots=True)
class DeskClosed:
    """The visit goes on where it was, with the camera as it is now."""


@dataclass(frozen=True, slots=True)
class VisionFailed:
    """The face models broke and are being rebuilt: not a try of the person."""


@dataclass(frozen=True, slots=True)
class VisionRested:
    """The models had a moment to come back: a take that waits begins again, if the camera is there."""


@dataclass(frozen=True, slots=True)
class LookedUp:
    """The roster and the rules answered about `id_number`. `entry` None: not found, or name and number disagree."""

    visit_id: str
    id_number: str = field(repr=False)  # who was asked about: the same visit may have asked about somebody else before
    reason: Reason  # OK, or why it does not go on to the face
    entry: RosterEntry | None = field(default=None, repr=False)
    eligibilities: tuple[Eligibility, ...] = ()
    stages: tuple[RecordStatus, ...] = ()
    returned_reason: str = ""
    roster_stale: bool = False
    answer_by: date | None = None
    elsewhere: bool = False  # nobody of this kiosk's streets: the bureau may know who it is


@dataclass(frozen=True, slots=True)
class NamesOffered:
    """Names to choose from for a typed number; empty when the number is not in the roster."""

    visit_id: str
    id_number: str = field(repr=False)
    options: tuple[str, ...] = field(repr=False)
    problem: Reason | None = None


@dataclass(frozen=True, slots=True)
class CardScanned:
    """Both sides of a card were read from the camera's pictures, and agree."""

    visit_id: str
    person: Person = field(repr=False)


@dataclass(frozen=True, slots=True)
class ScanEnded:
    """The scan ended without a person."""

    visit_id: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class TakeEnded:
    """The liveness take ended. `passed` with `reason` OK, or why not; `action`: the one that was asked for and not seen.

    `early`: that action was begun before its cue.
    """

    visit_id: str
    take_id: int
    passed: bool
    reason: Reason
    action: Action | None = None
    early: bool = False


@dataclass(frozen=True, slots=True)
class FaceMatched:
    """The comparison answered: OK (accepted), FACE_UNCERTAIN, FACE_MISMATCH, or TEMPLATE_OUTDATED."""

    visit_id: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class RecordsSaved:
    """The records are on the disk, with their outbox rows."""

    visit_id: str
    record_ids: tuple[str, ...]
    roster_stale: bool = False
    slip_code: str = field(default="", repr=False)
    face_ageing: bool = False  # the match falls from year to year: a fresh template before it fails


@dataclass(frozen=True, slots=True)
class ReviewSaved:
    """The wish for a human review is on the disk, with its outbox rows."""

    visit_id: str
    record_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HomeVisitBooked:
    """The home visit stands on the list."""

    visit_id: str


@dataclass(frozen=True, slots=True)
class SaveFailed:
    """The store could not save; nothing was recorded."""

    visit_id: str


@dataclass(frozen=True, slots=True)
class RecordStatusMoved:
    """A record of the shown result reached a further stage at the bureau."""

    record_id: str
    stage: RecordStatus


@dataclass(frozen=True, slots=True)
class IdleExpired:
    """Nobody touched anything, and the countdown ran out."""


@dataclass(frozen=True, slots=True)
class WalkedAway:
    """The camera saw nobody for a while."""


@dataclass(frozen=True, slots=True)
class ServicePaused:
    """Something the service cannot do without is missing, or our own bug ended the visit."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class ServiceResumed:
    """What was missing is back."""


@dataclass(frozen=True, slots=True)
class AttendantTookOver:
    """The attendant ends the self-service part at the desk; the visit's identity went with it. `in_sight`: instead of that, this
    staff number has the person in sight and answers for one more take."""

    in_sight: str = ""


Event = (
    Started
    | QueryStarted
    | SelfChosen
    | OtherChosen
    | ManualChosen
    | ScanChosen
    | CodeChosen
    | NumberEntered
    | NameChosen
    | Confirmed
    | Denied
    | BenefitsChosen
    | Agreed
    | BeginTouched
    | PractiseTouched
    | SwapTouched
    | BackTouched
    | DoneTouched
    | StayTouched
    | CancelTouched
    | NoFaceTouched
    | ReviewTouched
    | VisitTouched
    | HelpTouched
    | ReaderCameUp
    | ReaderWentDown
    | CardLaid
    | CardWasRead
    | CardTroubled
    | CardTaken
    | CameraCameUp
    | CameraWentDown
    | DeskOpened
    | DeskClosed
    | VisionFailed
    | VisionRested
    | LookedUp
    | NamesOffered
    | CardScanned
    | ScanEnded
    | TakeEnded
    | FaceMatched
    | RecordsSaved
    | ReviewSaved
    | HomeVisitBooked
    | SaveFailed
    | RecordStatusMoved
    | IdleExpired
    | WalkedAway
    | ServicePaused
    | ServiceResumed
    | AttendantTookOver
)
