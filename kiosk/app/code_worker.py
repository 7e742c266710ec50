"""A code (QR) held up to the camera, for Qt: frames from a mailbox to a text, and the text to a person by whoever is given.

In a thread of its own, asleep but while a code is wanted. Made and wired by `app`. Neither picture nor text is kept or logged.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal, Slot

from kiosk.domain.person import Person
from kiosk.domain.reasons import Reason
from kiosk.ocr.codes import read_code
from kiosk.ocr.worker import Frames, ScanDone, ScanFailed, ScanWorker

_log = logging.getLogger(__name__)

GIVE_UP_S = 45.0
_EVERY_S = 0.12  # a code takes some 10 ms to find or not


class CodeWorker(QObject):
    """Reads a code when asked to. Slots only leave a wish: they may be called from any thread."""

    finished = Signal(object)  # ScanDone
    failed = Signal(object)  # ScanFailed

    def __init__(self, mailbox: Frames, resolve: Callable[[str], Person | Reason], give_up_s: float = GIVE_UP_S) -> None:
        """resolve: who a code stands for, or why it is nobody; asked in the worker's thread."""
        super().__init__()
        self._frames, self._resolve, self._give_up_s = mailbox, resolve, give_up_s
        self._wishes: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @Slot()
    def start(self) -> None:
        """Begin; nothing happens when it runs already."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="codes", daemon=True)
            self._thread.start()

    @Slot()
    def stop(self) -> None:
        """End; returns when the thread has ended, or a question to the bureau has had its time."""
        self._stop.set()
        self._wishes.put(None)
        if self._thread is not None:
            self._thread.join(timeout=10.0)

    @Slot(str)
    def begin(self, visit_id: str) -> None:
        """Look for a code; one that was looked for is dropped."""
        self._wishes.put(visit_id)

    @Slot()
    def cancel(self) -> None:
        """Look no more."""
        self._wishes.put(None)

    def _run(self) -> None:
        while not self._stop.is_set():
            visit_id = self._wishes.get()
            while not self._wishes.empty():  # the newest wish counts
                visit_id = self._wishes.get()
            if visit_id is not None and not self._stop.is_set():
                self._look(visit_id)

    def _look(self, visit_id: str) -> None:
        self._frames.clear()  # a code held up before must not begin this look
        until_s = time.monotonic() + self._give_up_s
        told: Person | Reason = Reason.CODE_UNREADABLE
        try:
            while time.monotonic() < until_s and self._wishes.empty():
                frame = self._frames.take(_EVERY_S)
                text = "" if frame is None else read_code(frame)
                if text:
                    told = self._resolve(text)
                    break
        except Exception as error:  # a bug of ours must not leave the kiosk without this way until the next morning
            _log.error("code-worker-failed", extra={"code": type(error).__name__})  # no trace: it could hold the code
            told = Reason.INTERNAL_ERROR
        if not self._wishes.empty():
            return  # cancelled meanwhile: the answer belongs to nobody
        if isinstance(told, Person):
            self.finished.emit(ScanDone(visit_id, told))
        else:
            self.failed.emit(ScanFailed(visit_id, told))


@dataclass(frozen=True, slots=True)
class Scans:
    """What reads from pictures of things that are held up: cards, and codes."""

    card: ScanWorker
    code: CodeWorker
