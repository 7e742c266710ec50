"""Cut-out eyes or mouth: what shows through a hole lies behind the sheet, and slides against it when the sheet moves.

Pure; a few numbers a frame, in quiet moments only. Recorded, not enforced, by default: the mesh keeps faces together by habit.
"""

from __future__ import annotations

import numpy as np

from kiosk.face.align import similarity
from kiosk.liveness.landmarks import FaceObservation

# Rigid skin between and around the holes; corners of eyes and mouth.
_SKIN = (168, 6, 197, 195, 5, 4, 9, 8, 50, 280, 101, 330, 205, 425, 108, 337)
_EYES = (33, 133, 362, 263)
_MOUTH = (61, 291)
_FRONTAL_DEG = 10.0
_EVERY_S = 0.09


class HoleWatcher:
    """Collects where eyes and mouth lie against the skin."""

    def __init__(self) -> None:
        self._skin: np.ndarray | None = None
        self._rows: list[np.ndarray] = []
        self._last_s = -1e9

    def step(self, observation: FaceObservation) -> None:
        """Take in one observation of a quiet, frontal moment."""
        points = observation.points
        if points is None or abs(observation.yaw_deg) > _FRONTAL_DEG or observation.t_s - self._last_s < _EVERY_S:
            return
        self._last_s = observation.t_s
        xy = points[:, :2]
        if self._skin is None:
            eye = max(float(np.hypot(*(xy[33] - xy[263]))), 1.0)
            self._skin = (xy[list(_SKIN)] - xy[168]) / eye
        matrix = similarity(xy[list(_SKIN)], self._skin)
        held = xy[[*_EYES, *_MOUTH]] @ matrix[:, :2].T + matrix[:, 2]
        self._rows.append(np.stack([held[:4].mean(axis=0), held[4:].mean(axis=0)]))

    def score(self) -> float | None:
        """Return the larger spread of the eyes' and the mouth's place against the skin, in eye distances."""
        if len(self._rows) < 20:
            return None
        rows = np.array(self._rows)
        return float(np.hypot(*rows.std(axis=0).T).max())
