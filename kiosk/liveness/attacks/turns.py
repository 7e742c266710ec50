"""A turn of the head: the pictures that are taken of it, and what they show when it ends. For `evidence`.

Expensive looks are taken at few frames: one for each step of yaw.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from kiosk.config import Checks
from kiosk.liveness.attacks.depth import depth_score, mesh_residual
from kiosk.liveness.attacks.limits import RULES
from kiosk.liveness.attacks.parallax import Parallax, TurnFrame, parallax, tracking_scale, turn_frame
from kiosk.liveness.landmarks import FaceObservation

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


class TurnWatcher:
    """The turn under way, and what was found of those before."""

    def __init__(self, checks: Checks) -> None:
        self._checks = checks
        self._turn: list[TurnFrame] = []
        self._frontal_s = -1e9
        self._frontal: np.ndarray | None = None
        self._turned: np.ndarray | None = None
        self._frontal_bgr: np.ndarray | None = None
        self._turned_bgr: np.ndarray | None = None
        self._scale = 1.0
        self._back_s: float | None = None
        self._times: deque[float] = deque(maxlen=_RATE_FRAMES)
        self._depth: list[float] = []
        self._refused: float | None = None  # the best of the turns that were not deep enough
        self._refused_sheet: float | None = None
        self.parallax: list[Parallax] = []  # of the accepted turns
        self.accepted: list[TurnPictures] = []  # for their depth

    def came(self, t_s: float) -> None:
        """A picture came; whether a turn can be judged depends on how often they do."""
        self._times.append(t_s)

    def no_turn(self) -> None:
        """Nobody is asked to turn now."""
        if self._turn:
            self._turn = []

    @property
    def frames_per_s(self) -> float:
        """How often pictures came lately; 0 before there are some."""
        gaps = np.diff(np.array(self._times))
        return float(1.0 / max(float(np.median(gaps)), 1e-3)) if len(gaps) >= 3 else 0.0

    def judge(self) -> TurnVerdict:
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
        self.parallax.append(seen)
        self.accepted.append(TurnPictures(self._frontal_bgr, turned_bgr, yaws[-1]))
        return TurnVerdict.DEEP

    @property
    def saw_depth(self) -> bool:
        """A turn was seen that showed depth."""
        return bool(self._depth)

    def depth(self) -> float | None:
        """Return the score of the flattest accepted turn, or of the best refused one."""
        return min(self._depth, default=self._refused)

    def background(self) -> float | None:
        """Return how far the background went with the face, in the worst turn."""
        return max((p.follow for p in self.parallax if p.follow is not None), default=None)

    def bent_print(self) -> float | None:
        """Return how little of a bent sheet there is in the worst turn, or in a refused one."""
        return min((p.sheet for p in self.parallax if p.sheet is not None), default=self._refused_sheet)

    def step(self, observation: FaceObservation, points: np.ndarray, frame_bgr: np.ndarray, neutral_deg: float) -> None:
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
                self._frontal_s, self._frontal, self._frontal_bgr = observation.t_s, points, frame_bgr
                if self._turned is None:
                    self._scale = tracking_scale(points)
                    self._turn = [turn_frame(frame_bgr, points, yaw, self._scale)]
            return
        self._back_s = None
        if abs(yaw - self._turn[-1].yaw_deg) < _STEP_DEG or len(self._turn) >= _MAX_TURN:
            return
        if abs(yaw) > max(abs(frame.yaw_deg) for frame in self._turn):
            self._turned, self._turned_bgr = points, frame_bgr
        self._turn.append(turn_frame(frame_bgr, points, yaw, self._scale))
