"""Batches in the outbox's tables: numbers, and what a verified receipt, answer or decision makes of the rows.

Offered by `store.outbox`, on the store's thread. Packing and signing: `sync.batches`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from kiosk.domain.record import RecordStatus
from kiosk.store.outbox.progress import STATUS_OF
from kiosk.store.outbox.rows import release, unsent
from kiosk.store.outbox.values import get, iso, put, rows_of
from kiosk.store.outbox_table import IS_UNSETTLED, Step

NUMBERS_AT_ONCE = 1000  # batch numbers that one journal entry reserves
RESERVED = "seq_reserved"  # key in `sync_state`, journalled


@dataclass(frozen=True, slots=True)
class Moved:
    """A record reached a further stage."""

    record_id: str
    stage: RecordStatus
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RecordVerdict:
    """One verdict of a verified receipt or answer."""

    record_id: str
    content_digest: str
    verdict: str  # accepted | duplicate | duplicate-pass | rejected
    reason: str = ""


BATCHES_FROM = "batches_from"  # key in `sync_state`: numbers up to this one were of an earlier registration


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
    for row in rows_of(db, "SELECT * FROM outbox_batches WHERE batch_id = ?", (batch_id,)):
        return {**row, "record_ids": json.loads(row["record_ids"])}
    return None


def unsettled_of(db: Database, sealed_digest: str) -> set[str]:
    """Return the records of a remembered batch that no receipt covers; empty for an unknown batch."""
    found = rows_of(db, "SELECT record_ids FROM outbox_batches WHERE sealed_digest = ?", (sealed_digest,))
    ids = [one for row in found for one in json.loads(row["record_ids"])]
    return {row.record_id for row in unsent(db, ids)}


def settle(
    db: Database,
    receipt_id: str,
    kind: str,
    signed: str,
    received_at: datetime,
    said: Iterable[RecordVerdict],
    missing: Iterable[str] = (),
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
                moved.append(Moved(one.record_id, STATUS_OF[to], one.reason))
        db.execute("UPDATE outbox_batches SET closed_at = ? WHERE batch_id = ?", (iso(received_at), receipt_id))
        missing = list(missing)
        release(db, missing)
        for record_id in missing:  # a bureau that does not have a record has decided nothing about it, whatever it once said
            db.execute(
                "UPDATE outbox SET decision = '', decision_reason = '', decided_at = '', handled_at = '' WHERE record_id = ?",
                (record_id,),
            )
    return moved


def lost_since(db: Database, batches: int, at: datetime) -> datetime | None:
    """Return since when the bureau signed for batches that it does not have any more; None when it has all.

    batches: highest number that it has; at: when it said so. Numbers of an earlier registration do not count.
    """
    least = max(batches, int(get(db, BATCHES_FROM, "0")))
    sql = "SELECT min(closed_at) AS since FROM outbox_batches WHERE seq > ? AND closed_at <> '' AND closed_at <= ?"
    (row,) = rows_of(db, sql, (least, iso(at)))
    return datetime.fromisoformat(row["since"]) if row["since"] else None


def doubt(db: Database, batches: int, since: datetime) -> int:
    """Believe no receipt from then on: the bureau is asked about those records, and gets anew what it lost. Returns how many.

    Its decisions are heard from the first one on, the journal's lines travel again from the last batch that it has.
    """
    with db.atomic():
        cursor = db.execute(
            "UPDATE outbox SET state = 'unknown', next_try = '' WHERE state = 'received' AND delivered_at >= ? AND content <> ''",
            (iso(since),),
        )
        sql = "SELECT max(journal_to) AS last FROM outbox_batches WHERE seq <= ? AND closed_at <> ''"
        (row,) = rows_of(db, sql, (batches,))
        if row["last"]:
            put(db, "journal_sent", str(min(int(row["last"]), int(get(db, "journal_sent", "0")))))
        db.execute("UPDATE outbox_batches SET closed_at = '' WHERE seq > ?", (batches,))
        put(db, "decisions_after", "0")
    return int(cursor.rowcount)


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
                moved.append(Moved(record_id, RecordStatus(decided), reason))
        put(db, "decisions_after", str(cursor_after))
    return moved


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
