"""Evidence for human review, each piece with a consent of its own: sent after its record, erased when the bureau has it."""

from __future__ import annotations

import uuid
from typing import Any

from sqlite_utils import Database


def enqueue(db: Database, record_id: str, consent_id: str, media_type: str, content: bytes) -> str:
    """Keep evidence for human review, within the caller's transaction; it travels after its record was received.

    Raises ValueError without a consent of its own. Returns the evidence id.
    """
    if not consent_id:
        raise ValueError("evidence needs a consent of its own")
    evidence_id = str(uuid.uuid4())
    db.execute(
        "INSERT INTO outbox_evidence (evidence_id, record_id, consent_id, media_type, content) VALUES (?, ?, ?, ?, ?)",
        (evidence_id, record_id, consent_id, media_type, content),
    )
    return evidence_id


def following(db: Database) -> dict[str, Any] | None:
    """Return one piece of evidence whose record the bureau has, or None."""
    cursor = db.execute(
        "SELECT e.* FROM outbox_evidence e JOIN outbox o USING (record_id)"
        " WHERE e.state = 'waiting' AND o.state = 'received' LIMIT 1"
    )
    row = cursor.fetchone()
    return dict(zip((column[0] for column in cursor.description), row, strict=True)) if row is not None else None


def settle(db: Database, evidence_id: str, verdict: str, reason: str) -> None:
    """The bureau has it, or does not want it: either way the content is erased here."""
    db.execute(
        "UPDATE outbox_evidence SET state = ?, reason = ?, content = NULL WHERE evidence_id = ?",
        ("received" if verdict == "accepted" else "refused", reason, evidence_id),
    )
