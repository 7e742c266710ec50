"""Alignment: similarity fits, templates, and pictures larger than needed."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.face.align import SIZE, TEMPLATE, align_five, five_points, similarity


@given(angle=st.floats(-3, 3), scale=st.floats(0.05, 20), x=st.floats(-1e3, 1e3), y=st.floats(-1e3, 1e3))
def test_a_similarity_is_found_again(angle: float, scale: float, x: float, y: float) -> None:
    linear = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = TEMPLATE @ linear.T + (x, y)
    found = similarity(TEMPLATE, moved)
    assert found == pytest.approx(np.column_stack([linear, (x, y)]), abs=1e-3 * max(1.0, scale))


def test_a_mirrored_face_is_not_mirrored_back() -> None:
    matrix = similarity(TEMPLATE * (-1, 1), TEMPLATE)
    assert np.linalg.det(matrix[:, :2]) >= 0


@pytest.mark.parametrize("points", [np.zeros((5, 2)), np.full((5, 2), np.nan)])
def test_points_that_are_no_face_are_refused(points: np.ndarray) -> None:
    with pytest.raises(ValueError, match="coincide"):
        align_five(np.zeros((100, 100, 3), np.uint8), points.astype(np.float32))


@pytest.mark.parametrize("scale", [0.7, 1.0, 3.0, 9.5])
def test_eyes_and_mouth_land_on_the_template_at_any_size(scale: float) -> None:
    """Dots of five colours at the five points, on frames up to 1080p: each is found where the template says."""
    points = TEMPLATE * scale + (90, 60)
    frame = np.zeros((int(130 * scale) + 120, int(130 * scale) + 180, 3), np.uint8)
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255)]
    for point, colour in zip(points, colours, strict=True):
        cv2.circle(frame, (round(float(point[0])), round(float(point[1]))), max(2, round(3 * scale)), colour, -1)
    face = align_five(frame, points.astype(np.float32))
    assert face.shape == (SIZE, SIZE, 3)
    assert face.dtype == np.uint8
    for point, colour in zip(TEMPLATE, colours, strict=True):
        at = face[round(float(point[1])), round(float(point[0]))]
        assert at.astype(int) == pytest.approx(colour[::-1], abs=60)  # RGB


def test_shrinking_does_not_alias() -> None:
    """A fine grid shrunk eight times is grey, not a moire."""
    frame = np.zeros((1200, 1200, 3), np.uint8)
    frame[::2] = 255
    face = align_five(frame, (TEMPLATE * 9 + 60).astype(np.float32))
    assert face[8:-8, 8:-8].std() < 12


def test_the_eye_is_the_middle_of_its_corners() -> None:
    mesh = np.zeros((478, 3), np.float32)
    mesh[33], mesh[133], mesh[263], mesh[362] = (10, 5, 0), (20, 7, 0), (60, 5, 0), (50, 7, 0)
    five = five_points(mesh)
    assert five.shape == (5, 2)
    assert five[0] == pytest.approx((15, 6))
    assert five[1] == pytest.approx((55, 6))
