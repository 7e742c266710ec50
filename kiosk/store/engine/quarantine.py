"""Put damaged files of the store aside; never delete what somebody may still read. Used by `store.opening` and `store.roster`."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

from kiosk.durable import sync_folder

DAMAGED = "-damaged-"  # in the name of what is not looked at again (`store.quarantined`)
DONE = f"{DAMAGED}or-done-"


def put_files_aside(path: Path, now: datetime, *, done: bool = False) -> list[str]:
    """Put the database's files aside under the time; never delete what somebody may still read. Returns their new names.

    done: not damaged, but of another key, or read out already; either way `store.quarantined` leaves it alone.
    """
    folder = path.parent if path.parent.name == "quarantine" else path.parent / "quarantine"
    folder.mkdir(exist_ok=True, mode=0o700)
    stamp = f"{now:%Y%m%dT%H%M%S}-{time.monotonic_ns() % 1000000:06d}{DONE if done else DAMAGED}"
    plain = "kiosk.db" if path.name.endswith("-kiosk.db") else path.name
    moved = []
    for suffix in ("", "-wal", "-shm"):
        file = path.with_name(path.name + suffix)
        if file.exists():
            target = folder / f"{stamp}{plain}{suffix}"
            file.replace(target)
            moved.append(target.name)
    sync_folder(folder)
    sync_folder(path.parent)
    return moved


def put_aside(file: Path, now: datetime) -> str:
    """Put one file of the store aside (a damaged roster). Returns its new name."""
    names = put_files_aside(file, now)
    return names[0] if names else ""
