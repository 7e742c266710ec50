"""What the machine is: versions, units of the service manager, devices by their descriptors, and some times. Called by `bundle`.

Nothing is opened that the running kiosk uses; what this user may not see is left out.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import kiosk
from kiosk import config
from kiosk.camera import sysfs

UNITS = (
    "pension-kiosk.service",
    "pension-kiosk-display.service",
    "pension-kiosk-keys.service",
    "pension-kiosk-recover.service",
    "pension-kiosk-update.service",
    "pension-kiosk-update.timer",
    "pension-kiosk-clock.path",
    "pension-kiosk-clock.service",
    "pension-kiosk-words.timer",
    "pension-kiosk-words.service",
)  # what the package installs (`packaging`), and a support bundle asks about
RESULT = Path("/opt/pension-kiosk/update-result.json")  # written by `kiosk update`, for everybody to read
WORDS = Path("/run/pension-kiosk-words")  # what of the system's journal this user may know, left there by root every ten minutes
_SHOWN = (
    "Id LoadState ActiveState SubState UnitFileState Result NRestarts ExecMainStatus MemoryCurrent MemoryPeak StatusText"
    " ExecMainStartTimestampMonotonic ActiveEnterTimestampMonotonic"
).split()
_USB = (
    "idVendor",
    "idProduct",
    "bcdDevice",
    "manufacturer",
    "product",
    "serial",
    "speed",
    "busnum",
    "devnum",
    "bMaxPower",
    "urbnum",
)
_TIMEOUT_S = 10.0
_MOST = 65536


def run(*command: str) -> str:
    """Return what a command of the system prints; "" where there is none, or it fails."""
    program = shutil.which(command[0])
    if program is None:
        return ""
    try:
        done = subprocess.run(  # noqa: S603
            [program, *command[1:]], capture_output=True, text=True, errors="replace", check=False, timeout=_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


def versions() -> dict[str, Any]:
    """Return what is installed: the kiosk, its libraries, the system below."""
    system = {}
    for line in _text(Path("/etc/os-release")).splitlines():
        key, _, value = line.partition("=")
        if key in ("ID", "VERSION_ID", "PRETTY_NAME", "DEBIAN_VERSION_FULL"):
            system[key] = value.strip('"')
    return {
        "kiosk": kiosk.__version__,
        "python": platform.python_version(),
        "system": system,
        "kernel": platform.release(),
        "machine": platform.machine(),
        "libraries": {one.name: one.version for one in importlib.metadata.distributions()},
        "update": update_result(),
    }


def words(name: str, most: int = 4_000_000) -> str:
    """Return what was left of the journal: kernel, units or usb-resets; "" where nothing is."""
    try:
        with (WORDS / name).open("rb") as file:
            return file.read(most).decode("utf-8", "replace")
    except OSError:
        return ""


def update_result(path: Path = RESULT) -> dict[str, Any]:
    """Return what the last update came to, as the updater left it for everybody to read; {} where there is none."""
    try:
        told = json.loads(_text(path))
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def units() -> list[dict[str, str]]:
    """Return what the service manager says of our units, one after the other."""
    told = run("systemctl", "show", *(f"--property={name}" for name in _SHOWN), *UNITS)
    blocks = (dict(line.split("=", 1) for line in block.splitlines() if "=" in line) for block in told.split("\n\n"))
    return [block for block in blocks if block]


def devices(settings: config.Settings, root: Path = sysfs.SYS) -> dict[str, Any]:
    """Return the devices that the system knows: every USB device, the camera as it is judged, serial ports, sound and screens."""
    identity = (
        sysfs.identify(settings.camera.source.partition(":")[2], root) if settings.camera.source.startswith("device:") else None
    )
    return {
        "usb": [_usb(folder) for folder in sorted((root / "bus" / "usb" / "devices").glob("*")) if (folder / "idVendor").is_file()],
        "camera": asdict(identity) if identity is not None else None,
        "video": [{"node": one.name, "name": _ascii(_text(one / "name"))} for one in _nodes(root, "video4linux")],
        "serial": [
            {"node": one.name, "driver": _linked(one / "device" / "driver")}
            for one in _nodes(root, "tty")
            if (one / "device").exists()
        ],
        "sound": [_ascii(line) for line in _text(Path("/proc/asound/cards")).splitlines()],
        "screens": [
            {"connector": one.name, "status": _text(one / "status").strip(), "modes": _text(one / "modes").split()[:8]}
            for one in _nodes(root, "drm")
            if (one / "status").is_file()
        ],
    }


def _usb(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = {"path": folder.name}
    told |= {name: _ascii(_text(folder / name)) for name in _USB if (folder / name).is_file()}
    raw = _raw(folder / "descriptors")
    told["driver"] = sorted({_linked(one / "driver") for one in folder.glob(f"{folder.name}:*")} - {""})
    # Not in hexadecimal: a run of its digits would be taken for the number of somebody's card, and cut.
    told["descriptors"] = base64.b64encode(raw).decode()
    return told


def timings(settings: config.Settings) -> dict[str, Any]:
    """Return some times that tell of a slow disk, a slow processor, or a slow start."""
    folder = config.resolve(settings.store.directory)
    return {
        "boot": run("systemd-analyze", "time").strip().splitlines()[:3],
        "up_s": round(time.clock_gettime(time.CLOCK_BOOTTIME), 1) if hasattr(time, "CLOCK_BOOTTIME") else None,
        "load": [round(one, 2) for one in os.getloadavg()] if hasattr(os, "getloadavg") else [],
        "synced_write_ms": _synced_write_ms(folder),
        "digest_32_mb_ms": _digest_ms(),
        "pressure": {name: _text(Path("/proc/pressure") / name).splitlines() for name in ("cpu", "io", "memory")},
    }


def _synced_write_ms(folder: Path) -> list[float]:
    """Return how long five small writes took until they were on the disk, each."""
    times = []
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".support-") as file:
            for _ in range(5):
                began = time.monotonic()
                file.write(b"\0" * 4096)
                file.flush()
                os.fsync(file.fileno())
                times.append(round((time.monotonic() - began) * 1000, 2))
    except OSError:
        return []
    return times


def _digest_ms() -> float:
    began = time.monotonic()
    hashlib.sha256(bytes(32_000_000)).digest()
    return round((time.monotonic() - began) * 1000, 1)


def _nodes(root: Path, kind: str) -> list[Path]:
    return sorted((root / "class" / kind).glob("*"))


def _linked(link: Path) -> str:
    return Path(os.path.realpath(link)).name if link.exists() else ""


def _text(path: Path) -> str:
    return _raw(path).decode("utf-8", "replace")


def _raw(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MOST)
    except OSError:  # not on this system, not for this user, or pulled while it is looked at
        return b""


def _ascii(value: str) -> str:
    return "".join(one for one in value.strip()[:80] if " " <= one <= "~")
