"""Evidence for human review, each piece with a consent of its own: sent after its record, erased when the bureau has it.

The rows; scans that must outlive a lost database lie in files besides: `store.evidence_files`.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlite_utils import Database

from kiosk.store.outbox import iso


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


def following(db: Database, now: datetime) -> dict[str, Any] | None:
    """Return one piece of evidence whose record the bureau has and whose turn it is, or None; what went behind comes last."""
    cursor = db.execute(
        "SELECT e.* FROM outbox_evidence e JOIN outbox o USING (record_id) WHERE e.state = 'waiting' AND o.state = 'received'"
        " AND (e.next_try <= ? OR e.next_try > ?) ORDER BY e.next_try, e.rowid LIMIT 1",
        (iso(now), iso(now + timedelta(hours=2))),  # further ahead than it is ever put: the clock jumped
    )
    row = cursor.fetchone()
    return dict(zip((column[0] for column in cursor.description), row, strict=True)) if row is not None else None


def to_carry(db: Database, most: int) -> list[str]:
    """Return the ids of pieces for a stick, oldest first: their records are at the bureau, or are carried there too."""
    rows = db.execute(
        "SELECT e.evidence_id FROM outbox_evidence e JOIN outbox o USING (record_id) WHERE e.state = 'waiting' "
        "AND o.state IN ('received', 'carried') ORDER BY e.rowid LIMIT ?",
        (most,),
    ).fetchall()
    return [row[0] for row in rows]


def piece(db: Database, evidence_id: str) -> dict[str, Any] | None:
    """Return one piece that still waits, or None."""
    cursor = db.execute("SELECT * FROM outbox_evidence WHERE evidence_id = ? AND state = 'waiting'", (evidence_id,))
    row = cursor.fetchone()
    return dict(zip((column[0] for column in cursor.description), row, strict=True)) if row is not None else None


def note_carried(db: Database, evidence_id: str, digest: str) -> None:
    """These sealed bytes go on a stick: a receipt for them, or for one of the sixteen before, is ours."""
    (known,) = db.execute("SELECT carried FROM outbox_evidence WHERE evidence_id = ?", (evidence_id,)).fetchone()
    carried = " ".join([*known.split()[-16:], digest])
    db.execute("UPDATE outbox_evidence SET carried = ? WHERE evidence_id = ?", (carried, evidence_id))


def put_behind(db: Database, evidence_id: str, next_try: datetime, reason: str) -> None:
    """The bureau turned this piece away: the others go first, and the reason is kept."""
    db.execute(
        "UPDATE outbox_evidence SET next_try = ?, reason = ? WHERE evidence_id = ? AND state = 'waiting'",
        (iso(next_try), reason, evidence_id),
    )


def turned_away(db: Database, limit: int = 200) -> list[tuple[str, str]]:
    """Return (record id, reason) of records with a scan that the bureau turned away or refused and that nobody has handled yet."""
    rows = db.execute(
        "SELECT record_id, max(reason) FROM outbox_evidence WHERE handled_at = '' AND reason <> '' "
        "AND (state = 'waiting' OR state = 'refused' AND reason <> 'not-wanted') "
        "GROUP BY record_id ORDER BY max(rowid) DESC LIMIT ?",
        (limit,),
    ).fetchall()
    return [(record_id, reason) for record_id, reason in rows]


def mark_handled(db: Database, record_id: str, now: datetime) -> None:
    """An attendant dealt with the scans of this record that were turned away; one that still waits is tried on."""
    db.execute("UPDATE outbox_evidence SET handled_at = ? WHERE record_id = ? AND reason <> ''", (iso(now), record_id))


def settle(db: Database, evidence_id: str, verdict: str, reason: str) -> None:
    """The bureau has it, or does not want it: either way the content is erased here."""
    db.execute(
        "UPDATE outbox_evidence SET state = ?, reason = ?, content = NULL WHERE evidence_id = ?",
        ("received" if verdict == "accepted" else "refused", reason, evidence_id),
    )
