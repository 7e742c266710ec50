"""Our own bugs: an exception that nobody caught is logged, and told to `composition`, which ends the visit and goes on."""

from __future__ import annotations

import logging
import sys
import threading
from types import TracebackType

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication

from kiosk.log import describe

log = logging.getLogger(__name__)


class CrashHooks(QObject):
    """The hooks of the interpreter, between `install` and `remove`. `crashed`: the name of the exception's type, never its text."""

    crashed = Signal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._before = (sys.excepthook, threading.excepthook)

    def install(self) -> None:
        """An exception in a slot would leave the kiosk on its page for ever."""
        self._before = (sys.excepthook, threading.excepthook)
        sys.excepthook = self._hook
        threading.excepthook = lambda args: self._hook(args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback)

    def remove(self) -> None:
        """What goes wrong after the stop is not this kiosk's any more: its pages may be gone."""
        sys.excepthook, threading.excepthook = self._before

    def _hook(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QApplication.quit()
            return
        log.critical("unexpected error", extra={"code": describe(error.with_traceback(trace))})
        self.crashed.emit(kind.__name__)
