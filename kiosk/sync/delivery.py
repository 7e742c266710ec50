"""One round with the bureau: ask what became of the unknown, send what waits, hear what was decided. Used by `worker` and commands.

The store is reached through `run_in_store` alone, each call one short transaction; no transaction is open while the network is. The
first failure ends the round. Everything is written down before it leaves, so that a kill at any moment loses nothing.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlite_utils import Database

from kiosk import failpoints
from kiosk.config import Sync
from kiosk.store import evidence_files, outbox, review_evidence
from kiosk.store.engine import journal
from kiosk.store.engine.database import Store
from kiosk.sync import evidence, limits, protocol, registration, remote_settings, reports, seal, standing
from kiosk.sync.batches import (
    Clocks,
    JournalTail,
    Packed,
    RunInStore,
    accept_decisions,
    accept_receipt,
    guarded,
    journal_lines,
    pack,
    reserve,
)
from kiosk.sync.client import Client, Failure
from kiosk.sync.schedule import Trouble

__all__ = [
    "Clocks",
    "Delivery",
    "JournalTail",
    "Round",
    "RunInStore",
    "accept_decisions",
    "accept_receipt",
    "guarded",
    "journal_lines",
    "pack",
]
log = logging.getLogger(__name__)
ASK_AT_ONCE = 200


@dataclass(slots=True)
class Round:
    """What one round did."""

    sent: int = 0
    asked: int = 0
    moved: list[outbox.Moved] = field(default_factory=list)
    failure: Failure | None = None
    more: bool = False


class Delivery:
    """Carries out rounds for one kiosk, in one thread."""

    def __init__(
        self,
        settings: Sync,
        client: Client,
        run_in_store: RunInStore,
        *,
        clocks: Clocks | None = None,
        on_moved: Callable[[outbox.Moved], None] | None = None,
        journal_tail: JournalTail | None = None,
        stop: threading.Event | None = None,
        gather: reports.Gather | None = None,
    ) -> None:
        """gather: what is reported of the station itself; None: nothing is."""
        self._settings, self._client, self._run = settings, client, guarded(run_in_store)
        self._clocks = clocks or Clocks()
        self._on_moved = on_moved or (lambda moved: None)
        self._journal_tail = journal_tail
        self._stop = stop or threading.Event()
        self._gather = gather

    def start(self) -> None:
        """The only sender of this kiosk starts: what a killed predecessor had on its way is unknown."""
        self._run(lambda store: outbox.expire_leases(store.db, self._clocks.utc(), everything=True))

    def round(self, batch_limit: int, *, by_hand: bool = False) -> Round:
        """Do one round. Never raises Failure: it is in the result. Raises StoreError (disk full), and then nothing is lost."""
        result = Round()
        try:
            self._contact()
            self._ask_again()
            self._reconcile(result)
            if not self._stop.is_set():
                self._send_batches(result, batch_limit, by_hand)
            self._hear(result)
            self._ask_standing()
            self._report()
        except Failure as failure:
            result.failure = failure
            if failure.trouble is Trouble.REVOKED:
                # By id: a kiosk that is registered anew, with other keys, is not meant.
                self._run(lambda store: outbox.put(store.db, "revoked", self._client.identity.pins.kiosk_id))
        result.more = result.failure is None and self._stop.is_set()
        return result

    def _contact(self) -> None:
        self._client.refresh()
        self._client.time()
        offset_s = self._client.offset.total_seconds() if self._client.offset is not None else 0.0
        at = outbox.iso(self._clocks.utc())

        def note(store: Store) -> None:
            registration.follow(store, self._client.identity, self._clocks.utc())
            with store.db.atomic():
                outbox.put(store.db, "bureau_offset_s", f"{offset_s:.3f}")
                outbox.put(store.db, "last_contact", at)
                outbox.expire_leases(store.db, self._clocks.utc())

        self._run(note)

    def _ask_again(self) -> None:
        """Registered anew: the bureau is asked about what it has from our other id, and so tells this id of its decisions."""
        while not self._stop.is_set():
            ids = self._run(lambda store: registration.to_ask(store.db, ASK_AT_ONCE))
            if ids:
                self._question(ids)
            self._run(lambda store: registration.asked(store.db, ids))  # noqa: B023
            if not ids:
                return

    def _question(self, ids: list[str]) -> tuple[protocol.Answer, str, str]:
        """Ask the bureau about records; return its answer, the same signed, and the question's id. Raises Failure."""
        identity = self._client.identity
        question = protocol.Question(question_id=str(uuid.uuid4()), kiosk_id=identity.pins.kiosk_id, record_ids=tuple(ids))
        sealed = seal.encrypt(
            seal.sign(question, identity.keys.sign, identity.pins.kiosk_id), identity.bureau_seal, identity.pins.bureau_id
        )
        answer, signed = self._client.send("/v1/reconcile", sealed, protocol.Answer)
        if __debug__:
            failpoints.hit("sync.reconciled")
        named = {one.record_id for one in answer.known} | set(answer.unknown)
        if answer.question_id != question.question_id or named != set(ids):
            raise Failure(Trouble.FORGED, "other-question")
        return answer, signed, question.question_id

    def _reconcile(self, result: Round) -> None:
        while not self._stop.is_set():
            ids = self._run(lambda store: outbox.unsettled(store.db, ASK_AT_ONCE))
            if not ids:
                return
            answer, signed, asked = self._question(ids)
            said = [outbox.RecordVerdict(one.record_id, one.content_digest, one.verdict, one.reason) for one in answer.known]
            known, missing, at = said, answer.unknown, answer.answered_at

            def settle(
                store: Store,
                question_id: str = asked,
                signed: str = signed,
                at: datetime = at,
                known: list[outbox.RecordVerdict] = known,
                missing: Iterable[str] = missing,
            ) -> list[outbox.Moved]:
                return outbox.settle(store.db, question_id, "answer", signed, at, known, missing)

            moved = self._run(settle)
            left = set(self._run(lambda store: outbox.unsettled(store.db, ASK_AT_ONCE)))
            if left & {one.record_id for one in answer.known}:
                # The bureau has other content under our id: only sending it again brings a signed refusal.
                self._run(lambda store: outbox.release(store.db, left & {o.record_id for o in answer.known}))  # noqa: B023
            result.asked += len(ids)
            self._moved(result, moved)

    def _send_batches(self, result: Round, batch_limit: int, by_hand: bool) -> None:
        """Send batch after batch. What one receipt says and the next batch are written down in the same transaction: one fsync."""
        packed = self._run(lambda store: self._prepare(store, batch_limit, by_hand))
        while packed is not None:
            sent = packed
            if __debug__:
                failpoints.hit("sync.packed")
            try:
                receipt, signed = self._client.send("/v1/batches", sent.sealed, protocol.Receipt)
                if __debug__:
                    failpoints.hit("sync.answered")
                moved, packed = self._run(lambda store: self._apply(store, receipt, signed, sent, batch_limit))  # noqa: B023
            except Failure as failure:
                trouble = failure.trouble
                if failure.why == "malformed" and sent.journal_to:
                    self._journal_tail = None  # a journal line must not hold up the records; the next start tries it again
                self._run(lambda store: self._failed(store.db, sent, trouble))  # noqa: B023
                raise
            result.sent += len(sent.record_ids)
            self._moved(result, moved)

    def _prepare(self, store: Store, batch_limit: int, by_hand: bool = False) -> Packed | None:
        """Lease rows and pack them, in one transaction; None when nothing waits. Raises Failure: too large together."""
        try:
            with store.transaction():
                rows = outbox.lease(store.db, self._clocks.utc(), batch_limit, ignore_next_try=by_hand)
                sent = int(outbox.get(store.db, "journal_sent", "0"))
                lines = self._journal_tail(store, sent, limits.MAX_JOURNAL) if self._journal_tail is not None else []
                if not rows and not lines:
                    return None
                if reserve(store, self._clocks.utc()) and self._journal_tail is not None:
                    lines = self._journal_tail(store, sent, limits.MAX_JOURNAL)
                return pack(store, self._client.identity, rows, "network", self._clocks, lines)
        except seal.Refused as error:
            if len(rows) == 1:  # this one alone: behind the others, and told
                later = self._clocks.utc() + timedelta(seconds=self._settings.backoff_max_s)
                with store.transaction() as db:
                    outbox.turn_away(db, rows[0].record_id, later, "malformed")
            raise Failure(Trouble.TOO_LARGE, error.why) from error

    def _apply(
        self, store: Store, receipt: protocol.Receipt, signed: str, packed: Packed, batch_limit: int
    ) -> tuple[list[outbox.Moved], Packed | None]:
        if receipt.batch_id != packed.batch_id:
            raise Failure(Trouble.FORGED, "other-batch")
        try:
            with store.transaction():
                moved = accept_receipt(store.db, receipt, signed)
                # A verdict about other content than ours settled nothing: ask again, do not forget.
                outbox.mark_unknown(store.db, packed.record_ids)
                return moved, None if self._stop.is_set() else self._prepare(store, batch_limit)
        except seal.Refused as error:
            raise Failure(Trouble.FORGED, error.why) from error

    def _failed(self, db: Database, packed: Packed, trouble: Trouble) -> None:
        certain = trouble in (Trouble.UNREACHABLE, Trouble.TOO_LARGE, Trouble.REFUSED, Trouble.REVOKED)
        if not certain:
            outbox.mark_unknown(db, packed.record_ids)
            return
        if trouble in (Trouble.TOO_LARGE, Trouble.REFUSED) and len(packed.record_ids) == 1:
            # One record that the bureau turns away alone must not hold up the others: it goes behind them, and is told.
            later = self._clocks.utc() + timedelta(seconds=self._settings.backoff_max_s)
            outbox.release(db, packed.record_ids, later, "malformed")
            return
        outbox.release(db, packed.record_ids)

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

    def _ask_standing(self) -> None:
        if self._stop.is_set():
            return
        try:
            told = self._client.get_signed("/v1/standing", protocol.Standing)
        except Failure as failure:
            if failure.why == "http-404":  # a bureau one version back, which does not look for twins
                return
            raise
        try:
            self._run(lambda store: standing.take(store, told, self._clocks.utc()))
        except seal.Refused as error:
            raise Failure(Trouble.FORGED, error.why) from error

    def _report(self) -> None:
        if self._gather is None or self._stop.is_set():
            return
        try:
            report = reports.due(self._run, self._client.identity, self._gather, self._clocks.utc())
        except (OSError, ValueError) as error:  # what a device or a file said cannot be told: it holds up nothing
            log.warning("no report", extra={"code": type(error).__name__})
            return
        if report is None:
            return
        try:
            receipt, _ = self._client.send("/v1/report", report.sealed, protocol.ReportReceipt)
        except Failure as failure:
            if failure.why in ("http-404", "http-405"):  # a bureau one version back, which asks for none
                return
            raise
        if receipt.digest != self._client.identity.suite.digest(report.sealed):
            raise Failure(Trouble.FORGED, "other-report")
        reports.received(self._run, report, self._clocks.utc())
        self._run(lambda store: remote_settings.reported(store, self._clocks.utc()))

    def send_evidence(self) -> bool:
        """Send one piece of consented evidence; False when there is none. One that is turned away goes behind. Raises Failure."""
        row = self._run(lambda store: review_evidence.following(store.db, self._clocks.utc()))
        if row is None:
            return False
        sealed = evidence.sealed(self._client.identity, row)
        if sealed is None:
            return self._evidence_behind(row, "too-large")
        try:
            receipt, _ = self._client.send("/v1/evidence", sealed, protocol.EvidenceReceipt)
        except Failure as failure:
            if failure.trouble in (Trouble.TOO_LARGE, Trouble.REFUSED):
                return self._evidence_behind(row, failure.why or failure.trouble.value)
            raise
        if receipt.evidence_id != row["evidence_id"] or receipt.digest != self._client.identity.suite.digest(sealed):
            raise Failure(Trouble.FORGED, "other-batch")

        def settle(store: Store) -> None:
            review_evidence.settle(store.db, receipt.evidence_id, receipt.verdict, receipt.reason)
            evidence_files.keep_up(store)

        self._run(settle)
        return True

    def _evidence_behind(self, row: dict[str, Any], why: str) -> bool:
        later = self._clocks.utc() + timedelta(seconds=self._settings.backoff_max_s)

        def note(store: Store) -> None:
            with store.transaction() as db:
                review_evidence.put_behind(db, row["evidence_id"], later, why)
                if row["reason"] != why:
                    data = {"evidence": row["evidence_id"], "record": row["record_id"], "why": why}
                    journal.append(store, "evidence-turned-away", data, self._clocks.utc())

        self._run(note)
        return True

    def _moved(self, result: Round, moved: list[outbox.Moved]) -> None:
        result.moved += moved
        for one in moved:
            self._on_moved(one)
