"""The ways to a slip printer: a file, a serial line, a USB printer, a socket. Blocking; used by `printer.py` alone.

Each is opened for one slip, and every error of the system is an OSError (pyserial's are too).
"""

from __future__ import annotations

import select
import socket
from pathlib import Path
from typing import BinaryIO, Protocol

import serial

from kiosk.config import Printer

DEFAULT_PORT = 9100  # raw printing (JetDirect)
_USB_PRINTERS = Path("/sys/class/usbmisc")  # Linux: one folder for each /dev/usb/lpN


class Device(Protocol):
    """An opened printer."""

    def write(self, data: bytes) -> None:
        """Send everything. Raises OSError, TimeoutError included."""

    def read(self) -> bytes:
        """Return what the printer answered: one byte, or nothing when it does not answer in time. Raises OSError."""

    def close(self) -> None:
        """Let the printer go. Raises OSError."""


def open_device(settings: Printer) -> Device:
    """Return the configured printer, opened. Raises OSError when it cannot be had. The target is one that open_printer takes."""
    target = settings.target
    if settings.kind == "file":
        return FileDevice(Path(target))
    if settings.kind == "serial":
        return SerialDevice(target, settings.baud, settings.timeout_s)
    first, second = target_parts(target)
    if settings.kind == "network":
        return SocketDevice(first, int(second) if second else DEFAULT_PORT, settings.timeout_s)
    return UsbDevice(find_usb(int(first, 16), int(second, 16)), settings.timeout_s)


def target_parts(target: str) -> tuple[str, str]:
    """Return what stands before and after the last colon; the second is "" without one."""
    first, _, second = target.rpartition(":") if ":" in target else (target, "", "")
    return first, second


class FileDevice:
    """A device file or a plain file: written, never asked."""

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = path.open("wb", buffering=0)

    def write(self, data: bytes) -> None:
        """See Device."""
        _write_all(self._file, data)

    def read(self) -> bytes:
        """Return nothing: there is no way back."""
        return b""

    def close(self) -> None:
        """See Device."""
        self._file.close()


class SerialDevice:
    """A serial line, 8N1 with hardware handshake."""

    def __init__(self, port: str, baud: int, timeout_s: float) -> None:
        # write_timeout: a printer out of paper holds its handshake, and no write may wait for ever.
        self._port = serial.Serial(port, baud, timeout=timeout_s, write_timeout=timeout_s, dsrdtr=True)

    def write(self, data: bytes) -> None:
        """See Device."""
        self._port.write(data)

    def read(self) -> bytes:
        """See Device."""
        return bytes(self._port.read(1))

    def close(self) -> None:
        """See Device."""
        self._port.close()


class SocketDevice:
    """A printer in the station's network."""

    def __init__(self, host: str, port: int, timeout_s: float) -> None:
        self._socket = socket.create_connection((host, port), timeout=timeout_s)

    def write(self, data: bytes) -> None:
        """See Device."""
        self._socket.sendall(data)

    def read(self) -> bytes:
        """See Device."""
        try:
            return self._socket.recv(1)
        except TimeoutError:
            return b""

    def close(self) -> None:
        """See Device."""
        self._socket.close()


class UsbDevice:
    """A USB printer behind Linux' usblp."""

    def __init__(self, path: Path, timeout_s: float) -> None:
        self._file: BinaryIO = path.open("r+b", buffering=0)
        self._timeout_s = timeout_s

    def write(self, data: bytes) -> None:
        """See Device."""
        _write_all(self._file, data)

    def read(self) -> bytes:
        """See Device."""
        answered, _, _ = select.select([self._file], [], [], self._timeout_s)
        return self._file.read(1) or b"" if answered else b""

    def close(self) -> None:
        """See Device."""
        self._file.close()


def find_usb(vendor: int, product: int, printers: Path = _USB_PRINTERS) -> Path:
    """Return the /dev/usb/lpN of the printer with these ids. Raises FileNotFoundError when none is plugged in, or not on Linux."""
    for one in sorted(printers.glob("lp*")):
        owner = one / "device" / ".."  # the interface's device
        try:
            ids = tuple(int((owner / name).read_text(encoding="ascii"), 16) for name in ("idVendor", "idProduct"))
        except (OSError, ValueError):
            continue  # unplugged while it was looked at
        if ids == (vendor, product):
            return Path("/dev/usb") / one.name
    raise FileNotFoundError(f"no USB printer {vendor:04x}:{product:04x}")


def found_printers(printers: Path = _USB_PRINTERS) -> list[tuple[str, str, str]]:
    """Return (kind, target, what it is called) of every USB printer that is plugged in; none elsewhere than on Linux."""
    found = []
    for one in sorted(printers.glob("lp*")):
        owner = one / "device" / ".."
        try:
            ids = ":".join((owner / name).read_text(encoding="ascii").strip() for name in ("idVendor", "idProduct"))
            made = owner / "product"
            label = made.read_text(encoding="utf-8", errors="replace").strip()[:40] if made.exists() else ""
        except OSError:
            continue
        found.append(("usb", ids, f"USB {ids}" + (f" · {label}" if label else "")))
    return found


def _write_all(file: BinaryIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]
