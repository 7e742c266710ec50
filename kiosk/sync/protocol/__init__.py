"""The wire between kiosk and bureau, both ends: versioned documents, their limits, their JSON Schema.

Everything here travels signed (`sync/seal.py`); what tells of people is encrypted to one recipient besides (which: docs/wire.md).
Imported by `sync` and `bureau`. One file a subject; whoever uses a document takes it from here.
"""

from __future__ import annotations

from typing import Any

from kiosk.sync.protocol.batches import (
    Answer,
    Batch,
    BatchHead,
    Clock,
    Decision,
    Decisions,
    JournalLine,
    Question,
    RawBatch,
    Receipt,
    Record,
    SendClock,
    Verdict,
    VerdictName,
)
from kiosk.sync.protocol.bundles import (
    Bundle,
    BundleHead,
    Message,
    Peer,
    Policies,
    RawBundle,
    Revoked,
    RosterChunk,
    RosterChunks,
    RosterManifest,
    Staff,
    StaffRow,
)
from kiosk.sync.protocol.codes import Resolve, Resolved
from kiosk.sync.protocol.elsewhere import LookedUp, LookUp
from kiosk.sync.protocol.enrolment import Enrolled, Enrolment, PublicKeys, Succession
from kiosk.sync.protocol.evidence import Evidence, EvidenceReceipt, MediaType
from kiosk.sync.protocol.home_visits import HomeLoan, HomeNews, HomeReturn, LoanedPerson, LoanId, VisitChange
from kiosk.sync.protocol.reminders import Reminder, Reminders
from kiosk.sync.protocol.station import ReportReceipt, SecondSignature, SettingValues, StationReport, StationSettings, UpdateResult
from kiosk.sync.protocol.talk import Problem, Standing, TimeAnswer, Token
from kiosk.sync.protocol.wire import (
    MEDIA_TYPE,
    SCHEMA_VERSION,
    Asked,
    Code,
    Count,
    Digest,
    Document,
    Id,
    Moment,
    Short,
    SuiteName,
    Text,
    Wire,
)

__all__ = [
    "Answer",
    "Asked",
    "Batch",
    "BatchHead",
    "Bundle",
    "BundleHead",
    "Clock",
    "Code",
    "Count",
    "DOCUMENTS",
    "Decision",
    "Decisions",
    "Digest",
    "Document",
    "Enrolled",
    "Enrolment",
    "Evidence",
    "EvidenceReceipt",
    "HomeLoan",
    "HomeNews",
    "HomeReturn",
    "Id",
    "JournalLine",
    "LoanedPerson",
    "LoanId",
    "LookUp",
    "LookedUp",
    "MEDIA_TYPE",
    "MediaType",
    "Message",
    "Moment",
    "Peer",
    "Policies",
    "Problem",
    "PublicKeys",
    "Question",
    "RawBatch",
    "RawBundle",
    "Receipt",
    "Record",
    "Resolve",
    "Resolved",
    "Reminder",
    "Reminders",
    "ReportReceipt",
    "Revoked",
    "RosterChunk",
    "RosterChunks",
    "RosterManifest",
    "SCHEMA_VERSION",
    "SecondSignature",
    "SendClock",
    "SettingValues",
    "Short",
    "Staff",
    "StaffRow",
    "Standing",
    "Succession",
    "StationReport",
    "StationSettings",
    "SuiteName",
    "Text",
    "TimeAnswer",
    "Token",
    "UpdateResult",
    "Verdict",
    "VerdictName",
    "VisitChange",
    "Wire",
    "json_schema",
]

DOCUMENTS: tuple[type[Document], ...] = (
    Batch,
    Receipt,
    Question,
    Answer,
    Decisions,
    RosterManifest,
    RosterChunks,
    Bundle,
    Evidence,
    EvidenceReceipt,
    TimeAnswer,
    Standing,
    Problem,
    Token,
    Enrolment,
    Enrolled,
    Succession,
    HomeLoan,
    HomeReturn,
    HomeNews,
    Resolve,
    Resolved,
    LookUp,
    LookedUp,
    StationReport,
    ReportReceipt,
    StationSettings,
    Reminders,
)


def json_schema() -> dict[str, Any]:
    """Return one JSON Schema with every document under `$defs`."""
    from pydantic.json_schema import models_json_schema

    _, schema = models_json_schema([(model, "validation") for model in DOCUMENTS], title="pension-kiosk sync protocol")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "version": SCHEMA_VERSION, **schema}
