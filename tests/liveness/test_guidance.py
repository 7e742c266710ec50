"""Hints: the right one, one at a time, calm."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kiosk.domain.reasons import Guidance
from kiosk.liveness.guidance import GuidanceFilter, hints, judge, look
from kiosk.liveness.pace import BLOCKING
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


def test_a_face_too_small_for_the_mesh_is_asked_to_come_nearer() -> None:
    assert judge(replace(nobody(0.0), small_box=(300.0, 200.0, 340.0, 250.0)), PICTURE) is Guidance.TOO_FAR


def test_light_behind_and_shadows_are_told_and_stop_nothing() -> None:
    seen = look(face(0.0), PICTURE)
    for change, hint in (
        ({"luma": 70.0, "surroundings": 200.0}, Guidance.BACKLIT),
        ({"hat_ratio": 0.2}, Guidance.HAT_SHADOW),
        ({"eyes_ratio": 0.1}, Guidance.EYES_COVERED),
        ({"sharpness": 2.0}, Guidance.BLURRED),
    ):
        told = hints(face(0.0), PICTURE, seen=replace(seen, **change))
        assert told == (hint,)
        assert BLOCKING.isdisjoint(told)


def test_a_face_that_cannot_be_matched_stops_the_take_whatever_else_is_told_first() -> None:
    seen = look(face(0.0), PICTURE)
    told = hints(face(0.0, Pose(x=560)), PICTURE, seen=replace(seen, mouth_chroma=40.0))
    assert told == (Guidance.MOUTH_COVERED, Guidance.OFF_CENTRE)
    assert Guidance.TOO_DARK in hints(face(0.0), PICTURE, seen=replace(seen, luma=20.0, surroundings=230.0))


@pytest.mark.parametrize(
    ("colours", "covered"),
    [
        ({"mouth_chroma": 5.0, "lips_chroma": 8.0, "lips_luma": 0.7}, False),  # a bare face
        (
            {"mouth_chroma": 5.0, "lips_chroma": 1.0, "lips_luma": 1.0, "colour": 30.0, "lips_spread": 3.0},
            False,
        ),  # pale lips, nothing else
        ({"mouth_chroma": 5.0, "lips_chroma": 1.0, "lips_luma": 1.0, "lips_spread": 1.5}, True),  # beige, and even
        ({"mouth_chroma": 12.0, "lips_chroma": 1.0, "lips_luma": 1.0, "colour": 30.0}, True),  # a pink mask
        ({"mouth_chroma": 8.0, "lips_chroma": 0.5, "lips_luma": 1.0, "colour": 12.0}, True),  # a white mask in a grey picture
        ({"mouth_chroma": 4.0, "lips_chroma": 1.0, "lips_luma": 1.0, "mouth_luma": 1.5}, True),  # brighter than skin
        ({"mouth_chroma": 4.0, "lips_chroma": 1.0, "lips_luma": 1.0, "mouth_luma": 0.3}, True),  # black
        ({"mouth_chroma": 4.0, "lips_chroma": 1.0, "lips_luma": 0.7, "mouth_luma": 0.4}, False),  # a beard, with lips in it
        ({"mouth_chroma": 25.0, "lips_chroma": 9.0, "lips_luma": 0.7}, True),
    ],
)
def test_a_mask_is_another_colour_or_has_no_lips(colours: dict[str, float], covered: bool) -> None:
    told = hints(face(0.0), PICTURE, seen=replace(look(face(0.0), PICTURE), **colours))
    assert (Guidance.MOUTH_COVERED in told) is covered
