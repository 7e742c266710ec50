"""The bureau's own test hook: die, hang or fail at a named point. Does nothing unless KIOSK_BUREAU_FAILPOINTS is set.

KIOSK_BUREAU_FAILPOINTS="before-commit=die@3,after-commit=sleep:30@1,ingest=full@2": at the third pass of `before-commit`, die.
"""

from __future__ import annotations

import os
import time

_plan: dict[str, list[tuple[str, int]]] = {}
_seen: dict[str, int] = {}


class DiskFull(Exception):
    """Stands for the database's own error when the disk is full."""


def load(text: str | None = None) -> None:
    """Read the plan from `text` or the environment."""
    _plan.clear()
    _seen.clear()
    for item in filter(None, (text if text is not None else os.environ.get("KIOSK_BUREAU_FAILPOINTS", "")).split(",")):
        point, _, what = item.partition("=")
        action, _, nth = what.partition("@")
        _plan.setdefault(point, []).append((action, int(nth or 1)))


def hit(point: str) -> None:
    """Pass a point; act when the plan says so."""
    if not _plan:
        return
    _seen[point] = _seen.get(point, 0) + 1
    for action, nth in _plan.get(point, ()):
        if _seen[point] != nth:
            continue
        if action == "die":
            os._exit(9)
        if action.startswith("sleep:"):
            time.sleep(float(action[6:]))
        elif action == "full":
            raise DiskFull(point)
