"""Where the desk stands: closed, asking for a PIN, or open with one page for one session. Made by `machine` alone."""

from __future__ import annotations

from dataclasses import dataclass, field

from kiosk.desk.events import BackTouched, CloseTouched, TakeOverTouched, Went
from kiosk.desk.values import Document, Found, ListFile, Member, Place, Role
from kiosk.domain.person import Person
from kiosk.domain.record import Channel, RecordStatus


@dataclass(frozen=True, slots=True)
class Session:
    """Who is signed in. `session_id` is in every question and answer: answers to somebody who left are dropped."""

    session_id: int
    staff_id: str
    name: str
    role: Role
    touched_s: float  # monotonic
    quick: bool = False  # opened by a short PIN or a card: an attendant's rights, whoever it is


@dataclass(frozen=True, slots=True)
class Closed:
    """The desk is not on the screen."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Is there any staff? A moment. `card`: one that was laid meanwhile is looked at as soon as that is known."""

    card: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class SettingUp:
    """No staff at all: the first supervisor is named. `problem`: why it was not accepted."""

    problem: str = ""
    busy: bool = False


@dataclass(frozen=True, slots=True)
class SigningIn:
    """Staff number and PIN. `wait_until_s`: monotonic; no PIN is looked at before. `quick`: who may come back by a short PIN."""

    problem: str = ""
    wait_until_s: float = 0.0
    tries_left: int | None = None
    busy: bool = False
    quick: Member | None = field(default=None, repr=False)
    touched_s: float = field(default=0.0, compare=False)  # monotonic; nobody touches it: the visit below goes on


# --- pages of an open desk

Leaving = Went | BackTouched | CloseTouched | TakeOverTouched  # what leaves a form: asked first where something is filled in


@dataclass(frozen=True, slots=True)
class Photographing:
    """The camera looks at papers: at which, the number of the newest picture, and what is wrong with it."""

    paper: str
    shot: int = 0
    busy: bool = False
    flaws: tuple[str, ...] = ()
    problem: str = ""
    last: str = ""  # page id of the page that was kept last


@dataclass(frozen=True, slots=True)
class Board:
    """A page that shows something the store or a device told. `data` None: it is being fetched."""

    place: Place
    data: object = field(default=None, repr=False)
    problem: str = ""
    notice: str = ""  # what went well, as a code
    detail: str = ""  # shown with problem or notice
    busy: bool = False
    clerk: Person | None = field(default=None, repr=False)  # of a unit list
    asked: str = field(default="", repr=False)  # of a unit list, as of `Assisting`
    binding: str = ""  # of the staff: whose card is to be laid now
    documents: tuple[Document, ...] = ()  # of a unit list: pages that were photographed; all below as of `Assisting`
    review: bool = False
    seen: tuple[str, ...] = ()
    camera: Photographing | None = None
    leaving: Leaving | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Look for somebody by number, or number and name."""

    number: str = field(default="", repr=False)
    problem: str = ""
    busy: bool = False
    channel: Channel | None = None  # what for, when it is known already
    elsewhere: bool = False  # the bureau is asked, about somebody who is not of this kiosk's streets


@dataclass(frozen=True, slots=True)
class Showing:
    """One person: what is due, what became of earlier records, what can be done."""

    found: Found = field(repr=False)
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Assisting:
    """Authenticate without the face: FACE_TO_FACE, FAMILY_PROXY, AGENT or HOME_VISIT."""

    found: Found = field(repr=False)
    channel: Channel
    agent: Person | None = field(default=None, repr=False)
    asked: str = field(default="", repr=False)  # an odd number that is asked about; with an agent: theirs, taken with a flag
    problem: str = ""
    busy: bool = False
    documents: tuple[Document, ...] = ()  # scans that were registered, pages that were photographed
    review: bool = False  # a consent of its own: pictures of the papers may be taken and sent to human review
    seen: tuple[str, ...] = ()  # papers that were laid on the reader or photographed: they need no tick
    camera: Photographing | None = None
    listed: bool = False  # the files on the sticks are shown
    files: tuple[ListFile, ...] = field(default=(), repr=False)
    scanning: str = field(default="", repr=False)  # path of the one that is being read
    scan_bad: bool = False  # the last one could not be read
    mrz: str = field(default="", repr=False)  # of the agent's passport, as the camera read it
    filled: bool = False  # somebody signed or wrote something that lies nowhere else yet
    leaving: Leaving | None = None  # it is asked whether the form is to be left so


@dataclass(frozen=True, slots=True)
class Enrolling:
    """A face template: `consented` first, then a take (`looking`), then it is kept. Withdrawal erases."""

    found: Found = field(repr=False)
    consented: bool = False
    looking: bool = False
    take_id: int = 0
    ready: bool = False  # a probe waits to be kept
    origin: str = "live"  # of the take: live | photo | chip
    chip: bool = False  # the card that was laid gave its photo
    problem: str = ""
    busy: bool = False


@dataclass(frozen=True, slots=True)
class TakingDeclaration:
    """A declaration about somebody is being filled in."""

    found: Found = field(repr=False)
    declarant: Person | None = field(default=None, repr=False)
    asked: str = field(default="", repr=False)  # as of `Assisting`, like all below
    problem: str = ""
    busy: bool = False
    documents: tuple[Document, ...] = ()
    review: bool = False
    seen: tuple[str, ...] = ()
    camera: Photographing | None = None
    filled: bool = False
    leaving: Leaving | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """It is saved here; `stage` says what the centre is known to know."""

    channel: Channel
    record_ids: tuple[str, ...]
    found: Found | None = field(default=None, repr=False)
    stage: RecordStatus = RecordStatus.SAVED
    reason: str = ""
    erased: bool = False


Page = Board | Finding | Showing | Assisting | Enrolling | TakingDeclaration | Done


def is_busy(page: Page) -> bool:
    """Whether a page waits for an answer: nothing is left meanwhile."""
    return not isinstance(page, Showing | Done) and page.busy


@dataclass(frozen=True, slots=True)
class Open:
    """Somebody is signed in."""

    session: Session
    page: Page


State = Closed | Asking | SettingUp | SigningIn | Open
