"""Does this key belong to these files? Answered without opening a database for writing, so that a wrong key moves nothing.

Called by `store.opening` and `store.quarantined`. A note beside the database (`kiosk.key-check`, derived from the key, of no use to
open anything) tells a wrong key from a damaged first page.
"""

from __future__ import annotations

import hmac
import os
from pathlib import Path
from urllib.parse import quote

import sqlcipher3.dbapi2 as sqlcipher

from kiosk.durable import sync_folder
from kiosk.store.engine import keys
from kiosk.store.engine.journal_file import JournalFile

NOTE = "kiosk.key-check"
PAGE = 4096  # of SQLCipher 4: a whole file is a multiple


def data_there(folder: Path) -> bool:
    """Return whether the folder holds anything that a key was made for."""
    database = folder / "kiosk.db"
    return (
        (database.exists() and database.stat().st_size > 0)
        or any((folder / "journal").glob("*.journal"))
        or any((folder / "quarantine").glob("*-kiosk.db"))
    )


def fits(folder: Path, key: bytes) -> bool:
    """Return whether the key is the one of the files in the store's folder; True where nothing there could say otherwise.

    The database's first page decides when it opens; then the note; then whether any frame of the journal's mirror opens.
    """
    database = folder / "kiosk.db"
    there = database.exists() and database.stat().st_size > 0
    if there and opens(database, key):
        return True
    noted = _noted(folder)
    if noted:
        return hmac.compare_digest(noted, value(key))
    if (folder / "journal").is_dir():
        mirror = JournalFile(folder / "journal", keys.derive(key, "journal-file"))
        if next(mirror.read(), None) is not None:
            return True
        if any(path.stat().st_size > mirror.header_size for path in mirror.files()):
            return False
    # Nothing else is known: a whole file that does not open has another key, a torn one may have any.
    return not there or database.stat().st_size % PAGE != 0


def opens(database: Path, key: bytes) -> bool:
    """Return whether the first page of a database file opens with the key. Reads that file alone and changes nothing."""
    try:
        connection = sqlcipher.connect(f"file:{quote(str(database))}?mode=ro&immutable=1", uri=True)
    except sqlcipher.Error:
        return False
    try:
        connection.execute("PRAGMA cipher_log_level = NONE")
        connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlcipher.Error:
        return False
    finally:
        connection.close()
    return True


def value(key: bytes) -> str:
    """Return what the note says for this key."""
    return keys.derive(key, "key-check").hex()


def note(folder: Path, key: bytes) -> None:
    """Write the note, once; called when the database has opened with the key. Raises OSError."""
    if _noted(folder) == value(key):
        return
    part = folder / f"{NOTE}.part"
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write(value(key) + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, folder / NOTE)
    sync_folder(folder)


def _noted(folder: Path) -> str:
    try:
        text = (folder / NOTE).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
    return text if len(text) == 2 * keys.KEY_BYTES else ""
