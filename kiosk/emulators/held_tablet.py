"""A tablet that somebody holds before the camera, with a moving face on it: wraps any frame source. For the demo and tests.

It answers every challenge that its face answers; the kiosk's light falls on glass and changes nothing of what shines behind it.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from kiosk.camera.frame import Frame, FrameSource
from kiosk.camera.opencv import import_cv2

cv2 = import_cv2()

_BEZEL = 0.035  # of the frame's height
_SHINES = 0.92  # a tablet's white is not the room's


class HeldTablet:
    """An ordinary `FrameSource`."""

    def __init__(self, inner: FrameSource, scale: float = 0.86) -> None:
        """scale: of the tablet's picture in the frame."""
        self.name = inner.name
        self._inner, self._scale = inner, scale
        self._room: np.ndarray | None = None

    def open(self) -> None:
        """Open the source behind. Raises CameraUnavailable."""
        self._inner.open()

    def close(self) -> None:
        """Release the source behind; may be called twice."""
        self._inner.close()

    def read(self) -> Frame | None:
        """Return the next frame: the tablet in a hand that is never quite still."""
        frame = self._inner.read()
        return None if frame is None else replace(frame, image_bgr=self._held(frame.image_bgr, frame.t_s))

    def _held(self, image_bgr: np.ndarray, t_s: float) -> np.ndarray:
        height, width = image_bgr.shape[:2]
        if self._room is None or self._room.shape != image_bgr.shape:
            grey = np.linspace(120, 90, height, dtype=np.float32)[:, None, None] * np.array((0.95, 1.0, 1.02), np.float32)
            self._room = np.repeat(grey, width, axis=1).astype(np.uint8)
        out = self._room.copy()
        tall, wide = round(self._scale * height), round(self._scale * width)
        x = round((width - wide) / 2 + 3 * math.sin(1.7 * t_s) + 2 * math.sin(4.1 * t_s))
        y = round((height - tall) / 2 + 3 * math.sin(1.3 * t_s + 1) + 1.5 * math.sin(3.7 * t_s))
        edge = round(_BEZEL * height)
        cv2.rectangle(out, (x - edge, y - edge), (x + wide + edge, y + tall + edge), (18, 18, 18), cv2.FILLED)
        picture = cv2.resize(image_bgr, (wide, tall), interpolation=cv2.INTER_AREA)
        out[y : y + tall, x : x + wide] = cv2.convertScaleAbs(picture, alpha=_SHINES)
        return out
