"""Kiosks that look restored from an older copy, or doubled: found as batches come, named on the clerks' page, told to the kiosk.

A machine counts its batches up and starts again under a new boot id each time. A number that comes with other bytes, a boot id that
was already replaced by another, or a boot whose clock runs backwards: two machines have one key, or one was restored.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from kiosk.bureau import areas, tables
from kiosk.bureau.context import BureauContext, utcnow
from kiosk.sync import protocol

_BOOTS = 20  # of a kiosk that are remembered
_BACK_S = 120.0  # ours: batches of one boot may overtake each other by a request's time, not by more


def look(session: Session, kiosk: tables.Kiosk, batch: protocol.BatchHead, digest: str, now: datetime) -> None:
    """Look at a batch that is being taken. The kiosk's row is locked."""
    other = session.scalar(
        select(tables.Batch)
        .where(tables.Batch.kiosk_id == kiosk.kiosk_id, tables.Batch.seq == batch.seq, tables.Batch.digest != digest)
        .limit(1)
    )
    if other is not None:
        found(session, kiosk, "batch-number", f"{batch.seq}: {other.received_at:%Y-%m-%dT%H:%M:%SZ}, {now:%Y-%m-%dT%H:%M:%SZ}", now)
    if batch.way != "network" or not batch.clock.boot_id:
        return  # a stick comes late, and in any order
    boot = batch.clock.boot_id.replace(" ", "_")
    known = kiosk.boot_ids.split()
    if known and boot == known[0]:
        if kiosk.monotonic_s is not None and batch.clock.monotonic_s < kiosk.monotonic_s - _BACK_S:
            found(session, kiosk, "two-machines", f"boot {boot[:40]} went back", now)
        kiosk.monotonic_s = max(batch.clock.monotonic_s, kiosk.monotonic_s or 0.0)
        return
    if boot in known:
        found(session, kiosk, "two-machines", f"boot {boot[:40]} after {known[0][:40]}", now)
        known.remove(boot)
    kiosk.boot_ids = " ".join([boot, *known][:_BOOTS])
    kiosk.monotonic_s = batch.clock.monotonic_s


def found(session: Session, kiosk: tables.Kiosk, kind: str, detail: str, now: datetime) -> None:
    """Note a finding; one that is open already is only counted."""
    row = session.scalar(
        select(tables.Finding).where(
            tables.Finding.kiosk_id == kiosk.kiosk_id, tables.Finding.kind == kind, tables.Finding.cleared_at.is_(None)
        )
    )
    if row is not None:
        row.last_at, row.count, row.detail = now, row.count + 1, detail
        return
    session.add(
        tables.Finding(
            finding_id=str(uuid.uuid4()),
            kiosk_id=kiosk.kiosk_id,
            kind=kind,
            first_at=now,
            last_at=now,
            count=1,
            detail=detail,
            cleared_by="",
        )
    )
    session.flush()


def of(context: BureauContext, kiosk_id: str) -> protocol.Standing:
    """Return what the kiosk is told about itself."""
    with context.session.begin() as session:
        row = session.scalar(
            select(tables.Finding)
            .where(tables.Finding.kiosk_id == kiosk_id, tables.Finding.cleared_at.is_(None))
            .order_by(tables.Finding.first_at)
            .limit(1)
        )
        kiosk = session.get(tables.Kiosk, kiosk_id)
        in_chunks = kiosk is not None and areas.there(session, kiosk.station_id)
    told: dict[str, Any] = {"state": "good"}
    if row is not None:
        told = {"state": "twin", "why": row.kind, "about": row.finding_id, "since": row.first_at}
    told["roster"] = "chunks" if in_chunks else "whole"
    if kiosk is not None and kiosk.follows_keys:  # a version before refuses fields that it does not know
        told["batches"] = kiosk.last_seq
    return protocol.Standing(bureau_id=context.bureau_id, kiosk_id=kiosk_id, at=utcnow(), **told)


def open_findings(session: Session) -> list[dict[str, Any]]:
    """Return what waits for a clerk, the newest first, with the station it is about."""
    rows = session.execute(
        select(tables.Finding, tables.Kiosk)
        .join(tables.Kiosk, tables.Kiosk.kiosk_id == tables.Finding.kiosk_id)
        .where(tables.Finding.cleared_at.is_(None))
        .order_by(tables.Finding.last_at.desc())
        .limit(200)
    )
    return [
        {
            "finding_id": one.finding_id,
            "kind": one.kind,
            "station_id": kiosk.station_id,
            "name": kiosk.name,
            "kiosk_id": kiosk.kiosk_id,
            "first_at": one.first_at,
            "last_at": one.last_at,
            "count": one.count,
            "detail": one.detail,
        }
        for one, kiosk in rows
    ]


def clear(
    context: BureauContext, finding_id: str, by: str, witness: Callable[[Session, tables.Finding], None] | None = None
) -> bool:
    """A clerk has looked into it: the kiosk may serve by itself again. False when there is no such open finding."""
    with context.session.begin() as session:
        row = session.get(tables.Finding, finding_id)
        if row is None or row.cleared_at is not None:
            return False
        row.cleared_at, row.cleared_by = utcnow(), by[:200]
        if witness is not None:
            witness(session, row)
        return True
