"""Gestures: peaks with a return, against the person's own baseline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from kiosk.domain.reasons import Action
from kiosk.liveness.gestures import GestureEvent, GestureTracker, _percentile
from tests.liveness.faces import Pose, face, nobody

Script = Callable[[float], Pose | None]


def watch(script: Script, seconds: float = 6.0, fps: float = 25.0) -> list[GestureEvent]:
    tracker, events = GestureTracker(), []
    for index in range(int(seconds * fps)):
        t_s = index / fps
        pose = script(t_s)
        events += tracker.step(nobody(t_s) if pose is None else face(t_s, pose))
    return events + tracker.finish()


def between(t_s: float, start: float, length: float, pose: Pose, rest: Pose | None = None) -> Pose:
    return pose if start <= t_s < start + length else rest or Pose()


@pytest.mark.parametrize("fps", [10.0, 15.0, 25.0, 30.0, 60.0])
@pytest.mark.parametrize(
    ("action", "pose", "length"),
    [
        (Action.BLINK, Pose(blink=1.0), 0.2),
        (Action.MOUTH_OPEN, Pose(mouth=0.4), 0.8),
        (Action.TURN_LEFT, Pose(yaw=25), 1.0),
        (Action.TURN_RIGHT, Pose(yaw=-25), 1.0),
        (Action.NOD, Pose(pitch=15), 0.6),
    ],
)
def test_finds_each_gesture_once_at_any_frame_rate(action: Action, pose: Pose, length: float, fps: float) -> None:
    events = watch(lambda t: between(t, 3.0, length, pose), fps=fps)
    assert [event.action for event in events] == [action]
    assert events[0].start_s == pytest.approx(3.0, abs=1.5 / fps)
    assert events[0].end_s == pytest.approx(3.0 + length, abs=2.5 / fps)


def test_nothing_in_a_quiet_face() -> None:
    assert watch(lambda t: Pose(yaw=2 * (t % 1), mouth=0.02, blink=0.05)) == []


def test_small_eyes_behind_glasses_blink_too() -> None:
    """Open eyes that already read 0.35 (irlume#316): the rise counts, not the number."""
    drooping = Pose(blink=0.5)
    events = watch(lambda t: between(t, 3.0, 0.2, Pose(blink=0.95), drooping))
    assert [event.action for event in events] == [Action.BLINK]


def test_a_wink_is_no_blink() -> None:
    def one_eye(t_s: float) -> list[GestureEvent]:
        seen = face(t_s, Pose(blink=1.0) if 3.0 <= t_s < 3.3 else Pose())
        blend = seen.blendshapes.copy()  # type: ignore[union-attr]
        blend[10] = 0.05
        return tracker.step(replace(seen, blendshapes=blend))

    tracker = GestureTracker()
    assert [event for index in range(150) for event in one_eye(index / 25)] == []


def test_eyes_kept_shut_are_no_blink() -> None:
    assert watch(lambda t: between(t, 3.0, 2.5, Pose(blink=1.0)), seconds=7) == []


def test_talk_is_no_open_mouth() -> None:
    assert watch(lambda t: Pose(mouth=0.2 if int(t * 8) % 2 else 0.02)) == []


def test_a_turn_without_return_is_no_turn_until_the_clip_ends() -> None:
    tracker = GestureTracker()
    events = [e for i in range(150) for e in tracker.step(face(i / 25, Pose(yaw=30) if i > 75 else Pose()))]
    assert events == []
    assert [event.action for event in tracker.finish()] == [Action.TURN_LEFT]


def test_a_face_lost_far_in_a_turn_is_forgiven_for_a_moment() -> None:
    def script(t_s: float) -> Pose | None:
        return None if 3.4 <= t_s < 3.9 else between(t_s, 3.0, 1.3, Pose(yaw=35))

    assert [event.action for event in watch(script)] == [Action.TURN_LEFT]


def test_a_face_lost_for_long_is_not() -> None:
    def script(t_s: float) -> Pose | None:
        return None if 3.4 <= t_s < 7.4 else between(t_s, 3.0, 4.6, Pose(yaw=35))

    assert watch(script, seconds=10) == []


def test_a_face_lost_before_the_peak_was_seen_is_no_turn() -> None:
    def script(t_s: float) -> Pose | None:
        return None if 3.1 <= t_s < 5.4 else between(t_s, 3.0, 2.6, Pose(yaw=9))

    assert watch(script, seconds=8) == []


def test_a_profile_hides_the_face_for_two_seconds_and_counts_when_it_is_back() -> None:
    def script(t_s: float) -> Pose | None:
        return None if 3.4 <= t_s < 5.4 else between(t_s, 3.0, 2.6, Pose(yaw=35))

    assert [event.action for event in watch(script, seconds=8)] == [Action.TURN_LEFT]


def test_gestures_of_the_first_second_are_judged_when_the_baseline_is_known() -> None:
    events = watch(lambda t: between(t, 0.4, 0.2, Pose(blink=1.0)), seconds=3)
    assert [(event.action, round(event.start_s, 1)) for event in events] == [(Action.BLINK, 0.4)]


@pytest.mark.parametrize("percent", [10, 30, 50, 70])
@pytest.mark.parametrize("count", [1, 2, 7, 300])
def test_a_percentile_is_numpys(percent: int, count: int) -> None:
    values = np.random.default_rng(count).normal(size=count)
    assert _percentile(values.tolist(), percent) == pytest.approx(float(np.percentile(values, percent)), abs=1e-12)
