"""The slip printer: opened for one slip, closed behind it. Blocking; used from `worker.py`'s threads and from tests.

A printer that is off, unplugged or out of paper is a DeviceError and nothing more: the visit goes on, the slip is on the screen.
A slip that was given up is thrown away: after new paper nobody gets the slip of the person before.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from kiosk.config import Printer
from kiosk.errors import ConfigError, DeviceError
from kiosk.printer.commands import slip_bytes
from kiosk.printer.devices import Device, open_device, target_parts
from kiosk.printer.slip import Slip

UNAVAILABLE, NO_PAPER = "printer-unavailable", "printer-no-paper"
_ASK_PAPER = b"\x10\x04\x04"  # DLE EOT 4: roll paper sensor, answered by one byte
_PAPER_OUT = 0x60  # bits 5 and 6: the paper end sensor
# DLE DC4 8 clears the buffers, at once and without paper; ESC @ ends whatever a half slip had begun (ESC/POS reference).
THROW_AWAY = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08\x1b@"
_AT_ONCE = 256  # bytes: what still comes out of a device that takes them slowly


class SlipPrinter:
    """Prints slips on one configured device."""

    def __init__(self, settings: Printer) -> None:
        self._settings = settings
        self.printed = b""  # the last bytes, for kind "dummy" only
        self._left_over = False  # the printer may hold the rest of a slip that was given up

    def print(self, slip: Slip, given_up: Callable[[], bool] = lambda: False) -> None:
        """Print one slip. Raises DeviceError: PRINTER_UNAVAILABLE, PRINTER_NO_PAPER.

        given_up: whether whoever waited was answered already; then the rest of the slip is not sent.
        """
        data = slip_bytes(slip, self._settings)
        if self._settings.kind == "dummy":
            self.printed = data
            return
        try:
            with contextlib.closing(open_device(self._settings)) as device:
                if self._left_over:
                    self._throw_away(device)
                answers = self._check_paper(device)
                self._left_over = True
                for at in range(0, len(data), _AT_ONCE):
                    if given_up():
                        self._throw_away(device)
                        raise DeviceError("printer: too slow", reason=UNAVAILABLE)
                    device.write(data[at : at + _AT_ONCE])
                if answers:
                    self._check_paper(device)  # it may have ended within the slip
                self._left_over = False
        except OSError as error:
            raise DeviceError(f"printer: {type(error).__name__}", reason=UNAVAILABLE) from error

    def _check_paper(self, device: Device) -> bool:
        """Return whether the printer answers at all. Raises DeviceError without paper, having thrown away what waits for it."""
        if self._settings.kind == "file" or not self._settings.ask_paper:
            return False
        device.write(_ASK_PAPER)
        answer = device.read()  # many printers never answer: then it is tried
        if answer and answer[-1] & _PAPER_OUT == _PAPER_OUT:
            self._throw_away(device)
            raise DeviceError("printer: no paper", reason=NO_PAPER)
        return bool(answer)

    def _throw_away(self, device: Device) -> None:
        if self._settings.kind != "file":  # a file keeps what was written
            device.write(THROW_AWAY)
        self._left_over = False


def open_printer(settings: Printer) -> SlipPrinter | None:
    """Return the printer, None where none is configured. No device is touched. Raises ConfigError on a bad target."""
    if settings.kind == "none":
        return None
    if settings.kind != "dummy" and not settings.target:
        raise ConfigError(f"printer.target: needed for kind {settings.kind}")
    if settings.kind == "usb":
        for part in target_parts(settings.target):
            try:
                int(part, 16)
            except ValueError as error:
                raise ConfigError("printer.target: vendor:product in hexadecimal digits expected") from error
    if settings.kind == "network":
        port = target_parts(settings.target)[1]
        if port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise ConfigError("printer.target: host:port expected")
    return SlipPrinter(settings)
