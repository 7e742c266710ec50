"""Does the face answer the light passcode: in time, in shape, and before a room that answers otherwise?

Pure: numpy and OpenCV. Fed by `attacks.evidence` with the frames of a take's quiet moments; judged once when the take ends.

Each frame gives the colour (log of red over blue) of some points of the skin and of the room. Brightness is not looked at: a head
that moves changes it far more than the screen does; colour changes with the light alone. What the whole picture does is the
camera's white balance and is taken out; so is a slow drift between two actions. What is left is compared with what the screen
showed one delay of screen and camera earlier. Anchors: photometric stereo with a phone's screen (FaceRevelio, SenSys 2020),
response time and shading (Face Flashing, NDSS 2018).
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from kiosk.liveness.landmarks import FaceObservation
from kiosk.liveness.light.code import LENGTH_S, LightCode, courses, draw_code

# Points of skin that are seen from the front: brow, temples, cheeks, the sides and the tip of the nose, chin and jaw.
POINTS = np.array(
    (10, 151, 9, 108, 337, 67, 297, 69, 299, 103, 332, 21, 251, 50, 101, 205, 187, 118, 280, 330, 425, 411, 347, 123, 352, 116, 345)
    + (6, 197, 195, 5, 4, 1, 48, 278, 115, 344, 131, 360, 198, 420, 129, 358, 203, 423, 206, 426, 207, 427, 212, 432, 18, 200, 199)
)
_CROP = 96  # the face is looked at in so many pixels: each is the mean of many of the camera's
_GAMMA = 2.2
_LINEAR = ((np.arange(256) / 255.0) ** _GAMMA).astype(np.float32)
_DARK, _BRIGHT = 0.004, 0.97  # linear: beyond, a channel says nothing of its colour
_ROOM_STEP = 16
_MIN_FRAMES = 14
_MIN_POINTS = 12
_LEAST_VAR = 1e-5  # of a point's colour: below, it is not trusted any more than others
_NEIGHBOURS = 14
_AFTER_S = 0.5  # the last answers come after the code has ended
_FINE_S = np.arange(-0.2, LENGTH_S + 1.0, 0.02)
_GAP_S = 0.4  # between two frames: somebody acted meanwhile, and stands otherwise now
_OTHERS = 200  # codes that were not shown: what they find is noise
EXPECTED = 0.008  # a head's answer at least, rendered: docs/measurements.md, "Light that answers"
ANSWERED = 0.30  # of `time`: from here on it is this code
CLEAR = 5.0  # the expected answer stands so often over what chance gives, or nothing can be told
RELIEF, HEAD = 0.10, 0.25  # of `shape`: a sheet has less than the one, a head more than the other (docs/measurements.md)
_SURE = 2.0  # times what chance gives, to be called one or the other
GAUDY = 0.0065  # nobody's movement changes colours so much (docs/measurements.md): a light does, and it is not ours
DELAYS_S = tuple(round(0.02 * n, 2) for n in range(61))  # 0 to 1.2 s: beyond 0.4 s lies no kiosk, but whoever answers late
DELAY_SLACK_S = 0.06  # frames come when they come
UNMEASURED_S = (0.02, 0.6)  # where no delay is known yet, any that a screen, a camera and a busy machine may have
_SLOWEST_S = 0.13  # between two frames: slower, and symbols fall between them


@dataclass(frozen=True, slots=True)
class LightScores:
    """What came back. None: not enough was seen.

    `time`: correlation of the face's colour with this code at the kiosk's own delay, -1..1. `best_delay_s`: where it was best in
    0..1.2 s. `shape`: by how much more a place answers that faces the screen than one that looks aside, over the mean answer, once
    all that a bent sheet could do is taken out; a sheet 0. `room`: the answer of the room behind, share of the face's. `strength`:
    the answer's size (log of red over blue, for the whole code). `noise`, `shape_noise`: what of it chance alone would give: the
    spread of answers to codes that were not shown.
    """

    time: float | None = None
    best_delay_s: float | None = None
    shape: float | None = None
    room: float | None = None
    strength: float = 0.0
    noise: float = 0.0
    shape_noise: float = 0.0

    @property
    def relief(self) -> float | None:
        """The most that the shape can be, for all that is known; under RELIEF it is a sheet. None: it did not answer."""
        return None if self.shape is None or not self._answered else self.shape + _SURE * self.shape_noise

    @property
    def is_head(self) -> bool:
        """It answered, in time and as a head does, and that is no chance."""
        return self._answered and self.shape is not None and self.shape >= HEAD + _SURE * self.shape_noise

    @property
    def _answered(self) -> bool:
        return self.time is not None and self.time >= ANSWERED

    def available(self, expected: float = 0.0) -> bool:
        """Say whether it was answered, or would have been seen to be. expected: an answer's size here; 0: not measured."""
        if self.time is None:
            return False
        return self.time >= ANSWERED or CLEAR * self.noise <= (expected or EXPECTED) or self.noise >= GAUDY


class LightAnswer:
    """Collects the colours of face and room while the code is shown."""

    def __init__(self, code: LightCode) -> None:
        self.code = code
        self._clock: list[tuple[float, float]] = []  # of every frame: when, and how many seconds of the code were shown
        self._times: list[float] = []
        self._skin: list[np.ndarray] = []
        self._room: list[np.ndarray] = []
        self._mesh: np.ndarray | None = None
        self._yaw = 0.0

    def came(self, t_s: float, code_s: float) -> None:
        """A frame came at `t_s`; from now on the screen shows second `code_s` of the code."""
        self._clock.append((t_s, code_s))

    def step(self, observation: FaceObservation, frame_bgr: np.ndarray) -> None:
        """Take in one frame of a quiet moment."""
        if not self._clock or self._clock[-1][1] > LENGTH_S + _AFTER_S:
            return
        skin = skin_of(frame_bgr, observation)
        if skin is None or observation.points is None:
            return
        self._times.append(observation.t_s)
        self._skin.append(skin)
        self._room.append(room_of(frame_bgr, observation))
        if self._mesh is None or abs(observation.yaw_deg) < abs(self._yaw):
            self._mesh, self._yaw = observation.points, observation.yaw_deg

    def scores(self, delay_s: float) -> LightScores:
        """Return what came back. delay_s: of this kiosk's screen and camera together; 0: not known yet."""
        slow = len(self._clock) > 1 and float(np.median(np.diff([t for t, _ in self._clock]))) > _SLOWEST_S
        if slow or len(self._times) < _MIN_FRAMES or self._mesh is None:
            return LightScores()
        seen = LitFrames(np.array(self._times), np.stack(self._skin), np.stack(self._room), np.array(self._clock))
        return judge(self.code, seen, surface_of(self._mesh), delay_s)


def skin_of(frame_bgr: np.ndarray, observation: FaceObservation) -> np.ndarray | None:
    """Return the linear colour at POINTS, float (points, 3) BGR of 0..1; None when the face is cut by the frame's edge."""
    if observation.points is None or observation.box is None:
        return None
    height, width = frame_bgr.shape[:2]
    x0, y0, x1, y1 = (round(v) for v in observation.box)
    if x0 < 0 or y0 < 0 or x1 >= width or y1 >= height or x1 - x0 < 40 or y1 - y0 < 40:
        return None
    small = cv2.resize(frame_bgr[y0:y1, x0:x1], (_CROP, _CROP), interpolation=cv2.INTER_AREA)
    linear = cv2.blur(cv2.LUT(small, _LINEAR), (5, 5))
    xy = (observation.points[POINTS, :2] - (x0, y0)) / (x1 - x0, y1 - y0) * (_CROP - 1)
    at = np.clip(np.rint(xy), 0, _CROP - 1).astype(np.intp)
    return np.asarray(linear[at[:, 1], at[:, 0]], np.float64)


def room_of(frame_bgr: np.ndarray, observation: FaceObservation) -> np.ndarray:
    """Return the linear colour of what lies beside and above the face, (3,); zeros when the face fills the picture."""
    if observation.box is None:
        return np.zeros(3)
    x0, y0, x1, _ = observation.box
    grid = cv2.LUT(np.ascontiguousarray(frame_bgr[::_ROOM_STEP, ::_ROOM_STEP]), _LINEAR)
    margin = 0.35 * (x1 - x0)
    top, left = (max(0, math.ceil((edge - margin) / _ROOM_STEP)) for edge in (y0, x0))
    face = grid[top:, left : max(left, math.floor((x1 + margin) / _ROOM_STEP) + 1)]
    beside = (grid.size - face.size) // 3
    return (np.array(cv2.sumElems(grid)[:3]) - cv2.sumElems(face)[:3]) / beside if beside >= 10 else np.zeros(3)


@dataclass(frozen=True, slots=True)
class Surface:
    """The face's points as the mesh has them. `place`: (points, 2), 0..1 across and down the face; `normal`: (points, 3), unit: x
    to the person's left (right in the unmirrored picture), y down, z towards the camera."""

    place: np.ndarray
    normal: np.ndarray


def surface_of(mesh: np.ndarray) -> Surface:
    """Return places and normals at POINTS. mesh: (478, 3) in pixels; MediaPipe's z grows away from the camera."""
    cloud = np.asarray(mesh[:468], np.float64) * (1.0, 1.0, -1.0)
    found = np.empty((len(POINTS), 3))
    for row, point in enumerate(cloud[POINTS]):
        near = cloud[np.argsort(((cloud - point) ** 2).sum(axis=1))[:_NEIGHBOURS]]
        _, _, axes = np.linalg.svd(near - near.mean(axis=0))
        found[row] = axes[2] if axes[2, 2] > 0 else -axes[2]
    low, high = cloud[:, :2].min(axis=0), cloud[:, :2].max(axis=0)
    return Surface((cloud[POINTS, :2] - low) / np.maximum(high - low, 1.0), found)


@dataclass(frozen=True, slots=True)
class LitFrames:
    """What was seen in f frames: `times` (f,); `skin` (f, points, 3), `room` (f, 3) linear BGR. `clock`: (frames, 2), of every
    frame of the take, when it came and which second of the code was on the screen from then on."""

    times: np.ndarray
    skin: np.ndarray
    room: np.ndarray
    clock: np.ndarray


def judge(code: LightCode, seen: LitFrames, face: Surface, delay_s: float) -> LightScores:
    """Return the scores of one take."""
    usable = _usable(seen.skin)
    times = seen.times
    if usable.sum() < _MIN_POINTS or np.ptp(np.interp(times, *seen.clock.T)) < 0.6 * LENGTH_S:
        return LightScores()
    drift = _drift(times)
    skin = seen.skin[:, usable]
    # What still goes with a point's own brightness is a highlight or an edge that passes over it: no light from the screen.
    expected = _by_delay(code, times, seen.clock, drift)
    low, high = (delay_s - DELAY_SLACK_S, delay_s + DELAY_SLACK_S) if delay_s else UNMEASURED_S
    near = np.flatnonzero((np.array(DELAYS_S) >= low - 1e-9) & (np.array(DELAYS_S) <= high + 1e-9))
    red_blue, green = np.log(skin[..., 2] / skin[..., 0]), np.log(skin[..., 1])
    first = _without(drift, red_blue).mean(axis=1)
    likely = expected[int(near[np.argmax([_correlation(expected[n][:, 0], first) for n in near])])]
    answer = _alone(red_blue, green, drift, np.concatenate([drift, likely], axis=1))
    trust = 1 / (answer.var(axis=0) + _LEAST_VAR)
    whole = answer @ trust / trust.sum()
    behind = _behind(seen.room, drift)
    if behind is not None and (whole - behind).std() < whole.std():
        answer, whole = answer - behind[:, None], whole - behind  # what the whole picture does is the camera's white balance
    found = np.array([_correlation(one[:, 0], whole) for one in expected])
    asked = expected[int(near[found[near].argmax()])]
    best = expected[int(found.argmax())]  # a late answer is no noise
    strength = float(asked[:, 0] @ whole / (asked[:, 0] @ asked[:, 0]))
    due = np.concatenate([asked, best], axis=1)
    others = _not_shown(np.interp(times - (delay_s or sum(UNMEASURED_S) / 2), *seen.clock.T), drift)
    relief = _relief(face.normal[usable], face.place[usable], trust)
    gains, *_ = np.linalg.lstsq(asked, answer, rcond=None)  # (3, points)
    by_chance = _gains(others, _without(due, answer)) @ relief
    return LightScores(
        time=float(found[near].max()),
        best_delay_s=float(DELAYS_S[int(found.argmax())]),
        shape=float(gains[0] @ relief) / max(abs(strength), 1e-6),
        room=None if behind is None else float(asked[:, 0] @ behind / (asked[:, 0] @ asked[:, 0])) / max(abs(strength), 1e-6),
        strength=strength,
        noise=float(np.std(_gains(others, _without(due, whole[:, None])))),
        shape_noise=float(np.std(by_chance)) / max(abs(strength), 1e-6),
    )


def _alone(values: np.ndarray, of: np.ndarray, drift: np.ndarray, due: np.ndarray) -> np.ndarray:
    """Return each column of `values` without drift and without what goes with the same column of `of`: as far as it does so beside
    everything that is due to the code, which is in both."""
    a, b = _without(due, values), _without(due, of)
    goes = (a * b).sum(axis=0) / np.maximum((b**2).sum(axis=0), 1e-9)
    return _without(drift, values - of * goes)


def _usable(skin: np.ndarray) -> np.ndarray:
    """The points whose colours can be told all the time: neither burnt out nor black."""
    return np.asarray((skin.min(axis=(0, 2)) > _DARK) & (skin.max(axis=(0, 2)) < _BRIGHT))


def _drift(times: np.ndarray) -> np.ndarray:
    """What passes for a slow drift, (f, columns): of each stretch between two actions its own level and slope."""
    stretch = np.concatenate([[0], np.cumsum(np.diff(times) > _GAP_S)])
    columns = []
    for number in range(int(stretch[-1]) + 1):
        inside = stretch == number
        if not inside.any():
            continue
        clock = np.where(inside, times - times[inside].mean(), 0.0)
        columns += [inside.astype(float), clock]
        if np.ptp(times[inside]) > 1.5:
            columns.append(np.where(inside, clock**2, 0.0))
    return np.stack(columns, axis=1)


def _behind(room: np.ndarray, drift: np.ndarray) -> np.ndarray | None:
    """What the room's colour does, (f,); None where it is too dark, burnt out, or out of the picture."""
    if room.min() < _DARK or room.max() > _BRIGHT:
        return None
    return _without(drift, np.log(room[:, 2] / room[:, 0])[:, None])[:, 0]


def _by_delay(code: LightCode, times: np.ndarray, clock: np.ndarray, drift: np.ndarray) -> list[np.ndarray]:
    """Return for each of DELAYS_S what should come back at `times`, (f, 3), without what looks like drift."""
    fine = code.course(_FINE_S)
    ats = (np.interp(times - delay, *clock.T) for delay in DELAYS_S)
    shown = np.stack([np.interp(at, _FINE_S, column) for at in ats for column in fine.T], axis=1)
    return np.split(_without(drift, shown), len(DELAYS_S), axis=1)


@cache
def _others() -> np.ndarray:
    """The whole light of codes that were not shown, (seconds of _FINE_S, codes)."""
    rng = random.Random(0)
    return courses([draw_code(rng).hue for _ in range(_OTHERS)], _FINE_S)


def _not_shown(at: np.ndarray, drift: np.ndarray) -> np.ndarray:
    """What codes that were not shown would have asked for, (f, codes): what the face's own doings answer to them is chance."""
    place = np.clip((at - _FINE_S[0]) / (_FINE_S[1] - _FINE_S[0]), 0, len(_FINE_S) - 1)
    return _without(drift, _others()[np.rint(place).astype(np.intp)])


def _gains(asked: np.ndarray, answered: np.ndarray) -> np.ndarray:
    """How strongly each column of `answered` follows each of `asked`: (asked, answered)."""
    return np.asarray(asked.T @ answered / np.maximum((asked**2).sum(axis=0), 1e-9)[:, None])


def _correlation(asked: np.ndarray, answered: np.ndarray) -> float:
    power = float(np.sqrt((asked @ asked) * (answered @ answered)))
    return float(asked @ answered) / power if power > 1e-12 else 0.0


def _relief(normal: np.ndarray, place: np.ndarray, trust: np.ndarray) -> np.ndarray:
    """Return weights (points,) that read from the points' answers by how much more those answer that face the screen.

    What is a smooth function of the place, as on a sheet however bent and lit, weighs nothing: left are nose, sockets and cheeks.
    """
    x, y = (2 * place - 1).T
    smooth = np.stack([np.ones_like(x), x, x**2, x**3, y, y**2, y**3, x * y], axis=1)
    root = np.sqrt(trust)
    toward = _without(smooth * root[:, None], (normal[:, 2] * root)[:, None])[:, 0]
    return np.asarray(toward * root / max(float(toward @ toward), 1e-9))


def _without(columns: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return what a least-squares fit of `columns` leaves of each column of `values`."""
    fitted, *_ = np.linalg.lstsq(columns, values, rcond=None)
    return np.asarray(values - columns @ fitted)
