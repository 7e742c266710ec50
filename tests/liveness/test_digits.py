"""Four digits read aloud: which ones, when it is asked, what was said, and whether this mouth said it."""

from __future__ import annotations

import random

import numpy as np
import pytest

from kiosk.config import Liveness
from kiosk.domain.outcome import LivenessResult
from kiosk.domain.reasons import Action, Reason
from kiosk.domain.take_view import TakeView
from kiosk.liveness.challenge import Challenge, Step, draw_challenge, pick_spare
from kiosk.liveness.digits import mouth
from kiosk.liveness.digits.reading import DEAF_S, LEAST_MARGIN, LIMIT_S, QUIET_S, WEIGH_LIMIT_S, WRONG_MARGIN, Reading, draw_digits
from kiosk.liveness.doubt import Doubt, hardest, is_stray
from kiosk.liveness.gestures import GestureEvent
from kiosk.liveness.take import Take
from tests.liveness.faces import Camera, Pose, face, sway
from tests.liveness.test_take import FPS, SETTINGS, Person

GOOD, BAD, DOUBTFUL = (3.0, 2.0, 5.0, 4.0), (3.0, 2.0, -9.0, 4.0), (3.0, 2.0, -2.0, 4.0)
WORDS = ((0.8, 1.2), (1.7, 2.1), (2.6, 3.0), (3.5, 3.9))  # after the cue: when each digit is spoken
NOISE_DB, VOICE_DB = -50.0, -20.0


def loud(since_cue: float, words: tuple[tuple[float, float], ...] = WORDS) -> float:
    return VOICE_DB if any(a <= since_cue < b for a, b in words) else NOISE_DB


def opening(since_cue: float, words: tuple[tuple[float, float], ...] = WORDS) -> float:
    """The lips lead the voice by a moment."""
    return 0.15 if any(a - 0.08 <= since_cue < b - 0.08 for a, b in words) else 0.02


# --- which digits, and when they are asked for


def test_no_two_digits_are_alike_and_none_is_read_in_two_ways():
    drawn = {draw_digits(random.Random(seed)) for seed in range(200)}
    assert all(len(one) == 4 and len(set(one)) == 4 for one in drawn)
    assert set("".join(drawn)) == set("23456789"), "0 is 零 and 洞, 1 is 一 and 幺"
    assert len(drawn) > 150


def actions(settings: Liveness, *unable: Action, hears: bool = True, seed: int = 1) -> tuple[list[Action], list[Action]]:
    drawn = draw_challenge(settings, frozenset(unable), random.Random(seed), hears=hears)
    return [step.action for step in drawn.steps], [step.action for step in drawn.spares]


@pytest.mark.parametrize("digits", ["off", "substitute", "third"])
def test_without_microphone_digits_are_never_asked(digits: str):
    for seed in range(30):
        steps, spares = actions(Liveness(digits=digits), Action.BLINK, hears=False, seed=seed)
        assert Action.READ_DIGITS not in (*steps, *spares)


@pytest.mark.parametrize("seed", range(20))
def test_when_digits_are_asked(seed: int):
    assert Action.READ_DIGITS not in sum(actions(Liveness(), seed=seed), [])
    third, _ = actions(Liveness(digits="third"), seed=seed)
    assert len(third) == 3
    assert third.count(Action.READ_DIGITS) == 1
    # a substitute is asked only of who cannot turn or blink, and somebody else may still swap to it
    steps, spares = actions(Liveness(digits="substitute"), seed=seed)
    assert Action.READ_DIGITS not in steps
    assert Action.READ_DIGITS in spares
    for unable in (Action.BLINK, Action.TURN_LEFT):
        steps, spares = actions(Liveness(digits="substitute"), unable, seed=seed)
        assert steps.count(Action.READ_DIGITS) == 1
        assert len(steps) == 2
        assert {Action.TURN_LEFT, Action.TURN_RIGHT} & set(steps), "the turn that shows depth stays"
    steps, _ = actions(Liveness(digits="third"), Action.READ_DIGITS, seed=seed)
    assert Action.READ_DIGITS not in steps  # somebody deaf said so


@pytest.mark.parametrize("digits", ["substitute", "third"])
@pytest.mark.parametrize("seed", range(10))
def test_digits_are_never_alone(digits: str, seed: int):
    only = (Action.TURN_LEFT, Action.TURN_RIGHT, Action.BLINK)
    for settings, unable in ((Liveness(digits=digits), only), (Liveness(digits=digits, actions=1), (Action.BLINK,))):
        steps, _ = actions(settings, *unable, seed=seed)
        assert Action.READ_DIGITS in steps
        assert len(steps) >= 2
    steps, spares = actions(Liveness(digits="substitute", actions=1), seed=seed)
    assert (len(steps), Action.READ_DIGITS in spares) == (1, False), "swapped away, nothing else would be left"


def test_what_digits_replace():
    digits, nod = Step(Action.READ_DIGITS, (7.0,), digits=("2947", "0816")), Step(Action.NOD, (1.0,))
    for action in (Action.BLINK, Action.TURN_LEFT):
        assert pick_spare(action, (nod, digits)) is digits
    assert pick_spare(Action.MOUTH_OPEN, (digits, nod)) is nod
    assert pick_spare(Action.TURN_LEFT, (nod, digits), turn_needed=True) is None
    assert pick_spare(Action.READ_DIGITS, (nod,)) is nod
    assert hardest([digits, nod]) is nod
    assert hardest([digits]) is digits


def test_a_mouth_that_reads_is_no_stray():
    opened = GestureEvent(Action.MOUTH_OPEN, 2.0, 2.2, 2.5, 0.3)
    assert not is_stray(opened, Action.READ_DIGITS, 1.0)
    assert is_stray(opened, Action.BLINK, 1.0)
    doubt = Doubt()
    doubt.accepted(GestureEvent(Action.READ_DIGITS, 1.0, 1.0, 3.0, 0.5), 1.0, wrong=0, early=0)
    assert doubt.weight == 0


# --- the lips and the voice

TIMES = np.arange(0, 6, 0.04)


def track(value, shift: float = 0.0) -> list[tuple[float, float]]:  # noqa: ANN001
    return [(float(t), float(value(t - shift))) for t in TIMES]


OTHER = ((0.5, 1.4), (2.1, 2.5), (3.0, 3.4), (4.0, 4.6))


@pytest.mark.parametrize(
    ("lips", "at_least", "at_most"),
    [
        (track(opening), 0.8, 1.0),
        (track(opening, 0.15), 0.8, 1.0),  # picture and sound come at different speeds
        (track(opening, 0.6), -1.0, 0.2),  # another film
        (track(lambda t: opening(t, OTHER)), -1.0, 0.5),
        (track(lambda t: 0.02 + 0.002 * np.sin(40 * t)), 0.0, 0.0),  # a silent face
    ],
)
def test_lips_follow_the_voice_or_do_not(lips, at_least: float, at_most: float):  # noqa: ANN001
    sound = track(lambda t: loud(t) - NOISE_DB)
    agreed = mouth.agreement(lips, sound, 0.8, 3.9)
    assert agreed is not None
    assert at_least <= agreed <= at_most


def test_too_little_to_compare():
    lips, sound = track(opening), track(lambda t: loud(t) - NOISE_DB)
    assert mouth.agreement(lips[:1], sound, 0.8, 3.9) is None
    assert mouth.agreement(lips, sound[:1], 0.8, 3.9) is None
    assert mouth.agreement(lips, sound, 0.8, 1.6) is None
    assert mouth.agreement(lips, [(t, 5.0) for t, _ in sound], 0.8, 3.9) == 0.0


# --- one reading


def drive(
    reading: Reading,
    until_s: float,
    voice=loud,
    lips=opening,
    from_s: float = 0.0,  # noqa: ANN001
) -> float | None:
    """Cue at 1 s; return when it began to weigh."""
    for index in range(int(from_s * FPS), int(until_s * FPS)):
        t_s = index / FPS
        if t_s == from_s + 1.0:
            reading.cue(t_s)
        since = t_s - from_s - 1.0
        reading.hear([(t_s - 0.03, voice(since)), (t_s, voice(since))])
        if lips is not None:
            reading.see(t_s, lips(since))
        reading.step(t_s)
        if reading.state == "weighing":
            return t_s
    return None


@pytest.mark.parametrize(
    ("margins", "lips", "verdict"),
    [
        (GOOD, opening, Reason.OK),
        (BAD, opening, Reason.DIGITS_WRONG),
        (GOOD, lambda t: 0.02, Reason.DIGITS_ELSEWHERE),
        (BAD, lambda t: 0.02, Reason.DIGITS_WRONG),
    ],
)
def test_what_was_read_decides(margins, lips, verdict: Reason):  # noqa: ANN001
    reading = Reading(("2947", "0816"))
    weighed = drive(reading, 12, lips=lips)
    assert weighed is not None
    assert weighed == pytest.approx(1.0 + WORDS[-1][1] + QUIET_S, abs=0.2)
    assert reading.spoken is not None
    assert reading.spoken[0] == pytest.approx(1.8, abs=0.1)
    reading.weigh(margins)
    assert (reading.state, reading.verdict) == ("over", verdict)
    flagged = {one.name for one in reading.scores() if one.flagged}
    assert (
        flagged
        == {
            Reason.OK: set(),
            Reason.DIGITS_WRONG: {"digits", "digits-mouth"} if lips is not opening else {"digits"},
            Reason.DIGITS_ELSEWHERE: {"digits-mouth"},
        }[verdict]
    )
    reading.weigh(GOOD)  # a late answer changes nothing
    reading.step(99.0)
    assert reading.verdict is verdict


def test_who_is_not_heard_reads_other_digits_once_more():
    reading = Reading(("2947", "0816"))
    assert not reading.cued
    assert reading.loudness == 0.0
    assert reading.scores() == ()
    assert drive(reading, 1 + LIMIT_S + 0.5, voice=lambda t: NOISE_DB) is None
    assert (reading.digits, reading.cued, reading.verdict) == ("0816", False, None)
    assert drive(reading, 40, voice=lambda t: NOISE_DB, from_s=20.0) is None
    assert reading.verdict is Reason.DIGITS_UNHEARD


@pytest.mark.parametrize(("second", "verdict"), [(GOOD, Reason.OK), (DOUBTFUL, Reason.DIGITS_UNHEARD), (BAD, Reason.DIGITS_WRONG)])
def test_what_cannot_be_told_is_read_once_more(second, verdict: Reason):  # noqa: ANN001
    reading = Reading(("2947", "0816"))
    assert WRONG_MARGIN < min(DOUBTFUL) < LEAST_MARGIN < min(GOOD)
    assert drive(reading, 12) is not None
    reading.weigh(DOUBTFUL)
    assert (reading.digits, reading.verdict, reading.cued) == ("0816", None, False)
    assert drive(reading, 40, from_s=20.0) is not None
    reading.weigh(second)
    assert (reading.state, reading.verdict) == ("over", verdict)
    assert [one.score for one in reading.scores() if one.name == "digits"] == [min(second)]


@pytest.mark.parametrize("answer", [(), (1.0, 2.0)])
def test_a_recogniser_that_fails_is_no_fault_of_the_person(answer: tuple[float, ...]):
    reading = Reading(("2947", "0816"))
    assert drive(reading, 12) is not None
    reading.weigh(answer)
    assert (reading.digits, reading.verdict) == ("0816", None)
    assert drive(reading, 40, from_s=20.0) is not None
    reading.step(40.0)
    assert reading.verdict is Reason.DIGITS_UNHEARD  # it took longer than WEIGH_LIMIT_S
    assert WEIGH_LIMIT_S < 20


def test_a_face_that_was_away_is_asked_again():
    reading = Reading(("2947", "0816"))
    assert drive(reading, 12, lips=None) is not None
    reading.weigh(GOOD)
    assert (reading.digits, reading.verdict) == ("0816", None)


def test_a_click_and_the_kiosks_own_tone_are_no_reading():
    reading = Reading(("2947",))
    assert drive(reading, 1 + LIMIT_S - 0.5, voice=lambda t: VOICE_DB if t < DEAF_S - 0.1 or 2 < t < 2.2 else NOISE_DB) is None
    assert reading.verdict is None
    reading.step(1 + LIMIT_S + 0.1)
    assert reading.verdict is Reason.DIGITS_UNHEARD  # no other digits were drawn


def test_who_reads_on_is_weighed_at_the_limit():
    reading = Reading(("2947", "0816"))
    weighed = drive(reading, 20, voice=lambda t: VOICE_DB if t > 0.5 and t % 0.6 < 0.3 else NOISE_DB)
    assert weighed == pytest.approx(1 + LIMIT_S, abs=0.1)


def test_the_ring_moves_with_the_voice():
    reading = Reading(("2947", "0816"))
    drive(reading, 1.5)
    assert reading.loudness == 0.0
    drive(reading, 2.0)
    assert reading.loudness == 1.0
    quiet = Reading(("2947",))
    quiet.hear([(0.0, -80.0), (0.1, -70.0)])
    assert quiet.loudness == 0.0


# --- within a take


class Reader(Person):
    """Turns when asked, and reads what stands on the screen."""

    def __init__(self, silent: bool = False) -> None:
        super().__init__()
        self.cue_s: float | None = None
        self._silent = silent
        self.seen: list[TakeView] = []

    def __call__(self, t_s: float, view: TakeView) -> Pose:
        if view.action is Action.READ_DIGITS:
            self.seen.append(view)
            if not view.now:
                self.cue_s = None
                return Pose()
            self.cue_s = t_s if self.cue_s is None else self.cue_s
            return Pose() if self._silent else Pose(mouth=opening(t_s - self.cue_s))
        return super().__call__(t_s, view)


def read_aloud(reader: Reader, margins, *, steps: tuple[Step, ...] | None = None) -> LivenessResult:  # noqa: ANN001
    asked = steps or (
        Step(Action.TURN_LEFT, (1.0, 1.4)),
        Step(Action.READ_DIGITS, (2.0,), digits=("2947", "0816")),
    )
    take = Take(Challenge(asked), SETTINGS)
    camera, view = Camera(), TakeView("positioning")
    for index in range(int(60 * FPS)):
        t_s = index / FPS
        take.digits.hear([(t_s, loud(t_s - reader.cue_s) if reader.cue_s is not None else NOISE_DB)])
        view = take.step(face(t_s, sway(reader(t_s, view), t_s)), camera.picture())
        reading = take.digits.reading
        if reading is not None and reading.state == "weighing":
            take.digits.weigh(margins(reading.digits))
        if take.result is not None:
            return take.result
    raise AssertionError("the take did not end")


def test_a_take_with_digits_passes():
    reader = Reader()
    result = read_aloud(reader, lambda digits: GOOD)
    assert (result.passed, result.reason) == (True, Reason.OK)
    assert [done.action for done in result.actions] == [Action.TURN_LEFT, Action.READ_DIGITS]
    assert all(done.seen_at_s is not None for done in result.actions)
    names = {one.name: one for one in result.checks}
    assert names["digits"].score == min(GOOD)
    assert not names["digits-mouth"].flagged
    assert {view.digits for view in reader.seen} == {"2947"}
    assert any(view.now and view.progress == view.loudness == 1.0 for view in reader.seen)
    assert not any(view.loudness for view in reader.seen if not view.now)


@pytest.mark.parametrize(
    ("silent", "margins", "reason"),
    [(False, BAD, Reason.DIGITS_WRONG), (True, GOOD, Reason.DIGITS_ELSEWHERE), (False, (), Reason.DIGITS_UNHEARD)],
)
def test_a_take_with_digits_fails_for_its_reason(silent: bool, margins, reason: Reason):  # noqa: ANN001
    reader = Reader(silent)
    result = read_aloud(reader, lambda digits: margins, steps=(Step(Action.READ_DIGITS, (0.5,), digits=("2947", "0816")),))
    assert (result.passed, result.reason) == (False, reason)
    assert result.actions[-1].seen_at_s is None
    assert ({view.digits for view in reader.seen} == {"2947", "0816"}) is (reason is Reason.DIGITS_UNHEARD)
