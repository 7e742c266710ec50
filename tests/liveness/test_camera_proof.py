"""The camera proves itself: pulses that are answered, late or not at all; the pattern of this sensor and of another one."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest

from kiosk.camera.frame import Frame
from kiosk.config import Checks
from kiosk.domain.camera_facts import CameraFacts, from_json
from kiosk.emulators.emulated_camera import EmulatedCamera, Optics
from kiosk.errors import ModelError
from kiosk.liveness.camera_proof import pulses, sensor
from kiosk.liveness.camera_proof.measure import measure
from kiosk.liveness.camera_proof.proof import CameraProof

FACTS = CameraFacts("gain", 100, 9, 0.13, 0.036, 0.001, (640, 288))
ENFORCE = Checks(camera="enforce", sensor="enforce")


class Room:
    """A still scene with a sensor's noise, large enough for both corners; `sway`: the light changes slowly, as with movement."""

    name = "room"

    def __init__(self, seed=0, size=(288, 640), sway=0.0, noise=2.0, slope=25):
        self.rng = np.random.default_rng(seed)
        self.n, self.sway, self.size = 0, sway, size
        height, width = size
        self.base = 130 + np.linspace(-slope, slope, width)[None, :, None] + np.linspace(-slope, slope, height)[:, None, None]
        table = self.rng.normal(0, noise, (height + 32, width + 32, 3)).round()
        self.more, self.less = np.clip(table, 0, 255).astype(np.uint8), np.clip(-table, 0, 255).astype(np.uint8)
        self.base = np.broadcast_to(self.base, (height, width, 3)).round().astype(np.uint8)

    def open(self):
        pass

    def close(self):
        pass

    def read(self):
        self.n += 1
        t = self.n / 30
        y, x = self.rng.integers(0, 32, 2)
        light = 1 + self.sway * np.sin(1.7 * t)
        window = np.s_[y : y + self.size[0], x : x + self.size[1]]
        lit = self.base if light == 1 else cv2.convertScaleAbs(self.base, alpha=light)
        return Frame(cv2.subtract(cv2.add(lit, self.more[window]), self.less[window]), t, self.n)


def take(source, facts=FACTS, checks=ENFORCE, seconds=11.0, seed=5, lag=0.0, phase="cue"):
    """Play a take's share: the camera is steered by the proof, as the vision worker does. lag: seconds that steering is late by."""
    proof = CameraProof(facts, checks, random.Random(seed))
    waiting = []
    level = 0.0
    while True:
        frame = source.read()
        if frame.t_s > seconds:
            return proof
        proof.step(frame.t_s, frame.image_bgr, phase)
        if proof.level != level:
            level = proof.level
            waiting.append((frame.t_s + lag, level))
        while waiting and waiting[0][0] <= frame.t_s and isinstance(source, EmulatedCamera):
            source.steer(facts.control, facts.neutral + round(waiting.pop(0)[1] * facts.unit))


def scores(proof):
    return {one.name: one for one in proof.scores()}


@pytest.fixture(scope="module")
def measured():
    camera = EmulatedCamera(Room(slope=0), Optics(seed=1))  # a sheet of paper near the lens
    lines: list[str] = []
    return measure(camera, lines.append, rng=random.Random(3)), lines


def test_set_up_finds_what_answers_and_how_late(measured):
    facts, lines = measured
    assert facts.control == "gain"
    assert facts.delay_s == pytest.approx(4 / 30, abs=0.05)  # the same wherever it falls between two frames
    assert facts.response == pytest.approx(0.036, abs=0.006)
    assert facts.size == (640, 288)
    assert lines[0] == "exposure: none, or the camera keeps it to itself"
    assert "likeness of two halves" in lines[-1]
    assert from_json(facts.to_json(), facts.pattern) == facts


def test_set_up_says_what_is_not_to_be_had():
    lines: list[str] = []
    deaf = EmulatedCamera(Room(slope=0), Optics(answers=False, prnu=0.0))
    facts = measure(deaf, lines.append, rng=random.Random(3))
    assert (facts.control, facts.pattern) == ("", b"")
    assert [line.endswith("no clear answer") for line in lines if line.startswith(("gain", "brightness"))] == [True, True]
    assert lines[-1].endswith("not taken")
    bars = Room(slope=0)
    bars.base = bars.base.copy()
    bars.base[:, ::64] = 220  # a test picture, a wall with tiles: it agrees with itself, and is no sensor's pattern
    assert measure(EmulatedCamera(bars, Optics(controls=False)), lines.append).pattern == b""
    assert "no even paper" in lines[-1]
    none = EmulatedCamera(Room(), Optics(controls=False))
    assert measure(none, lines.append, pattern=False).control == ""


def test_the_camera_answers_and_its_attackers_do_not(measured):
    facts, _ = measured
    found = scores(take(EmulatedCamera(Room(7), Optics(seed=1)), facts))
    assert found["camera"].score == pytest.approx(1.0, abs=0.2)
    assert found["sensor"].score > 4 * found["sensor"].limit
    assert not any(one.flagged for one in found.values())
    for other in (
        Room(8),  # a file, a program that plays a camera: no controls, no sensor
        EmulatedCamera(Room(8), Optics(seed=2, answers=False)),  # a capture box before another camera
    ):
        found = scores(take(other, facts))
        assert found["camera"].score == pytest.approx(0.0, abs=0.3)
        assert found["camera"].flagged
        assert found["sensor"].flagged


def test_an_answer_that_comes_late_is_none(measured):
    facts, _ = measured
    found = scores(take(EmulatedCamera(Room(7), Optics(seed=1)), facts, lag=0.4))
    assert found["camera"].flagged


def test_slow_changes_of_light_are_no_answer_and_hide_none(measured):
    facts, _ = measured
    assert not scores(take(EmulatedCamera(Room(9, sway=0.05), Optics(seed=1)), facts))["camera"].flagged
    assert scores(take(Room(9, sway=0.05), facts))["camera"].flagged


def test_flicker_that_hides_everything_is_for_the_attendant_and_no_pass():
    class Flickering(Room):
        def read(self):
            frame = super().read()
            light = 1 + 0.15 * self.rng.normal()
            return Frame(cv2.convertScaleAbs(frame.image_bgr, alpha=light), frame.t_s, frame.seq)

    proof = take(Flickering(3))
    assert scores(proof)["camera"].score is None
    assert proof.unclear
    recorded = take(Flickering(3), checks=Checks(camera="record"))
    assert scores(recorded)["camera"].score is None
    assert not recorded.unclear


def test_without_measurement_or_switched_off_nothing_is_asked(measured):
    facts, _ = measured
    proof = take(Room(), CameraFacts(size=(640, 288)))
    assert [one.score for one in proof.scores()] == [None, None]
    assert not proof.unclear
    assert take(Room(), facts, Checks(camera="off", sensor="off")).scores() == ()


def test_pulses_are_drawn_anew_small_and_seldom():
    def drawn(rng=None):
        played = pulses.Pulses(rng)
        levels = [played.level(n / 30, True) for n in range(30 * 12)]
        return played.played, levels

    first, levels = drawn()
    second, _ = drawn()
    assert [(one.begin_s, one.level) for one in first] != [(one.begin_s, one.level) for one in second]
    assert drawn(random.Random(4)) == drawn(random.Random(4))
    assert 8 <= len(first) <= pulses.MOST
    assert {np.sign(one.level) for one in (*first, *second)} == {-1.0, 1.0}
    assert max(abs(level) for level in levels) <= 1.0
    for one, after in pairwise(first):
        assert after.begin_s - one.end_s >= pulses.PAUSE_S[0] - 0.04
        assert 0.15 <= one.end_s - one.begin_s <= 0.4
    for second_of in range(12):
        edges = sum(a != b for a, b in pairwise(levels[30 * second_of : 30 * second_of + 30]))
        assert edges <= 4  # two pulses a second, at a tenth of the step that WCAG calls a flash


def test_no_pulse_begins_where_none_may_and_one_that_began_is_ended():
    played = pulses.Pulses(random.Random(1))
    assert [played.level(n / 30, False) for n in range(300)] == [0.0] * 300
    n = 300
    while played.level(n / 30, True) == 0.0:
        n += 1
    ends = [played.level(m / 30, False) for m in range(n + 1, n + 30)]
    assert ends[0] != 0.0
    assert ends[-1] == 0.0


def test_beside_the_light_pulses_of_colour_keep_to_the_cues(measured):
    facts, _ = measured
    lit = Checks(camera="enforce", light="record")
    coloured = replace(facts, control="white-balance")
    assert scores(take(EmulatedCamera(Room(7), Optics(seed=1)), coloured, lit, phase="between"))["camera"].score is None
    assert scores(take(EmulatedCamera(Room(7), Optics(seed=1)), facts, lit, phase="between"))["camera"].score > 0.7
    assert scores(take(EmulatedCamera(Room(7), Optics(seed=1)), facts, lit, phase="cue"))["camera"].score > 0.7


def test_corners_that_show_nothing_are_left_out():
    assert sensor.corners(np.zeros((200, 640, 3), np.uint8)) is None
    assert sensor.corners(np.full((288, 640, 3), 8, np.uint8)) is None
    assert sensor.corners(np.full((288, 640, 3), 250, np.uint8)) is None
    assert sensor.corners(np.full((288, 640, 3), 120, np.uint8)).shape == (2, 256, 256)
    with pytest.raises(ModelError):
        sensor.unpack(b"123")
    with pytest.raises(ValueError, match="no pictures"):
        sensor.pattern([])
