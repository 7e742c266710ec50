"""Frames and movements that come back: virtual cameras, frozen pictures, looped recordings.

A sensor never gives the same noise twice, and nobody moves the same way twice. Pure; one small hash and six numbers a frame.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict

import numpy as np

from kiosk.liveness.landmarks import FaceObservation

_REMEMBER = 4000
_APART_S = 0.3  # neighbours may be doubled by a driver that keeps up its rate
_RATE_HZ = 10.0
_WINDOW_S = 2.0
_LAG_S = 2.5
_MIN_MOTION = 1.0  # a window with less movement than this (in the units below) says nothing
_ASKED_YAW, _ASKED_GAP = 8.0, 5.0  # in the units below

# One unit of movement for yaw, pitch, roll (degrees), x, y (eye distances), mouth gap (eye distances): about what the mesh's
# own noise stays under.
_UNITS = np.array([1.0, 1.0, 1.0, 0.03, 0.03, 0.03])


class RepeatWatcher:
    """Counts frames whose very pixels were seen before."""

    def __init__(self) -> None:
        self._seen: OrderedDict[bytes, float] = OrderedDict()
        self._frames = self._repeats = 0

    def step(self, t_s: float, frame_bgr: np.ndarray) -> None:
        """Take in one frame. Hashes about 1 500 pixels of it."""
        step = max(1, frame_bgr.shape[0] // 40)
        digest = hashlib.blake2b(np.ascontiguousarray(frame_bgr[::step, ::step]).data, digest_size=8).digest()
        self._frames += 1
        first = self._seen.setdefault(digest, t_s)
        if t_s - first > _APART_S:
            self._repeats += 1
        if len(self._seen) > _REMEMBER:
            self._seen.popitem(last=False)

    def share(self) -> float | None:
        """Return the share of frames that came back; None with too few frames."""
        return self._repeats / self._frames if self._frames >= 20 else None


class LoopWatcher:
    """Finds a movement of two seconds that comes back exactly: a recording that is looped, refilmed or not."""

    def __init__(self) -> None:
        self._rows: list[tuple[float, ...]] = []
        self._eye: float | None = None

    def step(self, observation: FaceObservation) -> None:
        """Take in one observation."""
        points = observation.points
        if points is None:
            return
        if self._eye is None:
            self._eye = max(float(np.hypot(*(points[33, :2] - points[263, :2]))), 1.0)
        eye = self._eye  # one scale for all: each frame's own would shake the place
        gap = float(np.hypot(*(points[13, :2] - points[14, :2]))) / eye
        self._rows.append(
            (
                observation.t_s,
                observation.yaw_deg,
                observation.pitch_deg,
                observation.roll_deg,
                float(points[168, 0]) / eye,
                float(points[168, 1]) / eye,
                gap,
            )
        )

    def score(self) -> float | None:
        """Return how alike the two most alike windows are, 0..1 (1: the same); None without enough movement."""
        if len(self._rows) < 40:
            return None
        rows = np.array(self._rows)
        times = np.arange(rows[0, 0], rows[-1, 0], 1.0 / _RATE_HZ)
        if len(times) * 1.0 / _RATE_HZ < _WINDOW_S + _LAG_S:
            return None
        signals = np.stack([np.interp(times, rows[:, 0], rows[:, i + 1]) for i in range(6)], axis=1) / _UNITS
        size, lag = int(_WINDOW_S * _RATE_HZ), int(_LAG_S * _RATE_HZ)
        windows = np.lib.stride_tricks.sliding_window_view(signals, size, axis=0)  # (n, 6, size)
        windows = windows - windows.mean(axis=2, keepdims=True)
        energy = np.sqrt((windows**2).mean(axis=(1, 2)))
        # Asked for twice, a turn or an open mouth looks much the same twice: only the unasked movement counts.
        centred = np.lib.stride_tricks.sliding_window_view(signals - np.median(signals, axis=0), size, axis=0)
        asked = (np.abs(centred[:, 0]).max(axis=1) > _ASKED_YAW) | (centred[:, 5].max(axis=1) > _ASKED_GAP)
        moving = np.flatnonzero((energy >= _MIN_MOTION) & ~asked)
        if len(moving) < 2:
            return None
        flat = windows[moving].reshape(len(moving), -1)
        power = (flat**2).sum(axis=1)
        distance = np.maximum(power[:, None] + power[None] - 2 * flat @ flat.T, 0) / (power[:, None] + power[None])
        far = np.abs(moving[:, None] - moving[None]) >= lag
        return float(1.0 - np.sqrt(distance[far].min())) if far.any() else None
