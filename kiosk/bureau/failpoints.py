"""The bureau's own test hook: die, hang or run out of disk at a named point. Does nothing unless KIOSK_BUREAU_FAILPOINTS is set.

"before-commit=die@3,ingest=full@2": at the third pass of `before-commit`, die. "@FILE": do once what the file says when it is there
("after-commit=die"); it is removed first, so that a test can arm a running bureau.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

_plan: dict[str, list[tuple[str, int]]] = {}
_seen: dict[str, int] = {}
_file: Path | None = None


class DiskFull(Exception):
    """Stands for the database's own error when the disk is full."""


def load(text: str | None = None) -> None:
    """Read the plan from `text` or the environment."""
    global _file
    _plan.clear()
    _seen.clear()
    text = text if text is not None else os.environ.get("KIOSK_BUREAU_FAILPOINTS", "")
    _file = Path(text[1:]) if text.startswith("@") else None
    for item in filter(None, () if _file else text.split(",")):
        point, _, what = item.partition("=")
        action, _, nth = what.partition("@")
        _plan.setdefault(point, []).append((action, int(nth or 1)))


def hit(point: str) -> None:
    """Pass a point; act when the plan says so."""
    if _file is not None and _file.exists():
        wanted, _, action = _file.read_text(encoding="ascii").strip().partition("=")
        if wanted == point:
            _file.unlink()
            _act(action, point)
    if not _plan:
        return
    _seen[point] = _seen.get(point, 0) + 1
    for action, nth in _plan.get(point, ()):
        if _seen[point] == nth:
            _act(action, point)


def _act(action: str, point: str) -> None:
    if action == "die":
        os._exit(9)
    if action.startswith("sleep:"):
        time.sleep(float(action[6:]))
    elif action == "full":
        raise DiskFull(point)
