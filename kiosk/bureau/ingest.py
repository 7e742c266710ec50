"""Taking what kiosks send: batches, questions, evidence. Everything is idempotent; one transaction decides and signs.

The rules of the verdict: same id and same content -> duplicate; same id and other content -> rejected(conflict); a second pass for
the same pass key -> both attempts kept, one pass, duplicate-pass.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from pydantic import ValidationError
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from kiosk.bureau import counts, database, decisions, failpoints, passes, periods, reminders, standing, tables, visit_changes
from kiosk.bureau.context import BureauContext, utcnow
from kiosk.bureau.passes import HUMAN_REVIEW, NO_PASS
from kiosk.canonical import canonical
from kiosk.errors import KioskError
from kiosk.sync import json_bounds, limits, protocol, seal, suites
from kiosk.sync.suites import Suite

CLOCK_DOUBT = timedelta(days=1)  # ours: more difference than this changes the date that the rules look at
_LINE = {"seq", "kind", "digest", "body", "signature", "key_id"}
D = TypeVar("D", protocol.RawBatch, protocol.Question, protocol.Evidence, protocol.Resolve, protocol.LookUp, protocol.StationReport)


class Turned(KioskError):
    """A whole request was turned away: HTTP status and reason; `kiosk_id` when it is known for certain."""

    def __init__(self, status: int, why: str, kiosk_id: str = "") -> None:
        super().__init__(why)
        self.status, self.why, self.kiosk_id = status, why, kiosk_id


@dataclass(frozen=True, slots=True)
class _Judged:
    verdict: protocol.Verdict
    row: dict[str, Any] | None = None  # what to insert, when the record is well formed
    record: protocol.Record | None = None


def open_sealed(context: BureauContext, body: bytes, model: type[D]) -> tuple[D, str, BureauContext]:
    """Decrypt, find the signer, verify. Returns (document, kiosk id, the context under the kiosk's suite). Raises Turned."""
    context = context.under_claimed(body)
    try:
        compact = seal.decrypt(body, context.keys.seal, context.bureau_id)
        claimed = seal.signer_of(compact)
        with context.session.begin() as session:
            kiosk = session.get(tables.Kiosk, claimed)
        if kiosk is None:
            raise Turned(401, "unknown-kiosk")
        key = seal.verify_key(protocol.PublicKeys(sign=kiosk.sign_key, seal=kiosk.seal_key))
        if kiosk.suite != context.suite.name or suites.of(key) is not context.suite:
            raise seal.Refused("other-suite")  # sealed under one, signed by a kiosk of another
        document = seal.verify(compact, key, claimed, model)
    except seal.Refused as error:
        raise Turned(413 if error.why == "too-large" else 400, error.why) from error
    if document.kiosk_id != claimed:
        raise Turned(403, "wrong-signer", claimed)
    if kiosk.revoked_at is not None:
        raise Turned(403, "revoked", claimed)
    return (
        document,
        claimed,
        context.towards((document.believes if isinstance(document, protocol.RawBatch) else "") or kiosk.bureau_id),
    )


def take_batch(context: BureauContext, body: bytes) -> str:
    """Take one sealed batch; return the signed receipt (the same one for the same bytes). Raises Turned."""
    batch, kiosk_id, context = open_sealed(context, body, protocol.RawBatch)
    sealed_digest = context.suite.digest(body)
    now = utcnow()
    with context.session.begin() as session:
        kiosk = database.lock_kiosk(session, kiosk_id)
        if kiosk is None:
            raise Turned(401, "unknown-kiosk")
        failpoints.hit("ingest")
        known = session.get(tables.Batch, batch.batch_id)
        if known is not None:
            if known.digest != sealed_digest or known.kiosk_id != kiosk_id:
                raise Turned(409, "batch-conflict", kiosk_id)
            return known.receipt
        standing.look(session, kiosk, batch, sealed_digest, now)
        verdicts = tuple(_judge(session, context.suite, kiosk, batch, now, context.settings.auto_confirm))
        receipt = context.sign(
            protocol.Receipt(
                bureau_id=context.bureau_id,
                kiosk_id=kiosk_id,
                batch_id=batch.batch_id,
                batch_digest=sealed_digest,
                received_at=now,
                verdicts=verdicts,
            )
        )
        session.add(
            tables.Batch(
                batch_id=batch.batch_id,
                kiosk_id=kiosk_id,
                seq=batch.seq,
                digest=sealed_digest,
                received_at=now,
                records=len(batch.records),
                receipt=receipt,
            )
        )
        _note_contact(kiosk, batch, now)
        _keep_journal(session, kiosk_id, batch.journal_tail, now)
        _note_refused_parts(kiosk, batch.journal_tail)
        reminders.note_calls(session, kiosk, batch.journal_tail, now)
        visit_changes.note(session, kiosk, batch.journal_tail, now)
        doubles = [one.record_id for one in verdicts if one.verdict == "duplicate"]
        if doubles:
            decisions.note_carrier(session, kiosk, doubles)
        session.flush()
        failpoints.hit("before-commit")
    failpoints.hit("after-commit")
    return receipt


def _note_contact(kiosk: tables.Kiosk, batch: protocol.RawBatch, now: datetime) -> None:
    if batch.seq > kiosk.last_seq or batch.way == "network":  # a stick comes late: the newest speaks; the network is now
        kiosk.last_seq, kiosk.backlog = max(batch.seq, kiosk.last_seq), batch.backlog
        kiosk.roster_version, kiosk.software = batch.roster_version, batch.software
        if batch.believes:
            kiosk.bureau_id, kiosk.follows_keys = batch.believes[:128], True
    if batch.way == "network":
        kiosk.last_contact = now
        kiosk.clock_offset_s = (now - batch.clock.sent_at_utc).total_seconds()


def _judge(
    session: Session, suite: Suite, kiosk: tables.Kiosk, batch: protocol.RawBatch, now: datetime, rule: bool
) -> list[protocol.Verdict]:
    """Judge all records of a batch and write them, in a few statements whatever their number. rule: confirm what needs no clerk."""
    first = [_well_formed(suite, kiosk, batch, content, now) for content in batch.records]
    rows: dict[str, dict[str, Any]] = {}
    renamed = periods.keys_today(session, [one.record for one in first if one.record is not None])
    for one in first:
        if one.row is not None:
            one.row["pass_key"] = renamed.get(one.row["record_id"], one.row["pass_key"])
            rows.setdefault(one.row["record_id"], one.row)
    # By their text: what came under another suite has another digest.
    texts = {key: hashlib.sha256(row["content"].encode()).hexdigest() for key, row in rows.items()}
    ids = [{"record_id": key, "content_digest": texts[key], "received_at": now} for key in sorted(rows)]
    fresh = database.insert_new(session, tables.RecordId, ids)
    known = select(tables.RecordId.record_id, tables.RecordId.content_digest).where(
        tables.RecordId.record_id.in_(set(rows) - fresh)
    )
    stored = dict(session.execute(known).all()) if set(rows) - fresh else {}
    claims: dict[str, str] = {}
    for key in sorted(fresh):
        if _claims_pass(rows[key]):
            claims.setdefault(rows[key]["pass_key"], key)
    won = database.insert_new(
        session, tables.Pass, [{"pass_key": key, "record_id": claims[key], "created_at": now} for key in sorted(claims)]
    )
    for key in fresh:
        row = rows[key]
        if _claims_pass(row) and (row["pass_key"] not in won or claims[row["pass_key"]] != key):
            row["verdict"] = "duplicate-pass"
    _write(session, kiosk, [rows[key] for key in sorted(fresh)], len(won), now, rule)
    out: list[protocol.Verdict] = []
    for one in first:
        if one.row is None:
            out.append(one.verdict)
            continue
        record_id, content = one.row["record_id"], one.row["content"]
        if record_id in fresh and content == rows[record_id]["content"]:
            fresh.discard(record_id)  # a second copy within this batch is a duplicate of the first
            verdict: protocol.VerdictName = "duplicate-pass" if rows[record_id]["verdict"] == "duplicate-pass" else "accepted"
        elif hashlib.sha256(content.encode()).hexdigest() == stored.get(record_id, texts[record_id]):
            verdict = "duplicate"
        else:
            out.append(one.verdict.model_copy(update={"verdict": "rejected", "reason": "conflict"}))
            continue
        out.append(one.verdict.model_copy(update={"verdict": verdict}))
    return out


def _write(session: Session, kiosk: tables.Kiosk, rows: list[dict[str, Any]], passes_won: int, now: datetime, rule: bool) -> None:
    """Write fresh records, and what the rule decides about them; count them."""
    decided = decisions.by_rule(kiosk, rows, now) if rule else []
    if rows:
        session.execute(insert(counts.table_of(tables.Record)), rows)
    if decided:
        session.execute(insert(counts.table_of(tables.Decision)), decided)
    told = Counter(counts.verdict_name(row["verdict"], row["decision"]) for row in rows)
    counts.add(session, told + Counter({counts.BATCHES: 1, counts.PASSES: passes_won}))
    # A confirmed attempt takes the pass from an undecided one that came before it.
    late = [row["record_id"] for row in rows if row["verdict"] == "duplicate-pass" and row["decision"] == "confirmed"]
    if late:
        query = select(tables.Record).where(tables.Record.record_id.in_(late)).order_by(tables.Record.pass_key)
        for loser in session.scalars(query).all():
            passes.settle(session, loser, now)


def _claims_pass(row: dict[str, Any]) -> bool:
    # Enrolments and declarations end well without certifying anything.
    return row["outcome"] == "passed" and row["channel"] not in NO_PASS


def _well_formed(suite: Suite, kiosk: tables.Kiosk, batch: protocol.RawBatch, content: dict[str, Any], now: datetime) -> _Judged:
    plain = b""
    try:
        plain = canonical(content)
        record = protocol.Record.model_validate(content)
    except (ValueError, RecursionError):  # also of half a surrogate pair, which no text has
        return _Judged(_refusal(suite, content, plain, "malformed"))
    if record.station_id != kiosk.station_id:
        return _Judged(_refusal(suite, content, plain, "wrong-station"))
    corrected = _corrected(batch, record, now)
    captured = record.clock.captured_at_utc
    doubtful = record.clock.suspect or (corrected is not None and abs(corrected - captured) > CLOCK_DOUBT)
    verdict = protocol.Verdict(record_id=record.record_id, content_digest=suite.digest(plain), verdict="accepted")
    return _Judged(
        verdict,
        {
            "record_id": record.record_id,
            "kiosk_id": kiosk.kiosk_id,
            "batch_id": batch.batch_id,
            "content_digest": verdict.content_digest,
            "content": plain.decode(),
            "person_id": record.person_id,
            "pass_key": record.pass_key,
            "channel": record.channel,
            "outcome": record.outcome,
            "reason": record.reason,
            "captured_at": captured,
            "corrected_at": corrected,
            "clock_suspect": doubtful,
            "received_at": now,
            "verdict": "accepted",
            "decision": "",
            "decision_reason": "",
            "answer_by": record.answer_by if record.channel == HUMAN_REVIEW else None,
        },
        record,
    )


def _refusal(suite: Suite, content: dict[str, Any], plain: bytes, why: str) -> protocol.Verdict:
    record_id = content.get("record_id")
    try:
        return protocol.Verdict(record_id=str(record_id), content_digest=suite.digest(plain), verdict="rejected", reason=why)
    except ValidationError:
        return protocol.Verdict(record_id="unnamed", content_digest=suite.digest(plain), verdict="rejected", reason=why)


def _corrected(batch: protocol.RawBatch, record: protocol.Record, now: datetime) -> datetime | None:
    """When the record was really made, as far as the kiosk's monotonic clock of the same boot can say; None when it cannot."""
    if batch.way != "network" or record.clock.boot_id != batch.clock.boot_id or not record.clock.boot_id:
        return None
    age_s = batch.clock.monotonic_s - record.clock.monotonic_s
    return now - timedelta(seconds=age_s) if 0 <= age_s < 366 * 86400 else None


def _keep_journal(session: Session, kiosk_id: str, lines: Sequence[protocol.JournalLine], now: datetime) -> None:
    """Keep lines that are not here yet. The kiosk's row is locked: nobody else writes lines of it meanwhile."""
    if not lines:
        return
    line_rows = select(tables.JournalLine).where(
        tables.JournalLine.kiosk_id == kiosk_id, tables.JournalLine.seq.in_({line.seq for line in lines})
    )
    kept = {row.seq: row for row in session.scalars(line_rows)}
    new: dict[int, protocol.JournalLine] = {}
    conflicts = 0
    for line in lines:
        before = kept.get(line.seq)
        if before is None:
            new.setdefault(line.seq, line)
        elif before.digest != line.digest and not before.conflict:
            before.conflict = line.model_dump_json()
            conflicts += 1
    if new:
        given = [
            {**line.model_dump(include=_LINE), "kiosk_id": kiosk_id, "conflict": "", "received_at": now} for line in new.values()
        ]
        session.execute(insert(counts.table_of(tables.JournalLine)), given)
    counts.add(session, {counts.CONFLICTS: conflicts})


def _note_refused_parts(kiosk: tables.Kiosk, lines: Sequence[protocol.JournalLine]) -> None:
    """Keep what a kiosk says of its bundle: a version that cannot follow is named on the clerks' page."""
    for line in lines:
        if line.kind != "bundle-parts-refused":
            continue
        try:
            data = json_bounds.parse(line.body.encode())["data"]
            parts = [str(one)[:150] for one in data["parts"]][:8]
            kiosk.cannot_follow = f"{int(data['version'])}: {'; '.join(parts)}" if parts else ""
        except (ValueError, KeyError, TypeError, OverflowError):
            continue  # kept as a line of its journal all the same


def answer(context: BureauContext, body: bytes) -> str:
    """Say which records are here; return the signed answer. Raises Turned."""
    question, kiosk_id, context = open_sealed(context, body, protocol.Question)
    now = utcnow()
    with context.session.begin() as session:
        # The kiosk's row is locked first: a batch of this kiosk that is just being committed must be waited for, not missed.
        kiosk = database.lock_kiosk(session, kiosk_id)
        if kiosk is not None:
            kiosk.last_contact = now
        found = {
            row.record_id: row
            for row in session.scalars(select(tables.Record).where(tables.Record.record_id.in_(question.record_ids)))
        }
        if kiosk is not None:
            decisions.note_carrier(session, kiosk, found)
    known = tuple(
        protocol.Verdict(
            record_id=row.record_id,
            content_digest=context.suite.digest(row.content.encode()),
            verdict="duplicate-pass" if row.verdict == "duplicate-pass" else "accepted",
        )
        for row in found.values()
    )
    asked = dict.fromkeys(question.record_ids)
    return context.sign(
        protocol.Answer(
            bureau_id=context.bureau_id,
            kiosk_id=kiosk_id,
            question_id=question.question_id,
            answered_at=now,
            known=known,
            unknown=tuple(record_id for record_id in asked if record_id not in found),
        )
    )


def _has(session: Session, kiosk_id: str, record: tables.Record) -> bool:
    """True for whoever sent the record first, and for a kiosk that sent it too: either may be the one that made it."""
    return record.kiosk_id == kiosk_id or session.get(tables.Carrier, (kiosk_id, record.record_id)) is not None


def take_evidence(context: BureauContext, body: bytes) -> str:
    """Take evidence for human review; return the signed receipt. Evidence for a record that is not here is refused."""
    return take_carried_evidence(context, body)[0]


def take_carried_evidence(context: BureauContext, body: bytes) -> tuple[str, bool]:
    """Take evidence; return the signed receipt and whether it was accepted: on a stick only that is told."""
    evidence, kiosk_id, context = open_sealed(context, body, protocol.Evidence)
    now, reason, content = utcnow(), "", b""
    try:
        content = base64.b64decode(evidence.content, validate=True)
    except (binascii.Error, ValueError):
        reason = "malformed"
    if len(content) > limits.MAX_EVIDENCE:
        reason = "too-large"
    with context.session.begin() as session:
        database.lock_kiosk(session, kiosk_id)
        record = session.get(tables.Record, evidence.record_id)
        if not reason and (record is None or not _has(session, kiosk_id, record)):
            reason = "unknown-record"
        if not reason:
            fresh = database.insert_new(
                session,
                tables.Evidence,
                [
                    {
                        "evidence_id": evidence.evidence_id,
                        "kiosk_id": kiosk_id,
                        "record_id": evidence.record_id,
                        "consent_id": evidence.consent_id,
                        "media_type": evidence.media_type,
                        "digest": context.suite.digest(content),
                        "content": content,
                        "received_at": now,
                    }
                ],
            )
            kept = None if fresh else session.get_one(tables.Evidence, evidence.evidence_id)
            if kept is not None and (kept.record_id, kept.content) != (evidence.record_id, content):
                reason = "conflict"  # the kiosk erases what was accepted: it must be this, and no other
    receipt = context.sign(
        protocol.EvidenceReceipt(
            bureau_id=context.bureau_id,
            kiosk_id=kiosk_id,
            evidence_id=evidence.evidence_id,
            digest=context.suite.digest(body),
            verdict="rejected" if reason else "accepted",
            reason=reason,
        )
    )
    return receipt, not reason
