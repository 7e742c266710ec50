"""`kiosk evaluate injection`, its parts: what each method looks like to the system, how its frames come, what the table says."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from kiosk.config import Checks, Liveness
from kiosk.domain.camera_facts import CameraFacts
from kiosk.domain.reasons import Action
from kiosk.evaluate import injection, sensors
from kiosk.evaluate.takes import Played
from kiosk.liveness.camera_proof.proof import SENSOR_LIMIT
from kiosk.liveness.challenge import Challenge, Step
from kiosk.liveness.landmarks import FaceObservation

METHODS = {method.name: method for method in injection.METHODS}


def clip(count=12):
    seen = [FaceObservation(t_s=n / 30, size=(640, 480), points=None) for n in range(count)]
    return Played([np.full((480, 640, 3), 100 + n % 7, np.uint8) for n in range(count)], seen, count / 30)


@pytest.mark.skipif(sys.platform != "linux", reason="the system's tree of cameras is Linux's")
@pytest.mark.parametrize(
    ("method", "why"),
    [
        ("bona fide: before the camera", ()),
        ("a file in the settings", ("unreadable",)),
        ("another camera of the same make", ("serial",)),
        ("frames replaced behind the camera", ()),
        ("a gadget that obeys the controls too", ()),
    ],
)
def test_what_the_system_sees(method, why):
    assert injection._identity(METHODS[method]) == why


@pytest.mark.skipif(sys.platform != "linux", reason="the system's tree of cameras is Linux's")
def test_a_program_and_a_box_are_told_for_what_they_are():
    assert {"no-bus", "not-uvc"} <= set(injection._identity(METHODS["a program's node (v4l2loopback)"]))
    assert {"no-lens-controls", "video-modes"} <= set(injection._identity(METHODS["a capture box, stream coded again"]))


def test_frames_are_dropped_and_doubled():
    def times(name, count):
        way = injection._on_its_way(METHODS[name], clip())
        return [round(next(way)[0].t_s, 3) for _ in range(count)]

    assert times("frames replaced behind the camera", 3) == [0.0, 0.033, 0.067]
    assert times("replaced, every second one dropped", 3) == [0.0, 0.067, 0.133]
    assert times("replaced, each one doubled", 4) == [0.0, 0.017, 0.033, 0.05]


def test_a_take_that_nobody_answers_ends_and_says_why(monkeypatch):
    monkeypatch.setattr(injection, "LIMIT_S", 2.0)
    facts = CameraFacts("gain", 100, 9, 0.13, 0.036, 0.001, (640, 480))
    challenge = Challenge((Step(Action.BLINK, (0.0,)),))
    method = METHODS["frames replaced behind the camera"]
    done = injection._inject(method, "clip", clip(), challenge, Liveness(checks=Checks()), facts, (), 1)
    assert (done.passed, done.proven) == (False, False)
    assert done.stopped_by == ("time",)


def test_the_table_tells_each_method_and_what_would_still_pass():
    facts = CameraFacts("gain", 100, 9, 0.13, 0.036, 0.001, (640, 480))
    done = [
        injection.Injected("bona fide: before the camera", "x", (), True, 1.0, 900.0, ()),
        injection.Injected("another camera of the same make", "x", ("serial",), True, 0.97, -8.0, ("sensor",)),
        injection.Injected("frames replaced behind the camera", "x", (), True, 0.01, 2.0, ("camera", "sensor")),
        injection.Injected("frames replaced behind the camera", "y", (), True, None, None, ("camera-unclear",)),
        injection.Injected("… and has the sensor's pattern", "x", (), True, 1.0, 800.0, ()),
    ]
    rows = {row[0]: row for row in injection._report(done, [], facts, None, 1).tables[0].rows}
    assert rows["another camera of the same make"][1] == "serial"
    assert rows["frames replaced behind the camera"][1] == "believed"
    assert [rows[name][6].split()[0] for name in ("bona fide: before the camera", "frames replaced behind the camera")] == [
        "100.0",
        "0.0",
    ]
    assert rows["… and has the sensor's pattern"][6].startswith("100.0 % (1/1")  # said, not hidden


def test_simulated_sensors_are_told_apart(monkeypatch):
    monkeypatch.setattr(sensors, "SET_UP", 24)
    monkeypatch.setattr(sensors, "QUALITIES", (75,))
    spread = sensors.simulate(3, seed=3)
    assert sum(len(own) for own in spread.own.values()) == 3
    assert min(min(own) for own in spread.own.values()) > SENSOR_LIMIT
    assert max(max(other) for other in spread.other.values()) < SENSOR_LIMIT
    assert sensors.simulate(3, seed=3).own == spread.own  # same seed, same numbers
