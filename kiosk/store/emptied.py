"""A store whose database and mirror both hold nothing, where there was data: never begun anew without a supervisor's word.

Called by `store.opening` and, for the supervisor's word, by `kiosk journal begin-anew`. An empty file is an empty database to the
driver, and an empty mirror fills nothing: a disk that lost its files, or a hand that emptied them, would look like a first start.
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

from kiosk.durable import sync_folder
from kiosk.errors import StoreError
from kiosk.store.engine import key_check, keys
from kiosk.store.engine.journal_file import JournalFile
from kiosk.store.engine.quarantine import put_files_aside

WORD = "kiosk.begin-anew"


class StoreEmptied(StoreError):
    """There was data, and neither the database nor its mirror holds any of it. Nothing was touched."""


def found(folder: Path, key: bytes) -> bool:
    """Return whether the store was emptied: nothing in database and mirror, and a trace of a start before."""
    database = folder / "kiosk.db"
    if database.exists() and database.stat().st_size:
        return False
    mirror = folder / "journal"
    traces = any(mirror.glob("*.journal")) or (folder / key_check.NOTE).exists()
    return traces and next(JournalFile(mirror, keys.derive(key, "journal-file")).read(), None) is None


def give_word(folder: Path, by: str, why: str) -> None:
    """Leave a supervisor's word for the next start. Raises OSError."""
    part = folder / f"{WORD}.part"
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump({"by": by[:40], "why": why[:200]}, file, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, folder / WORD)
    sync_folder(folder)


def put_aside(folder: Path, now: datetime) -> tuple[dict[str, str], list[str]]:
    """Put what is left into the quarantine, if somebody gave their word; return the word and the new names. Raises StoreEmptied."""
    try:
        told = json.loads((folder / WORD).read_text(encoding="utf-8"))
        word = {name: str(told[name]) for name in ("by", "why")}
    except (OSError, ValueError, KeyError, TypeError):
        raise StoreEmptied(
            "kiosk.db and its mirror are empty, and there was data: nothing was touched. Bring the files back from a backup, or "
            "have a supervisor say `kiosk journal begin-anew`"
        ) from None
    moved: list[str] = []
    for path in (folder / "kiosk.db", *sorted((folder / "journal").glob("*.journal"))):
        if path.exists():
            moved += put_files_aside(path, now) if path.parent == folder else [_beside(folder, path, now)]
    return word, moved


def word_taken(folder: Path) -> None:
    """The store has begun anew, and its journal says by whose word: it holds once."""
    (folder / WORD).unlink(missing_ok=True)


def _beside(folder: Path, path: Path, now: datetime) -> str:
    target = folder / "quarantine" / f"{now:%Y%m%dT%H%M%S}-{path.name}"
    target.parent.mkdir(exist_ok=True, mode=0o700)
    path.replace(target)
    return target.name
