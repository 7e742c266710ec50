"""Collect, frame by frame and cheaply, what the attack checks need; score it at the end of a take.

Called by the take alone. Each check gives a score, a limit and a flag; the configuration says off, record or enforce.
Expensive looks are taken at few frames: the small pictures of a turn, and a handful of quiet ones.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np

from kiosk.config import CheckMode, Liveness
from kiosk.domain.outcome import CheckScore
from kiosk.domain.reasons import Action
from kiosk.liveness.attacks.cutout import HoleWatcher
from kiosk.liveness.attacks.depth import depth_score, mesh_residual
from kiosk.liveness.attacks.parallax import Parallax, TurnFrame, parallax, tracking_scale, turn_frame
from kiosk.liveness.attacks.reflection import LightWatcher
from kiosk.liveness.attacks.repeats import LoopWatcher, RepeatWatcher
from kiosk.liveness.attacks.screen import screen_score
from kiosk.liveness.attacks.stillness import SwayWatcher
from kiosk.liveness.camera_proof.proof import CameraProof
from kiosk.liveness.challenge import TURNS
from kiosk.liveness.landmarks import FaceObservation
from kiosk.liveness.light.answer import LightAnswer, LightScores
from kiosk.liveness.light.code import LightCode

_QUIET = frozenset({"baseline", "wait-cue", "between"})
_FRONTAL_DEG = 6.0  # a turn begins from here
_STEP_DEG = 1.5  # between the pictures of a turn: small enough to track, few enough to be cheap
_MAX_TURN = 40
_FRONTAL_EVERY_S = 0.15
_FORGET_S = 0.4
# A turn is judged only when it was seen: enough pictures, near enough to each other. A print that is jerked before a slow camera
# makes the tracked mesh invent a turn between two pictures (9 of 31 such turns reached the depth limit).
_MIN_PICTURES = 5
_MAX_STEP_DEG = 14.0
_MIN_FPS = 4.0  # below it no turn can be judged at all
_RATE_FRAMES = 20
_LIGHT_CLEAR = 2.5  # the answer measured at set-up over today's noise
_SCREEN_EVERY_S, _MAX_SCREEN = 0.5, 6


class TurnVerdict(StrEnum):
    """What was found of a turn that ended."""

    DEEP = "deep"  # a head
    FLAT = "flat"  # no depth, or too small to show it: turn further
    JERKY = "jerky"  # too few pictures, too far apart: turn more slowly
    UNJUDGED = "unjudged"  # the camera is too slow, or depth is not asked for: counts as a gesture, shows no depth


@dataclass(frozen=True, slots=True)
class TurnPictures:
    """A turn that was accepted, to be looked at again picture by picture: BGR frames and the tracked yaw over neutral."""

    frontal_bgr: np.ndarray
    turned_bgr: np.ndarray
    yaw_deg: float


@dataclass(frozen=True, slots=True)
class Rule:
    """A limit, and on which side of it an attack lies."""

    limit: float
    attack: Literal["below", "above"]

    def flags(self, score: float | None) -> bool:
        """Say whether a score looks like an attack; no score never does."""
        if score is None:
            return False
        return score < self.limit if self.attack == "below" else score > self.limit


# measured: docs/measurements.md (genuine turns of the development clips, synthetic prints and screens of evaluate/attacks_synth.py)
RULES: dict[str, Rule] = {
    "depth": Rule(1.0, "below"),
    "background": Rule(0.25, "above"),
    "bent_print": Rule(0.05, "below"),
    "screen": Rule(4.2, "above"),
    "cutout": Rule(0.08, "above"),
    "stillness": Rule(0.0012, "below"),
    "repeated_frames": Rule(0.02, "above"),
    "loop": Rule(0.80, "above"),
    "light_time": Rule(0.25, "below"),  # rendered: docs/measurements.md, "Light that answers"
    "light_shape": Rule(0.0, "below"),
    "light_room": Rule(0.6, "above"),
    "reflection": Rule(0.5, "below"),  # not measured on people: no recordings before a coloured screen were at hand
}


class Evidence:
    """What a take has seen so far, for the checks."""

    def __init__(
        self, settings: Liveness, lights: tuple[int, ...] = (), code: LightCode | None = None, proof: CameraProof | None = None
    ) -> None:
        self._proof = proof
        self._checks = checks = settings.checks
        self._settings = settings
        self.answer = LightAnswer(code) if code is not None and checks.light != "off" else None
        self.light = LightWatcher(lights) if lights else None
        self._repeats, self._loop, self._sway, self._holes = RepeatWatcher(), LoopWatcher(), SwayWatcher(), HoleWatcher()
        self._screen: list[float] = []
        self._screen_s = self._frontal_s = -1e9
        self._turn: list[TurnFrame] = []
        self._frontal: np.ndarray | None = None
        self._turned: np.ndarray | None = None
        self._scale = 1.0
        self._back_s: float | None = None
        self._depth: list[float] = []
        self._refused: float | None = None  # the best of the turns that were not deep enough
        self._refused_sheet: float | None = None
        self._parallax: list[Parallax] = []
        self._times: deque[float] = deque(maxlen=_RATE_FRAMES)
        self._frontal_bgr: np.ndarray | None = None
        self._turned_bgr: np.ndarray | None = None
        self.turns: list[TurnPictures] = []  # accepted for their depth

    def step(
        self,
        observation: FaceObservation,
        frame_bgr: np.ndarray,
        phase: str,
        action: Action | None,
        neutral_deg: float = 0.0,
        code_s: float | None = None,
    ) -> None:
        """Take in one frame. neutral_deg: the yaw at which this person looks straight. code_s: seconds of the light code."""
        if self._checks.repeated_frames != "off":
            self._repeats.step(observation.t_s, frame_bgr)
        self._times.append(observation.t_s)
        if self._proof is not None:
            self._proof.step(observation.t_s, frame_bgr, phase)
        points = observation.points
        if points is None or phase == "positioning":
            return
        self._loop.step(observation)
        if self.answer is not None and code_s is not None:
            self.answer.step(code_s, observation, frame_bgr)
        if phase == "light" and self.light is not None:
            self.light.step(observation, frame_bgr)
        if phase in _QUIET:
            self._sway.step(observation)
            self._holes.step(observation)
            self._look_for_screen(observation, frame_bgr)
        if phase == "cue" and action in TURNS:
            self._collect_turn(observation, points, frame_bgr, neutral_deg)
        elif self._turn:
            self._turn = []

    @property
    def frames_per_s(self) -> float:
        """How often pictures came lately; 0 before there are some."""
        gaps = np.diff(np.array(self._times))
        return float(1.0 / max(float(np.median(gaps)), 1e-3)) if len(gaps) >= 3 else 0.0

    def turned(self) -> TurnVerdict:
        """A turn ended: judge its depth. One that is flat or jerky is forgotten, so that the person can turn again."""
        if self._checks.depth == "off" or self.frames_per_s < _MIN_FPS:
            return TurnVerdict.UNJUDGED
        enforced = self._checks.depth == "enforce"
        frontal, turned, turned_bgr = self._frontal, self._turned, self._turned_bgr
        most = max(range(len(self._turn)), key=lambda i: abs(self._turn[i].yaw_deg), default=-1)
        seen_turn = self._turn[: most + 1]
        self._turn, self._turned, self._turned_bgr = [], None, None
        if frontal is None or turned is None or turned_bgr is None or self._frontal_bgr is None:
            return TurnVerdict.JERKY if enforced else TurnVerdict.UNJUDGED
        yaws = [frame.yaw_deg for frame in seen_turn]
        step = max((abs(b - a) for a, b in zip(yaws, yaws[1:], strict=False)), default=0.0)
        if len(seen_turn) < _MIN_PICTURES or step > _MAX_STEP_DEG:
            return TurnVerdict.JERKY if enforced else TurnVerdict.UNJUDGED
        seen = parallax(seen_turn)
        score = depth_score(mesh_residual(frontal, turned), seen)
        flat = RULES["depth"].flags(score) and enforced
        sheet = RULES["bent_print"].flags(seen.sheet) and self._checks.bent_print == "enforce"
        if flat or sheet:
            self._refused = max(self._refused or 0.0, score)
            self._refused_sheet = seen.sheet
            return TurnVerdict.FLAT
        self._depth.append(score)
        self._parallax.append(seen)
        self.turns.append(TurnPictures(self._frontal_bgr, turned_bgr, yaws[-1]))
        return TurnVerdict.DEEP

    @property
    def saw_depth(self) -> bool:
        """A turn was seen that showed depth."""
        return bool(self._depth)

    @property
    def camera_unclear(self) -> bool:
        """The camera had to answer, and whether it did cannot be told."""
        return self._proof is not None and self._proof.unclear

    def scores(self) -> tuple[CheckScore, ...]:
        """Return every check that is not off. The worst turn counts."""
        checks = self._checks
        lit = self._lit()
        told: CheckMode = "off" if checks.light == "off" else "record"
        follow = [p.follow for p in self._parallax if p.follow is not None]
        sheet = [p.sheet for p in self._parallax if p.sheet is not None]
        values: tuple[tuple[str, CheckMode, float | None], ...] = (
            ("depth", checks.depth, min(self._depth, default=self._refused)),
            ("background", checks.background, max(follow, default=None)),
            ("bent_print", checks.bent_print, min(sheet, default=self._refused_sheet)),
            ("screen", checks.screen, float(np.median(self._screen)) if len(self._screen) >= 3 else None),
            ("cutout", checks.cutout, self._holes.score()),
            ("stillness", checks.stillness, self._sway.score()),
            ("repeated_frames", checks.repeated_frames, self._repeats.share()),
            ("loop", checks.repeated_frames, self._loop.score()),
            ("light_time", checks.light, lit.time),
            ("light_shape", told, lit.shape),
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
        """What came back of the light code.

        It decides only where a station has measured what a face sends back there, and that stands clear of what movement and
        daylight hide today: else the check is unavailable, which refuses and refers nobody.
        """
        if self.answer is None:
            return LightScores()
        found = self.answer.scores(self._settings.light_delay_s)
        clear = self._settings.light_strength >= _LIGHT_CLEAR * found.noise > 0
        return found if self._checks.light == "record" or clear else LightScores()

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

    def _collect_turn(self, observation: FaceObservation, points: np.ndarray, frame_bgr: np.ndarray, neutral_deg: float) -> None:
        """Keep the frontal start and then a picture for each step of yaw."""
        yaw = observation.yaw_deg - neutral_deg
        if abs(yaw) < _FRONTAL_DEG or not self._turn:
            if self._back_s is None:
                self._back_s = observation.t_s
            elif observation.t_s - self._back_s > _FORGET_S:
                self._turned = self._turned_bgr = (
                    None  # a turn too small to count is over: the next one begins from a fresh picture
                )
            if observation.t_s - self._frontal_s >= _FRONTAL_EVERY_S or not self._turn:
                self._frontal_s, self._frontal, self._frontal_bgr = observation.t_s, points, frame_bgr.copy()
                if self._turned is None:
                    self._scale = tracking_scale(points)
                    self._turn = [turn_frame(frame_bgr, points, yaw, self._scale)]
            return
        self._back_s = None
        if abs(yaw - self._turn[-1].yaw_deg) < _STEP_DEG or len(self._turn) >= _MAX_TURN:
            return
        if abs(yaw) > max(abs(frame.yaw_deg) for frame in self._turn):
            self._turned, self._turned_bgr = points, frame_bgr.copy()
        self._turn.append(turn_frame(frame_bgr, points, yaw, self._scale))
