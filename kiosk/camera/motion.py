"""Does somebody come near? Coarse changes between two pictures of a camera that is otherwise asleep. Pure, numpy only."""

from __future__ import annotations

import numpy as np

_CELLS = 24  # coarse picture: as many columns and rows
_LEVELS = 14.0  # grey levels a cell must change by; sensor noise averages out far below in a cell
_SHARE = 0.06  # of all cells: a person two metres away covers more, a fly less


class MotionDetector:
    """Compares each picture with the one before. Light that changes everywhere alike (a lamp, the exposure) is no person."""

    def __init__(self) -> None:
        self._last: np.ndarray | None = None

    def look(self, image_bgr: np.ndarray) -> bool:
        """Return whether something moved since the last look. image_bgr: uint8 (height, width, 3)."""
        height, width = image_bgr.shape[:2]
        if height < _CELLS or width < _CELLS:
            return False
        # The green channel of every fourth row and column of a cell is enough.
        high, wide = height // _CELLS, width // _CELLS
        cells = image_bgr[: high * _CELLS, : wide * _CELLS, 1].reshape(_CELLS, high, _CELLS, wide)
        coarse = cells[:, ::4, :, ::4].mean(axis=(1, 3), dtype=np.float32)
        last, self._last = self._last, coarse
        if last is None:
            return False
        change = coarse - last
        return bool(np.mean(np.abs(change - np.median(change)) > _LEVELS) > _SHARE)
