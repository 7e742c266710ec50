"""Papers for human review (送人工复核), each with a consent of its own, and their receipt."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kiosk.sync.limits import MAX_EVIDENCE_TEXT
from kiosk.sync.protocol.wire import Code, Digest, Document, Id

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
