"""The worker: the client's events as Qt signals, in a thread that stops at once."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QObject, Qt, QThread, Signal, Slot

from kiosk.config import Reader
from kiosk.domain.reasons import Reason
from kiosk.emulators.reader import ReaderEmulator
from kiosk.idcard_reader import worker as worker_module
from kiosk.idcard_reader.events import CardRead, ReaderGone
from kiosk.idcard_reader.worker import ReaderWorker
from tests.reader.driving import FAST
from tests.reader.sim import CARDS


class Listener(QObject):
    told = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.events: list[object] = []
        self.threads: set[object] = set()

    @Slot(object)
    def hear(self, event: object) -> None:
        self.events.append(event)
        self.threads.add(QThread.currentThread())
        self.told.emit()

    def names(self) -> list[str]:
        return [type(event).__name__ for event in self.events]


@pytest.fixture
def emulator(tmp_path):
    emulator = ReaderEmulator(CARDS, tmp_path / "reader")
    emulator.start()
    yield emulator
    emulator.stop()


@pytest.mark.parametrize("moved", [False, True])
def test_life_in_signals(qtbot, emulator, moved):
    worker, listener = ReaderWorker(Reader(port=str(emulator.link), **FAST)), Listener()
    worker.event.connect(listener.hear, Qt.ConnectionType.QueuedConnection)
    thread = QThread()
    if moved:
        worker.moveToThread(thread)
        thread.started.connect(worker.start)
        thread.start()
    else:
        worker.start()
        worker.start()  # a second call does nothing
    try:
        emulator.lay("chen")
        qtbot.waitUntil(lambda: listener.names() == ["ReaderReady", "CardArrived", "CardRead"], timeout=15000)
        assert listener.threads == {QThread.currentThread()}
        emulator.lift()
        qtbot.waitUntil(lambda: listener.names()[3:] == ["CardRemoved"], timeout=15000)
        emulator.unplug()
        qtbot.waitUntil(lambda: listener.events[-1] == ReaderGone(Reason.READER_UNPLUGGED), timeout=15000)
        emulator.plug()
        qtbot.waitUntil(lambda: listener.names()[-1] == "ReaderReady", timeout=15000)
    finally:
        worker.stop()
        thread.quit()
        thread.wait()
    assert worker._thread is None


def test_stop_and_start_again(qtbot, emulator):
    worker, listener = ReaderWorker(Reader(port=str(emulator.link), **FAST)), Listener()
    worker.event.connect(listener.hear, Qt.ConnectionType.QueuedConnection)
    worker.stop()  # before the start: nothing
    for _ in range(2):
        listener.events.clear()
        worker.start()
        qtbot.waitUntil(lambda: listener.names()[-1:] == ["ReaderReady"], timeout=15000)
        worker.stop()
    emulator.lay("chen")
    worker.set_polling(False)
    worker.start()
    qtbot.waitUntil(lambda: listener.names()[-1:] == ["ReaderReady"], timeout=15000)
    worker.set_polling(True)
    qtbot.waitUntil(lambda: any(isinstance(event, CardRead) for event in listener.events), timeout=15000)
    worker.stop()


def test_a_bug_of_ours_is_told_and_the_reader_comes_back(qtbot, emulator, monkeypatch, caplog):
    calls = []

    class Broken(worker_module.ReaderClient):
        def events(self, stop):
            calls.append(1)
            if len(calls) == 1:
                raise RuntimeError("a bug")
            yield from super().events(stop)

    monkeypatch.setattr(worker_module, "ReaderClient", Broken)
    worker, listener = ReaderWorker(Reader(port=str(emulator.link), **FAST)), Listener()
    worker.event.connect(listener.hear, Qt.ConnectionType.QueuedConnection)
    worker.start()
    qtbot.waitUntil(lambda: listener.names() == ["ReaderGone", "ReaderReady"], timeout=15000)
    worker.stop()
    assert listener.events[0] == ReaderGone(Reason.INTERNAL_ERROR)
    assert "reader-worker-failed" in caplog.text
