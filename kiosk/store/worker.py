"""The one thread that owns the store's connection. Everybody else hands it functions; answers come back as a Qt signal.

Used by `app` and (through `run`) by the sync worker. A SQLite connection belongs to its thread, and one thread also orders
all writes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Signal

from kiosk.config import Settings
from kiosk.errors import KioskError, StoreError
from kiosk.store.engine.database import Signer, Store, StoreCorrupt
from kiosk.store.opening import open_store

T = TypeVar("T")
log = logging.getLogger(__name__)


class StoreWorker(QObject):
    """Opens the store in its own thread, runs functions there in order, closes it there."""

    answered = Signal(object)  # whatever `ask`'s function returned, when not None
    opened = Signal(object)  # None, or the KioskError that kept the store shut

    def __init__(self, settings: Settings, make_signer: Callable[[Settings], Signer | None] = lambda _: None) -> None:
        """make_signer: gives the journal's signer once the kiosk has keys of its own; called in the store's thread."""
        super().__init__()
        self._settings, self._make_signer = settings, make_signer
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._store: Store | None = None

    def start(self) -> None:
        """Open the store; `opened` tells how it went."""
        self._pool.submit(self._open)

    def run(self, work: Callable[[Store], T]) -> T:
        """Run `work(store)` in the store's thread and wait for its result. Never call it from the GUI thread."""
        future: Future[T] = self._pool.submit(lambda: self._work(work))
        return future.result()

    def ask(self, work: Callable[[Store], object], on_error: Callable[[BaseException], object] | None = None) -> None:
        """Run `work(store)` in the store's thread; what it returns is emitted by `answered`.

        A failure is logged, and what `on_error(failure)` returns is emitted instead.
        """

        def job() -> None:
            try:
                answer = self._work(work)
            except Exception as error:  # whatever it was, the visit must get an answer
                log.error("store work failed", extra={"code": type(error).__name__})
                answer = on_error(error) if on_error is not None else None
            if answer is not None:
                self.answered.emit(answer)

        try:
            self._pool.submit(job)
        except RuntimeError:  # shut down already
            return

    def stop(self) -> None:
        """Finish what was handed over, close the store, end the thread."""
        self._pool.submit(self._close)
        self._pool.shutdown(wait=True)

    def _work(self, work: Callable[[Store], T]) -> T:
        try:
            return work(self._opened_store())
        except StoreCorrupt:
            # Opening again puts the damaged files aside and fills a fresh database from the journal; then once more.
            log.error("store damaged, recovering")
            self._close()
            return work(self._opened_store())

    def _opened_store(self) -> Store:
        if self._store is None:
            self._open()
        if self._store is None:
            raise StoreError("the store is shut")
        return self._store

    def _open(self) -> None:
        failure: Any = None
        try:
            self._store = open_store(self._settings, signer=self._make_signer(self._settings))
        except KioskError as error:
            log.error("store cannot be opened", extra={"code": error.reason})
            failure = error
        self.opened.emit(failure)

    def _close(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None
