"""One more action where the movements do not wait for the cues; nothing more for whoever does as asked."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from kiosk.domain.reasons import Action, Reason
from kiosk.domain.take_view import TakeView
from kiosk.liveness.doubt import Doubt, is_stray
from kiosk.liveness.gestures import GestureEvent
from kiosk.liveness.take import Take
from tests.liveness.faces import Pose
from tests.liveness.test_take import SETTINGS, Person, challenge, run


def event(action: Action, start_s: float) -> GestureEvent:
    return GestureEvent(action, start_s, start_s + 0.3, start_s + 0.6, 1.0)


@pytest.mark.parametrize(
    ("signs", "enough"),
    [
        ((), False),
        ((Action.TURN_LEFT,), True),  # a look aside that nobody asked for, as a recording makes it
        ((Action.MOUTH_OPEN,), False),  # a word
        ((Action.MOUTH_OPEN, Action.MOUTH_OPEN), True),
        ((Action.BLINK,) * 9, False),
    ],
)
def test_strays_are_counted_by_weight(signs: tuple[Action, ...], enough: bool) -> None:
    doubt = Doubt()
    for action in signs:
        doubt.stray(event(action, 3.0))
    assert doubt.enough is enough


def test_an_answer_sooner_than_anybody_reacts_is_doubtful_a_mistake_is_not() -> None:
    doubt = Doubt()
    doubt.accepted(event(Action.TURN_LEFT, 5.6), 5.0, wrong=2, early=1)
    assert not doubt.enough
    doubt.accepted(event(Action.BLINK, 9.1), 9.0, wrong=0, early=0)  # lids fall at any time
    assert not doubt.enough
    doubt.accepted(event(Action.TURN_LEFT, 9.1), 9.0, wrong=0, early=0)
    assert doubt.enough


def test_a_head_that_turns_there_and_back_in_no_time_was_on_its_way() -> None:
    doubt = Doubt()
    doubt.accepted(GestureEvent(Action.TURN_LEFT, 6.0, 6.2, 6.45, 20.0), 5.0, wrong=0, early=0)
    assert doubt.weight == 0.5
    doubt.accepted(GestureEvent(Action.TURN_RIGHT, 9.0, 9.2, 9.5, 20.0), 8.0, wrong=0, early=0)
    doubt.accepted(GestureEvent(Action.BLINK, 12.0, 12.1, 12.2, 0.4), 11.0, wrong=0, early=0)
    assert doubt.weight == 0.5


@pytest.mark.parametrize(("went_deg", "weight"), [(2.0, 0.0), (3.0, 0.0), (9.0, 0.5), (15.0, 1.0), (40.0, 1.0)])
def test_unrest_weighs_by_how_far_the_head_went(went_deg: float, weight: float) -> None:
    doubt = Doubt()
    for t_s, yaw_deg in ((4.0, 0.0), (5.0, went_deg), (5.6, went_deg), (5.8, 90.0)):  # the last one belongs to the answer
        doubt.waits(t_s, yaw_deg)
    doubt.accepted(event(Action.MOUTH_OPEN, 6.0), 5.2, wrong=0, early=0)
    assert doubt.weight == pytest.approx(weight)


def test_what_goes_on_after_the_last_answer_counts_too() -> None:
    """A recording goes on: the third action is asked for although both answers were without fault."""
    drawn = challenge(Action.MOUTH_OPEN, Action.TURN_LEFT, spares=(Action.BLINK, Action.TURN_RIGHT))
    person, since, counts = Person(), [], []

    def goes_on(t_s: float, view: TakeView) -> Pose:
        if len(view.done_actions) == 2 and view.action_count == 2:
            since.append(t_s)
        if since and t_s - since[0] < 2.4:
            return Pose(yaw=-30.0 if t_s - since[0] < 0.6 else 14.0, mouth=0.14)  # no straight look yet
        return person(t_s, view)

    result = run(Take(drawn, SETTINGS), goes_on, watch=lambda _t, view: counts.append(view.action_count))
    assert counts[-1] == 3
    assert result.passed


def test_what_answers_the_cue_is_no_stray() -> None:
    turn = event(Action.TURN_LEFT, 5.0)
    assert not is_stray(turn, Action.TURN_RIGHT, 4.0)  # the wrong way
    assert is_stray(turn, Action.TURN_LEFT, 5.5)  # begun before the cue
    assert is_stray(turn, Action.TURN_LEFT, None)
    assert is_stray(turn, Action.BLINK, 4.0)
    assert not is_stray(event(Action.BLINK, 5.0), None, None)


def looks_aside(person: Person):
    """Turns the head before the second cue, the way that nobody will ask for, and then does as asked."""
    since: list[float] = []

    def act(t_s: float, view: TakeView) -> Pose:
        if view.phase == "wait-cue" and view.action_index == 1:
            since.append(t_s)
        return Pose(yaw=-30.0) if since and t_s - since[0] < 0.7 else person(t_s, view)

    return act


@pytest.mark.parametrize(("asks", "actions"), [(True, 3), (False, 2)])
def test_one_more_action_and_not_two(asks: bool, actions: int) -> None:
    settings = SETTINGS.model_copy(update={"doubt_asks_more": asks})
    counts = []
    drawn = challenge(Action.MOUTH_OPEN, Action.TURN_LEFT, spares=(Action.BLINK, Action.TURN_RIGHT))
    result = run(Take(drawn, settings), looks_aside(Person()), watch=lambda _t, view: counts.append(view.action_count))
    assert (result.passed, result.reason) == (True, Reason.OK)
    assert len(result.actions) == actions
    assert counts[-1] == actions


def test_who_does_as_asked_is_asked_for_two() -> None:
    drawn = challenge(Action.MOUTH_OPEN, Action.TURN_LEFT, spares=(Action.BLINK, Action.TURN_RIGHT))
    assert len(run(Take(drawn, SETTINGS), Person(wrong=2)).actions) == 2


def test_a_head_that_is_under_way_before_it_answers_is_asked_for_a_third() -> None:
    """As a recording of somebody who looks about all the time; each turn comes after its cue, and none is a stray."""
    drawn = challenge(Action.TURN_LEFT, Action.TURN_RIGHT, spares=(Action.BLINK, Action.MOUTH_OPEN))
    person = Person()

    def about(t_s: float, view: TakeView) -> Pose:
        pose = person(t_s, view)
        return pose if pose.yaw else replace(pose, yaw=6.5 * math.sin(3.0 * t_s))

    assert len(run(Take(drawn, SETTINGS), about).actions) == 3


@pytest.mark.parametrize("after_s", [0.6, 3.0, 9.0])
def test_who_waits_quietly_may_take_long_and_return_slowly(after_s: float) -> None:
    drawn = challenge(Action.TURN_LEFT, Action.MOUTH_OPEN, spares=(Action.BLINK, Action.TURN_RIGHT))
    result = run(Take(drawn, SETTINGS), Person(after_s=after_s, slow=2.5, wrong=int(after_s < 5)))
    assert result.passed
    assert len(result.actions) == 2
