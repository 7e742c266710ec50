"""A row's way: enqueued, leased, given back, carried; and what no receipt covers yet.

States: waiting -> leased -> (waiting | unknown | received | refused); carried = written to a stick, fate unknown. A lease or a next
try that lies further ahead than it ever can be set is taken as past: the clock jumped.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlite_utils import Database

from kiosk import digests
from kiosk.domain.record import AuthenticationRecord
from kiosk.store.content import content_of
from kiosk.store.outbox.values import get, iso, put, rows_of
from kiosk.store.outbox_table import IS_UNSETTLED, Step

LEASE_S = 180.0
_DIGEST = "digest"  # key in `sync_state`: which digest records have at the bureau; missing: SHA-256


@dataclass(frozen=True, slots=True)
class Waiting:
    """A leased row: what a batch is made of. `content` is canonical JSON."""

    record_id: str
    content: str
    content_digest: str
    attempts: int


def enqueue(db: Database, record: AuthenticationRecord, now: datetime, content: str = "") -> None:
    """Put a record into the outbox, within the caller's transaction. Raises the driver's IntegrityError on a known id.

    content: `content_of(record)`, when the caller has it already.
    """
    content = content or content_of(record)
    digest = digests.hexdigest(digest_name(db), content.encode())
    db.execute(
        "INSERT INTO outbox (record_id, person_id, pass_key, content, content_digest, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        (record.record_id, record.person_id, record.pass_key, content, digest, iso(now)),
    )


def digest_name(db: Database) -> str:
    """Return the name of the digest that rows are made with, of `kiosk.digests`: that of the agreed suite."""
    return get(db, _DIGEST, digests.SHA_256)


def use_digest(db: Database, name: str) -> None:
    """From now on digest with `name`, and all content that is still here anew: a receipt must name it as the bureau does."""
    with db.atomic():
        for row in rows_of(db, "SELECT record_id, content FROM outbox WHERE content <> ''"):
            digest = digests.hexdigest(name, row["content"].encode())
            db.execute("UPDATE outbox SET content_digest = ? WHERE record_id = ?", (digest, row["record_id"]))
        put(db, _DIGEST, name)


def is_digest(digest: str, content: str) -> bool:
    """Return whether this is the digest of `content`; of what was erased here an older one may have stayed."""
    return any(digests.hexdigest(name, content.encode()) == digest for name in digests.NAMES)


def received_undecided(db: Database, after: str, limit: int) -> list[str]:
    """Return ids of records that the bureau has and has not decided, in the order of their ids, behind `after`."""
    sql = "SELECT record_id FROM outbox WHERE state = 'received' AND decision = '' AND record_id > ? ORDER BY record_id LIMIT ?"
    return [row["record_id"] for row in rows_of(db, sql, (after, limit))]


def doubt_with_evidence(db: Database) -> int:
    """Received records of which a scan waits are sent or asked about once more; returns how many.

    A bureau that knows this kiosk by another id takes a scan only of whoever sent the record, or asked about it.
    """
    cursor = db.execute(
        "UPDATE outbox SET state = 'unknown', next_try = '' WHERE state = 'received' AND content <> '' AND record_id IN "
        "(SELECT record_id FROM outbox_evidence WHERE state = 'waiting')"
    )
    return int(cursor.rowcount)


def lease(db: Database, now: datetime, limit: int, *, ignore_next_try: bool = False) -> list[Waiting]:
    """Take up to `limit` waiting rows, oldest first, for one batch. A lease that runs out makes the row unknown, not waiting."""
    lease_id, until, at = str(uuid.uuid4()), iso(now + timedelta(seconds=LEASE_S)), iso(now)
    far = iso(now + timedelta(hours=2))
    with db.atomic():
        rows = rows_of(
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
    return [row["record_id"] for row in rows_of(db, sql, (limit,))]


def unsent_ids(db: Database) -> list[str]:
    """Return the ids of every row that no receipt covers, oldest first."""
    sql = f"SELECT record_id FROM outbox WHERE {IS_UNSETTLED} ORDER BY created_at, record_id"  # noqa: S608  fixed words
    return [row["record_id"] for row in rows_of(db, sql)]


def unsent_count(db: Database) -> int:
    """Return how many rows no receipt covers."""
    row = db.execute(f"SELECT count(*) FROM outbox WHERE {IS_UNSETTLED}").fetchone()  # noqa: S608  fixed words
    return int(row[0])


def unsent(db: Database, record_ids: Sequence[str]) -> list[Waiting]:
    """Return those of the rows that no receipt covers, without leasing (for a stick)."""
    return [
        Waiting(r["record_id"], r["content"], r["content_digest"], r["attempts"])
        for r in rows_of(
            db,
            f"SELECT record_id, content, content_digest, attempts FROM outbox WHERE {IS_UNSETTLED}"  # noqa: S608  fixed words
            " AND record_id IN (SELECT value FROM json_each(?))"
            " ORDER BY created_at, record_id",
            (json.dumps(list(record_ids)),),
        )
    ]
