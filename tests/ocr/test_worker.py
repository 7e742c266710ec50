"""The scan behind Qt: one answer for each scan, none for a cancelled one, and it survives whatever a frame holds."""

from __future__ import annotations

import threading
from datetime import date

import numpy as np
import pytest

from kiosk.camera.frame import Frame
from kiosk.camera.mailbox import Mailbox
from kiosk.domain.reasons import Reason
from kiosk.errors import ModelError
from kiosk.ocr.card_ocr import CardOcr, CardScan
from kiosk.ocr.lines import TextLine
from kiosk.ocr.worker import ScanDone, ScanWorker
from tests.ocr.pictures import Spoilt, picture
from tests.ocr.test_fields import NUMBER, back_lines, front_lines
from tests.ocr.test_guide import CARD

HELD_UP = picture(CARD, Spoilt(noise=2), 1)


class Told:
    """A recogniser that says what it is told to: the front twice, then the back."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.threads = set()

    def lines(self, card_bgr):
        self.threads.add(threading.current_thread().name)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def scanning(qtbot):
    """A started worker whose mailbox always holds a frame."""
    workers, feeding = [], threading.Event()

    def start(recogniser, image=HELD_UP, **settings):
        box = Mailbox()
        worker = ScanWorker(box, lambda: recogniser, today=lambda: date(2026, 11, 21), **settings)

        def feed():
            seq = 0
            while not feeding.wait(0.005):
                seq += 1
                box.put(Frame(image, seq * 0.1, seq))

        feeder = threading.Thread(target=feed)
        workers.append((worker, feeder))
        worker.start()
        feeder.start()
        return worker

    yield start
    feeding.set()
    for worker, feeder in workers:
        worker.stop()
        feeder.join(5)


def test_front_then_back_gives_the_person(qtbot, scanning):
    recogniser = Told(front_lines(), front_lines(), back_lines())
    worker, views = scanning(recogniser), []
    worker.view.connect(views.append)
    with qtbot.waitSignal(worker.finished, timeout=20_000) as told:
        worker.begin("visit-1")
    done = told.args[0]
    assert isinstance(done, ScanDone)
    assert (done.visit_id, done.person.name, done.person.id_number, done.card_valid) == ("visit-1", "陈小芳", NUMBER, True)
    assert "陈小芳" not in repr(done)
    assert recogniser.threads == {"ocr"}
    qtbot.waitUntil(lambda: views and views[-1].done, timeout=5000)
    assert all(view.visit_id == "visit-1" for view in views)
    assert [view.progress for view in views] == sorted(view.progress for view in views)


def test_an_expired_card_is_told(qtbot, scanning):
    worker = scanning(Told(front_lines(), front_lines(), back_lines(term="2010.02.01-2020.02.01")))
    with qtbot.waitSignal(worker.finished, timeout=20_000) as told:
        worker.begin("visit-1")
    assert told.args[0].card_valid is False


def test_a_card_nobody_can_read_goes_to_the_attendant(qtbot, scanning):
    worker = scanning(Told([TextLine("姓名", (0, 0, 1, 1))]), give_up_s=0.3)
    with qtbot.waitSignal(worker.failed, timeout=20_000) as told:
        worker.begin("visit-1")
    assert (told.args[0].visit_id, told.args[0].reason) == ("visit-1", Reason.OCR_UNREADABLE)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (ModelError("gone"), Reason.MODEL_ERROR),
        (ValueError("a bug of ours"), Reason.INTERNAL_ERROR),
    ],
)
def test_failures_end_the_scan_and_the_next_one_works(qtbot, scanning, answer, reason):
    recogniser = Told(answer, front_lines(), front_lines(), back_lines())
    worker = scanning(recogniser)
    with qtbot.waitSignal(worker.failed, timeout=20_000) as told:
        worker.begin("visit-1")
    assert (told.args[0].visit_id, told.args[0].reason) == ("visit-1", reason)
    with qtbot.waitSignal(worker.finished, timeout=20_000) as told:
        worker.begin("visit-2")
    assert told.args[0].visit_id == "visit-2"


def test_frames_that_are_none_end_the_scan_after_a_few(qtbot, scanning):
    worker = scanning(Told(front_lines()), image=np.full((480, 640, 3), np.nan))
    with qtbot.waitSignal(worker.failed, timeout=20_000) as told:
        worker.begin("visit-1")
    assert told.args[0].reason is Reason.DEVICE_ERROR


def test_models_that_cannot_be_loaded_are_told(qtbot):
    def broken():
        raise ModelError("not there")

    worker = ScanWorker(Mailbox(), broken)
    worker.start()
    with qtbot.waitSignal(worker.failed, timeout=20_000) as told:
        worker.begin("visit-1")
    assert told.args[0].reason is Reason.MODEL_ERROR
    worker.stop()


def test_a_cancelled_scan_says_nothing_more(qtbot, scanning):
    going, asked = threading.Event(), threading.Event()

    class Slow(Told):
        def lines(self, card_bgr):
            asked.set()
            going.wait(20)
            return super().lines(card_bgr)

    worker, heard = scanning(Slow(front_lines(), front_lines(), front_lines(), back_lines())), []
    worker.view.connect(heard.append)
    worker.finished.connect(heard.append)
    worker.begin("visit-1")
    assert asked.wait(20)
    worker.cancel()  # while a picture is being read
    worker.begin("visit-2")
    with qtbot.waitSignal(worker.finished, timeout=20_000):
        going.set()
    assert {one.visit_id for one in heard} == {"visit-2"}


def test_takes_no_frames_while_nobody_scans(qtbot):
    box = Mailbox()
    worker = ScanWorker(box, lambda: Told(front_lines()))
    worker.start()
    box.put(Frame(HELD_UP, 0.0, 1))
    worker.cancel()  # a wish that is answered by doing nothing
    qtbot.waitUntil(lambda: worker._wishes.empty(), timeout=5000)
    assert box.take() is not None
    worker.stop()


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [TextLine("", (0, 0, 1, 1))],
        [TextLine("姓名" * 5000, (0, 0, 1, 1))] * 10_000,
        front_lines() * 1000,
        [TextLine(one.text + "\x00\x1b]0;x\x07", one.box) for one in front_lines()],
        [TextLine(one.text, (float("nan"),) * 4) for one in front_lines()],
        [TextLine(one.text, one.box, float("nan")) for one in front_lines()],
        [TextLine(one.text[::-1], one.box) for one in front_lines()],
        [*front_lines(), *back_lines()],
        [TextLine(one.text.replace("陈小芳", "陈小芳\u202e芳小陈"), one.box) for one in front_lines()],
    ],
    ids=["nothing", "empty", "endless", "a-thousand-cards", "control", "no-boxes", "no-scores", "backwards", "both-sides", "bidi"],
)
def test_hostile_text_never_becomes_a_person(lines):
    scan = CardScan(CardOcr(Told(lines)))
    for at in range(6):
        scan.step(Frame(HELD_UP, at * 0.5, at))
    assert scan.result is None
    assert scan.front is None
