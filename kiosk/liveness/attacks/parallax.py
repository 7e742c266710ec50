"""Depth from picture points that are tracked through a head turn: on the face, and beside it.

The mesh wants to see a head in everything; picture points do not. A flat sheet that turns carries all its points along
by one homography, the printed hair and background too. A head leaves the nose behind the cheeks, and the room behind the
head stands still.
Pure. Called by `turns` for each accepted turn; what a score means: `limits`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

# The outline of the face on the mesh (MediaPipe's face oval).
OVAL = (
    10,
    338,
    297,
    332,
    284,
    251,
    389,
    356,
    454,
    323,
    361,
    288,
    397,
    365,
    379,
    378,
    400,
    377,
    152,
    148,
    176,
    149,
    150,
    136,
    172,
    58,
    132,
    93,
    234,
    127,
    162,
    21,
    54,
    103,
    67,
    109,
)
FACE_PX = 170.0  # height of the face that points are tracked at: more costs time, less loses the nose
RING = 0.55  # how far beside the face points are looked for, in face widths
FOLLOWS = 0.05  # a point this near to the face's homography (eye distances) goes along with the face
_MAX_FACE, _MAX_RING, _MIN_RING = 140, 140, 10
_BACK_PX = 0.7  # tracked there and back, a good point comes home
_BESIDE_PX = 8  # a corner is judged by what lies so near at most

_LK: dict[str, Any] = {"winSize": (15, 15), "maxLevel": 3, "criteria": (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 0.03)}


@dataclass(frozen=True, slots=True)
class TurnFrame:
    """One picture of a turn: grey, scaled so that the face is FACE_PX high, and the mesh in its pixels."""

    gray: np.ndarray
    points: np.ndarray  # float32 (478, 2)
    yaw_deg: float


@dataclass(frozen=True, slots=True)
class Parallax:
    """`face`: what the best homography leaves of the face's points (80th percentile, over the eye distance). `sheet`: what
    one smooth map leaves of all points, those beside the face too: little for a sheet, turned or bent. `follow`: share of
    the points beside the face that go along with the face's homography. None with too few points."""

    face: float | None = None
    sheet: float | None = None
    follow: float | None = None
    face_points: int = 0
    ring_points: int = 0


def tracking_scale(points: np.ndarray) -> float:
    """Return the scale at which a face is FACE_PX high; one scale serves a whole turn."""
    return min(1.0, FACE_PX / max(float(np.ptp(points[:, 1])), 1.0))


def turn_frame(frame_bgr: np.ndarray, points: np.ndarray, yaw_deg: float, scale: float) -> TurnFrame:
    """Return the small grey picture of one frame for tracking."""
    xy = np.asarray(points[:, :2], np.float32)
    gray = cv2.cvtColor(frame_bgr, cv2.COLOR_BGR2GRAY)
    if scale < 1.0:
        gray = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return TurnFrame(gray, xy * np.float32(scale), yaw_deg)


def parallax(turn: list[TurnFrame]) -> Parallax:
    """Return what the tracked points of a turn say. turn: from frontal to most turned, all at one scale."""
    if len(turn) < 3 or any(f.gray.shape != turn[0].gray.shape for f in turn):
        return Parallax()
    first = turn[0]
    face_mask, ring_mask = _masks(first)
    face = _corners(first.gray, face_mask, _MAX_FACE, 4)
    ring = _corners(first.gray, ring_mask, _MAX_RING, 5)
    start = np.concatenate([face, ring])
    if len(face) < 12:
        return Parallax(face_points=len(face), ring_points=len(ring))
    end, good = _track(turn, start)
    on_face = np.arange(len(start)) < len(face)
    scale = float(np.hypot(*(first.points[33] - first.points[263])))
    a, b = start[on_face & good], end[on_face & good]
    ra, rb = start[~on_face & good], end[~on_face & good]
    if len(a) < 12:
        return Parallax(face_points=len(a), ring_points=len(ra))
    matrix, _ = cv2.findHomography(a, b, cv2.LMEDS)
    if np.shape(matrix) != (3, 3):
        return Parallax(face_points=len(a), ring_points=len(ra))
    left = _residual(matrix, a, b) / max(scale, 1.0)
    # A point that slid off along a contour lies far away: the top fifth is not believed.
    face_score = float(np.percentile(left, 80))
    follow = float(np.mean(_residual(matrix, ra, rb) / max(scale, 1.0) < FOLLOWS)) if len(ra) >= _MIN_RING else None
    sheet = None
    if len(ra) >= _MIN_RING:
        sheet = _sheet_residual(np.concatenate([a, ra]), np.concatenate([b, rb]), scale)
    return Parallax(face_score, sheet, follow, len(a), len(ra))


def _masks(frame: TurnFrame) -> tuple[np.ndarray, np.ndarray]:
    height, width = frame.gray.shape
    oval = frame.points[list(OVAL)]
    centre = oval.mean(axis=0)
    wide = float(oval[:, 0].max() - oval[:, 0].min())

    def filled(factor: float) -> np.ndarray:
        mask = np.zeros((height, width), np.uint8)
        cv2.fillConvexPoly(mask, cv2.convexHull((centre + (oval - centre) * factor).astype(np.int32)), 255)
        return mask

    inner = filled(0.95)
    outer = cv2.subtract(filled(1.0 + 2 * RING), filled(1.12))
    # Below the chin is the body: on a person it stands still, on a print it goes along, but clothes wrinkle and hide.
    limit = min(height, int(oval[:, 1].max() + 0.15 * wide))
    outer[limit:] = 0
    return inner, outer


def _corners(gray: np.ndarray, mask: np.ndarray, count: int, apart: int) -> np.ndarray:
    """Return the best corners under the mask, float32 (n, 2). Only its surroundings are looked at: corners cost by the area."""
    left, top, wide, high = cv2.boundingRect(mask)
    x, y = max(0, left - _BESIDE_PX), max(0, top - _BESIDE_PX)
    near = np.s_[y : top + high + _BESIDE_PX, x : left + wide + _BESIDE_PX]
    found = cv2.goodFeaturesToTrack(gray[near], count, 0.01, apart, mask=mask[near], blockSize=5) if wide and high else None
    if found is None:
        return np.empty((0, 2), np.float32)
    return np.asarray(found, np.float32).reshape(-1, 2) + np.array((x, y), np.float32)


def _track(turn: list[TurnFrame], start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where the points of the first picture are in the last, and which came so far: a lost one is not followed on."""
    end, left = start.copy(), np.arange(len(start))
    for before, after in zip(turn, turn[1:], strict=False):
        if not len(left):
            break
        now = end[left]
        there, ok, _ = _flow(before.gray, after.gray, now[:, None], None, **_LK)
        back, ok_back, _ = _flow(after.gray, before.gray, there, None, **_LK)
        there, back = there.reshape(-1, 2), back.reshape(-1, 2)
        end[left] = there
        left = left[(ok.reshape(-1) == 1) & (ok_back.reshape(-1) == 1) & (np.hypot(*(back - now).T) < _BACK_PX)]
    good = np.zeros(len(start), bool)
    good[left] = True
    return end, good


def _sheet_residual(one: np.ndarray, two: np.ndarray, scale: float) -> float:
    """What a smooth (quadratic) map leaves: turning and bending a sheet is nearly one, a head before a room is not."""
    x, y = ((one - one.mean(axis=0)) / max(scale, 1.0)).T.astype(np.float64)
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
    weight, left = np.ones(len(one)), np.zeros(len(one))
    for _ in range(5):  # reweighted: a point that slid off must not bend the map
        fitted, *_ = np.linalg.lstsq(terms * weight[:, None], two * weight[:, None], rcond=None)
        left = np.hypot(*(terms @ fitted - two).T) / max(scale, 1.0)
        weight = 1.0 / np.sqrt(np.maximum(left, 0.01))
    return float(np.percentile(left, 80))


# Typed by hand: OpenCV's stubs do not know that the points to start from may be left out.
_flow: Callable[..., Any] = cv2.calcOpticalFlowPyrLK


def _residual(matrix: np.ndarray, one: np.ndarray, two: np.ndarray) -> np.ndarray:
    mapped = cv2.perspectiveTransform(one[None].astype(np.float64), matrix)[0]
    return np.asarray(np.hypot(*(mapped - two).T))
