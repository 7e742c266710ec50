"""Who comes near is noticed; a lamp, the exposure and the sensor's noise are not."""

from __future__ import annotations

import numpy as np

from kiosk.camera.stir import Stir

RNG = np.random.default_rng(1)
ROOM = RNG.integers(60, 160, (480, 640, 3), dtype=np.uint8)


def noisy(image: np.ndarray) -> np.ndarray:
    return np.clip(image + RNG.normal(0, 4, image.shape), 0, 255).astype(np.uint8)


def test_an_empty_room_is_quiet():
    stir = Stir()
    assert not any(stir.look(noisy(ROOM)) for _ in range(20))


def test_a_person_is_noticed_coming_and_going():
    stir = Stir()
    stir.look(noisy(ROOM))
    somebody = ROOM.copy()
    somebody[100:, 240:420] = 20
    assert stir.look(noisy(somebody))
    assert not stir.look(noisy(somebody))
    assert stir.look(noisy(ROOM))


def test_light_that_changes_everywhere_alike_is_nobody():
    stir = Stir()
    stir.look(noisy(ROOM))
    assert not stir.look(noisy((ROOM * 1.0 + 40).clip(0, 255).astype(np.uint8)))


def test_a_tiny_picture_does_not_hurt():
    stir = Stir()
    assert not stir.look(np.zeros((3, 5, 3), np.uint8))
    stir.look(np.zeros((3, 5, 3), np.uint8))
