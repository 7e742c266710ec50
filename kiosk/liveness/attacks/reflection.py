"""Reflected light (反光识别): the screen changes its colour softly, and skin before it must follow while the room does not.

Pure. Optional and off by default: sunlight hides it, and flashing colours make people step back. The screen shows
`TakeView.light`; this file judges what came back. A video call or a recording does not answer colours drawn at random.
"""

from __future__ import annotations

import numpy as np

from kiosk.liveness.landmarks import FaceObservation

# Soft colours, red, green, blue; equally bright, so that only the hue changes.
LIGHTS: tuple[tuple[int, int, int], ...] = ((255, 190, 190), (180, 235, 180), (195, 205, 255))
PERIOD_S = 0.7  # under two changes a second: WCAG 2.3.1 allows three
PERIODS = 5
_SETTLE_S = 0.25  # screen, exposure and camera need this long after a change
_CHEEKS_AND_BROW = (50, 101, 205, 280, 330, 425, 151, 108, 337)


class LightWatcher:
    """Collects the chroma of skin and room while colours are shown."""

    def __init__(self, lights: tuple[int, ...]) -> None:
        """lights: which of LIGHTS is shown in each period."""
        self._lights = lights
        self._began_s: float | None = None
        self._rows: list[list[np.ndarray]] = [[] for _ in lights]

    def shown(self, t_s: float) -> int | None:
        """Return the light to show at `t_s`, counted from the first call; None when all were shown."""
        if self._began_s is None:
            self._began_s = t_s
        index = int((t_s - self._began_s) / PERIOD_S)
        return self._lights[index] if index < len(self._lights) else None

    def step(self, observation: FaceObservation, frame_bgr: np.ndarray) -> None:
        """Take in one frame while a light is shown."""
        if self._began_s is None or observation.points is None or observation.box is None:
            return
        since = observation.t_s - self._began_s
        index = int(since / PERIOD_S)
        if index >= len(self._lights) or since - index * PERIOD_S < _SETTLE_S:
            return
        height, width = frame_bgr.shape[:2]
        xy = np.rint(observation.points[list(_CHEEKS_AND_BROW), :2]).astype(np.intp)
        skin = frame_bgr[np.clip(xy[:, 1], 0, height - 1), np.clip(xy[:, 0], 0, width - 1)]
        x0, y0, x1, y1 = observation.box
        grid = frame_bgr[::16, ::16]
        rows, columns = np.mgrid[0 : grid.shape[0], 0 : grid.shape[1]] * 16
        margin = 0.4 * (x1 - x0)
        room = grid[(columns < x0 - margin) | (columns > x1 + margin) | (rows < y0 - margin)]
        if len(room) >= 10:
            self._rows[index].append(np.concatenate([_chroma(skin), _chroma(room)]))

    def score(self) -> float | None:
        """Return how well the skin's chroma, less the room's, follows the lights: about 1 for a face, 0 for a recording.

        None when a period had no frames.
        """
        if any(len(rows) < 3 for rows in self._rows):
            return None
        means = np.array([np.mean(rows, axis=0) for rows in self._rows])
        noise = float(np.mean([np.std(rows, axis=0)[:2].mean() / np.sqrt(len(rows)) for rows in self._rows]))
        answer = (means[:, :2] - means[:, 2:]) - (means[:, :2] - means[:, 2:]).mean(axis=0)
        asked = np.array([_chroma(np.array([LIGHTS[i][::-1]], np.uint8)) for i in self._lights])
        asked = asked - asked.mean(axis=0)
        power = float(np.sqrt((answer**2).sum() * (asked**2).sum()))
        if np.sqrt((answer**2).mean()) < 2.0 * noise or power < 1e-12:
            return 0.0  # nothing came back
        return float((answer * asked).sum() / power)


def _chroma(pixels_bgr: np.ndarray) -> np.ndarray:
    """Return the mean share of red and of green of some pixels: what remains of a colour when brightness goes."""
    mean = pixels_bgr.reshape(-1, 3).astype(np.float64).mean(axis=0) + 1.0
    return np.asarray(mean[[2, 1]] / mean.sum())
