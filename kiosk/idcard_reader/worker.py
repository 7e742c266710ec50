"""The reader for Qt: runs the blocking client in a thread of its own and signals what happens.

Made and moved by `app.composition`.
"""

from __future__ import annotations

import logging
import threading

from PySide6.QtCore import QObject, Signal, Slot

from kiosk.config import Reader
from kiosk.domain.reasons import Reason
from kiosk.idcard_reader.client import ReaderClient
from kiosk.idcard_reader.events import ReaderGone

_log = logging.getLogger(__name__)


class ReaderWorker(QObject):
    """Signals `event` with one value of `kiosk.idcard_reader.events` each. The port is opened, used and closed in one thread.

    A plain thread does the reading, so that the slots stay free: they may be called from any thread, and the object may be moved to
    a QThread or not.
    """

    event = Signal(object)  # type: ignore[assignment]  # hides QObject.event() in Python only; Qt's own call is not affected

    def __init__(self, settings: Reader, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._client = ReaderClient(settings)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @Slot()
    def start(self) -> None:
        """Begin; nothing happens when it runs already."""
        if self._thread is not None and self._thread.is_alive():
            return
        self._stop = threading.Event()
        polling = self._client.polling
        self._client = ReaderClient(self._settings)
        self._client.polling = polling
        self._thread = threading.Thread(target=self._run, args=(self._client, self._stop), name="reader", daemon=True)
        self._thread.start()

    @Slot()
    def stop(self) -> None:
        """End and close the port; returns when that is done (a tenth of a second; a photo decoder may add its time limit)."""
        self._stop.set()
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=5.0)

    @Slot(bool)
    def set_polling(self, on: bool) -> None:
        """Look for cards, or leave them alone."""
        self._client.polling = on

    def _run(self, client: ReaderClient, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                for event in client.events(stop):
                    if stop.is_set():
                        return
                    self.event.emit(event)
            except Exception:  # a bug of ours must not leave the kiosk without a reader until the next morning
                _log.exception("reader-worker-failed")
                self.event.emit(ReaderGone(Reason.INTERNAL_ERROR))
                stop.wait(self._settings.reopen_delay_max_s)
