"""The pieces of a take, each by itself: what is still asked, which faces are kept, where the face is, what doubt weighs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kiosk.domain.outcome import ActionRecord
from kiosk.domain.reasons import Action, Guidance
from kiosk.liveness import face_buffer
from kiosk.liveness.asked import Asked
from kiosk.liveness.challenge import Challenge, Step, pick_spare
from kiosk.liveness.doubt import REACTION_S, Doubt, hardest, is_stray
from kiosk.liveness.face_buffer import FaceBuffer, quality
from kiosk.liveness.gestures import Baseline, GestureEvent, sample
from kiosk.liveness.guidance import LIMITS, FaceLook, GuidanceFilter
from kiosk.liveness.pace import JUMP_S, LOOK_PERIOD_S, TURNED_LOST_S
from kiosk.liveness.placing import Placing
from tests.liveness.faces import Camera, Pose, face, nobody

BLINK, MOUTH, LEFT, RIGHT, NOD = Action.BLINK, Action.MOUTH_OPEN, Action.TURN_LEFT, Action.TURN_RIGHT, Action.NOD
PICTURE = Camera().picture()


def step(action: Action) -> Step:
    return Step(action, (1.0, 2.0))


def event(action: Action, start_s: float = 5.0) -> GestureEvent:
    return GestureEvent(action, start_s, start_s + 0.3, start_s + 0.6, 1.5)


# --- doubt ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("action", "weight"), [(BLINK, 0.0), (NOD, 0.25), (MOUTH, 0.5), (LEFT, 1.0), (RIGHT, 1.0)])
def test_what_a_movement_weighs_that_nobody_asked_for(action: Action, weight: float) -> None:
    doubt = Doubt()
    doubt.stray(event(action))
    doubt.stray(event(action))
    assert doubt.weight == 2 * weight
    assert doubt.enough is (2 * weight >= 1.0)


@pytest.mark.parametrize(
    ("action", "after_s", "wrong", "early", "weight"),
    [
        (LEFT, REACTION_S, 0, 0, 0.0),
        (LEFT, REACTION_S - 0.01, 0, 0, 1.0),
        (BLINK, 0.0, 0, 0, 0.0),
        (MOUTH, 1.0, 3, 0, 0.75),
        (MOUTH, 1.0, 0, 3, 0.75),
        (MOUTH, 0.0, 1, 2, 1.75),
    ],
)
def test_what_an_answer_weighs(action: Action, after_s: float, wrong: int, early: int, weight: float) -> None:
    doubt = Doubt()
    for _ in range(2):
        doubt.accepted(event(action, 8.0 + after_s), 8.0, wrong=wrong, early=early)
    assert doubt.weight == 2 * weight


def test_the_step_that_a_movement_meets_least() -> None:
    assert hardest([step(BLINK), step(MOUTH), step(RIGHT), step(NOD)]).action is RIGHT
    assert hardest([step(BLINK), step(NOD), step(MOUTH)]).action is MOUTH
    assert hardest([step(BLINK), step(NOD)]).action is NOD


def test_an_answer_that_begins_with_its_cue_is_none_of_the_strays() -> None:
    assert not is_stray(event(LEFT, 5.0), LEFT, 5.0)
    assert not is_stray(event(MOUTH, 5.0), MOUTH, 4.0)
    assert is_stray(event(MOUTH, 5.0), LEFT, 4.0)
    assert is_stray(event(LEFT, 5.0), MOUTH, 4.0)
    assert not is_stray(event(NOD, 5.0), LEFT, 4.0)


# --- what is asked -------------------------------------------------------------------------------------------------------


def asked(*actions: Action, spares: tuple[Action, ...] = (), swaps: int = 1, turn: bool = False, more: bool = False) -> Asked:
    return Asked(Challenge(tuple(map(step, actions)), tuple(map(step, spares)), swaps), turn, more)


def test_actions_are_done_in_their_order_and_kept_with_their_times() -> None:
    now = asked(LEFT, MOUTH)
    assert (now.action, now.index, now.count, now.done, now.can_swap) == (LEFT, 0, 2, (), False)
    now.early, now.wrong, now.larger, now.slower = 2, 1, True, True
    now.accept(event(LEFT, 5.0), 1.0, 4.0)
    assert now.records == [ActionRecord(LEFT, 3.0, 4.3, 1.5, 2)]
    assert (now.early, now.wrong, now.larger, now.slower) == (0, 0, False, False)
    assert (now.action, now.index, now.done) == (MOUTH, 1, (LEFT,))
    now.early = 1
    now.give_up(1.0, 9.0)
    assert now.records[1:] == [ActionRecord(MOUTH, 8.0, None, 0.0, 1)]
    now.accept(event(MOUTH, 9.5), 1.0, 9.0)
    assert (now.step, now.action, now.index, now.done, now.can_swap) == (None, None, 1, (LEFT, MOUTH), False)
    before = list(now.records)
    now.give_up(1.0, 9.0)
    assert now.records == before  # nothing was awaited


def test_one_more_is_asked_once_where_there_is_doubt_and_a_spare() -> None:
    for more, spares, weight, count in (
        (True, (RIGHT,), 1.0, 2),
        (False, (RIGHT,), 1.0, 1),
        (True, (), 1.0, 1),
        (True, (RIGHT,), 0.9, 1),
    ):
        now = asked(MOUTH, spares=spares, more=more)
        now.doubt.weight = weight
        now.accept(event(MOUTH, 5.0), 0.0, 1.0)
        assert now.count == count
    now = asked(MOUTH, LEFT, spares=(RIGHT, NOD), more=True)
    now.doubt.weight = 1.0
    counts = []
    for action in (MOUTH, LEFT, RIGHT):
        assert now.action is action  # the one more is the hardest of the spares
        now.accept(event(action, 5.0), 0.0, 1.0)
        counts.append(now.count)
    assert counts == [2, 3, 3]  # not before the last one, and not again


def test_a_swap_uses_up_its_spare() -> None:
    now = asked(MOUTH, LEFT, spares=(NOD, BLINK), swaps=2)
    assert now.can_swap
    now.early = now.wrong = 1
    now.swap()
    assert (now.action, now.swapped, now.early, now.wrong) == (NOD, (MOUTH,), 0, 0)
    now.swap()
    assert (now.action, now.swapped, now.can_swap) == (BLINK, (MOUTH, NOD), False)
    one = asked(MOUTH, LEFT, spares=(NOD, BLINK), swaps=1)
    one.swap()
    assert not one.can_swap  # though a spare is left
    assert asked(MOUTH, LEFT, spares=(NOD,), swaps=0).can_swap is False
    with pytest.raises(ValueError, match="nothing to swap for"):
        asked(MOUTH).swap()


@pytest.mark.parametrize(
    ("turn", "actions", "can"), [(True, (LEFT, MOUTH), False), (True, (LEFT, RIGHT), True), (False, (LEFT, MOUTH), True)]
)
def test_the_only_turn_that_is_needed_is_not_swapped(turn: bool, actions: tuple[Action, ...], can: bool) -> None:
    assert asked(*actions, spares=(BLINK,), turn=turn).can_swap is can


def test_what_stands_in_for_an_action() -> None:
    assert pick_spare(LEFT, (step(RIGHT), step(BLINK))) == step(BLINK)
    assert pick_spare(LEFT, (step(RIGHT),)) is None
    assert pick_spare(MOUTH, (step(RIGHT), step(BLINK))) == step(BLINK)
    assert pick_spare(MOUTH, (step(RIGHT),)) == step(RIGHT)
    assert pick_spare(LEFT, (step(BLINK),), turn_needed=True) is None
    assert pick_spare(MOUTH, (step(BLINK),), turn_needed=True) == step(BLINK)


# --- faces for the match -------------------------------------------------------------------------------------------------

SEEN = FaceLook(sharpness=40.0)
BASE = Baseline(mouth=sample(face(0.0)).mouth, eyes=sample(face(0.0)).eyes)


@pytest.mark.parametrize(
    ("pose", "fit"),
    [
        (Pose(yaw=17.9), True),
        (Pose(yaw=-18.1), False),
        (Pose(pitch=21.9), True),
        (Pose(pitch=-22.1), False),
        (Pose(blink=0.1), True),
        (Pose(blink=0.4), False),
        (Pose(mouth=0.1), True),
        (Pose(mouth=0.14), False),
    ],
)
def test_only_a_straight_open_eyed_quiet_face_is_fit(pose: Pose, fit: bool) -> None:
    assert (quality(face(0.0, pose), BASE, SEEN) > 0) is fit


def test_the_straighter_and_sharper_the_better() -> None:
    assert quality(face(0.0), BASE, SEEN) == pytest.approx(1.0)
    assert quality(face(0.0, Pose(yaw=9.0)), BASE, SEEN) == pytest.approx(0.75)
    assert quality(face(0.0, Pose(pitch=-11.0)), BASE, SEEN) == pytest.approx(0.875)
    assert quality(face(0.0), BASE, FaceLook(sharpness=20.0)) == pytest.approx(0.65)
    assert quality(face(0.0), BASE, FaceLook(sharpness=900.0)) == pytest.approx(1.0)
    for roll, fit in ((17.9, True), (-18.1, False)):
        assert (quality(replace(face(0.0), roll_deg=roll), BASE, SEEN) > 0) is fit
    assert quality(nobody(0.0), BASE, SEEN) == 0.0


def offered(buffer: FaceBuffer, *faces: tuple[float, float]) -> list[float]:
    """(time, yaw) of each; returns the times of those that are kept, best first."""
    for t_s, yaw in faces:
        buffer.offer(face(t_s, Pose(yaw=yaw)), PICTURE, BASE, SEEN)
    return [one.t_s for one in buffer.kept()]


def test_the_best_three_that_lie_apart_are_kept() -> None:
    assert face_buffer.PER_PART == 3
    assert offered(FaceBuffer(), (1.0, 8.0), (1.1, 4.0)) == [1.1]  # a better neighbour takes the place
    assert offered(FaceBuffer(), (1.0, 4.0), (1.1, 8.0)) == [1.0]
    assert offered(FaceBuffer(), (1.0, 4.0), (1.1, 4.0)) == [1.0]  # as good is not better
    assert offered(FaceBuffer(), (1.0, 8.0), (1.2, 4.0)) == [1.2, 1.0]
    four = ((1.0, 8.0), (2.0, 4.0), (3.0, 6.0), (4.0, 2.0))
    assert offered(FaceBuffer(), *four) == [4.0, 2.0, 3.0]
    assert offered(FaceBuffer(), *four, (5.0, 7.0)) == [4.0, 2.0, 3.0]
    assert offered(FaceBuffer(), (1.0, 40.0)) == []


def test_parts_are_kept_apart() -> None:
    buffer = FaceBuffer()
    assert not buffer.has_part()
    offered(buffer, (1.0, 0.0))
    assert buffer.has_part()
    buffer.next_part()
    assert not buffer.has_part()
    offered(buffer, (1.05, 5.0))
    first, second = buffer.kept()
    assert ((first.part, first.t_s), (second.part, second.t_s)) == ((0, 1.0), (1, 1.05))
    assert first.face_rgb.shape == (112, 112, 3)
    assert first.quality > second.quality


def test_who_acts_is_kept_at_the_first_and_the_last_height() -> None:
    buffer = FaceBuffer()
    buffer.acts(1.0, face(1.2), PICTURE)  # an attempt that came to nothing
    for t_s, yaw in ((2.0, 20.0), (2.1, 30.0), (2.2, 41.0), (2.3, 25.0), (2.4, -45.0)):
        buffer.acts(1.9, face(t_s, Pose(yaw=yaw)), PICTURE)
    buffer.acts(1.9, nobody(2.5), PICTURE)
    assert buffer.kept() == ()
    buffer.next_part()
    assert [(one.t_s, one.part, one.acting) for one in buffer.kept()] == [(2.0, 1, True), (2.3, 1, True)]
    assert [(one.face_rgb.shape, one.quality) for one in buffer.kept()] == [((112, 112, 3), 1e-3)] * 2
    assert not buffer.has_part()  # a straight look is still wanted
    buffer.next_part()
    assert len(buffer.kept()) == 2


# --- where the face is ---------------------------------------------------------------------------------------------------


def test_a_face_elsewhere_in_no_time_is_another_one() -> None:
    def jumped(after_s: float, x: float, turned: bool = False) -> bool:
        placing = Placing(LIMITS)
        placing.seen(face(1.0))
        placing.seen(nobody(1.05))  # who is not there leaves no trace
        return placing.jumped(face(1.0 + after_s, Pose(x=x)), turned_away=turned)

    assert jumped(0.25, 120.0)
    assert not jumped(0.26, 120.0)
    assert not jumped(0.2, 300.0)
    assert jumped(TURNED_LOST_S, 120.0, True)
    assert not jumped(TURNED_LOST_S + 0.01, 120.0, True)
    assert JUMP_S == 0.25
    assert not Placing(LIMITS).jumped(face(1.0), turned_away=False)
    placing = Placing(LIMITS)
    placing.seen(face(1.0))
    assert not placing.jumped(nobody(1.1), turned_away=False)


def test_how_long_nobody_was_seen_and_where_the_face_is() -> None:
    placing = Placing(LIMITS)
    assert (placing.lost_s(9.0), placing.box(9.0)) == (0.0, None)
    seen = face(9.0)
    placing.seen(seen)
    assert placing.lost_s(9.5) == 0.5
    assert placing.box(9.5) is None  # that was then
    assert seen.box is not None
    x0, y0, x1, y1 = seen.box
    assert placing.box(9.0) == (x0 / 640, y0 / 480, x1 / 640, y1 / 480)


def test_light_is_measured_now_and_then_and_at_once_for_a_face_that_comes() -> None:
    placing, fresh = Placing(LIMITS), []

    def look(seen: object) -> None:
        placing.fresh = False
        placing.step(seen, PICTURE, turning=False, started=False)  # type: ignore[arg-type]
        fresh.append(placing.fresh)

    for t_s in (0.0, 0.1):
        look(nobody(t_s))
    for t_s in (0.125, 0.25, 0.3125, 0.375):
        look(face(t_s))
    assert LOOK_PERIOD_S == 0.2
    assert fresh == [True, False, True, False, False, True]


def test_who_was_there_and_left_is_told_so_and_both_stop_a_take() -> None:
    for started, told in ((False, Guidance.NO_FACE), (True, Guidance.LEFT_FRAME)):
        placing = Placing(LIMITS)
        said = [placing.step(nobody(t_s / 10), PICTURE, turning=False, started=started) for t_s in range(6)]
        assert said[-1] == (True, told)
        assert said[0] == (True, None)
    placing = Placing(LIMITS)
    assert [placing.step(face(t_s / 10), PICTURE, turning=False, started=True) for t_s in range(6)][-1] == (False, None)


@pytest.mark.parametrize(("turning", "told"), [(False, Guidance.NOT_STRAIGHT), (True, None)])
def test_who_was_asked_to_turn_is_not_asked_to_look_straight(turning: bool, told: Guidance | None) -> None:
    placing = Placing(LIMITS)
    said = [placing.step(face(t_s / 10, Pose(yaw=30.0)), PICTURE, turning=turning, started=True) for t_s in range(6)]
    assert said[-1] == (False, told)


def test_a_mask_that_was_seen_stays_on_a_head_that_looks_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    placing = Placing(LIMITS)
    worn = {"mouth_chroma": 30.0}

    def hindered(t_s: float, yaw: float, turning: bool = False) -> bool:
        placing._looked_s = None
        monkeypatch.setattr("kiosk.liveness.placing.look", lambda *_: replace(SEEN, luma=150.0, size=0.5, **worn))
        return placing.step(face(t_s, Pose(yaw=yaw)), PICTURE, turning=turning, started=False)[0]

    assert not hindered(0.0, 30.0)  # nobody has seen the mouth yet
    assert hindered(0.2, 0.0)
    assert hindered(0.4, 30.0)
    assert hindered(0.6, -30.0)
    assert not hindered(0.8, 30.0, turning=True)  # who was asked to turn was seen before
    worn["mouth_chroma"] = 0.0
    assert hindered(1.0, 30.0)  # taken off, as far as one can tell from the side
    assert not hindered(1.2, 0.0)
    assert not hindered(1.4, 30.0)


def test_a_hint_appears_stays_long_enough_to_read_and_goes() -> None:
    calm, dark, far = GuidanceFilter(), Guidance.TOO_DARK, Guidance.TOO_FAR
    said = [
        (0.0, dark),
        (0.39, dark),
        (0.4, dark),
        (1.0, far),
        (1.5, far),
        (1.99, far),
        (2.0, far),
        (3.0, None),
        (3.3, dark),
        (3.5, None),
        (3.875, None),
        (4.0, None),
    ]
    shown = [calm.step(t_s, hint) for t_s, hint in said]
    # Held 0.4 s, it appears; it stays its 1.6 s; a moment without it takes nothing away, and it goes 0.4 s after the last.
    assert shown == [None, None, dark, dark, dark, dark, far, far, far, far, far, None]
