"""Small values of the sync (decision cursor, clock offset, last contact …), and how the tables keep a time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlite_utils import Database


def get(db: Database, key: str, default: str = "") -> str:
    """Return a small value (decision cursor, clock offset, last contact ...)."""
    row = db.execute("SELECT value FROM sync_state WHERE key = ?", (key,)).fetchone()
    return str(row[0]) if row else default


def put(db: Database, key: str, value: str) -> None:
    """Keep a small value."""
    db.execute(
        "INSERT INTO sync_state (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", (key, value)
    )


def iso(at: datetime) -> str:
    """Return a time as the tables keep it: UTC, microseconds, sortable as text."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def rows_of(db: Database, sql: str, values: Any = ()) -> list[dict[str, Any]]:
    """Return the rows of a statement as dictionaries."""
    # Not Database.query: it wraps the statement in a savepoint, which SQLCipher's driver cannot release after UPDATE ... RETURNING.
    cursor = db.execute(sql, values)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
