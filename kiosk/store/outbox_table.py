"""The outbox's tables, their migrations, and the states of a row. For `outbox`, `schema`, and whoever counts rows."""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum

from sqlite_utils import Database

from kiosk.canonical import canonical

_SCHEMA = """
CREATE TABLE outbox (
    record_id TEXT PRIMARY KEY,
    person_id TEXT NOT NULL,
    pass_key TEXT NOT NULL,
    content TEXT NOT NULL,             -- canonical JSON, as it travels; emptied when retention ends
    content_digest TEXT NOT NULL,
    created_at TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'leased', 'unknown', 'carried', 'received', 'refused')),
    attempts INTEGER NOT NULL DEFAULT 0,
    next_try TEXT NOT NULL DEFAULT '',
    lease_id TEXT NOT NULL DEFAULT '',
    leased_until TEXT NOT NULL DEFAULT '',
    verdict TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT '',
    receipt_id TEXT NOT NULL DEFAULT '',
    delivered_at TEXT NOT NULL DEFAULT '',
    decision TEXT NOT NULL DEFAULT '' CHECK (decision IN ('', 'confirmed', 'returned')),
    decision_reason TEXT NOT NULL DEFAULT '',
    decided_at TEXT NOT NULL DEFAULT '',
    handled_at TEXT NOT NULL DEFAULT ''   -- an attendant saw a refused or returned record to its end
) STRICT;
CREATE INDEX outbox_state ON outbox (state, created_at);
CREATE INDEX outbox_person ON outbox (person_id, created_at);
CREATE INDEX outbox_decision ON outbox (decision, handled_at) WHERE decision <> '';
CREATE TABLE outbox_batches (
    batch_id TEXT PRIMARY KEY,
    seq INTEGER NOT NULL UNIQUE,
    sealed_digest TEXT NOT NULL,
    way TEXT NOT NULL CHECK (way IN ('network', 'stick')),
    record_ids TEXT NOT NULL,          -- JSON list
    journal_to INTEGER NOT NULL,       -- last journal entry in it, 0 for none
    created_at TEXT NOT NULL,
    closed_at TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE receipts (
    receipt_id TEXT PRIMARY KEY,       -- batch id, or question id
    kind TEXT NOT NULL,
    signed TEXT NOT NULL,
    received_at TEXT NOT NULL          -- bureau's time
) STRICT;
CREATE TABLE outbox_evidence (
    evidence_id TEXT PRIMARY KEY,
    record_id TEXT NOT NULL,
    consent_id TEXT NOT NULL CHECK (consent_id <> ''),
    media_type TEXT NOT NULL,
    content BLOB,                      -- erased as soon as the bureau has it
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'received', 'refused')),
    reason TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE sync_state (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"""


class Step(StrEnum):
    """Where a row stands (table column `state`)."""

    WAITING = "waiting"
    LEASED = "leased"
    UNKNOWN = "unknown"
    CARRIED = "carried"
    RECEIVED = "received"
    REFUSED = "refused"


UNSETTLED = (Step.WAITING, Step.LEASED, Step.UNKNOWN, Step.CARRIED)  # no receipt covers the row
_NAMES = ", ".join(f"'{step}'" for step in UNSETTLED)
IS_UNSETTLED = f"state IN ({_NAMES})"  # as a condition in SQL


def waiting(counts: dict[str, int]) -> int:
    """Return how many of the counted rows no receipt covers. counts: by state, as `outbox.counts`."""
    return sum(counts.get(step.value, 0) for step in UNSETTLED)


def _create(db: Database) -> None:
    db.executescript(_SCHEMA)


def _evidence_beside(db: Database) -> None:
    db.execute("ALTER TABLE outbox_evidence ADD COLUMN mirrored INTEGER NOT NULL DEFAULT 0")  # its sealed file is written
    db.execute("ALTER TABLE outbox_evidence ADD COLUMN next_try TEXT NOT NULL DEFAULT ''")  # it went behind the others
    db.execute("CREATE INDEX outbox_evidence_late ON outbox_evidence (evidence_id) WHERE mirrored <> (content IS NOT NULL)")


def _rewrite_numbers(db: Database) -> None:
    # Protocol version 2: what no receipt covers yet is digested by the bureau in the new form, so it is kept in it too.
    rows = db.execute(
        "SELECT record_id, content FROM outbox WHERE content <> '' AND state NOT IN ('received', 'refused')"
    ).fetchall()
    for record_id, content in rows:
        anew = canonical(json.loads(content)).decode()
        if anew != content:
            db.execute(
                "UPDATE outbox SET content = ?, content_digest = ? WHERE record_id = ?",
                (anew, hashlib.sha256(anew.encode()).hexdigest(), record_id),
            )


def _evidence_handled(db: Database) -> None:
    db.execute("ALTER TABLE outbox_evidence ADD COLUMN handled_at TEXT NOT NULL DEFAULT ''")  # an attendant dealt with it
    db.execute("CREATE INDEX outbox_evidence_turned ON outbox_evidence (record_id) WHERE reason <> '' AND handled_at = ''")


def _evidence_carried(db: Database) -> None:
    db.execute("ALTER TABLE outbox_evidence ADD COLUMN carried TEXT NOT NULL DEFAULT ''")  # digests of its sealed bytes on sticks


MIGRATIONS = (_create, _evidence_beside, _rewrite_numbers, _evidence_handled, _evidence_carried)
