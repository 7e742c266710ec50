"""Booked home visits that a kiosk changed: told to the station's other kiosks with their bundles, by network and by stick."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from kiosk.bureau import peers, tables
from kiosk.bureau.reminder_tables import VisitChange
from kiosk.sync import json_bounds, limits, protocol

KEPT = timedelta(days=limits.MAX_LOAN_DAYS)  # no list is out for longer
_CLOCKS = timedelta(days=1)


def note(session: Session, kiosk: tables.Kiosk, lines: Iterable[protocol.JournalLine], now: datetime) -> None:
    """Take what a kiosk journaled about visits of its station; what is newer stays."""
    changed = False
    for line in lines:
        if line.kind != "home-visit-changed":
            continue
        try:
            body = json_bounds.parse(line.body.encode())
            data, at = body["data"], datetime.fromisoformat(body["at"])
            on = date.fromisoformat(data["on"]) if data["on"] else None
            told = protocol.VisitChange(person_id=data["person"], at=at, cancelled=data["cancelled"], on_day=on)
        except (ValueError, KeyError, TypeError):
            continue  # kept as a line of its journal all the same
        key = (kiosk.station_id, told.person_id)
        row = session.get(VisitChange, key)
        if told.at > now + _CLOCKS or (row is not None and row.changed_at >= told.at):
            continue
        if row is None:
            row = VisitChange(station_id=key[0], person_id=key[1], changed_at=told.at, cancelled="", on_day=None)
            session.add(row)
        row.changed_at, row.cancelled, row.on_day, changed = told.at, told.cancelled, told.on_day, True
    if changed:
        session.execute(delete(VisitChange).where(VisitChange.changed_at < now - KEPT))
        peers.changed(session, kiosk, now)


def of(session: Session, station_id: str) -> tuple[protocol.VisitChange, ...]:
    """Return what the kiosks of a station are told, the newest first."""
    query = (
        select(VisitChange)
        .where(VisitChange.station_id == station_id)
        .order_by(VisitChange.changed_at.desc(), VisitChange.person_id)
    )
    return tuple(
        protocol.VisitChange(person_id=row.person_id, at=row.changed_at, cancelled=row.cancelled, on_day=row.on_day)
        for row in session.scalars(query.limit(limits.MAX_LOAN))
    )
