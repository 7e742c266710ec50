"""Depth from the head turn: a flat print or screen that turns follows a homography, a head does not.

Two witnesses. The mesh: clear for turns of about 28 degrees and more, but it wants to see a head in everything. Picture
points: they see the nose move against the cheeks and the room stand still already at 18 degrees, where there is enough
to see. Either is enough. Pure. Called by `turns` for each accepted turn;
what a score means: `limits`.
"""

from __future__ import annotations

import cv2
import numpy as np

from kiosk.liveness.attacks.parallax import Parallax

# measured: docs/measurements.md. Mesh: prints moved and bent by hand leave at most 0.122 (thirty prints,
# up to 27 degrees of yaw); 5 genuine turns of 28 degrees and more leave 0.14-0.31, 16 of 18-22 degrees only 0.06-0.13.
MESH_LIMIT = 0.125
# Picture points: what one smooth map leaves of face and surroundings. 20 genuine turns of 18 degrees and more leave
# 0.063-0.177, 60 synthetic prints and screens, turned and bent, at most 0.057.
SHEET_LIMIT = 0.06
FOLLOW_LIMIT = 0.12  # share of the surroundings that go along with the face: genuine at most 0.10
_MIN_FACE, _MIN_RING = 19, 15


def mesh_residual(frontal: np.ndarray, turned: np.ndarray) -> float:
    """Return the 90th percentile of what a homography leaves unexplained, over the outer-eye distance.

    frontal, turned: mesh points of the same face, (478, 2 or 3), pixels. Returns 0 for a degenerate fit.
    """
    one = np.asarray(frontal[:468, :2], np.float32)  # without the irises, which move by themselves
    two = np.asarray(turned[:468, :2], np.float32)
    matrix, _ = cv2.findHomography(one, two, cv2.LMEDS)
    if np.shape(matrix) != (3, 3):
        return 0.0
    mapped = cv2.perspectiveTransform(one[None], matrix)[0]
    scale = float(np.hypot(*(one[33] - one[263])))
    return float(np.percentile(np.hypot(*(mapped - two).T), 90) / max(scale, 1.0))


def depth_score(mesh: float, seen: Parallax) -> float:
    """Return how well a turn shows depth: 1 and more is enough, by the better of the two witnesses."""
    by_mesh = mesh / MESH_LIMIT
    if (
        seen.sheet is None
        or seen.follow is None
        or seen.face_points < _MIN_FACE
        or seen.ring_points < _MIN_RING
        or seen.follow > FOLLOW_LIMIT
    ):
        return by_mesh
    return max(by_mesh, seen.sheet / SHEET_LIMIT)
