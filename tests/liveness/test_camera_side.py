"""The camera stands still from the baseline to the end of a take; one that leaps when it is told to is left alone."""

from __future__ import annotations

import numpy as np

from kiosk.config import Checks
from kiosk.liveness.camera_proof.side import CameraSide, Hold

FPS = 20


def frames(hold: Hold, levels: list[int], wanted: bool = True, from_s: float = 0.0) -> None:
    for number, level in enumerate(levels):
        hold.look(from_s + number / FPS, np.full((48, 64, 3), level, np.uint8), wanted)


def test_it_is_asked_once_and_let_go_at_the_end() -> None:
    asked: list[bool] = []
    hold = Hold(lambda on: asked.append(on) or on)
    frames(hold, [100] * 5, wanted=False)
    frames(hold, [100, 101, 99] * 20, from_s=1.0)
    assert asked == [True]
    frames(hold, [100], wanted=False, from_s=9.0)
    hold.end()
    assert asked == [True, False]


def test_a_camera_that_leaps_is_let_go_at_once_and_never_asked_again() -> None:
    asked: list[bool] = []
    hold = Hold(lambda on: asked.append(on) or on)
    frames(hold, [100] + [60] * 20)
    frames(hold, [100] * 20, from_s=5.0)
    assert asked == [True, False]


def test_one_that_cannot_is_asked_once_a_take_and_its_light_may_change() -> None:
    asked: list[bool] = []
    hold = Hold(lambda on: asked.append(on) or False)
    frames(hold, [100] + [60] * 20)
    assert asked == [True]
    hold.end()
    frames(hold, [60] * 5, from_s=5.0)
    assert asked == [True, False, True]


def test_the_end_of_a_take_lets_the_camera_go() -> None:
    asked: list[bool] = []
    side = CameraSide(lambda _: None, lambda on: asked.append(on) or on)
    assert side.begin(Checks(), practice=False) is None, "nothing was measured"
    side.follow(0.0, np.full((48, 64, 3), 90, np.uint8), lit=True)
    side.end()
    assert asked == [True, False]
