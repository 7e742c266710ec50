"""What waits for the bureau, what became of it, and which receipt says so. The only source of a record's `Stage`.

`enqueue` runs inside the transaction that saves the record; everything else is called by `sync` on the store's executor
thread, each call one transaction. Nothing moves a row to delivered or refused but a verdict of a receipt that `sync` has verified.

States: waiting -> leased -> (waiting | unknown | received | refused); carried = written to a stick, fate unknown.
Times are ISO 8601 in UTC. A lease or a next try that lies further ahead than it ever can be set is taken as past: the clock jumped.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlite_utils import Database

from kiosk.domain.record import AuthenticationRecord, Stage
from kiosk.store.content import content_of
from kiosk.store.outbox_table import IS_UNSETTLED, Step

LEASE_S = 180.0
NUMBERS_AT_ONCE = 1000  # batch numbers that one journal entry reserves
RESERVED = "seq_reserved"  # key in `sync_state`, journalled
_STAGE = {
    Step.WAITING: Stage.SAVED,
    Step.LEASED: Stage.SENDING,
    Step.UNKNOWN: Stage.SENDING,
    Step.CARRIED: Stage.SENDING,
    Step.RECEIVED: Stage.RECEIVED,
    Step.REFUSED: Stage.REFUSED,
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """A leased row: what a batch is made of. `content` is canonical JSON."""

    record_id: str
    content: str
    content_digest: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Moved:
    """A record reached a further stage."""

    record_id: str
    stage: Stage
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """The stage of one record, with the bureau's reason where it has one."""

    record_id: str
    created_at: datetime
    stage: Stage
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """One verdict of a verified receipt or answer."""

    record_id: str
    content_digest: str
    verdict: str  # accepted | duplicate | duplicate-pass | rejected
    reason: str = ""


def enqueue(db: Database, record: AuthenticationRecord, now: datetime, content: str = "") -> None:
    """Put a record into the outbox, within the caller's transaction. Raises the driver's IntegrityError on a known id.

    content: `content_of(record)`, when the caller has it already.
    """
    content = content or content_of(record)
    db.execute(
        "INSERT INTO outbox (record_id, person_id, pass_key, content, content_digest, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        (record.record_id, record.person_id, record.pass_key, content, hashlib.sha256(content.encode()).hexdigest(), iso(now)),
    )


# --- leases


def lease(db: Database, now: datetime, limit: int, *, ignore_next_try: bool = False) -> list[Waiting]:
    """Take up to `limit` waiting rows, oldest first, for one batch. A lease that runs out makes the row unknown, not waiting."""
    lease_id, until, at = str(uuid.uuid4()), iso(now + timedelta(seconds=LEASE_S)), iso(now)
    far = iso(now + timedelta(hours=2))
    with db.atomic():
        rows = _rows(
            db,
            "UPDATE outbox SET state = 'leased', lease_id = :lease, leased_until = :until, attempts = attempts + 1"
            " WHERE record_id IN (SELECT record_id FROM outbox WHERE state = 'waiting'"
            " AND (next_try <= :now OR next_try > :far OR :force) ORDER BY next_try, created_at, record_id LIMIT :limit)"
            " RETURNING record_id, content, content_digest, attempts, created_at",
            {"lease": lease_id, "until": until, "now": at, "far": far, "force": ignore_next_try, "limit": limit},
        )
    rows.sort(key=lambda row: (row["created_at"], row["record_id"]))
    return [Waiting(r["record_id"], r["content"], r["content_digest"], r["attempts"]) for r in rows]


def expire_leases(db: Database, now: datetime, *, everything: bool = False) -> int:
    """Make leased rows unknown whose lease ran out (`everything`: all, when the only sender starts). Returns how many."""
    far = iso(now + timedelta(seconds=2 * LEASE_S))
    cursor = db.execute(
        "UPDATE outbox SET state = 'unknown', lease_id = ''"
        " WHERE state = 'leased' AND (leased_until <= ? OR leased_until > ? OR ?)",
        (iso(now), far, everything),
    )
    return int(cursor.rowcount)


def release(db: Database, record_ids: Iterable[str], next_try: datetime | None = None, reason: str = "") -> None:
    """Give rows back that certainly did not reach the bureau: leased, unknown or carried -> waiting.

    next_try, reason: the bureau turned this row away; the others go first, and an attendant is told.
    """
    ids = list(record_ids)
    _move(db, ids, Step.WAITING, ("leased", "unknown", "carried"), iso(next_try) if next_try else "")
    if reason:
        with db.atomic():
            for one in ids:
                db.execute("UPDATE outbox SET reason = ? WHERE record_id = ? AND state = 'waiting'", (reason, one))


def turn_away(db: Database, record_id: str, next_try: datetime, reason: str) -> None:
    """A waiting row that cannot be sent as it is goes behind the others, and an attendant is told."""
    db.execute(
        "UPDATE outbox SET next_try = ?, reason = ? WHERE record_id = ? AND state = 'waiting'", (iso(next_try), reason, record_id)
    )


def mark_unknown(db: Database, record_ids: Iterable[str]) -> None:
    """The batch may or may not have arrived: leased -> unknown."""
    _move(db, record_ids, Step.UNKNOWN, ("leased",))


def mark_carried(db: Database, record_ids: Iterable[str]) -> None:
    """The rows lie on a stick: waiting -> carried."""
    _move(db, record_ids, Step.CARRIED, ("waiting", "unknown"))


def _move(db: Database, record_ids: Iterable[str], to: Step, sources: Sequence[str], next_try: str = "") -> None:
    marks = ", ".join("?" * len(sources))
    with db.atomic():
        for record_id in record_ids:
            db.execute(
                f"UPDATE outbox SET state = ?, lease_id = '', next_try = ? WHERE record_id = ? AND state IN ({marks})",  # noqa: S608
                (to.value, next_try, record_id, *sources),
            )


def unsettled(db: Database, limit: int, *, carried: bool = True) -> list[str]:
    """Return ids of rows whose fate is unknown, oldest first: the bureau is asked about them before anything is sent again."""
    states = "('unknown', 'carried')" if carried else "('unknown')"
    sql = f"SELECT record_id FROM outbox WHERE state IN {states} ORDER BY created_at, record_id LIMIT ?"  # noqa: S608  fixed words
    return [row["record_id"] for row in _rows(db, sql, (limit,))]


def unsent_ids(db: Database) -> list[str]:
    """Return the ids of every row that no receipt covers, oldest first."""
    sql = f"SELECT record_id FROM outbox WHERE {IS_UNSETTLED} ORDER BY created_at, record_id"  # noqa: S608  fixed words
    return [row["record_id"] for row in _rows(db, sql)]


def unsent_count(db: Database) -> int:
    """Return how many rows no receipt covers."""
    row = db.execute(f"SELECT count(*) FROM outbox WHERE {IS_UNSETTLED}").fetchone()  # noqa: S608  fixed words
    return int(row[0])


def unsent(db: Database, record_ids: Sequence[str]) -> list[Waiting]:
    """Return those of the rows that no receipt covers, without leasing (for a stick)."""
    return [
        Waiting(r["record_id"], r["content"], r["content_digest"], r["attempts"])
        for r in _rows(
            db,
            f"SELECT record_id, content, content_digest, attempts FROM outbox WHERE {IS_UNSETTLED}"  # noqa: S608  fixed words
            " AND record_id IN (SELECT value FROM json_each(?))"
            " ORDER BY created_at, record_id",
            (json.dumps(list(record_ids)),),
        )
    ]


def unsettled_of(db: Database, sealed_digest: str) -> set[str]:
    """Return the records of a remembered batch that no receipt covers; empty for an unknown batch."""
    found = _rows(db, "SELECT record_ids FROM outbox_batches WHERE sealed_digest = ?", (sealed_digest,))
    ids = [one for row in found for one in json.loads(row["record_ids"])]
    return {row.record_id for row in unsent(db, ids)}


# --- batches and receipts


def next_seq(db: Database) -> int:
    """Return the next batch number; it is used up even when the batch is never sent."""
    with db.atomic():
        db.execute(
            "INSERT INTO sync_state (key, value) VALUES ('seq', '1') "
            "ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT)"
        )
        return int(get(db, "seq", "0"))


def reserve_numbers(db: Database, seq: int) -> int:
    """Return up to which number batches may be counted once `seq` is used, when that went up; else 0. It must be journalled.

    A recovered database goes on behind it: no number is ever given to two batches.
    """
    if seq <= int(get(db, RESERVED, "0")):
        return 0
    put(db, RESERVED, str(seq + NUMBERS_AT_ONCE - 1))
    return seq + NUMBERS_AT_ONCE - 1


def go_on_numbering(db: Database, now: datetime) -> None:
    """After a recovery: go on behind every number that may have been given to a batch."""
    reserved = int(get(db, RESERVED, "0"))
    # Of a version that reserved none: the minutes since 1970 are more than any kiosk has sent batches.
    least = reserved or (int(now.timestamp()) // 60 if db.execute("SELECT 1 FROM outbox LIMIT 1").fetchone() else 0)
    if least > int(get(db, "seq", "0")):
        put(db, "seq", str(least))


def open_batch(
    db: Database,
    batch_id: str,
    seq: int,
    sealed_digest: str,
    way: str,
    record_ids: Sequence[str],
    now: datetime,
    journal_to: int = 0,
) -> None:
    """Remember a batch before it leaves, so that its receipt can be told from any other."""
    db.execute(
        "INSERT INTO outbox_batches (batch_id, seq, sealed_digest, way, record_ids, journal_to, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (batch_id, seq, sealed_digest, way, json.dumps(list(record_ids)), journal_to, iso(now)),
    )


def batch(db: Database, batch_id: str) -> dict[str, Any] | None:
    """Return the remembered batch (record_ids as a list), or None."""
    for row in _rows(db, "SELECT * FROM outbox_batches WHERE batch_id = ?", (batch_id,)):
        return {**row, "record_ids": json.loads(row["record_ids"])}
    return None


def settle(
    db: Database, receipt_id: str, kind: str, signed: str, received_at: datetime, said: Iterable[Said], missing: Iterable[str] = ()
) -> list[Moved]:
    """Apply a verified receipt or answer in one transaction; twice is the same as once. Returns the records that moved.

    `missing`: the bureau says that these never arrived; they wait again. A verdict whose digest is not the row's own
    changes nothing: it speaks of other content.
    """
    moved: list[Moved] = []
    with db.atomic():
        db.execute(
            "INSERT INTO receipts (receipt_id, kind, signed, received_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (receipt_id, kind, signed, iso(received_at)),
        )
        for one in said:
            to = Step.REFUSED if one.verdict == "rejected" else Step.RECEIVED
            cursor = db.execute(
                "UPDATE outbox SET state = ?, verdict = ?, reason = ?, receipt_id = ?, delivered_at = ?, lease_id = '',"  # noqa: S608
                f" next_try = '' WHERE record_id = ? AND content_digest = ? AND {IS_UNSETTLED}",  # the states are fixed words
                (to.value, one.verdict, one.reason, receipt_id, iso(received_at), one.record_id, one.content_digest),
            )
            if cursor.rowcount:
                moved.append(Moved(one.record_id, _STAGE[to], one.reason))
        db.execute("UPDATE outbox_batches SET closed_at = ? WHERE batch_id = ?", (iso(received_at), receipt_id))
        release(db, missing)
    return moved


def decide(db: Database, decisions: Iterable[tuple[str, str, str, datetime]], cursor_after: int) -> list[Moved]:
    """Apply the bureau's decisions (record id, confirmed|returned, reason, when) and move the cursor, in one transaction.

    A decision may come before the receipt (a stick with one unreadable file): it is kept, and the row still waits for its receipt.
    """
    moved: list[Moved] = []
    with db.atomic():
        for record_id, decided, reason, at in decisions:
            done = db.execute(
                "UPDATE outbox SET decision = ?, decision_reason = ?, decided_at = ?, handled_at = '' WHERE record_id = ?"
                " AND state <> 'refused' AND (decision <> ? OR decision_reason <> ?)",
                (decided, reason, iso(at), record_id, decided, reason),
            )
            if done.rowcount:
                moved.append(Moved(record_id, Stage(decided), reason))
        put(db, "decisions_after", str(cursor_after))
    return moved


# --- what is known


def stage_of(db: Database, record_id: str) -> Progress | None:
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
    rows = _rows(
        db,
        f"SELECT record_id, created_at, state, reason, decision, decision_reason FROM outbox WHERE {where}"  # noqa: S608  fixed
        " ORDER BY created_at DESC LIMIT ?",
        (*values, limit),
    )
    return [
        Progress(
            r["record_id"],
            datetime.fromisoformat(r["created_at"]),
            Stage(r["decision"]) if r["decision"] and r["state"] != "refused" else _STAGE[Step(r["state"])],
            r["decision_reason"] or r["reason"],
        )
        for r in rows
    ]


def counts(db: Database) -> dict[str, int]:
    """Return how many records stand in each state, and how many of the received are confirmed and returned."""
    found = {step.value: 0 for step in Step} | {"confirmed": 0, "returned": 0}
    for row in _rows(db, "SELECT state, decision, count(*) AS n FROM outbox GROUP BY state, decision"):
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


def purge(db: Database, before: datetime) -> int:
    """Erase the content of records that were delivered before `before`; the row and its receipt stay. Returns how many."""
    with db.atomic():
        cursor = db.execute(
            "UPDATE outbox SET content = '' WHERE state IN ('received', 'refused') AND delivered_at < ? AND content <> ''",
            (iso(before),),
        )
        # A record the bureau refused is reviewed by nobody; and what no network took in all this time is not kept any longer.
        db.execute(
            "UPDATE outbox_evidence SET content = NULL, state = 'refused', reason = 'not-wanted' WHERE state = 'waiting' "
            "AND record_id IN (SELECT record_id FROM outbox WHERE state = 'refused' OR created_at < ?)",
            (iso(before),),
        )
        # A batch on a stick may still be answered; one whose answer was lost on the network never will be.
        db.execute("DELETE FROM outbox_batches WHERE created_at < ? AND (closed_at <> '' OR way = 'network')", (iso(before),))
    return int(cursor.rowcount)


# --- small values of the sync


def get(db: Database, key: str, default: str = "") -> str:
    """Return a small value (decision cursor, clock offset, last contact ...)."""
    row = db.execute("SELECT value FROM sync_state WHERE key = ?", (key,)).fetchone()
    return str(row[0]) if row else default


def put(db: Database, key: str, value: str) -> None:
    """Keep a small value."""
    db.execute(
        "INSERT INTO sync_state (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", (key, value)
    )


def _rows(db: Database, sql: str, values: Any = ()) -> list[dict[str, Any]]:
    # Not Database.query: it wraps the statement in a savepoint, which SQLCipher's driver cannot release after UPDATE ... RETURNING.
    cursor = db.execute(sql, values)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def iso(at: datetime) -> str:
    """Return a time as the tables keep it: UTC, microseconds, sortable as text."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
