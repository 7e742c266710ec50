"""Glasses: on drawn faces, where every line is known; and what must never be taken for glasses."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from kiosk.camera.frame import Frame
from kiosk.config import Settings
from kiosk.domain.outcome import Glasses, LivenessResult
from kiosk.domain.reasons import Reason
from kiosk.liveness.face_buffer import KeptFace
from kiosk.liveness.glasses import measure, tell
from kiosk.liveness.worker import TakeRequest, VisionWorker, _Loop

SKIN, DARK = (196, 158, 132), (48, 40, 38)  # RGB


def drawn(*, brightness: float = 1.0, seed: int = 0) -> np.ndarray:
    """A face on the template: skin with pores, brows, eyes, nose, mouth."""
    face = np.full((448, 448, 3), (90, 110, 120), np.uint8)
    cv2.ellipse(face, (224, 236), (160, 212), 0, 0, 360, SKIN, -1, cv2.LINE_AA)
    for x in (153, 294):
        cv2.ellipse(face, (x, 150), (48, 16), 0, 190, 350, DARK, 12, cv2.LINE_AA)
        cv2.ellipse(face, (x, 207), (30, 12), 0, 0, 360, (240, 238, 236), -1, cv2.LINE_AA)
        cv2.circle(face, (x, 207), 12, (60, 40, 30), -1, cv2.LINE_AA)
        cv2.ellipse(face, (x, 207), (32, 15), 0, 180, 360, DARK, 4, cv2.LINE_AA)
    cv2.ellipse(face, (224, 290), (26, 12), 0, 20, 160, (150, 110, 92), 5, cv2.LINE_AA)
    cv2.ellipse(face, (224, 368), (58, 14), 0, 0, 360, (170, 96, 92), -1, cv2.LINE_AA)
    return finish(face, brightness, seed)


def finish(large: np.ndarray, brightness: float = 1.0, seed: int = 0) -> np.ndarray:
    small = cv2.resize(large, (112, 112), interpolation=cv2.INTER_AREA).astype(np.float32) * brightness
    noise = np.random.default_rng(seed).normal(0, 2, small.shape)
    return np.clip(small + noise, 0, 255).astype(np.uint8)


def with_lines(
    face: np.ndarray,
    *lines: tuple[tuple[int, int], tuple[int, int]],
    colour: tuple[int, int, int] = DARK,
    rims: bool = False,
    width: int = 7,
) -> np.ndarray:
    """Lines in 448 x 448, that is four times the template."""
    large = cv2.resize(face, (448, 448), interpolation=cv2.INTER_CUBIC)
    for start, end in lines:
        cv2.line(large, start, end, colour, width, cv2.LINE_AA)
    if rims:
        for x in (150, 298):
            cv2.ellipse(large, (x, 214), (56, 44), 0, 0, 360, colour, width, cv2.LINE_AA)
    return cv2.resize(large, (112, 112), interpolation=cv2.INTER_AREA)


class NoFrames:
    def take(self, timeout_s: float) -> Frame | None:
        return None

    def clear(self) -> None:
        pass


BRIDGE = ((202, 196), (246, 196))
TEMPLES = ((94, 200), (40, 190)), ((354, 200), (408, 190))


@pytest.mark.parametrize("colour", [DARK, (120, 90, 40), (238, 236, 232)], ids=["dark", "brown", "silver"])
@pytest.mark.parametrize("brightness", [0.45, 1.0, 1.2])
def test_a_frame_is_seen_whatever_its_colour_and_the_light(colour: tuple[int, int, int], brightness: float) -> None:
    faces = [
        np.clip(with_lines(drawn(seed=n), BRIDGE, *TEMPLES, colour=colour, rims=True) * brightness, 0, 255).astype(np.uint8)
        for n in range(3)
    ]
    assert tell(faces) is Glasses.YES


@pytest.mark.parametrize("brightness", [0.45, 1.0, 1.2])
def test_a_bare_face_is_bare(brightness: float) -> None:
    assert tell([drawn(brightness=brightness, seed=n) for n in range(3)]) is Glasses.NO


def test_a_crease_over_the_nose_is_no_pair_of_glasses() -> None:
    assert tell([with_lines(drawn(), BRIDGE)]) is Glasses.UNKNOWN


def test_hair_at_the_temples_is_no_pair_of_glasses() -> None:
    assert tell([with_lines(drawn(), *TEMPLES)]) is Glasses.NO


def test_a_face_full_of_lines_is_not_called_a_wearer() -> None:
    laughter = (((110, 300), (160, 330)), ((338, 300), (288, 330)), ((112, 322), (160, 350)), ((336, 322), (288, 350)))
    assert tell([with_lines(drawn(), BRIDGE, *TEMPLES, *laughter)]) is not Glasses.YES


def test_a_blurred_face_gives_no_answer() -> None:
    blurred = cv2.GaussianBlur(drawn(), (0, 0), 2.5)
    assert measure([blurred]).bridge < 0.6
    assert tell([blurred]) is Glasses.UNKNOWN


def test_one_odd_face_does_not_outweigh_the_others() -> None:
    bare, odd = [drawn(seed=n) for n in range(3)], with_lines(drawn(), BRIDGE, *TEMPLES, rims=True)
    assert tell([odd, *bare]) is Glasses.NO


def test_a_take_without_a_face_gives_no_answer() -> None:
    assert tell([]) is Glasses.UNKNOWN
    with pytest.raises(ValueError, match="112"):
        measure([np.zeros((64, 64, 3), np.uint8)])


def test_a_black_picture_is_no_error() -> None:
    assert tell([np.zeros((112, 112, 3), np.uint8)]) is Glasses.UNKNOWN


@pytest.mark.parametrize(("practice", "told"), [(False, Glasses.YES), (True, Glasses.UNKNOWN)])
def test_a_failed_take_tells_it_too_and_practice_tells_nothing(practice: bool, told: Glasses) -> None:
    faces = [with_lines(drawn(seed=n), BRIDGE, *TEMPLES, rims=True) for n in range(2)]
    kept = tuple(KeptFace(0, float(n), 1.0, face) for n, face in enumerate(faces))
    loop = _Loop(VisionWorker(Settings(), NoFrames()), Settings(), NoFrames(), Path())
    outcome = loop._outcome(LivenessResult(False, Reason.ACTION_TIMEOUT), kept, TakeRequest("v1", 1, practice))
    assert outcome.glasses is told
    assert outcome.probe is None
