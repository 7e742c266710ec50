"""The fixed pattern of a sensor (photo response non-uniformity): a tripwire for another sensor, not a proof. Pure but for OpenCV.

Every pixel is a little more or less sensitive than its neighbours, by a hundredth or so, and always the same. The mean of what a
smoothing filter takes away shows it: over a hundred pictures of paper at set-up, over some pictures of a take. Both are correlated;
the peak over the rest of the correlation's energy (PCE) says whether it is one sensor.
Method: Lukas, Fridrich, Goljan (2006); Goljan, Fridrich, Filler (2009). The two corners of the top are looked at: the person is
elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import cv2
import numpy as np

from kiosk.errors import ModelError

BLOCK = 256  # pixels a side
MOST, LEAST = 20, 8  # pictures of a take
CLEAR = 60.0  # likeness from which a pattern is worth keeping
EVERY_S = 0.2
_SPAN = (25.0, 235.0)  # mean grey of a block: darker there is nothing to see, brighter it is cut off
_NOISE = 6.0  # variance (grey levels squared) that is taken for noise; more is the scene
_WINDOWS = (3, 5, 7)
_AROUND = 5  # the peak itself: so many pixels each way are not counted as the rest
_GRID = 8  # what repeats with the blocks of JPEG is everybody's


def corners(image_bgr: np.ndarray) -> np.ndarray | None:
    """Return grey copies of the two corners, uint8 (2, BLOCK, BLOCK); None where they are too small, too dark or too bright."""
    height, width = image_bgr.shape[:2]
    if height < BLOCK or width < 2 * BLOCK:
        return None
    parts = [cv2.cvtColor(part, cv2.COLOR_BGR2GRAY) for part in (image_bgr[:BLOCK, :BLOCK], image_bgr[:BLOCK, -BLOCK:])]
    if not all(_SPAN[0] <= float(part[::4, ::4].mean()) <= _SPAN[1] for part in parts):
        return None
    return np.stack(parts)


def pattern(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Return the pattern that several `corners` share: float32 (2, BLOCK, BLOCK), mean 0, variance 1. Raises ValueError on none."""
    if not pictures:
        raise ValueError("no pictures")
    found = []
    for block in range(2):
        over = np.zeros((BLOCK, BLOCK), np.float32)
        under = np.ones((BLOCK, BLOCK), np.float32)
        for picture in pictures:
            grey = picture[block].astype(np.float32)
            cv2.accumulateProduct(_residual(grey), grey, over)
            cv2.accumulateSquare(grey, under)
        found.append(_cleaned(over / under))
    return np.stack(found)


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """Return the peak to correlation energy of two patterns at the same place, with the peak's sign."""
    spectra = [np.fft.rfft2(a) * np.conj(np.fft.rfft2(b)) for a, b in zip(one, other, strict=True)]
    correlation = np.fft.irfft2(sum(spectra), s=(BLOCK, BLOCK))
    peak = float(correlation[0, 0])
    rest = np.ones_like(correlation, dtype=bool)
    near = np.r_[-_AROUND : _AROUND + 1]
    rest[np.ix_(near, near)] = False
    energy = float(np.mean(correlation[rest] ** 2))
    return float(np.sign(peak) * peak * peak / energy) if energy > 0 else 0.0


def pack(found: np.ndarray) -> bytes:
    """Return a pattern as it is kept."""
    return found.astype("<f2").tobytes()


def unpack(kept: bytes) -> np.ndarray:
    """Return a pattern that was kept. Raises ModelError on anything else."""
    if len(kept) != 2 * BLOCK * BLOCK * 2:
        raise ModelError(f"a sensor's pattern of {len(kept)} bytes")
    return np.frombuffer(kept, "<f2").reshape(2, BLOCK, BLOCK).astype(np.float32)


class SensorWatch:
    """Keeps the corners of some pictures of a take, and compares them once in its end: a frame costs nothing."""

    def __init__(self, reference: np.ndarray) -> None:
        self._reference = reference
        self._pictures: list[np.ndarray] = []
        self._kept_s = -1e9

    def look(self, t_s: float, image_bgr: np.ndarray) -> None:
        """Keep a picture now and then."""
        if len(self._pictures) >= MOST or t_s - self._kept_s < EVERY_S:
            return
        self._kept_s = t_s
        found = corners(image_bgr)
        if found is not None:
            self._pictures.append(found)

    def score(self) -> float | None:
        """Return the likeness with the pinned sensor; None where too little was seen."""
        return likeness(self._reference, pattern(self._pictures)) if len(self._pictures) >= LEAST else None


def _residual(grey: np.ndarray) -> np.ndarray:
    """Return what is not the scene: the difference from the surroundings, less where the surroundings themselves change."""
    square = cv2.multiply(grey, grey)
    means = [cv2.boxFilter(grey, -1, (side, side)) for side in _WINDOWS]
    out = cv2.subtract(grey, means[0])
    spreads = (
        cv2.subtract(cv2.boxFilter(square, -1, (side, side)), cv2.multiply(mean, mean))
        for side, mean in zip(_WINDOWS, means, strict=True)
    )
    return np.asarray(cv2.multiply(out, _NOISE / np.maximum(reduce(np.minimum, spreads), np.float32(_NOISE)), dst=out))


def _cleaned(raw: np.ndarray) -> np.ndarray:
    """Take out what sensors of one make share (rows, columns, the grid of the compression, single frequencies); variance 1."""
    out = raw - raw.mean(axis=0, keepdims=True)
    out -= out.mean(axis=1, keepdims=True)
    cells = out.reshape(BLOCK // _GRID, _GRID, BLOCK // _GRID, _GRID)
    out = (cells - cells.mean(axis=(0, 2), keepdims=True)).reshape(BLOCK, BLOCK)
    spectrum = np.fft.rfft2(out)
    size = np.abs(spectrum).astype(np.float32)
    out = np.fft.irfft2(spectrum / np.maximum(cv2.boxFilter(size, -1, (5, 5)), 1e-6), s=(BLOCK, BLOCK))
    return (out / max(float(np.sqrt(np.mean(out * out))), 1e-9)).astype(np.float32)
