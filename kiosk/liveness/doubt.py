"""Did the answers come to the cues, or did the cues happen to meet a movement that was there anyway? Pure; used by `take`.

A person who is asked waits, and then does one thing. A recording moves all the time: it makes gestures that nobody asked for, what
fits the cue begins sooner than anybody reacts, and its head is under way before it "answers". Each such sign weighs; from a whole
one on a third action is asked for.
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
# How far the head goes left and right while nobody asked, and after the cue until the answer begins: a person's own reaction opens
# the window, and before it there is waiting. measured: docs/measurements.md, "Replays"
CALM_DEG, ROVING_DEG = 3.0, 15.0  # from the one on it weighs, at the other it is a whole sign
_HASTY, _HASTY_S = 0.5, 0.5  # a head that goes there and back in no time was on its way
_BEFORE_S = 0.3  # the beginning of the answer itself is no unrest
_STRAIGHT_DEG = 7.0


class Doubt:
    """Adds up the signs of one take."""

    def __init__(self) -> None:
        self.weight = 0.0
        self._waited: list[tuple[float, float]] = []  # time and yaw

    def anew(self) -> None:
        """An action is announced, or to be done once more: what went before was asked for, or is a mistake that people make."""
        self._waited = []

    def waits(self, t_s: float, yaw_deg: float) -> None:
        """A frame of somebody who waits for the cue, or has it and may be about to answer. yaw_deg: from their own straight look.

        It counts from when they look straight: the way back from the last turn is part of that turn.
        """
        if self._waited or abs(yaw_deg) < _STRAIGHT_DEG:
            self._waited.append((t_s, yaw_deg))

    @property
    def enough(self) -> bool:
        """One more action is wanted."""
        return self.weight >= ENOUGH

    def stray(self, event: GestureEvent) -> None:
        """A gesture that was not asked for now."""
        self.weight += _STRAY.get(event.action, _TURN)

    def accepted(self, event: GestureEvent, cued_s: float, *, wrong: int, early: int) -> None:
        """An answer was taken. wrong: turns to the other side before it; early: answers before the cue."""
        at_once = event.action not in (Action.BLINK, Action.READ_DIGITS) and event.start_s - cued_s < REACTION_S
        self.weight += wrong * _WRONG + early * _EARLY + (_AT_ONCE if at_once else 0.0)
        if event.action in TURNS and event.end_s - event.start_s < _HASTY_S:
            self.weight += _HASTY
        unrest = (self.unrest_deg(event.start_s) - CALM_DEG) / (ROVING_DEG - CALM_DEG)
        self.weight += min(1.0, max(0.0, unrest))

    def unrest_deg(self, until_s: float) -> float:
        """How far the head went left and right before an answer that began then."""
        yaw = [yaw_deg for t_s, yaw_deg in self._waited if t_s < until_s - _BEFORE_S]
        return max(yaw) - min(yaw) if yaw else 0.0


def hardest(spares: Sequence[Step]) -> Step:
    """Return the step that a movement which was there anyway meets least: a turn before an open mouth, a blink last."""
    seen = [step for step in spares if step.action is not Action.READ_DIGITS] or spares  # a film has a sound, too
    return max(seen, key=lambda step: (step.action in TURNS, step.action is Action.MOUTH_OPEN, step.action is not Action.BLINK))


def is_stray(event: GestureEvent, current: Action | None, cued_s: float | None) -> bool:
    """A deliberate gesture that was not asked for now. People blink all the time; wrong turns are counted by themselves.

    cued_s: when the present action was asked for; None while none is.
    """
    if event.action in (Action.BLINK, Action.NOD):
        return False
    if current is Action.READ_DIGITS and event.action is Action.MOUTH_OPEN:
        return False  # who reads aloud opens the mouth
    answers = event.action is current or (event.action in TURNS and current in TURNS)
    return not (answers and cued_s is not None and event.start_s >= cued_s)
