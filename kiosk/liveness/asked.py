"""What a take still asks: the actions in order, those that were done, the one that is swapped away. Part of `take`."""

from __future__ import annotations

from kiosk.domain.outcome import ActionRecord
from kiosk.domain.reasons import Action
from kiosk.liveness.challenge import TURNS, Challenge, Step, pick_spare
from kiosk.liveness.doubt import Doubt, hardest
from kiosk.liveness.gestures import GestureEvent


class Asked:
    """The actions of one take. `began_s`, `cued_s`: the take's own seconds."""

    def __init__(self, challenge: Challenge, require_turn: bool, more: bool = False) -> None:
        """more: one action more where the movements do not wait for the cues."""
        self._more = more
        self.doubt = Doubt()
        self._steps = list(challenge.steps)
        self._spares, self._swaps = challenge.spares, challenge.swaps
        self._require_turn = require_turn
        self._index = 0
        self.records: list[ActionRecord] = []
        self.swapped: tuple[Action, ...] = ()
        self.early = self.wrong = 0  # answers to the present one before its cue, and turns to the other side
        self.larger = self.slower = False  # how the turn is to be done once more

    @property
    def step(self) -> Step | None:
        """What is asked now, None when all is done."""
        return self._steps[self._index] if self._index < len(self._steps) else None

    @property
    def present(self) -> Step:
        """What is asked now. Only while something is."""
        if self.step is None:
            raise ValueError("all actions are done")
        return self.step

    @property
    def action(self) -> Action | None:
        """The action that is asked now, None when all is done."""
        step = self.step
        return None if step is None else step.action

    @property
    def index(self) -> int:
        """The number of the present action, from 0; of the last one when all is done."""
        return min(self._index, len(self._steps) - 1)

    @property
    def count(self) -> int:
        """How many actions are asked in all."""
        return len(self._steps)

    @property
    def done(self) -> tuple[Action, ...]:
        """The actions that were done, in order."""
        return tuple(step.action for step in self._steps[: self._index])

    def accept(self, event: GestureEvent, began_s: float, cued_s: float) -> None:
        """The present action was done: on to the next."""
        self.records.append(ActionRecord(event.action, cued_s - began_s, event.peak_s - began_s, event.strength, self.early))
        self.doubt.accepted(event, cued_s, wrong=self.wrong, early=self.early)
        self._index += 1
        self._anew()
        self.asks_more()

    def asks_more(self) -> bool:
        """When all is done: ask for one action more, once, where the movements did not wait for the cues; return whether it is."""
        if self.step is not None or not self._more or not self.doubt.enough or not self._spares:
            return False
        self._more = False
        self._steps.append(hardest(self._spares))
        return True

    def give_up(self, began_s: float, cued_s: float) -> None:
        """The take ends while the present action is awaited: it is kept as not done."""
        if self.action is not None:
            self.records.append(ActionRecord(self.action, cued_s - began_s, None, 0.0, self.early))

    @property
    def can_swap(self) -> bool:
        """ "做不到" is possible now."""
        return self._swaps > 0 and self._spare() is not None

    def swap(self) -> None:
        """Replace the present action by a spare one. Only where `can_swap`."""
        spare = self._spare()
        if spare is None:
            raise ValueError("nothing to swap for")
        self.swapped = (*self.swapped, self._steps[self._index].action)
        self._spares = tuple(s for s in self._spares if s is not spare)
        self._steps[self._index] = spare
        self._swaps -= 1
        self._anew()

    def _spare(self) -> Step | None:
        if self.action is None:
            return None
        other_turn = any(step.action in TURNS for number, step in enumerate(self._steps) if number != self._index)
        return pick_spare(self.action, self._spares, turn_needed=self._require_turn and not other_turn)

    def _anew(self) -> None:
        self.early = self.wrong = 0
        self.larger = self.slower = False
