"""Collect, frame by frame and cheaply, what the attack checks need; score it at the end of a take.

Called by the take alone. Each check gives a score, a limit and a flag; the configuration says off, record, refer or enforce.
Expensive looks are taken at few frames: the small pictures of a turn, and a handful of quiet ones.
"""

from __future__ import annotations

import numpy as np

from kiosk.config import CheckMode, Liveness
from kiosk.domain.outcome import CheckScore
from kiosk.domain.reasons import Action
from kiosk.liveness.attacks.cutout import HoleWatcher
from kiosk.liveness.attacks.limits import RULES
from kiosk.liveness.attacks.reflection import LightWatcher
from kiosk.liveness.attacks.repeats import LoopWatcher, RepeatWatcher
from kiosk.liveness.attacks.screen import screen_score
from kiosk.liveness.attacks.stillness import SwayWatcher
from kiosk.liveness.attacks.turns import TurnWatcher
from kiosk.liveness.camera_proof.proof import CameraProof
from kiosk.liveness.challenge import TURNS
from kiosk.liveness.landmarks import FaceObservation
from kiosk.liveness.light.answer import LightAnswer, LightScores
from kiosk.liveness.light.code import LightCode

_QUIET = frozenset({"baseline", "wait-cue", "between"})
_SCREEN_EVERY_S, _MAX_SCREEN = 0.5, 6


class AttackEvidence:
    """What a take has seen so far, for the checks."""

    def __init__(
        self, settings: Liveness, lights: tuple[int, ...] = (), code: LightCode | None = None, proof: CameraProof | None = None
    ) -> None:
        self._proof = proof
        self._checks = checks = settings.checks
        self._settings = settings
        self.answer = LightAnswer(code) if code is not None and checks.light != "off" else None
        self.lit = LightScores()  # known with the scores
        self.light = LightWatcher(lights) if lights else None
        self._repeats, self._loop, self._sway, self._holes = RepeatWatcher(), LoopWatcher(), SwayWatcher(), HoleWatcher()
        self._screen: list[float] = []
        self._screen_s = -1e9
        self.turns = TurnWatcher(checks)

    def step(
        self,
        observation: FaceObservation,
        frame_bgr: np.ndarray,
        phase: str,
        action: Action | None,
        neutral_deg: float = 0.0,
        code_s: float = 0.0,
    ) -> None:
        """Take in one frame. neutral_deg: the yaw at which this person looks straight. code_s: of the light code, shown."""
        if self._checks.repeated_frames != "off":
            self._repeats.step(observation.t_s, frame_bgr)
        self.turns.came(observation.t_s)
        if self._proof is not None:
            self._proof.step(observation.t_s, frame_bgr, phase)
        if self.answer is not None:
            self.answer.came(observation.t_s, code_s)
        points = observation.points
        if points is None or phase == "positioning":
            return
        self._loop.step(observation)
        if phase == "light" and self.light is not None:
            self.light.step(observation, frame_bgr)
        if phase in _QUIET:
            if self.answer is not None:
                self.answer.step(observation, frame_bgr)
            self._sway.step(observation)
            self._holes.step(observation)
            self._look_for_screen(observation, frame_bgr)
        if phase == "cue" and action in TURNS and self._checks.depth != "off":
            self.turns.step(observation, points, frame_bgr, neutral_deg)
        else:
            self.turns.no_turn()

    @property
    def saw_head(self) -> bool:
        """A turn showed depth, or, at a station that enforces the light, that showed a head's shape where somebody cannot turn."""
        return self.turns.saw_depth or (self._checks.light == "enforce" and self.lit.is_head)

    @property
    def unclear(self) -> bool:
        """Camera or face had to answer, and whether it did cannot be told."""
        dark = self.answer is not None and self._checks.light == "enforce" and not self.lit.available(self._settings.light_strength)
        return dark or (self._proof is not None and self._proof.unclear)

    def scores(self) -> tuple[CheckScore, ...]:
        """Return every check that is not off. The worst turn counts."""
        checks = self._checks
        lit = self._lit()
        told: CheckMode = "off" if checks.light == "off" else "record"
        flat: CheckMode = "refer" if checks.light == "enforce" else told  # rendered, on few takes: never a refusal
        values: tuple[tuple[str, CheckMode, float | None], ...] = (
            ("depth", checks.depth, self.turns.depth()),
            ("background", checks.background, self.turns.background()),
            ("bent_print", checks.bent_print, self.turns.bent_print()),
            ("screen", checks.screen, float(np.median(self._screen)) if len(self._screen) >= 3 else None),
            ("cutout", checks.cutout, self._holes.score()),
            ("stillness", checks.stillness, self._sway.score()),
            ("repeated_frames", checks.repeated_frames, self._repeats.share()),
            ("loop", checks.repeated_frames, self._loop.score()),
            ("light_time", checks.light, lit.time),
            ("light_shape", flat, lit.relief),
            ("light_room", told, lit.room),
            ("reflection", checks.reflection, None if self.light is None else self.light.score()),
        )
        found = tuple(
            CheckScore(name, score, RULES[name].limit, mode, RULES[name].flags(score))
            for name, mode, score in values
            if mode != "off"
        )
        return found if self._proof is None else (*found, *self._proof.scores())

    def _lit(self) -> LightScores:
        """What came back of the light code; nothing is told where movement and daylight would hide it: that refers nobody."""
        if self.answer is None:
            return LightScores()
        self.lit = found = self.answer.scores(self._settings.light_delay_s)
        return found if found.available(self._settings.light_strength) else LightScores()

    def _look_for_screen(self, observation: FaceObservation, frame_bgr: np.ndarray) -> None:
        if (
            self._checks.screen == "off"
            or observation.box is None
            or len(self._screen) >= _MAX_SCREEN
            or observation.t_s - self._screen_s < _SCREEN_EVERY_S
        ):
            return
        self._screen_s = observation.t_s
        self._screen.append(screen_score(frame_bgr, observation.box))
