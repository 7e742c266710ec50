"""Pictures that come from no person before the camera: a still that is held up, recordings played again, films with new noise.

Virtual cameras by their name are in tests/camera/test_source; prints and screens with real pixels in tests/liveness and
`kiosk evaluate`. Faces here are drawn up (tests/liveness/faces.py): what is tested is the rule, not its limit.
"""

from __future__ import annotations

import numpy as np
import pytest

from kiosk.domain.outcome import LivenessResult
from kiosk.domain.reasons import Action, Reason
from kiosk.domain.take_view import TakeView
from kiosk.liveness.attacks.repeats import LoopWatcher, RepeatWatcher
from kiosk.liveness.attacks.stillness import SwayWatcher
from kiosk.liveness.take import Take
from tests.liveness.faces import Camera, face, sway
from tests.liveness.test_take import FPS, SETTINGS, Person, challenge


def flagged(result: LivenessResult) -> set[str]:
    return {check.name for check in result.checks if check.flagged}


def play(pictures, moves, actor, actions=(Action.MOUTH_OPEN, Action.TURN_LEFT)) -> LivenessResult:
    """pictures(index) and moves(t, pose): how what the camera gives is forged; the actor does all that is asked."""
    take, view = Take(challenge(*actions), SETTINGS), TakeView("positioning")
    for index in range(2400):
        t_s = index / FPS
        view = take.step(face(t_s, moves(t_s, actor(t_s, view))), pictures(index))
        if take.result is not None:
            return take.result
    raise AssertionError("the take did not end")


def test_the_same_performance_by_a_person_passes():
    """Or the tests below would prove nothing."""
    camera = Camera()
    result = play(lambda _: camera.picture(), lambda t, pose: sway(pose, t), Person())
    assert (result.passed, flagged(result)) == (True, set())


def test_a_still_that_is_animated_but_never_sways_fails():
    """A program that moves eyes and mouth of a photograph, on a stand: answers come, life does not. (A turn it cannot show: that
    is the depth check's; and the end of a turn would count as sway.)"""
    camera = Camera()
    result = play(lambda _: camera.picture(), lambda _, pose: pose, Person(), (Action.BLINK, Action.MOUTH_OPEN))
    assert (result.passed, result.reason) == (False, Reason.LIVENESS_FAILED)
    assert "stillness" in flagged(result)


@pytest.mark.parametrize("length", [1, 7, 60])
def test_frames_that_come_again_fail_however_long_the_loop(length):
    camera = Camera()
    loop = [camera.picture() for _ in range(length)]
    result = play(lambda index: loop[index % length], lambda t, pose: sway(pose, t), Person())
    assert (result.passed, result.reason) == (False, Reason.LIVENESS_FAILED)
    assert flagged(result) == {"repeated_frames"}


def test_a_few_repeated_frames_are_the_drivers_not_an_attack():
    """A driver that keeps up its rate doubles a frame now and then."""
    camera, last = Camera(), [Camera().picture()]

    def doubled(index):
        if index % 5 != 1:
            last[0] = camera.picture()
        return last[0]

    assert play(doubled, lambda t, pose: sway(pose, t), Person()).passed


def test_a_looped_film_is_found_although_its_pixels_are_new():
    """Refilmed, or with noise added: no frame comes again, but the movement does."""
    period, watcher, pixels, camera = 4.0, LoopWatcher(), RepeatWatcher(), Camera()
    rng = np.random.default_rng(2)
    for index in range(int(12 * FPS)):
        t_s = index / FPS
        phase = t_s % period
        pose = sway(Person(deaf=True)(phase, TakeView("positioning")), phase)
        moved = face(
            t_s, type(pose)(yaw=3 * np.sin(phase * 1.7) + rng.normal(0, 0.1), pitch=2 * np.sin(phase * 2.9), x=pose.x, y=pose.y)
        )
        watcher.step(moved)
        pixels.step(t_s, camera.picture())
    assert pixels.share() == 0.0
    score = watcher.score()
    assert score is not None
    assert score > 0.88


def test_too_little_to_judge_is_no_verdict():
    for watcher in (SwayWatcher(), LoopWatcher()):
        for index in range(10):
            watcher.step(face(index / FPS))
        assert watcher.score() is None
    assert RepeatWatcher().share() is None
