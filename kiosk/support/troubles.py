"""What went wrong lately: the kiosk's own log, kernel and service manager, and the journal's codes. Called by `bundle`.

Only lines of known shape are taken. What a library or a fault of ours printed is counted and left out: it may quote anything.
"""

from __future__ import annotations

import json
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kiosk.store import outbox
from kiosk.store.engine.database import Store
from kiosk.store.roster import lookup as roster
from kiosk.support.machine import words

MOST = 2000  # lines of each kind, the newest
DAYS = 30
# Of `kiosk.log`'s fields those that name no visit and no record.
_FIELDS = ("t", "level", "from", "msg", "error", "code", "status", "state", "count", "seconds", "version", "attempt", "port")
_LEVELS = frozenset({"WARNING", "ERROR", "CRITICAL"})
_OF_DEVICES = re.compile(r"usb|uvc|video|tty|thermal|ext4|I/O error|out of memory|segfault|watchdog|xhci|snd|drm", re.IGNORECASE)
_KINDS = ("unexpected-error", "attendant-called", "evidence-turned-away", "kiosk-started", "camera-changed", "bundle-parts-refused")
_CODES = ("code", "reason", "why", "version")


def of_log(folder: Path) -> list[dict[str, Any]]:
    """Return warnings and errors of the kiosk's own log, oldest first."""
    found: deque[dict[str, Any]] = deque(maxlen=MOST)
    names = sorted(folder.glob("kiosk.log*"), key=lambda path: -int(path.suffix[1:]) if path.suffix[1:].isdigit() else 0)
    for path in names:
        try:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        found.extend(known_lines(lines))
    return list(found)


def known_lines(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield those lines that our own formatter wrote (`kiosk.log`), of warnings and errors, without visits and records."""
    for line in lines:
        try:
            told = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(told, dict) and told.get("level") in _LEVELS:
            yield {name: told[name] for name in _FIELDS if isinstance(told.get(name), str | int | float)}


def of_system() -> dict[str, Any]:
    """Return what the service manager says of our units, and the kernel of devices: the newest lines."""
    told = [_line(entry) for entry in _entries(words("units")) if entry.get("_PID") == "1"]
    devices = [_line(entry) for entry in _entries(words("kernel")) if _OF_DEVICES.search(str(entry.get("MESSAGE", "")))]
    return {"units": told[-MOST:], "kernel": devices[-MOST:]}


def _entries(text: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(entry, dict):
            yield entry


def _line(entry: dict[str, Any]) -> dict[str, str]:
    at = str(entry.get("__REALTIME_TIMESTAMP", ""))
    when = datetime.fromtimestamp(int(at) / 1e6, UTC).isoformat(timespec="milliseconds") if at.isdigit() else ""
    return {"at": when, "unit": str(entry.get("UNIT", ""))[:80], "says": str(entry.get("MESSAGE", ""))[:400]}


def of_store(store: Store, now: datetime) -> dict[str, Any]:
    """Return what the store tells: counts by state, versions, the journal's troubles by kind and code. In its thread."""
    since = (now - timedelta(days=DAYS)).isoformat()[:10]
    troubles: Counter[str] = Counter()
    marks = ", ".join("?" * len(_KINDS))
    query = f"SELECT kind, body FROM journal WHERE kind IN ({marks}) AND substr(body, 8, 10) >= ?"  # noqa: S608  fixed marks
    for kind, body in store.db.execute(query, (*_KINDS, since)):
        data = json.loads(body).get("data", {})
        code = next((data[name] for name in _CODES if isinstance(data.get(name), str)), "")
        troubles[f"{kind} {code}"[:120]] += 1
    oldest = outbox.oldest_unsent(store.db)
    return {
        "counts": outbox.counts(store.db),
        "oldest_unsent": oldest.isoformat() if oldest else None,
        "last_contact": outbox.get(store.db, "last_contact"),
        "roster_version": roster.version(store),
        "bundle_version": int(outbox.get(store.db, "bundle_version", "0")),
        "migrations": [
            f"{module} {name}" for module, name in store.db.execute("SELECT module, name FROM migrations ORDER BY 1, 2")
        ],
        "journal_of_30_days": dict(sorted(troubles.items())),
        "brought_back": store.recovered is not None,
    }
