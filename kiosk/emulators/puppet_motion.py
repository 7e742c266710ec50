"""How the puppet moves: poses over time, from the actions it performs and from the small unrest of everybody who stands.

Pure and seeded: the same seed and the same calls at the same times give the same poses. Standard library only.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from kiosk.domain.reasons import Action


@dataclass(frozen=True, slots=True)
class Pose:
    """One moment. Angles in degrees (yaw positive: nose to the right of the picture, the person's left; pitch positive:
    chin down); `blink` and `jaw` 0..1; shifts as shares of the frame's height; `scale` 1 at the usual distance."""

    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    blink: float = 0.0
    jaw: float = 0.0
    shift_x: float = 0.0
    shift_y: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Manner:
    """How this person moves. Times in seconds."""

    turn_deg: float = 35.0
    nod_deg: float = 16.0
    jaw: float = 1.0
    blink: float = 1.0
    natural_blink_every_s: float = 9.0  # mean; 0: never blinks unasked
    natural_blink_gap_s: float = 4.0  # at least this long between two, and after an action
    unrest: float = 1.0  # 0: holds perfectly still


# (rise, hold, fall) in seconds at speed 1
_TIMES: dict[Action, tuple[float, float, float]] = {
    Action.BLINK: (0.08, 0.08, 0.10),
    Action.MOUTH_OPEN: (0.35, 0.30, 0.35),
    Action.TURN_LEFT: (1.0, 0.40, 1.0),
    Action.TURN_RIGHT: (1.0, 0.40, 1.0),
    Action.NOD: (0.40, 0.20, 0.50),
}


@dataclass(frozen=True, slots=True)
class _Motion:
    action: Action
    start_s: float
    speed: float

    def amount(self, t_s: float) -> float:
        rise, hold, fall = _TIMES[self.action]
        t = (t_s - self.start_s) * self.speed
        if t < rise:
            return _ease(t / rise)
        if t < rise + hold:
            return 1.0
        return _ease(1 - (t - rise - hold) / fall)

    def end_s(self) -> float:
        return self.start_s + sum(_TIMES[self.action]) / self.speed


def _ease(t: float) -> float:
    t = min(1.0, max(0.0, t))
    return t * t * (3 - 2 * t)


@dataclass(slots=True)
class Choreography:
    """Gathers what the puppet was asked to do, and says how it stands at any later time. Not safe for threads."""

    seed: int = 0
    manner: Manner = field(default_factory=Manner)
    _motions: list[_Motion] = field(default_factory=list)
    _random: random.Random = field(init=False)
    _waves: list[tuple[float, float]] = field(init=False)
    _next_blink_s: float = field(init=False)
    _present_from: tuple[float, float, float] = (0.0, 1.0, 1.0)  # since, from, to (1 here, 0 gone)
    _distance_from: tuple[float, float, float] = (0.0, 1.0, 1.0)
    _speech: tuple[float, float, Sequence[float]] = (0.0, 1.0, ())  # since, between two openings of the mouth, openings

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._waves = [(self._random.uniform(0.8, 1.25), self._random.uniform(0, math.tau)) for _ in range(12)]
        self._next_blink_s = self._draw_blink(0.0)

    def perform(self, action: Action, now_s: float, speed: float = 1.0) -> float:
        """Start a natural motion at `now_s`; return when it will have ended."""
        motion = _Motion(action, now_s, speed)
        self._motions.append(motion)
        self._next_blink_s = max(self._next_blink_s, motion.end_s() + self.manner.natural_blink_gap_s)
        return motion.end_s()

    def speak(self, openings: Sequence[float], every_s: float, now_s: float) -> None:
        """Open the mouth so far (0..1), every `every_s` seconds."""
        self._speech = (now_s, every_s, openings)

    def leave(self, now_s: float) -> None:
        """Walk out of the picture."""
        self._present_from = (now_s, self._presence(now_s), 0.0)

    def come(self, now_s: float) -> None:
        """Walk back in front of the camera."""
        self._present_from = (now_s, self._presence(now_s), 1.0)

    def set_distance(self, distance: float, now_s: float) -> None:
        """Step nearer (below 1) or back (above 1); 1 is the usual distance."""
        self._distance_from = (now_s, self._distance(now_s), distance)

    def busy(self, now_s: float) -> bool:
        """Whether an asked-for motion is under way."""
        return any(motion.start_s <= now_s < motion.end_s() for motion in self._motions)

    def present(self, now_s: float) -> bool:
        """Whether any of the person may be in the picture."""
        return self._presence(now_s) > 0

    def pose(self, now_s: float) -> Pose:
        """Return the pose at `now_s`; times must not go backwards."""
        self._motions = [motion for motion in self._motions if motion.end_s() > now_s]
        amounts: dict[Action, float] = {}
        for motion in self._motions:
            amounts[motion.action] = max(amounts.get(motion.action, 0.0), motion.amount(now_s))
        yaw = (amounts.get(Action.TURN_LEFT, 0.0) - amounts.get(Action.TURN_RIGHT, 0.0)) * self.manner.turn_deg
        pitch = amounts.get(Action.NOD, 0.0) * self.manner.nod_deg
        blink = max(amounts.get(Action.BLINK, 0.0) * self.manner.blink, self._natural_blink(now_s))
        wave, still = self._wave, self.manner.unrest
        gone = 1 - _ease(self._presence(now_s))
        return Pose(
            yaw_deg=yaw + still * (1.3 * wave(0, now_s, 5.1) + 0.5 * wave(1, now_s, 1.9)) + 25 * gone * (1 - gone) * 4,
            pitch_deg=pitch + still * (0.9 * wave(2, now_s, 6.3) + 0.3 * wave(3, now_s, 2.3)) + 0.06 * abs(yaw),
            roll_deg=still * (0.7 * wave(4, now_s, 7.7) + 0.2 * wave(5, now_s, 2.9)) + 0.05 * yaw,
            blink=blink,
            jaw=max(amounts.get(Action.MOUTH_OPEN, 0.0) * self.manner.jaw, self._spoken(now_s)),
            shift_x=still * (0.006 * wave(6, now_s, 4.7) + 0.0015 * wave(7, now_s, 1.3)) + 1.6 * gone,
            shift_y=still * (0.004 * wave(8, now_s, 3.9) + 0.001 * wave(9, now_s, 1.1)) + 0.02 * gone,
            scale=(1 + still * 0.006 * wave(10, now_s, 4.1)) / self._distance(now_s),
        )

    def _spoken(self, now_s: float) -> float:
        since, every, openings = self._speech
        at = int((now_s - since) / every)
        return openings[at] if 0 <= at < len(openings) else 0.0

    def _wave(self, number: int, t_s: float, period_s: float) -> float:
        speed, phase = self._waves[number]
        return math.sin(math.tau * t_s * speed / period_s + phase)

    def _presence(self, now_s: float) -> float:
        since, before, after = self._present_from
        return before + (after - before) * min(1.0, max(0.0, (now_s - since) / 0.9))

    def _distance(self, now_s: float) -> float:
        since, before, after = self._distance_from
        return before + (after - before) * _ease((now_s - since) / 0.8)

    def _draw_blink(self, now_s: float) -> float:
        every, gap = self.manner.natural_blink_every_s, self.manner.natural_blink_gap_s
        if every <= 0:
            return math.inf
        return now_s + gap + self._random.expovariate(1 / max(0.1, every - gap))

    def _natural_blink(self, now_s: float) -> float:
        if now_s < self._next_blink_s:
            return 0.0
        motion = _Motion(Action.BLINK, self._next_blink_s, 1.0)
        if now_s >= motion.end_s():
            self._next_blink_s = self._draw_blink(now_s)
            return 0.0
        return motion.amount(now_s)
