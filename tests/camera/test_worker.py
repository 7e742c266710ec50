"""The camera worker: up, down, up again, a driver that hangs, asleep and awake."""

import threading

import numpy as np
import pytest

from kiosk.camera import worker as module
from kiosk.camera.frame import Frame, Holdable
from kiosk.camera.mailbox import Mailbox
from kiosk.camera.worker import CameraDown, CameraSeen, CameraUp, CameraWorker
from kiosk.config import Camera
from kiosk.domain.camera_facts import CameraFacts
from kiosk.domain.camera_identity import CameraIdentity
from kiosk.domain.reasons import Reason
from kiosk.emulators.card_holder import CardHolder
from kiosk.errors import CameraUnavailable, ConfigError

SETTINGS = Camera(reopen_delay_s=0.02, stall_timeout_s=0.5)


class Played:
    """A camera whose every step is told: frames at will, a pulled plug, a read that hangs."""

    name = "played"

    def __init__(self):
        self.plugged, self.hanging = threading.Event(), threading.Event()
        self.plugged.set()
        self.released = threading.Event()
        self.opened = self.closed = self.seq = self.tried = 0
        self.frames_left = -1

    def open(self):
        self.tried += 1
        if not self.plugged.is_set():
            raise CameraUnavailable("unplugged")
        self.opened += 1

    def read(self):
        if self.hanging.is_set():
            self.released.wait(30)
            raise CameraUnavailable("the driver came back at last")
        if not self.plugged.is_set():
            raise CameraUnavailable("unplugged")
        if self.frames_left == 0:
            return None
        self.frames_left -= 1
        self.seq += 1
        threading.Event().wait(0.005)  # a camera's pace
        return Frame(np.zeros((48, 64, 3), np.uint8), self.seq / 200, self.seq)

    def close(self):
        self.closed += 1


@pytest.fixture
def camera():
    return Played()


@pytest.fixture
def rig(camera, qtbot, monkeypatch):
    monkeypatch.setattr(module, "STALE_S", 0.0)
    monkeypatch.setattr(module, "ASLEEP_PERIOD_S", 0.02)
    boxes: list[Mailbox[Frame]] = [Mailbox(), Mailbox()]
    made = CameraWorker(SETTINGS, boxes, make_source=lambda: camera)
    told: list[object] = []
    made.status.connect(told.append)
    yield made, boxes, told
    camera.released.set()
    made.stop()


def test_every_mailbox_gets_frames(rig, qtbot):
    made, boxes, told = rig
    made.set_awake(True)
    made.start()
    qtbot.waitUntil(lambda: bool(told))
    assert told == [CameraUp("played", 64, 48)]
    for box in boxes:
        frame = box.take(5)
        assert frame is not None
        assert frame.image_bgr.shape == (48, 64, 3)


def test_asleep_it_delivers_nothing_and_forgets_what_lay_there(rig, camera, qtbot):
    made, boxes, told = rig
    made.start()
    qtbot.waitUntil(lambda: bool(told) and camera.seq > 3)
    assert boxes[0].take(0) is None
    made.set_awake(True)
    qtbot.waitUntil(lambda: boxes[0].take(0) is not None)
    made.set_awake(False)
    seq = camera.seq
    qtbot.waitUntil(lambda: camera.seq > seq + 3)  # it goes on reading, or it would not notice a pulled plug
    assert [box.take(0) for box in boxes] == [None, None]


def test_a_pulled_plug_is_told_once_and_it_comes_back_by_itself(rig, camera, qtbot):
    made, boxes, told = rig
    made.set_awake(True)
    made.start()
    qtbot.waitUntil(lambda: len(told) == 1)
    camera.plugged.clear()
    qtbot.waitUntil(lambda: len(told) == 2)
    assert told[1] == CameraDown(Reason.CAMERA_UNPLUGGED, "unavailable")
    assert [box.take(0) for box in boxes] == [None, None], "a picture of before must not be looked at after"
    tried = camera.tried
    qtbot.waitUntil(lambda: camera.tried > tried + 2)  # in vain
    assert len(told) == 2
    camera.plugged.set()
    qtbot.waitUntil(lambda: len(told) == 3)
    assert isinstance(told[2], CameraUp)
    assert camera.opened == 2


def test_a_driver_that_hangs_is_given_up_and_replaced(qtbot):
    hung, good = Played(), Played()
    hung.hanging.set()
    sources = iter([hung, good])
    box: Mailbox[Frame] = Mailbox()
    made = CameraWorker(SETTINGS, [box], make_source=lambda: next(sources))
    told: list[object] = []
    made.status.connect(told.append)
    made.set_awake(True)
    made.start()
    qtbot.waitUntil(lambda: len(told) == 2)
    assert told[0] == CameraDown(Reason.CAMERA_UNPLUGGED, "stalled")
    assert isinstance(told[1], CameraUp)
    assert hung.closed == 0, "the thread still hangs in the driver"
    hung.released.set()
    qtbot.waitUntil(lambda: hung.closed == 1)  # it tidies up when the driver returns
    assert len(told) == 2, "and has nothing to say any more"
    made.stop()
    assert good.closed == 1


def test_the_end_of_a_clip_is_the_end(rig, camera, qtbot):
    made, _, told = rig
    camera.frames_left = 5
    made.set_awake(True)
    made.start()
    qtbot.waitUntil(lambda: len(told) == 2)
    assert told[1] == CameraDown(Reason.CAMERA_UNPLUGGED, "ended")
    qtbot.waitUntil(lambda: not made._guard.is_alive())
    assert camera.opened == 1


@pytest.mark.parametrize(("error", "fault"), [(ConfigError("camera.source"), "config"), (RuntimeError("driver"), "bug")])
def test_other_faults_are_told_too(qtbot, error, fault):
    def broken():
        raise error

    made = CameraWorker(SETTINGS, [], make_source=broken)
    told: list[object] = []
    made.status.connect(told.append)
    made.start()
    qtbot.waitUntil(lambda: bool(told))
    assert told[0] == CameraDown(Reason.CAMERA_UNPLUGGED, fault)
    made.stop()


def test_it_can_be_stopped_and_started_again(rig, camera, qtbot):
    made, boxes, told = rig
    made.set_awake(True)
    made.start()
    qtbot.waitUntil(lambda: len(told) == 1)
    made.stop()
    assert camera.closed == 1
    assert [box.take(0) for box in boxes] == [None, None]
    made.start()
    qtbot.waitUntil(lambda: len(told) == 2)
    assert camera.opened == 2


def test_it_is_told_which_camera_it_is_and_when_that_changes(rig, camera, qtbot, monkeypatch):
    """A source that cannot say is told as such: whoever believed another one must know."""
    monkeypatch.setattr(module, "IDENTITY_PERIOD_S", 0.02)
    worker, *_ = rig
    seen = []
    worker.identified.connect(seen.append)
    first, other = CameraIdentity("uvcvideo", "1-1"), CameraIdentity("uvcvideo", "1-1", others=("virtual - :",))
    with qtbot.waitSignal(worker.identified):
        worker.start()
    assert seen == [CameraSeen(None)]
    camera.identity = lambda: first
    qtbot.waitUntil(lambda: seen[1:] == [CameraSeen(first)], timeout=5000)
    camera.identity = lambda: other  # something else was plugged in while it ran
    qtbot.waitUntil(lambda: seen[2:] == [CameraSeen(other)], timeout=5000)
    worker.stop()


def test_the_camera_stands_still_when_asked_and_goes_on_when_nobody_looks(rig, camera, qtbot):
    worker, *_ = rig
    assert not worker.hold(True), "nothing runs"
    worker.start()
    qtbot.waitUntil(lambda: camera.seq > 1)
    assert not worker.hold(True), "a source that cannot"
    asked = []
    camera.stand_still = lambda on: asked.append(on) or on
    assert worker.hold(True)
    worker.set_awake(False)
    assert asked == [True, False]


def test_an_emulator_that_holds_cards_up_is_no_camera_that_stands_still() -> None:
    """Protocols are looked at by name: a method of the same name that does something else ended every take of the demonstration."""
    assert not isinstance(CardHolder(Played()), Holdable)


def test_the_camera_is_steered_at_once_and_left_at_rest(rig, camera, qtbot):
    worker, *_ = rig
    asked = []
    camera.steer = lambda control, value: asked.append((control, value)) or True
    worker.steer(0.5)  # nothing was measured, nothing runs
    worker.steer(0.0)
    worker.use(CameraFacts("gain", 100, 10))
    worker.start()
    qtbot.waitUntil(lambda: camera.seq > 1)
    assert asked == [("gain", 100)]  # whoever died in the middle of a pulse left it elsewhere
    worker.set_awake(True)
    worker.steer(0.5)
    worker.steer(0.5)
    worker.steer(-1.0)
    worker.set_awake(False)
    assert asked[1:] == [("gain", 105), ("gain", 90), ("gain", 100)]
    worker.use(CameraFacts())
    worker.steer(1.0)
    assert len(asked) == 4
