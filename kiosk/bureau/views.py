"""What /admin tells programs, read from the database: counts, records, evidence as plain data.

For `bureau.admin`; the clerks' pages read by `bureau.clerks.work_list` and `bureau.clerks.stations`.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from kiosk.bureau import counts, standing, tables
from kiosk.bureau.context import BureauContext


def records(context: BureauContext, limit: int, decision: str) -> list[dict[str, Any]]:
    """Return the newest records; decision: "" for all, pending, confirmed or returned."""
    query = select(tables.Record).order_by(tables.Record.received_at.desc()).limit(limit)
    if decision:
        query = query.where(tables.Record.decision == ("" if decision == "pending" else decision))
    with context.reading.begin() as session:
        return [shown(row) for row in session.scalars(query)]


def evidence(context: BureauContext, limit: int) -> list[dict[str, Any]]:
    """Return what came for human review, newest first, without the content."""
    names = ("evidence_id", "record_id", "kiosk_id", "consent_id", "media_type", "received_at")
    query = select(*(getattr(tables.Evidence, name) for name in names)).order_by(tables.Evidence.received_at.desc()).limit(limit)
    with context.reading.begin() as session:
        return [dict(zip(names, row, strict=True)) for row in session.execute(query)]


def shown(row: tables.Record) -> dict[str, Any]:
    """A record without what could name the person."""
    return {
        key: getattr(row, key)
        for key in (
            "record_id",
            "kiosk_id",
            "batch_id",
            "person_id",
            "pass_key",
            "channel",
            "outcome",
            "reason",
            "captured_at",
            "corrected_at",
            "clock_suspect",
            "received_at",
            "verdict",
            "decision",
            "decision_reason",
            "content_digest",
        )
    }


def summary(context: BureauContext) -> dict[str, Any]:
    """Return counts, stations and findings."""
    with context.reading.begin() as session:
        stations = [
            {
                key: getattr(row, key)
                for key in (
                    "kiosk_id",
                    "station_id",
                    "name",
                    "last_contact",
                    "backlog",
                    "last_seq",
                    "roster_version",
                    "clock_offset_s",
                    "software",
                    "suite",
                    "cannot_follow",
                    "revoked_at",
                    "revoked_reason",
                )
            }
            for row in session.scalars(select(tables.Kiosk).order_by(tables.Kiosk.station_id))
        ]
        return {
            "stations": stations,
            **counts.read(session),
            "findings": standing.open_findings(session),
            "roster_version": session.scalar(select(func.max(tables.RosterFile.version))) or 0,
            "bundle_version": session.scalar(select(func.max(tables.BundleVersion.version))) or 0,
        }
