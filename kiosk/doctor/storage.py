"""Can the kiosk keep records: the database with its key, room on the disk, and who has them open. Called by `checks.py`."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from sqlite_utils import Database

from kiosk import config
from kiosk.doctor.finding import Finding, Phrase
from kiosk.domain.camera_identity import CameraIdentity
from kiosk.errors import KioskError
from kiosk.store import camera_pin
from kiosk.store.engine import database, key_check, keys, lock

DISK_BAD_MB, DISK_LOW_MB = 200, 1000


@contextlib.contextmanager
def opened(file: Path, key: bytes) -> Iterator[Database]:
    """Open a database and close it again. Raises StoreError."""
    with database.store_errors():
        connection = database.connect(file, key)
        try:
            yield connection
        finally:
            connection.conn.close()


def check_database(settings: config.Settings) -> Finding:
    """Open the database with its key, if there is one; else look whether it could be made."""
    folder = config.resolve(settings.store.directory)
    file = folder / "kiosk.db"
    key_file = config.resolve(settings.store.key_file)
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if not os.access(there, os.W_OK):
        return Finding(
            "database",
            "bad",
            Phrase("{there} may not be written by this user", there=there),
            Phrase("change its owner to the kiosk's user"),
        )
    if not file.exists():
        return Finding("database", "idle", Phrase("none yet in {folder}; it is made at the first start", folder=folder))
    if not settings.store.key_command and not key_file.exists() and config.credential("database.key") is None:
        return Finding(
            "database",
            "bad",
            Phrase("its key {key_file} is gone", key_file=key_file),
            Phrase("bring the key back from its backup: without it nothing can be read"),
        )
    try:
        if not key_check.fits(folder, keys.database_key(settings.store, data_there=True)):
            return Finding(
                "database",
                "bad",
                Phrase("wrong key: it does not open, and was not touched"),
                Phrase("bring the right key back from its backup"),
            )
        with opened(file, keys.database_key(settings.store)) as connection:
            whole = connection.conn.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
    except KioskError as error:
        return Finding(
            "database",
            "bad",
            Phrase("cannot be opened: {error}", error=Phrase.of(error)),
            Phrase("check the key; at its next start the kiosk puts a damaged file aside and recovers"),
        )
    if not whole:
        return Finding(
            "database",
            "bad",
            Phrase("damaged"),
            Phrase("start the kiosk: it puts the file aside and recovers what the journal holds"),
        )
    return Finding("database", "ok", Phrase("opens with its key, {megabytes:.1f} MB", megabytes=file.stat().st_size / 1000000.0))


def pinned_camera(settings: config.Settings) -> CameraIdentity | None:
    """Return the camera that is believed, by set-up or by a supervisor's word; None where the database tells of none."""
    folder = config.resolve(settings.store.directory)
    if not (folder / "kiosk.db").exists():
        return None
    try:
        with opened(folder / "kiosk.db", keys.database_key(settings.store, data_there=True)) as connection:
            return camera_pin.pinned(connection)
    except KioskError:  # told by the check of the database
        return None


def check_disk(settings: config.Settings) -> Finding:
    """Look at the free space where the database lies."""
    folder = config.resolve(settings.store.directory)
    there = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(there).free // 1_000_000
    if free < DISK_BAD_MB:
        return Finding(
            "disk", "bad", Phrase("{free} MB free", free=free), Phrase("make room: records cannot be saved on a full disk")
        )
    if free < DISK_LOW_MB:
        return Finding("disk", "idle", Phrase("{free} MB free: low", free=free), Phrase("make room soon"))
    return Finding("disk", "ok", Phrase("{gigabytes:.1f} GB free", gigabytes=free / 1000))


def kiosk_runs(settings: config.Settings) -> bool:
    """Whether another process owns the store, and so the devices."""
    file = config.resolve(settings.store.directory) / "kiosk.lock"
    if not file.exists():
        return False
    held = lock.try_lock(file)
    if held is None:
        return True
    held.close()
    return False
