"""Small facts about this database: one value a key. Called by the other modules of the store."""

from __future__ import annotations

from sqlite_utils import Database


def _create(db: Database) -> None:
    db.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID")


MIGRATIONS = (_create,)


def get(db: Database, key: str, default: str = "") -> str:
    """Return the value kept under `key`."""
    row = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return default if row is None else str(row[0])


def put(db: Database, key: str, value: str) -> None:
    """Keep `value` under `key`."""
    db.execute("INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", (key, value))
