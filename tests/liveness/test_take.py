"""A take, driven by drawn-up faces: what passes, what does not, and what the screen is told."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from kiosk.config import Checks, Liveness
from kiosk.domain.outcome import LivenessResult
from kiosk.domain.reasons import Action, Guidance, Reason
from kiosk.domain.take_view import TakeView
from kiosk.liveness.challenge import Challenge, Step, draw_challenge
from kiosk.liveness.landmarks import FaceObservation
from kiosk.liveness.pace import LOST_LIMIT_S
from kiosk.liveness.take import Take
from tests.liveness.faces import Camera, Pose, face, nobody, sway

# The drawn-up pictures do not turn with the mesh, so what is tracked in them cannot speak of depth: the mesh alone does.
SETTINGS = Liveness(checks=Checks(bent_print="off", background="off", light="off"))
POSES = {
    Action.BLINK: (Pose(blink=1.0), 0.25),
    Action.MOUTH_OPEN: (Pose(mouth=0.4), 1.0),
    Action.TURN_LEFT: (Pose(yaw=38), 1.5),
    Action.TURN_RIGHT: (Pose(yaw=-38), 1.5),
    Action.NOD: (Pose(pitch=20), 0.8),
}
FPS = 20.0
Act = Callable[[float, TakeView], Pose]


class Person:
    """Does what the screen asks, some time after the cue."""

    def __init__(self, after_s: float = 0.6, slow: float = 1.0, wrong: int = 0, deaf: bool = False) -> None:
        self._after_s, self._slow, self._wrong, self._deaf = after_s, slow, wrong, deaf
        self._cued: tuple[tuple[int, Action | None], float] | None = None
        self._doing: tuple[Action, float] | None = None

    def __call__(self, t_s: float, view: TakeView) -> Pose:
        asked = (view.action_index, view.action)
        if view.now and (self._cued is None or self._cued[0] != asked):
            self._cued = (asked, t_s)
            self._doing = None
        if view.now and self._cued and not self._deaf and self._doing is None and t_s - self._cued[1] >= self._after_s:
            action = view.action or Action.BLINK
            if self._wrong > 0 and action in (Action.TURN_LEFT, Action.TURN_RIGHT):
                self._wrong -= 1
                action = Action.TURN_RIGHT if action is Action.TURN_LEFT else Action.TURN_LEFT
            self._doing = (action, t_s)
        if self._doing is None:
            return Pose()
        pose, length = POSES[self._doing[0]]
        share = (t_s - self._doing[1]) / (length * self._slow)
        if share >= 1:
            if share > 2 and self._cued and view.now:
                self._doing = None  # not accepted: once more
            return Pose()
        level = min(1.0, 3 * share, 3 * (1 - share))
        return Pose(yaw=pose.yaw * level, pitch=pose.pitch * level, blink=pose.blink * level, mouth=pose.mouth * level)


def challenge(*actions: Action, spares: tuple[Action, ...] = (), swaps: int = 1) -> Challenge:
    return Challenge(tuple(Step(a, (1.0, 1.4)) for a in actions), tuple(Step(a, (1.0,)) for a in spares), swaps)


def run(
    take: Take,
    act: Act,
    limit_s: float = 120.0,
    watch: Callable[[float, TakeView], None] = lambda _t, _v: None,
    change: Callable[[float, FaceObservation], FaceObservation] = lambda _t, o: o,
) -> LivenessResult:
    camera, view = Camera(), TakeView("positioning")
    for index in range(int(limit_s * FPS)):
        t_s = index / FPS
        view = take.step(change(t_s, face(t_s, sway(act(t_s, view), t_s))), camera.picture())
        watch(t_s, view)
        if take.result is not None:
            return take.result
    raise AssertionError("the take did not end")


@pytest.mark.parametrize("seed", range(6))
def test_somebody_who_does_as_asked_passes(seed: int) -> None:
    take = Take(draw_challenge(SETTINGS, rng=random.Random(seed)), SETTINGS)
    result = run(take, Person())
    assert (result.passed, result.reason) == (True, Reason.OK)
    assert [done.seen_at_s is not None for done in result.actions] == [True, True]
    assert {kept.part for kept in take.kept if not kept.acting} == {0, 1, 2}
    assert {kept.part for kept in take.kept if kept.acting} == {1, 2}  # who did the first action, and who the second
    assert all(kept.face_rgb.shape == (112, 112, 3) for kept in take.kept)


def test_slow_old_people_pass() -> None:
    take = Take(challenge(Action.TURN_LEFT, Action.MOUTH_OPEN), SETTINGS)
    assert run(take, Person(after_s=3.0, slow=3.0)).passed


def test_somebody_who_does_nothing_times_out() -> None:
    result = run(Take(challenge(Action.BLINK), SETTINGS), Person(deaf=True))
    assert result.reason is Reason.ACTION_TIMEOUT
    assert result.actions[-1].seen_at_s is None


@pytest.mark.parametrize("action", [Action.TURN_LEFT, Action.MOUTH_OPEN])
def test_an_answer_begun_before_its_cue_does_not_count(action: Action) -> None:
    """Turned (or open) at the announcement and held through the cue, then back: not an answer."""
    cued: list[float] = []

    def early(t_s: float, view: TakeView) -> Pose:
        if view.now:
            cued.append(t_s)
            return replace(POSES[action][0]) if t_s - cued[0] < 0.3 else Pose()
        return replace(POSES[action][0]) if view.phase == "wait-cue" else Pose()

    result = run(Take(challenge(action), SETTINGS), early)
    assert not result.passed
    assert result.reason is Reason.ACTION_TIMEOUT


def test_an_early_answer_is_told_and_costs_nothing() -> None:
    told: list[bool] = []
    person = Person()

    def act(t_s: float, view: TakeView) -> Pose:
        return Pose(yaw=30) if 1.9 <= t_s < 2.5 else person(t_s, view)

    result = run(Take(challenge(Action.TURN_LEFT), SETTINGS), act, watch=lambda _t, v: told.append(v.too_early))
    assert result.passed
    assert any(told)
    assert result.actions[0].too_early == 1


def test_the_wrong_way_is_forgiven_twice() -> None:
    assert run(Take(challenge(Action.TURN_LEFT), SETTINGS), Person(wrong=2)).passed
    assert run(Take(challenge(Action.TURN_LEFT), SETTINGS), Person(wrong=3)).reason is Reason.ACTION_TIMEOUT


def test_a_turn_too_small_for_depth_is_asked_for_again() -> None:
    hints: list[bool] = []
    person = Person()

    def small_first(t_s: float, view: TakeView) -> Pose:
        pose = person(t_s, view)
        return replace(pose, yaw=pose.yaw * 0.58) if not any(hints) else pose

    result = run(Take(challenge(Action.TURN_LEFT), SETTINGS), small_first, watch=lambda _t, v: hints.append(v.larger))
    assert any(hints)
    assert result.passed


def test_swapping_an_action() -> None:
    take = Take(challenge(Action.BLINK, Action.TURN_LEFT, spares=(Action.TURN_RIGHT, Action.MOUTH_OPEN)), SETTINGS)
    swapped: list[bool] = []

    def swap(_t: float, view: TakeView) -> None:
        if view.now and not swapped:
            assert view.can_swap
            swapped.append(take.swap_action())
            assert not take.swap_action()  # one is all there is

    result = run(take, Person(), watch=swap)
    assert result.passed
    assert result.swapped == (Action.BLINK,)
    assert [done.action for done in result.actions] == [Action.MOUTH_OPEN, Action.TURN_LEFT]


def test_the_turn_that_shows_depth_is_not_swapped_away() -> None:
    take = Take(challenge(Action.TURN_LEFT, spares=(Action.BLINK, Action.TURN_RIGHT)), SETTINGS)
    assert SETTINGS.require_turn
    assert not take.can_swap
    assert not take.swap_action()


def test_a_face_that_leaves_ends_the_take() -> None:
    gone = Take(challenge(Action.BLINK), SETTINGS)
    shown: list[Guidance | None] = []
    result = run(
        gone, Person(deaf=True), change=lambda t, o: nobody(t) if t > 4 else o, watch=lambda _t, v: shown.append(v.guidance)
    )
    assert result.reason is Reason.FACE_LOST
    assert Guidance.LEFT_FRAME in shown


def test_a_face_that_jumps_is_another_face() -> None:
    result = run(
        Take(challenge(Action.BLINK), SETTINGS), Person(deaf=True), change=lambda t, o: face(t, Pose(x=150)) if t > 4 else o
    )
    assert result.reason is Reason.FACE_CHANGED


def test_nobody_for_a_minute_ends_it() -> None:
    result = run(Take(challenge(Action.BLINK), SETTINGS), Person(), change=lambda t, _o: nobody(t))
    assert result.reason is Reason.NO_GOOD_FRAME


def test_a_frozen_picture_fails_even_when_everything_else_fits() -> None:
    """A virtual camera that plays the same frames again: the pixels come back."""
    camera = Camera()
    loop = [camera.picture() for _ in range(30)]
    take, person, view = Take(challenge(Action.BLINK), SETTINGS), Person(), TakeView("positioning")
    for index in range(2000):
        t_s = index / FPS
        view = take.step(face(t_s, sway(person(t_s, view), t_s)), loop[index % 30])
        if take.result is not None:
            break
    assert take.result is not None
    assert take.result.reason is Reason.LIVENESS_FAILED
    assert [check.name for check in take.result.checks if check.flagged] == ["repeated_frames"]


def test_checks_that_are_off_are_not_there_and_recorded_ones_do_not_fail() -> None:
    off = Checks(**dict.fromkeys(Checks.model_fields, "off"))
    assert run(Take(challenge(Action.TURN_LEFT), Liveness(checks=off)), Person()).checks == ()
    record = Checks(**dict.fromkeys(Checks.model_fields, "record"))
    result = run(Take(challenge(Action.TURN_LEFT), Liveness(checks=record)), Person())
    assert result.passed
    assert any(check.flagged for check in result.checks)  # the pictures stand still: a "sheet"


def test_the_ring_fills_and_the_cue_is_a_moment_of_its_own() -> None:
    phases: list[str] = []
    progress: list[float] = []

    def note(_t: float, view: TakeView) -> None:
        if not phases or phases[-1] != view.phase:
            phases.append(view.phase)
        if view.now:
            progress.append(view.progress)
        assert view.now == (view.phase == "cue")
        assert (view.action is not None) == (view.phase in ("wait-cue", "cue"))
        assert 0.0 <= view.progress <= 1.0

    run(Take(challenge(Action.TURN_LEFT), SETTINGS), Person(), watch=note)
    assert phases == ["positioning", "baseline", "wait-cue", "cue", "between", "done"]
    assert progress[0] == 0.0
    assert max(progress) == 1.0


def test_the_light_of_the_screen_is_asked_for_only_when_configured() -> None:
    shown: list[tuple[int, int, int] | None] = []
    settings = Liveness(checks=Checks(bent_print="off", background="off", light="off", reflection="record"))
    take = Take(draw_challenge(settings, rng=random.Random(1)), settings)
    result = run(take, Person(), watch=lambda _t, v: shown.append(v.light))
    assert result.passed
    assert len({light for light in shown if light}) == 3
    assert "reflection" in {check.name for check in result.checks}
    plain: list[tuple[int, int, int] | None] = []
    run(Take(challenge(Action.BLINK), SETTINGS), Person(), watch=lambda _t, v: plain.append(v.light))
    assert set(plain) == {None}


def test_a_few_unasked_movements_are_forgiven_many_are_a_recording() -> None:
    def restless(times: int) -> Act:
        person = Person(after_s=4.0)

        def act(t_s: float, view: TakeView) -> Pose:
            talking = 4.0 <= t_s < 4.0 + 1.2 * times and (t_s - 4.0) % 1.2 < 0.6
            return Pose(mouth=0.35) if talking else person(t_s, view)

        return act

    assert run(Take(challenge(Action.TURN_LEFT), SETTINGS), restless(2)).passed
    assert run(Take(challenge(Action.TURN_LEFT), SETTINGS), restless(6)).reason is Reason.ACTION_TIMEOUT


def test_without_an_accepted_turn_somebody_looks() -> None:
    """ "做不到" is no way out: blink and mouth can be painted, and nothing else shows a head."""
    result = run(Take(challenge(Action.BLINK, Action.MOUTH_OPEN), SETTINGS), Person())
    assert (result.passed, result.reason) == (False, Reason.LIVENESS_UNCERTAIN)
    assert all(one.seen_at_s is not None for one in result.actions)


def test_with_an_attendant_in_sight_a_turn_may_be_left_out() -> None:
    assert run(Take(challenge(Action.BLINK, Action.MOUTH_OPEN), SETTINGS, attended=True), Person()).passed


def test_with_an_attendant_in_sight_the_turn_is_swapped_away() -> None:
    drawn = challenge(Action.TURN_LEFT, Action.BLINK, spares=(Action.MOUTH_OPEN, Action.TURN_RIGHT))
    take = Take(drawn, SETTINGS, attended=True)
    swapped: list[bool] = []

    def swap(_t: float, view: TakeView) -> None:
        if view.now and not swapped:
            swapped.append(take.swap_action())

    result = run(take, Person(), watch=swap)
    assert result.passed
    assert [one.action for one in result.actions] == [Action.MOUTH_OPEN, Action.BLINK]


def test_a_check_that_refers_sends_to_the_attendant_and_refuses_nobody() -> None:
    settings = Liveness(checks=Checks(bent_print="off", background="off", light="off", repeated_frames="refer"))
    take = Take(challenge(Action.TURN_LEFT), settings)
    picture, view, person = Camera().picture(), TakeView("positioning"), Person()
    for index in range(int(60 * FPS)):
        t_s = index / FPS
        view = take.step(face(t_s, sway(person(t_s, view), t_s)), picture)  # the very same pixels, over and over
        if take.result is not None:
            break
    assert take.result is not None
    assert (take.result.passed, take.result.reason) == (False, Reason.LIVENESS_UNCERTAIN)
    assert [one.name for one in take.result.checks if one.flagged] == ["repeated_frames"]


def test_a_backlit_person_starts_with_the_hint_on_the_screen() -> None:
    take = Take(challenge(Action.TURN_LEFT), SETTINGS)
    camera, view, person, hints = Camera(), TakeView("positioning"), Person(), set()
    for index in range(int(60 * FPS)):
        t_s = index / FPS
        seen = face(t_s, sway(person(t_s, view), t_s))
        x0, y0, x1, y1 = (int(v) for v in seen.box or (0, 0, 0, 0))
        lit = camera.picture()
        picture, part = np.full_like(lit, 235), np.s_[max(0, y0 - 8) : y1 + 8, max(0, x0 - 8) : x1 + 8]
        picture[part] = lit[part] // 2
        view = take.step(seen, picture)
        hints.add(view.guidance)
        if take.result is not None:
            break
    assert take.result is not None
    assert take.started
    assert take.result.reason is not Reason.NO_GOOD_FRAME
    assert Guidance.BACKLIT in hints


def test_a_turn_between_two_pictures_is_asked_for_more_slowly() -> None:
    """A print jerked before a slow camera: the tracked mesh invents a turn in one step."""
    slower: list[bool] = []

    def jerk(t_s: float, view: TakeView) -> Pose:
        return Pose(yaw=40) if view.now and (t_s * 2) % 2 < 0.6 else Pose()

    result = run(Take(challenge(Action.TURN_LEFT), SETTINGS), jerk, watch=lambda _t, v: slower.append(v.slower))
    assert result.reason is Reason.ACTION_TIMEOUT
    assert any(slower)


def test_at_three_pictures_a_second_no_turn_shows_depth() -> None:
    take, person, view, camera = Take(challenge(Action.TURN_LEFT), SETTINGS), Person(slow=3.0), TakeView("positioning"), Camera()
    for index in range(240):
        t_s = index / 3.0
        view = take.step(face(t_s, sway(person(t_s, view), t_s)), camera.picture())
        if take.result is not None:
            break
    assert take.result is not None
    assert (take.result.passed, take.result.reason) == (False, Reason.LIVENESS_UNCERTAIN)


def test_only_left_for_right_is_a_wrong_answer() -> None:
    """Asked to open the mouth, somebody looks round three times first: unrest, but no mistake that ends the take."""
    cued: list[float] = []

    def restless(t_s: float, view: TakeView) -> Pose:
        if not view.now:
            return Pose()
        cued.append(t_s)
        since = t_s - cued[0] - 0.3
        looks, at = divmod(since, 1.8)
        if 0 <= looks < 3:
            level = max(0.0, min(1.0, 3 * at / 1.5, 3 * (1 - at / 1.5)))
            return Pose(yaw=38 * level * (1 if looks % 2 else -1))
        return Pose(mouth=0.4) if 6.0 <= since < 7.0 else Pose()

    result = run(Take(challenge(Action.MOUTH_OPEN), SETTINGS), restless)
    assert result.actions[0].seen_at_s is not None


def test_who_leaves_in_the_middle_of_a_nod_is_waited_for_no_longer_than_others() -> None:
    """A head turned to its profile is lost for a while; one that nods is no reason to wait as long."""
    cued: list[float] = []
    seen: list[float] = []

    def change(t_s: float, observation: FaceObservation) -> FaceObservation:
        return nobody(t_s) if cued and t_s > cued[0] + 1.2 else observation

    def watch(t_s: float, view: TakeView) -> None:
        seen.append(t_s)
        if view.now:
            cued.append(t_s)

    result = run(Take(challenge(Action.NOD), SETTINGS), Person(after_s=0.3, slow=2.0), change=change, watch=watch)
    assert result.reason is Reason.FACE_LOST
    assert seen[-1] - cued[0] - 1.2 == pytest.approx(LOST_LIMIT_S, abs=0.2)
