"""A made-up tree of the system's devices (`/sys`), with cameras of every kind in it. For demonstrations, evaluation and tests.

The descriptors are laid out as a device gives them on the bus (USB Video Class 1.5, section 3), so that the reading code meets what
it will meet. Models and serial numbers are invented. POSIX only: it makes links.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from pathlib import Path

_MJPEG = 0x06
WEBCAM_SIZES = ((640, 480), (1280, 720), (1920, 1080))
MONITOR_SIZES = ((640, 480), (720, 480), (720, 576), (1360, 768), (1280, 720), (1920, 1080))


@dataclass(frozen=True, slots=True)
class Plugged:
    """A device on the made-up bus. `camera_bits`, `processing_bits`: UVC's bmControls."""

    usb_path: str = "1-1.2"
    vendor: int = 0x1D6B
    product: int = 0x0102
    serial: str = "KC0001"
    name: str = "USB Camera"
    terminal: int = 0x0201
    camera_bits: int = 0x00000E  # exposure mode, priority and time
    processing_bits: int = 0x165F  # brightness … gamma, white balance, gain, power line, automatic white balance
    sizes: tuple[tuple[int, int], ...] = WEBCAM_SIZES
    driver: str = "uvcvideo"

    @property
    def descriptors(self) -> bytes:
        """What it tells the bus."""
        return _device(self) + _configuration(self)


WEBCAM = Plugged()
SWAPPED = replace(WEBCAM, serial="KC0002")  # another one of the same box
# A box that turns a monitor's cable into a camera. It names itself a camera sensor, as most do; nothing on it steers a lens.
CAPTURE_BOX = Plugged("1-1.2", 0x1D6B, 0x0103, "", "USB Video", 0x0201, 0, 0x000F, MONITOR_SIZES)
# One that is honest about its socket, and passes on the one mode of its cable.
SOCKET_BOX = Plugged("1-1.2", 0x1D6B, 0x0104, "42", "HD Webcam", 0x0401, 0, 0x000F, ((1920, 1080),))


def plug(root: Path, what: Plugged, node: str = "video0", metadata: str = "") -> None:
    """Put a USB camera into the tree. metadata: a second node of the same device, as newer kernels make one."""
    usb = root / "devices" / "pci0000:00" / "usb1" / what.usb_path
    interface = usb / f"{what.usb_path}:1.0"
    interface.mkdir(parents=True)
    (usb / "descriptors").write_bytes(what.descriptors)
    for name, text in (("idVendor", f"{what.vendor:04x}"), ("idProduct", f"{what.product:04x}"), ("serial", what.serial)):
        if text:
            (usb / name).write_text(text + "\n", encoding="utf-8")
    drivers = root / "bus" / "usb" / "drivers" / what.driver
    drivers.mkdir(parents=True, exist_ok=True)
    (interface / "driver").symlink_to(drivers)
    for number in (node, *((metadata,) if metadata else ())):
        _node(root, interface / "video4linux" / number, what.name)
        (interface / "video4linux" / number / "device").symlink_to(interface)


def load_loopback(root: Path, node: str = "video0", name: str = "USB Camera") -> None:
    """Add the node of a program that plays a camera (v4l2loopback): there is no device under it, whatever its name says."""
    _node(root, root / "devices" / "virtual" / "video4linux" / node, name)


def load_platform(root: Path, node: str = "video0", driver: str = "vivid") -> None:
    """Add a node of a driver that serves no bus, as the kernel's test driver `vivid` is one."""
    owner = root / "devices" / "platform" / f"{driver}.0"
    drivers = root / "bus" / "platform" / "drivers" / driver
    drivers.mkdir(parents=True, exist_ok=True)
    _node(root, owner / "video4linux" / node, driver)
    (owner / "driver").symlink_to(drivers)
    (owner / "video4linux" / node / "device").symlink_to(owner)


def unplug(root: Path, what: Plugged) -> None:
    """Take a USB camera and its nodes out of the tree."""
    usb = root / "devices" / "pci0000:00" / "usb1" / what.usb_path
    for link in (root / "class" / "video4linux").glob("video*"):
        if usb in link.resolve().parents:
            link.unlink()
    for path in sorted(usb.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    usb.rmdir()


def _node(root: Path, folder: Path, name: str) -> None:
    folder.mkdir(parents=True)
    (folder / "name").write_text(name + "\n", encoding="utf-8")
    links = root / "class" / "video4linux"
    links.mkdir(parents=True, exist_ok=True)
    (links / folder.name).symlink_to(folder)


def _device(what: Plugged) -> bytes:
    return struct.pack("<BBHBBBBHHHBBBB", 18, 1, 0x0200, 0xEF, 2, 1, 64, what.vendor, what.product, 0x0100, 1, 2, 3, 1)


def _configuration(what: Plugged) -> bytes:
    control = _terminal(what) + struct.pack("<BBBBBHBHBB", 12, 0x24, 5, 2, 1, 0, 2, what.processing_bits, 0, 0)
    header = struct.pack("<BBBHHIBB", 13, 0x24, 1, 0x0100, 13 + len(control), 48_000_000, 1, 1)
    frames = b"".join(_frame(number, *size) for number, size in enumerate(what.sizes, 1))
    stream = struct.pack("<BBBBBBBBBBB", 11, 0x24, _MJPEG, 1, len(what.sizes), 1, 1, 0, 0, 0, 0) + frames
    inside = _interface(0, 1) + header + control + _interface(1, 2) + stream
    return struct.pack("<BBHBBBBB", 9, 2, 9 + len(inside), 2, 1, 0, 0x80, 250) + inside


def _interface(number: int, subclass: int) -> bytes:
    return struct.pack("<BBBBBBBBB", 9, 4, number, 0, 0, 0x0E, subclass, 0, 0)


def _terminal(what: Plugged) -> bytes:
    head = struct.pack("<BBBBHBB", 18 if what.terminal == 0x0201 else 8, 0x24, 2, 1, what.terminal, 0, 0)
    if what.terminal != 0x0201:
        return head
    return head + struct.pack("<HHHB", 0, 0, 0, 3) + what.camera_bits.to_bytes(3, "little")


def _frame(number: int, width: int, height: int) -> bytes:
    return struct.pack(
        "<BBBBBHHIIIIB", 30, 0x24, 7, number, 0, width, height, 10**7, 10**8, width * height * 2, 333_333, 1
    ) + struct.pack("<I", 333_333)
