"""Depth from the head turn: a flat print or screen that turns follows a homography, a head does not.

Pure. Called by `evidence.py` once for each accepted turn.
"""

from __future__ import annotations

import cv2
import numpy as np


def mesh_residual(frontal: np.ndarray, turned: np.ndarray) -> float:
    """Return the 90th percentile of what a homography leaves unexplained, over the outer-eye distance.

    frontal, turned: mesh points of the same face, (478, 2 or 3), pixels. Facts (biometrics): genuine turns of 24-60 degrees leave
    0.18-0.82, prints moved, rotated and bent by hand at most 0.122. Returns 0 for a degenerate fit.
    """
    one = np.asarray(frontal[:468, :2], np.float32)  # without the irises, which move by themselves
    two = np.asarray(turned[:468, :2], np.float32)
    matrix, _ = cv2.findHomography(one, two, cv2.LMEDS)
    if np.shape(matrix) != (3, 3):
        return 0.0
    mapped = cv2.perspectiveTransform(one[None], matrix)[0]
    scale = float(np.hypot(*(one[33] - one[263])))
    return float(np.percentile(np.hypot(*(mapped - two).T), 90) / max(scale, 1.0))
