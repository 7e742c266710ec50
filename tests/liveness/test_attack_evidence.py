"""Which check sees which picture of a take, and which points of a turn are believed."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from kiosk.config import Checks, Liveness
from kiosk.domain.reasons import Action
from kiosk.liveness.attacks import evidence as evidence_room
from kiosk.liveness.attacks import parallax as parallax_room
from kiosk.liveness.attacks.evidence import AttackEvidence
from kiosk.liveness.attacks.parallax import Parallax, TurnFrame, _corners, _track, parallax
from kiosk.liveness.light.answer import LightScores
from kiosk.liveness.light.code import draw_code
from tests.liveness.faces import face, nobody
from tests.liveness.test_attacks import texture, turn_of

PICTURE = np.full((48, 64, 3), 120, np.uint8)
SEEN = face(7.0)
ALWAYS = ["repeats", "came", "proof", "code"]
QUIET = [*ALWAYS, "loop", "answer", "sway", "holes", "screen", "no turn"]
TO_LEFT, BLINK = Action.TURN_LEFT, Action.BLINK


def watched(monkeypatch: pytest.MonkeyPatch, **modes: str) -> tuple[AttackEvidence, list[tuple[object, ...]]]:
    """Every check, and a list of those that were shown something."""
    told: list[tuple[object, ...]] = []

    def note(name: str, *given: object) -> float:
        told.append((name, *given))
        return 1.0

    checks = Checks(**{name: modes.get(name, "record") for name in Checks.model_fields})  # type: ignore[arg-type]
    made = AttackEvidence(Liveness(checks=checks), (0, 1), draw_code(random.Random(1)))
    made._proof = SimpleNamespace(step=partial(note, "proof"))  # type: ignore[assignment]
    parts = {
        "repeats": (made._repeats, "step"),
        "came": (made.turns, "came"),
        "code": (made.answer, "came"),
        "loop": (made._loop, "step"),
        "light": (made.light, "step"),
        "answer": (made.answer, "step"),
        "sway": (made._sway, "step"),
        "holes": (made._holes, "step"),
        "screen": (evidence_room, "screen_score"),
        "turn": (made.turns, "step"),
        "no turn": (made.turns, "no_turn"),
    }
    for name, (room, called) in parts.items():
        if room is not None:
            monkeypatch.setattr(room, called, partial(note, name))
    return made, told


@pytest.mark.parametrize(
    ("phase", "action", "shown"),
    [
        ("positioning", None, ALWAYS),
        ("baseline", None, QUIET),
        ("light", None, [*ALWAYS, "loop", "light", "no turn"]),
        ("wait-cue", TO_LEFT, QUIET),
        ("cue", BLINK, [*ALWAYS, "loop", "no turn"]),
        ("cue", TO_LEFT, [*ALWAYS, "loop", "turn"]),
        ("cue", Action.TURN_RIGHT, [*ALWAYS, "loop", "turn"]),
        ("between", None, QUIET),
    ],
)
def test_which_check_sees_a_picture(monkeypatch: pytest.MonkeyPatch, phase: str, action: Action | None, shown: list[str]) -> None:
    made, told = watched(monkeypatch)
    made.step(SEEN, PICTURE, phase, action, 2.5, 1.5)
    assert [one[0] for one in told] == shown
    given = {
        "repeats": (7.0, PICTURE), "came": (7.0,), "proof": (7.0, PICTURE, phase), "code": (7.0, 1.5), "loop": (SEEN,),
        "light": (SEEN, PICTURE), "answer": (SEEN, PICTURE), "sway": (SEEN,), "holes": (SEEN,), "screen": (PICTURE, SEEN.box),
        "turn": (SEEN, SEEN.points, PICTURE, 2.5), "no turn": (),
    }  # fmt: skip
    for name, *found in told:
        assert all(one is two or one == two for one, two in zip(found, given[str(name)], strict=True)), name
    told.clear()
    made.step(nobody(7.1), PICTURE, phase, action)
    assert [one[0] for one in told] == ALWAYS


def test_a_check_that_is_off_sees_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    made, told = watched(monkeypatch, repeated_frames="off", light="off", screen="off", depth="off", reflection="off")
    assert made.answer is None
    for phase in ("baseline", "cue"):
        made.step(SEEN, PICTURE, phase, TO_LEFT)
    assert [one[0] for one in told] == ["came", "proof", "loop", "sway", "holes", "no turn", "came", "proof", "loop", "no turn"]
    code = draw_code(random.Random(1))
    for given, light, watches in ((code, "record", True), (code, "off", False), (None, "record", False)):
        settings = Liveness(checks=Checks(light=light))  # type: ignore[arg-type]
        assert (AttackEvidence(settings, code=given).answer is not None) is watches
    none = AttackEvidence(Liveness())
    none.step(SEEN, PICTURE, "light", None)  # no colours are shown: none are looked for
    assert none.light is None


def test_a_screen_is_looked_for_now_and_then_and_six_times_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    made, told = watched(monkeypatch)
    for t_s, looks in ((1.0, 1), (1.25, 1), (1.5, 2), (1.75, 2), (2.0, 3), (3.0, 4), (4.0, 5), (5.0, 6), (6.0, 6)):
        made.step(face(t_s), PICTURE, "baseline", None)
        assert [one[0] for one in told].count("screen") == looks, t_s
    made, told = watched(monkeypatch)
    made.step(replace(SEEN, box=None), PICTURE, "baseline", None)
    assert "screen" not in [one[0] for one in told]
    assert made._screen == []


@pytest.mark.parametrize(
    ("found", "told"),
    [(LightScores(time=0.9, shape=0.5, room=0.1), (0.9, 0.5, 0.1)), (LightScores(time=0.1, noise=0.005), (None, None, None))],
)
def test_what_the_light_says_is_told_where_it_can_be_told(found: LightScores, told: tuple[float | None, ...]) -> None:
    made, delays = AttackEvidence(Liveness(checks=Checks(light="record"), light_delay_s=0.12)), list[float]()
    made.answer = SimpleNamespace(scores=lambda delay_s: delays.append(delay_s) or found)  # type: ignore[assignment, func-returns-value]
    scores = {one.name: one.score for one in made.scores()}
    assert (scores["light_time"], scores["light_shape"], scores["light_room"]) == told
    assert made.lit is found  # for whoever wants to know how it is here
    assert delays == [0.12]


@pytest.mark.parametrize(
    ("light", "time", "proof", "unclear"),
    [("enforce", None, None, True), ("enforce", 0.9, None, False), ("record", None, None, False), ("record", None, True, True),
     ("enforce", 0.9, False, False), ("enforce", 0.9, True, True)],
)  # fmt: skip
def test_when_it_cannot_be_told_whether_face_and_camera_answered(
    light: str, time: float | None, proof: bool | None, unclear: bool
) -> None:
    made = AttackEvidence(Liveness(checks=Checks(light=light)), code=draw_code(random.Random(1)))  # type: ignore[arg-type]
    made.lit = LightScores(time=time)
    made._proof = None if proof is None else SimpleNamespace(unclear=proof)  # type: ignore[assignment]
    assert made.unclear is unclear


# --- the points of a turn ------------------------------------------------------------------------------------------------


def test_a_point_that_was_lost_once_is_believed_no_more() -> None:
    whole = texture(1)
    torn = whole.copy()
    torn[100:200, 200:320] = texture(9)[100:200, 200:320]
    frames = [TurnFrame(gray, np.zeros((1, 2), np.float32), 0.0) for gray in (whole, torn, whole)]
    start = np.array([(60.0, 80.0), (260.0, 150.0), (350.0, 250.0)], np.float32)
    now, good = _track(frames, start)
    assert good.tolist() == [True, False, True]
    assert now[[0, 2]] == pytest.approx(start[[0, 2]], abs=0.1)


@pytest.mark.parametrize(("good", "told"), [(11, Parallax(face_points=11, ring_points=3)), (12, None)])
def test_a_turn_with_too_few_points_says_how_many(monkeypatch: pytest.MonkeyPatch, good: int, told: Parallax | None) -> None:
    frames = turn_of(draw_face=True)

    def tracked(turn: list[TurnFrame], start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return start + 2, np.r_[np.arange(140) < good, np.arange(len(start) - 140) < 3]

    monkeypatch.setattr(parallax_room, "_track", tracked)
    found = parallax(frames)
    assert found == told if told else (found.face_points, found.ring_points, found.follow, found.sheet) == (12, 3, None, None)
    assert (found.face is None) is (told is not None)


@pytest.mark.parametrize("place", [(0, 0, 90, 70), (150, 90, 260, 210), (300, 200, 400, 300), (0, 0, 400, 300)])
def test_corners_about_a_mask_are_those_of_the_whole_picture(place: tuple[int, int, int, int]) -> None:
    gray, mask = texture(3), np.zeros((300, 400), np.uint8)
    left, top, right, low = place
    mask[top:low, left:right] = 255
    whole = cv2.goodFeaturesToTrack(gray, 140, 0.01, 4, mask=mask, blockSize=5)
    assert len(whole) > 20
    assert _corners(gray, mask, 140, 4).tolist() == whole.reshape(-1, 2).tolist()
    assert len(_corners(gray, mask * 0, 140, 4)) == 0
