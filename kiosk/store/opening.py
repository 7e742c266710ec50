"""Open the encrypted database, keep it durable, and go on when it is damaged.

`open_store` is called by `store.worker`'s thread, by commands and by tests; the connection belongs to the calling thread. Damage:
the files are put aside under `quarantine/`, a fresh database is made and filled from the journal's mirror.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import sqlcipher3.dbapi2 as sqlcipher
from sqlite_utils import Database

from kiosk import config
from kiosk.errors import StoreError
from kiosk.store import recovery
from kiosk.store.engine import journal, keys, lock, migrations
from kiosk.store.engine.database import Signer, Store, connect, is_damage, store_errors
from kiosk.store.engine.journal_file import JournalFile
from kiosk.store.engine.quarantine import put_files_aside
from kiosk.store.schema import TABLES


def open_store(settings: config.Settings, *, signer: Signer | None = None, now: datetime | None = None) -> Store:
    """Open the store below `settings.store.directory`, making it at the first start.

    The first process to open it owns it: it cuts torn ends, checks every page and recovers. Raises StoreError when the key
    cannot be had, or the disk is full or not writable; damage is not an error but `Store.recovered`.
    """
    folder = config.resolve(settings.store.directory)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / "kiosk.db"
        key = keys.database_key(settings.store)
        owner = lock.try_lock(folder / "kiosk.lock")
    except OSError as error:
        raise StoreError(f"{folder.name}: {error.strerror}") from error
    try:
        return _open(settings, key, path, owner, signer, now or datetime.now(UTC))
    except BaseException as error:
        if owner is not None:
            owner.close()
        if isinstance(error, sqlcipher.Error):
            raise StoreError(str(error)) from error
        if isinstance(error, OSError):
            raise StoreError(f"{folder.name}: {error.strerror}") from error
        raise


def _open(
    settings: config.Settings, key: bytes, path: Path, owner: IO[bytes] | None, signer: Signer | None, now: datetime
) -> Store:
    mirror_key = keys.derive(key, "journal-file")
    if owner is None:
        with store_errors():
            db = connect(path, key)
            migrations.migrate(db, TABLES)
        return Store(settings, key, db, path, signer=signer, owner=None, mirror=None, recovered=None, after_commit=journal.mirror)
    quarantined: list[str] = []
    why = ""
    db_or_none: Database | None = None
    try:
        db_or_none = _open_checked(path, key)
    except sqlcipher.Error as error:
        if not is_damage(error):
            raise
        why = "wrong-key" if _whole(path) and not _readable(path, key) else "damaged"
        quarantined = put_files_aside(path, now)
        db_or_none = connect(path, key)
    migrations.migrate(db_or_none, TABLES)
    mirror = JournalFile(path.parent / "journal", mirror_key)
    store = Store(
        settings, key, db_or_none, path, signer=signer, owner=owner, mirror=mirror, recovered=None, after_commit=journal.mirror
    )
    try:
        store.recovered = recovery.after_open(store, now, why, tuple(quarantined))
        journal.mirror(store)
    except BaseException:
        db_or_none.conn.close()
        raise
    return store


def _open_checked(path: Path, key: bytes) -> Database:
    db = connect(path, key)
    try:
        # First the log into the file, or a page torn while it was written would be taken for damage that the log heals.
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        bad = db.execute("PRAGMA cipher_integrity_check").fetchall()
        if not bad:
            bad = [row for row in db.execute("PRAGMA quick_check(1)").fetchall() if row[0] != "ok"]
        if bad:
            raise sqlcipher.DatabaseError("database disk image is malformed")
    except BaseException:
        db.conn.close()
        raise
    return db


def _whole(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0 and path.stat().st_size % 4096 == 0


def _readable(path: Path, key: bytes) -> bool:
    """True when the first page opens: the key is right, and the damage lies elsewhere."""
    try:
        connect(path, key).conn.close()
    except sqlcipher.Error:
        return False
    return True
