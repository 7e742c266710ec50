"""A turn is looked at again without tracking: what a still picture contradicts was no head."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from kiosk.camera.frame import Frame
from kiosk.config import Match
from kiosk.domain.outcome import CheckScore, LivenessResult
from kiosk.domain.reasons import Reason
from kiosk.liveness.attacks.turns import TurnPictures
from kiosk.liveness.face_buffer import KeptFace
from kiosk.liveness.landmarks import FaceObservation
from kiosk.liveness.verdict import ACTING, conclude, confirm_turns
from tests.liveness.faces import Pose, face, nobody

PASSED = LivenessResult(True, Reason.OK)


class Still:
    """Sees in a picture the yaw that its first pixel holds; 255: no face."""

    def observe(self, frame: Frame) -> FaceObservation:
        assert (frame.t_s, frame.seq) == (0.0, 0)  # a picture by itself
        told = int(frame.image_bgr[0, 0, 0])
        return nobody(0.0) if told == 255 else face(0.0, Pose(yaw=told - 100.0))


def turn(frontal: int, peak: int, tracked: float) -> TurnPictures:
    return TurnPictures(np.full((2, 2, 3), 100 + frontal, np.uint8), np.full((2, 2, 3), peak, np.uint8), tracked)


@pytest.mark.parametrize(
    ("peak", "tracked", "reason"),
    [
        (130, 30.0, Reason.OK),
        (122, 30.0, Reason.OK),
        (104, 27.0, Reason.LIVENESS_FAILED),  # tracked 27 degrees, seen 4: a print that was jerked
        (70, 30.0, Reason.LIVENESS_FAILED),  # the other way
        (70, -30.0, Reason.OK),
        (255, 40.0, Reason.LIVENESS_UNCERTAIN),  # nothing to see: no refusal, somebody looks
    ],
)
def test_the_peak_must_be_there_in_the_picture(peak: int, tracked: float, reason: Reason) -> None:
    result = confirm_turns(PASSED, (turn(0, peak, tracked),), Still())
    assert (result.reason, result.passed) == (reason, reason is Reason.OK)
    assert [one.name for one in result.checks] == ["turn-confirmed"]


def test_the_yaw_counts_from_how_the_person_stood() -> None:
    assert confirm_turns(PASSED, (turn(10, 130, 20.0),), Still()).passed
    result = confirm_turns(PASSED, (turn(20, 125, 20.0),), Still())
    assert (result.passed, result.reason) == (False, Reason.LIVENESS_FAILED)


def test_a_take_that_failed_or_had_no_turn_is_left_as_it_is() -> None:
    failed = LivenessResult(False, Reason.ACTION_TIMEOUT)
    assert confirm_turns(failed, (turn(0, 104, 27.0),), Still()) is failed
    assert confirm_turns(PASSED, (), Still()) is PASSED


def test_what_a_look_at_the_turns_leaves_behind() -> None:
    before = CheckScore("depth", 2.0, 1.0, "enforce", False)
    result = confirm_turns(replace(PASSED, checks=(before,)), (turn(0, 118, 30.0), turn(0, 130, 30.0)), Still())
    assert result.checks == (before, CheckScore("turn-confirmed", 0.6, 0.6, "enforce", False))  # the worst turn; at the limit
    assert result.passed
    result = confirm_turns(PASSED, (turn(0, 130, 30.0), turn(0, 115, 30.0)), Still())
    assert result.checks == (CheckScore("turn-confirmed", 0.5, 0.6, "enforce", True),)
    assert (result.passed, result.reason) == (False, Reason.LIVENESS_FAILED)
    # One of two peaks shows no face, and the other is well: somebody looks. Where it is not, that decides.
    result = confirm_turns(PASSED, (turn(0, 255, 30.0), turn(0, 130, 30.0)), Still())
    assert (result.passed, result.reason, result.checks[0].score) == (False, Reason.LIVENESS_UNCERTAIN, 1.0)
    assert confirm_turns(PASSED, (turn(0, 255, 30.0), turn(0, 104, 30.0)), Still()).reason is Reason.LIVENESS_FAILED
    assert confirm_turns(PASSED, (turn(0, 255, 30.0),), Still()).checks == (
        CheckScore("turn-confirmed", None, 0.6, "enforce", False),
    )
    # A start in which no face is found is taken for straight.
    assert confirm_turns(PASSED, (turn(155, 120, 20.0),), Still()).checks[0].score == 1.0


# --- the same face -------------------------------------------------------------------------------------------------------


class Numbered:
    """Reads a face's vector from its first pixel: 1 and 2 are alike to 0.6, 3 is another, 4 is half of 1."""

    model_digest = "digest"
    VECTORS = {1: (1.0, 0.0, 0.0), 2: (0.6, 0.8, 0.0), 3: (0.0, 0.0, 1.0), 4: (0.5, -(0.75**0.5), 0.0)}

    def embed(self, face_rgb: np.ndarray) -> np.ndarray:
        out = np.zeros(128, np.float32)
        out[:3] = self.VECTORS[int(face_rgb[0, 0, 0])]
        return out


def kept(part: int, who: int, quality: float = 0.5, *, acting: bool = False) -> KeptFace:
    return KeptFace(part, float(part), quality, np.full((2, 2, 3), who, np.uint8), acting)


MATCH = Match()


def test_what_is_told_of_the_faces_of_a_take() -> None:
    before = CheckScore("depth", 2.0, 1.0, "enforce", False)
    result, probe, used = conclude(replace(PASSED, checks=(before,)), [kept(0, 1), kept(1, 2, 0.25)], Numbered(), MATCH)
    assert result.passed
    assert used == 2
    assert result.checks == (
        before,
        CheckScore("same-face", pytest.approx(0.6), MATCH.same_person, "enforce", False),
        CheckScore("same-face-acting", pytest.approx(0.6), ACTING, "enforce", False),
    )
    assert probe is not None
    assert probe[:2] == pytest.approx(np.array((1.3, 0.4)) / math.hypot(1.3, 0.4))  # the better face weighs twice as much
    alone, probe, used = conclude(PASSED, [kept(0, 1)], Numbered(), MATCH)
    assert (alone.passed, used, [one.score for one in alone.checks]) == (True, 1, [None, None])
    assert probe is not None
    failed = LivenessResult(False, Reason.FACE_LOST)
    assert conclude(failed, [kept(0, 1)], Numbered(), MATCH) == (failed, None, 0)


def test_the_limits_of_likeness_themselves_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    faces = [kept(0, 1), kept(1, 2)]
    score = conclude(PASSED, faces, Numbered(), MATCH)[0].checks[0].score
    assert conclude(PASSED, faces, Numbered(), MATCH.model_copy(update={"same_person": score}))[0].passed
    beyond = conclude(PASSED, faces, Numbered(), MATCH.model_copy(update={"same_person": score + 1e-9}))[0]
    assert (beyond.passed, beyond.reason, [one.flagged for one in beyond.checks]) == (False, Reason.FACE_CHANGED, [True, False])
    least = conclude(PASSED, faces, Numbered(), MATCH)[0].checks[1].score
    monkeypatch.setattr("kiosk.liveness.verdict.ACTING", least)
    assert conclude(PASSED, faces, Numbered(), MATCH)[0].passed
    monkeypatch.setattr("kiosk.liveness.verdict.ACTING", least + 1e-9)
    beyond = conclude(PASSED, faces, Numbered(), MATCH)[0]
    assert (beyond.passed, beyond.reason, [one.flagged for one in beyond.checks]) == (False, Reason.FACE_CHANGED, [False, True])


def test_who_acted_is_looked_for_in_each_action_by_itself() -> None:
    """The better of an action's two pictures counts, and the worst action."""
    waited = [kept(part, 1) for part in range(3)]
    acted = [kept(1, 3, acting=True), kept(1, 1, acting=True), kept(2, 3, acting=True), kept(2, 2, acting=True)]
    result = conclude(PASSED, waited + acted, Numbered(), MATCH)[0]
    assert (result.passed, result.checks[1].score) == (True, pytest.approx(0.6))
    assert conclude(PASSED, [*waited, acted[1]], Numbered(), MATCH)[0].passed  # of a single action
    assert conclude(PASSED, acted, Numbered(), MATCH) == (replace(PASSED, passed=False, reason=Reason.NO_GOOD_FRAME), None, 0)


def test_who_acted_is_held_against_all_faces_the_better_ones_more() -> None:
    result = conclude(PASSED, [kept(0, 1, 0.5), kept(1, 2, 0.25), kept(1, 4, acting=True)], Numbered(), MATCH)[0]
    whole = np.array((1.3, 0.4)) / math.hypot(1.3, 0.4)
    assert result.checks[1].score == pytest.approx(float(whole @ (0.5, -(0.75**0.5))))
    assert result.reason is Reason.FACE_CHANGED


def test_so_many_of_the_best_faces_make_the_probe() -> None:
    faces = [kept(number % 2, who, quality) for number, (who, quality) in enumerate(((2, 0.1), (1, 0.9), (1, 0.8), (2, 0.2)))]
    _, probe, used = conclude(PASSED, faces, Numbered(), MATCH.model_copy(update={"frames": 2}))
    assert used == 2
    assert probe is not None
    assert probe[:2] == pytest.approx((1.0, 0.0))
    _, probe, used = conclude(PASSED, faces, Numbered(), MATCH.model_copy(update={"frames": 3}))
    assert used == 3
    assert probe is not None
    assert probe[:2] == pytest.approx(np.array((1.82, 0.16)) / math.hypot(1.82, 0.16))
