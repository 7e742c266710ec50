"""Collect, frame by frame and cheaply, what the attack checks need; score it at the end of a take.

Called by the take alone. Each check gives a score, a limit and a flag; the configuration says off, record or enforce.
"""

from __future__ import annotations

import numpy as np

from kiosk.config import Checks
from kiosk.domain.outcome import CheckScore
from kiosk.domain.reasons import Action
from kiosk.liveness.attacks.depth import mesh_residual
from kiosk.liveness.challenge import TURNS
from kiosk.liveness.gestures import GestureEvent
from kiosk.liveness.landmarks import FaceObservation

DEPTH_LIMIT = 0.13


class Evidence:
    """What a take has seen so far, for the checks."""

    def __init__(self, checks: Checks) -> None:
        self._checks = checks
        self._frontal: np.ndarray | None = None
        self._turned: np.ndarray | None = None
        self._turned_deg = 0.0
        self._depth: list[float] = []

    def step(self, observation: FaceObservation, frame_bgr: np.ndarray, phase: str, action: Action | None) -> None:
        """Take in one frame."""
        if observation.points is None:
            return
        if phase != "cue" or action not in TURNS:
            if abs(observation.yaw_deg) < 10:
                self._frontal = observation.points
            self._turned, self._turned_deg = None, 0.0
        elif abs(observation.yaw_deg) > self._turned_deg:
            self._turned, self._turned_deg = observation.points, abs(observation.yaw_deg)

    def accepted(self, event: GestureEvent) -> None:
        """An action was accepted: judge what it showed."""
        if event.action in TURNS and self._frontal is not None and self._turned is not None:
            self._depth.append(mesh_residual(self._frontal, self._turned))

    def scores(self) -> tuple[CheckScore, ...]:
        """Return every check that is not off."""
        out = []
        if self._checks.depth != "off":
            score = min(self._depth) if self._depth else None
            out.append(CheckScore("depth", score, DEPTH_LIMIT, self._checks.depth, score is not None and score < DEPTH_LIMIT))
        return tuple(out)
