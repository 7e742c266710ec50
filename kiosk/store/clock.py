"""What is known of the clock: the latest time this database ever saw, and a monotonic counter of this boot.

A clock that jumped back, or that stands before this program was built or before its roster was issued, is suspect: no date rule
guesses on it until an attendant confirms the date, and every record made meanwhile says so. Once the clock has passed the disputed
time again, suspicion ends by itself.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from sqlite_utils import Database

from kiosk.domain.record import ClockEvidence
from kiosk.store.engine import journal, meta
from kiosk.store.engine.database import Store

BUILT = datetime(2026, 11, 1, tzinfo=UTC)  # no clock can rightly be before this
_ROSTER_AHEAD = timedelta(days=1)  # ours: the bureau's clock and this one may differ by hours, and the rules count days
_FORWARD_JUMP_S = 3600.0  # ours: the wall clock ran ahead of the counter by more than this: journaled
_SAVE_EVERY_S = 60.0  # the mark is written at every save, and at least this often while people are looked up


def _create(db: Database) -> None:
    db.execute("""CREATE TABLE clock (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        high_water TEXT NOT NULL,        -- UTC, latest time seen since the last confirmation
        monotonic_s REAL NOT NULL,       -- counter of `boot_id` at that moment
        boot_id TEXT NOT NULL,
        disputed TEXT NOT NULL DEFAULT '',      -- the mark that the clock fell behind; empty: nothing is suspect
        confirmed_by TEXT NOT NULL DEFAULT ''   -- staff id
    ) STRICT""")


MIGRATIONS = (_create,)


@dataclass(frozen=True, slots=True)
class ClockState:
    """What the rules may rely on."""

    now_utc: datetime
    monotonic_s: float
    boot_id: str
    high_water_utc: datetime | None
    suspect: bool
    confirmed_by: str

    @property
    def blocks_rules(self) -> bool:
        """True when no date may be relied on: suspect, and nobody confirmed it."""
        return self.suspect and not self.confirmed_by


@cache
def boot_id() -> str:
    """Return an id of this boot; where the system has none, of this process."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return uuid.uuid4().hex


def observe(store: Store, now: datetime, monotonic_s: float | None = None, boot: str | None = None) -> ClockState:
    """Look at the clock, remember it, and say whether it is suspect. Called for every look-up and save.

    now: aware. monotonic_s, boot: of this boot when None. Writes only when there is something to remember.
    """
    counter, boot = time.monotonic() if monotonic_s is None else monotonic_s, boot or boot_id()
    now = now.astimezone(UTC)
    floor = _floor(store)
    row = store.db.execute("SELECT high_water, monotonic_s, boot_id, disputed, confirmed_by FROM clock").fetchone()
    if row is None:
        early = now < floor
        with store.transaction() as db:
            db.execute(
                "INSERT OR IGNORE INTO clock VALUES (1, ?, ?, ?, ?, '')",
                (now.isoformat(), counter, boot, floor.isoformat() if early else ""),
            )
            if early:
                journal.append(store, "clock-too-early", {"now": now.isoformat(), "expected": floor.isoformat()}, now)
        return ClockState(now, counter, boot, None, early, "")
    mark, disputed = datetime.fromisoformat(row[0]), row[3]
    same_boot = boot == row[2]
    expected = mark + timedelta(seconds=max(0.0, counter - row[1])) if same_boot else mark
    limit = timedelta(seconds=store.settings.rules.clock_jump_back_s)
    confirmed_by = row[4]
    if floor > expected and not (confirmed_by and disputed and datetime.fromisoformat(disputed) >= floor):
        expected = floor  # unless somebody confirmed a date before just that
    if now < expected - limit:
        if disputed and not confirmed_by:
            return ClockState(now, counter, boot, mark, True, "")
        with store.transaction() as db:  # a first jump, or one below a confirmed date
            disputed = max(disputed, expected.isoformat())
            db.execute("UPDATE clock SET disputed = ?, confirmed_by = ''", (disputed,))
            journal.append(
                store, "clock-jumped-back", {"now": now.isoformat(), "expected": expected.isoformat(), "same_boot": same_boot}, now
            )
        return ClockState(now, counter, boot, mark, True, "")
    if disputed and now >= datetime.fromisoformat(disputed) - limit:
        with store.transaction() as db:
            db.execute(
                "UPDATE clock SET disputed = '', confirmed_by = '', high_water = ?, monotonic_s = ?, boot_id = ?",
                (max(now, mark).isoformat(), counter, boot),
            )
            journal.append(store, "clock-caught-up", {"now": now.isoformat()}, now)
        return ClockState(now, counter, boot, max(now, mark), False, "")
    if disputed and not confirmed_by:  # above the mark kept since, yet below the disputed one
        return ClockState(now, counter, boot, mark, True, "")
    forward = same_boot and now > expected + timedelta(seconds=_FORWARD_JUMP_S)
    if forward or not same_boot or (now - mark).total_seconds() >= _SAVE_EVERY_S or store.db.conn.in_transaction:
        with store.transaction() as db:
            db.execute("UPDATE clock SET high_water = ?, monotonic_s = ?, boot_id = ?", (max(now, mark).isoformat(), counter, boot))
            if forward:
                journal.append(store, "clock-jumped-forward", {"now": now.isoformat(), "expected": expected.isoformat()}, now)
    return ClockState(now, counter, boot, max(now, mark), bool(disputed), confirmed_by)


def note_issue(db: Database, issued_at: datetime) -> None:
    """Remember, inside a transaction, that the bureau issued a roster at this time: no day before it can be today."""
    before = meta.get(db, "latest_issue")
    if not before or datetime.fromisoformat(before) < issued_at:
        meta.put(db, "latest_issue", issued_at.astimezone(UTC).isoformat())


def _floor(store: Store) -> datetime:
    issued = meta.get(store.db, "latest_issue")
    return max(BUILT, datetime.fromisoformat(issued) - _ROSTER_AHEAD) if issued else BUILT


def evidence(store: Store, now: datetime, monotonic_s: float | None = None) -> ClockEvidence:
    """Return what a record says of the clock. The bureau judges; the kiosk does not guess."""
    state = observe(store, now, monotonic_s)
    return ClockEvidence(state.now_utc, state.monotonic_s, state.boot_id, state.high_water_utc, state.suspect, state.confirmed_by)


def confirm(store: Store, staff_id: str, now: datetime, monotonic_s: float | None = None) -> ClockState:
    """An attendant looked at the date and confirms it: rules work again, records name who confirmed.

    The mark starts again from the confirmed time, so that a further jump back is noticed too.
    """
    state = observe(store, now, monotonic_s)
    if not state.suspect:
        return state
    with store.transaction() as db:
        db.execute(
            "UPDATE clock SET confirmed_by = ?, high_water = ?, monotonic_s = ?, boot_id = ?",
            (staff_id, state.now_utc.isoformat(), state.monotonic_s, state.boot_id),
        )
        journal.append(store, "clock-confirmed", {"staff": staff_id, "now": state.now_utc.isoformat()}, now)
    return ClockState(state.now_utc, state.monotonic_s, state.boot_id, state.now_utc, True, staff_id)
