"""The wire between kiosk and bureau, both ends: versioned documents, their limits, their JSON Schema.

Everything here travels signed (`seal.py`); batches, questions and roster manifests are encrypted besides. Imported by
`sync`, `bureau`, `store.outbox`. A field is never renamed or given another meaning: a new meaning is a new schema version. A new
optional field may come with a newer version of the program: whoever does not know it keeps it and goes on.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from kiosk.domain.record import pass_key
from kiosk.sync.limits import (
    MAX_DECISIONS,
    MAX_EVIDENCE_TEXT,
    MAX_JOURNAL,
    MAX_LOAN,
    MAX_MESSAGES,
    MAX_PEERS,
    MAX_POLICIES,
    MAX_POLICY_TEXT,
    MAX_RECORDS,
    MAX_RETURN,
    MAX_REVOKED,
    MAX_STAFF,
)

# 2: canonical JSON is RFC 8785 (kiosk.canonical); 1 wrote numbers as Python does.
SCHEMA_VERSION = 2
MEDIA_TYPE = "application/jose"  # RFC 7515, 9.2: compact serialization


def _plausible(at: datetime) -> datetime:
    # A dead clock battery says 1970 and must be accepted as evidence; what lies outside cannot come from a kiosk.
    if not 1970 <= at.year <= 2200:
        raise ValueError("year out of range")
    return at.astimezone(UTC)


# Ids travel in URLs, file names and indices; NUL and control characters are refused (PostgreSQL has no NUL).
Id = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@+/=-]{0,127}$")]
Code = Annotated[str, Field(max_length=64, pattern=r"^[a-z0-9_-]*$")]
Text = Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")]
Short = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f]*$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Moment = Annotated[AwareDatetime, AfterValidator(_plausible)]
Count = Annotated[int, Field(ge=0, le=2**53)]


class Wire(BaseModel):
    """A document or a part of one: immutable; a key that only a newer version knows is kept as it came."""

    model_config = ConfigDict(extra="allow", frozen=True, ser_json_inf_nan="null")


class Asked(BaseModel):
    """What a person or a program of ours hands in here: an unknown key is a mistake, and refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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


class Document(Wire):
    """What every signed document names."""

    schema_version: Literal[2] = 2


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
    """Signed answer to one batch. `batch_digest`: SHA-256 of the sealed bytes that were received."""

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


class RosterManifest(Document):
    """Signed, then sealed to one kiosk: what a roster file is, and the key that opens it.

    The file itself is the same for every kiosk: zstd-compressed lines of JSON, encrypted in chunks (`seal.py`), fetched by
    its digest with HTTP ranges or copied from a stick. `base_version` None: a snapshot; else the version a delta builds on.
    """

    kind: Literal["roster"] = "roster"
    bureau_id: Id
    kiosk_id: Id
    version: Annotated[int, Field(ge=1)]
    base_version: Count | None = None
    created_at: Moment
    digest: Digest  # SHA-256 of the encrypted file
    size: Count  # bytes of the encrypted file
    plain_size: Count  # bytes after decryption and decompression
    lines: Count
    file_key: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$", repr=False)]  # base64url, 32 bytes


class Message(Wire):
    """A message of the bureau for the station's attendants."""

    message_id: Id
    text: Text
    created_at: Moment
    until: Moment | None = None


class PublicKeys(Wire):
    """Ed25519 and X25519 public keys, base64url of 32 bytes each."""

    sign: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]
    seal: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]


class Peer(Wire):
    """Another kiosk of the same station that is not revoked: home-visit lists may be exchanged with it."""

    kiosk_id: Id
    name: Short
    keys: PublicKeys


StaffRow = dict[str, str | int | bool | None]
Policies = Annotated[dict[Id, Annotated[str, Field(max_length=MAX_POLICY_TEXT)]], Field(max_length=MAX_POLICIES)]
Staff = Annotated[tuple[StaffRow, ...], Field(max_length=MAX_STAFF)]
Revoked = Annotated[tuple[Id, ...], Field(max_length=MAX_REVOKED)]


class BundleHead(Document):
    """A bundle without its parts."""

    kind: Literal["bundle"] = "bundle"
    bureau_id: Id
    kiosk_id: Id
    version: Annotated[int, Field(ge=1)]
    created_at: Moment


class Bundle(BundleHead):
    """Signed, then sealed to one kiosk: everything small that comes down. `staff` rows are the store's (argon2id PIN hashes)."""

    policies: Policies = {}
    staff: Staff = ()
    revoked_staff: Revoked = ()
    revoked_keys: Revoked = ()
    messages: Annotated[tuple[Message, ...], Field(max_length=MAX_MESSAGES)] = ()
    peers: Annotated[tuple[Peer, ...], Field(max_length=MAX_PEERS)] = ()


class RawBundle(BundleHead):
    """A bundle as a kiosk opens it: a part that it does not understand is refused alone, the others are taken."""

    policies: Any = {}
    staff: Any = ()
    revoked_staff: Any = ()
    messages: Any = ()
    peers: Any = ()


MediaType = Literal["image/jpeg", "image/png", "application/pdf", "text/plain"]


class Evidence(Document):
    """Evidence for human review (送人工复核). Travels only with the person's own consent, after its record was received."""

    kind: Literal["evidence"] = "evidence"
    evidence_id: Id
    kiosk_id: Id
    record_id: Id
    consent_id: Annotated[Id, Field(min_length=1)]
    media_type: MediaType
    content: Annotated[str, Field(max_length=MAX_EVIDENCE_TEXT, repr=False)]  # base64


class EvidenceReceipt(Document):
    """Signed: the evidence is there, or refused with a reason."""

    kind: Literal["evidence-receipt"] = "evidence-receipt"
    bureau_id: Id
    kiosk_id: Id
    evidence_id: Id
    digest: Digest
    verdict: Literal["accepted", "rejected"]
    reason: Code = ""


class TimeAnswer(Document):
    """Signed time of the bureau; `nonce` echoes the question, so that an old answer cannot be played back."""

    kind: Literal["time"] = "time"
    bureau_id: Id
    nonce: Id
    now: Moment


class Standing(Document):
    """Signed: what the bureau thinks of this kiosk itself. `twin`: two machines seem to work under its key, or it was restored from
    an older copy; self-service there waits until a clerk has looked into it. `about` names the finding, to be quoted to the bureau.
    """

    kind: Literal["standing"] = "standing"
    bureau_id: Id
    kiosk_id: Id
    at: Moment
    state: Literal["good", "twin"]
    why: Code = ""
    about: Short = ""
    since: Moment | None = None


class Problem(Document):
    """Signed refusal of a whole request. `about`: SHA-256 of the body that was refused, or of the empty body."""

    kind: Literal["problem"] = "problem"
    bureau_id: Id
    kiosk_id: Short = ""
    about: Digest
    reason: Code
    at: Moment


class Token(Document):
    """Signed by the kiosk, in the Authorization header of a GET; `at` is the bureau's time as the kiosk knows it."""

    kind: Literal["token"] = "token"
    kiosk_id: Id
    method: Literal["GET"]
    path: Annotated[str, Field(max_length=300)]
    at: Moment


class Enrolment(Document):
    """Signed by the new kiosk's own key: who it is, and the one-time code. Sent in clear below TLS, the code being secret."""

    kind: Literal["enrolment"] = "enrolment"
    secret: Annotated[str, Field(pattern=r"^[A-Z2-7]{10}$", repr=False)]
    station_id: Id
    name: Short
    keys: PublicKeys


class Enrolled(Document):
    """Signed by the bureau: the kiosk's id, and the bureau's keys to pin (their fingerprint is in the code)."""

    kind: Literal["enrolled"] = "enrolled"
    bureau_id: Id
    kiosk_id: Id
    keys: PublicKeys
    kiosk_keys: PublicKeys
    at: Moment


LoanId = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]  # stands in file names


class LentPerson(Wire):
    """One person of a home-visit list. `line`: the roster's line (`store.roster_format`) without its template."""

    person_id: Id
    line: Annotated[str, Field(max_length=8000, repr=False)]
    booked_at: Moment
    booked_by: Short
    note: Code = ""


class HomeLoan(Document):
    """Signed by the lending kiosk, then sealed to one peer: whom the portable kiosk visits at home, until when it may keep them."""

    kind: Literal["home-loan"] = "home-loan"
    loan_id: LoanId
    from_kiosk: Id
    to_kiosk: Id
    created_at: Moment
    until: Moment
    roster_version: Count
    roster_at: Moment | None = None
    people: Annotated[tuple[LentPerson, ...], Field(min_length=1, max_length=MAX_LOAN)]


class HomeReturn(Document):
    """Signed by the portable kiosk, then sealed to the lender: its records about those people, byte for byte as digested there."""

    kind: Literal["home-return"] = "home-return"
    return_id: Id
    loan_id: LoanId
    from_kiosk: Id
    to_kiosk: Id
    created_at: Moment
    records: Annotated[tuple[Annotated[str, Field(max_length=20_000)], ...], Field(max_length=MAX_RETURN, repr=False)]


DOCUMENTS: tuple[type[Document], ...] = (
    Batch,
    Receipt,
    Question,
    Answer,
    Decisions,
    RosterManifest,
    Bundle,
    Evidence,
    EvidenceReceipt,
    TimeAnswer,
    Standing,
    Problem,
    Token,
    Enrolment,
    Enrolled,
    HomeLoan,
    HomeReturn,
)


def digest(data: bytes) -> str:
    """Return the SHA-256 of `data` in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def json_schema() -> dict[str, Any]:
    """Return one JSON Schema with every document under `$defs`."""
    from pydantic.json_schema import models_json_schema

    _, schema = models_json_schema([(model, "validation") for model in DOCUMENTS], title="pension-kiosk sync protocol")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "version": SCHEMA_VERSION, **schema}
