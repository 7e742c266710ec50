"""One round with the bureau: ask what became of the unknown, send what waits, hear what was decided. Used by `worker` and commands.

The store is reached through `run_in_store` alone, each call one short transaction; no transaction is open while the network is. The
first failure ends the round. Everything is written down before it leaves, so that a kill at any moment loses nothing.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

from sqlite_utils import Database

import kiosk
from kiosk import failpoints
from kiosk.config import Sync
from kiosk.store import journal, outbox
from kiosk.store.clock import boot_id
from kiosk.store.database import store_errors
from kiosk.sync import protocol, seal
from kiosk.sync.client import Client, Failure
from kiosk.sync.keys import Identity
from kiosk.sync.schedule import Trouble

ASK_AT_ONCE = 200
T = TypeVar("T")


class HasDatabase(Protocol):
    """As much of `kiosk.store.database.Store` as is needed here."""

    @property
    def db(self) -> Database:
        """The open database."""


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


@dataclass(slots=True)
class Round:
    """What one round did."""

    sent: int = 0
    asked: int = 0
    moved: list[outbox.Moved] = field(default_factory=list)
    failure: Failure | None = None
    more: bool = False


@dataclass(frozen=True, slots=True)
class Packed:
    """A sealed batch that is remembered in the store, ready to leave."""

    batch_id: str
    seq: int
    sealed: bytes = field(repr=False)
    record_ids: tuple[str, ...]
    journal_to: int

    @property
    def digest(self) -> str:
        """SHA-256 of the sealed bytes."""
        return protocol.digest(self.sealed)


def journal_lines(store: Any, after: int, limit: int) -> list[protocol.JournalLine]:
    """Return journal entries as they travel: the `JournalTail` of a real store."""
    return [protocol.JournalLine(seq=one.seq, kind=one.kind, digest=one.digest, body=one.body, signature=one.signature,
                                 key_id=one.key_id) for one in journal.entries_since(store, after, limit)]


def pack(store: HasDatabase, identity: Identity, rows: list[outbox.Waiting], way: str, clocks: Clocks,
         lines: Sequence[protocol.JournalLine] = ()) -> Packed:
    """Sign, seal and remember a batch of these rows. Runs on the store's thread, in one transaction."""
    db, now = store.db, clocks.utc()
    with db.atomic():
        seq, batch_id = outbox.next_seq(db), str(uuid.uuid4())
        counted = outbox.counts(db)
        offset = outbox.get(db, "bureau_offset_s")
        head = protocol.BatchHead(
            batch_id=batch_id, kiosk_id=identity.pins.kiosk_id, seq=seq, created_at=now,
            way="stick" if way == "stick" else "network",
            clock=protocol.SendClock(sent_at_utc=now, monotonic_s=clocks.monotonic_s(), boot_id=boot_id(),
                                     bureau_offset_s=float(offset) if offset else None),
            backlog=max(0, sum(counted[s] for s in ("waiting", "leased", "unknown", "carried")) - len(rows)),
            roster_version=int(outbox.get(db, "roster_version", "0")), software=kiosk.__version__, journal_tail=tuple(lines))
        # Record texts are put in as they were stored: what was digested at the save is what travels.
        plain = head.model_dump(mode="json")
        plain["records"] = [json.loads(row.content) for row in rows]
        signed = seal.sign_plain(protocol.canonical(plain), "batch", identity.keys.sign, identity.pins.kiosk_id)
        sealed = seal.encrypt(signed, identity.bureau_seal, identity.pins.bureau_id)
        packed = Packed(batch_id, seq, sealed, tuple(row.record_id for row in rows), lines[-1].seq if lines else 0)
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
    said = [outbox.Said(one.record_id, one.content_digest, one.verdict, one.reason) for one in receipt.verdicts]
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


class Delivery:
    """Carries out rounds for one kiosk, in one thread."""

    def __init__(self, settings: Sync, client: Client, run_in_store: RunInStore, *, clocks: Clocks | None = None,
                 on_moved: Callable[[outbox.Moved], None] | None = None, journal_tail: JournalTail | None = None,
                 stop: threading.Event | None = None) -> None:
        self._settings, self._client, self._run = settings, client, guarded(run_in_store)
        self._clocks = clocks or Clocks()
        self._on_moved = on_moved or (lambda moved: None)
        self._journal_tail = journal_tail
        self._stop = stop or threading.Event()

    def start(self) -> None:
        """The only sender of this kiosk starts: what a killed predecessor had on its way is unknown."""
        self._run(lambda store: outbox.expire_leases(store.db, self._clocks.utc(), everything=True))

    def round(self, batch_limit: int, *, by_hand: bool = False) -> Round:
        """Do one round. Never raises Failure: it is in the result. Raises StoreError (disk full), and then nothing is lost."""
        result = Round()
        try:
            self._contact()
            self._reconcile(result)
            while not self._stop.is_set() and self._send_batch(result, batch_limit, by_hand):
                pass
            self._hear(result)
        except Failure as failure:
            result.failure = failure
            if failure.trouble is Trouble.REVOKED:
                # By id: a kiosk that is registered anew, with other keys, is not meant.
                self._run(lambda store: outbox.put(store.db, "revoked", self._client.identity.pins.kiosk_id))
        result.more = result.failure is None and self._stop.is_set()
        return result

    def _contact(self) -> None:
        self._client.time()
        offset_s = self._client.offset.total_seconds() if self._client.offset is not None else 0.0
        at = outbox.iso(self._clocks.utc())

        def note(store: HasDatabase) -> None:
            with store.db.atomic():
                outbox.put(store.db, "bureau_offset_s", f"{offset_s:.3f}")
                outbox.put(store.db, "last_contact", at)
                outbox.expire_leases(store.db, self._clocks.utc())

        self._run(note)

    def _reconcile(self, result: Round) -> None:
        while not self._stop.is_set():
            ids = self._run(lambda store: outbox.unsettled(store.db, ASK_AT_ONCE))
            if not ids:
                return
            identity = self._client.identity
            question = protocol.Question(question_id=str(uuid.uuid4()), kiosk_id=identity.pins.kiosk_id, record_ids=tuple(ids))
            sealed = seal.encrypt(seal.sign(question, identity.keys.sign, identity.pins.kiosk_id), identity.bureau_seal,
                                  identity.pins.bureau_id)
            answer, signed = self._client.send("/v1/reconcile", sealed, protocol.Answer)
            if __debug__:
                failpoints.hit("sync.reconciled")
            named = {one.record_id for one in answer.known} | set(answer.unknown)
            if answer.question_id != question.question_id or named != set(ids):
                raise Failure(Trouble.FORGED, "other-question")
            said = [outbox.Said(one.record_id, one.content_digest, one.verdict, one.reason) for one in answer.known]
            moved = self._run(lambda store: outbox.settle(  # the loop's values are used before it turns
                store.db, question.question_id, "answer", signed, answer.answered_at, said, answer.unknown))  # noqa: B023
            left = set(self._run(lambda store: outbox.unsettled(store.db, ASK_AT_ONCE)))
            if left & {one.record_id for one in answer.known}:
                # The bureau has other content under our id: only sending it again brings a signed refusal.
                self._run(lambda store: outbox.release(store.db, left & {o.record_id for o in answer.known}))  # noqa: B023
            result.asked += len(ids)
            self._moved(result, moved)

    def _send_batch(self, result: Round, batch_limit: int, by_hand: bool) -> bool:
        """Send one batch; False when nothing is left to send now."""
        identity = self._client.identity

        def prepare(store: HasDatabase) -> Packed | None:
            rows = outbox.lease(store.db, self._clocks.utc(), batch_limit, ignore_next_try=by_hand and result.sent == 0)
            sent = int(outbox.get(store.db, "journal_sent", "0"))
            lines = self._journal_tail(store, sent, protocol.MAX_JOURNAL) if self._journal_tail is not None else []
            return pack(store, identity, rows, "network", self._clocks, lines) if rows or lines else None

        packed = self._run(prepare)
        if packed is None:
            return False
        if __debug__:
            failpoints.hit("sync.packed")
        try:
            receipt, signed = self._client.send("/v1/batches", packed.sealed, protocol.Receipt)
            if __debug__:
                failpoints.hit("sync.answered")
            moved = self._run(lambda store: self._apply(store.db, receipt, signed, packed))
        except Failure as failure:
            trouble = failure.trouble
            if failure.why == "malformed" and packed.journal_to:
                self._journal_tail = None   # a journal line must not hold up the records; the next start tries it again
            self._run(lambda store: self._failed(store.db, packed, trouble))
            raise
        result.sent += len(packed.record_ids)
        self._moved(result, moved)
        return True

    @staticmethod
    def _apply(db: Database, receipt: protocol.Receipt, signed: str, packed: Packed) -> list[outbox.Moved]:
        if receipt.batch_id != packed.batch_id:
            raise Failure(Trouble.FORGED, "other-batch")
        try:
            with db.atomic():
                moved = accept_receipt(db, receipt, signed)
                # A verdict about other content than ours settled nothing: ask again, do not forget.
                outbox.mark_unknown(db, packed.record_ids)
        except seal.Refused as error:
            raise Failure(Trouble.FORGED, error.why) from error
        return moved

    def _failed(self, db: Database, packed: Packed, trouble: Trouble) -> None:
        certain = trouble in (Trouble.UNREACHABLE, Trouble.TOO_LARGE, Trouble.REFUSED, Trouble.REVOKED)
        if not certain:
            outbox.mark_unknown(db, packed.record_ids)
            return
        next_try = None
        if trouble is Trouble.TOO_LARGE and len(packed.record_ids) == 1:
            # One record that is too large alone must not hold up the others.
            next_try = self._clocks.utc() + timedelta(seconds=self._settings.backoff_max_s)
        outbox.release(db, packed.record_ids, next_try)

    def _hear(self, result: Round) -> None:
        more = True
        while more and not self._stop.is_set():
            after = self._run(lambda store: int(outbox.get(store.db, "decisions_after", "0")))
            told = self._client.get_signed(f"/v1/decisions?after={after}", protocol.Decisions)
            if __debug__:
                failpoints.hit("sync.heard")
            try:
                moved = self._run(lambda store: accept_decisions(store.db, told))  # noqa: B023
            except seal.Refused as error:
                raise Failure(Trouble.FORGED, error.why) from error
            more = told.more and bool(moved or told.decisions)
            self._moved(result, moved)

    def send_evidence(self) -> bool:
        """Send one piece of consented evidence; False when there is none. Raises Failure."""
        row = self._run(lambda store: outbox.next_evidence(store.db))
        if row is None:
            return False
        import base64
        identity = self._client.identity
        document = protocol.Evidence(
            evidence_id=row["evidence_id"], kiosk_id=identity.pins.kiosk_id, record_id=row["record_id"],
            consent_id=row["consent_id"], media_type=row["media_type"], content=base64.b64encode(row["content"]).decode())
        sealed = seal.encrypt(seal.sign(document, identity.keys.sign, identity.pins.kiosk_id), identity.bureau_seal,
                              identity.pins.bureau_id)
        receipt, _ = self._client.send("/v1/evidence", sealed, protocol.EvidenceReceipt)
        if receipt.evidence_id != document.evidence_id or receipt.digest != protocol.digest(sealed):
            raise Failure(Trouble.FORGED, "other-batch")
        self._run(lambda store: outbox.settle_evidence(store.db, receipt.evidence_id, receipt.verdict, receipt.reason))
        return True

    def _moved(self, result: Round, moved: list[outbox.Moved]) -> None:
        result.moved += moved
        for one in moved:
            self._on_moved(one)
