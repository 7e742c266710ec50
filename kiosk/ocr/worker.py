"""The card scan for Qt: frames from the mailbox to a person, in a thread of its own. Made and wired by `app.composition`.

Frames are taken only while a scan is under way, so the mailbox may be shared with the vision worker. The models are loaded at the
first scan (about two seconds; the page says so) and let go when nobody scanned for a while. Nothing of a picture leaves this
thread.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Protocol

from PySide6.QtCore import QObject, Signal, Slot

from kiosk.camera.frame import Frame
from kiosk.domain.person import Person
from kiosk.domain.reasons import Reason
from kiosk.domain.take_view import ScanView
from kiosk.errors import KioskError
from kiosk.memory import give_back
from kiosk.ocr.card_ocr import CardOcr, CardScan
from kiosk.ocr.recogniser import RapidRecogniser, Recogniser

_log = logging.getLogger(__name__)

GIVE_UP_S = 120.0  # then the attendant: an old hand must not hold up a card for ever
KEEP_S = 120.0  # after the last scan, with its models loaded
_MOST_ERRORS = 3


class Frames(Protocol):
    """Where frames come from: `kiosk.camera.mailbox.Mailbox`."""

    def take(self, timeout_s: float) -> Frame | None:
        """Return the newest frame, waiting up to `timeout_s`; None when there is none."""

    def clear(self) -> None:
        """Drop the frame that waits."""


@dataclass(frozen=True, slots=True)
class ScanDone:
    """A card was read. `card_valid`: today lies in the term printed on its back."""

    visit_id: str
    person: Person = field(repr=False)
    card_valid: bool = True


@dataclass(frozen=True, slots=True)
class ScanFailed:
    """The scan is over without a person: OCR_UNREADABLE (the card), MODEL_ERROR, DEVICE_ERROR, INTERNAL_ERROR (us)."""

    visit_id: str
    reason: Reason


class ScanWorker(QObject):
    """Reads a card held up to the camera when asked to. Slots only leave a wish: they may be called from any thread."""

    view = Signal(object)  # ScanView, with visit_id
    finished = Signal(object)  # ScanDone
    failed = Signal(object)  # ScanFailed

    def __init__(
        self,
        mailbox: Frames,
        make: Callable[[], Recogniser] = RapidRecogniser,
        today: Callable[[], date] = date.today,
        give_up_s: float = GIVE_UP_S,
        parent: QObject | None = None,
    ) -> None:
        """make: loads the models, in the worker's thread."""
        super().__init__(parent)
        self._frames, self._make, self._today, self._give_up_s = mailbox, make, today, give_up_s
        self._wishes: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.keep_s = KEEP_S

    @Slot()
    def start(self) -> None:
        """Begin; nothing happens when it runs already."""
        if self._thread is not None and self._thread.is_alive():
            return
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(self._stop,), name="ocr", daemon=True)
        self._thread.start()

    @Slot()
    def stop(self) -> None:
        """End and free the models; returns when that is done (after the picture being read)."""
        self._stop.set()
        self._wishes.put(None)
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=10.0)

    @Slot(str)
    def begin(self, visit_id: str) -> None:
        """Begin a scan; one in progress is dropped."""
        self._wishes.put(visit_id)

    @Slot()
    def cancel(self) -> None:
        """Drop the scan in progress; nothing of it is kept."""
        self._wishes.put(None)

    def _run(self, stop: threading.Event) -> None:
        loop = _Loop(self)
        while not stop.is_set():
            try:
                loop.turn()
            except KioskError as error:
                _log.error("ocr-failed", extra={"code": error.reason})
                loop.trouble(Reason(error.reason))
            except Exception:  # a bug of ours must not leave the kiosk without this way until the next morning
                _log.exception("ocr-worker-failed")
                loop.trouble(Reason.INTERNAL_ERROR)


class _Loop:
    """What lives in the worker's thread."""

    def __init__(self, worker: ScanWorker) -> None:
        self._worker = worker
        self._recogniser: Recogniser | None = None
        self._scan: CardScan | None = None
        self._visit_id = ""
        self._until_s = 0.0
        self._errors = 0
        self._shown: ScanView | None = None

    def turn(self) -> None:
        """Fulfil a wish, look at one frame, or wait for either."""
        worker = self._worker
        try:
            wish = worker._wishes.get(block=self._scan is None, timeout=worker.keep_s if self._recogniser is not None else None)
        except queue.Empty:
            if self._scan is None and self._recogniser is not None:
                self._recogniser = None  # some 90 MB that few visits need: loaded anew in a second
                give_back()
        else:
            self._scan, self._shown, self._errors = None, None, 0
            if wish is not None:
                self._begin(wish)
            return
        scan = self._scan
        if scan is None:
            return
        if time.monotonic() >= self._until_s:
            self._end(Reason.OCR_UNREADABLE)
            return
        frame = worker._frames.take(0.1)
        if frame is None:
            return
        view = replace(scan.step(frame), visit_id=self._visit_id)
        if not worker._wishes.empty() or worker._stop.is_set():
            return  # cancelled or begun anew while the picture was read: its answer belongs to nobody
        if view != self._shown:
            self._shown = view
            worker.view.emit(view)
        person = scan.result
        if person is not None and scan.back is not None:
            done = ScanDone(self._visit_id, person, scan.back.valid_on(worker._today()))
            self._scan = self._shown = None
            worker.finished.emit(done)

    def trouble(self, reason: Reason) -> None:
        """One picture or the models failed. A few bad pictures are passed over; models that fail are loaded anew next time."""
        self._errors += 1
        if reason is Reason.DEVICE_ERROR and self._errors < _MOST_ERRORS:
            return
        if reason is not Reason.DEVICE_ERROR:
            self._recogniser = None
        self._end(reason)

    def _begin(self, visit_id: str) -> None:
        worker = self._worker
        self._visit_id = visit_id
        if self._recogniser is None:
            self._recogniser = worker._make()
        worker._frames.clear()  # a card held up before must not begin this scan
        self._scan = CardScan(CardOcr(self._recogniser, worker._today()))
        self._until_s = time.monotonic() + worker._give_up_s

    def _end(self, reason: Reason) -> None:
        visit_id, self._visit_id, self._scan, self._shown = self._visit_id, "", None, None
        if visit_id:
            self._worker.failed.emit(ScanFailed(visit_id, reason))
