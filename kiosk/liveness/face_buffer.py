"""Keep the best frontal, open-eyed faces of each part of a take: before, between and after the actions; and who acted.

Between the actions a print could hide the one who acts: of each action the faces at its height are kept besides, the first and the
last of them. Called by the take. Pure. What is kept is the aligned 112 x 112 face, not the frame; it lives in memory and dies with
the take.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from kiosk.face.align import align
from kiosk.liveness.gestures import Baseline, sample
from kiosk.liveness.guidance import FaceLook
from kiosk.liveness.landmarks import FaceObservation

PER_PART = 3
_APART_S = 0.15  # neighbours in time are no second opinion
_YAW_DEG, _PITCH_DEG, _ROLL_DEG = 18.0, 22.0, 18.0  # Simprints: yaw within 30, roll within 15 degrees; the straighter the better
_ACTING_YAW_DEG = 40.0  # beyond it the encoder knows nobody
_EYES_OPEN = 0.10  # rise over the own baseline
_MOUTH_REST = 0.12


@dataclass(frozen=True, slots=True)
class KeptFace:
    """One aligned face. `part`: 0 before the first action, n after the n-th. `quality` > 0, for weighting. `acting`: taken at the
    height of the action before that part, never for the match."""

    part: int
    t_s: float
    quality: float
    face_rgb: np.ndarray = field(repr=False)
    acting: bool = False


class FaceBuffer:
    """Collects faces; a worse one gives way to a better one."""

    def __init__(self) -> None:
        self._parts: list[list[KeptFace]] = [[]]
        self._heights: list[tuple[FaceObservation, np.ndarray]] = []
        self._since_s = -1.0
        self._acting: list[KeptFace] = []

    def acts(self, since_s: float, observation: FaceObservation, frame_bgr: np.ndarray) -> None:
        """What is asked for is at its height. since_s: when this attempt began; one that came to nothing is forgotten."""
        if since_s != self._since_s:
            self._since_s, self._heights = since_s, []
        if observation.points is not None and abs(observation.yaw_deg) <= _ACTING_YAW_DEG:
            self._heights[1:] = [(observation, frame_bgr)]

    def next_part(self) -> None:
        """An action was accepted: what follows is kept apart."""
        self._parts.append([])
        for seen, frame_bgr in self._heights:
            if seen.points is not None:
                self._acting.append(KeptFace(len(self._parts) - 1, seen.t_s, 1e-3, align(frame_bgr, seen.points), acting=True))
        self._heights = []

    def has_part(self) -> bool:
        """The present part holds a face."""
        return bool(self._parts[-1])

    def kept(self) -> tuple[KeptFace, ...]:
        """Return all kept faces, best first within each part, and behind them those of who acted."""
        return (*(face for part in self._parts for face in sorted(part, key=lambda f: -f.quality)), *self._acting)

    def offer(self, observation: FaceObservation, frame_bgr: np.ndarray, base: Baseline, seen: FaceLook) -> None:
        """Keep this face if it is frontal, open-eyed and better than what there is."""
        value = quality(observation, base, seen)
        if value <= 0 or observation.points is None:
            return
        part = self._parts[-1]
        near = [face for face in part if observation.t_s - face.t_s < _APART_S]
        rivals = near or (part if len(part) >= PER_PART else [])
        worst = min(rivals, key=lambda f: f.quality, default=None)
        if worst is not None and value <= worst.quality:
            return
        kept = KeptFace(len(self._parts) - 1, observation.t_s, value, align(frame_bgr, observation.points))
        if worst is not None:
            part[:] = [face for face in part if face is not worst]
        part.append(kept)


def quality(observation: FaceObservation, base: Baseline, seen: FaceLook) -> float:
    """Return how fit a face is for the match, 0 (not at all) to about 1."""
    now = sample(observation)
    if now is None:
        return 0.0
    if (
        abs(now.yaw_deg) > _YAW_DEG
        or abs(now.pitch_deg) > _PITCH_DEG
        or abs(observation.roll_deg) > _ROLL_DEG
        or now.eyes - base.eyes > _EYES_OPEN
        or now.mouth - base.mouth > _MOUTH_REST
    ):
        return 0.0
    frontal = 1.0 - abs(now.yaw_deg) / (2 * _YAW_DEG) - abs(now.pitch_deg) / (4 * _PITCH_DEG)
    sharp = min(1.0, seen.sharpness / 40.0)
    return max(1e-3, frontal * (0.3 + 0.7 * sharp))
