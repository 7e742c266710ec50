"""The light passcode's measurements by their numbers: of rendered takes as a table, of small pictures by hand.

The table lies beside this file. After a change that is meant: `python -m tests.liveness.test_light_numbers`, and look at the
difference. Numbers are compared to one part in ten thousand: linear algebra differs a little from machine to machine.
"""

from __future__ import annotations

import dataclasses
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kiosk.liveness.light import answer
from kiosk.liveness.light.answer import LightAnswer, LightScores, LitFrames, Surface, judge, room_of, skin_of, surface_of
from kiosk.liveness.light.code import LENGTH_S, draw_code
from kiosk.liveness.light.daylight import Daylight
from tests.liveness.faces import SIZE, Pose, face, nobody
from tests.liveness.lights import scores, surface

TABLE = Path(__file__).with_name("lights.json")
CASES: dict[str, dict[str, Any]] = {
    "head": {"species": "head", "seed": 1},
    "head, little unrest": {"species": "head", "seed": 2, "lux": 300.0, "unrest": 0.001},
    "head, white balance": {"species": "head", "seed": 3, "white": 0.05},
    "head, other light": {"species": "head", "seed": 4, "lux": 20000.0, "gaudy": 0.03},
    "head, nobody knows how late": {"species": "head", "seed": 1, "known_s": 0.0},
    "print": {"species": "print-bent", "seed": 1, "unrest": 0.001},
    "late": {"species": "late", "seed": 2},
    "other code": {"species": "stream-other-code", "seed": 3},
}


def told(name: str) -> dict[str, float | None]:
    return dataclasses.asdict(scores(**CASES[name]))


@pytest.mark.parametrize("name", CASES)
def test_what_comes_back_in_numbers(name: str) -> None:
    written = json.loads(TABLE.read_text(encoding="utf-8"))[name]
    assert told(name) == {
        key: value if value is None else pytest.approx(value, rel=1e-4, abs=1e-7) for key, value in written.items()
    }


def frames(count: int = 80, every_s: float = 0.04) -> LitFrames:
    rng = np.random.default_rng(2)
    times = np.arange(count) * every_s
    skin = 0.2 * (1 + 0.02 * rng.standard_normal((count, len(answer.POINTS), 3)))
    return LitFrames(times, skin, 0.1 * (1 + 0.01 * rng.standard_normal((count, 3))), np.stack([times, times], axis=1))


def test_of_too_little_nothing_is_told() -> None:
    code, seen, head = draw_code(random.Random(1)), frames(), surface()
    assert judge(code, seen, head, 0.12).time is not None
    for usable, told_something in ((12, True), (11, False)):
        dark = seen.skin.copy()
        dark[3, usable:] = 0.001
        assert (judge(code, replace(seen, skin=dark), head, 0.12) != LightScores()) is told_something
    for shown_s, told_something in ((0.6 * LENGTH_S + 0.001, True), (0.6 * LENGTH_S - 0.001, False)):
        clock = seen.clock.copy()
        clock[:, 1] = np.minimum(clock[:, 1], shown_s)
        assert (judge(code, replace(seen, clock=clock), head, 0.12) != LightScores()) is told_something
    black = judge(code, replace(seen, room=seen.room * 0), head, 0.12)
    assert black.room is None
    assert black.time is not None


def test_which_points_can_be_told_by_their_colour() -> None:
    skin = np.full((3, 4, 3), 0.5)
    skin[1, 1, 2], skin[2, 2, 0], skin[0, 3, 1] = 0.004, 0.97, 0.005
    assert answer._usable(skin).tolist() == [True, False, False, True]


def test_what_passes_for_a_drift() -> None:
    """A stretch has a level and a slope; one that lasts longer than a second and a half may bend."""
    times = np.array([0.0, 0.4, 0.8, 1.3, 2.3, 2.6])
    columns = answer._drift(times)
    assert columns.shape == (6, 6)
    assert columns[:, 0].tolist() == [1, 1, 1, 0, 0, 0]
    assert columns[:3, 1] == pytest.approx(np.array([-0.4, 0.0, 0.4]))
    assert columns[:, 2].tolist() == [0, 0, 0, 1, 0, 0]
    assert columns[4:, 5] == pytest.approx(np.array([-0.15, 0.15]))
    long = answer._drift(np.arange(6) * 0.35)
    assert long.shape == (6, 3)
    assert long[:, 2] == pytest.approx(long[:, 1] ** 2)
    assert answer._drift(np.arange(5) * 0.375).shape == (5, 2)  # 1.5 s do not bend


def test_where_the_mesh_looks() -> None:
    """A plane that leans to the right of the picture, and one that leans down: z grows away from the camera."""
    rng = np.random.default_rng(4)
    flat = np.zeros((478, 3))
    flat[:, :2] = rng.uniform(0, 200, (478, 2)) + (100, 50)
    for slope_x, slope_y in ((0.0, 0.0), (0.5, 0.0), (0.0, -1.0)):
        mesh = flat.copy()
        mesh[:, 2] = slope_x * mesh[:, 0] + slope_y * mesh[:, 1]
        found = surface_of(mesh)
        normal = np.array((slope_x, slope_y, 1.0)) / np.hypot(np.hypot(slope_x, slope_y), 1.0)
        assert found.normal == pytest.approx(np.tile(normal, (len(answer.POINTS), 1)), abs=1e-6)
        low, high = mesh[:468, :2].min(axis=0), mesh[:468, :2].max(axis=0)
        assert found.place == pytest.approx((mesh[answer.POINTS, :2] - low) / (high - low))


def test_the_colour_of_skin_and_room() -> None:
    picture = np.full((SIZE[1], SIZE[0], 3), (51, 102, 204), np.uint8)
    picture[100:341, 200:441] = (102, 153, 255)
    seen = replace(face(0.0), box=(200.0, 100.0, 440.0, 340.0))
    skin = skin_of(picture, seen)
    assert skin is not None
    assert skin.shape == (len(answer.POINTS), 3)
    assert skin == pytest.approx(np.tile((0.4**2.2, 0.6**2.2, 1.0), (len(answer.POINTS), 1)), rel=1e-4)
    assert room_of(picture, seen) == pytest.approx((0.2**2.2, 0.4**2.2, 0.8**2.2), rel=1e-4)
    assert room_of(picture, replace(seen, box=None)).tolist() == [0.0, 0.0, 0.0]
    assert room_of(picture, replace(seen, box=(0.0, 0.0, 640.0, 480.0))).tolist() == [0.0, 0.0, 0.0]
    assert skin_of(picture, nobody(0.0)) is None
    assert skin_of(picture, replace(seen, box=None)) is None
    for box, cut in (
        ((0.0, 100.0, 440.0, 340.0), False), ((-1.0, 100.0, 440.0, 340.0), True), ((200.0, -1.0, 440.0, 340.0), True),
        ((200.0, 0.0, 440.0, 340.0), False), ((200.0, 100.0, 639.0, 340.0), False), ((200.0, 100.0, 640.0, 340.0), True),
        ((200.0, 100.0, 440.0, 479.0), False), ((200.0, 100.0, 440.0, 480.0), True), ((200.0, 100.0, 240.0, 340.0), False),
        ((200.0, 100.0, 239.0, 340.0), True), ((200.0, 100.0, 440.0, 140.0), False), ((200.0, 100.0, 440.0, 139.0), True),
    ):  # fmt: skip
        assert (skin_of(picture, replace(seen, box=box)) is None) is cut, box


def test_skin_is_looked_up_where_the_mesh_has_it() -> None:
    picture = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    picture[100:340, 200:320] = 255  # the left half of the face
    points = face(0.0).points.copy()
    points[answer.POINTS, :2] = (210.0, 110.0)
    points[answer.POINTS[:5], :2] = (430.0, 330.0)
    points[answer.POINTS[5], :2] = (900.0, 900.0)  # beside the face: at its edge
    skin = skin_of(picture, replace(face(0.0), points=points, box=(200.0, 100.0, 440.0, 340.0)))
    assert skin is not None
    assert skin[:6].max() == 0.0
    assert skin[6:].min() == pytest.approx(1.0)


def test_skin_is_looked_up_to_the_pixel() -> None:
    """A face of 96 pixels: each is looked at as it is, with two neighbours each way."""
    picture = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    picture[100:197, 200:297] = (2 * np.arange(97))[None, :, None]
    points = face(0.0).points.copy()  # type: ignore[union-attr]
    shares = np.linspace(0.1, 0.89, len(answer.POINTS))
    points[answer.POINTS, 0], points[answer.POINTS, 1] = 200 + 96 * shares, 150
    skin = skin_of(picture, replace(face(0.0), points=points, box=(200.0, 100.0, 296.0, 196.0)))
    assert skin is not None
    linear = (np.arange(256) / 255.0) ** 2.2
    expected = [np.mean([linear[2 * (round(95 * share) + beside)] for beside in range(-2, 3)]) for share in shares]
    assert skin[:, 0] == pytest.approx(expected, rel=1e-3)


def test_a_rounded_mesh_looks_outward_everywhere() -> None:
    rng = np.random.default_rng(6)
    mesh = np.zeros((478, 3))
    mesh[:, :2] = rng.uniform(-100, 100, (478, 2))
    mesh[:, 2] = (mesh[:, 0] ** 2 + mesh[:, 1] ** 2) / 300  # z grows away from the camera
    slopes = mesh[answer.POINTS, :2] / 150
    normal = np.concatenate([slopes, np.ones((len(slopes), 1))], axis=1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    alike = (surface_of(mesh).normal * normal).sum(axis=1)
    assert np.mean(alike) > 0.99
    assert np.median(alike) > 0.995


def test_which_frames_are_taken_in() -> None:
    picture = np.full((SIZE[1], SIZE[0], 3), 120, np.uint8)
    collected = LightAnswer(draw_code(random.Random(1)))
    collected.step(face(0.0), picture)
    assert collected._times == []  # nothing was shown yet
    for t_s, code_s, taken in ((0.0, 0.0, 1), (1.0, LENGTH_S + 0.5, 2), (2.0, LENGTH_S + 0.51, 2)):
        collected.came(t_s, code_s)
        collected.step(face(t_s, Pose(yaw=8.0 - t_s)), picture)
        assert (len(collected._times), len(collected._skin), len(collected._room)) == (taken, taken, taken)
    assert collected._yaw == 7.0  # the straightest mesh
    collected.came(3.0, 1.0)
    collected.step(nobody(3.0), picture)
    collected.step(face(3.0, Pose(yaw=-7.5)), picture)
    assert (len(collected._times), collected._yaw) == (3, 7.0)
    assert collected.scores(0.12) == LightScores()  # too few


@pytest.mark.parametrize(
    ("count", "every_s", "told_something"), [(14, 0.13, False), (30, 0.13, True), (30, 0.131, False), (13, 0.12, False)]
)
def test_a_camera_that_is_too_slow_tells_nothing(
    monkeypatch: pytest.MonkeyPatch, count: int, every_s: float, told_something: bool
) -> None:
    given: list[tuple[object, ...]] = []
    monkeypatch.setattr(answer, "judge", lambda *all_of: given.append(all_of) or LightScores(time=0.5))
    collected = LightAnswer(draw_code(random.Random(1)))
    for number in range(count):
        t_s = round(number * every_s, 3)
        collected.came(t_s, 0.0)
        if number or count != 14:  # one frame without a face
            collected._times.append(t_s)
            collected._skin.append(np.zeros((len(answer.POINTS), 3)))
            collected._room.append(np.zeros(3))
    collected._mesh = face(0.0).points
    assert (collected.scores(0.12).time is not None) is told_something
    assert len(given) == told_something
    for code, seen, head, delay_s in given:
        assert code == draw_code(random.Random(1))
        assert delay_s == 0.12
        assert isinstance(seen, LitFrames)
        assert seen.times.tolist() == collected._times
        assert seen.clock.tolist() == [list(one) for one in collected._clock]
        assert (seen.skin.shape, seen.room.shape) == ((count, len(answer.POINTS), 3), (count, 3))
        assert isinstance(head, Surface)
        assert head.place == pytest.approx(surface_of(face(0.0).points).place)  # type: ignore[arg-type]
    collected._mesh = None
    assert collected.scores(0.12) == LightScores()


def test_what_answers_usually_come_to_here() -> None:
    day = Daylight()
    for number in range(4):
        assert day.expected() == answer.EXPECTED
        day.note(LightScores(time=0.5, strength=0.004 if number < 2 else 0.008))
    assert day.expected() == pytest.approx(0.5 * 0.006)  # half of the usual one
    for _ in range(10):
        day.note(LightScores(time=0.5, strength=-0.004))
    assert day.expected() == 1e-6
    for time, delay_s, known in ((0.7, 0.2, True), (0.69, 0.2, False), (0.7, 0.6, True), (0.7, 0.61, False)):
        day = Daylight()
        for _ in range(4):
            assert day.delay_s() == 0.0
            day.note(LightScores(time=time, best_delay_s=delay_s))
        assert day.delay_s() == (delay_s if known else 0.0)


@pytest.mark.parametrize(
    ("hidden", "seen", "drowned"), [(3, 0, False), (4, 0, True), (2, 2, False), (3, 2, True), (3, 3, False), (9, 5, False)]
)
def test_most_of_the_last_ten_takes_say_whether_it_is_drowned(hidden: int, seen: int, drowned: bool) -> None:
    day = Daylight()
    for _ in range(hidden):
        day.note(LightScores())
    for _ in range(seen):
        day.note(LightScores(time=0.9, strength=0.05))
    assert day.drowned is drowned


if __name__ == "__main__":
    TABLE.write_text(json.dumps({name: told(name) for name in CASES}, indent=1) + "\n", encoding="utf-8")
