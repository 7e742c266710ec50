"""Does somebody wear glasses? yes, no, or unknown: for the fairness ledger alone, never for a verdict. Pure: numpy and OpenCV.

Looks at the few aligned faces a take has kept for the match (`face_buffer.py`), once, when the take has ended: a frame costs none
of it. Called by the vision worker and by `kiosk evaluate glasses`. Only the answer leaves this file.

A frame shows as a line over the bridge of the nose and a line from each rim to its ear. Old faces have lines too: a crease
over the nose, brows, laughter. So both are asked for, and both are measured against the lines of the same face's cheeks,
where no glasses are. What lies between is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from kiosk.domain.outcome import Glasses

# Regions of the 112 x 112 template (`face.align`): x0, x1, y0, y1. The eyes lie at y 52, x 38 and 74.
_BRIDGE = (50, 62, 43, 60)
_TEMPLES = ((14, 26, 42, 60), (86, 98, 42, 60))
_CHEEKS = ((28, 42, 74, 88), (70, 84, 74, 88))
_MIDDLE = (20, 92, 30, 100)  # for sharpness
_LIGHT_SIGMA, _NOISE_SIGMA, _HALF_LINE = 6.0, 0.7, 2  # pixels: light is wider than 6, noise finer than 0.7, a rim about 2
_SMOOTH = 0.03  # of the local brightness: lines fainter than this are skin and sensor noise

# measured: docs/measurements.md, `kiosk evaluate glasses`. 1.1 times the strongest bridge of a bare face that has temple lines
# too, and 0.6 times the faintest of a face with glasses.
BRIDGE_YES, TEMPLE_YES, BRIDGE_NO = 1.5, 0.8, 0.6
SHARP_NO = 30.0  # a blurred picture hides thin rims: no line in it is no answer


@dataclass(frozen=True, slots=True)
class Lines:
    """Strength of the lines over the lines of the cheeks: over the nose, beside the eyes (the weaker side); and sharpness."""

    bridge: float
    temple: float
    sharp: float


def tell(faces: Sequence[np.ndarray]) -> Glasses:
    """Return the answer of a take. faces: uint8 RGB (112, 112, 3), frontal, eyes open; none gives unknown."""
    return answer(measure(faces)) if faces else Glasses.UNKNOWN


def measure(faces: Sequence[np.ndarray]) -> Lines:
    """Return the medians over the faces of one take. Raises ValueError without a face or for another size."""
    if not faces or any(face.shape != (112, 112, 3) for face in faces):
        raise ValueError("aligned faces of 112 x 112 are needed")
    bridge, temple, sharp = np.median([_lines(face) for face in faces], axis=0)
    return Lines(float(bridge), float(temple), float(sharp))


def answer(lines: Lines, bridge_yes: float = BRIDGE_YES, bridge_no: float = BRIDGE_NO) -> Glasses:
    """Return what the lines say."""
    if lines.bridge >= bridge_yes and lines.temple >= TEMPLE_YES:
        return Glasses.YES
    return Glasses.NO if lines.bridge < bridge_no and lines.sharp >= SHARP_NO else Glasses.UNKNOWN


def _lines(face_rgb: np.ndarray) -> tuple[float, float, float]:
    gray = cv2.cvtColor(face_rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    light = cv2.GaussianBlur(gray, (0, 0), _LIGHT_SIGMA)
    even = cv2.GaussianBlur(gray / np.maximum(light, 8.0), (0, 0), _NOISE_SIGMA)
    # How much a pixel differs from both its neighbours above and below: a thin level line, dark or bright.
    up, down = np.roll(even, _HALF_LINE, axis=0), np.roll(even, -_HALF_LINE, axis=0)
    line = np.abs((up + down) / 2 - even)
    skin = _SMOOTH + max(_path(line, *region) for region in _CHEEKS)
    return _path(line, *_BRIDGE) / skin, min(_path(line, *region) for region in _TEMPLES) / skin, _sharp(gray)


def _path(line: np.ndarray, x0: int, x1: int, y0: int, y1: int) -> float:
    """Mean strength of the strongest line from left to right through a region; it may rise or fall by a pixel a column."""
    part = line[y0:y1, x0:x1]
    best: np.ndarray = part[:, 0]
    low = np.full(1, -np.inf, np.float32)
    for column in part.T[1:]:
        above, below = np.concatenate((low, best[:-1])), np.concatenate((best[1:], low))
        best = column + np.maximum(best, np.maximum(above, below))
    return float(best.max()) / (x1 - x0)


def _sharp(gray: np.ndarray) -> float:
    x0, x1, y0, y1 = _MIDDLE
    part = gray[y0:y1, x0:x1]
    return float(100.0 * cv2.Laplacian(part, cv2.CV_32F).std() / max(float(part.std()), 1.0))
