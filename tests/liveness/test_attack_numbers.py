"""Each number of the attack checks and of the light passcode where it stands: just at it, and just beyond. Made-up points."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import numpy as np
import pytest

from kiosk.config import Checks, Liveness
from kiosk.domain.outcome import CheckScore
from kiosk.domain.reasons import Action
from kiosk.liveness.attacks import repeats, turns
from kiosk.liveness.attacks.cutout import _EYES, _MOUTH, _SKIN, HoleWatcher
from kiosk.liveness.attacks.depth import depth_score
from kiosk.liveness.attacks.evidence import AttackEvidence
from kiosk.liveness.attacks.limits import RULES
from kiosk.liveness.attacks.parallax import Parallax, TurnFrame, tracking_scale, turn_frame
from kiosk.liveness.attacks.reflection import LightWatcher
from kiosk.liveness.attacks.repeats import RepeatWatcher
from kiosk.liveness.attacks.stillness import _POINTS, SwayWatcher
from kiosk.liveness.attacks.turns import TurnVerdict, TurnWatcher
from kiosk.liveness.landmarks import FaceObservation
from kiosk.liveness.light.answer import ANSWERED, CLEAR, EXPECTED, GAUDY, HEAD, LightScores
from kiosk.liveness.light.code import RAMP_S, SYMBOL_S, SYMBOLS, LightCode, draw_code
from tests.liveness.faces import SIZE, face, nobody


@pytest.mark.parametrize(
    ("name", "limit", "attack"),
    [
        ("depth", 1.0, "below"),
        ("background", 0.25, "above"),
        ("bent_print", 0.05, "below"),
        ("screen", 4.2, "above"),
        ("cutout", 0.08, "above"),
        ("stillness", 0.0012, "below"),
        ("repeated_frames", 0.02, "above"),
        ("loop", 0.80, "above"),
        ("light_time", 0.30, "below"),
        ("light_shape", 0.10, "below"),
        ("light_room", 0.6, "above"),
        ("reflection", 0.5, "below"),
    ],
)
def test_on_which_side_of_its_limit_an_attack_lies(name: str, limit: float, attack: str) -> None:
    rule = RULES[name]
    assert (rule.limit, rule.attack) == (limit, attack)
    assert not rule.flags(limit)
    assert not rule.flags(None)
    assert rule.flags(limit * 0.99) is (attack == "below")
    assert rule.flags(limit * 1.01) is (attack == "above")


def test_every_check_has_its_limit_in_the_list_above() -> None:
    assert len(RULES) == 12


# --- stillness and holes -------------------------------------------------------------------------------------------------


def pointed(t_s: float, x: float = 100.0, y: float = 100.0, eye: float = 40.0, yaw: float = 0.0) -> FaceObservation:
    points = np.zeros((478, 3), np.float32)
    points[33, :2], points[263, :2] = (x, y), (x + eye, y)
    points[list(_POINTS), :2] = (x, y)
    return replace(face(t_s), points=points, yaw_deg=yaw)


def swayed(*places: tuple[float, float], each: int = 3, eye: float = 40.0) -> float | None:
    """Places of quarter seconds, `each` pictures in each."""
    watcher = SwayWatcher()
    for number, (x, y) in enumerate(places):
        for part in range(each):
            watcher.step(pointed(10.0 + 0.25 * number + 0.08 * part, x, y, eye))
    watcher.step(nobody(99.0))
    return watcher.score()


def test_how_much_a_head_sways() -> None:
    five = [(100.0, 100.0), (104.0, 100.0), (100.0, 100.0), (104.0, 100.0), (100.0, 100.0)]
    spread = float(np.std([0, 4, 0, 4, 0]))
    assert swayed(*five) == pytest.approx(spread / 40)
    assert swayed(*((y, x) for x, y in five)) == pytest.approx(spread / 40)
    assert swayed(*((x, x) for x, _ in five)) == pytest.approx(spread * math.sqrt(2) / 40)
    assert swayed(*five, eye=0.5) == pytest.approx(spread)  # no eye distance under a pixel
    assert swayed(*five, each=2) is None  # ten pictures
    assert swayed(*five[:4], each=4) is None  # one second
    assert SwayWatcher().score() is None


def holed(shift: float, *, yaw: float = 0.0, every_s: float = 0.1, rows: int = 20, which: tuple[int, ...] = _EYES) -> float | None:
    """Points of skin that stay; eyes or mouth that go to and fro by `shift` eye distances."""
    watcher, rng = HoleWatcher(), np.random.default_rng(1)
    points = np.zeros((478, 3), np.float32)
    points[:, :2] = rng.uniform(100, 300, (478, 2))
    points[33, :2], points[263, :2] = (100, 200), (200, 200)
    for number in range(rows):
        moved = points.copy()
        moved[list(which), 0] += 100 * shift * (number % 2)
        watcher.step(replace(face(5.0 + number * every_s), points=moved, yaw_deg=yaw))
    watcher.step(nobody(99.0))
    return watcher.score()


def test_what_lies_behind_a_hole_slides() -> None:
    assert not set(_SKIN) & {*_EYES, *_MOUTH}
    assert holed(0.2) == pytest.approx(0.1, abs=1e-4)  # half of the way: a spread
    assert holed(0.2, which=_MOUTH) == pytest.approx(0.1, abs=1e-4)  # the larger of the two
    assert holed(0.0) == pytest.approx(0.0, abs=1e-4)
    assert holed(0.2, yaw=10.0) is not None
    assert holed(0.2, yaw=-10.1) is None
    assert holed(0.2, rows=19) is None
    assert holed(0.2, every_s=0.08) is None  # every second one is too soon
    assert holed(0.2, every_s=0.08, rows=39) is not None


# --- pictures that come back ---------------------------------------------------------------------------------------------


def repeated(*frames: tuple[float, int]) -> float | None:
    watcher = RepeatWatcher()
    for t_s, value in frames:
        watcher.step(t_s, np.full((80, 80, 3), value, np.uint8))
    return watcher.share()


def test_the_share_of_pictures_that_came_back(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = [(0.1 * number, number) for number in range(19)]
    assert repeated(*fresh) is None
    assert repeated(*fresh, (1.9, 19)) == 0.0
    assert repeated(*fresh, (2.0, 0)) == 1 / 20
    assert repeated(*fresh, (2.125, 18)) == 1 / 20  # 0.325 s after its first one
    assert repeated(*fresh[:18], (2.0, 50), (2.25, 50)) == 0.0  # a driver that keeps up its rate
    monkeypatch.setattr(repeats, "_REMEMBER", 19)
    assert repeated(*fresh, (1.9, 19), (2.5, 0)) == 0.0  # forgotten
    assert repeated(*fresh, (1.9, 19), (2.5, 1)) == 1 / 21
    tall = np.zeros((400, 400, 3), np.uint8)
    watcher = RepeatWatcher()
    for number in range(20):
        tall[9, 9] = tall[11, 11] = tall[5, 5] = number  # between the pixels that are looked at: each tenth
        watcher.step(float(number), tall)
    assert watcher.share() == 19 / 20


# --- turns ---------------------------------------------------------------------------------------------------------------

NOTHING = Parallax()
DEEP = Parallax(face=0.1, sheet=0.12, follow=0.1, face_points=19, ring_points=15)


@pytest.mark.parametrize(
    ("mesh", "seen", "score"),
    [
        (0.125, Parallax(), 1.0),
        (0.0625, DEEP, 2.0),
        (0.5, DEEP, 4.0),
        (0.0625, replace(DEEP, follow=0.12), 2.0),
        (0.0625, replace(DEEP, follow=0.121), 0.5),
        (0.0625, replace(DEEP, face_points=18), 0.5),
        (0.0625, replace(DEEP, ring_points=14), 0.5),
        (0.0625, replace(DEEP, sheet=None), 0.5),
        (0.0625, replace(DEEP, follow=None), 0.5),
    ],
)
def test_the_better_witness_of_depth_counts(mesh: float, seen: Parallax, score: float) -> None:
    assert depth_score(mesh, seen) == pytest.approx(score)


def test_at_what_size_points_are_tracked() -> None:
    points = np.zeros((478, 3), np.float32)
    points[0] = (900.0, 340.0, 50.0)
    assert tracking_scale(points) == 0.5
    assert tracking_scale(points / 4) == 1.0  # never made larger
    assert tracking_scale(points * 0) == 1.0
    picture = np.full((40, 60, 3), 100, np.uint8)
    half = turn_frame(picture, points, 12.0, 0.5)
    assert (half.gray.shape, half.yaw_deg, half.points[0].tolist()) == ((20, 30), 12.0, [450.0, 170.0])
    assert turn_frame(picture, points, 12.0, 1.0).gray.shape == (40, 60)


def turned(
    monkeypatch: pytest.MonkeyPatch,
    yaws: tuple[float, ...] = (0.0, 7.0, 14.0, 21.0, 28.0),
    *,
    fps: float = 10.0,
    depth: str = "enforce",
    bent: str = "off",
    mesh: float = 0.125,
    seen: Parallax = NOTHING,
) -> tuple[TurnVerdict, TurnWatcher]:
    monkeypatch.setattr(turns, "parallax", lambda turn: seen)
    monkeypatch.setattr(turns, "mesh_residual", lambda one, two: mesh)
    watcher = TurnWatcher(Checks(depth=depth, bent_print=bent))  # type: ignore[arg-type]
    picture = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    for number, yaw in enumerate(yaws):
        watcher.came(number / fps)
        seen_face = replace(face(number / fps), yaw_deg=yaw)
        watcher.step(seen_face, seen_face.points, picture, 0.0)  # type: ignore[arg-type]
    return watcher.judge(), watcher


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        ({}, TurnVerdict.DEEP),
        ({"mesh": 0.12}, TurnVerdict.FLAT),
        ({"mesh": 0.12, "depth": "record"}, TurnVerdict.DEEP),
        ({"depth": "off"}, TurnVerdict.UNJUDGED),
        ({"fps": 4.0}, TurnVerdict.DEEP),
        ({"fps": 3.9}, TurnVerdict.UNJUDGED),
        ({"yaws": (0.0, 7.0, 14.0)}, TurnVerdict.UNJUDGED),  # three pictures: how often they come is not known
        ({"yaws": (0.0, 7.0, 14.0, 21.0)}, TurnVerdict.JERKY),
        ({"yaws": (0.0, 7.0, 14.0, 21.0), "depth": "record"}, TurnVerdict.UNJUDGED),
        ({"yaws": (0.0, 14.0, 28.0, 30.0, 33.0)}, TurnVerdict.DEEP),
        ({"yaws": (0.0, 14.1, 28.0, 30.0, 33.0)}, TurnVerdict.JERKY),
        ({"yaws": (0.0, 1.0, 2.0, 1.0, 0.0)}, TurnVerdict.JERKY),  # nobody turned
        ({"yaws": (0.0, 1.0, 2.0, 1.0, 0.0), "depth": "record"}, TurnVerdict.UNJUDGED),
        ({"yaws": (0.0, -7.0, -14.0, -21.0, -28.0, -20.0, -10.0)}, TurnVerdict.DEEP),
        ({"seen": Parallax(sheet=0.04), "bent": "enforce"}, TurnVerdict.FLAT),
        ({"seen": Parallax(sheet=0.05), "bent": "enforce"}, TurnVerdict.DEEP),
        ({"seen": Parallax(sheet=0.04), "bent": "record"}, TurnVerdict.DEEP),
    ],
)
def test_what_is_found_of_a_turn(monkeypatch: pytest.MonkeyPatch, given: dict[str, object], verdict: TurnVerdict) -> None:
    found, watcher = turned(monkeypatch, **given)  # type: ignore[arg-type]
    assert found is verdict
    assert watcher.saw_depth is (verdict is TurnVerdict.DEEP)
    assert len(watcher.accepted) == len(watcher.parallax) == (verdict is TurnVerdict.DEEP)


def test_what_a_turn_leaves_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    _, watcher = turned(monkeypatch, mesh=0.25, seen=Parallax(sheet=0.3, follow=0.2))
    assert (watcher.depth(), watcher.background(), watcher.bent_print()) == (2.0, 0.2, 0.3)
    assert watcher.accepted[0].yaw_deg == 28.0
    watcher._depth.append(1.5)
    watcher.parallax += [Parallax(sheet=0.1, follow=0.4), Parallax()]
    assert (watcher.depth(), watcher.background(), watcher.bent_print()) == (1.5, 0.4, 0.1)  # the worst turn
    _, watcher = turned(monkeypatch, mesh=0.0625, seen=Parallax(sheet=0.03))
    assert (watcher.depth(), watcher.background(), watcher.bent_print()) == (0.5, None, 0.03)  # of a refused one
    watcher._refused = 0.9
    assert watcher.frames_per_s == pytest.approx(10.0)
    fresh = TurnWatcher(Checks())
    assert (fresh.frames_per_s, fresh.depth(), fresh.background(), fresh.bent_print()) == (0.0, None, None, None)


def test_which_pictures_of_a_turn_are_kept() -> None:
    watcher, picture = TurnWatcher(Checks()), np.zeros((SIZE[1], SIZE[0], 3), np.uint8)

    def look(t_s: float, yaw: float, neutral: float = 0.0) -> list[float]:
        seen = replace(face(t_s), yaw_deg=yaw)
        watcher.step(seen, seen.points, picture, neutral)  # type: ignore[arg-type]
        return [frame.yaw_deg for frame in watcher._turn]

    assert look(0.0, 12.0, 10.0) == [2.0]  # from where this person looks straight
    assert look(0.1, 1.0) == [2.0]  # too soon for another one
    assert look(0.2, 1.0) == [1.0]
    assert look(0.3, 6.0) == [1.0, 6.0]
    assert look(0.4, 7.4) == [1.0, 6.0]  # less than a step
    assert look(0.5, 7.5) == [1.0, 6.0, 7.5]
    assert look(0.6, 20.0) == [1.0, 6.0, 7.5, 20.0]
    assert look(0.7, 12.0) == [1.0, 6.0, 7.5, 20.0, 12.0]
    assert look(0.8, 5.0) == [1.0, 6.0, 7.5, 20.0, 12.0]  # back, and perhaps not yet over
    assert watcher._turned is not None
    assert look(1.2, 5.0) == [1.0, 6.0, 7.5, 20.0, 12.0]
    assert look(1.4, 5.0) == [5.0]  # over: the next one begins from a fresh picture
    watcher.no_turn()
    assert watcher._turn == []
    assert look(1.41, 9.0) == [9.0]  # whatever comes first


def test_a_turn_has_so_many_pictures_at_most() -> None:
    watcher, gray = TurnWatcher(Checks()), np.zeros((4, 4), np.uint8)
    watcher._turn = [TurnFrame(gray, np.zeros((1, 2), np.float32), 10.0 + number) for number in range(39)]
    picture = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    for number, yaw in enumerate((60.0, 62.0)):
        seen = replace(face(float(number)), yaw_deg=yaw)
        watcher.step(seen, seen.points, picture, 0.0)  # type: ignore[arg-type]
    assert len(watcher._turn) == 40


# --- all of them ---------------------------------------------------------------------------------------------------------


def test_every_check_that_is_not_off_is_told_with_its_own_score() -> None:
    modes = {name: "record" for name in Checks.model_fields}
    evidence = AttackEvidence(Liveness(checks=Checks(**modes)), (0, 1))  # type: ignore[arg-type]
    made = {"depth": 1.0, "background": 2.0, "bent_print": 3.0}
    for name, value in made.items():
        setattr(evidence.turns, name, lambda value=value: value)
    evidence._holes.score = lambda: 5.0  # type: ignore[method-assign]
    evidence._sway.score = lambda: 6.0  # type: ignore[method-assign]
    evidence._repeats.share = lambda: 7.0  # type: ignore[method-assign]
    evidence._loop.score = lambda: 8.0  # type: ignore[method-assign]
    evidence.light.score = lambda: 9.0  # type: ignore[union-attr, method-assign]
    evidence._screen = [4.0, 1.0, 9.0]
    expected = {
        "depth": 1.0, "background": 2.0, "bent_print": 3.0, "screen": 4.0, "cutout": 5.0, "stillness": 6.0, "repeated_frames": 7.0,
        "loop": 8.0, "light_time": None, "light_shape": None, "light_room": None, "reflection": 9.0,
    }  # fmt: skip
    assert evidence.scores() == tuple(
        CheckScore(name, score, RULES[name].limit, "record", RULES[name].flags(score)) for name, score in expected.items()
    )
    evidence._screen = [4.0, 1.0]
    assert {one.name: one.score for one in evidence.scores()}["screen"] is None
    off = AttackEvidence(Liveness(checks=Checks(**dict.fromkeys(Checks.model_fields, "off"))))  # type: ignore[arg-type]
    assert off.scores() == ()
    for light, shape in (("enforce", "refer"), ("refer", "record"), ("record", "record")):
        told = {one.name: one.mode for one in AttackEvidence(Liveness(checks=Checks(light=light))).scores()}  # type: ignore[arg-type]
        assert (told["light_time"], told["light_shape"], told["light_room"]) == (light, shape, "record")


def test_when_a_head_was_seen() -> None:
    head = LightScores(time=0.9, shape=0.9)
    for depth, light, lit, seen in (
        (True, "off", LightScores(), True),
        (False, "enforce", head, True),
        (False, "enforce", LightScores(time=0.9, shape=0.1), False),
        (False, "refer", head, False),
    ):
        evidence = AttackEvidence(Liveness(checks=Checks(light=light)))  # type: ignore[arg-type]
        evidence.lit = lit
        evidence.turns._depth = [2.0] if depth else []
        assert evidence.saw_head is seen


def test_only_a_turn_that_is_asked_for_is_watched() -> None:
    evidence, picture = AttackEvidence(Liveness()), np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    for phase, action, kept in (
        ("cue", Action.TURN_LEFT, 1),
        ("cue", Action.BLINK, 0),
        ("cue", Action.TURN_RIGHT, 1),
        ("wait-cue", Action.TURN_LEFT, 0),
    ):
        evidence.step(face(1.0), picture, phase, action)
        assert len(evidence.turns._turn) == kept, (phase, action)


# --- light ---------------------------------------------------------------------------------------------------------------


def test_which_colour_is_shown_when() -> None:
    watcher = LightWatcher((2, 0, 1))
    assert [watcher.shown(5.0 + t_s) for t_s in (0.0, 0.69, 0.71, 1.41, 2.09, 2.11)] == [2, 2, 0, 1, 1, None]


def test_a_code_rises_and_falls_softly() -> None:
    code = LightCode((1, -1, -1), (-1, 1, 1), (1, 1, -1))
    assert code.levels(-0.01) == (0.0, 0.0, 0.0)
    assert code.levels(0.0) == (0.0, 0.0, 0.0)
    assert code.levels(RAMP_S / 2) == pytest.approx((0.5, -0.5, 0.5))
    assert code.levels(RAMP_S) == pytest.approx((1.0, -1.0, 1.0))
    quarter, half = (1 - 2 * (0.5 - 0.5 * math.cos(math.pi * share)) for share in (0.25, 0.5 * SYMBOL_S / RAMP_S))
    assert code.levels(SYMBOL_S + RAMP_S / 4) == pytest.approx((quarter, -quarter, 1.0))
    assert code.levels(2.5 * SYMBOL_S) == pytest.approx((-1.0, 1.0, half))
    end = 3 * SYMBOL_S
    assert code.levels(end) == pytest.approx((-1.0, 1.0, -1.0))
    assert code.levels(end + RAMP_S / 2) == pytest.approx((-0.5, 0.5, -0.5))
    assert code.levels(end + RAMP_S) == (0.0, 0.0, 0.0)
    assert LightCode((), (), ()).levels(0.01) == (0, 0, 0)


def test_no_sequence_of_a_code_is_slow() -> None:
    for seed in range(40):
        code = draw_code(random.Random(seed))
        for row in (code.hue, code.across, code.along):
            assert len(row) == SYMBOLS
            assert sum(a != b for a, b in zip(row, row[1:], strict=False)) >= 6
        assert len({*zip(code.hue, code.across, code.along, strict=True)}) == 8  # every combination, twice


@pytest.mark.parametrize(
    ("scores", "available", "expected"),
    [
        (LightScores(), False, 0.0),
        (LightScores(time=ANSWERED, noise=1e-9 + EXPECTED / CLEAR), True, 0.0),
        (LightScores(time=ANSWERED - 0.01, noise=EXPECTED / CLEAR), True, 0.0),
        (LightScores(time=ANSWERED - 0.01, noise=EXPECTED / CLEAR * 1.01), False, 0.0),
        (LightScores(time=ANSWERED - 0.01, noise=0.02 / CLEAR), True, 0.02),
        (LightScores(time=ANSWERED - 0.01, noise=GAUDY), True, 0.0),
        (LightScores(time=ANSWERED - 0.01, noise=GAUDY * 0.99), False, 0.0),
    ],
)
def test_when_an_answer_can_be_told(scores: LightScores, available: bool, expected: float) -> None:
    assert scores.available(expected) is available
    if not expected:
        assert scores.available() is available


def test_when_the_shape_of_an_answer_says_something() -> None:
    assert LightScores(time=ANSWERED, shape=0.1, shape_noise=0.05).relief == pytest.approx(0.2)
    assert LightScores(time=ANSWERED - 0.01, shape=0.1).relief is None
    assert LightScores(time=0.9).relief is None
    assert LightScores(shape=0.9).relief is None
    assert LightScores(time=ANSWERED, shape=HEAD + 0.1, shape_noise=0.05).is_head
    assert not LightScores(time=ANSWERED, shape=HEAD + 0.099, shape_noise=0.05).is_head
    assert not LightScores(time=ANSWERED - 0.01, shape=0.9).is_head
    assert not LightScores(time=0.9).is_head
