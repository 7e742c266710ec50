"""Whether the set-up by touch opens at the next start, and how far it was: a file in the store's folder. For `app`, commands."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import replace
from pathlib import Path

from kiosk import layers
from kiosk.config import Settings, resolve
from kiosk.installation.progress import SetupProgress, from_json, to_json

log = logging.getLogger(__name__)

FILE = "installation.json"
UNSET = "UNSET"  # station number of a package that nobody has set up
_LARGEST = 64 * 1024


def path_of(settings: Settings) -> Path:
    """Return where it lies."""
    return resolve(settings.store.directory) / layers.FOLDER / FILE


def read(settings: Settings) -> SetupProgress | None:
    """Return how far the set-up was; None where there was none, or the file is damaged."""
    with contextlib.suppress(OSError, UnicodeDecodeError), path_of(settings).open(encoding="utf-8") as file:
        return from_json(file.read(_LARGEST))
    return None


def keep(settings: Settings, progress: SetupProgress) -> None:
    """Write it down. Raises OSError."""
    layers.write_whole(path_of(settings), to_json(progress))


def wanted(settings: Settings) -> bool:
    """Whether the set-up opens: it was begun and not ended, somebody wished for it, or this is a station's first start."""
    progress = read(settings)
    if progress is not None:
        return progress.wanted
    return settings.station.station_id == UNSET or (path_of(settings).exists() and not registered(settings))


def wish(settings: Settings) -> bool:
    """Open the set-up at the next start; False where that cannot be written down."""
    try:
        keep(settings, replace(read(settings) or SetupProgress(), wanted=True))
    except OSError as error:
        log.error("the set-up cannot be opened", extra={"code": type(error).__name__})
        return False
    return True


def registered(settings: Settings) -> bool:
    """Whether the bureau knows this station: without it nobody is served by a station that was set up by touch."""
    key = resolve(settings.sync.key_file)
    return key.with_name(key.stem + ".pins.json").exists()


def closed(settings: Settings) -> bool:
    """Whether self-service stays closed: a station of a package, or one that was set up by touch, and not registered yet."""
    return not registered(settings) and (settings.station.station_id == UNSET or path_of(settings).exists())
