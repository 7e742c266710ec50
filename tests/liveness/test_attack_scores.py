"""What the attack checks make of whole pictures and movements, in numbers, as a table: points, spectra, colours, loops.

The table lies beside this file. After a change that is meant: `python -m tests.liveness.test_attack_scores`, and look at the
difference. Compared to one part in a hundred: tracking and linear algebra differ a little from machine to machine.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from kiosk.liveness.attacks.depth import mesh_residual
from kiosk.liveness.attacks.parallax import OVAL, Parallax, TurnFrame, _masks, parallax
from kiosk.liveness.attacks.reflection import _CHEEKS_AND_BROW, LIGHTS, LightWatcher
from kiosk.liveness.attacks.repeats import LoopWatcher
from kiosk.liveness.attacks.screen import screen_score
from tests.liveness.faces import SIZE, Pose, face, nobody
from tests.liveness.test_attacks import texture, turn_of, wander

TABLE = Path(__file__).with_name("attack_scores.json")
Told = float | None


@cache
def turn(head: bool) -> list[TurnFrame]:
    return turn_of(draw_face=head)


def points_of(seen: Parallax) -> dict[str, Told]:
    return dataclasses.asdict(seen)


def plain(part: str) -> list[TurnFrame]:
    """A turn with nothing to see beside the face, or on it."""
    inner, _ = _masks(turn(True)[0])
    flat = np.full_like(inner, 128)
    keep = inner if part == "room" else 255 - inner
    return [replace(one, gray=np.where(keep > 0, one.gray, flat)) for one in turn(False)]


def skin(size: tuple[int, int] = (240, 300)) -> np.ndarray:
    """Squares of light and dark, some noise, and a fine grid in the right half."""
    rng = np.random.default_rng(3)
    picture = texture(7, size)[..., None] * 0.3 + 100 + rng.normal(0, 4, (*size, 3))
    picture[:, size[1] // 2 :] += 12 * np.sin(np.arange(size[1] - size[1] // 2) * 1.9 + np.arange(size[0])[:, None])[..., None]
    return np.clip(picture, 0, 255).astype(np.uint8)


def lit(skin_follows: float, room_follows: float) -> Told:
    watcher, lights = LightWatcher((0, 1, 2, 0, 2)), np.random.default_rng(5)
    x0, y0, x1, y1 = (int(v) for v in face(0.0).box or (0, 0, 0, 0))
    for index in range(60):
        shown = watcher.shown(2.0 + index / 16)
        light = np.zeros(3) if shown is None else np.array(LIGHTS[shown][::-1], float) - 200
        base = np.array((110.0, 120.0, 150.0)) + lights.normal(0, 1, 3)
        picture = np.full((SIZE[1], SIZE[0], 3), np.rint(base + room_follows * light), np.uint8)
        picture[y0:y1, x0:x1] = np.rint(base + skin_follows * light)
        watcher.step(face(2.0 + index / 16), picture)
    return watcher.score()


def looped(period_s: float, *, frames: int = 200, small: float = 1.0, mouth: float = 0.0, aside: float = 0.0) -> Told:
    watcher = LoopWatcher()
    for index in range(frames):
        t_s = 3.0 + index / 25
        pose = wander(t_s % period_s, 7)
        still = Pose(
            yaw=aside + pose.yaw * small, pitch=pose.pitch * small, x=320 + (pose.x - 320) * small, mouth=mouth * (index % 50 > 25)
        )
        watcher.step(face(t_s, still))
        if index % 10 == 0:
            watcher.step(nobody(t_s))
    return watcher.score()


CASES: dict[str, Callable[[], dict[str, Told]]] = {
    "mesh": lambda: {f"{yaw}": mesh_residual(face(0.0).points, face(0.0, Pose(yaw=yaw)).points) for yaw in (10, 25, 40)},  # type: ignore[arg-type]
    "points of a head": lambda: points_of(parallax(turn(True))),
    "points of a sheet": lambda: points_of(parallax(turn(False))),
    "points of a short turn": lambda: points_of(parallax(turn(True)[:3])),
    "points without a room": lambda: points_of(parallax(plain("room"))),
    "points without a face": lambda: points_of(parallax(plain("face"))),
    "spectrum": lambda: {
        "left": screen_score(skin(), (0.0, 0.0, 149.0, 240.0)),
        "right": screen_score(skin(), (150.0, 0.0, 300.0, 240.0)),
        "beyond": screen_score(skin(), (200.0, 100.0, 400.0, 300.0)),
        "before": screen_score(skin(), (-40.0, -20.0, 80.0, 100.0)),
        "small": screen_score(skin(), (20.0, 20.0, 67.0, 67.0)),
        "smaller": screen_score(skin(), (20.0, 20.0, 66.0, 67.0)),
        "lower": screen_score(skin(), (20.0, 20.0, 67.0, 66.0)),
        "large": screen_score(skin((480, 640)), (100.0, 50.0, 600.0, 400.0)),
    },
    "colours": lambda: {"face": lit(0.08, 0.0), "recording": lit(0.0, 0.0), "whole": lit(0.08, 0.08), "half": lit(0.2, 0.1)},
    "loops": lambda: {
        "living": looped(1e9),
        "looped": looped(3.6),
        "soon": looped(2.4),
        "small": looped(3.6, small=0.2),
        "talking": looped(3.6, mouth=0.5),
        "aside": looped(3.6, aside=12.0),
        "short": looped(3.6, frames=110),
    },
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_told_in_numbers(name: str) -> None:
    written = json.loads(TABLE.read_text(encoding="utf-8"))[name]
    assert CASES[name]() == {
        key: value if value is None else pytest.approx(value, rel=1e-2, abs=1e-6) for key, value in written.items()
    }


def test_a_turn_needs_three_pictures_of_one_size() -> None:
    assert parallax(turn(True)[:2]) == Parallax()
    other = replace(turn(True)[2], gray=turn(True)[2].gray[:-1])
    assert parallax([*turn(True)[:2], other]) == Parallax()


def test_a_mesh_is_compared_without_the_irises_and_by_the_eyes_distance() -> None:
    one, two = np.array(face(0.0).points), np.array(face(0.0, Pose(yaw=25)).points)
    plain_score = mesh_residual(one, two)
    two[468:] += 50
    assert mesh_residual(one, two) == plain_score
    assert mesh_residual(one * 2, two * 2) == pytest.approx(plain_score, rel=1e-3)
    assert mesh_residual(one * 0, two * 0) == 0.0


def test_where_points_are_looked_for() -> None:
    """On the face, and in a ring about it that ends a little below the chin."""
    points = np.zeros((478, 2), np.float32)
    angle = np.linspace(0, 2 * np.pi, len(OVAL), endpoint=False)
    points[list(OVAL)] = np.stack([200 + 60 * np.sin(angle), 150 - 80 * np.cos(angle)], axis=1)
    inner, outer = _masks(TurnFrame(np.zeros((300, 400), np.uint8), points, 0.0))
    assert (inner.shape, outer.shape, {*np.unique(inner)}, {*np.unique(outer)}) == ((300, 400), (300, 400), {0, 255}, {0, 255})
    assert [int(inner[150, x]) for x in (142, 144, 256, 258)] == [0, 255, 255, 0]  # 0.95 of the face
    assert [int(outer[150, x]) for x in (73, 76, 131, 135, 265, 269, 324, 327)] == [0, 255, 255, 0, 0, 255, 255, 0]
    assert [int(outer[y, 140]) for y in (246, 247, 248, 249)] == [255, 255, 0, 0]  # 0.15 of the width below the chin
    assert not (inner & outer).any()


def coloured(t_s: float, **more: object) -> LightWatcher:
    watcher = LightWatcher((0, 1))
    watcher.shown(10.0)
    watcher.step(replace(face(t_s), **more), np.full((SIZE[1], SIZE[0], 3), 120, np.uint8))  # type: ignore[arg-type]
    return watcher


@pytest.mark.parametrize(
    ("t_s", "more", "kept"),
    [
        (10.24, {}, [0, 0]),  # the screen has hardly changed
        (10.26, {}, [1, 0]),
        (10.69, {}, [1, 0]),
        (10.71, {}, [0, 0]),
        (10.96, {}, [0, 1]),
        (11.39, {}, [0, 1]),
        (11.70, {}, [0, 0]),  # all were shown
        (10.5, {"points": None}, [0, 0]),
        (10.5, {"box": None}, [0, 0]),
        (10.5, {"box": (0.0, 0.0, 640.0, 480.0)}, [0, 0]),  # no room to compare with
    ],
)
def test_which_pictures_of_the_colours_count(t_s: float, more: dict[str, object], kept: list[int]) -> None:
    watcher = coloured(t_s, **more)
    assert [len(rows) for rows in watcher._rows] == kept
    assert watcher.score() is None
    never = LightWatcher((0, 1))
    never.step(face(t_s), np.full((SIZE[1], SIZE[0], 3), 120, np.uint8))  # nothing was shown yet
    assert [len(rows) for rows in never._rows] == [0, 0]


def test_where_skin_and_room_are_looked_at() -> None:
    """The room: a grid of sixteen beside and above the face, two fifths of its width away."""
    rng = np.random.default_rng(2)
    picture = rng.integers(0, 255, (SIZE[1], SIZE[0], 3), np.uint8)
    points = np.array(face(0.0).points)
    points[50, :2] = (900.0, -20.0)  # beside the picture: its edge
    watcher = LightWatcher((0, 1))
    watcher.shown(10.0)
    watcher.step(replace(face(10.5), points=points, box=(200.0, 200.0, 300.0, 320.0)), picture)
    room = [picture[y, x] for y in range(0, SIZE[1], 16) for x in range(0, SIZE[0], 16) if x < 160 or x > 340 or y < 160]
    skin = [picture[min(max(round(y), 0), 479), min(max(round(x), 0), 639)] for x, y, _ in points[list(_CHEEKS_AND_BROW)].tolist()]
    shares = [np.mean(part, axis=0) + 1 for part in (skin, room)]
    assert watcher._rows[0][0] == pytest.approx([value for part in shares for value in part[[2, 1]] / part.sum()])


@pytest.mark.parametrize(
    ("rows", "columns", "found"),
    [
        (2, 50, True), (1, 50, False), (50, 2, True), (50, 1, False),  # the axes hold what JPEG leaves; a peak is three wide
        (16, 16, True), (15, 15, False), (67, 67, True), (68, 68, False),  # neither the face itself nor the finest noise
    ],
)  # fmt: skip
def test_where_the_peaks_of_a_grid_are_looked_for(rows: int, columns: int, found: bool) -> None:
    wave = (np.arange(192)[:, None] * rows + np.arange(192)[None, :] * columns) * 2 * np.pi / 192
    noise = np.random.default_rng(1).normal(0, 4, (192, 192, 1))
    picture = np.clip(120 + 20 * np.cos(wave)[..., None] + noise + np.zeros(3), 0, 255).astype(np.uint8)
    assert (screen_score(picture, (0.0, 0.0, 192.0, 192.0)) > 7) is found
    assert screen_score(picture, (0.0, 0.0, 192.0, 192.0)) < (100 if found else 6.5)


if __name__ == "__main__":
    told = {name: case() for name, case in CASES.items()}
    TABLE.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
