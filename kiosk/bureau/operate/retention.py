"""What is kept for how long, and what goes. Run by the worker once a day, or `kiosk bureau retention`.

Nothing that waits for a clerk goes. Ids of records and passes stay: a late duplicate is recognised, a pass is not given twice.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field
from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from kiosk.bureau import catchment, counts, months, tables
from kiosk.bureau.context import BureauContext
from kiosk.sync import protocol

log = logging.getLogger(__name__)
_ORPHAN_S = 86400.0  # a roster file without a row may be one that is being issued
FILE = "retention.json"


class Keep(protocol.Asked):
    """How long what is kept, after it arrived. 0 months: for ever."""

    record_months: Annotated[int, Field(ge=0, le=1200)] = 36
    journal_months: Annotated[int, Field(ge=0, le=1200)] = 36
    scan_days: Annotated[int, Field(ge=1, le=36500)] = 180  # after its record was decided; undecided ones stay
    roster_days: Annotated[int, Field(ge=7, le=3650)] = 40


@dataclass(slots=True)
class Gone:
    """What went, and what was over and stayed because a clerk has not decided about it."""

    records: int = 0
    journal: int = 0
    scans: int = 0
    rosters: int = 0
    waiting: int = 0


def run(context: BureauContext, keep: Keep, now: datetime) -> Gone:
    """Apply it; each part in a transaction of its own."""
    gone = Gone()
    with context.session.begin() as session:
        gone.scans = _scans(session, now - timedelta(days=keep.scan_days))
    if keep.record_months:
        with context.session.begin() as session:
            gone.records, gone.waiting = _records(session, months.first_of(now, -keep.record_months))
    if keep.journal_months:
        with context.session.begin() as session:
            gone.journal = _journal(session, months.first_of(now, -keep.journal_months))
    gone.rosters = _rosters(context, now - timedelta(days=keep.roster_days))
    log.info("retention %s", asdict(gone))
    return gone


def _scans(session: Session, before: datetime) -> int:
    decided = select(tables.Record.record_id).where(tables.Record.decision != "")
    over = (
        select(tables.Evidence.evidence_id)
        .where(tables.Evidence.received_at < before, tables.Evidence.record_id.in_(decided))
        .limit(10_000)
    )
    ids = list(session.scalars(over))
    session.execute(delete(tables.Evidence).where(tables.Evidence.evidence_id.in_(ids)))
    return len(ids)


def _records(session: Session, before: datetime) -> tuple[int, int]:
    """Drop whole months; of a month in which something waits only what is decided. Returns (gone, waiting)."""
    old = tables.Record.received_at < before
    waiting = session.scalar(select(func.count()).select_from(tables.Record).where(old, tables.Record.decision == "")) or 0
    rows = session.execute(
        select(tables.Record.verdict, tables.Record.decision, func.count())
        .where(old, tables.Record.decision != "")
        .group_by(tables.Record.verdict, tables.Record.decision)
    ).all()
    gone = Counter({counts.verdict_name(verdict, decision): number for verdict, decision, number in rows})
    ids = select(tables.Record.record_id).where(old, tables.Record.decision != "")
    session.execute(delete(tables.Evidence).where(tables.Evidence.record_id.in_(ids)))  # its record was decided long ago
    session.info[counts.SHARD] = "retention"
    counts.add(session, {name: -number for name, number in gone.items()})
    for name in months.over(session.connection(), "records", before):
        left = session.scalar(text(f"SELECT EXISTS (SELECT 1 FROM {name} WHERE decision = '')"))  # noqa: S608  a name of ours
        if not left:
            months.drop(session.connection(), name)
    session.execute(delete(tables.Record).where(old, tables.Record.decision != ""))
    return gone.total(), waiting


def _journal(session: Session, before: datetime) -> int:
    old = tables.JournalLine.received_at < before
    number = session.scalar(select(func.count()).select_from(tables.JournalLine).where(old)) or 0
    conflicts = (
        session.scalar(select(func.count()).select_from(tables.JournalLine).where(old, tables.JournalLine.conflict != "")) or 0
    )
    session.info[counts.SHARD] = "retention"
    counts.add(session, {counts.CONFLICTS: -conflicts})
    for name in months.over(session.connection(), "journal", before):
        months.drop(session.connection(), name)
    session.execute(delete(tables.JournalLine).where(old))
    return number


def _rosters(context: BureauContext, before: datetime) -> int:
    """Old versions go, file and row; the newest version stays whole, with its deltas, however old it is."""
    with context.session.begin() as session:
        newest = session.scalar(select(func.max(tables.RosterFile.version))) or 0
        over = list(
            session.scalars(
                select(tables.RosterFile).where(tables.RosterFile.created_at < before, tables.RosterFile.version < newest)
            )
        )
        gone = {row.digest for row in over}
        for row in over:
            session.delete(row)
        for copy in session.scalars(select(tables.RosterCopy)).all():
            if (copy.version, copy.base_version) in {(row.version, row.base_version) for row in over}:
                gone.add(copy.digest)
                session.delete(copy)
        session.flush()
        known = set(session.scalars(select(tables.RosterFile.digest))) | set(session.scalars(select(tables.RosterCopy.digest)))
        known |= catchment.files_of(session, before)
    for path in context.rosters.glob("*.roster"):
        if path.stem not in known and (path.stem in gone or time.time() - path.stat().st_mtime > _ORPHAN_S):
            path.unlink(missing_ok=True)
    return len(over)


def keep_of(context: BureauContext) -> Keep:
    """Return what `retention.json` in the bureau's folder says, or the defaults. Raises ValueError on a mistake in it."""
    from pathlib import Path

    path = Path(context.settings.data) / FILE
    return Keep.model_validate_json(path.read_text(encoding="utf-8")) if path.is_file() else Keep()
