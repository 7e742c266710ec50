"""How often the kiosk's program fell: a start that finds the one before neither ended nor cut off by a new start of the machine.

`began` and `ended` are called by `app.housekeeping`; `of_last_day` by whoever tells the bureau.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from kiosk.store.clock import boot_id

NAME = "falls.json"  # in the store's folder
_MOST = 200


def began(folder: Path, now: datetime) -> None:
    """The kiosk starts."""
    told = _read(folder)
    falls = told["falls"]
    if told["boot"] == boot_id() and told["running"]:
        falls = [*falls, now.isoformat()][-_MOST:]
    _write(folder, {"boot": boot_id(), "running": True, "falls": falls})


def ended(folder: Path) -> None:
    """The kiosk ends as it should."""
    _write(folder, {**_read(folder), "running": False})


def of_last_day(folder: Path, now: datetime) -> int:
    """Return how often it fell in the last 24 hours."""
    since = now - timedelta(days=1)
    return sum(since <= at <= now for at in map(_when, _read(folder)["falls"]) if at is not None)


def _when(text: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def _read(folder: Path) -> dict[str, Any]:
    try:
        told = json.loads((folder / NAME).read_bytes())
        return {"boot": str(told["boot"]), "running": bool(told["running"]), "falls": list(told["falls"])}
    except (OSError, ValueError, KeyError, TypeError):
        return {"boot": "", "running": False, "falls": []}


def _write(folder: Path, told: dict[str, Any]) -> None:
    # Not synced: after a power cut another start of the machine is told by its boot id.
    part = folder / f"{NAME}.part"
    try:
        part.write_text(json.dumps(told), encoding="utf-8")
        part.replace(folder / NAME)
    except OSError:
        part.unlink(missing_ok=True)  # a full disk: nothing is counted
