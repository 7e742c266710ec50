"""How the puppet moves, without drawing it."""

import itertools

import pytest

from kiosk.domain.reasons import Action
from kiosk.emulators.puppet_motion import Choreography, Manner, Pose

STILL = Manner(natural_blink_every_s=0, unrest=0)


def dance(choreography, seconds, fps=60, start_s=0.0):
    return [(start_s + n / fps, choreography.pose(start_s + n / fps)) for n in range(int(seconds * fps))]


def test_nobody_stands_perfectly_still_but_who_is_told_to():
    poses = [pose for _, pose in dance(Choreography(1), 5)]
    assert max(pose.yaw_deg for pose in poses) - min(pose.yaw_deg for pose in poses) > 1
    assert len({pose.shift_x for pose in poses}) > 200
    assert {pose for _, pose in dance(Choreography(1, STILL), 5)} == {Pose()}


def test_the_same_seed_gives_the_same_dance():
    assert dance(Choreography(7), 20) == dance(Choreography(7), 20)
    assert dance(Choreography(7), 2) != dance(Choreography(8), 2)


@pytest.mark.parametrize(
    ("action", "look", "lasts_s"),
    [
        (Action.BLINK, lambda pose: pose.blink, 0.25),
        (Action.MOUTH_OPEN, lambda pose: pose.jaw, 1.0),
        (Action.TURN_LEFT, lambda pose: pose.yaw_deg / STILL.turn_deg, 2.4),
        (Action.TURN_RIGHT, lambda pose: -pose.yaw_deg / STILL.turn_deg, 2.4),
        (Action.NOD, lambda pose: pose.pitch_deg / STILL.nod_deg, 1.1),
    ],
)
@pytest.mark.parametrize("speed", [0.5, 1.0])
def test_an_action_rises_peaks_and_returns(action, look, lasts_s, speed):
    choreography = Choreography(0, STILL)
    choreography.perform(action, 1.0, speed)
    seen = [(t, look(pose)) for t, pose in dance(choreography, 6)]
    moving = [t for t, amount in seen if amount > 1e-6]
    assert moving[0] == pytest.approx(1.0, abs=0.05)
    assert moving[-1] - moving[0] == pytest.approx(lasts_s / speed, rel=0.2)
    assert max(amount for _, amount in seen) == pytest.approx(1.0, abs=0.01)
    steps = [abs(b - a) for (_, a), (_, b) in itertools.pairwise(seen)]
    assert max(steps) < 0.5, "a head does not jump"


def blinks(choreography, seconds, start_s=0.0):
    starts, shut = [], False
    for t, pose in dance(choreography, seconds, start_s=start_s):
        if pose.blink > 0.5 and not shut:
            starts.append(t)
        shut = pose.blink > 0.5
    return starts


def test_natural_blinks_are_rare_and_never_in_a_row():
    starts = blinks(Choreography(3), 120)
    assert 6 <= len(starts) <= 25
    assert min(b - a for a, b in itertools.pairwise(starts)) > Manner().natural_blink_gap_s


@pytest.mark.parametrize("seed", range(10))
def test_no_natural_blink_soon_after_an_action(seed):
    choreography = Choreography(seed)
    for t in range(1, 60, 3):
        choreography.pose(float(t))
        ends_s = choreography.perform(Action.TURN_LEFT, float(t))
        assert all(pose.blink == 0 for _, pose in dance(choreography, 1.5, start_s=ends_s))


def test_walking_away_and_back():
    choreography = Choreography(0, STILL)
    choreography.leave(1.0)
    assert choreography.present(1.5)
    assert not choreography.present(2.0)
    choreography.come(5.0)
    assert choreography.present(5.1)
    assert choreography.pose(6.5) == Pose()


def test_distance():
    choreography = Choreography(0, STILL)
    choreography.set_distance(2.0, 0.0)
    assert choreography.pose(3.0).scale == pytest.approx(0.5)
