"""Is there a roster, is it whole, how old is it: what `kiosk doctor` says about it. Called by `checks.py`; changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import sqlcipher3.dbapi2 as sqlcipher

from kiosk import config
from kiosk.doctor.finding import Phrase
from kiosk.doctor.storage import opened
from kiosk.errors import KioskError, StoreError
from kiosk.store.engine import keys, meta
from kiosk.store.roster.build import LAYOUT, file_key

_NEW = Phrase("it comes anew from the bureau, or from a stick; the running kiosk puts a damaged one aside by itself")


def look(settings: config.Settings) -> tuple[Literal["ok", "bad", "idle"], str, str]:
    """Return the finding's state, what was found, and what to do."""
    folder = config.resolve(settings.store.directory)
    if not (folder / "kiosk.db").exists():
        return "idle", Phrase("no database yet, so no roster"), ""
    try:
        key = keys.database_key(settings.store, data_there=True)
        with opened(folder / "kiosk.db", key) as connection:
            name = meta.get(connection, "roster_file")
        if not name:
            return "idle", Phrase("none yet: people can be served at the desk of a station that has one"), _NEW
        return _whole(folder / name, key, settings.rules.roster_stale_days)
    except KioskError as error:
        return (
            "bad",
            Phrase("cannot be looked at: {error}", error=Phrase.of(error) if isinstance(error, KioskError) else error),
            Phrase("see database"),
        )


def _whole(path: Path, key: bytes, stale_days: int) -> tuple[Literal["ok", "bad", "idle"], str, str]:
    if not path.is_file():
        return "bad", Phrase("{name} is gone", name=path.name), _NEW
    if path.stat().st_size == 0:
        return "bad", Phrase("{name} holds nothing (0 bytes)", name=path.name), _NEW
    connection = sqlcipher.connect(f"file:{path}?mode=ro", uri=True)
    try:
        connection.execute("PRAGMA cipher_log_level = NONE")
        connection.execute(f"PRAGMA key = \"x'{file_key(key)}'\"")
        about = dict(connection.execute("SELECT key, value FROM about").fetchall())
        people = connection.execute("SELECT count(*) FROM people").fetchone()[0]
        lines = connection.execute("SELECT count(*) FROM lines").fetchone()[0]
        whole = connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
    except sqlcipher.Error as error:
        return (
            "bad",
            Phrase(
                "{name} is damaged: {error}", name=path.name, error=Phrase.of(error) if isinstance(error, KioskError) else error
            ),
            _NEW,
        )
    finally:
        connection.close()
    if not whole or people != lines or about.get("layout") != LAYOUT:
        return "bad", Phrase("{name} is damaged", name=path.name), _NEW
    try:
        age = (datetime.now(UTC) - datetime.fromisoformat(about["issued_at"])).days
    except (KeyError, ValueError):
        raise StoreError(f"{path.name} does not say when it was issued") from None
    told = Phrase(
        "version {version}, {people} people, {days} days old",
        version=about.get("version", "?"),
        people=people,
        days=max(0, age),
    )
    if not people:
        return "bad", Phrase("{told}: nobody in it", told=told), _NEW
    return ("bad", Phrase("{told}: too old", told=told), _NEW) if age > stale_days else ("ok", told, "")
