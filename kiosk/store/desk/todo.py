"""What waits at the desk, and the end of a day: returned records, people due soon, counts, the supervisor's approval.

Called by the desk through `store.worker`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlite_utils import Database

from kiosk.domain import desk_rules
from kiosk.domain.calendar_days import add_months
from kiosk.domain.identity import last_four, mask_name
from kiosk.domain.person import RosterEntry
from kiosk.store import face_history, outbox, outbox_table, policies, review_evidence, service
from kiosk.store.desk import staff
from kiosk.store.desk.declarations import NotAllowed
from kiosk.store.engine import journal
from kiosk.store.engine.database import Store, store_errors
from kiosk.store.roster import lookup as roster


def _create(db: Database) -> None:
    db.execute("""CREATE TABLE approvals (
        day TEXT PRIMARY KEY,
        approved_by TEXT NOT NULL,
        approved_at TEXT NOT NULL,
        records INTEGER NOT NULL,
        digest TEXT NOT NULL,             -- of the day's record ids, sorted
        own_work INTEGER NOT NULL         -- 0 since the store asks for two people; older rows may tell
    ) STRICT""")


MIGRATIONS = (_create,)


@dataclass(frozen=True, slots=True)
class Returned:
    """A record the bureau returned or refused, with its reason, until an attendant has handled it; stage "scan": it has the record,
    and turned a scan of it away."""

    record_id: str
    who: str  # masked name and last four digits; empty when the person left the roster
    stage: str
    reason: str
    author: str
    saved_at: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """Somebody whose authentication runs out soon, or has run out."""

    person_id: str
    who: str
    benefit_kind: str
    due: date
    suspended: bool


@dataclass(frozen=True, slots=True)
class Todo:
    """What waits at the desk."""

    returned: tuple[Returned, ...]
    waiting: int
    oldest_waiting: datetime | None
    due_soon: tuple[Due, ...]
    unapproved_days: tuple[date, ...]
    ageing: tuple[tuple[str, str], ...] = ()  # (person id, who): the match falls, a fresh take is wanted


def todo(store: Store, today: date, *, due_within_days: int = 30, limit: int = 200) -> Todo:
    """Return the to-do lists."""
    with store_errors():
        attention = outbox.needing_attention(store.db, limit)
        counts = outbox.counts(store.db)
        oldest = outbox.oldest_unsent(store.db)
        scans = review_evidence.turned_away(store.db, limit)
    returned = [_returned(store, one.record_id, str(one.stage), one.reason, one.created_at) for one in attention]
    for record_id, _why in scans:
        progress = outbox.status_of(store.db, record_id)
        if progress is not None:
            returned.append(_returned(store, record_id, "scan", "scan-turned-away", progress.created_at))
    waiting = outbox_table.waiting(counts)
    return Todo(
        tuple(returned),
        waiting,
        oldest,
        tuple(due_soon(store, today, due_within_days, limit)),
        tuple(unapproved_days(store, today)),
        tuple((one, _who(roster.find_person(store, one))) for one in face_history.ageing(store)[:limit]),
    )


def _returned(store: Store, record_id: str, stage: str, reason: str, saved_at: datetime) -> Returned:
    row = store.db.execute("SELECT person_id, author FROM records WHERE record_id = ?", (record_id,)).fetchone()
    entry = roster.find_person(store, row[0]) if row else None
    return Returned(record_id, _who(entry), stage, reason, row[1] if row else "", saved_at)


def due_soon(store: Store, today: date, within_days: int, limit: int) -> list[Due]:
    """Return people due within some days or overdue by up to two months, the most urgent first; at most `limit`.

    Of a large roster only the people are looked at whose last pass lies about one cycle of some policy back.
    """
    found: dict[tuple[str, str], Due] = {}
    first, last = add_months(today, -2), today + timedelta(days=within_days)
    for months in sorted(policies.cycles(store), reverse=True):
        for entry in roster.passed_between(store, add_months(first, -months - 1), add_months(last, 1 - months), limit=5 * limit):
            for item in service.eligibilities(store, entry, today):
                if item.may_pass and item.due is not None and first <= item.due <= last:
                    found[entry.person_id, item.benefit_id] = Due(
                        entry.person_id, _who(entry), item.benefit_kind, item.due, item.suspended
                    )
    return sorted(found.values(), key=lambda one: (one.due, one.person_id))[:limit]


def _who(entry: RosterEntry | None) -> str:
    return "" if entry is None else f"{mask_name(entry.name)} {last_four(entry.id_number)}"


# --- the end of a day


@dataclass(frozen=True, slots=True)
class Day:
    """What happened on a day, for the supervisor."""

    day: date
    records: int
    counts: tuple[tuple[str, str, str, int], ...]  # (channel, outcome, author, count)
    digest: str
    approved_by: str


def day_summary(store: Store, day: date) -> Day:
    """Return the day's counts and the digest of its records."""
    with store_errors():
        ids = [
            row[0]
            for row in store.db.execute(
                "SELECT record_id FROM records WHERE captured_on = ? ORDER BY record_id", (day.isoformat(),)
            ).fetchall()
        ]
        counts = store.db.execute(
            "SELECT channel, outcome, author, count(*) FROM records WHERE captured_on = ? GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
            (day.isoformat(),),
        ).fetchall()
        row = store.db.execute("SELECT approved_by FROM approvals WHERE day = ?", (day.isoformat(),)).fetchone()
    digest = hashlib.sha256("\n".join(ids).encode()).hexdigest()
    return Day(day, len(ids), tuple(tuple(one) for one in counts), digest, row[0] if row else "")


def approve(store: Store, day: date, supervisor_id: str, today: date, now: datetime) -> Day:
    """Approve a day once. Raises NotAllowed: no supervisor, approved already, a day to come, or own work in it (two people).

    Records that arrive for an approved day later (a portable kiosk) show as a digest that differs.
    """
    member = staff.find(store, supervisor_id)
    if day > today:
        raise NotAllowed("the day is to come")
    summary = day_summary(store, day)
    authors = {author for _, _, author, _ in summary.counts}
    problem = desk_rules.approval_problem(member.role if member is not None else None, supervisor_id, authors)
    if problem:
        raise NotAllowed(problem)
    if summary.approved_by:
        raise NotAllowed("approved already")
    row = {
        "day": day.isoformat(),
        "approved_by": supervisor_id,
        "approved_at": outbox.iso(now),
        "records": summary.records,
        "digest": summary.digest,
        "own_work": 0,
    }
    with store.transaction() as db:
        db.execute("INSERT INTO approvals VALUES (:day, :approved_by, :approved_at, :records, :digest, :own_work)", row)
        journal.append(store, "day-approved", row, now, [("approvals", row)])
    return replace(summary, approved_by=supervisor_id)


def unapproved_days(store: Store, today: date, back_days: int = 31) -> list[date]:
    """Return days with records that nobody approved yet, oldest first: today's too, which waits for its evening."""
    with store_errors():
        rows = store.db.execute(
            "SELECT DISTINCT captured_on FROM records WHERE captured_on <= ? AND captured_on >= ? AND captured_on NOT IN "
            "(SELECT day FROM approvals) ORDER BY 1",
            (today.isoformat(), (today - timedelta(days=back_days)).isoformat()),
        ).fetchall()
    return [date.fromisoformat(row[0]) for row in rows]
