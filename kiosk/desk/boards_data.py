"""What the boards show: plain values made by `app.desk_controller` from store, sync and devices, drawn by `ui.desk`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime

from kiosk.desk.values import Call, ListFile, Member, VisitGlance


@dataclass(frozen=True, slots=True)
class Tallies:
    """Counts that are on every page's foot. All of the centre's come from signed receipts."""

    waiting: int = 0
    received: int = 0
    confirmed: int = 0
    returned: int = 0
    refused: int = 0
    oldest_waiting: datetime | None = None
    level: str = "ok"
    last_receipt_at: datetime | None = None
    roster_version: int = 0
    roster_at: datetime | None = None
    roster_stale: bool = False
    clock_suspect: bool = False


@dataclass(frozen=True, slots=True)
class HomeData:
    """The first page."""

    calls: tuple[Call, ...] = ()
    visit: VisitGlance | None = None
    tallies: Tallies = Tallies()
    due_soon: int = 0
    sent_back: int = 0  # returned, refused or with a scan that was turned away, and nobody has dealt with it yet
    home_visits: int = 0
    unapproved_days: int = 0
    drowned: bool = False  # other light is so strong that the screen's own is not told on faces


@dataclass(frozen=True, slots=True)
class HomeVisitRow:
    """A booked home visit."""

    number: str = field(repr=False)
    who: str
    note: str
    booked_by: str
    benefits: tuple[str, ...]
    due: date | None
    person_id: str = field(default="", repr=False)
    lender: str = ""  # the kiosk that exported the person to this one
    out_to: str = ""  # the portable kiosk that has the person along …
    out_since: datetime | None = None  # … since then
    cancelled: str = ""  # why it is not to be made any more
    on_day: date | None = None  # agreed on


@dataclass(frozen=True, slots=True)
class PeerRow:
    """Another kiosk of this station."""

    kiosk_id: str
    label: str


@dataclass(frozen=True, slots=True)
class HomeVisitsData:
    """The booked list, and what may go between this kiosk and a portable one."""

    rows: tuple[HomeVisitRow, ...] = ()
    media: tuple[str, ...] = ()
    peers: tuple[PeerRow, ...] = ()
    own: str = ""  # the end of this kiosk's id, as others see it
    to_return: bool = False  # this kiosk has lists of others
    has_exported: bool = False  # others have, or had, lists of this kiosk
    has_news: bool = False  # … and do not know of everything yet


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """The answer to one row of a unit's list. `problem` "": saved."""

    line: int
    who: str
    problem: str
    record_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnitListData:
    """Files to choose from, and the answers of the last list."""

    files: tuple[ListFile, ...] = ()
    media: tuple[str, ...] = ()  # that can be written
    answers: tuple[AnswerRow, ...] = ()
    saved: int = 0
    unit: str = ""
    source: ListFile | None = None  # where the answered list came from: the answers go back there
    sheet: str = ""


@dataclass(frozen=True, slots=True)
class TodoRow:
    """One thing to do. kind: due | fresh | returned | refused | scan | waiting."""

    kind: str
    who: str
    what: str  # benefit kind, or channel
    when: date | None
    reason: str = ""
    record_id: str = ""
    number: str = field(default="", repr=False)
    author: str = ""


@dataclass(frozen=True, slots=True)
class TodoData:
    """The lists, the most urgent first."""

    rows: tuple[TodoRow, ...] = ()


@dataclass(frozen=True, slots=True)
class ReminderRow:
    """Somebody to call. urgency: suspended | due. `called_by`: a staff number here; "" with a day: elsewhere at the station."""

    person_id: str = field(repr=False)
    area: str
    who: str
    phone: str = field(repr=False)
    urgency: str
    due: date | None
    benefit: str
    called_on: date | None = None
    called_by: str = ""
    number: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class RemindersData:
    """The bureau's list of people to call, as far as it still holds."""

    rows: tuple[ReminderRow, ...] = ()
    made_on: date | None = None
    media: tuple[str, ...] = ()
    printer: bool = False


@dataclass(frozen=True, slots=True)
class ApprovalDay:
    """A day for the supervisor: counts by (channel, outcome, author)."""

    day: date
    records: int
    counts: tuple[tuple[str, str, str, int], ...]
    digest: str
    approved_by: str = ""

    @property
    def authors(self) -> tuple[str, ...]:
        """Who made the records of the day."""
        return tuple(sorted({author for _, _, author, _ in self.counts}))


@dataclass(frozen=True, slots=True)
class ApprovalData:
    """Days that nobody approved, and today."""

    days: tuple[ApprovalDay, ...] = ()


@dataclass(frozen=True, slots=True)
class ShareRow:
    """How often one group failed; `rate` None: too few takes to say."""

    group: str
    takes: int
    failures: int
    rate: float | None


@dataclass(frozen=True, slots=True)
class FairnessData:
    """The fairness ledger by age band, glasses, light and action: (dimension, rows)."""

    first: date
    last: date
    tables: tuple[tuple[str, tuple[ShareRow, ...]], ...]
    csv: str = field(repr=False)
    media: tuple[str, ...] = ()
    shown_from: int = 0  # a group with fewer takes shows no numbers


@dataclass(frozen=True, slots=True)
class ClockData:
    """What is known of the clock."""

    now: datetime
    high_water: datetime | None
    suspect: bool
    confirmed_by: str = ""


@dataclass(frozen=True, slots=True)
class CameraData:
    """The camera on record and the one that is there. `why`: codes, why it is not believed; rows: (what, on record, there now)."""

    believed: bool = True
    why: tuple[str, ...] = ()
    rows: tuple[tuple[str, str, str], ...] = ()
    by: str = ""  # who pinned it: a staff number, or set-up
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SyncData:
    """The delivery, as it stands."""

    tallies: Tallies
    sending: int = 0
    hold: str = ""
    trouble: str = ""
    next_try_in_s: float | None = None
    last_contact: datetime | None = None
    last_receipt: str = ""
    paused: bool = False
    media: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MaintenanceData:
    """Devices and checks. lines: (part, state ok|bad|idle, what)."""

    reader: str = ""  # ready | away
    camera: str = ""  # ready | asleep
    lines: tuple[tuple[str, str, str], ...] = ()
    checking: bool = False
    preview: bool = False
    media: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StaffData:
    """Everybody, revoked ones too."""

    members: tuple[Member, ...] = ()


@dataclass(frozen=True, slots=True)
class ShortPinData:
    """Nothing is told of a short PIN, not even whether there is one."""


def with_media(data: object, media: tuple[str, ...], lists: tuple[ListFile, ...]) -> object:
    """Return what a board shows with the removable media that are there now, and the unit lists on them."""
    match data:
        case UnitListData():
            return replace(data, media=media, files=() if data.answers else lists)
        case HomeVisitsData() | RemindersData() | FairnessData() | SyncData() | MaintenanceData():
            return replace(data, media=media)
    return data
