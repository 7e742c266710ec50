"""Where somebody is on a spoken page, and what each of the keys does there. Pure; used by `ui.spoken.keys`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from kiosk.ui.spoken.numbers import NUMBER_LENGTH, number_advice, number_said
from kiosk.ui.spoken.pieces import digits
from kiosk.ui.spoken.plan import (
    MOST_COUNTED,
    Act,
    Choice,
    Entered,
    Facts,
    Plan,
    plan_for,
)
from kiosk.visit import events as e
from kiosk.visit import states as s

Key = Literal["previous", "next", "choose", "help", "repeat"]
_START = -1  # before the first choice: nothing is chosen by a key pressed too early


@dataclass(frozen=True, slots=True)
class Answer:
    """What a key does: what is said now, and what is sent (an event of the visit, or a wish), if anything."""

    say: tuple[str, ...] = field(repr=False)
    sends: object = None


class SpokenSession:
    """One page after another, for ears and five keys."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self._state: s.State = s.Idle()
        self._entered = Entered()
        self._at = _START

    @property
    def plan(self) -> Plan:
        """What the present page says and offers."""
        return plan_for(self._state, self.facts, self._entered)

    @property
    def entered(self) -> Entered:
        """What was entered on the page so far."""
        return self._entered

    def show(self, state: s.State, facts: Facts) -> None:
        """Another state, or other facts. What was entered stays while the page does; it is forgotten with the page."""
        if type(state) is not type(self._state):
            self._entered = Entered()
        same_facts = (facts.counting_down, facts.private) == (self.facts.counting_down, self.facts.private)
        if type(state) is not type(self._state) or not same_facts:  # other choices: the one that was heard may not be there
            self._at = _START
        self._state, self.facts = state, facts

    def whole(self) -> list[str]:
        """Return the whole page: its lines, how many choices there are, and each of them."""
        plan = self.plan
        count = len(plan.choices)
        if not count:
            return [*plan.lines, "spoken.say_no_choice"]
        if count > MOST_COUNTED:
            return [*plan.lines, "spoken.say_choices_many"]
        return [*plan.lines, f"spoken.say_choices_{count}", *(line for choice in plan.choices for line in choice.say)]

    def press(self, key: Key) -> Answer:
        """Return what a key does."""
        if key == "help":
            return Answer((), e.HelpTouched())
        if key == "repeat":
            return Answer(tuple(self.whole()))
        if key == "choose":
            return self._choose()
        return self._move(1 if key == "next" else -1)

    def _move(self, by: int) -> Answer:
        choices = self.plan.choices
        if not choices:
            return Answer(("spoken.say_no_choice",))
        wanted = max(0, self._at + by) if self._at != _START or by > 0 else len(choices) - 1
        edge: tuple[str, ...] = ()
        if wanted >= len(choices):
            wanted, edge = len(choices) - 1, ("spoken.say_last",)
        elif self._at == 0 and by < 0:
            edge = ("spoken.say_first",)
        self._at = wanted
        return Answer((*edge, *choices[wanted].say))

    def _choose(self) -> Answer:
        choices = self.plan.choices
        if not choices:
            return Answer(("spoken.say_no_choice",))
        if self._at == _START:
            return Answer(("spoken.say_pick_first",))
        choice = choices[min(self._at, len(choices) - 1)]
        if isinstance(choice.does, Act):
            return Answer(("chime.done", *self._act(choice.does, choice)))
        return Answer(("chime.done",), choice.does)

    def _act(self, act: Act, choice: Choice) -> list[str]:
        number = self._entered.number
        if act.what == "digit":
            if len(number) < NUMBER_LENGTH:
                self._enter(number + act.value)
            return [*choice.say, *number_advice(self._entered.number)]
        if act.what == "delete":
            self._enter(number[:-1])
            return ["spoken.number.say_deleted", *digits(number[-1:]), *number_said(self._entered.number)[-1:]]
        if act.what == "clear":
            self._enter("")
            return ["spoken.number.say_cleared"]
        if act.what == "hear":
            return number_said(number)
        if act.what == "toggle":
            self._entered = replace(self._entered, left_out=self._entered.left_out ^ {act.value})
            return list(self.plan.choices[self._at].say)
        return ["spoken.benefits.say_need_one"]

    def _enter(self, number: str) -> None:
        """Take a number on; the cursor stays at the same choice where that is still offered, else before the first."""
        name = self.plan.choices[self._at].name
        self._entered = replace(self._entered, number=number)
        names = [choice.name for choice in self.plan.choices]
        self._at = names.index(name) if name in names else _START
