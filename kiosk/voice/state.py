"""What is wrong with the sound, in a small file beside the store: written by the kiosk when it changes, read by `kiosk doctor`."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from kiosk.voice.sound import Trouble

FILE = "voice-state.json"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Noted:
    """`now`, `since` when (ISO 8601, UTC); `before`: each trouble that was, and when it last began."""

    now: Trouble = Trouble.NONE
    since: str = ""
    before: Mapping[Trouble, str] = field(default_factory=dict)


def teller(folder: Path) -> Callable[[Trouble], None]:
    """Return what notes a trouble, and its end, in `folder`. A disk that refuses is logged: the voice goes on."""

    def told(trouble: Trouble) -> None:
        if trouble is not Trouble.NONE:
            _log.warning("sound", extra={"code": trouble.value})
        noted = last(folder)
        if trouble is noted.now:
            return  # so it was before the kiosk was started anew
        at = datetime.now(UTC).isoformat(timespec="seconds")
        before = dict(noted.before)
        if trouble is not Trouble.NONE:
            before[trouble] = at
        unfinished = folder / (FILE + ".part")
        try:
            text = json.dumps({"trouble": trouble.value, "since": at, "before": before})
            unfinished.write_text(text, encoding="utf-8")
            unfinished.replace(folder / FILE)
        except OSError:
            _log.warning("the state of the sound cannot be noted")

    return told


def last(folder: Path) -> Noted:
    """Return what was noted; nothing wrong where nothing was noted or the file is damaged."""
    try:
        noted = json.loads((folder / FILE).read_text(encoding="utf-8"))
        before = {Trouble(name): str(at) for name, at in noted.get("before", {}).items()}
        return Noted(Trouble(noted["trouble"]), str(noted["since"]), before)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Noted()
