"""The rows that the journal's mirror carries: which tables, what names a row, how one is put back.

Used by `store.recovery` and `store.mirror_check`.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from kiosk.store import outbox, records
from kiosk.store.engine import journal
from kiosk.store.engine.journal_file import MirrorFrame

# Tables that come back, with the columns that name a row. All else is the bureau's, or made anew.
RECOVERED: dict[str, tuple[str, ...]] = {
    "records": ("record_id",),
    "consents": ("consent_id",),
    "staff": ("staff_id",),
    "short_pins": ("staff_id",),
    "staff_cards": ("card",),
    "templates": ("person_id",),
    "erasures": ("person_id",),
    "home_visits": ("person_id",),
    "home_changes": ("person_id",),
    "home_loans": ("loan_id",),
    "borrowed_loans": ("loan_id",),
    "approvals": ("day",),
    "unit_lists": ("list_id",),
    "declarations": ("record_id",),
    "camera_pin": ("one",),
    "sync_state": ("key",),  # of these the desk's pause and the reserved numbers of batches: `rows_of`
}


def insert_entry(db: Database, frame: MirrorFrame) -> None:
    """Put an entry of the mirror into the journal; one that is there stays."""
    db.execute(
        "INSERT OR IGNORE INTO journal VALUES (?, ?, ?, ?, ?, ?)",
        (
            frame.seq,
            json.loads(frame.body)["kind"],
            frame.body,
            journal.digest_of(frame.body, frame.key_id),
            frame.signature,
            frame.key_id,
        ),
    )


def apply_row(db: Database, table: str, row: dict[str, Any]) -> int:
    """Write (or with a leading "-" delete) one row of a frame. Returns 1 for a record, which then waits for the bureau; else 0."""
    name = table.removeprefix("-")
    key = RECOVERED.get(name)
    if key is None:
        return 0
    values: dict[str, Any] = {column: _value(told) for column, told in row.items()}
    if table.startswith("-"):
        where = " AND ".join(f"{column} = ?" for column in key)
        db.execute(f"DELETE FROM {name} WHERE {where}", tuple(values[column] for column in key))  # noqa: S608  fixed names
        return 0
    content = values.get("content", "")
    known = {column for _, column, *_ in db.execute(f"PRAGMA table_info({name})").fetchall()}
    values = {column: value for column, value in values.items() if column in known}
    marks = ", ".join("?" * len(values))
    db.execute(f"INSERT OR REPLACE INTO {name} ({', '.join(values)}) VALUES ({marks})", tuple(values.values()))  # noqa: S608
    if name != "records":
        return 0
    if db.execute("SELECT 1 FROM outbox WHERE record_id = ?", (values["record_id"],)).fetchone() is None:
        # Delivered or not is no longer known: it waits again, and the bureau answers "duplicate" where it has it.
        record = records.from_json(content)
        # As it was stored: what was digested at the save is what travels, also a record that another kiosk made.
        outbox.enqueue(db, record, datetime.fromisoformat(values["saved_at"]), content)
    return 1


def _value(told: Any) -> Any:
    return bytes.fromhex(told["hex"]) if isinstance(told, dict) else told


def rows_of(db: Database, table: str) -> dict[tuple[str, ...], dict[str, Any]]:
    """Return the rows of a mirrored table as the mirror would carry them (records with their content), by their names."""
    key = RECOVERED[table]
    if table == "records":
        sql = "SELECT r.*, o.content FROM records r JOIN outbox o USING (record_id) WHERE o.content <> ''"
    elif table == "sync_state":
        sql = "SELECT key, value FROM sync_state WHERE key IN ('paused_by', 'seq_reserved')"
    else:
        sql = f"SELECT * FROM {table}"  # noqa: S608  fixed names
    cursor = db.execute(sql)
    names = [column[0] for column in cursor.description]
    found = (dict(zip(names, row, strict=True)) for row in cursor.fetchall())
    return {tuple(str(row[column]) for column in key): row for row in found}
