"""What is known of the records: their stage, what an attendant must look at, how many stand where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from kiosk.domain.record import RecordStatus
from kiosk.store.outbox.values import iso, rows_of
from kiosk.store.outbox_table import IS_UNSETTLED, Step

STATUS_OF = {
    Step.WAITING: RecordStatus.SAVED,
    Step.LEASED: RecordStatus.SENDING,
    Step.UNKNOWN: RecordStatus.SENDING,
    Step.CARRIED: RecordStatus.SENDING,
    Step.RECEIVED: RecordStatus.RECEIVED,
    Step.REFUSED: RecordStatus.REFUSED,
}


@dataclass(frozen=True, slots=True)
class Progress:
    """The stage of one record, with the bureau's reason where it has one."""

    record_id: str
    created_at: datetime
    stage: RecordStatus
    reason: str = ""


def status_of(db: Database, record_id: str) -> Progress | None:
    """Return the stage of one record, or None for an unknown id."""
    return next(iter(_progress(db, "record_id = ?", (record_id,))), None)


def stages_of_person(db: Database, person_id: str, limit: int = 20) -> list[Progress]:
    """Return the stages of a person's records on this kiosk, newest first."""
    return _progress(db, "person_id = ?", (person_id,), limit)


def needing_attention(db: Database, limit: int = 200) -> list[Progress]:
    """Return records that were refused, returned or turned away, and that no attendant has handled yet, newest first."""
    turned_away = "(state = 'waiting' AND reason <> '')"
    return _progress(db, f"(state = 'refused' OR decision = 'returned' OR {turned_away}) AND handled_at = ''", (), limit)


def mark_handled(db: Database, record_id: str, now: datetime) -> None:
    """An attendant dealt with a refused or returned record."""
    db.execute("UPDATE outbox SET handled_at = ? WHERE record_id = ?", (iso(now), record_id))


def _progress(db: Database, where: str, values: tuple[object, ...], limit: int = 1) -> list[Progress]:
    rows = rows_of(
        db,
        f"SELECT record_id, created_at, state, reason, decision, decision_reason FROM outbox WHERE {where}"  # noqa: S608  fixed
        " ORDER BY created_at DESC LIMIT ?",
        (*values, limit),
    )
    return [
        Progress(
            r["record_id"],
            datetime.fromisoformat(r["created_at"]),
            RecordStatus(r["decision"]) if r["decision"] and r["state"] != "refused" else STATUS_OF[Step(r["state"])],
            r["decision_reason"] or r["reason"],
        )
        for r in rows
    ]


def counts(db: Database) -> dict[str, int]:
    """Return how many records stand in each state, and how many of the received are confirmed and returned."""
    found = {step.value: 0 for step in Step} | {"confirmed": 0, "returned": 0}
    for row in rows_of(db, "SELECT state, decision, count(*) AS n FROM outbox GROUP BY state, decision"):
        found[row["state"]] += row["n"]
        if row["decision"]:
            found[row["decision"]] += row["n"]
    return found


def oldest_unsent(db: Database) -> datetime | None:
    """Return when the oldest record was saved that no receipt covers, or None."""
    row = db.execute(f"SELECT min(created_at) FROM outbox WHERE {IS_UNSETTLED}").fetchone()  # noqa: S608  fixed words
    return datetime.fromisoformat(row[0]) if row and row[0] else None


def last_receipt(db: Database) -> tuple[str, datetime] | None:
    """Return (batch or question id, bureau's time) of the newest receipt, or None."""
    row = db.execute("SELECT receipt_id, received_at FROM receipts ORDER BY received_at DESC LIMIT 1").fetchone()
    return (row[0], datetime.fromisoformat(row[1])) if row else None
