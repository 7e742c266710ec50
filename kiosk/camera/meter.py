"""How many pictures a second a camera gives while it is awake. Pure; fed by `camera.worker`."""

from __future__ import annotations

_GAP_S = 1.0  # no picture for so long: another stretch begins
_LEAST_S = 2.0  # a shorter stretch says nothing
_NEWEST_S = 30.0  # a stretch is cut here, so that what is told is of now


class RateMeter:
    """Counts pictures of the running stretch; keeps the last rate that could be told."""

    def __init__(self) -> None:
        self._first_s = self._last_s = 0.0
        self._count = 0
        self.fps: float | None = None

    def picture(self, now_s: float) -> None:
        """One picture came."""
        if not self._count or now_s - self._last_s > _GAP_S or now_s - self._first_s > _NEWEST_S:
            self._first_s, self._count = now_s, 0
        self._count, self._last_s = self._count + 1, now_s
        if now_s - self._first_s >= _LEAST_S:
            self.fps = round((self._count - 1) / (now_s - self._first_s), 1)
