"""Is there a roster, is it whole, how old is it: what `kiosk doctor` says about it. Called by `checks.py`; changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import sqlcipher3.dbapi2 as sqlcipher

from kiosk import config
from kiosk.errors import KioskError, StoreError
from kiosk.store.engine import database, keys, meta
from kiosk.store.roster.build import LAYOUT, file_key

_NEW = "it comes anew from the bureau, or from a stick; the running kiosk puts a damaged one aside by itself"


def look(settings: config.Settings) -> tuple[Literal["ok", "bad", "idle"], str, str]:
    """Return the finding's state, what was found, and what to do."""
    folder = config.resolve(settings.store.directory)
    if not (folder / "kiosk.db").exists():
        return "idle", "no database yet, so no roster", ""
    try:
        key = keys.database_key(settings.store, data_there=True)
        with database.store_errors():
            connection = database.connect(folder / "kiosk.db", key)
            try:
                name = meta.get(connection, "roster_file")
            finally:
                connection.conn.close()
        if not name:
            return "idle", "none yet: people can be served at the desk of a station that has one", _NEW
        return _whole(folder / name, key, settings.rules.roster_stale_days)
    except KioskError as error:
        return "bad", f"cannot be looked at: {error}", "see database"


def _whole(path: Path, key: bytes, stale_days: int) -> tuple[Literal["ok", "bad", "idle"], str, str]:
    if not path.is_file():
        return "bad", f"{path.name} is gone", _NEW
    if path.stat().st_size == 0:
        return "bad", f"{path.name} holds nothing (0 bytes)", _NEW
    connection = sqlcipher.connect(f"file:{path}?mode=ro", uri=True)
    try:
        connection.execute("PRAGMA cipher_log_level = NONE")
        connection.execute(f"PRAGMA key = \"x'{file_key(key)}'\"")
        about = dict(connection.execute("SELECT key, value FROM about").fetchall())
        people = connection.execute("SELECT count(*) FROM people").fetchone()[0]
        lines = connection.execute("SELECT count(*) FROM lines").fetchone()[0]
        whole = connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
    except sqlcipher.Error as error:
        return "bad", f"{path.name} is damaged: {error}", _NEW
    finally:
        connection.close()
    if not whole or people != lines or about.get("layout") != LAYOUT:
        return "bad", f"{path.name} is damaged", _NEW
    try:
        age = (datetime.now(UTC) - datetime.fromisoformat(about["issued_at"])).days
    except (KeyError, ValueError):
        raise StoreError(f"{path.name} does not say when it was issued") from None
    told = f"version {about.get('version', '?')}, {people} people, {max(0, age)} days old"
    if not people:
        return "bad", f"{told}: nobody in it", _NEW
    return ("bad", f"{told}: too old", _NEW) if age > stale_days else ("ok", told, "")
