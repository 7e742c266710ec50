"""Counts that are kept and not counted: verdicts, passes, batches, conflicts. A page reads a few rows instead of ten million.

A change is written to the shard of the kiosk that the transaction has locked (`database.lock_kiosk`), so that no two transactions
ever wait for one row; only the sum over all shards means something. Records and passes that the session changes are seen by
themselves (`watch`); what is inserted by statements is told by `add`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table, event, func, inspect, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, sessionmaker

from kiosk.bureau import tables

SHARD = "counts-shard"  # in a session's info
BATCHES, PASSES, CONFLICTS = "batches", "passes", "journal-conflicts"


def verdict_name(verdict: str, decision: str) -> str:
    """Name of the count of records with this verdict and decision."""
    return f"record:{verdict}/{decision or 'pending'}"


def table_of(table: type[tables.Base]) -> Table:
    """Return the table behind a mapped class."""
    target = table.__table__
    if not isinstance(target, Table):
        raise TypeError(table.__name__)
    return target


def add(session: Session, changes: Mapping[str, int]) -> None:
    """Add to counts, in one statement."""
    rows = [
        {"name": name, "shard": session.info.get(SHARD, ""), "value": value} for name, value in sorted(changes.items()) if value
    ]
    if not rows:
        return
    target = table_of(tables.Count)
    if session.get_bind().dialect.name == "postgresql":
        on_postgresql = postgresql.insert(target)
        value = target.c.value + on_postgresql.excluded.value
        session.execute(on_postgresql.on_conflict_do_update(index_elements=["name", "shard"], set_={"value": value}), rows)
        return
    on_sqlite = sqlite.insert(target)
    value = target.c.value + on_sqlite.excluded.value
    session.execute(on_sqlite.on_conflict_do_update(index_elements=["name", "shard"], set_={"value": value}), rows)


def watch(maker: sessionmaker[Session]) -> None:
    """Have every session of `maker` keep the counts for the records and passes it changes."""

    event.listen(maker, "before_flush", _count_changes)


def _count_changes(session: Session, _context: object, _instances: object) -> None:
    changes: Counter[str] = Counter()
    for row in session.dirty:
        if isinstance(row, tables.Record):
            changes.subtract([verdict_name(_before(row, "verdict"), _before(row, "decision"))])
            changes.update([verdict_name(row.verdict, row.decision)])
    for sign, rows in ((1, session.new), (-1, session.deleted)):
        for row in rows:
            if isinstance(row, tables.Record):
                changes[verdict_name(row.verdict, row.decision)] += sign
            elif isinstance(row, tables.Pass):
                changes[PASSES] += sign
    if changes:
        add(session, changes)


def _before(row: tables.Record, name: str) -> str:
    history = inspect(row).attrs[name].history
    return str(history.deleted[0]) if history.deleted else str(getattr(row, name))


def read(session: Session) -> dict[str, Any]:
    """Return the counts as the clerks' page shows them."""
    sums = dict(session.execute(select(tables.Count.name, func.sum(tables.Count.value)).group_by(tables.Count.name)).all())
    known = {str(name): int(value) for name, value in sums.items()}
    return {
        "verdicts": {name.removeprefix("record:"): value for name, value in known.items() if name.startswith("record:") and value},
        "passes": known.get(PASSES, 0),
        "batches": known.get(BATCHES, 0),
        "journal_conflicts": known.get(CONFLICTS, 0),
    }


def recount(session: Session) -> None:
    """Count everything once and begin anew from that: after a migration, or when an operator doubts. Locks nothing for long."""
    session.query(tables.Count).delete()
    session.info[SHARD] = ""
    changes: Counter[str] = Counter()
    rows = session.execute(
        select(tables.Record.verdict, tables.Record.decision, func.count()).group_by(tables.Record.verdict, tables.Record.decision)
    )
    for verdict, decision, number in rows:
        changes[verdict_name(verdict, decision)] += number
    changes[PASSES] = session.scalar(select(func.count()).select_from(tables.Pass)) or 0
    changes[BATCHES] = session.scalar(select(func.count()).select_from(tables.Batch)) or 0
    changes[CONFLICTS] = (
        session.scalar(select(func.count()).select_from(tables.JournalLine).where(tables.JournalLine.conflict != "")) or 0
    )
    add(session, changes)
