"""Which camera is believed: the first that raises no suspicion, then only it, or one that a supervisor answers for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from kiosk.domain.camera_facts import CameraFacts
from kiosk.domain.camera_identity import CameraIdentity
from kiosk.store import camera_pin
from kiosk.store.opening import open_store
from tests.store import made

CAMERA = CameraIdentity(
    driver="uvcvideo",
    usb_path="1-1.2",
    vendor="1d6b",
    product="0102",
    serial="KC0001",
    descriptors="a" * 64,
    terminals=("0x0201",),
    controls=("exposure-time", "gain"),
    modes=("MJPG 1280x720@30",),
)
LATER = made.NOW + timedelta(hours=1)


def entries(store):
    rows = store.db.execute("SELECT kind, json_extract(body, '$.data') FROM journal WHERE kind LIKE 'camera%'").fetchall()
    return [(kind, data) for kind, data in rows]


def kinds(store):
    return [kind for kind, _ in entries(store)]


def test_the_first_ordinary_camera_is_pinned_by_itself(store):
    state = camera_pin.see(store, CAMERA, made.NOW)
    assert (state.believed, state.pinned, state.pinned_by) == (True, CAMERA, "set-up")
    assert camera_pin.see(store, CAMERA, LATER).believed
    assert entries(store) == [("camera-pinned", f'{{"camera":"{CAMERA.digest}"}}')]


@pytest.mark.parametrize(
    ("first", "why"),
    [
        (replace(CAMERA, usb_path="", driver=""), ("no-bus", "not-uvc")),
        (replace(CAMERA, controls=("brightness",)), ("no-lens-controls",)),
        (replace(CAMERA, others=("virtual - :",)), ("second-node",)),
    ],
)
def test_a_first_camera_that_is_odd_is_pinned_by_nobody_but_a_supervisor(store, first, why):
    state = camera_pin.see(store, first, made.NOW)
    assert (state.believed, state.why, state.pinned) == (False, why, None)
    assert kinds(store) == ["camera-changed"]
    assert camera_pin.confirm(store, "9001", "added", LATER).believed
    assert camera_pin.see(store, first, LATER).believed  # it is answered for, odd as it is
    assert kinds(store) == ["camera-changed", "camera-confirmed"]


def test_another_camera_stops_until_a_supervisor_answers_for_it(store):
    camera_pin.see(store, CAMERA, made.NOW)
    other = replace(CAMERA, serial="KC0002")
    for _ in range(3):  # every start again: it is told once
        state = camera_pin.see(store, other, LATER)
        assert (state.believed, state.why) == (False, ("serial",))
    assert entries(store)[1:] == [("camera-changed", f'{{"camera":"{other.digest}","why":"serial"}}')]
    with pytest.raises(ValueError, match="because"):
        camera_pin.confirm(store, "9001", "because", LATER)
    state = camera_pin.confirm(store, "9001", "replaced", LATER)
    assert (state.believed, state.pinned, state.pinned_by) == (True, other, "9001")
    assert entries(store)[-1] == ("camera-confirmed", f'{{"camera":"{other.digest}","staff":"9001","why":"replaced"}}')
    assert not camera_pin.see(store, CAMERA, LATER).believed  # the old one is now the other one


def test_the_right_one_is_back_and_service_goes_on_without_anybody(store):
    camera_pin.see(store, CAMERA, made.NOW)
    camera_pin.see(store, replace(CAMERA, others=("virtual - :",)), LATER)
    assert camera_pin.see(store, CAMERA, LATER).believed
    assert kinds(store) == ["camera-pinned", "camera-changed", "camera-back"]


def test_a_capture_box_in_its_place_is_called_one(store):
    camera_pin.see(store, CAMERA, made.NOW)
    box = replace(CAMERA, product="0103", controls=("brightness",), descriptors="b" * 64)
    assert camera_pin.see(store, box, LATER).why == ("model", "controls", "descriptors", "no-lens-controls")


def test_where_the_system_tells_nothing_nothing_is_asked_but_a_camera_that_was_told_must_go_on(store):
    assert camera_pin.see(store, None, made.NOW).believed
    assert kinds(store) == []
    assert camera_pin.confirm(store, "9001", "other", made.NOW).pinned is None
    camera_pin.see(store, CAMERA, made.NOW)
    assert camera_pin.see(store, None, LATER).why == ("unreadable",)
    assert camera_pin.confirm(store, "9001", "moved", LATER).believed
    assert camera_pin.see(store, CAMERA, LATER).why == ("new",)


def test_the_pin_comes_back_after_the_database_was_lost(folder):
    settings = made.settings(folder)
    with open_store(settings, now=made.NOW) as store:
        camera_pin.see(store, CAMERA, made.NOW)
        camera_pin.see(store, replace(CAMERA, serial="KC0002"), LATER)
        camera_pin.confirm(store, "9001", "replaced", LATER)
    databases = list(folder.glob("kiosk.db*"))
    assert databases
    for path in databases:
        path.unlink()
    with open_store(settings, now=LATER) as store:
        assert not camera_pin.see(store, CAMERA, LATER).believed
        assert camera_pin.see(store, replace(CAMERA, serial="KC0002"), LATER).believed


FACTS = CameraFacts("gain", 100, 9, 0.13, 0.036, 0.001, (1280, 720), b"pattern")


def test_what_was_measured_holds_for_this_sensor_alone(store):
    with pytest.raises(ValueError, match="no camera is pinned"):
        camera_pin.keep_facts(store, FACTS, made.NOW)
    camera_pin.see(store, CAMERA, made.NOW)
    assert camera_pin.state(store).facts is None
    camera_pin.keep_facts(store, FACTS, made.NOW)
    assert camera_pin.see(store, CAMERA, LATER).facts == FACTS
    assert entries(store)[-1] == ("camera-measured", f'{{"camera":"{CAMERA.digest}","control":"gain"}}')
    moved = replace(CAMERA, usb_path="1-4", others=("uvcvideo 1-3 1d6b:0103",))
    assert camera_pin.see(store, moved, LATER).facts is None  # not believed: nothing is asked of it
    camera_pin.confirm(store, "9001", "moved", LATER)
    assert camera_pin.state(store).facts == FACTS  # another socket is the same sensor
    camera_pin.see(store, replace(moved, serial="KC0002"), LATER)
    camera_pin.confirm(store, "9001", "replaced", LATER)
    assert camera_pin.state(store).facts is None
