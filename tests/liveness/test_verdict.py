"""A turn is looked at again without tracking: what a still picture contradicts was no head."""

from __future__ import annotations

import numpy as np
import pytest

from kiosk.camera.frame import Frame
from kiosk.domain.outcome import LivenessResult
from kiosk.domain.reasons import Reason
from kiosk.liveness.attacks.turns import TurnPictures
from kiosk.liveness.landmarks import FaceObservation
from kiosk.liveness.verdict import confirm_turns
from tests.liveness.faces import Pose, face, nobody

PASSED = LivenessResult(True, Reason.OK)


class Still:
    """Sees in a picture the yaw that its first pixel holds; 255: no face."""

    def observe(self, frame: Frame) -> FaceObservation:
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
