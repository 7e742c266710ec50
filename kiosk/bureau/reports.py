"""What stations tell of themselves: the newest report of each, and how each fared with each version (`rollouts` decides by it)."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from kiosk.bureau import database, tables
from kiosk.bureau.context import BureauContext, utcnow
from kiosk.bureau.ingest import Turned, open_sealed
from kiosk.sync import protocol
from kiosk.updates.rollout import BAD_RESULTS, MANY_FALLS, Tally, add

LATELY = timedelta(days=30)  # what a version did longer ago says nothing of today's


def take(context: BureauContext, body: bytes, *, by_medium: bool = False) -> str:
    """Take a sealed report; return the signed receipt. Raises Turned."""
    report, kiosk_id, context = open_sealed(context, body, protocol.StationReport)
    now = utcnow()
    with context.session.begin() as session:
        kiosk = database.lock_kiosk(session, kiosk_id)
        if kiosk is None:
            raise Turned(401, "unknown-kiosk")
        if not by_medium:
            kiosk.last_contact = now
        row = session.get(tables.KeptReport, kiosk_id)
        if row is None:
            row = tables.KeptReport(kiosk_id=kiosk_id, told_at=report.at, received_at=now, content="")
            session.add(row)
        elif row.told_at > report.at and row.told_at <= now + timedelta(days=1):
            return _receipt(context, kiosk_id, body, now)  # a stick comes late
        row.told_at, row.received_at, row.content = report.at, now, report.model_dump_json()
        if report.software:
            kiosk.software = report.software
            _note(session, kiosk_id, report.software, "", report.falls, now)
        if report.update is not None:
            _note(session, kiosk_id, report.update.version, report.update.state, 0, now)
    return _receipt(context, kiosk_id, body, now)


def _receipt(context: BureauContext, kiosk_id: str, body: bytes, now: datetime) -> str:
    digest = context.suite.digest(body)
    return context.sign(protocol.ReportReceipt(bureau_id=context.bureau_id, kiosk_id=kiosk_id, digest=digest, received_at=now))


def _note(session: Session, kiosk_id: str, version: str, result: str, falls: int, now: datetime) -> None:
    """Remember how a station fares with a version: its last result there, and the most falls of a day."""
    row = session.get(tables.StationVersion, (kiosk_id, version[:64]))
    if row is None:
        row = tables.StationVersion(kiosk_id=kiosk_id, version=version[:64], result="", falls=0, first_at=now, last_at=now)
        session.add(row)
    row.last_at, row.falls = now, max(row.falls, falls)
    row.result = result or row.result
    session.flush()


def tallies(session: Session, now: datetime) -> dict[str, Tally]:
    """Return how each version fares, over the stations that are not revoked and were heard of it lately."""
    query = (
        select(tables.StationVersion, tables.Kiosk.software)
        .join(tables.Kiosk, tables.Kiosk.kiosk_id == tables.StationVersion.kiosk_id)
        .where(tables.Kiosk.revoked_at.is_(None), tables.StationVersion.last_at > now - LATELY)
    )
    found: dict[str, list[Tally]] = {}
    for row, software in session.execute(query):
        failed = row.result in BAD_RESULTS or row.falls > MANY_FALLS
        well = not failed and software == row.version
        found.setdefault(row.version, []).append(Tally(1, int(failed), int(well)))
    return {version: add(many) for version, many in found.items()}


def of(session: Session, kiosk_ids: list[str]) -> dict[str, tuple[datetime, protocol.StationReport]]:
    """Return the newest reports of these kiosks, with when each came."""
    rows = session.scalars(select(tables.KeptReport).where(tables.KeptReport.kiosk_id.in_(kiosk_ids)))
    return {row.kiosk_id: (row.received_at, protocol.StationReport.model_validate_json(row.content)) for row in rows}
