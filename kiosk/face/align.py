"""Cut a face out of a frame onto the ArcFace template (112 x 112), from MediaPipe's 478 points or from YuNet's five.

Called by the vision worker, by enrolment and by `kiosk evaluate match`. Pure: numpy and OpenCV only.
"""

from __future__ import annotations

import cv2
import numpy as np

SIZE = 112

# ArcFace's five points for 112 x 112 (insightface, src/align): right eye, left eye (the person's), nose tip, mouth
# corners.
TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float32
)


def five_points(points: np.ndarray) -> np.ndarray:
    """Return the five template points of a MediaPipe mesh.

    points: (478, 2 or 3), pixels. Returns float32 (5, 2). The eye is the middle of its two corners, which a closed lid
    or a sideways look does not move (facts: as good as YuNet's points on 2 400 LFW pairs).
    """
    xy = np.asarray(points[:, :2], np.float32)
    return np.stack([(xy[33] + xy[133]) / 2, (xy[263] + xy[362]) / 2, xy[4], xy[61], xy[291]])


def align(frame_bgr: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the aligned face of a MediaPipe mesh: uint8 RGB (112, 112, 3). `points`: (478, 2 or 3), pixels of
    `frame_bgr`."""
    return align_five(frame_bgr, five_points(points))


def align_five(frame_bgr: np.ndarray, five: np.ndarray) -> np.ndarray:
    """Return the aligned face of five points in template order: uint8 RGB (112, 112, 3). Raises ValueError on
    degenerate points."""
    matrix = similarity(np.asarray(five, np.float32), TEMPLATE)
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if scale < 0.5:
        # Bilinear sampling skips pixels when shrinking by more than two: halve first, so that a 1080p face does not
        # alias.
        factor = 0.5 ** int(np.floor(np.log2(1 / scale)))
        x0, y0, x1, y1 = _region(matrix, frame_bgr.shape[1], frame_bgr.shape[0])
        part = cv2.resize(frame_bgr[y0:y1, x0:x1], None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        half = 0.5 / factor - 0.5  # pixel centres: the middle of a block, not its corner
        back = np.array([[1 / factor, 0, x0 + half], [0, 1 / factor, y0 + half], [0, 0, 1]], np.float64)
        frame_bgr, matrix = part, matrix @ back
    face = cv2.warpAffine(frame_bgr, matrix, (SIZE, SIZE), flags=cv2.INTER_LINEAR, borderValue=0)
    return np.ascontiguousarray(face[:, :, ::-1])


def similarity(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return the least-squares similarity (rotation, scale, shift; no mirror) taking `source` to `target`.

    Both (n, 2). Returns float64 (2, 3). Raises ValueError when the points coincide. Umeyama 1991, as used by ArcFace.
    """
    a, b = np.asarray(source, np.float64), np.asarray(target, np.float64)
    centre_a, centre_b = a.mean(axis=0), b.mean(axis=0)
    # The plane as complex numbers: a similarity without mirror is one complex factor.
    za, zb = (a - centre_a) @ (1, 1j), (b - centre_b) @ (1, 1j)
    power = float(np.sum(np.abs(za) ** 2))
    if not np.isfinite(power) or power < 1e-6:
        raise ValueError("the points coincide")
    factor = np.sum(np.conj(za) * zb) / power
    linear = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])
    if abs(factor) < 1e-9:
        raise ValueError("the points do not fit the template")
    return np.column_stack([linear, centre_b - linear @ centre_a])


def _region(matrix: np.ndarray, width: int, height: int) -> tuple[int, int, int, int]:
    inverse = cv2.invertAffineTransform(matrix)
    corners = np.array([[0, 0, 1], [SIZE, 0, 1], [0, SIZE, 1], [SIZE, SIZE, 1]], np.float64) @ inverse.T
    low = np.floor(corners.min(axis=0)).astype(int) - 4
    high = np.ceil(corners.max(axis=0)).astype(int) + 4
    x0, y0 = int(np.clip(low[0], 0, width - 1)), int(np.clip(low[1], 0, height - 1))
    return x0, y0, int(np.clip(high[0], x0 + 1, width)), int(np.clip(high[1], y0 + 1, height))
