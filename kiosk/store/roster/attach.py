"""The roster file in use, attached to the store's connection as `roster`; damage to it stays its own.

Called by `store.roster` and `store.recovery`. Which file is in use stands in the main database, so that a command's import is seen
by the running kiosk at its next look-up.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import sqlcipher3.dbapi2 as sqlcipher

from kiosk.errors import StoreError
from kiosk.store.engine import journal, meta
from kiosk.store.engine.database import Store, StoreCorrupt, is_damage, store_errors
from kiosk.store.engine.quarantine import put_aside
from kiosk.store.roster.build import LAYOUT, file_key


def attach(store: Store) -> bool:
    """Attach the file in use; another process may have put a new one into use. False when there is none."""
    with store_errors():
        name = meta.get(store.db, "roster_file")
    if name == store.roster_attached:
        return bool(name)
    if store.db.conn.in_transaction:
        raise StoreError("the roster changed within a transaction")
    with store_errors():
        if store.roster_attached:
            store.db.execute("DETACH DATABASE roster")
            store.roster_attached = ""
    path = store.folder / name
    if not name or not path.is_file():
        return False
    with roster_errors(store, path):
        if path.stat().st_size == 0:  # to the driver an empty file is an empty database
            raise sqlcipher.DatabaseError("the file holds nothing")
        store.db.execute(f"ATTACH DATABASE ? AS roster KEY \"x'{file_key(store.key)}'\"", (str(path),))
        store.roster_attached = name
        if (
            len(store.db.execute("SELECT name FROM roster.sqlite_master WHERE name IN ('people', 'lines', 'about')").fetchall())
            != 3
        ):
            raise sqlcipher.DatabaseError("the tables of a roster are missing")
        layout = store.db.execute("SELECT value FROM roster.about WHERE key = 'layout'").fetchone()
        if layout is None or layout[0] != LAYOUT:
            raise sqlcipher.DatabaseError("made by another version of the program")
        store.db.execute("PRAGMA roster.journal_mode = WAL").fetchall()
        store.db.execute("PRAGMA roster.synchronous = FULL")
        store.db.execute("PRAGMA roster.secure_delete = ON")
    return True


@contextlib.contextmanager
def roster_errors(store: Store, path: Path | None = None) -> Iterator[None]:
    """Like `store_errors`; a damaged roster is put aside at once, and the next one from the bureau takes its place.

    The main database is not concerned: service goes on, and people who are not found are sent to the attendant.
    """
    try:
        yield
    except sqlcipher.Error as error:
        if not is_damage(error):
            raise StoreError(str(error)) from error
        damaged = path or store.folder / store.roster_attached
        if store.db.conn.in_transaction:
            raise StoreCorrupt("the roster is damaged") from error
        with contextlib.suppress(sqlcipher.Error):
            store.db.execute("DETACH DATABASE roster")
        store.roster_attached = ""
        now = datetime.now(UTC)
        if store.is_owner:
            put_aside(damaged, now)
            with store.transaction() as db:
                meta.put(db, "roster_file", "")
                floor = int(meta.get(db, "roster_floor", "0"))
                meta.put(db, "roster_floor", str(max(0, floor - 1)))  # the same version may come again, no older one
                journal.append(store, "roster-damaged", {"file": damaged.name}, now)
        raise StoreError("the roster was damaged and is put aside") from error


def sweep(store: Store) -> None:
    """Remove roster files that are not in use."""
    for path in store.folder.glob("roster-*.db*"):
        if not path.name.startswith(store.roster_attached or "roster-"):
            with contextlib.suppress(OSError):  # still open in another process (Windows); the next import removes it
                path.unlink()


def take_up_again(store: Store, floor: int) -> None:
    """Inside the transaction of a recovery: use the newest roster file that this key still opens; versions stay above `floor`."""
    best, name = 0, ""
    for path in store.folder.glob("roster-*.db"):
        connection = sqlcipher.connect(str(path), isolation_level=None)
        try:
            connection.execute("PRAGMA cipher_log_level = NONE")
            connection.execute(f"PRAGMA key = \"x'{file_key(store.key)}'\"")
            found = int(connection.execute("SELECT value FROM about WHERE key = 'version'").fetchone()[0])
        except (sqlcipher.Error, TypeError, ValueError):
            continue
        finally:
            connection.close()
        if found > best:
            best, name = found, path.name
    meta.put(store.db, "roster_file", name)
    meta.put(store.db, "roster_floor", str(max(best, floor if best else floor - 1, 0)))
