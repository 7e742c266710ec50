"""The slip printer: opened for one slip, closed behind it. Blocking; used from `worker.py`'s threads and from tests.

A printer that is off, unplugged or out of paper is a DeviceError and nothing more: the visit goes on, the slip is on the screen.
"""

from __future__ import annotations

import contextlib
import socket
from typing import Any

from kiosk.config import Printer
from kiosk.errors import ConfigError, DeviceError
from kiosk.printer.commands import escpos_printers, slip_bytes
from kiosk.printer.slip import Slip

UNAVAILABLE, NO_PAPER = "printer-unavailable", "printer-no-paper"
_ASK_PAPER = b"\x10\x04\x04"  # DLE EOT 4: roll paper sensor, answered by one byte
_PAPER_OUT = 0x60  # bits 5 and 6: the paper end sensor


class SlipPrinter:
    """Prints slips on one configured device."""

    def __init__(self, settings: Printer) -> None:
        self._settings = settings
        self.printed = b""  # the last bytes, for kind "dummy" only

    def print(self, slip: Slip) -> None:
        """Print one slip. Raises DeviceError: PRINTER_UNAVAILABLE, PRINTER_NO_PAPER."""
        data = slip_bytes(slip, self._settings)
        if self._settings.kind == "dummy":
            self.printed = data
            return
        device = self._device()
        try:
            self._open(device)
            self._check_paper(device)
            device._raw(data)
        except DeviceError:
            raise
        except Exception as error:  # escpos' own errors, OSError, AssertionError, RuntimeError without pyusb
            raise DeviceError(f"printer: {type(error).__name__}", reason=UNAVAILABLE) from error
        finally:
            with contextlib.suppress(Exception):
                device.close()
            device._device = False  # escpos closes again when it is collected, and would raise there

    def _device(self) -> Any:
        settings, kinds = self._settings, escpos_printers()
        if settings.kind == "file":
            return kinds.File(settings.target)
        if settings.kind == "serial":
            return kinds.Serial(settings.target, baudrate=settings.baud, timeout=settings.timeout_s)
        first, second = _parts(settings.target)
        if settings.kind == "network":
            return kinds.Network(first, int(second) if second else 9100, timeout=settings.timeout_s)
        if not kinds.Usb.is_usable():
            raise DeviceError("printer: pyusb is not installed", reason=UNAVAILABLE)
        return kinds.Usb(_hex(first), _hex(second), timeout=round(settings.timeout_s * 1000))

    def _open(self, device: Any) -> None:
        settings = self._settings
        if settings.kind == "network":
            # WORKAROUND: escpos leaves its socket open when nobody answers.
            device.device = socket.create_connection((device.host, device.port), timeout=settings.timeout_s)
            return
        device.open()
        if settings.kind == "serial":  # a printer out of paper holds its handshake: no write may wait for ever
            device.device.write_timeout = settings.timeout_s

    def _check_paper(self, device: Any) -> None:
        if self._settings.kind == "file" or not self._settings.ask_paper:
            return
        device._raw(_ASK_PAPER)
        try:
            answer = bytes(device._read())
        except TimeoutError:
            answer = b""  # many printers never answer: then it is tried
        if answer and answer[-1] & _PAPER_OUT == _PAPER_OUT:
            raise DeviceError("printer: no paper", reason=NO_PAPER)


def open_printer(settings: Printer) -> SlipPrinter | None:
    """Return the printer, None where none is configured. No device is touched. Raises ConfigError on a bad target."""
    if settings.kind == "none":
        return None
    if settings.kind != "dummy" and not settings.target:
        raise ConfigError(f"printer.target: needed for kind {settings.kind}")
    if settings.kind == "usb":
        for part in _parts(settings.target):
            _hex(part)
    if settings.kind == "network":
        port = _parts(settings.target)[1]
        if port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise ConfigError("printer.target: host:port expected")
    return SlipPrinter(settings)


def _parts(target: str) -> tuple[str, str]:
    first, _, second = target.rpartition(":") if ":" in target else (target, "", "")
    return first, second


def _hex(text: str) -> int:
    try:
        return int(text, 16)
    except ValueError as error:
        raise ConfigError("printer.target: vendor:product in hexadecimal digits expected") from error
