"""Attack checks on made-up evidence: what each sees, and what it must not mistake for an attack."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from kiosk.liveness.attacks.cutout import HoleWatcher
from kiosk.liveness.attacks.depth import MESH_LIMIT, depth_score, mesh_residual
from kiosk.liveness.attacks.limits import RULES
from kiosk.liveness.attacks.parallax import Parallax, TurnFrame, parallax
from kiosk.liveness.attacks.reflection import LIGHTS, LightWatcher
from kiosk.liveness.attacks.repeats import LoopWatcher, RepeatWatcher
from kiosk.liveness.attacks.screen import screen_score
from kiosk.liveness.attacks.stillness import SwayWatcher
from tests.liveness.faces import Camera, Pose, face, sway

FRONTAL = face(0.0).points


def homography(strength: float) -> np.ndarray:
    return np.array([[1 - 0.4 * strength, 0.05 * strength, 60 * strength], [0.1 * strength, 1, 5], [-3e-4 * strength, 0, 1]])


def texture(seed: int, size: tuple[int, int] = (300, 400)) -> np.ndarray:
    rng = np.random.default_rng(seed)
    small = rng.integers(40, 220, (size[0] // 6, size[1] // 6)).astype(np.uint8)
    return cv2.resize(small, (size[1], size[0]), interpolation=cv2.INTER_CUBIC)


def turn_of(draw_face: bool) -> list[TurnFrame]:
    """A textured oval that turns (a head before a room: it moves, the room does not), or a whole textured sheet."""
    sheet, room = texture(1), texture(2)
    points = face(0.0, Pose(x=200, y=150)).points
    assert points is not None
    mask = np.zeros(sheet.shape, np.uint8)
    cv2.ellipse(mask, (200, 150), (66, 86), 0, 0, 360, 255, -1)
    frames = []
    for step in range(9):
        warp = homography(step / 24)
        moved = cv2.warpPerspective(sheet, warp, (400, 300), borderMode=cv2.BORDER_REFLECT)
        if draw_face:
            inside = cv2.warpPerspective(mask, warp, (400, 300)) > 127
            moved = np.where(inside, moved, room).astype(np.uint8)
        frames.append(TurnFrame(moved, points[:, :2], 3.0 * step))
    return frames


@pytest.mark.parametrize("strength", [0.2, 0.5, 1.0])
def test_a_flat_mesh_leaves_no_residual_whatever_the_homography(strength: float) -> None:
    assert FRONTAL is not None
    flat = cv2.perspectiveTransform(FRONTAL[None, :, :2].astype(np.float64), homography(strength))[0]
    assert mesh_residual(FRONTAL, flat) < 1e-3


def test_a_head_leaves_more_the_further_it_turns() -> None:
    assert FRONTAL is not None
    left = [mesh_residual(FRONTAL, np.asarray(face(0.0, Pose(yaw=yaw)).points)) for yaw in (10, 20, 30, 40)]
    assert left == sorted(left)
    assert left[-1] > MESH_LIMIT


def test_a_sheet_carries_its_surroundings_along_a_head_does_not() -> None:
    sheet, head = parallax(turn_of(draw_face=False)), parallax(turn_of(draw_face=True))
    assert sheet.follow is not None
    assert head.follow is not None
    assert sheet.follow > 0.8
    assert head.follow < 0.12
    assert sheet.sheet is not None
    assert head.sheet is not None
    assert sheet.sheet < 0.02 < 0.05 < head.sheet


def test_without_texture_the_points_say_nothing() -> None:
    blank = [replace(frame, gray=np.full_like(frame.gray, 128)) for frame in turn_of(draw_face=True)]
    assert parallax(blank) == Parallax()


def test_either_witness_of_depth_is_enough_but_points_that_follow_are_none() -> None:
    deep = Parallax(face=0.08, sheet=0.12, follow=0.02, face_points=80, ring_points=60)
    assert depth_score(0.2, Parallax()) > 1
    assert depth_score(0.05, Parallax()) < 1
    assert depth_score(0.05, deep) > 1
    assert depth_score(0.05, replace(deep, follow=0.6)) < 1
    assert depth_score(0.05, replace(deep, ring_points=3)) < 1


def test_frames_that_come_back_are_counted_doubled_ones_are_not() -> None:
    camera = Camera()
    fresh, frozen, doubled = RepeatWatcher(), RepeatWatcher(), RepeatWatcher()
    pictures = [camera.picture() for _ in range(60)]
    for index in range(60):
        fresh.step(index / 25, pictures[index])
        frozen.step(index / 25, pictures[index % 20])
        doubled.step(index / 25, pictures[index // 2])
    assert fresh.share() == 0.0
    assert doubled.share() == 0.0
    assert frozen.share() == pytest.approx(40 / 60)


def wander(t_s: float, seed: int) -> Pose:
    rng = np.random.default_rng(seed)
    speed, phase = rng.uniform(0.4, 2.5, 9), rng.uniform(0, 6, 9)
    waves = np.sin(t_s * speed + phase)
    return Pose(
        yaw=3 * waves[0] + 2 * waves[1],
        pitch=2 * waves[2] + waves[3],
        x=320 + 8 * waves[4] + 5 * waves[5],
        y=240 + 6 * waves[6],
        mouth=0.05 + 0.05 * waves[7],
    )


def test_a_looped_movement_is_found_a_living_one_is_not() -> None:
    living, looped = LoopWatcher(), LoopWatcher()
    rng = np.random.default_rng(3)
    for index in range(500):
        t_s = index / 25
        for watcher, at in ((living, t_s), (looped, t_s % 4.0)):
            pose = wander(at, 7)
            watcher.step(face(t_s, replace(pose, yaw=pose.yaw + rng.normal(0, 0.2), x=pose.x + rng.normal(0, 0.2))))
    assert (living.score() or 0) < RULES["loop"].limit < (looped.score() or 0)


def test_doing_the_same_turn_twice_is_no_loop() -> None:
    watcher = LoopWatcher()
    for index in range(300):
        t_s = index / 25
        turn = 30 * max(0.0, np.sin((t_s % 4.0) * 2.0)) if t_s % 4.0 < 1.57 else 0.0
        watcher.step(face(t_s, sway(Pose(yaw=turn), t_s)))
    assert (watcher.score() or 0.0) < RULES["loop"].limit


def test_a_picture_on_a_stand_is_too_still_a_quiet_person_is_not() -> None:
    stand, person = SwayWatcher(), SwayWatcher()
    rng = np.random.default_rng(0)
    for index in range(100):
        t_s = index / 25
        noise = rng.normal(0, 0.15, (478, 3)).astype(np.float32)
        for watcher, pose in ((stand, Pose()), (person, Pose(x=320 + 0.5 * np.sin(t_s)))):
            seen = face(t_s, pose)
            watcher.step(replace(seen, points=np.asarray(seen.points) + noise))
    assert (stand.score() or 1) < RULES["stillness"].limit < (person.score() or 0)


def test_eyes_that_slide_behind_a_sheet_are_seen() -> None:
    whole, holes = HoleWatcher(), HoleWatcher()
    for index in range(60):
        seen = face(index / 25, Pose(x=320 + 10 * np.sin(index / 9)))
        whole.step(seen)
        slid = np.asarray(seen.points).copy()
        slid[[33, 133, 362, 263], 0] += 12 * np.sin(index / 9)
        holes.step(replace(seen, points=slid))
    assert (holes.score() or 0) > RULES["cutout"].limit > (whole.score() or 1)


def test_a_pixel_grid_stands_out_in_the_spectrum() -> None:
    rng = np.random.default_rng(0)
    skin = np.clip(150 + rng.normal(0, 4, (240, 240, 1)) + np.zeros(3), 0, 255)
    skin = cv2.GaussianBlur(skin.astype(np.float32), (0, 0), 1.0)
    grid = skin + 10 * (
        np.sin(np.arange(240) * 1.9)[None, :, None]
        + np.sin(np.arange(240) * 1.9)[:, None, None]
        + np.sin((np.arange(240)[:, None] + np.arange(240)) * 1.3)[..., None]
    )
    box = (0.0, 0.0, 240.0, 240.0)
    plain, lined = (screen_score(np.clip(image, 0, 255).astype(np.uint8), box) for image in (skin, grid))
    assert plain < RULES["screen"].limit < lined


@pytest.mark.parametrize(("skin_follows", "room_follows", "passes"), [(0.08, 0.0, True), (0.0, 0.0, False), (0.08, 0.08, False)])
def test_skin_answers_the_light_of_the_screen(skin_follows: float, room_follows: float, passes: bool) -> None:
    """A face follows the colours and the room behind does not; a recording does not; a screen filmed whole follows whole."""
    watcher, camera = LightWatcher((0, 1, 2, 0, 2)), Camera()
    inside = np.zeros((*camera.picture().shape[:2], 1), bool)
    x0, y0, x1, y1 = (int(v) for v in face(0.0).box or (0, 0, 0, 0))
    inside[y0:y1, x0:x1] = True
    for index in range(100):
        t_s = index / 25
        shown = watcher.shown(t_s)
        picture = camera.picture().astype(float)
        if shown is not None:
            light = np.array(LIGHTS[shown][::-1], float) - 200
            picture += np.where(inside, skin_follows, room_follows) * light
        watcher.step(face(t_s), np.clip(picture, 0, 255).astype(np.uint8))
    assert watcher.shown(4.0) is None
    assert ((watcher.score() or 0.0) > RULES["reflection"].limit) == passes
