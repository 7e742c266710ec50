"""The kiosk's screen shines on the puppet: what its light passcode adds to a drawn picture, one delay later. For `puppet`."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import Any

import numpy as np

from kiosk.camera.opencv import import_cv2
from kiosk.domain.light_pattern import CALM, COOL, WARM, Levels, colour

cv2 = import_cv2()

DELAY_S = 0.08  # of the screen; the camera's own comes on top
SHARE = 0.12  # of the light on the face that comes from the screen's free area: an office, half a metre away
_GRID = (16, 12)


class ScreenLight:
    """What the screen shows, and what a face before it looks like then. `shine` may be called from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._on_its_way: deque[tuple[float, Levels]] = deque()
        self._now: Levels = CALM
        x, y = np.meshgrid(np.linspace(-1, 1, _GRID[0]), np.linspace(-1, 1, _GRID[1]))
        # Near the middle stands the head; the room behind is far from the screen. A head's left cheek sees the screen's left side.
        self._near = np.exp(-((x / 0.42) ** 2 + ((y - 0.05) / 0.8) ** 2))
        self._sides = np.stack([-np.clip(x / 0.3, -1, 1), np.clip(y / 0.6, -1, 1)])  # to the screen's right, and down

    def shine(self, levels: Levels | None, now_s: float) -> None:
        """From now on the screen shows these levels; None: no pattern at all."""
        with self._lock:
            self._on_its_way.append((now_s + DELAY_S, levels or CALM))

    def add(
        self, image_bgr: np.ndarray[Any, Any], now_s: float, facing: Callable[[], np.ndarray[Any, Any]] | None = None
    ) -> np.ndarray[Any, Any]:
        """Return the picture in the light of this moment; the same one while nothing shines. facing: how squarely each place faces
        the screen, asked only while it shines; None: all alike, as a sheet does."""
        with self._lock:
            while self._on_its_way and self._on_its_way[0][0] <= now_s:
                self._now = self._on_its_way.popleft()[1]
            levels = self._now
        if levels == CALM:
            return image_bgr
        hue, across, along = levels
        level = hue - across * self._sides[0] - along * self._sides[1]
        half = [(w - c) / 2 / rest for w, c, rest in zip(WARM, COOL, colour(0.0), strict=True)][::-1]
        light = 1 + SHARE * self._near[:, :, None] * level[:, :, None] * np.array(half)
        if facing is not None:
            shape = facing()
            light = 1 + cv2.resize(light - 1, shape.shape[::-1], interpolation=cv2.INTER_LINEAR) * shape[:, :, None]
        field = cv2.resize((light ** (1 / 2.2)).astype(np.float32), image_bgr.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        out: np.ndarray[Any, Any] = cv2.multiply(image_bgr, field, dtype=cv2.CV_8U)
        return out
