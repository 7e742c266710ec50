"""What a camera is, read from a made-up tree of devices: its name decides nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.camera import sysfs, uvc
from kiosk.domain import camera_identity as ci
from kiosk.emulators import usb_tree


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(sysfs.sys, "platform", "linux")
    return tmp_path / "sys"


@pytest.fixture
def webcam(root):
    usb_tree.plug(root, usb_tree.WEBCAM, metadata="video1")
    return sysfs.identify("0", root)


def test_an_ordinary_camera_is_told_whole_and_raises_no_suspicion(webcam):
    assert (webcam.driver, webcam.usb_path, webcam.vendor, webcam.product, webcam.serial) == (
        "uvcvideo",
        "1-1.2",
        "1d6b",
        "0102",
        "KC0001",
    )
    assert webcam.terminals == ("0x0201",)
    assert {"exposure-time", "gain", "power-line", "white-balance"} <= set(webcam.controls)
    assert webcam.modes == ("MJPG 1280x720@30", "MJPG 1920x1080@30", "MJPG 640x480@30")
    assert len(webcam.descriptors) == 64
    assert webcam.others == ()  # its own second node, for metadata, is none
    assert ci.suspicions(webcam) == ()


@pytest.mark.parametrize(
    ("put", "told"),
    [
        (lambda root: usb_tree.plug(root, usb_tree.CAPTURE_BOX), ("no-lens-controls", "video-modes")),
        (lambda root: usb_tree.plug(root, usb_tree.SOCKET_BOX), ("no-camera-terminal", "no-lens-controls")),
        (lambda root: usb_tree.load_loopback(root), ("no-bus", "not-uvc")),
        (lambda root: usb_tree.load_platform(root), ("no-bus", "not-uvc")),
        (lambda root: usb_tree.plug(root, replace(usb_tree.WEBCAM, driver="gspca_ov534")), ("not-uvc",)),
    ],
)
def test_what_is_no_camera_before_a_lens_is_known_by_what_it_is(root, put, told):
    put(root)
    assert ci.suspicions(sysfs.identify("0", root)) == told


def test_the_name_of_a_loopback_decides_nothing(root):
    usb_tree.plug(root, replace(usb_tree.WEBCAM, name="OBS Virtual Camera v4l2loopback"))
    usb_tree.load_loopback(root, "video5", "Integrated Camera")
    assert ci.suspicions(replace(sysfs.identify("0", root), others=())) == ()
    assert ci.suspicions(sysfs.identify("5", root)) == ("no-bus", "not-uvc", "second-node")


def test_a_second_node_of_another_device_is_told(root, webcam):
    usb_tree.load_loopback(root, "video7")
    seen = sysfs.identify("0", root)
    assert seen.others == ("virtual - :",)
    assert ci.differences(webcam, seen) == ("second-node",)
    assert ci.differences(seen, webcam) == ()  # it is gone again: nothing to ask anybody about
    assert ci.same_sensor(webcam, seen)


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (usb_tree.SWAPPED, ("serial",)),
        (replace(usb_tree.WEBCAM, usb_path="1-4"), ("usb_path",)),
        (replace(usb_tree.WEBCAM, product=0x0999), ("model", "descriptors")),
        (replace(usb_tree.WEBCAM, sizes=((640, 480),)), ("modes", "descriptors")),
        (replace(usb_tree.WEBCAM, camera_bits=0), ("controls", "descriptors")),
        (replace(usb_tree.WEBCAM, terminal=0x0401), ("terminals", "controls", "descriptors")),
        (replace(usb_tree.WEBCAM, driver="uvcfake"), ("driver",)),
    ],
)
def test_another_camera_differs_and_it_is_said_in_what(root, webcam, other, told):
    usb_tree.unplug(root, usb_tree.WEBCAM)
    assert sysfs.identify("0", root) is None
    usb_tree.plug(root, other)
    seen = sysfs.identify("0", root)
    assert ci.differences(webcam, seen) == told
    assert ci.same_sensor(webcam, seen) == (told == ("usb_path",))
    assert seen.digest != webcam.digest


def test_a_camera_that_is_not_told_any_more_is_a_difference(webcam):
    assert ci.differences(webcam, None) == ("unreadable",)


def test_what_is_kept_comes_back_and_a_later_versions_field_does_not_hurt(webcam):
    assert ci.from_json(webcam.to_json()) == webcam
    assert ci.from_json(webcam.to_json().replace('"driver"', '"sound":"x","driver"')) == webcam


def test_other_systems_tell_nothing(root, webcam, monkeypatch):
    monkeypatch.setattr(sysfs.sys, "platform", "win32")
    assert not sysfs.readable(root)
    assert sysfs.identify("0", root) is None


@given(st.binary(max_size=400), st.integers(0, 600))
def test_any_descriptors_never_raise(noise, cut):
    whole = usb_tree.WEBCAM.descriptors
    for raw in (noise, whole[:cut] + noise, whole[:cut]):
        told = uvc.read(raw)
        assert len(told.modes) <= 512
        assert len(told.terminals) <= 512
