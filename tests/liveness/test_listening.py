"""Between a take and the ear: when the microphone is opened, what it is asked, and that it is closed."""

from __future__ import annotations

import pytest

from kiosk.camera.frame import Frame
from kiosk.config import Liveness
from kiosk.domain.reasons import Action, Reason
from kiosk.domain.take_view import TakeView
from kiosk.liveness.challenge import Challenge, Step
from kiosk.liveness.digits.listening import Listening
from kiosk.liveness.take import Take
from tests.liveness.faces import Camera, Pose, face, sway
from tests.liveness.test_digits import GOOD, NOISE_DB, Reader, loud
from tests.liveness.test_take import SETTINGS

FPS = 15.0
AHEAD_S = 5000.0  # our clock is so far ahead of the camera's


class Ears:
    def __init__(self, opens: bool = True, ready: bool = True) -> None:
        self.opens, self.is_ready, self.listens = opens, ready, False
        self.new: list[tuple[float, float]] = []
        self.asked: list[tuple[str, float, float]] = []
        self.answer: tuple[float, ...] | None = None
        self.closed = self.opened = 0
        self.away_after = 10_000  # frames
        self.time_s = AHEAD_S

    def ready(self) -> bool:
        return self.is_ready

    def open(self) -> bool:
        self.listens = self.opens
        self.opened += 1
        return self.opens

    def lost(self) -> bool:
        self.away_after -= 1
        return self.away_after < 0

    def now_s(self) -> float:
        return self.time_s

    def levels(self) -> list[tuple[float, float]]:
        new, self.new = self.new, []
        return new

    def weigh(self, digits: str, begin_s: float, end_s: float) -> None:
        self.asked.append((digits, begin_s, end_s))
        self.answer = GOOD

    def weighed(self) -> tuple[float, ...] | None:
        answer, self.answer = self.answer, None
        return answer

    def close(self) -> None:
        self.listens, self.closed = False, self.closed + 1


@pytest.mark.parametrize(
    ("digits", "ears", "hears"),
    [("off", Ears(), False), ("third", Ears(), True), ("third", Ears(ready=False), False), ("substitute", None, False)],
)
def test_digits_are_offered_only_where_they_can_be_heard(digits, ears, hears):
    assert Listening(ears).begin(Liveness(digits=digits)) is hears


def play(ears: Ears, steps: tuple[Step, ...], spares: tuple[Step, ...]) -> tuple[Take, set[tuple[str, bool]]]:
    take, camera, view, reader = Take(Challenge(steps, spares, 1), SETTINGS), Camera(), TakeView("positioning"), Reader()
    listening, seen = Listening(ears), set()
    for index in range(int(40 * FPS)):
        t_s = index / FPS
        ears.time_s = t_s + AHEAD_S + 0.03 * (int(t_s * FPS) % 3)
        if ears.listens:
            ears.new.append((t_s + AHEAD_S, loud(t_s - reader.cue_s) if reader.cue_s is not None else NOISE_DB))
        shape = sway(reader(t_s, view), t_s)
        view = listening.step(take, face(t_s, shape), Frame(camera.picture(), t_s, index))
        seen.add((view.phase if view.action is Action.READ_DIGITS else "else", ears.listens))
        if take.result is not None:
            return take, seen
    raise AssertionError("the take did not end")


DIGITS = Step(Action.READ_DIGITS, (0.5,), digits=("2947", "0816"))


def test_the_microphone_is_open_only_while_digits_stand_on_the_screen():
    ears = Ears()
    take, seen = play(ears, (DIGITS,), ())
    assert {record.action for record in take.result.actions if record.seen_at_s is not None} == {Action.READ_DIGITS}
    assert seen == {("else", False), ("wait-cue", True), ("cue", True)}
    assert (ears.listens, ears.closed) == (False, 1)
    ((digits, begin_s, end_s),) = ears.asked
    assert digits == "2947"
    assert 2.5 < end_s - begin_s < 3.5
    assert begin_s > AHEAD_S


def test_a_microphone_that_does_not_open_gives_another_action():
    take, _ = play(Ears(opens=False), (DIGITS,), (Step(Action.BLINK, (0.5,)),))
    assert [record.action for record in take.result.actions] == [Action.BLINK]


def test_without_another_action_the_take_ends():
    take, _ = play(Ears(opens=False), (DIGITS,), ())
    assert take.result.reason is Reason.DIGITS_UNHEARD


@pytest.mark.parametrize("after", [0, 20, 60])  # it never opens, is pulled before the cue, while it is read
def test_a_microphone_that_vanishes_gives_another_action_or_ends_the_take(after: int):
    ears = Ears()
    ears.away_after = after
    take, _ = play(ears, (DIGITS,), (Step(Action.BLINK, (0.5,)),))
    assert [record.action for record in take.result.actions if record.seen_at_s is not None] == [Action.BLINK]
    ears = Ears()
    ears.away_after = after
    take, _ = play(ears, (DIGITS,), ())
    assert take.result.reason is Reason.DIGITS_UNHEARD
    assert (ears.opened, ears.closed, ears.listens) == (1, 1, False)


def test_no_cue_comes_before_the_microphone_hears():
    ears = Ears()
    ears.levels = lambda: [(0.0, NOISE_DB)] if ears.away_after < 9900 else []  # of 10 000 frames
    take, listening, waits = Take(Challenge((DIGITS,)), SETTINGS), Listening(ears), 0
    camera = Camera()
    for index in range(400):
        view = listening.step(take, face(index / FPS, sway(Pose(), index / FPS)), Frame(camera.picture(), index / FPS, index))
        waits += view.phase == "wait-cue"
        if view.phase == "cue":
            break
    assert 90 < waits < 130
    assert view.phase == "cue"


def test_who_leaves_leaves_no_microphone_open():
    ears = Ears()
    listening = Listening(ears)
    take = Take(Challenge((DIGITS,)), SETTINGS)
    take.digits.begin(DIGITS)
    listening.after(take)
    assert ears.listens
    listening.end()
    listening.end()
    assert (ears.listens, ears.closed) == (False, 1)
    take.digits.begin(None)
    take.digits.deaf()
    take.digits.weigh(GOOD)
    take.digits.cue(1.0)
    assert take.digits.advance(2.0) is False
