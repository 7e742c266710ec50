"""Settings laid over the operator's file: the station's own, set by touch, and the bureau's. For `config` and whoever writes them.

Package defaults < the operator's file ($KIOSK_CONFIG) < `station.json` < `bureau.json`, in the store's folder `settings/`. A layer
is one flat JSON object, `{"camera.rotate": 90}`, with allow-listed keys only. What cannot be used in a layer is left out and told
(`Layer.problems`), never an error: a station must start with whatever a power cut or an older version has left it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from kiosk.durable import sync_folder
from kiosk.errors import ConfigError

Value = str | int | float | bool
FOLDER = "settings"  # in the store's directory
_LARGEST = 64 * 1024
_LONGEST = 300  # characters of one text


class Source(StrEnum):
    """Whose layer it is. The later one wins."""

    STATION = "station"
    BUREAU = "bureau"


# What a supervisor may change at the station, by touch: nothing that decides who passes, no keys, no commands.
BY_TOUCH = frozenset(
    {
        "station.name",
        "station.station_id",
        "station.hotline",
        "station.reader_place",
        "ui.language",
        "ui.theme",
        "ui.large_text",
        "ui.screen",
        "ui.screen_turn",
        "ui.touch_turn",
        "voice.language",
        "voice.volume",
        "camera.source",
        "camera.rotate",
        "reader.port",
        "printer.kind",
        "printer.target",
        "printer.width_mm",
        "printer.text",
        "printer.large",
        "printer.cut",
        "sync.bureau_url",
        "sync.ca_file",
    }
)
# What the bureau may set from afar, signed: what differs from station to station by place, never its name, its keys or its bureau.
FROM_AFAR = frozenset(
    {
        "station.name",
        "station.hotline",
        "station.verify_url",
        "ui.language",
        "ui.theme",
        "ui.large_text",
        "voice.language",
        "voice.volume",
        "printer.width_mm",
        "printer.text",
        "printer.large",
        "printer.cut",
        "sync.interval_s",
        "sync.metered",
        "sync.night_only",
        "sync.night_from_hour",
        "sync.night_to_hour",
        "update.from_hour",
        "update.to_hour",
        "update.over_metered",
        # Never below the programme's minimum (`minimum_fault`).
        "liveness.actions",
        "liveness.action_timeout_s",
        "liveness.tries_per_visit",
        "liveness.tries_per_person_day",
        "liveness.checks.depth",
        "liveness.checks.background",
        "liveness.checks.screen",
        "liveness.checks.bent_print",
        "liveness.checks.cutout",
        "liveness.checks.stillness",
        "liveness.checks.repeated_frames",
        "liveness.checks.reflection",
        "liveness.checks.light",
        "liveness.checks.camera",
        "liveness.checks.sensor",
        # Only with a second signature, the owner's (`owner_agreement`).
        "match.accept",
        "match.reject",
        "match.same_person",
    }
)
TWO_SIGNATURES = frozenset({"match.accept", "match.reject", "match.same_person"})  # from afar: the owner's besides the bureau's
# The programme's minimum, as shipped: no check is weaker than LEAST_MODE, no number below LEAST or above MOST.
MODES = ("off", "record", "refer", "enforce")
LEAST_MODE = {
    "liveness.checks.depth": "enforce",
    "liveness.checks.background": "record",
    "liveness.checks.screen": "record",
    "liveness.checks.bent_print": "enforce",
    "liveness.checks.cutout": "record",
    "liveness.checks.stillness": "enforce",
    "liveness.checks.repeated_frames": "enforce",
    "liveness.checks.reflection": "off",
    "liveness.checks.light": "refer",
    "liveness.checks.camera": "record",
    "liveness.checks.sensor": "record",
}
LEAST = {"liveness.actions": 2.0}
MOST = {"liveness.action_timeout_s": 30.0, "liveness.tries_per_visit": 3.0, "liveness.tries_per_person_day": 5.0}
ALLOWED = {Source.STATION: BY_TOUCH, Source.BUREAU: FROM_AFAR}


@dataclass(frozen=True, slots=True)
class Layer:
    """What one file says. `problems`: what of it is left out, and why, in words for the doctor."""

    values: Mapping[str, Value]
    problems: tuple[str, ...] = ()


def path_of(directory: Path, source: Source) -> Path:
    """Return the layer's file; `directory` is the store's."""
    return directory / FOLDER / f"{source.value}.json"


def read(directory: Path, source: Source) -> Layer:
    """Return the usable part of a layer; an empty one where there is no file."""
    path = path_of(directory, source)
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
        found = json.loads(data) if len(data) <= _LARGEST else None
    except FileNotFoundError:
        return Layer({})
    except OSError as error:
        return Layer({}, (f"{path}: {error.strerror}",))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        return Layer({}, (f"{path}: is damaged",))
    good = {key: value for key, value in found.items() if _usable(directory, source, key, value)}
    return Layer(good, tuple(f"{path}: {str(key)[:60]} cannot be set here" for key in found if key not in good))


def change(directory: Path, source: Source, changes: Mapping[str, Value | None]) -> None:
    """Set some keys of a layer (None: no longer set here), whole or not at all. Raises ConfigError: not allowed, no room."""
    for key, value in changes.items():
        if key not in ALLOWED[source] or (value is not None and not _usable(directory, source, key, value)):
            raise ConfigError(f"{key} cannot be set by the {source.value}")
    values = {**read(directory, source).values, **changes}
    replace(directory, source, {key: value for key, value in values.items() if value is not None})


def replace(directory: Path, source: Source, values: Mapping[str, Value]) -> None:
    """Write a whole layer in place of the old one. Raises ConfigError as `change` does."""
    if wrong := [key for key, value in values.items() if not _usable(directory, source, key, value)]:
        raise ConfigError(f"{', '.join(wrong)} cannot be set by the {source.value}")
    path = path_of(directory, source)
    try:
        write_whole(path, json.dumps(values, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error


def write_whole(path: Path, text: str) -> None:
    """Write a file of the owner's alone so that a power cut leaves the old one or the new one. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    sync_folder(path.parent)


def nested(values: Mapping[str, Value]) -> dict[str, Any]:
    """Return flat keys as sections: {"camera.rotate": 90} is {"camera": {"rotate": 90}}."""
    out: dict[str, Any] = {}
    for key, value in values.items():
        *sections, name = key.split(".")
        here = out
        for section in sections:
            here = here.setdefault(section, {})
        here[name] = value
    return out


def sources(directory: Path) -> Iterator[tuple[Source, Layer]]:
    """Yield every layer, the weakest first."""
    for source in Source:
        yield source, read(directory, source)


def minimum_fault(key: str, value: object) -> str:
    """Return "" for a value that is not below the programme's minimum, else below-minimum or malformed."""
    if key in LEAST_MODE:
        if value not in MODES:
            return "malformed"
        return "below-minimum" if MODES.index(str(value)) < MODES.index(LEAST_MODE[key]) else ""
    if key in LEAST or key in MOST:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return "malformed"
        return "below-minimum" if value < LEAST.get(key, value) or value > MOST.get(key, value) else ""
    return ""


def _usable(directory: Path, source: Source, key: object, value: object) -> bool:
    if not isinstance(key, str) or key not in ALLOWED[source] or not isinstance(value, str | int | float):
        return False
    if minimum_fault(key, value):
        return False
    if key in TWO_SIGNATURES:
        from kiosk import owner_agreement  # only now: who renders the voice reads settings and has no cryptography

        if not owner_agreement.agreed(directory / FOLDER, key, value):
            return False
    return not isinstance(value, str) or (len(value) <= _LONGEST and value.isprintable())
