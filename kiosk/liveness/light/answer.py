"""Does the face answer the light passcode: in time, in shape, and before a room that answers otherwise?

Pure: numpy and OpenCV. Fed by `attacks.evidence` with the frames of a take's quiet moments; judged once when the take ends.

Each frame gives the linear brightness of some points of the skin and of the room. Divided by its own mean over time the colour of
the skin goes (albedo); what the room does is the camera's exposure and is taken out; what the head's own movement explains, and a
slow drift, are fitted away. What is left is regressed on the two sequences at the delay of screen and camera. Anchors: photometric
stereo with a phone's screen (FaceRevelio, SenSys 2020), response time and shading (Face Flashing, NDSS 2018).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from kiosk.liveness.landmarks import FaceObservation
from kiosk.liveness.light.code import LENGTH_S, LightCode

# Points of skin that are seen from the front: brow, temples, cheeks, the sides and the tip of the nose, chin and jaw.
POINTS = np.array(
    (10, 151, 9, 108, 337, 67, 297, 69, 299, 103, 332, 21, 251, 50, 101, 205, 187, 118, 280, 330, 425, 411, 347, 123, 352, 116, 345)
    + (6, 197, 195, 5, 4, 1, 48, 278, 115, 344, 131, 360, 198, 420, 129, 358, 203, 423, 206, 426, 207, 427, 212, 432, 18, 200, 199)
)
_CROP = 96  # the face is looked at in so many pixels: each is the mean of many of the camera's
_GAMMA = 2.2
_ROOM_STEP = 16
_MIN_FRAMES = 24
_NEIGHBOURS = 14
DELAYS_S = tuple(round(0.02 * n, 2) for n in range(21))  # 0 to 0.4 s
DELAY_SLACK_S = 0.06  # frames come when they come


@dataclass(frozen=True, slots=True)
class LightScores:
    """What came back. None: not enough was seen.

    `time`: correlation of the face's answer with this code at the kiosk's own delay, -1..1. `best_delay_s`: where it was best in
    0..0.4 s. `shape`: how well the answers follow the normals of a head once everything a bent sheet could do is taken out, -1..1.
    `room`: the same correlation for the room behind. `strength`: the answer's size, share of the skin's brightness.
    `noise`: what of it noise alone would give.
    """

    time: float | None = None
    best_delay_s: float | None = None
    shape: float | None = None
    room: float | None = None
    strength: float = 0.0
    noise: float = 0.0


class LightAnswer:
    """Collects the brightness of face and room while the code is shown."""

    def __init__(self, code: LightCode) -> None:
        self.code = code
        self._times: list[float] = []
        self._skin: list[np.ndarray] = []
        self._room: list[float] = []
        self._pose: list[np.ndarray] = []
        self._mesh: np.ndarray | None = None

    def step(self, code_s: float, observation: FaceObservation, frame_bgr: np.ndarray) -> None:
        """Take in one frame. code_s: seconds of the code that are shown now."""
        if observation.points is None or observation.box is None or not 0 <= code_s <= LENGTH_S + DELAYS_S[-1]:
            return
        skin = skin_of(frame_bgr, observation)
        if skin is None:
            return
        self._times.append(code_s)
        self._skin.append(skin)
        self._room.append(room_of(frame_bgr, observation))
        self._pose.append(pose_of(observation))
        if self._mesh is None or abs(observation.yaw_deg) < 3:
            self._mesh = observation.points

    def scores(self, delay_s: float) -> LightScores:
        """Return what came back. delay_s: of this kiosk's screen and camera together, measured at set-up."""
        if len(self._times) < _MIN_FRAMES or self._mesh is None or self._times[-1] - self._times[0] < 0.6 * LENGTH_S:
            return LightScores()
        seen = LitFrames(np.array(self._times), np.stack(self._skin), np.array(self._room), np.stack(self._pose))
        return judge(self.code, seen, surface_of(self._mesh), delay_s)


def pose_of(observation: FaceObservation) -> np.ndarray:
    """Return how the head stands: yaw, pitch, roll in degrees; place and size as shares of the frame's width."""
    x0, y0, x1, y1 = observation.box or (0.0, 0.0, 1.0, 1.0)
    wide = observation.size[0]
    turn = (observation.yaw_deg, observation.pitch_deg, observation.roll_deg)
    return np.array((*turn, (x0 + x1) / wide, (y0 + y1) / wide, (y1 - y0) / wide))


def skin_of(frame_bgr: np.ndarray, observation: FaceObservation) -> np.ndarray | None:
    """Return the linear brightness (0..1) at POINTS; None when the face is cut by the frame's edge."""
    if observation.points is None or observation.box is None:
        return None
    height, width = frame_bgr.shape[:2]
    x0, y0, x1, y1 = (round(v) for v in observation.box)
    if x0 < 0 or y0 < 0 or x1 >= width or y1 >= height or x1 - x0 < 40 or y1 - y0 < 40:
        return None
    crop = cv2.cvtColor(frame_bgr[y0:y1, x0:x1], cv2.COLOR_BGR2GRAY).astype(np.float32) / 255.0
    small = cv2.resize(crop**_GAMMA, (_CROP, _CROP), interpolation=cv2.INTER_AREA)
    small = cv2.blur(small, (5, 5))
    xy = (observation.points[POINTS, :2] - (x0, y0)) / (x1 - x0, y1 - y0) * (_CROP - 1)
    at = np.clip(np.rint(xy), 0, _CROP - 1).astype(np.intp)
    return np.asarray(small[at[:, 1], at[:, 0]], np.float64)


def room_of(frame_bgr: np.ndarray, observation: FaceObservation) -> float:
    """Return the linear brightness of what lies beside and above the face; 0 when the face fills the picture."""
    if observation.box is None:
        return 0.0
    x0, y0, x1, _ = observation.box
    grid = frame_bgr[::_ROOM_STEP, ::_ROOM_STEP]
    rows, columns = np.mgrid[0 : grid.shape[0], 0 : grid.shape[1]] * _ROOM_STEP
    margin = 0.35 * (x1 - x0)
    room = grid[(columns < x0 - margin) | (columns > x1 + margin) | (rows < y0 - margin)]
    return float(((room.astype(np.float64).mean(axis=1) / 255.0) ** _GAMMA).mean()) if len(room) >= 10 else 0.0


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
    """What was seen in f frames: `times` (f,) of the code; `skin` (f, points), `room` (f,) linear brightness; `pose` (f, 6)."""

    times: np.ndarray
    skin: np.ndarray
    room: np.ndarray
    pose: np.ndarray


def judge(code: LightCode, seen: LitFrames, face: Surface, delay_s: float) -> LightScores:
    """Return the scores of one take."""
    times, skin, room = seen.times, seen.skin, seen.room
    lit = skin.mean(axis=0) > 1e-4
    answer = skin[:, lit] / skin[:, lit].mean(axis=0) - 1.0
    clock = (times - times.mean()) / max(float(np.ptp(times)), 1e-6)
    pose = (seen.pose - seen.pose.mean(axis=0)) / np.maximum(seen.pose.std(axis=0), 1e-9)
    drift = np.concatenate([np.stack([clock**k for k in range(4)], axis=1), pose], axis=1)
    behind = _without(drift, (room / room.mean() - 1.0 if room.mean() > 1e-4 else np.zeros_like(room))[:, None])
    answer = _without(np.concatenate([drift, behind], axis=1), answer)
    normal, place = face.normal[lit], face.place[lit]
    left, up = normal[:, 0] - normal[:, 0].mean(), normal[:, 1].mean() - normal[:, 1]
    shading = np.stack([answer @ left / (left @ left), answer @ up / (up @ up)], axis=1)
    by_delay = np.array([_correlation(_asked(code, times, delay, drift), shading) for delay in DELAYS_S])
    window = np.flatnonzero(np.abs(np.array(DELAYS_S) - delay_s) <= DELAY_SLACK_S)
    own = int(window[by_delay[window].argmax()])
    asked = _asked(code, times, DELAYS_S[own], drift)
    gains, *_ = np.linalg.lstsq(asked, answer, rcond=None)  # (2, points)
    noise = float((answer - asked @ gains).std() / max(float(np.sqrt((asked**2).sum(axis=0).mean())), 1e-9))
    return LightScores(
        time=float(by_delay[own]),
        best_delay_s=float(DELAYS_S[int(by_delay.argmax())]),
        shape=_shape(gains, normal, place),
        room=_correlation(asked, np.repeat(behind, 2, axis=1)) if behind.std() > 1e-6 else None,
        strength=float(gains.std(axis=1).mean()),
        noise=noise,
    )


def _asked(code: LightCode, times: np.ndarray, delay_s: float, drift: np.ndarray) -> np.ndarray:
    """The two sequences as they should come back, (f, 2), without what looks like drift."""
    return _without(drift, np.array([code.levels(float(t)) for t in times - delay_s]))


def _correlation(asked: np.ndarray, answered: np.ndarray) -> float:
    """Mean correlation of the two answers with the two sequences, both (f, 2) and without their means."""
    power = np.sqrt((asked**2).sum(axis=0) * (answered**2).sum(axis=0))
    return float(((asked * answered).sum(axis=0) / np.maximum(power, 1e-12)).mean())


def _shape(gains: np.ndarray, normal: np.ndarray, place: np.ndarray) -> float:
    """How far the answers follow a head's normals once smooth functions of the place, a sheet's or a cylinder's, are taken out."""
    scores = []
    for row, axis, toward in ((gains[0], 0, normal[:, 0]), (gains[1], 1, -normal[:, 1])):
        smooth = np.stack([place[:, axis] ** k for k in range(4)], axis=1)
        a, b = _without(smooth, row[:, None])[:, 0], _without(smooth, toward[:, None])[:, 0]
        power = float(np.sqrt((a @ a) * (b @ b)))
        scores.append(float(a @ b) / power if power > 1e-12 else 0.0)
    return float(np.mean(scores))


def _without(columns: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return what a least-squares fit of `columns` leaves of each column of `values`."""
    fitted, *_ = np.linalg.lstsq(columns, values, rcond=None)
    return np.asarray(values - columns @ fitted)
