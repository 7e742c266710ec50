"""An open store: one encrypted database file, its transactions, and the driver's errors as our own.

Knows no table and no journal: `store.opening` opens it and hands in what happens after a commit. The main file holds what must
never be lost (records, outbox, journal, staff); the roster, large and replaceable, has a file of its own (`store.roster`). A
connection belongs to the thread that opened it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import IO, Protocol

import sqlcipher3.dbapi2 as sqlcipher
from sqlite_utils import Database

from kiosk import config, digests, failpoints
from kiosk.domain.policy import PolicyBook
from kiosk.errors import StoreError
from kiosk.store.engine import keys, lock
from kiosk.store.engine.journal_file import JournalFile

_BUSY_S = 10.0


class StoreCorrupt(StoreError):
    """The database is damaged or the key is not its key. Close the store and open it again: that recovers."""


class Signer(Protocol):
    """Signs journal entries. The app passes the kiosk's own key once it is provisioned."""

    @property
    def key_id(self) -> str:
        """Name of the key, "ed25519:<fingerprint>" or "sm2:<fingerprint>": it says the entry's digest too (`digests.of_key`)."""

    @property
    def public(self) -> str:
        """The public half, which the journal keeps; "" where there is none."""

    def sign(self, data: bytes) -> str:
        """Return the signature as text."""


@dataclass(frozen=True, slots=True)
class DeviceSigner:
    """HMAC with a key derived from the database key: until the kiosk has keys of its own, and to vouch for those. "device": with
    SHA-256; "device-sm3": with SM3."""

    key: bytes = field(repr=False)
    key_id: str = "device"

    @property
    def public(self) -> str:
        """A MAC has no public half."""
        return ""

    def sign(self, data: bytes) -> str:
        """Return the MAC in hexadecimal."""
        return digests.mac(digests.of_key(self.key_id), self.key, data).hex()

    def check(self, key_id: str, data: bytes, mac: str) -> bool | None:
        """Return whether the MAC is right; None when it is no device's."""
        return replace(self, key_id=key_id).sign(data) == mac if key_id in ("device", "device-sm3") else None


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
        after_commit: Callable[[Store], None] | None = None,
    ) -> None:
        """after_commit: called after every durable commit; the opener keeps the journal's mirror up to date by it."""
        self.settings = settings
        self.path = path
        self.db = db
        self.key = key
        national = signer is not None and digests.of_key(signer.key_id) == digests.SM3
        self.device_signer = DeviceSigner(keys.derive(key, "journal-mac"), "device-sm3" if national else "device")
        self.signer: Signer = signer or self.device_signer
        self.mirror = mirror  # None in a guest process, which leaves mirroring to the owner
        self.recovered = recovered  # what was recovered when this store was opened, if anything
        self.mirrored_seq = 0  # entries up to this number are in the mirror, durably
        self.mirror_failed = False  # the last try to mirror failed (disk full); saved entries wait in the database
        self.roster_attached = ""  # file of the roster that is attached
        self.policy_book: PolicyBook | None = None  # cache of `store.policies`
        self._owner = owner
        self._after_commit = after_commit

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
        with store_errors():
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield self.db
                self.db.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlcipher.Error):
                    self.db.rollback()
                raise
            if self._after_commit is not None:
                self._after_commit(self)

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
