"""The kernel's calls, against a made-up kernel: their numbers and layouts are those of linux/videodev2.h."""

from __future__ import annotations

import struct
import sys

import pytest

from kiosk.camera import v4l2

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="V4L2 is Linux's")

QUERYCTRL, G_CTRL, S_CTRL = 0xC0445624, 0xC008561B, 0xC008561C
GAIN, EXPOSURE, BRIGHTNESS = 0x00980913, 0x009A0902, 0x00980900


class Kernel:
    """Two controls: a gain that can be set, an exposure that the automatism owns."""

    def __init__(self):
        self.values = {GAIN: 64, EXPOSURE: 300}
        self.asked = []
        self.default = 64

    def ioctl(self, file, request, data):
        self.asked.append(request)
        number = struct.unpack_from("=I", data)[0]
        if number not in self.values:
            raise OSError(22, "Invalid argument")
        if request == QUERYCTRL:
            flags = 0x10 if number == EXPOSURE else 0
            return struct.pack("=II32siiiiI8x", number, 1, b"Gain", 0, 255, 4, self.default, flags)
        if request == S_CTRL:
            self.values[number] = struct.unpack("=Ii", data)[1]
        return struct.pack("=Ii", number, self.values[number])


@pytest.fixture
def kernel(monkeypatch, tmp_path):
    import fcntl

    made = Kernel()
    monkeypatch.setattr(fcntl, "ioctl", made.ioctl)
    made.node = tmp_path / "video0"
    made.node.touch()
    return made


def test_a_control_is_found_set_and_read_back(kernel):
    controls = v4l2.Controls(str(kernel.node))
    assert controls.find("gain") == v4l2.Control(0, 255, 4, 64)
    assert controls.set("gain", 80)
    assert controls.find("gain").value == 80
    assert set(kernel.asked) == {QUERYCTRL, G_CTRL, S_CTRL}
    controls.close()
    controls.close()


def test_what_is_not_there_or_owned_by_an_automatism_is_none(kernel):
    controls = v4l2.Controls(str(kernel.node))
    assert controls.find("exposure") is None
    assert controls.find("brightness") is None
    assert not controls.set("brightness", 1)
    controls.close()


AUTO_EXPOSURE, AUTO_WHITE, WHITE = 0x009A0901, 0x0098090C, 0x0098091A


def test_what_changes_by_itself_stands_still_and_goes_on_as_before(kernel):
    kernel.values |= {AUTO_EXPOSURE: 3, AUTO_WHITE: 1, WHITE: 4600}
    controls = v4l2.Controls(str(kernel.node))
    assert controls.hold(True)
    assert kernel.values == {GAIN: 64, EXPOSURE: 300, AUTO_EXPOSURE: 1, AUTO_WHITE: 0, WHITE: 4600}
    assert controls.hold(True), "once more changes nothing, and what was before is not forgotten"
    assert not controls.hold(False)
    assert (kernel.values[AUTO_EXPOSURE], kernel.values[AUTO_WHITE]) == (3, 1)
    controls.hold(True)
    controls.close()
    assert (kernel.values[AUTO_EXPOSURE], kernel.values[AUTO_WHITE]) == (3, 1), "whoever lets the camera go lets it see"


def test_a_camera_without_automatisms_cannot_stand_still_and_one_set_by_hand_is_left_so(kernel):
    controls = v4l2.Controls(str(kernel.node))
    assert not controls.hold(True)
    kernel.values |= {AUTO_EXPOSURE: 1}
    assert not controls.hold(True)
    assert not controls.hold(False)
    assert kernel.values[AUTO_EXPOSURE] == 1


def test_who_died_in_a_take_left_the_camera_standing_still(kernel):
    kernel.values |= {AUTO_EXPOSURE: 1}
    kernel.default = 3
    v4l2.Controls(str(kernel.node)).close()
    assert kernel.values[AUTO_EXPOSURE] == 3


def test_a_closed_or_pulled_device_refuses_quietly(tmp_path):
    node = tmp_path / "video0"
    node.touch()
    controls = v4l2.Controls(str(node))
    assert controls.find("gain") is None  # no device: the kernel refuses
    controls.close()
    assert not controls.set("gain", 1)
    with pytest.raises(FileNotFoundError):
        v4l2.Controls(str(tmp_path / "video9"))


def test_elsewhere_there_is_none(monkeypatch):
    monkeypatch.setattr(v4l2.sys, "platform", "win32")
    with pytest.raises(OSError, match="no V4L2"):
        v4l2.Controls("0")
