"""Cues of a refilmed screen in one face: moire and pixel grids leave sharp peaks in the spectrum that skin does not
have.

Pure. Called a few times a take, on kept frames only, and by `kiosk evaluate stills`. Recorded, not enforced, by
default: it sees coarse grids and moire, and nothing of a good screen at a good distance.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from kiosk.liveness.landmarks import Box

_SIDE = 192


def screen_score(frame_bgr: np.ndarray, box: Box) -> float:
    """Return how far the strongest isolated peak of the face's spectrum stands out: about 3-6 for skin, more for grids.

    The log power spectrum is compared with its own local median, so that a slope (blur, noise, sharpening) does not
    count.
    """
    height, width = frame_bgr.shape[:2]
    x0, y0 = max(0, int(box[0])), max(0, int(box[1]))
    x1, y1 = min(width, int(box[2]) + 1), min(height, int(box[3]) + 1)
    if x1 - x0 < 48 or y1 - y0 < 48:
        return 0.0
    side = min(x1 - x0, y1 - y0, _SIDE)
    # The very pixels, not a scaled picture: scaling would make or hide moire.
    left, top = (x0 + x1) // 2 - side // 2, (y0 + y1) // 2 - side // 2
    gray = cv2.cvtColor(frame_bgr[top : top + side, left : left + side], cv2.COLOR_BGR2GRAY).astype(np.float32)
    window, ring = _looked_at(side)
    power = np.log1p(np.abs(np.fft.fftshift(np.fft.fft2((gray - gray.mean()) * window))))
    image = power.astype(np.float32)
    values = (image - cv2.medianBlur(image, 5))[ring]
    middle = np.median(values)
    spread = float(np.median(np.abs(values - middle))) * 1.4826
    return float((values.max() - middle) / max(spread, 1e-3))


@lru_cache(maxsize=8)
def _looked_at(side: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the window over a picture of that side, and which part of its spectrum is looked at."""
    window = np.outer(np.hanning(side), np.hanning(side)).astype(np.float32)
    rows, columns = np.mgrid[0:side, 0:side] - side // 2
    radius = np.hypot(rows, columns)
    # The axes hold the block edges of JPEG and MPEG; the middle holds the face itself.
    ring = (radius > side * 0.12) & (radius < side * 0.49) & (np.abs(rows) > 2) & (np.abs(columns) > 2)
    return window, ring
