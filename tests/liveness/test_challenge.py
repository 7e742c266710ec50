"""The draw of a challenge: what it must never do, for any configuration."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.config import Checks, Liveness
from kiosk.domain.reasons import Action
from kiosk.liveness.challenge import DELAY_S, TURNS, Challenge, Step, draw_challenge, pick_spare

NAMES = ("blink", "mouth-open", "turn-left", "turn-right", "nod")


@given(
    allowed=st.lists(st.sampled_from(NAMES), min_size=1, unique=True),
    count=st.integers(1, 3),
    turn=st.booleans(),
    unable=st.frozensets(st.sampled_from(list(Action))),
    seed=st.integers(),
)
def test_a_challenge_keeps_its_promises(allowed: list[str], count: int, turn: bool, unable: frozenset[Action], seed: int) -> None:
    settings = Liveness(allowed=tuple(allowed), actions=count, require_turn=turn)  # type: ignore[arg-type]
    possible = {Action(name) for name in allowed} - unable
    if not possible:
        with pytest.raises(ValueError, match="no action"):
            draw_challenge(settings, unable, random.Random(seed))
        return
    challenge = draw_challenge(settings, unable, random.Random(seed))
    actions = [step.action for step in challenge.steps]
    assert len(actions) == min(count, len(possible))
    assert len(set(actions)) == len(actions)
    assert set(actions) | {spare.action for spare in challenge.spares} == possible
    assert not turn or not possible & TURNS or TURNS.intersection(actions)
    assert all(DELAY_S[0] <= delay <= DELAY_S[1] for step in challenge.steps for delay in step.delays_s)


def test_order_and_pauses_differ_from_draw_to_draw_without_a_seed() -> None:
    draws = [draw_challenge(Liveness()) for _ in range(60)]
    assert len({tuple(step.action for step in draw.steps) for draw in draws}) >= 6
    assert len({draw.steps[0].delays_s for draw in draws}) == 60


def test_every_order_is_about_equally_likely() -> None:
    rng = random.Random(1)
    counts = Counter(tuple(s.action for s in draw_challenge(Liveness(), rng=rng).steps) for _ in range(4000))
    assert len(counts) == 10  # 12 ordered pairs less the two without a turn
    assert min(counts.values()) > 4000 / 10 * 0.4


def test_another_kind_of_action_is_offered_or_none() -> None:
    for seed in range(60):
        challenge = draw_challenge(Liveness(), rng=random.Random(seed))
        for step in challenge.steps:
            spare = pick_spare(step.action, challenge.spares)
            if step.action in TURNS:  # who cannot turn left can seldom turn right
                assert spare is None or spare.action not in TURNS
                assert pick_spare(step.action, challenge.spares, turn_needed=True) is None
            else:
                assert spare is not None
                assert spare.action is not step.action


def drawn(seed: int, *, hears: bool = True, unable: frozenset[Action] = frozenset(), **settings: object) -> Challenge:
    return draw_challenge(Liveness(**settings), unable, random.Random(seed), hears=hears)  # type: ignore[arg-type]


def test_digits_are_one_action_more_anywhere() -> None:
    places = set()
    for seed in range(20):
        actions = [step.action for step in drawn(seed, digits="third").steps]
        assert len(actions) == 3
        places.add(actions.index(Action.READ_DIGITS))
    assert places == {0, 1, 2}
    for other in (
        drawn(1, digits="third", hears=False),
        drawn(1, digits="third", unable=frozenset({Action.READ_DIGITS})),
        drawn(1),
    ):
        assert Action.READ_DIGITS not in {step.action for step in (*other.steps, *other.spares)}
    (read,) = [step for step in drawn(1, digits="third").steps if step.action is Action.READ_DIGITS]
    assert len(read.delays_s) == 1
    assert 7.0 <= read.delays_s[0] <= 8.0
    assert len(read.digits) == 2
    assert all(len(one) == len(set(one)) == 4 and one.isdigit() for one in read.digits)
    assert read.digits[0] != read.digits[1]


def test_digits_stand_in_for_what_somebody_cannot_do() -> None:
    unable = frozenset({Action.BLINK})
    for seed in range(20):
        one = drawn(seed, digits="substitute", unable=unable)
        actions, spares = [step.action for step in one.steps], [step.action for step in one.spares]
        assert len(actions) == 2
        assert Action.READ_DIGITS in actions
        assert TURNS & {*actions}  # a turn shows depth: it stays
        before = drawn(seed, digits="off", unable=unable)
        (gone,) = {step.action for step in before.steps} - {*actions}
        assert spares[-1] is gone
    for seed in range(20):  # of two turns the last one gives way
        before, one = (drawn(seed, digits=how, unable=unable, allowed=("turn-left", "turn-right")) for how in ("off", "substitute"))
        assert [step.action for step in one.steps] == [before.steps[0].action, Action.READ_DIGITS]
        assert [step.action for step in one.spares] == [before.steps[1].action]
    alone = drawn(1, digits="substitute", unable=unable, actions=1)
    assert [step.action for step in alone.steps][1:] == [Action.READ_DIGITS]
    assert len(alone.steps) == 2  # never alone
    spare = drawn(1, digits="substitute")
    assert spare.spares[-1].action is Action.READ_DIGITS
    assert Action.READ_DIGITS not in {step.action for step in spare.steps}
    assert len(spare.spares) == 3
    for other in (
        drawn(1, digits="substitute", actions=1),
        drawn(1, digits="substitute", unable=frozenset({Action.MOUTH_OPEN}), actions=1),
    ):
        assert Action.READ_DIGITS not in {step.action for step in (*other.steps, *other.spares)}


def test_the_colours_of_the_screen_are_drawn_all_and_none_twice_running() -> None:
    colours = {drawn(seed, checks=Checks(reflection="record")).lights for seed in range(30)}
    assert len(colours) > 10
    for one in colours:
        assert len(one) == 5
        assert {*one} == {0, 1, 2}
        assert all(a != b for a, b in pairwise(one))
    assert drawn(1).lights == ()
    assert (drawn(1, checks=Checks(light="off")).light_code, drawn(1, checks=Checks(light="record")).light_code is None) == (
        None,
        False,
    )


def test_how_often_somebody_may_say_that_it_cannot_be_done() -> None:
    assert (drawn(1).swaps, drawn(1, swaps=0).swaps, drawn(1, swaps=2).swaps) == (1, 0, 2)
    assert [step.delay_s(early) == step.delays_s[early % 4] for step in drawn(1).steps for early in range(6)] == [True] * 12
    assert {len(step.delays_s) for step in (*drawn(1).steps, *drawn(1).spares)} == {4}


def test_what_stands_in_for_what() -> None:
    digits, blink, left, mouth = (
        Step(one, (1.0,)) for one in (Action.READ_DIGITS, Action.BLINK, Action.TURN_LEFT, Action.MOUTH_OPEN)
    )
    assert pick_spare(Action.BLINK, (mouth, digits)) is digits
    assert pick_spare(Action.TURN_RIGHT, (mouth, digits)) is digits
    assert pick_spare(Action.TURN_RIGHT, (mouth, digits), turn_needed=True) is None
    assert pick_spare(Action.MOUTH_OPEN, (digits, blink)) is blink  # who opens the mouth badly reads badly
    assert pick_spare(Action.MOUTH_OPEN, (digits,)) is None
    assert pick_spare(Action.MOUTH_OPEN, (left, blink)) is blink
    assert pick_spare(Action.READ_DIGITS, (left, mouth)) is mouth
    assert pick_spare(Action.BLINK, ()) is None
