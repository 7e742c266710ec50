"""The bundle itself: a ZIP of small JSON files. Called by `kiosk support-bundle` and by the desk (设备维护).

Every text in it was cut (`cut`); before it is written it is searched once more for this station's own keys.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from kiosk import config
from kiosk.doctor import checks as doctor
from kiosk.doctor.finding import Finding
from kiosk.errors import KioskError
from kiosk.removable import files
from kiosk.store.engine import keys as store_keys
from kiosk.support import cut, machine, troubles
from kiosk.sync import keys as sync_keys

_README = """Support bundle of a pension kiosk (养老金自助机的求助文件).

In it: versions, what `kiosk doctor` found, units of the service manager, warnings and errors, some times, devices with their
descriptors, settings without secrets, counts of the store.
Not in it: names, numbers, pictures, keys, PINs, records. Chinese characters and numbers of eleven digits and more were taken out of
every text (…).
"""
_FAILED = "the check itself failed: "


class SupportRefused(KioskError):
    """The bundle would have held a key of this station; nothing was written."""

    reason = "internal-error"


def make(settings: config.Settings, of_store: Callable[[], dict[str, Any]], now: datetime) -> bytes:
    """Return the bundle. of_store: reads what the store tells (`troubles.of_store`). Takes some seconds. Raises SupportRefused."""
    parts = {
        "versions": machine.versions(),
        "doctor": [_told(one) for one in doctor.examine(settings)],
        "units": machine.units(),
        "errors": {"log": troubles.of_log(config.resolve(settings.store.directory) / "log"), **troubles.of_system()},
        "timings": machine.timings(settings),
        "devices": machine.devices(settings),
        "settings": cut.settings(settings.model_dump(mode="json")),
        "store": _or_why(of_store),
    }
    texts = {f"{name}.json": json.dumps(cut.tree(part), ensure_ascii=True, indent=1) for name, part in parts.items()}
    for secret in secrets(settings):
        if any(secret in text for text in texts.values()):
            raise SupportRefused("a key of this station stands in it")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        made = now.timetuple()[:6]
        for name, text in {"README.txt": _README, **texts}.items():
            archive.writestr(zipfile.ZipInfo(name, made), text, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def write(folder: Path, settings: config.Settings, of_store: Callable[[], dict[str, Any]], now: datetime) -> Path:
    """Write the bundle into a folder, whole or not at all; return its path. Raises RemovableError, SupportRefused."""
    if not folder.is_dir():
        raise files.RemovableError("medium-missing")
    station = "".join(one for one in cut.text(settings.station.station_id) if one.isascii() and (one.isalnum() or one in "-_"))
    path = folder / f"support-{station[:40] or 'kiosk'}-{now:%Y%m%d-%H%M%S}.zip"
    files.write_file(path, make(settings, of_store, now))
    return path


def _told(one: Finding) -> dict[str, str]:
    # Of what was not foreseen only its kind: a library's words may quote what it choked on.
    what = one.what
    if what.startswith(_FAILED):
        what = _FAILED + what.removeprefix(_FAILED).partition(":")[0]
    return {"part": one.part, "state": one.state, "what": what, "remedy": one.remedy}


def _or_why(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return work()
    except KioskError as error:
        return {"cannot_be_read": str(error.reason)}


def secrets(settings: config.Settings) -> Iterator[str]:
    """Yield this station's keys in the forms in which a text could hold them."""
    raw: list[bytes] = []
    with contextlib.suppress(KioskError):  # none here, or not for this user
        raw.append(store_keys.database_key(settings.store, data_there=True))
    if not settings.sync.key_module:
        with contextlib.suppress(KioskError):
            pair = json.loads(sync_keys.dump_keys(sync_keys.load_keys(settings.sync)))
            raw += [base64.urlsafe_b64decode(one["d"] + "==") for one in pair.values()]
    for one in raw:
        yield from (one.hex(), base64.b64encode(one).decode().rstrip("="), base64.urlsafe_b64encode(one).decode().rstrip("="))
