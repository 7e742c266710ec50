"""What is done for one person: found, authenticated without the face, enrolled, declared."""

from __future__ import annotations

from dataclasses import dataclass, field

from kiosk.desk.values import Assisted, Declaring, Document, Found, ListFile
from kiosk.domain.identity import DocumentKind
from kiosk.domain.person import Person
from kiosk.domain.record import Channel, RecordStatus


@dataclass(frozen=True, slots=True)
class InSightTouched:
    """人就在眼前: the person before the camera is in sight; one more take, and the visit goes on."""


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
    """A scanned paper of a proxy, from the list of files on the sticks: it is to be registered by its digest."""

    file: ListFile = field(repr=False)


@dataclass(frozen=True, slots=True)
class AssistSubmitted:
    """The form is complete."""

    form: Assisted = field(repr=False)


@dataclass(frozen=True, slots=True)
class AgentTyped:
    """The agent's (declarant's, clerk's) identity from a document the reader cannot read, or as a scanner types its MRZ."""

    name: str = field(repr=False)
    number: str = field(repr=False)
    kind: DocumentKind = DocumentKind.RESIDENT
    valid_to: str = field(default="", repr=False)  # as typed, 2030-01-31; "": not given


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
class PhotoTouched:
    """Make a template from an old photograph ("photo") or from the card's own ("chip")."""

    origin: str


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
class CardRead:
    """A card was laid while the desk is open. `card`: what it says of itself, to tell it from others."""

    person: Person = field(repr=False)
    card: str = field(default="", repr=False)
    photo: bool = False  # its chip gave a picture


@dataclass(frozen=True, slots=True)
class CardTroubled:
    """It could not be read."""

    reason: str


@dataclass(frozen=True, slots=True)
class PersonFound:
    """The roster and the rules answered, or the bureau did.

    elsewhere: nobody of this kiosk's streets, the bureau may know who it is. asked: for which number: an answer that took its time
    is not taken for the next one's.
    """

    session_id: int
    found: Found = field(repr=False)
    channel: Channel | None = None
    elsewhere: bool = False
    asked: str = field(default="", repr=False)


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
class TakeEnded:
    """The enrolment's take ended; OK, or the reason code."""

    session_id: int
    take_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class RecordStatusMoved:
    """A record went on at the centre."""

    record_id: str
    stage: RecordStatus
    reason: str = ""
