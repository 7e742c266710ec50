"""Deciding what becomes of received records, and telling the kiosk in order: confirmed, or returned with a reason.

`by_rule` is called by `ingest`, inside the transaction that takes a batch; `decide` for a clerk (`clerks.record_pages`,
`clerks.doing`) or a program (`admin`); `after` when a kiosk asks, over the network or by stick. Who has the pass then: `passes`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from kiosk.bureau import database, passes, tables
from kiosk.bureau.context import BureauContext, utcnow
from kiosk.sync import limits, protocol

# Offered to clerks; each has its texts in the kiosk's catalogues (reason.CODE). Others may be typed, and are shown as codes.
RETURN_REASONS = ("photo-unclear", "identity-unclear", "clock-doubtful", "evidence-missing", "deceased")


def by_rule(kiosk: tables.Kiosk, rows: Iterable[dict[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """Confirm, in rows of records about to be written, what needs no clerk: a trustworthy clock, no human review.

    The rest waits for a person.

    Returns the rows of `decisions`, numbered on; the kiosk's row is locked.
    """
    decided = []
    for row in sorted(rows, key=lambda one: str(one["pass_key"])):
        if row["clock_suspect"] or row["channel"] == passes.HUMAN_REVIEW:
            continue
        row["decision"], row["decision_reason"] = "confirmed", "duplicate-pass" if row["verdict"] == "duplicate-pass" else ""
        kiosk.decision_seq += 1
        decided.append(
            {
                "kiosk_id": kiosk.kiosk_id,
                "seq": kiosk.decision_seq,
                "record_id": row["record_id"],
                "decided": "confirmed",
                "reason": row["decision_reason"],
                "decided_at": now,
            }
        )
    return decided


def decide(
    context: BureauContext,
    record_id: str,
    decided: str,
    reason: str,
    witness: Callable[[Session, tables.Record], None] | None = None,
) -> bool:
    """A clerk confirms or returns a record (`reason` names why). Returns False for an unknown record.

    witness: called with the locked record before it is decided, in the same transaction; what it raises undoes all.
    """
    with context.session.begin() as session:
        row = session.get(tables.Record, record_id)
        kiosk = database.lock_kiosk(session, row.kiosk_id) if row else None
        if row is None or kiosk is None:
            return False
        session.refresh(row)
        if witness is not None:
            witness(session, row)
        if (row.decision, row.decision_reason) != (decided, reason):
            _write(session, kiosk, row, decided, reason, utcnow())
        return True


def note_carrier(session: Session, kiosk: tables.Kiosk, record_ids: Iterable[str]) -> None:
    """Remember that this kiosk too has these records of another kiosk of its station. The kiosk's row is locked."""
    rows = (
        session.execute(
            select(tables.Record.record_id)
            .join(tables.Kiosk, tables.Kiosk.kiosk_id == tables.Record.kiosk_id)
            .where(
                tables.Record.record_id.in_(set(record_ids)),
                tables.Record.kiosk_id != kiosk.kiosk_id,
                tables.Kiosk.station_id == kiosk.station_id,
            )
            .order_by(tables.Record.record_id)
        )
        .scalars()
        .all()
    )
    database.insert_new(
        session, tables.Carrier, [{"kiosk_id": kiosk.kiosk_id, "record_id": one, "decision": "", "reason": ""} for one in rows]
    )


def _tell_carrier(context: BureauContext, kiosk_id: str) -> None:
    """Write down for a kiosk what was decided about records it has from another one.

    Done when it asks and not when it is decided: no transaction ever locks two kiosks.
    """
    late = (
        select(tables.Carrier, tables.Record)
        .join(tables.Record, tables.Record.record_id == tables.Carrier.record_id)
        .where(
            tables.Carrier.kiosk_id == kiosk_id,
            tables.Record.decision != "",
            (tables.Carrier.decision != tables.Record.decision) | (tables.Carrier.reason != tables.Record.decision_reason),
        )
        .order_by(tables.Carrier.record_id)
    )
    with context.session.begin() as session:
        if session.execute(late.limit(1)).first() is None:
            return
    with context.session.begin() as session:
        kiosk = database.lock_kiosk(session, kiosk_id)
        if kiosk is None:
            return
        for carrier, row in session.execute(late):
            _number(session, kiosk, row.record_id, row.decision, row.decision_reason, utcnow())
            carrier.decision, carrier.reason = row.decision, row.decision_reason


def _number(session: Session, kiosk: tables.Kiosk, record_id: str, decided: str, reason: str, now: datetime) -> None:
    kiosk.decision_seq += 1
    session.add(
        tables.Decision(
            kiosk_id=kiosk.kiosk_id, seq=kiosk.decision_seq, record_id=record_id, decided=decided, reason=reason, decided_at=now
        )
    )


def _write(session: Session, kiosk: tables.Kiosk, row: tables.Record, decided: str, reason: str, now: datetime) -> None:
    _number(session, kiosk, row.record_id, decided, reason, now)
    row.decision, row.decision_reason = decided, reason
    passes.settle(session, row, now)


def after(context: BureauContext, kiosk_id: str, seq: int) -> protocol.Decisions:
    """Return the decisions of a kiosk after `seq`."""
    _tell_carrier(context, kiosk_id)
    with context.session.begin() as session:
        rows = list(
            session.scalars(
                select(tables.Decision)
                .where(tables.Decision.kiosk_id == kiosk_id, tables.Decision.seq > seq)
                .order_by(tables.Decision.seq)
                .limit(limits.MAX_DECISIONS + 1)
            )
        )
    told = tuple(
        protocol.Decision(
            seq=row.seq,
            record_id=row.record_id,
            decided="returned" if row.decided == "returned" else "confirmed",
            reason=row.reason,
            decided_at=row.decided_at,
        )
        for row in rows[: limits.MAX_DECISIONS]
    )
    return protocol.Decisions(
        bureau_id=context.bureau_id, kiosk_id=kiosk_id, after=seq, decisions=told, more=len(rows) > limits.MAX_DECISIONS
    )
