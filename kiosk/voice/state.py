"""What is wrong with the sound, in a small file beside the store: written by the kiosk when it changes, read by `kiosk doctor`."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from kiosk.voice.sound import Trouble

FILE = "voice-state.json"

_log = logging.getLogger(__name__)


def teller(folder: Path) -> Callable[[Trouble], None]:
    """Return what notes a trouble, and its end, in `folder`. A disk that refuses is logged: the voice goes on."""

    def told(trouble: Trouble) -> None:
        _log.warning("sound", extra={"code": trouble.value})
        unfinished = folder / (FILE + ".part")
        try:
            text = json.dumps({"trouble": trouble.value, "since": datetime.now(UTC).isoformat(timespec="seconds")})
            unfinished.write_text(text, encoding="utf-8")
            unfinished.replace(folder / FILE)
        except OSError:
            _log.warning("the state of the sound cannot be noted")

    return told


def last(folder: Path) -> tuple[Trouble, str]:
    """Return the last trouble and since when (ISO 8601, UTC); none where nothing was noted or the file is damaged."""
    try:
        noted = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return Trouble(noted["trouble"]), str(noted["since"])
    except (OSError, ValueError, KeyError, TypeError):
        return Trouble.NONE, ""
