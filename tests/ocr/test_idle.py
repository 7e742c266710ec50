"""The text models are large and few visits need them: they are let go, and come back at the next scan."""

from __future__ import annotations

import threading
import weakref

from kiosk import memory
from kiosk.camera.mailbox import Mailbox
from kiosk.domain.reasons import Reason
from kiosk.ocr.worker import ScanWorker


class Model:
    """Reads nothing."""

    def lines(self, card_bgr):
        return []


def test_models_are_let_go_when_nobody_scans_and_loaded_anew(qtbot):
    made: list[weakref.ref] = []
    loaded = threading.Event()

    def make():
        model = Model()
        made.append(weakref.ref(model))
        loaded.set()
        return model

    worker = ScanWorker(Mailbox(), make, give_up_s=0.4)
    worker.keep_s = 0.05
    worker.start()
    for number in (1, 2):
        told = []
        worker.failed.connect(told.append)
        worker.begin(f"visit-{number}")
        assert loaded.wait(10)
        loaded.clear()
        assert made[-1]() is not None
        qtbot.waitUntil(lambda told=told: bool(told), timeout=10_000)
        assert told[0].reason is Reason.OCR_UNREADABLE
        qtbot.waitUntil(lambda: made[-1]() is None, timeout=10_000)
    assert len(made) == 2
    worker.stop()


def test_giving_back_works_wherever_it_is_called():
    memory.give_back()
