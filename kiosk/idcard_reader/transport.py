"""Ports: finding, opening, reading and writing them through pyserial. Used by `client.py`; everything raises ReaderUnavailable.

A port is a device name (/dev/ttyUSB0, COM3), or a URL of pyserial's handlers (socket://host:port carries the same frames).
"""

from __future__ import annotations

import errno
import fnmatch
import glob
import os
import sys
from collections.abc import Callable, Iterable

import serial
from serial.tools import list_ports

from kiosk.config import Reader
from kiosk.errors import ReaderBusy, ReaderDenied, ReaderUnavailable

_TICK_S = 0.05  # longest block of one read: bounds how long a stop takes

# SerialException is an OSError, but on POSIX a port that vanishes also raises termios.error, which is none and which pyserial lets
# through. pyserial has imported that module where it exists; this file stays portable.
_FAULTS: tuple[type[Exception], ...] = (OSError, ValueError, getattr(sys.modules.get("termios"), "error", OSError))


def candidates(settings: Reader, listed: Callable[[], Iterable[object]] = list_ports.comports) -> list[str]:
    """Return the ports worth trying, best first: the configured one, then name patterns, then USB ids (`1a86:7523`)."""
    names = [settings.port] if settings.port and (_is_url(settings.port) or _maybe_there(settings.port)) else []
    if settings.port_patterns or settings.usb_ids:
        ports = [(str(getattr(p, "device", "")), getattr(p, "vid", None), getattr(p, "pid", None)) for p in listed()]
        for pattern in settings.port_patterns:
            names += sorted(glob.glob(pattern)) if os.sep in pattern or "/" in pattern else []
            names += sorted(name for name, _, _ in ports if fnmatch.fnmatch(name, pattern))
        wanted = {usb.lower() for usb in settings.usb_ids}
        names += sorted(n for n, vid, pid in ports if vid is not None and f"{vid:04x}:{pid:04x}" in wanted)
    return list(dict.fromkeys(names))


def usb_ports(listed: Callable[[], Iterable[object]] = list_ports.comports) -> list[tuple[str, str]]:
    """Return (name, what it is called) of every port that a reader may be at: stable names first, then converters on USB."""
    found = [(name, name) for name in sorted(glob.glob("/dev/idcard-reader*"))]
    for port in listed():
        if getattr(port, "vid", None) is not None:
            found.append(
                (str(getattr(port, "device", "")), f"{getattr(port, 'device', '')} · {getattr(port, 'description', '')}"[:60])
            )
    return found


class Port:
    """One open port."""

    def __init__(self, name: str, baud: int) -> None:
        """Open it. Raises ReaderUnavailable; of its kinds, ReaderDenied and ReaderBusy where that is why."""
        self.name = name
        self.is_url = _is_url(name)
        # exclusive: two drivers on one reader steal each other's replies. Sockets and Windows have no such flag.
        extra = {} if self.is_url or os.name == "nt" else {"exclusive": True}
        try:
            self._serial = serial.serial_for_url(name, baudrate=baud, timeout=_TICK_S, write_timeout=2.0, **extra)
        except _FAULTS as error:
            raise _why_closed(name, error) from error

    def read(self) -> bytes:
        """Return what arrives, b"" after a tick of silence. Raises ReaderUnavailable when the port is gone."""
        try:
            data: bytes = self._serial.read(1)
            while data and (waiting := self._serial.in_waiting) and len(data) < 8192:
                data += self._serial.read(waiting)
        except _FAULTS as error:
            raise ReaderUnavailable(f"{self.name}: gone") from error
        return data

    def send(self, data: bytes) -> None:
        """Drop what has arrived unasked (late and doubled replies) and send. Raises ReaderUnavailable."""
        try:
            self._serial.reset_input_buffer()
            self._serial.write(data)
        except _FAULTS as error:
            raise ReaderUnavailable(f"{self.name}: gone") from error

    def switch_baud(self, baud: int) -> None:
        """Change the speed. Raises ReaderUnavailable."""
        try:
            self._serial.baudrate = baud
        except _FAULTS as error:
            raise ReaderUnavailable(f"{self.name}: gone") from error

    def close(self) -> None:
        """Close; may be called twice, and on a port that is gone."""
        try:
            self._serial.close()
        except _FAULTS:
            return


def _why_closed(name: str, error: Exception) -> ReaderUnavailable:
    code = getattr(error, "errno", None)
    # EAGAIN: somebody's flock; EBUSY: TIOCEXCL. Windows refuses a port that is open elsewhere as it refuses one that is forbidden.
    if code in (errno.EBUSY, errno.EAGAIN) or (os.name == "nt" and "PermissionError" in str(error)):
        return ReaderBusy(f"{name}: in use by another program")
    if code in (errno.EACCES, errno.EPERM):
        return ReaderDenied(f"{name}: may not be opened by this user")
    return ReaderUnavailable(f"{name}: no such port, or it cannot be opened")


def _is_url(name: str) -> bool:
    return "://" in name


def _maybe_there(name: str) -> bool:
    return os.path.exists(name) if name.startswith("/") else True
