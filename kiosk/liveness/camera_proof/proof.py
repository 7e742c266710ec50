"""What a take asks of the camera itself: pulses that it must answer, and its sensor's pattern. The vision worker makes one a take.

Both need what was measured at set-up (`CameraFacts`); without it they are unavailable, and refuse nobody.
"""

from __future__ import annotations

import random

import numpy as np

from kiosk.config import Checks
from kiosk.domain.camera_facts import CameraFacts
from kiosk.domain.outcome import CheckScore
from kiosk.liveness.camera_proof.pulses import Pulses
from kiosk.liveness.camera_proof.sensor import SensorWatch, unpack

ANSWER_LIMIT = 0.5  # of the calibrated response; measured: docs/measurements.md, "A camera that proves itself"
SENSOR_LIMIT = 100.0  # peak to correlation energy; another sensor, coded twice, reached 60
_ALWAYS = frozenset({"wait-cue", "cue", "between"})
_BESIDE_THE_LIGHT = frozenset({"cue"})  # the light code runs in all other phases, and both would be read from the picture's colour


class CameraProof:
    """One take's share of it. Called for every frame; nothing but a mean is computed there."""

    def __init__(self, facts: CameraFacts, checks: Checks, rng: random.Random | None = None) -> None:
        """rng: for demonstrations and tests; else the operating system's source of randomness."""
        self._facts, self._checks = facts, checks
        coloured = checks.light != "off" and facts.control == "white-balance"
        self._phases = _BESIDE_THE_LIGHT if coloured else _ALWAYS
        self._pulses = Pulses(rng) if facts.control and checks.camera != "off" else None
        self._sensor = SensorWatch(unpack(facts.pattern)) if facts.pattern and checks.sensor != "off" else None
        self.unclear = False  # it had to answer, and whether it did cannot be told: told with the scores
        self.level = 0.0  # where the camera's control belongs now, -1 to 1

    def step(self, t_s: float, frame_bgr: np.ndarray, phase: str) -> None:
        """Take in one frame of the take's present phase. Whoever owns the camera steers it by `level` afterwards."""
        if self._pulses is not None:
            self._pulses.look(t_s, frame_bgr)
            self.level = self._pulses.level(t_s, phase in self._phases)
        if self._sensor is not None and phase in _ALWAYS and frame_bgr.shape[1::-1] == self._facts.size:
            self._sensor.look(t_s, frame_bgr)

    def scores(self) -> tuple[CheckScore, ...]:
        """Return both checks, where they are not off. No score: not to be told this time."""
        answer = self._pulses.answer(self._facts) if self._pulses is not None else None
        share = answer.share if answer is not None and answer.says_something else None
        like = self._sensor.score() if self._sensor is not None else None
        self.unclear = answer is not None and share is None and self._checks.camera == "enforce"
        told = (
            CheckScore("camera", share, ANSWER_LIMIT, self._checks.camera, share is not None and share < ANSWER_LIMIT),
            CheckScore("sensor", like, SENSOR_LIMIT, self._checks.sensor, like is not None and like < SENSOR_LIMIT),
        )
        return tuple(one for one in told if one.mode != "off")
