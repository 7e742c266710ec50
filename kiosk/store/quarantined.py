"""Databases that were put aside and that the present key opens: brought back, whole or record by record. Called by `store.opening`.

Before 0.1.0 was out one start with a wrong key put a good database aside. What a damage put aside is not looked at:
it is not whole.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlcipher3.dbapi2 as sqlcipher

from kiosk.durable import sync_folder
from kiosk.store.engine import journal, key_check, keys
from kiosk.store.engine.database import Store, connect
from kiosk.store.engine.journal_file import JournalFile
from kiosk.store.engine.quarantine import DAMAGED, put_files_aside

# Rows that a database in use may lack, each after those it depends on. Staff and policies are the bureau's to send again.
_MERGED = ("records", "consents", "outbox", "outbox_evidence", "declarations", "home_visits", "approvals", "unit_lists")


@dataclass(frozen=True, slots=True)
class BroughtBack:
    """What came back out of the quarantine. `records`: those that the database in use did not have."""

    name: str
    records: int
    whole: bool  # the file itself is in use again


def take(folder: Path, key: bytes, now: datetime) -> BroughtBack | None:
    """Put a whole database of this key back into use where the present one is missing, of another key, or has no record at all.

    Called before the database is opened; what stood in its place goes into the quarantine. Raises OSError.
    """
    present = folder / "kiosk.db"
    candidate = next(iter(_candidates(folder, key)), None)
    if candidate is None:
        return None
    records = _count(candidate, key)
    if present.exists() and present.stat().st_size and key_check.fits(folder, key):
        if not key_check.opens(present, key) or _count(present, key) or not records:
            return None  # damaged, or in use: then what it lacks is copied into it
    if present.exists():
        put_files_aside(present, now, done=True)
    mirror = JournalFile(folder / "journal", keys.derive(key, "journal-file"))
    mirror.set_aside_foreign()
    for suffix in ("-wal", ""):  # the log first: without its database it is nothing, the other way round it would be missed
        file = candidate.with_name(candidate.name + suffix)
        if file.exists():
            os.replace(file, present.with_name(present.name + suffix))
    candidate.with_name(candidate.name + "-shm").unlink(missing_ok=True)
    mirror.bring_back()
    sync_folder(folder)
    return BroughtBack(candidate.name, records, whole=True)


def merge(store: Store, now: datetime) -> list[BroughtBack]:
    """Copy what the database in use lacks out of every whole one in the quarantine that this key opens."""
    told = []
    for path in _candidates(store.folder, store.key):
        store.db.execute(f"ATTACH DATABASE ? AS aside KEY \"x'{store.key.hex()}'\"", (str(path),))
        try:
            with store.transaction() as db:
                before = db.execute("SELECT count(*) FROM outbox").fetchone()[0]
                lacking = "record_id NOT IN (SELECT record_id FROM main.outbox)"
                known = {name for (name,) in db.execute("SELECT name FROM aside.sqlite_master WHERE type = 'table'").fetchall()}
                for table in _MERGED:
                    if table not in known:
                        continue
                    here = _columns(db.conn, "main", table)
                    names = ", ".join(name for name in _columns(db.conn, "aside", table) if name in here)
                    # A record that retention erased has its row in the outbox still, and stays erased.
                    only = f"WHERE {lacking}" if table == "records" else ""
                    db.execute(f"INSERT OR IGNORE INTO main.{table} ({names}) SELECT {names} FROM aside.{table} {only}")  # noqa: S608  fixed
                db.execute("UPDATE outbox SET state = 'unknown', lease_id = '' WHERE state = 'leased'")
                found = db.execute("SELECT count(*) FROM outbox").fetchone()[0] - before
                journal.append(store, "store-brought-back", {"file": path.name, "records": found, "whole": False}, now)
        finally:
            store.db.execute("DETACH DATABASE aside")
        put_files_aside(path, now, done=True)
        told.append(BroughtBack(path.name, found, whole=False))
    return told


def _candidates(folder: Path, key: bytes) -> list[Path]:
    """Return whole databases of this key in the quarantine, the newest first; one that is not whole is marked as damaged."""
    good = []
    for path in sorted((folder / "quarantine").glob("*-kiosk.db"), reverse=True):
        if DAMAGED in path.name or not key_check.opens(path, key):
            continue
        if _sound(path, key):
            good.append(path)
        else:
            put_files_aside(path, datetime.fromtimestamp(path.stat().st_mtime).astimezone())
    return good


def _sound(path: Path, key: bytes) -> bool:
    try:
        db = connect(path, key)
    except sqlcipher.Error:
        return False
    with contextlib.closing(db.conn):
        try:
            return not db.execute("PRAGMA cipher_integrity_check").fetchall() and _records_there(db.conn)
        except sqlcipher.Error:
            return False


def _records_there(connection: sqlcipher.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'outbox'").fetchone() is not None


def _count(path: Path, key: bytes) -> int:
    try:
        db = connect(path, key)
    except sqlcipher.Error:
        return 0
    with contextlib.closing(db.conn):
        return int(db.execute("SELECT count(*) FROM outbox").fetchone()[0]) if _records_there(db.conn) else 0


def _columns(connection: sqlcipher.Connection, schema: str, table: str) -> list[str]:
    return [name for _, name, *_ in connection.execute(f"PRAGMA {schema}.table_info({table})").fetchall()]
