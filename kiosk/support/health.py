"""How this station is, for the bureau's page: temperature, disk, USB resets, failures by reason, falls, the last update.

Called by the sync before it reports; the running kiosk adds what only it knows of camera and reader (`Live`).
"""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
from pydantic import ValidationError

import kiosk
from kiosk import settings_trial
from kiosk.store.engine.database import Store
from kiosk.support import cut, falls
from kiosk.support.machine import RESULT, update_result, words
from kiosk.sync import limits, protocol
from kiosk.sync.batches import RunInStore
from kiosk.sync.reports import Gather

_SAM = re.compile(r"[0-9.-]{0,48}")
_REASON = re.compile(r"[a-z0-9_-]{1,64}")
_LATEST = 5000  # entries of the journal that are looked at: more than a day's


@dataclass(frozen=True, slots=True)
class Live:
    """What the running kiosk knows of its devices. Empty: not asked."""

    camera: str = ""
    camera_fps: float | None = None
    reader: str = ""
    sam: str = ""


def gatherer(live: Callable[[], Live] = Live) -> Gather:
    """Return what the sync calls when a report may be due. live: read in the sync's thread."""

    def gather(run_in_store: RunInStore, now: datetime) -> dict[str, Any]:
        told = live()
        outside = {"temperature_c": temperature_c(), "usb_resets": usb_resets()}
        return {**outside, **run_in_store(lambda store: facts(store, now, told))}

    return gather


def facts(store: Store, now: datetime, live: Live) -> dict[str, Any]:
    """Return the fields of a `protocol.StationReport` that the store and the kiosk know. Runs on the store's thread.

    `settings_started` is none of them: it only says that there is something new to tell.
    """
    held = settings_trial.read(store.folder)
    return {
        "settings_version": held.version,
        "settings_state": held.state,
        "settings_why": cut.text(held.why)[:190],
        "settings_started": held.started,
        "software": kiosk.__version__,
        "disk_free_mb": shutil.disk_usage(store.folder).free // 1_000_000,
        "camera": live.camera,
        "camera_fps": live.camera_fps,
        "reader": live.reader,
        "sam": live.sam if _SAM.fullmatch(live.sam) else "",
        "failures": failures(store, now),
        "falls": falls.of_last_day(store.folder, now),
        "update": last_update(),
    }


def temperature_c() -> float | None:
    """Return the hottest of the machine's own sensors; None where it has none."""
    read = getattr(psutil, "sensors_temperatures", None)  # not on Windows
    try:
        found = [one.current for many in (read() if read else {}).values() for one in many]
    except (OSError, ValueError):
        return None
    fit = [one for one in found if one is not None and -80 <= one <= 200]
    return round(max(fit), 1) if fit else None


def usb_resets() -> int | None:
    """Return how often the kernel reset or lost a USB device since the machine's start; None where nobody counts."""
    told = words("usb-resets", 20).strip()
    return min(int(told), 10**6) if told.isascii() and told.isdigit() else None


def failures(store: Store, now: datetime) -> tuple[tuple[str, int], ...]:
    """Return how visits of the last day failed and why help was called, by reason, the most frequent first."""
    since = now - timedelta(days=1)
    found: Counter[str] = Counter()
    query = (
        "SELECT kind, body FROM journal WHERE seq > (SELECT max(seq) FROM journal) - ?"
        " AND kind IN ('visit-saved', 'visit-refused', 'attendant-called', 'unexpected-error')"
    )
    for kind, body in store.db.execute(query, (_LATEST,)):
        told = json.loads(body)
        data, at = told.get("data", {}), datetime.fromisoformat(told["at"])
        if at < since or (kind == "visit-saved" and data.get("outcome") == "passed"):
            continue
        reason = "internal-error" if kind == "unexpected-error" else str(data.get("reason", ""))
        if _REASON.fullmatch(reason):
            found[reason] += 1
    return tuple(found.most_common(limits.MAX_CODES))


def last_update(path: Path = RESULT) -> protocol.UpdateResult | None:
    """Return what the last update came to, as the updater left it; None where there was none."""
    told = update_result(path)
    try:
        why = cut.text(str(told.get("why", "")))[:190]
        return protocol.UpdateResult(version=str(told["version"])[:40], state=told["state"], why=why, at=told["at"])
    except (KeyError, ValidationError):
        return None
