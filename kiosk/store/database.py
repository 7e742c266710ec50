"""Open the encrypted database, keep it durable, and go on when it is damaged.

`open_store` is called by `store.worker`'s thread, by commands and by tests; the connection belongs to the calling thread. The main
file holds what must never be lost (records, outbox, journal, staff); the roster, large and replaceable, has a file of its own
(`store.roster`). Damage or a wrong key: the files are put aside under `quarantine/`, a fresh database is made and filled from
the journal's mirror.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Protocol

import sqlcipher3.dbapi2 as sqlcipher
from sqlite_utils import Database

from kiosk import config, failpoints
from kiosk.domain.policy import PolicyBook
from kiosk.errors import StoreError
from kiosk.store import keys, lock, migrations
from kiosk.store.journal_file import JournalFile

_BUSY_S = 10.0


class StoreCorrupt(StoreError):
    """The database is damaged or the key is not its key. Close the store and open it again: that recovers."""


class Signer(Protocol):
    """Signs journal entries. The app passes the kiosk's Ed25519 key once it is provisioned."""

    @property
    def key_id(self) -> str:
        """Name of the key, e.g. "ed25519:<fingerprint>"."""

    def sign(self, data: bytes) -> str:
        """Return the signature as text."""


@dataclass(frozen=True, slots=True)
class DeviceSigner:
    """HMAC-SHA256 with a key derived from the database key: until the kiosk has keys of its own."""

    key: bytes = field(repr=False)
    key_id: str = "device"

    def sign(self, data: bytes) -> str:
        """Return the MAC in hexadecimal."""
        return hmac.new(self.key, data, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Recovered:
    """What happened when a damaged database was replaced."""

    at_utc: datetime
    why: str  # "damaged" or "wrong-key"
    quarantined: tuple[str, ...]
    entries: int  # journal entries brought back
    records: int  # records brought back, each waiting for the bureau again


class Store:
    """An open store. Every method and every function of `kiosk.store` runs in the thread that opened it."""

    def __init__(
        self,
        settings: config.Settings,
        key: bytes,
        db: Database,
        path: Path,
        *,
        signer: Signer | None,
        owner: IO[bytes] | None,
        mirror: JournalFile | None,
        recovered: Recovered | None,
    ) -> None:
        self.settings = settings
        self.path = path
        self.db = db
        self.key = key
        self.device_signer = DeviceSigner(keys.derive(key, "journal-mac"))
        self.signer: Signer = signer or self.device_signer
        self.mirror = mirror  # None in a guest process, which leaves mirroring to the owner
        self.recovered = recovered  # what was recovered when this store was opened, if anything
        self.mirrored_seq = 0  # entries up to this number are in the mirror, durably
        self.mirror_failed = False  # the last try to mirror failed (disk full); saved entries wait in the database
        self.roster_attached = ""  # file of the roster that is attached
        self.policy_book: PolicyBook | None = None  # cache of `store.policies`
        self._owner = owner

    @property
    def folder(self) -> Path:
        """Folder of all files of the store."""
        return self.path.parent

    @property
    def is_owner(self) -> bool:
        """True in the one process that checks, recovers and mirrors."""
        return self._owner is not None

    def take_over(self) -> bool:
        """Become the owner when nobody is any more (a command was first, and has ended). Returns whether this process is it."""
        if self._owner is None:
            self._owner = lock.try_lock(self.folder / "kiosk.lock")
            if self._owner is not None:
                self.mirror = JournalFile(self.folder / "journal", keys.derive(self.key, "journal-file"))
        return self.is_owner

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Database]:
        """Run the block in one durable transaction; nothing of it stays when it raises.

        Nested blocks join the outer one. Raises StoreError (StoreCorrupt) for the driver's errors.
        """
        if self.db.conn.in_transaction:
            yield self.db
            return
        from kiosk.store import journal

        with store_errors():
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield self.db
                self.db.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlcipher.Error):
                    self.db.rollback()
                raise
            journal.mirror(self)

    def close(self) -> None:
        """Close the files and give the lock back. Safe to call twice."""
        with contextlib.suppress(sqlcipher.Error):
            self.db.conn.close()
        if self.mirror is not None:
            self.mirror.close()
        if self._owner is not None:
            self._owner.close()
            self._owner = None

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextlib.contextmanager
def store_errors() -> Iterator[None]:
    """Turn the driver's errors into StoreError, and damage into StoreCorrupt."""
    try:
        yield
    except (sqlcipher.OperationalError, sqlcipher.ProgrammingError, sqlcipher.IntegrityError) as error:
        if is_damage(error):
            raise StoreCorrupt(str(error)) from error
        raise StoreError(str(error)) from error
    except sqlcipher.DatabaseError as error:
        raise StoreCorrupt(str(error)) from error


def is_damage(error: BaseException) -> bool:
    """True when an error of the driver says that the file is damaged, not that it is busy, full or away."""
    if isinstance(error, sqlcipher.IntegrityError | sqlcipher.ProgrammingError | sqlcipher.InterfaceError):
        return False
    text = str(error)
    return isinstance(error, sqlcipher.DatabaseError) and (
        not isinstance(error, sqlcipher.OperationalError) or "malformed" in text or "not a database" in text or "decrypt" in text
    )


def connect(path: Path, key: bytes) -> Database:
    """Open one encrypted file for this thread: WAL, every commit fsynced, foreign keys on, deleted content overwritten."""
    made = not path.exists()
    connection = sqlcipher.connect(str(path), timeout=_BUSY_S, isolation_level=None)
    if __debug__:
        failpoints.trace(connection)
    connection.execute("PRAGMA cipher_log_level = NONE")  # it would write to stderr on damage
    connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        connection.execute("PRAGMA journal_mode = WAL").fetchone()
        for pragma in (
            "synchronous = FULL",
            "foreign_keys = ON",
            "secure_delete = ON",
            "temp_store = MEMORY",
            f"busy_timeout = {int(_BUSY_S * 1000)}",
            "wal_autocheckpoint = 1000",
            "trusted_schema = OFF",
        ):
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    if made and os.name == "posix":
        path.chmod(0o600)
    return Database(connection)


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
            migrations.migrate(db)
        return Store(settings, key, db, path, signer=signer, owner=None, mirror=None, recovered=None)
    quarantined: list[str] = []
    why = ""
    db_or_none: Database | None = None
    try:
        db_or_none = _open_checked(path, key)
    except sqlcipher.Error as error:
        if not is_damage(error):
            raise
        why = "wrong-key" if _whole(path) and not _readable(path, key) else "damaged"
        quarantined = _quarantine(path, now)
        db_or_none = connect(path, key)
    migrations.migrate(db_or_none)
    mirror = JournalFile(path.parent / "journal", mirror_key)
    store = Store(settings, key, db_or_none, path, signer=signer, owner=owner, mirror=mirror, recovered=None)
    from kiosk.store import journal, recovery

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


def _quarantine(path: Path, now: datetime) -> list[str]:
    """Put the database's files aside under the time; never delete what somebody may still read."""
    folder = path.parent / "quarantine"
    folder.mkdir(exist_ok=True, mode=0o700)
    stamp = f"{now:%Y%m%dT%H%M%S}-{time.monotonic_ns() % 1000000:06d}"
    moved = []
    for suffix in ("", "-wal", "-shm"):
        file = path.with_name(path.name + suffix)
        if file.exists():
            target = folder / f"{stamp}-{file.name}"
            file.replace(target)
            moved.append(target.name)
    keys.sync_folder(folder)
    keys.sync_folder(path.parent)
    return moved


def put_aside(file: Path, now: datetime) -> str:
    """Put one file of the store aside (a damaged roster). Returns its new name."""
    names = _quarantine(file, now)
    return names[0] if names else ""


__all__ = [
    "DeviceSigner",
    "Recovered",
    "Signer",
    "Store",
    "StoreCorrupt",
    "connect",
    "is_damage",
    "open_store",
    "put_aside",
    "store_errors",
]
