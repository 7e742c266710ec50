"""A camera's identity and facts as values: each suspicion and each difference by itself, and what is kept comes back."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest

from kiosk.domain import camera_facts
from kiosk.domain import camera_identity as ci
from kiosk.domain.camera_facts import CameraFacts

WEBCAM = ci.CameraIdentity(
    driver="uvcvideo",
    usb_path="1-1.2",
    vendor="1d6b",
    product="0102",
    serial="KC0001",
    descriptors="ab" * 32,
    terminals=("0x0201",),
    controls=("brightness", "gain"),
    modes=("MJPG 1280x720@30", "MJPG 720x480@30", "YUYV 720x480@15"),  # one size of television is no suspicion
    others=(),
)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, ()),
        ({"usb_path": "", "terminals": (), "controls": ()}, ("no-bus",)),  # what has no bus can tell of neither
        ({"driver": "v4l2loopback"}, ("not-uvc",)),
        ({"terminals": ("0x0401",)}, ("no-camera-terminal",)),
        ({"controls": ("brightness", "hue")}, ("no-lens-controls",)),
        ({"modes": ("MJPG 720x480@30", "MJPG 1440x900@60")}, ("video-modes",)),
        ({"others": ("virtual - :",)}, ("second-node",)),
        (
            {"driver": "", "terminals": (), "controls": (), "modes": ("A 720x576@25", "A 1366x768@60"), "others": ("x",)},
            ("not-uvc", "no-camera-terminal", "no-lens-controls", "video-modes", "second-node"),
        ),
    ],
)
def test_each_suspicion_is_told_by_itself(change, told):
    assert ci.suspicions(replace(WEBCAM, **change)) == told


@pytest.mark.parametrize("control", sorted(ci.LENS_CONTROLS))
def test_one_control_of_a_lens_is_enough(control):
    assert ci.suspicions(replace(WEBCAM, controls=("brightness", control))) == ()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, ()),
        ({"driver": "x"}, ("driver",)),
        ({"usb_path": "1-4"}, ("usb_path",)),
        ({"serial": "KC0002"}, ("serial",)),
        ({"vendor": "0001"}, ("model",)),
        ({"product": "0001"}, ("model",)),
        ({"terminals": ()}, ("terminals",)),
        ({"controls": ()}, ("controls",)),
        ({"modes": ()}, ("modes",)),
        ({"descriptors": "cd" * 32}, ("descriptors",)),
        ({"others": ("virtual - :",)}, ("second-node",)),
        ({"usb_path": "1-4", "others": ("virtual - :",)}, ("usb_path", "second-node")),
    ],
)
def test_each_difference_is_told_by_itself(change, told):
    seen = replace(WEBCAM, **change)
    assert ci.differences(WEBCAM, seen) == told
    assert ci.same_sensor(WEBCAM, seen) is (set(told) <= {"usb_path", "second-node"})
    assert (seen.digest == WEBCAM.digest) is (not change)


def test_a_source_of_pictures_that_went_away_is_no_difference():
    assert ci.differences(replace(WEBCAM, others=("a", "b")), replace(WEBCAM, others=("b",))) == ()
    assert ci.differences(WEBCAM, None) == ("unreadable",)


def test_an_identity_is_kept_as_the_same_text_by_every_version():
    """Its digest stands in journals, and is made of that text."""
    text = WEBCAM.to_json()
    assert text.startswith('{"controls":["brightness","gain"],"descriptors":"abab')
    assert list(json.loads(text)) == sorted(json.loads(text))
    assert WEBCAM.digest == hashlib.sha256(text.encode()).hexdigest()[:16]
    assert ci.from_json(text) == WEBCAM
    assert ci.from_json('{"a_later_field":["x"],' + text[1:]) == WEBCAM


@pytest.mark.parametrize(("mode", "size"), [("MJPG 1280x720@30", "1280x720"), ("YUYV 640x480", "640x480"), ("", "")])
def test_the_size_of_a_mode(mode, size):
    assert ci.size_of(mode) == size


def test_facts_are_kept_as_text_with_the_pattern_beside_it():
    facts = CameraFacts("gain", 32, 8, delay_s=0.2, response=0.03, noise=0.001, size=(1280, 720), pattern=b"\x01\x02")
    text = '{"control":"gain","delay_s":0.2,"neutral":32,"noise":0.001,"response":0.03,"size":[1280,720],"unit":8}'
    assert facts.to_json() == text
    assert camera_facts.from_json(text, b"\x01\x02") == facts
    assert camera_facts.from_json(text) == replace(facts, pattern=b"")
