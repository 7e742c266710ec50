"""Open the encrypted database, keep it durable, and go on when it is damaged.

`open_store` is called by `store.worker`'s thread, by commands and by tests; the connection belongs to the calling thread. A key
that is not the files' key moves nothing. Damage: the files are put aside under `quarantine/`, a fresh database is made and filled
from the journal's mirror; at every start database and mirror are compared.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import sqlcipher3.dbapi2 as sqlcipher
from sqlite_utils import Database

from kiosk import config
from kiosk.errors import StoreError
from kiosk.store import emptied, evidence_files, quarantined, recovery
from kiosk.store.desk import paper_pages
from kiosk.store.engine import journal, key_check, keys, lock, migrations
from kiosk.store.engine.database import Signer, Store, connect, is_damage, store_errors
from kiosk.store.engine.journal_file import JournalFile
from kiosk.store.engine.quarantine import put_files_aside
from kiosk.store.roster import visitors
from kiosk.store.schema import TABLES


def open_store(settings: config.Settings, *, signer: Signer | None = None, now: datetime | None = None) -> Store:
    """Open the store below `settings.store.directory`, making it at the first start.

    The first process to open it owns it: it cuts torn ends, checks every page and recovers. Raises StoreError when the key
    cannot be had, or the disk is full or not writable; WrongKey, having touched nothing, when the key is not the key of what is
    there; StoreEmptied when there was data and database and mirror hold none of it; damage is not an error but `Store.recovered`.
    """
    folder = config.resolve(settings.store.directory)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / "kiosk.db"
        key = keys.database_key(settings.store, data_there=key_check.data_there(folder))
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
    back = quarantined.take(path.parent, key, now) if owner is not None else None
    if back is None and not key_check.fits(path.parent, key):
        raise keys.WrongKey(f"wrong key: {path.name} is whole, and this key does not open it; nothing was touched")
    if owner is None:
        with store_errors():
            db = connect(path, key)
            migrations.migrate(db, TABLES)
        return Store(settings, key, db, path, signer=signer, owner=None, mirror=None, recovered=None, after_commit=_after_commit)
    put_aside: list[str] = []
    why = ""
    word: dict[str, str] = {}
    if back is None and emptied.found(path.parent, key):
        word, put_aside = emptied.put_aside(path.parent, now)
        why = "emptied"
    db_or_none: Database | None = None
    try:
        db_or_none = _open_checked(path, key)
    except sqlcipher.Error as error:
        if not is_damage(error):
            raise
        why = "damaged"
        put_aside = put_files_aside(path, now)
        db_or_none = connect(path, key)
    migrations.migrate(db_or_none, TABLES)
    key_check.note(path.parent, key)
    mirror = JournalFile(path.parent / "journal", keys.derive(key, "journal-file"))
    store = Store(
        settings, key, db_or_none, path, signer=signer, owner=owner, mirror=mirror, recovered=None, after_commit=_after_commit
    )
    try:
        store.recovered = recovery.after_open(store, now, why, tuple(put_aside))
        if word:
            journal.note(store, "store-begun-anew", word, now)
            emptied.word_taken(path.parent)
        if back is not None:
            journal.note(store, "store-brought-back", {"file": back.name, "records": back.records, "whole": True}, now)
        quarantined.merge(store, now)
        evidence_files.after_open(store)
        paper_pages.clear(store)
        visitors.visit_over(store)
        journal.announce_key(store, now)
        _after_commit(store)
    except BaseException:
        db_or_none.conn.close()
        raise
    return store


def _after_commit(store: Store) -> None:
    journal.mirror(store)
    evidence_files.keep_up(store)


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
