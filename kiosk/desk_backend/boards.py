"""What the desk's boards show, read from store and sync in the store's thread. No Qt; called by `desk_controller`.

Which removable media are there is no matter of the store: `media` looks for them elsewhere, and the board takes them up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from kiosk.desk import boards_data as b
from kiosk.desk.values import Call, Member, Place, Role, VisitGlance
from kiosk.desk_backend import camera, home_visits, reminders
from kiosk.desk_backend.moment import Moment
from kiosk.store import clock, ledger, outbox, outbox_table
from kiosk.store.desk import quick, staff, todo
from kiosk.store.engine.database import Store
from kiosk.store.home_visits import visits as home
from kiosk.store.roster import lookup as roster
from kiosk.sync.status import PAUSED_BY, SyncStatus

LEDGER_DAYS = 365
DIMENSIONS = ("age_band", "glasses", "light", "action")


@dataclass(frozen=True, slots=True)
class Seen:
    """What the visit's controller knows and the store does not."""

    calls: tuple[Call, ...] = ()
    visit: VisitGlance | None = None
    sync: SyncStatus | None = None
    paused: bool = False
    devices: b.MaintenanceData = b.MaintenanceData()
    drowned: bool = False

    @property
    def level(self) -> str:
        """How long the oldest record has waited, as the sync judges."""
        return self.sync.level.value if self.sync else "ok"


def load(store: Store, at: Moment, place: Place, seen: Seen) -> object:
    """Return what a place's first page shows."""
    match place:
        case Place.HOME:
            return home_data(store, at, seen)
        case Place.HOME_VISITS:
            return home_visits.board(store, at)
        case Place.UNIT_LIST:
            return b.UnitListData()
        case Place.TODO:
            return todo_data(store, at)
        case Place.REMINDERS:
            return reminders.board(store, at)
        case Place.APPROVAL:
            return approval(store, at)
        case Place.FAIRNESS:
            return fairness(store, at)
        case Place.CLOCK:
            return clock_data(store, at)
        case Place.CAMERA:
            return camera.board(store)
        case Place.STAFF:
            return staff_data(store)
        case Place.SYNC:
            return sync_data(store, at, seen)
        case Place.SHORT_PIN:
            return b.ShortPinData()
    return seen.devices


def member_of(one: staff.Member) -> Member:
    """Return a member as the desk knows one."""
    return Member(one.staff_id, one.name, Role(one.role.value), one.active, one.origin)


def tallies(store: Store, at: Moment, level: str = "ok") -> b.Tallies:
    """What the foot of every page says."""
    counts = outbox.counts(store.db)
    receipt, info = outbox.last_receipt(store.db), roster.in_use(store)
    return b.Tallies(
        waiting=outbox_table.waiting(counts),
        received=counts["received"],
        confirmed=counts["confirmed"],
        returned=counts["returned"],
        refused=counts["refused"],
        oldest_waiting=outbox.oldest_unsent(store.db),
        level=level,
        last_receipt_at=receipt[1] if receipt else None,
        roster_version=info.version,
        roster_at=info.issued_at,
        roster_stale=roster.is_stale(store, at.now),
        clock_suspect=clock.observe(store, at.now, at.monotonic_s).blocks_rules,
    )


def home_data(store: Store, at: Moment, seen: Seen) -> b.HomeData:
    """The first page."""
    waits = todo.todo(store, at.today)
    return b.HomeData(
        seen.calls,
        seen.visit,
        tallies(store, at, seen.level),
        len(waits.due_soon),
        len(waits.returned),
        sum(not one.cancelled for one in home.booked(store, at.today)),
        len(waits.unapproved_days),
        seen.drowned,
    )


def todo_data(store: Store, at: Moment) -> b.TodoData:
    """Returned and refused first, then due soon, then what waits for the centre."""
    waits = todo.todo(store, at.today)
    rows = [
        b.TodoRow(one.stage, one.who, "", one.saved_at.date(), one.reason, one.record_id, _number(store, one.record_id), one.author)
        for one in waits.returned
    ]
    for due in waits.due_soon:
        entry = roster.find_person(store, due.person_id)
        rows.append(
            b.TodoRow(
                "due",
                due.who,
                due.benefit_kind,
                due.due,
                "suspended" if due.suspended else "",
                number=entry.id_number if entry else "",
            )
        )
    for person_id, who in waits.ageing:
        entry = roster.find_person(store, person_id)
        rows.append(b.TodoRow("fresh", who, "", None, number=entry.id_number if entry else ""))
    if waits.waiting:
        rows.append(b.TodoRow("waiting", str(waits.waiting), "", waits.oldest_waiting.date() if waits.oldest_waiting else None))
    return b.TodoData(tuple(rows))


def _number(store: Store, record_id: str) -> str:
    row = store.db.execute("SELECT person_id FROM records WHERE record_id = ?", (record_id,)).fetchone()
    entry = roster.find_person(store, row[0]) if row else None
    return entry.id_number if entry else ""


def approval(store: Store, at: Moment) -> b.ApprovalData:
    """Past days that nobody approved, and today."""
    days = sorted({*todo.unapproved_days(store, at.today), at.today})
    found = [todo.day_summary(store, day) for day in days]
    return b.ApprovalData(tuple(b.ApprovalDay(one.day, one.records, one.counts, one.digest, one.approved_by) for one in found))


def fairness(store: Store, at: Moment) -> b.FairnessData:
    """A year of the ledger, by each dimension."""
    first = at.today - timedelta(days=LEDGER_DAYS)
    found = ledger.rows(store, first, at.today)
    tables = tuple(
        (by, tuple(b.ShareRow(one.group, one.takes, one.failures, one.rate) for one in ledger.shares(found, by)))
        for by in DIMENSIONS
    )
    return b.FairnessData(first, at.today, tables, ledger.to_csv(found, first, at.today), shown_from=ledger.MIN_SHOWN)


def clock_data(store: Store, at: Moment) -> b.ClockData:
    """What is known of the clock."""
    state = clock.observe(store, at.now, at.monotonic_s)
    return b.ClockData(at.now, state.high_water_utc, state.suspect, state.confirmed_by)


def staff_data(store: Store) -> b.StaffData:
    """Everybody."""
    cards = quick.with_card(store)
    return b.StaffData(tuple(replace(member_of(one), card=one.staff_id in cards) for one in staff.members(store)))


def sync_data(store: Store, at: Moment, seen: Seen) -> b.SyncData:
    """The delivery, as it stands."""
    known, sync = tallies(store, at, seen.level), seen.sync
    paused = seen.paused or bool(outbox.get(store.db, PAUSED_BY))
    if sync is None:
        return b.SyncData(known, paused=paused)
    return b.SyncData(
        known,
        sync.counts.get("leased", 0),
        sync.hold.value,
        sync.trouble.value if sync.trouble else "",
        sync.next_try_in_s,
        sync.last_contact,
        sync.last_receipt,
        paused,
    )
