"""Did the answers come to the cues, or did the cues happen to meet a movement that was there anyway? Pure; used by `take`.

A person who is asked waits, and then does one thing. A recording moves all the time: it makes gestures that nobody asked for, and
what fits the cue begins sooner than anybody reacts. Each such sign weighs; from a whole one on a third action is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence

from kiosk.domain.reasons import Action
from kiosk.liveness.challenge import TURNS, Step
from kiosk.liveness.gestures import GestureEvent

ENOUGH = 1.0
REACTION_S = 0.25  # nobody understands a cue and moves sooner
# A mouth opens in talk, a lid falls by itself: a turn of the head that nobody asked for says more.
_STRAY = {Action.BLINK: 0.0, Action.NOD: 0.25, Action.MOUTH_OPEN: 0.5}
_TURN, _WRONG, _AT_ONCE, _EARLY = 1.0, 0.25, 1.0, 0.25  # left for right, and too soon, are what people do


class Doubt:
    """Adds up the signs of one take."""

    def __init__(self) -> None:
        self.weight = 0.0

    @property
    def enough(self) -> bool:
        """One more action is wanted."""
        return self.weight >= ENOUGH

    def stray(self, event: GestureEvent) -> None:
        """A gesture that was not asked for now."""
        self.weight += _STRAY.get(event.action, _TURN)

    def accepted(self, event: GestureEvent, cued_s: float, *, wrong: int, early: int) -> None:
        """An answer was taken. wrong: turns to the other side before it; early: answers before the cue."""
        at_once = event.action is not Action.BLINK and event.start_s - cued_s < REACTION_S
        self.weight += wrong * _WRONG + early * _EARLY + (_AT_ONCE if at_once else 0.0)


def hardest(spares: Sequence[Step]) -> Step:
    """Return the step that a movement which was there anyway meets least: a turn before an open mouth, a blink last."""
    return max(spares, key=lambda step: (step.action in TURNS, step.action is Action.MOUTH_OPEN, step.action is not Action.BLINK))


def is_stray(event: GestureEvent, current: Action | None, cued_s: float | None) -> bool:
    """A deliberate gesture that was not asked for now. People blink all the time; wrong turns are counted by themselves.

    cued_s: when the present action was asked for; None while none is.
    """
    if event.action in (Action.BLINK, Action.NOD):
        return False
    answers = event.action is current or (event.action in TURNS and current in TURNS)
    return not (answers and cued_s is not None and event.start_s >= cued_s)
