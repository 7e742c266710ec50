"""What `delivery` and `courier` share: how the store is reached, a batch packed, a receipt or a decision taken.

Each function runs on the store's thread, in one transaction. The outbox's tables: `store.outbox.batches`.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from sqlite_utils import Database

import kiosk
from kiosk.canonical import canonical
from kiosk.store import outbox
from kiosk.store.clock import boot_id
from kiosk.store.engine import journal
from kiosk.store.engine.database import Store, store_errors
from kiosk.sync import protocol, seal
from kiosk.sync.keys import Identity

T = TypeVar("T")


class RunInStore(Protocol):
    """Runs a function on the store's thread and returns its result (blocking)."""

    def __call__(self, work: Callable[[Any], T]) -> T:
        """Run `work(store)`."""


class JournalTail(Protocol):
    """Gives journal lines after a number, for the bureau to keep out of the kiosk's reach."""

    def __call__(self, store: Any, after: int, limit: int) -> list[protocol.JournalLine]:
        """Return up to `limit` lines."""


def guarded(run_in_store: RunInStore) -> RunInStore:
    """Return the same, with the driver's errors (disk full, damage) turned into StoreError."""

    def run(work: Callable[[Any], T]) -> T:
        def inner(store: Any) -> T:
            with store_errors():
                return work(store)

        return run_in_store(inner)

    return run


@dataclass(frozen=True, slots=True)
class Clocks:
    """Where time comes from; tests put others here."""

    utc: Callable[[], datetime] = lambda: datetime.now(UTC)
    monotonic_s: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class Packed:
    """A sealed batch that is remembered in the store, ready to leave."""

    batch_id: str
    seq: int
    sealed: bytes = field(repr=False)
    digest: str  # of the sealed bytes
    record_ids: tuple[str, ...]
    journal_to: int


def journal_lines(store: Any, after: int, limit: int) -> list[protocol.JournalLine]:
    """Return journal entries as they travel: the `JournalTail` of a real store."""
    return [
        protocol.JournalLine(
            seq=one.seq, kind=one.kind, digest=one.digest, body=one.body, signature=one.signature, key_id=one.key_id
        )
        for one in journal.entries_since(store, after, limit)
    ]


def reserve(store: Store, now: datetime) -> bool:
    """Reserve numbers for the next batches in the journal, when those reserved are used up. Returns whether an entry was written.

    Called before the journal's lines for a batch are taken, so that the entry travels with the first of them.
    """
    with store.transaction() as db:
        reserved = outbox.reserve_numbers(db, int(outbox.get(db, "seq", "0")) + 1)
        if reserved:
            row = {"key": outbox.RESERVED, "value": str(reserved)}
            journal.append(store, "numbers-reserved", {"batches": reserved}, now, [("sync_state", row)])
    return bool(reserved)


def pack(
    store: Store,
    identity: Identity,
    rows: list[outbox.Waiting],
    way: str,
    clocks: Clocks,
    lines: Sequence[protocol.JournalLine] = (),
) -> Packed:
    """Sign, seal and remember a batch of these rows. Runs on the store's thread, in one transaction."""
    now = clocks.utc()
    with store.transaction() as db:
        seq, batch_id = outbox.next_seq(db), str(uuid.uuid4())
        offset = outbox.get(db, "bureau_offset_s")
        head = protocol.BatchHead(
            suite=identity.suite.name,
            batch_id=batch_id,
            kiosk_id=identity.pins.kiosk_id,
            seq=seq,
            created_at=now,
            way="stick" if way == "stick" else "network",
            clock=protocol.SendClock(
                sent_at_utc=now,
                monotonic_s=clocks.monotonic_s(),
                boot_id=boot_id(),
                bureau_offset_s=float(offset) if offset else None,
            ),
            backlog=max(0, outbox.unsent_count(db) - len(rows)),
            roster_version=int(outbox.get(db, "roster_version", "0")),
            software=kiosk.__version__,
            believes=identity.pins.believes,
            journal_tail=tuple(lines),
        )
        # Record texts are put in as they were stored, unparsed: what was digested at the save is what travels.
        plain = (
            canonical(head.model_dump(mode="json"))[:-1] + b',"records":[' + ",".join(row.content for row in rows).encode() + b"]}"
        )
        signed = seal.sign_plain(plain, "batch", identity.keys.sign, identity.pins.kiosk_id)
        sealed = seal.encrypt(signed, identity.bureau_seal, identity.pins.bureau_id)
        ids, journal_to = tuple(row.record_id for row in rows), lines[-1].seq if lines else 0
        packed = Packed(batch_id, seq, sealed, identity.suite.digest(sealed), ids, journal_to)
        outbox.open_batch(db, batch_id, seq, packed.digest, way, packed.record_ids, now, packed.journal_to)
    return packed


def accept_receipt(db: Database, receipt: protocol.Receipt, signed: str) -> list[outbox.Moved]:
    """Apply a receipt whose signature was verified, if it answers a batch of ours, byte for byte. Raises seal.Refused."""
    known = outbox.batch(db, receipt.batch_id)
    if known is None or known["sealed_digest"] != receipt.batch_digest:
        raise seal.Refused("other-batch")
    named = {one.record_id for one in receipt.verdicts}
    if named != set(known["record_ids"]):
        raise seal.Refused("unknown-record")
    said = [outbox.RecordVerdict(one.record_id, one.content_digest, one.verdict, one.reason) for one in receipt.verdicts]
    with db.atomic():
        if known["journal_to"] > int(outbox.get(db, "journal_sent", "0")):
            outbox.put(db, "journal_sent", str(known["journal_to"]))
        return outbox.settle(db, receipt.batch_id, "receipt", signed, receipt.received_at, said)


def accept_decisions(db: Database, told: protocol.Decisions) -> list[outbox.Moved]:
    """Apply verified decisions if they follow what we have without a gap; old ones are no harm. Raises seal.Refused."""
    cursor = int(outbox.get(db, "decisions_after", "0"))
    fresh = [one for one in told.decisions if one.seq > cursor]
    if [one.seq for one in fresh] != list(range(cursor + 1, cursor + 1 + len(fresh))):
        raise seal.Refused("stale", "decisions are missing in between")
    if not fresh:
        return []
    return outbox.decide(db, [(one.record_id, one.decided, one.reason, one.decided_at) for one in fresh], fresh[-1].seq)
