"""Who comes near is noticed; a lamp, the exposure and the sensor's noise are not."""

from __future__ import annotations

import numpy as np

from kiosk.camera.motion import MotionDetector

RNG = np.random.default_rng(1)
ROOM = RNG.integers(60, 160, (480, 640, 3), dtype=np.uint8)


def noisy(image: np.ndarray) -> np.ndarray:
    return np.clip(image + RNG.normal(0, 4, image.shape), 0, 255).astype(np.uint8)


def test_an_empty_room_is_quiet():
    motion = MotionDetector()
    assert not any(motion.look(noisy(ROOM)) for _ in range(20))


def test_a_person_is_noticed_coming_and_going():
    motion = MotionDetector()
    motion.look(noisy(ROOM))
    somebody = ROOM.copy()
    somebody[100:, 240:420] = 20
    assert motion.look(noisy(somebody))
    assert not motion.look(noisy(somebody))
    assert motion.look(noisy(ROOM))


def test_light_that_changes_everywhere_alike_is_nobody():
    motion = MotionDetector()
    motion.look(noisy(ROOM))
    assert not motion.look(noisy((ROOM * 1.0 + 40).clip(0, 255).astype(np.uint8)))


def test_a_tiny_picture_does_not_hurt():
    motion = MotionDetector()
    assert not motion.look(np.zeros((3, 5, 3), np.uint8))
    motion.look(np.zeros((3, 5, 3), np.uint8))
