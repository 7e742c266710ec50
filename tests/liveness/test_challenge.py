"""The draw of a challenge: what it must never do, for any configuration."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.config import Liveness
from kiosk.domain.reasons import Action
from kiosk.liveness.challenge import DELAY_S, TURNS, draw_challenge, pick_spare

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
