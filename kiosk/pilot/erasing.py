"""Pictures of a pilot go on the day that was promised: by the kiosk's housekeeping, and by every `kiosk pilot`."""

from __future__ import annotations

import contextlib
import shutil
from datetime import date
from pathlib import Path

KEEP_DAYS = 30


def folder_in(directory: Path) -> Path:
    """Return where the pictures lie. directory: `[store] directory`."""
    return directory / "pilot" / "pictures"


def erase_due(folder: Path, today: date) -> int:
    """Erase what was promised to be gone by today; return of how many days. Each day has a folder, named by it."""
    count = 0
    for path in sorted(folder.glob("*")):
        with contextlib.suppress(ValueError):  # of no day: not ours
            if date.fromisoformat(path.name) <= today:
                shutil.rmtree(path)
                count += 1
    return count
