"""Printing for Qt: a short thread for each slip. A printer that hangs hangs nobody but its thread.

Made and wired by `app.composition`.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal, Slot

from kiosk.config import Printer
from kiosk.domain.reasons import Reason
from kiosk.errors import KioskError
from kiosk.printer.printer import SlipPrinter, open_printer
from kiosk.printer.slip import Slip

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PrintDone:
    """A slip was given to the printer. `reason`: OK, PRINTER_UNAVAILABLE, PRINTER_NO_PAPER, INTERNAL_ERROR."""

    visit_id: str
    reason: Reason


class PrintWorker(QObject):
    """Signals one `done` for each slip asked for, whatever the printer does."""

    done = Signal(object)  # PrintDone

    def __init__(self, settings: Printer, parent: QObject | None = None) -> None:
        """Raises ConfigError on a bad target."""
        super().__init__(parent)
        self._settings = settings
        self._printer: SlipPrinter | None = open_printer(settings)
        self._busy: threading.Thread | None = None

    @property
    def available(self) -> bool:
        """Whether a printer is configured: the page offers a slip on paper only then."""
        return self._printer is not None

    @Slot(str, object)
    def print_slip(self, visit_id: str, slip: Slip) -> None:
        """Print, and signal `done`; returns at once."""
        printer = self._printer
        if printer is None or (self._busy is not None and self._busy.is_alive()):
            self.done.emit(PrintDone(visit_id, Reason.PRINTER_UNAVAILABLE))
            return
        job = _Job(self, visit_id)
        timer = threading.Timer(self._settings.timeout_s * 4, job.answer, (Reason.PRINTER_UNAVAILABLE,))
        timer.daemon = True
        timer.name = "printer-limit"
        self._busy = threading.Thread(target=job.run, args=(printer, slip, timer), name="printer", daemon=True)
        timer.start()
        self._busy.start()


class _Job:
    """One slip: answered once, by the printer or by the clock."""

    def __init__(self, worker: PrintWorker, visit_id: str) -> None:
        self._worker, self._visit_id = worker, visit_id
        self._lock, self._answered = threading.Lock(), False

    def run(self, printer: SlipPrinter, slip: Slip, timer: threading.Timer) -> None:
        """Print in this thread."""
        try:
            printer.print(slip, lambda: self._answered)
            reason = Reason.OK
        except KioskError as error:
            _log.error("printer-failed", extra={"code": error.reason})
            reason = Reason(error.reason)
        except Exception:
            _log.exception("printer-worker-failed")
            reason = Reason.INTERNAL_ERROR
        timer.cancel()
        self.answer(reason)

    def answer(self, reason: Reason) -> None:
        """Signal, if nobody has yet."""
        with self._lock:
            if self._answered:
                return
            self._answered = True
        self._worker.done.emit(PrintDone(self._visit_id, reason))
