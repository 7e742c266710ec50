"""What a take shows and how it ends, as a table: whole takes by the second, told without light, depth and models.

The table lies beside this file. After a change that is meant: `python -m tests.liveness.test_take_stories`, and look at the
difference. A line for each moment at which something changes: only what is new, and the seconds left.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from kiosk.config import Checks, Liveness
from kiosk.domain.outcome import CheckScore, LivenessResult
from kiosk.domain.reasons import Action, Reason
from kiosk.domain.take_view import TakeView
from kiosk.liveness.attacks.turns import TurnVerdict
from kiosk.liveness.challenge import Challenge, Step
from kiosk.liveness.face_buffer import FaceBuffer
from kiosk.liveness.gestures import GestureEvent
from kiosk.liveness.landmarks import FaceObservation
from kiosk.liveness.light.code import GRADIENT, HUE, draw_code
from kiosk.liveness.take import Take, judged, pattern
from tests.liveness.faces import Camera, Pose, face, nobody

TABLE = Path(__file__).with_name("takes.txt")
BLINK, MOUTH, LEFT, RIGHT, NOD = Action.BLINK, Action.MOUTH_OPEN, Action.TURN_LEFT, Action.TURN_RIGHT, Action.NOD
OFF = dict.fromkeys(Checks.model_fields, "off")
PICTURE = Camera().picture()
SHUT, OPEN, TO_LEFT, TO_RIGHT, DOWN, GONE = (
    Pose(blink=1.0),
    Pose(mouth=0.4),
    Pose(yaw=30.0),
    Pose(yaw=-30.0),
    Pose(pitch=15.0),
    None,
)
CROWD = ((20.0, 20.0, 300.0, 300.0),)
# The challenge begins at 1.7 s; with a pause of one second the first cue comes at 2.7 s.
Part = tuple[float, float, Pose | None]


@dataclass(frozen=True)
class Story:
    """parts: (from, to, what the face does); else it waits. swaps: when 做不到 is touched. crowd: when another face is near."""

    asked: tuple[Action | Step, ...]
    parts: tuple[Part, ...] = ()
    spares: tuple[Action, ...] = ()
    swaps: tuple[float, ...] = ()
    crowd: tuple[float, float] = (0.0, 0.0)
    verdicts: tuple[TurnVerdict, ...] = ()  # of the turns; else nobody judges them
    lights: tuple[int, ...] = ()
    depth: str = "off"
    attended: bool = False
    more: bool = False
    timeout_s: float = 4.0
    fps: float = 10.0
    after: int = 0  # steps after the end


STORIES = {
    "a turn": Story((LEFT,), ((3.3, 4.3, TO_LEFT),), after=2),
    "two actions": Story((MOUTH, BLINK), ((3.0, 3.8, OPEN), (6.3, 6.5, SHUT))),
    "a nod": Story((NOD,), ((3.3, 3.9, DOWN),)),
    "nothing is done": Story((BLINK, LEFT), timeout_s=2.0),
    "half of it": Story((LEFT,), ((3.3, 9.0, Pose(yaw=9.0)),), timeout_s=2.0),
    "at its height when the time is over, and back": Story((LEFT,), ((4.0, 7.6, TO_LEFT),), timeout_s=2.0),
    "at its height for too long": Story((LEFT,), ((4.0, 9.0, TO_LEFT),), timeout_s=2.0),
    "begun before the cue": Story((LEFT,), ((2.5, 3.5, TO_LEFT),), timeout_s=1.5),
    "done before the cue": Story((MOUTH,), ((1.9, 2.4, OPEN), (4.9, 5.6, OPEN))),
    "begun before its announcement": Story((MOUTH,), ((1.5, 2.0, OPEN), (3.2, 3.9, OPEN))),
    "a blink before the cue": Story((BLINK,), ((1.9, 2.1, SHUT), (3.4, 3.6, SHUT))),
    "the wrong way": Story((LEFT,), ((3.2, 3.8, TO_RIGHT), (4.4, 5.0, TO_LEFT))),
    "the wrong way thrice": Story((RIGHT,), ((3.2, 3.8, TO_LEFT), (4.2, 4.8, TO_LEFT), (5.2, 5.8, TO_LEFT)), timeout_s=9.0),
    "the wrong way before the cue": Story((LEFT,), ((1.9, 2.4, TO_RIGHT), (3.4, 4.2, TO_LEFT))),
    "words that nobody asked for": Story((BLINK,), tuple((3.0 + at, 3.4 + at, OPEN) for at in (0.0, 0.8, 1.6, 2.4)), timeout_s=9.0),
    "three of them": Story((BLINK,), (*((3.0 + at, 3.4 + at, OPEN) for at in (0.0, 0.8, 1.6)), (5.8, 6.0, SHUT)), timeout_s=9.0),
    "a word before the start": Story((BLINK,), ((0.8, 1.2, OPEN), (3.4, 3.6, SHUT))),
    "one more, for the movements": Story(
        (MOUTH,), ((1.9, 2.3, TO_LEFT), (3.2, 3.8, OPEN), (6.2, 6.8, TO_RIGHT)), spares=(BLINK, RIGHT), more=True
    ),
    "one more, for what follows the answer": Story(
        (MOUTH,), ((3.2, 3.8, OPEN), (3.9, 4.3, TO_LEFT), (6.6, 7.2, TO_RIGHT)), spares=(RIGHT,), more=True
    ),
    "no more, where nobody wants it": Story((MOUTH,), ((1.9, 2.3, TO_LEFT), (3.2, 3.8, OPEN)), spares=(RIGHT,)),
    "a head that is on its way before the answer": Story(
        (MOUTH,), ((1.9, 2.1, Pose(yaw=5.0)), (2.8, 3.0, Pose(yaw=6.0)), (3.0, 3.2, Pose(yaw=-6.0)), (3.9, 4.5, OPEN))
    ),
    "the turn that was asked for is no unrest of the next": Story((LEFT, MOUTH), ((3.3, 4.3, TO_LEFT), (6.6, 7.2, OPEN))),
    "not there": Story((BLINK,), ((0.0, 99.0, GONE),), fps=2.0),
    "there at last": Story((BLINK,), ((0.0, 58.0, GONE),), fps=2.0),
    "comes and goes": Story((BLINK,), ((0.3, 0.5, GONE), (1.4, 1.6, GONE), (4.9, 5.1, SHUT))),
    "leaves": Story((BLINK,), ((3.0, 99.0, GONE),), timeout_s=9.0),
    "leaves for a while": Story((BLINK,), ((3.0, 5.4, GONE), (5.8, 6.0, SHUT)), timeout_s=9.0),
    "lost in the turn": Story((LEFT,), ((3.2, 3.6, TO_LEFT), (3.6, 99.0, GONE)), timeout_s=9.0),
    "back from the turn": Story((LEFT,), ((3.2, 3.6, TO_LEFT), (3.6, 6.8, GONE), (6.8, 7.0, TO_LEFT)), timeout_s=9.0),
    "somebody else": Story((BLINK,), ((3.0, 99.0, Pose(x=150.0)),)),
    "somebody else before the start": Story((BLINK,), ((1.2, 99.0, Pose(x=150.0)),), timeout_s=0.5),
    "somebody else after the turn": Story(
        (LEFT,), ((3.2, 3.6, TO_LEFT), (3.6, 5.6, GONE), (5.6, 99.0, Pose(x=150.0))), timeout_s=9.0
    ),
    "the cue waits for a face alone": Story((BLINK,), ((5.4, 5.6, SHUT),), crowd=(2.2, 4.5)),
    "… and not for ever": Story((BLINK,), ((7.4, 7.6, SHUT),), crowd=(2.2, 9.0)),
    "the cue waits for a mouth that is shut": Story((MOUTH,), ((2.2, 4.6, OPEN), (6.6, 7.2, OPEN))),
    "a cue at its time": Story((Step(BLINK, (1.0,), 4.5),), ((5.0, 5.2, SHUT),)),
    "looks away at the end": Story((BLINK,), ((3.2, 3.4, SHUT), (3.5, 5.5, TO_LEFT))),
    "looks away for good": Story((BLINK,), ((3.2, 3.4, SHUT), (3.5, 99.0, Pose(yaw=19.0)))),
    "not this one": Story((MOUTH, LEFT), ((4.9, 5.1, SHUT), (8.0, 8.6, TO_LEFT)), spares=(BLINK, NOD), swaps=(3.5, 3.6)),
    "not this one, before the cue": Story((MOUTH,), ((3.6, 3.8, SHUT),), spares=(BLINK,), swaps=(0.5, 2.2)),
    "not this one, while it is announced": Story((MOUTH,), ((3.9, 4.1, SHUT),), spares=(BLINK,), swaps=(2.2,)),
    "not the next one": Story((BLINK, MOUTH), ((3.2, 3.4, SHUT), (5.8, 6.6, DOWN)), spares=(NOD,), swaps=(3.7, 99.0)),
    "a turn that was too small": Story(
        (LEFT,), ((3.2, 3.8, TO_LEFT), (4.4, 5.0, TO_LEFT)), verdicts=(TurnVerdict.FLAT, TurnVerdict.DEEP)
    ),
    "a turn that was too quick": Story(
        (LEFT,), ((3.2, 3.8, TO_LEFT), (4.4, 5.0, TO_LEFT)), verdicts=(TurnVerdict.JERKY, TurnVerdict.UNJUDGED)
    ),
    "too small, then the wrong way": Story(
        (LEFT,), ((3.2, 3.8, TO_LEFT), (4.4, 5.0, TO_RIGHT)), verdicts=(TurnVerdict.FLAT,), timeout_s=3.0
    ),
    "colours first": Story((BLINK,), ((8.9, 9.1, SHUT),), lights=(0, 1, 2, 1)),
    "leaves in the colours": Story((BLINK,), ((2.0, 99.0, GONE),), lights=(0, 1, 2, 1)),
    "no depth was seen": Story((LEFT,), ((3.3, 4.3, TO_LEFT),), verdicts=(TurnVerdict.DEEP,), depth="enforce"),
    "somebody has the person in sight": Story(
        (LEFT,), ((3.3, 4.3, TO_LEFT),), verdicts=(TurnVerdict.DEEP,), depth="enforce", attended=True
    ),
    "the only turn stays": Story((LEFT,), ((3.3, 4.3, TO_LEFT),), spares=(BLINK,), swaps=(3.0,)),
    "it may go where somebody looks on": Story((LEFT,), ((4.3, 4.5, SHUT),), spares=(BLINK,), swaps=(3.0,), attended=True),
}
FLAGS = ("returning", "too_early", "wrong_way", "larger", "slower", "can_swap", "now")


def made(story: Story) -> Take:
    spares = tuple(Step(action, (1.0, 1.2)) for action in story.spares)
    steps = tuple(one if isinstance(one, Step) else Step(one, (1.0, 1.4)) for one in story.asked)
    checks = Checks(**{**OFF, "depth": story.depth, "reflection": "record" if story.lights else "off"})
    settings = Liveness(checks=checks, action_timeout_s=story.timeout_s, doubt_asks_more=story.more)
    attended = {"attended": True} if story.attended else {}
    take = Take(Challenge(steps, spares, len(spares) and 1, story.lights), settings, **attended)
    coming = iter(story.verdicts)
    take._evidence.turns.judge = lambda: next(coming, TurnVerdict.UNJUDGED)  # type: ignore[method-assign]
    return take


def seen(story: Story, t_s: float) -> FaceObservation:
    pose = next((pose for first, last, pose in story.parts if first <= t_s < last), Pose())
    return nobody(t_s) if pose is None else face(t_s, pose, CROWD if story.crowd[0] <= t_s < story.crowd[1] else ())


def shown(take: Take, view: TakeView) -> dict[str, str]:
    return {
        "phase": view.phase,
        "hint": str(view.guidance.value if view.guidance else "-"),
        "action": f"{view.action.value if view.action else '-'} {view.action_index + 1}/{view.action_count}",
        "progress": f"{int(view.progress * 4) / 4:g}",
        "done": "+".join(one.value for one in view.done_actions) or "-",
        "is": "+".join(name for name in FLAGS if getattr(view, name)) or "-",
        "light": str(view.light or "-"),
        "box": "yes" if view.box else "no",
        "started": "yes" if take.started else "no",
        "code": f"{take._code_s:.1f}" if view.phase in ("cue", "done", "failed") else "",
    }


def told(story: Story) -> list[str]:
    take, before, out, swaps = made(story), dict[str, str](), list[str](), list(story.swaps)
    index = 0
    while take.result is None or story.after:
        t_s = index / story.fps
        if take.result is not None:
            story = replace(story, after=story.after - 1)
        if swaps and t_s >= swaps[0]:
            swaps.pop(0)
            out.append(f"{t_s:g} swapped: {take.swap_action()}")
        view = take.step(seen(story, t_s), PICTURE)
        now = shown(take, view)
        new = [f"{name}={value}" for name, value in now.items() if value and before.get(name) != value]
        if new:
            left = "" if view.seconds_left is None else f" left={view.seconds_left:.1f}"
            out.append(f"{t_s:g} {' '.join(new)}{left}")
        before |= {name: value for name, value in now.items() if value}
        index += 1
    result = take.result
    done = [
        f"{one.action.value} cue {one.cued_at_s:.1f} seen {'-' if one.seen_at_s is None else f'{one.seen_at_s:.1f}'}"
        f" {one.strength:.2f} early {one.too_early}"
        for one in result.actions
    ]
    kept = " ".join(f"{one.part}{'a' if one.acting else ''}@{one.t_s:.1f}" for one in take.kept)
    out.append(
        f"= {result.passed} {result.reason.value} {result.duration_s:.1f} s {result.frames} frames; {'; '.join(done) or '-'}; "
        f"doubt {take._asked.doubt.weight:.2f} strays {take._strays}"
    )
    checks = [f"{one.name} {one.score if one.score is None else round(one.score, 3)}" for one in result.checks]
    out.append(f"= faces {kept or '-'}; swapped {'+'.join(result.swapped) or '-'}; checks {checks}")
    return out


def before() -> dict[str, list[str]]:
    blocks = TABLE.read_text(encoding="utf-8").split("\n\n") if TABLE.exists() else []
    return {block.splitlines()[0]: block.strip().splitlines()[1:] for block in blocks}


BEFORE = before()


@pytest.mark.parametrize("name", STORIES)
def test_what_a_take_shows_and_how_it_ends(name: str) -> None:
    assert told(STORIES[name]) == BEFORE[name], "meant? python -m tests.liveness.test_take_stories, and read the difference"


def test_no_take_is_left_in_the_table_that_nobody_tells() -> None:
    assert list(BEFORE) == list(STORIES)


# --- the end of it -------------------------------------------------------------------------------------------------------


def check(mode: str, flagged: bool = True) -> CheckScore:
    return CheckScore("x", 0.0, 1.0, mode, flagged)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("checks", "head", "unclear", "depth", "attended", "reason"),
    [
        ((), True, False, "enforce", False, Reason.OK),
        ((check("enforce"),), True, False, "enforce", True, Reason.LIVENESS_FAILED),
        ((check("enforce", False), check("record"), check("refer", False)), True, False, "enforce", False, Reason.OK),
        ((check("refer"),), True, False, "enforce", False, Reason.LIVENESS_UNCERTAIN),
        ((check("refer"),), False, True, "enforce", True, Reason.OK),
        ((), False, False, "enforce", False, Reason.LIVENESS_UNCERTAIN),
        ((), False, False, "record", False, Reason.OK),
        ((), True, True, "off", False, Reason.LIVENESS_UNCERTAIN),
    ],
)
def test_what_the_checks_say_of_a_take(
    checks: tuple[CheckScore, ...], head: bool, unclear: bool, depth: str, attended: bool, reason: Reason
) -> None:
    evidence = SimpleNamespace(saw_head=head, unclear=unclear)
    assert judged(checks, evidence, depth, attended=attended) is reason  # type: ignore[arg-type]


def test_the_light_passcode_is_shown_by_its_strength() -> None:
    answer = SimpleNamespace(code=SimpleNamespace(levels=lambda code_s: (code_s, 2 * code_s, -code_s)))
    assert pattern(SimpleNamespace(answer=answer), 0.5) == (HUE * 0.5, GRADIENT * 1.0, GRADIENT * -0.5)  # type: ignore[arg-type]
    assert pattern(SimpleNamespace(answer=None), 0.5) is None  # type: ignore[arg-type]


def test_the_passcode_runs_in_quiet_moments_and_not_over_gaps() -> None:
    take: Take = made(Story((BLINK,)))
    run: Callable[[float], None] = take._run_code
    for phase, runs in (
        ("positioning", False), ("baseline", True), ("light", False), ("wait-cue", True), ("cue", False), ("between", True),
    ):  # fmt: skip
        take._phase, take._code_s = phase, 1.0  # type: ignore[assignment]
        run(0.25)
        assert take._code_s == (1.25 if runs else 1.0), phase
    take._phase, take._code_s = "baseline", 1.0
    for gap in (0.0, -1.0, 1.0, 2.0):
        run(gap)
    assert take._code_s == 1.0
    run(0.99)
    assert take._code_s == 1.99


def test_a_take_that_ended_swaps_nothing() -> None:
    take = made(Story((MOUTH,), spares=(BLINK,)))
    assert take.can_swap
    assert take.started is False
    take._finish(Reason.FACE_LOST)
    assert take.result is not None
    assert (take.result.duration_s, take.result.frames) == (0.0, 0)  # nothing was seen
    assert not take.can_swap
    assert not take.swap_action()
    assert (take.turns, take.lit.time) == ((), None)


@pytest.mark.parametrize(
    ("coded", "light", "attended", "swaps"),
    [
        (True, "enforce", False, True),  # the shape that the light draws may do instead of a turn
        (True, "record", False, False),
        (False, "enforce", False, False),
        (False, "off", False, False),
        (False, "off", True, True),
    ],
)
def test_when_the_only_turn_may_be_swapped_away(coded: bool, light: str, attended: bool, swaps: bool) -> None:
    code = draw_code(random.Random(1)) if coded else None
    challenge = Challenge((Step(LEFT, (1.0,)),), (Step(BLINK, (1.0,)),), 1, light_code=code)
    settings = Liveness(checks=Checks(**{**OFF, "light": light}))  # type: ignore[arg-type]
    assert Take(challenge, settings, attended=attended).can_swap is swaps


def test_what_each_picture_is_looked_at_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lips for the digits, the attacks with phase, action, neutral yaw and the code's second; an act only after its cue."""
    story = STORIES["done before the cue"]
    take, followed, looked, acts = made(story), list[object](), list[tuple[object, ...]](), list[str]()
    monkeypatch.setattr(take.digits, "follow", followed.append)
    begun = list[Step | None]()
    monkeypatch.setattr(take.digits, "begin", begun.append)
    monkeypatch.setattr(take._evidence, "step", lambda *given: looked.append(given))
    monkeypatch.setattr(FaceBuffer, "acts", lambda self, *given: acts.append(take._phase))
    for index in range(100):
        observation, phase = seen(story, index / 10), take._phase
        take.step(observation, PICTURE)
        if take.result is not None:
            break
        assert followed[-1] is observation
        assert looked[-1] == (observation, PICTURE, phase, MOUTH if phase != "between" else None, looked[-1][4], looked[-1][5])
    assert set(acts) == {"cue"}
    (asked,) = take._asked._steps
    assert begun == [None, asked, asked, asked, None]  # the baseline; announced, once more after the early answer, cued; done
    assert {given[4] for given in looked} == {0.0}
    seconds = [given[5] for given in looked]
    assert seconds == sorted(seconds)  # type: ignore[type-var]
    assert (seconds[0], seconds[-1]) == (0.0, pytest.approx(take._code_s, abs=0.11))


def ended(story: Story, begins_s: float) -> LivenessResult:
    take, index = made(story), 0
    while take.result is None:
        observation = replace(seen(story, index / 8), t_s=begins_s + index / 8)  # eighths: sums are exact
        take.step(observation, PICTURE)
        index += 1
    return take.result


def test_a_takes_seconds_are_its_own() -> None:
    for name in ("a turn", "done before the cue", "nothing is done", "somebody else"):
        assert ended(STORIES[name], 1000.0) == ended(STORIES[name], 0.0)


@pytest.mark.parametrize(
    ("said", "returned", "phase"),
    [
        (False, None, "cue"),
        (True, None, "wait-cue"),  # other digits are announced
        (Reason.DIGITS_UNHEARD, Reason.DIGITS_UNHEARD, "cue"),
        (GestureEvent(Action.READ_DIGITS, 3.0, 4.0, 5.0, 1.0), None, "between"),
    ],
)
def test_what_becomes_of_digits_that_are_read(said: object, returned: Reason | None, phase: str) -> None:
    reading = Step(Action.READ_DIGITS, (1.0,), digits=("1234", "5678"))
    take, times = made(Story((reading, BLINK))), list[float]()
    take._phase, take._now_s, take._cued_s = "cue", 5.5, 2.0
    take.digits.advance = lambda t_s: times.append(t_s) or said  # type: ignore[assignment, func-returns-value, return-value]
    assert take._advance_cue([]) is returned
    assert (take._phase, times) == (phase, [5.5])
    assert [one.action for one in take._asked.records] == ([Action.READ_DIGITS] if phase == "between" else [])


def test_the_light_passcode_that_is_shown_is_told_with_each_view() -> None:
    checks = Checks(**{**OFF, "light": "record"})  # type: ignore[arg-type]
    take = Take(Challenge((Step(BLINK, (1.0, 1.4)),), light_code=draw_code(random.Random(1))), Liveness(checks=checks))
    shown_levels = set()
    for index in range(24):
        view = take.step(face(index / 10, Pose()), PICTURE)
        assert view.light_pattern == pattern(take._evidence, take._code_s)
        shown_levels.add(view.light_pattern)
    assert None not in shown_levels
    assert len(shown_levels) > 5


def test_what_the_camera_must_show_is_asked_for_and_told() -> None:
    asked = list[str]()
    proof = SimpleNamespace(
        step=lambda t_s, frame_bgr, phase: asked.append(phase), scores=lambda: (check("enforce"),), unclear=False
    )
    story = STORIES["nothing is done"]
    challenge = Challenge((Step(BLINK, (1.0, 1.4)),), proof=proof)  # type: ignore[arg-type]
    take = Take(challenge, Liveness(checks=Checks(**OFF), action_timeout_s=2.0))  # type: ignore[arg-type]
    for index in range(100):
        if take.result is None:
            take.step(seen(story, index / 10), PICTURE)
    assert take.result is not None
    assert take.result.checks == (check("enforce"),)
    assert list(dict.fromkeys(asked)) == ["positioning", "baseline", "wait-cue", "cue"]


if __name__ == "__main__":
    TABLE.write_text("\n\n".join("\n".join([name, *told(story)]) for name, story in STORIES.items()) + "\n", encoding="utf-8")
