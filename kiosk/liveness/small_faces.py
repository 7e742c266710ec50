"""A second look for faces that are too small for the mesh, so that somebody far away is asked to come nearer.

MediaPipe's detector is made for two metres: of a face of less than about a fifth of the picture's height it sees nothing, and "no
face" helps nobody. YuNet sees them. Used by the vision worker and by `kiosk evaluate`, only when the mesh found no face, twice a
second: it costs as much as two frames.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from kiosk.face.detect import FaceDetector
from kiosk.liveness.landmarks import FaceObservation

PERIOD_S = 0.5
_SMALLEST = 0.04  # share of the frame's shorter side: smaller ones are people passing at the back


class SmallFaces:
    """Adds to an observation without a face the largest small one."""

    def __init__(self, model: Path) -> None:
        """model: YuNet's file; it is loaded when it is needed first."""
        self._model = model
        self._detector: FaceDetector | None = None
        self._looked_s = -1e9
        self._last: tuple[float, float, float, float] | None = None

    def look(self, observation: FaceObservation, frame_bgr: np.ndarray) -> FaceObservation:
        """Return the observation, with `small_box` when it holds no face and one is there. Raises ModelError without the model."""
        if observation.points is not None:
            self._last = None
            return observation
        if observation.t_s - self._looked_s >= PERIOD_S or observation.t_s < self._looked_s:
            self._looked_s = observation.t_s
            if self._detector is None:
                self._detector = FaceDetector(self._model)
            found = self._detector.detect(frame_bgr)
            height = (found[0].box[3] - found[0].box[1]) / min(frame_bgr.shape[:2]) if found else 0.0
            self._last = found[0].box if height >= _SMALLEST else None
        return observation if self._last is None else replace(observation, small_box=self._last)
