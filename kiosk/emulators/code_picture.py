"""A slip or a telephone's screen with a QR code, as somebody holds it up to the camera. For demo and tests, never production."""

from __future__ import annotations

import numpy as np
import segno

from kiosk.camera.opencv import import_cv2

cv2 = import_cv2()

_SIDE_PX = 900
_QUIET = 4  # modules of white round a code


def draw_code(text: str) -> np.ndarray:
    """Return the code on white, uint8 BGR, as `CardHolder.lay` lays it under the camera."""
    modules = np.pad(np.array([bytearray(row) for row in segno.make(text, error="m", micro=False).matrix], np.uint8), _QUIET)
    grey = ((1 - modules) * 215 + 20).astype(np.uint8)
    return np.asarray(cv2.cvtColor(cv2.resize(grey, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_NEAREST), cv2.COLOR_GRAY2BGR))
