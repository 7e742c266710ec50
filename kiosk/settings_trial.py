"""Whether the bureau's settings stay: on trial until the kiosk has started with them and reported, undone after an hour.

In a file beside the layers, not in the database: a kiosk that does not come up any more must find its way back. Light: read before
the first page. `sync.remote_settings` takes and confirms, `app.settings_watch` and the kiosk's start undo.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from kiosk import layers
from kiosk.errors import ConfigError
from kiosk.layers import Source, Value

WITHIN = timedelta(hours=1)  # the kiosk must have reported by then
NAME = "bureau-trial.json"


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of the settings that came last. state: "", trial, kept, undone, refused; `before`: the layer to go back to."""

    version: int = 0
    state: str = ""
    why: str = ""
    since: str = ""
    started: bool = False  # whether the kiosk has started since: only then a report says that it lives with them
    before: Mapping[str, Value] = field(default_factory=dict)
    told: bool = True  # whether the journal knows of the state


def read(folder: Path) -> Trial:
    """Return how it stands; folder: the store's."""
    try:
        data: dict[str, Any] = json.loads((folder / layers.FOLDER / NAME).read_bytes())
        held = Trial(**data)
        datetime.fromisoformat(held.since)
        return held
    except (OSError, ValueError, TypeError):
        return Trial()


def save(folder: Path, told: Trial) -> None:
    """Keep how it stands, whole or not at all. Raises ConfigError."""
    try:
        layers.write_whole(folder / layers.FOLDER / NAME, json.dumps(asdict(told)))
    except OSError as error:
        raise ConfigError(f"{NAME}: {error.strerror}") from error


def started(folder: Path, now: datetime) -> None:
    """The kiosk starts: what took too long is undone first. Before the settings are read; raises nothing."""
    try:
        held = read(folder)
        if not undo_when_late(folder, now) and held.state == "trial" and not held.started:
            save(folder, replace(held, started=True))
    except ConfigError:
        pass  # a full disk: tried again by the running kiosk


def undo_when_late(folder: Path, now: datetime) -> bool:
    """Go back to the settings of before when the hour is over; return whether that was done. Raises ConfigError (disk full)."""
    held = read(folder)
    if held.state != "trial":
        return False
    since = datetime.fromisoformat(held.since)
    if since - WITHIN < now < since + WITHIN:  # a clock that ran back for longer than that counts as too late
        return False
    layers.replace(folder, Source.BUREAU, held.before)
    save(folder, replace(held, state="undone", why="not-reported", before={}, told=False))
    return True
