"""Observations to gestures: blink, mouth open, turn left, turn right, nod, against the person's own baseline.

Pure and causal: called with every observation by the take, `kiosk watch` and `kiosk evaluate gestures`. A gesture is a
peak and a return of plausible duration, judged against rolling percentiles of the same person, never one frame over a
fixed number.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace

import numpy as np

from kiosk.domain.reasons import Action
from kiosk.liveness.landmarks import FaceObservation

# Pairs of the mesh whose distances are used: three lid pairs of each eye, each eye's corners, three pairs of the inner lips,
# the outer eye corners.
_PAIRS_A = (160, 159, 158, 385, 386, 387, 133, 362, 82, 13, 312, 33)
_PAIRS_B = (144, 145, 153, 380, 374, 373, 33, 263, 87, 14, 317, 263)

# Closing the eyes shows twice: in the learned blink score and in the gap of the lids on the mesh. Each fails in its own
# way (the score on tilted or small faces, the gap on looking down), so the weaker one counts. 0.68: a gap of 78 % of
# the own open one weighs as a blink score of 0.15 over the own baseline. measured: development clips, see
# docs/measurements.md
_GAP_WEIGHT = 0.68


@dataclass(frozen=True, slots=True)
class Sample:
    """The scalars of one observation that gestures are made of. `mouth`: gap of the inner lips over the distance of the
    outer eye corners, corrected for yaw (0.25 is about 22 mm). Eyes: blendshape units; `eye_gap`: height of the lid gap
    over the eye's width, mean of both eyes. Angles: degrees, signs of FaceObservation."""

    t_s: float
    eye_left: float
    eye_right: float
    eye_gap: float
    mouth: float
    yaw_deg: float
    pitch_deg: float

    @property
    def eyes(self) -> float:
        """Mean of both eyes' closure."""
        return (self.eye_left + self.eye_right) / 2


@dataclass(frozen=True, slots=True)
class Baseline:
    """The person's neutral: what open eyes, a closed mouth and a straight head look like on this face."""

    eyes: float = 0.0
    eye_gap: float = 0.0
    mouth: float = 0.0
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0


@dataclass(frozen=True, slots=True)
class GestureEvent:
    """One finished gesture. `strength`: peak over the baseline, blendshape units, mouth units or degrees."""

    action: Action
    start_s: float
    peak_s: float
    end_s: float
    strength: float


@dataclass(frozen=True, slots=True)
class Shape:
    """What an excursion of one signal must look like. `on`: the peak needed; `start`: where it begins; `back`: share of
    the peak it must fall under to have returned; `min_s`, `max_s`: plausible duration from begin to return. `again`: after one, the
    next begins where it went under `start`, or rose by so much anew: a slow way back is no second gesture. 0: anywhere."""

    on: float
    start: float
    back: float
    min_s: float
    max_s: float
    lost_s: float  # how long the face may be lost in the middle of it
    peaked_lost_s: float = 0.2  # the same once the peak was seen
    again: float = 0.0


# measured: kiosk evaluate gestures on the project's 50 development clips (docs/measurements.md). Blink: any peak of
# 0.12-0.16 gives the same recall there. Mouth: 0.25 of the eye distance is about 22 mm of lip gap more than at rest;
# talk stays below. Turn: 15 degrees of MediaPipe's yaw finds turns that another tool calls 20.
SHAPES: dict[Action, Shape] = {
    Action.BLINK: Shape(on=0.15, start=0.08, back=0.5, min_s=0.0, max_s=1.5, lost_s=0.2),
    Action.MOUTH_OPEN: Shape(on=0.25, start=0.12, back=0.5, min_s=0.0, max_s=8.0, lost_s=0.2),
    Action.TURN_LEFT: Shape(on=15.0, start=7.0, back=0.6, min_s=0.2, max_s=15.0, lost_s=1.0, peaked_lost_s=3.5, again=6.0),
    Action.TURN_RIGHT: Shape(on=15.0, start=7.0, back=0.6, min_s=0.2, max_s=15.0, lost_s=1.0, peaked_lost_s=3.5, again=6.0),
    Action.NOD: Shape(on=10.0, start=5.0, back=0.5, min_s=0.2, max_s=2.5, lost_s=0.5),
}


def sample(observation: FaceObservation) -> Sample | None:
    """Return the scalars of an observation; None without a face."""
    points = observation.points
    if points is None or observation.blendshapes is None:
        return None
    across = points[_PAIRS_A, :2] - points[_PAIRS_B, :2]  # one gather: this runs on every frame
    length = np.sqrt((across * across).sum(axis=1)).tolist()
    right, left = sum(length[0:3]) / 3, sum(length[3:6]) / 3
    gap, eyes = sum(length[8:11]) / 3, length[11]
    # A turned head foreshortens the eye distance, not the lip gap; beyond 60 degrees the mesh is a guess anyway.
    frontal = eyes / max(0.5, math.cos(math.radians(observation.yaw_deg)))
    return Sample(
        t_s=observation.t_s,
        eye_left=observation.blend("eyeBlinkLeft"),
        eye_right=observation.blend("eyeBlinkRight"),
        eye_gap=(right / max(length[6], 1.0) + left / max(length[7], 1.0)) / 2,
        mouth=gap / max(frontal, 1.0),
        yaw_deg=observation.yaw_deg,
        pitch_deg=observation.pitch_deg,
    )


def rise(action: Action, now: Sample, base: Baseline) -> float:
    """Return how far `now` is from the baseline in the direction of `action`, in the units of SHAPES."""
    if action is Action.BLINK:
        # Both eyes: the weaker eye must take part, so a wink or a noisy eye behind a reflex on the glasses is not a
        # blink.
        weaker = min(now.eye_left, now.eye_right) - base.eyes
        closed = _GAP_WEIGHT * (1.0 - now.eye_gap / max(base.eye_gap, 1e-3))
        return min(now.eyes - base.eyes, 2.0 * max(weaker, 0.0) + 0.05, closed)
    if action is Action.MOUTH_OPEN:
        return now.mouth - base.mouth
    if action is Action.TURN_LEFT:
        return now.yaw_deg - base.yaw_deg
    if action is Action.TURN_RIGHT:
        return base.yaw_deg - now.yaw_deg
    return now.pitch_deg - base.pitch_deg


class BaselineTracker:
    """Rolling baseline of the last seconds. Eyes: 30th percentile of closing (most of the time they are open); mouth:
    10th (somebody who talks has the lips at rest now and then only); pitch: median; yaw: see `freeze_pose`."""

    WARM_UP_S = 1.0
    _WINDOW_S = 10.0
    _NEUTRAL_LIMIT_DEG = 10.0
    _REFRESH_S = 0.25

    def __init__(self) -> None:
        self._samples: deque[Sample] = deque()
        self._value = Baseline()
        self._pose: Baseline | None = None
        self._refreshed_s = -math.inf

    def push(self, now: Sample) -> None:
        """Take in one sample; times rise."""
        self._samples.append(now)
        while now.t_s - self._samples[0].t_s > self._WINDOW_S:
            self._samples.popleft()
        if now.t_s - self._refreshed_s >= self._REFRESH_S:
            self._refreshed_s = now.t_s
            self._refresh()

    def value(self) -> Baseline:
        """Return the baseline as known now."""
        return self._value

    def freeze_pose(self) -> None:
        """Take the present pose as neutral for good: a take asks for turns from where the person stood at its start.

        Until then neutral yaw is the camera's axis: nobody was asked to look straight, and a clip of somebody turned
        away has no neutral of its own. The camera may stand beside the screen: ten degrees of that are believed. After
        the first `push` only.
        """
        self._refresh()
        yaw = _percentile([s.yaw_deg for s in self._samples], 50)
        limit = self._NEUTRAL_LIMIT_DEG
        self._pose = self._value = replace(self._value, yaw_deg=float(np.clip(yaw, -limit, limit)))

    def _refresh(self) -> None:
        self._value = Baseline(
            eyes=_percentile([s.eyes for s in self._samples], 30),
            eye_gap=_percentile([s.eye_gap for s in self._samples], 70),
            mouth=_percentile([s.mouth for s in self._samples], 10),
        )
        if self._pose is not None:
            self._value = replace(self._value, yaw_deg=self._pose.yaw_deg, pitch_deg=self._pose.pitch_deg)
        else:
            self._value = replace(self._value, pitch_deg=_percentile([s.pitch_deg for s in self._samples], 50))


def _percentile(values: list[float], percent: int) -> float:
    """What np.percentile gives, for a few hundred numbers in a tenth of its time."""
    values.sort()
    place = (len(values) - 1) * percent / 100
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)


class Excursion:
    """Find peaks with a return in one signal."""

    def __init__(self, action: Action, shape: Shape) -> None:
        self.action, self.shape = action, shape
        self._lowest = 0.0  # since the last one ended; under `start`: a new one may begin
        self.reset()

    def reset(self) -> None:
        """Forget an excursion in progress."""
        self._start_s: float | None = None
        self._peak, self._peak_s, self._seen_s = 0.0, 0.0, 0.0
        self._stale = False

    @property
    def started_s(self) -> float | None:
        """When the excursion in progress began; None when there is none."""
        return self._start_s

    @property
    def peaked(self) -> bool:
        """The peak is high enough and only the return is missing."""
        return self._start_s is not None and self._peak >= self.shape.on and not self._stale

    def step(self, t_s: float, level: float) -> GestureEvent | None:
        """Take in the signal's rise over the baseline; return the gesture that ends now."""
        if self._start_s is None:
            self._lowest = min(self._lowest, level)
            settled = not self.shape.again or self._lowest < self.shape.start or level >= self._lowest + self.shape.again
            if level >= self.shape.start and settled:
                self._start_s, self._peak, self._peak_s, self._seen_s = t_s, level, t_s, t_s
            return None
        self._seen_s = t_s
        if level > self._peak:
            self._peak, self._peak_s = level, t_s
        if t_s - self._start_s > self.shape.max_s:
            self._stale = True  # a held pose, not a gesture; wait until it is over
        if level < max(self.shape.start, self.shape.back * self._peak):
            self._lowest = level
            return self._end(t_s)
        return None

    def lost(self, t_s: float) -> None:
        """Tell that the face is not seen now.

        A head turned to its profile is lost to the mesh for a second and more: once the peak was seen, the gesture goes on
        until the face is back (`peaked_lost_s`).
        """
        limit = self.shape.peaked_lost_s if self.peaked else self.shape.lost_s
        if self._start_s is not None and t_s - self._seen_s > limit:
            self.reset()

    def finish(self) -> GestureEvent | None:
        """Return the gesture in progress at the end of a clip, if its peak was seen."""
        return self._end(self._seen_s) if self.peaked else None

    def _end(self, t_s: float) -> GestureEvent | None:
        start, peak, peak_s, stale = self._start_s, self._peak, self._peak_s, self._stale
        self.reset()
        if start is None or stale or peak < self.shape.on or t_s - start < self.shape.min_s:
            return None
        return GestureEvent(self.action, start, peak_s, t_s, peak)


class GestureTracker:
    """All gestures of one face. The first second only fills the baseline and is judged afterwards, so its gestures come
    late."""

    def __init__(self, shapes: dict[Action, Shape] | None = None) -> None:
        self._shapes = SHAPES if shapes is None else shapes
        self.baseline = BaselineTracker()
        self._finders = {action: Excursion(action, shape) for action, shape in self._shapes.items()}
        self._waiting: list[Sample] | None = []
        self._first_s: float | None = None
        self.last: Sample | None = None

    @property
    def warm(self) -> bool:
        """The baseline is known."""
        return self._waiting is None

    def step(self, observation: FaceObservation) -> list[GestureEvent]:
        """Take in one observation; return the gestures that ended."""
        self.last = now = sample(observation)
        if now is None:
            for finder in self._finders.values():
                finder.lost(observation.t_s)
            return []
        self.baseline.push(now)
        self._first_s = now.t_s if self._first_s is None else self._first_s
        if self._waiting is not None:
            self._waiting.append(now)
            if now.t_s - self._first_s < self.baseline.WARM_UP_S:
                return []
            return self._release()
        return self._feed(now)

    def finish(self) -> list[GestureEvent]:
        """Return what is still open at the end of a clip."""
        events = self._release() if self._waiting else []
        return events + [e for e in (f.finish() for f in self._finders.values()) if e is not None]

    def level(self, action: Action) -> float:
        """Return how far `action` is now, as a share of the peak it needs (0..1)."""
        if self.last is None:
            return 0.0
        return float(np.clip(rise(action, self.last, self.baseline.value()) / self._shapes[action].on, 0.0, 1.0))

    def finder(self, action: Action) -> Excursion | None:
        """Return the finder of one gesture (to see whether one is in progress); None for what is no gesture."""
        return self._finders.get(action)

    def height_since(self, action: Action | None) -> float | None:
        """Return when a gesture began whose peak was seen and whose return is missing; None when there is none."""
        finder = None if action is None else self.finder(action)
        return finder.started_s if finder is not None and finder.peaked else None

    def _release(self) -> list[GestureEvent]:
        waiting, self._waiting = self._waiting or [], None
        return [event for now in waiting for event in self._feed(now)]

    def _feed(self, now: Sample) -> list[GestureEvent]:
        base = self.baseline.value()
        found = (f.step(now.t_s, rise(a, now, base)) for a, f in self._finders.items())
        return [event for event in found if event is not None]
