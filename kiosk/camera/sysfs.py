"""Which camera is it really? Read from the system's own tree of devices; nothing is opened, and no right is needed.

Linux keeps there what the kernel knows: the driver, the bus, and the descriptors as the device gave them. Other systems have no
such tree: there nothing is known, and `doctor` says so. Tests and emulators give a made-up tree as `root`.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

from kiosk.camera import uvc
from kiosk.domain.camera_identity import CameraIdentity

SYS = Path("/sys")
_MOST_BYTES = 65536  # a configuration's descriptors are at most so long


def readable(root: Path = SYS) -> bool:
    """Whether this system tells of its cameras."""
    return sys.platform == "linux" and (root / "class").is_dir()


def identify(device: str, root: Path = SYS) -> CameraIdentity | None:
    """Return which camera a device is; None where the system does not tell, or has no such device.

    device: a number (0), or a path to the node, as in `[camera] source`.
    """
    if not readable(root):
        return None
    nodes = root / "class" / "video4linux"
    node = nodes / (f"video{device}" if device.isdigit() else Path(os.path.realpath(device)).name)
    if not node.exists():
        return None
    owner = _owner(node)
    usb = _usb_device(owner)
    raw = _bytes(usb / "descriptors") if usb is not None else b""
    told = uvc.read(raw)
    return CameraIdentity(
        driver=_driver(owner),
        usb_path=usb.name if usb is not None else "",
        vendor=_text(usb, "idVendor"),
        product=_text(usb, "idProduct"),
        serial=_text(usb, "serial"),
        descriptors=hashlib.sha256(raw).hexdigest() if raw else "",
        terminals=told.terminals,
        controls=told.controls,
        modes=told.modes,
        others=_others(nodes, node, usb or owner),
    )


def _others(nodes: Path, own_node: Path, own: Path | None) -> tuple[str, ...]:
    """Return every source of pictures that hangs on another device. A camera's own second node (its metadata) is none."""
    found = set()
    for node in sorted(nodes.glob("video*")):
        owner = _owner(node)
        usb = _usb_device(owner)
        if node.name == own_node.name or (own is not None and (usb or owner) == own):
            continue
        where = usb.name if usb is not None else "-"
        found.add(f"{_driver(owner) or 'virtual'} {where} {_text(usb, 'idVendor')}:{_text(usb, 'idProduct')}")
    return tuple(sorted(found))


def _owner(node: Path) -> Path | None:
    """Return the device that a node belongs to (for USB: the interface); None for one without any, as a program's."""
    link = node / "device"
    return Path(os.path.realpath(link)) if link.exists() else None


def _driver(owner: Path | None) -> str:
    link = owner / "driver" if owner is not None else None
    return Path(os.path.realpath(link)).name if link is not None and link.exists() else ""


def _usb_device(owner: Path | None) -> Path | None:
    """Return the nearest folder above that is a whole USB device: it alone has descriptors."""
    for folder in (owner, *owner.parents) if owner is not None else ():
        if (folder / "descriptors").is_file() and (folder / "idVendor").is_file():
            return folder
    return None


def _text(folder: Path | None, name: str) -> str:
    return _bytes(folder / name).decode("utf-8", "replace").strip()[:80] if folder is not None else ""


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES)
    except OSError:  # pulled while it is looked at
        return b""
