"""Unnatural stillness: a living head sways a little all the time; a picture on a stand does not.

Pure; a few numbers a frame. What is left of a picture's position is the mesh's noise, which averages out; sway does not.
"""

from __future__ import annotations

import numpy as np

from kiosk.liveness.landmarks import FaceObservation

_BLOCK_S = 0.25
# Rigid points: bridge of the nose, temples' side, nose tip.
_POINTS = (168, 6, 197, 4, 127, 356, 234, 454)


class SwayWatcher:
    """Collects positions over the quiet parts of a take."""

    def __init__(self) -> None:
        self._rows: list[tuple[float, float, float, float]] = []

    def step(self, observation: FaceObservation) -> None:
        """Take in one observation of a quiet moment (no action cued)."""
        points = observation.points
        if points is not None:
            middle = points[list(_POINTS), :2].mean(axis=0)
            eye = float(np.hypot(*(points[33, :2] - points[263, :2])))
            self._rows.append((observation.t_s, float(middle[0]), float(middle[1]), eye))

    def score(self) -> float | None:
        """Return the sway: spread of positions averaged over quarter seconds, in eye distances. None when too short."""
        if len(self._rows) < 15:
            return None
        rows = np.array(self._rows)
        block = ((rows[:, 0] - rows[0, 0]) / _BLOCK_S).astype(int)
        means = np.array([rows[block == b, 1:3].mean(axis=0) for b in np.unique(block)])
        # One scale for all: dividing each place by its own noisy eye distance would look like sway.
        eye = max(float(np.median(rows[:, 3])), 1.0)
        return float(np.hypot(*means.std(axis=0)) / eye) if len(means) >= 5 else None
