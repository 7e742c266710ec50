"""Records on their way up, and the bureau's word on each: batch and receipt, question and answer, decisions."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from kiosk.domain.record import pass_key
from kiosk.sync.limits import MAX_DECISIONS, MAX_JOURNAL, MAX_RECORDS
from kiosk.sync.protocol.wire import Code, Count, Digest, Document, Id, Moment, Short, Text, Wire


class Clock(Wire):
    """`kiosk.domain.record.ClockEvidence` on the wire."""

    captured_at_utc: Moment
    monotonic_s: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    boot_id: Short
    high_water_utc: Moment | None = None
    suspect: bool = False
    confirmed_by: Short = ""


class Record(Wire):
    """`kiosk.domain.record.AuthenticationRecord` on the wire: verdict, codes, times and ids; never a picture or an embedding."""

    record_id: Id
    visit_id: Id
    station_id: Id
    person_id: Id
    benefit_id: Id
    policy_id: Id
    policy_period: Short
    channel: Code
    outcome: Literal["passed", "failed", "referred", "refused"]
    reason: Code
    clock: Clock
    identified_by: Code
    roster_version: Count
    author: Short = "self"
    consent_id: Short = ""
    actions: Annotated[tuple[Code, ...], Field(max_length=16)] = ()
    checks: Annotated[tuple[tuple[Code, Annotated[float, Field(allow_inf_nan=False)] | None, bool], ...], Field(max_length=32)] = ()
    model_digest: Annotated[str, Field(pattern=r"^[0-9a-f]{0,64}$")] = ""
    valid_from: date | None = None
    valid_to: date | None = None
    helper_name: Annotated[Short, Field(repr=False)] = ""
    helper_id_number: Annotated[Short, Field(repr=False)] = ""
    notes: Annotated[Text, Field(repr=False)] = ""
    answer_by: date | None = None

    @property
    def pass_key(self) -> str:
        """Key of the pass this record claims, equal on every kiosk."""
        return pass_key(self.person_id, self.benefit_id, self.policy_id, self.policy_period)


class JournalLine(Wire):
    """One line of the kiosk's hash-chained journal, as the kiosk wrote it; `body` is its JSON text."""

    seq: Count
    kind: Code
    digest: Digest
    body: Text
    signature: Short = ""
    key_id: Short = ""


class SendClock(Wire):
    """The kiosk's clocks when it sealed a document; `bureau_offset_s`: bureau minus kiosk, when it was ever measured."""

    sent_at_utc: Moment
    monotonic_s: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    boot_id: Short
    bureau_offset_s: Annotated[float, Field(allow_inf_nan=False)] | None = None


class BatchHead(Document):
    """A batch without its records. `seq` counts the kiosk's batches up by one; `backlog`: records still unsent after it."""

    kind: Literal["batch"] = "batch"
    batch_id: Id
    kiosk_id: Id
    seq: Annotated[int, Field(ge=1, le=2**53)]
    created_at: Moment
    way: Literal["network", "stick"] = "network"
    clock: SendClock
    backlog: Count = 0
    roster_version: Count = 0
    software: Short = ""
    believes: Short = ""  # id of the newest keys of the bureau that this kiosk would believe
    journal_tail: Annotated[tuple[JournalLine, ...], Field(max_length=MAX_JOURNAL)] = ()


class Batch(BatchHead):
    """Records on their way up."""

    records: Annotated[tuple[Record, ...], Field(min_length=0, max_length=MAX_RECORDS)]


class RawBatch(BatchHead):
    """A batch as the bureau opens it: a malformed record is refused alone, the others are taken."""

    records: Annotated[tuple[dict[str, Any], ...], Field(max_length=MAX_RECORDS)]


VerdictName = Literal["accepted", "duplicate", "duplicate-pass", "rejected"]


class Verdict(Wire):
    """The bureau's word on one record. All but `rejected` count as delivered; `reason` says why not."""

    record_id: Id
    content_digest: Digest
    verdict: VerdictName
    reason: Code = ""


class Receipt(Document):
    """Signed answer to one batch. `batch_digest`: of the sealed bytes that were received."""

    kind: Literal["receipt"] = "receipt"
    bureau_id: Id
    kiosk_id: Id
    batch_id: Id
    batch_digest: Digest
    received_at: Moment
    verdicts: Annotated[tuple[Verdict, ...], Field(max_length=MAX_RECORDS)]


class Question(Document):
    """Which of these records do you have? Asked before anything whose fate is unknown is sent again."""

    kind: Literal["question"] = "question"
    question_id: Id
    kiosk_id: Id
    record_ids: Annotated[tuple[Id, ...], Field(min_length=1, max_length=MAX_DECISIONS)]


class Answer(Document):
    """Signed answer to a Question: the records that are safely there, and those that never arrived."""

    kind: Literal["answer"] = "answer"
    bureau_id: Id
    kiosk_id: Id
    question_id: Id
    answered_at: Moment
    known: Annotated[tuple[Verdict, ...], Field(max_length=MAX_DECISIONS)]
    unknown: Annotated[tuple[Id, ...], Field(max_length=MAX_DECISIONS)]


class Decision(Wire):
    """What became of one received record: confirmed, or returned with a reason. `seq` counts up by one for each kiosk."""

    seq: Annotated[int, Field(ge=1)]
    record_id: Id
    decided: Literal["confirmed", "returned"]
    reason: Code = ""
    decided_at: Moment


class Decisions(Document):
    """Signed decisions after `after`, in order without gaps."""

    kind: Literal["decisions"] = "decisions"
    bureau_id: Id
    kiosk_id: Id
    after: Count
    decisions: Annotated[tuple[Decision, ...], Field(max_length=MAX_DECISIONS)]
    more: bool = False
