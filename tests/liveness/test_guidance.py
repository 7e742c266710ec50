"""Hints: the right one, one at a time, calm."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kiosk.domain.reasons import Guidance
from kiosk.liveness.guidance import GuidanceFilter, judge, look
from tests.liveness.faces import SIZE, Camera, Pose, face, nobody

PICTURE = Camera().picture()


@pytest.mark.parametrize(
    ("pose", "code"),
    [
        (Pose(), None),
        (Pose(scale=0.4), Guidance.TOO_FAR),
        (Pose(scale=2.6), Guidance.TOO_NEAR),
        (Pose(x=560), Guidance.OFF_CENTRE),
        (Pose(y=60), Guidance.OFF_CENTRE),
        (Pose(yaw=30), Guidance.NOT_STRAIGHT),
        (Pose(pitch=32), Guidance.NOT_STRAIGHT),
    ],
)
def test_place_and_pose(pose: Pose, code: Guidance | None) -> None:
    assert judge(face(0.0, pose), PICTURE) is code


def test_a_turned_head_is_fine_while_a_turn_is_asked_for() -> None:
    assert judge(face(0.0, Pose(yaw=30)), PICTURE, straight=False) is None


def test_nobody() -> None:
    assert judge(nobody(0.0), PICTURE) is Guidance.NO_FACE


def test_a_near_helper_should_step_back_a_far_one_need_not() -> None:
    near, far = (450.0, 100.0, 600.0, 290.0), (500.0, 60.0, 560.0, 130.0)
    assert judge(face(0.0, others=(near,)), PICTURE) is Guidance.SEVERAL_FACES
    assert judge(face(0.0, others=(far,)), PICTURE) is None


def test_light() -> None:
    dark = np.random.default_rng(0).integers(20, 36, (SIZE[1], SIZE[0], 3)).astype(np.uint8)
    assert judge(face(0.0), dark) is Guidance.TOO_DARK
    x0, y0, x1, y1 = (int(v) for v in face(0.0).box or (0, 0, 0, 0))
    backlit = np.full_like(dark, 235)
    backlit[y0 - 8 :, x0 - 8 : x1 + 8] = dark[y0 - 8 :, x0 - 8 : x1 + 8]
    assert judge(face(0.0), backlit) is Guidance.BACKLIT


def test_blur() -> None:
    assert judge(face(0.0), np.full((SIZE[1], SIZE[0], 3), 150, np.uint8)) is Guidance.BLURRED


def test_covered_mouth_and_eyes() -> None:
    seen = look(face(0.0), PICTURE)
    assert judge(face(0.0), PICTURE, seen=replace(seen, mouth_chroma=40.0)) is Guidance.MOUTH_COVERED
    assert judge(face(0.0), PICTURE, seen=replace(seen, eyes_ratio=0.1)) is Guidance.EYES_COVERED
    assert judge(face(0.0), PICTURE, seen=replace(seen, hat_ratio=0.2)) is Guidance.HAT_SHADOW


def test_a_painted_mask_is_measured() -> None:
    picture = PICTURE.copy()
    picture[255:] = (200, 150, 90)  # a blue cloth over everything below the nose
    assert judge(face(0.0), picture) is Guidance.MOUTH_COVERED


def test_the_filter_shows_nothing_for_a_moment_and_holds_what_it_shows() -> None:
    calm, shown = GuidanceFilter(), []
    for index in range(200):
        t_s = index / 25
        raw = Guidance.TOO_FAR if 1.0 <= t_s < 1.2 or 2.0 <= t_s < 2.6 else None
        shown.append((t_s, calm.step(t_s, raw)))
    on = [t for t, code in shown if code is Guidance.TOO_FAR]
    assert on[0] == pytest.approx(2.0 + calm.APPEAR_S, abs=0.05)
    assert on[-1] - on[0] == pytest.approx(calm.HOLD_S, abs=0.06)


def test_the_filter_never_flickers_between_two_hints() -> None:
    calm, changes, last = GuidanceFilter(), 0, None
    for index in range(500):
        code = calm.step(index / 25, Guidance.TOO_DARK if index % 3 else Guidance.BLURRED)
        changes += code is not last
        last = code
    assert changes <= 1
