"""How faces answer the light passcode here lately: how much (by a sunny window less, and then nothing may be made of its absence),
and how late (of this screen and camera).

Pure; kept by the vision worker, in memory alone. One replay among people changes little: half of the last answers have to be small.
"""

from __future__ import annotations

from collections import deque
from statistics import median

from kiosk.liveness.light.answer import EXPECTED, UNMEASURED_S, LightScores

_LAST, _LEAST = 10, 4
_CLEARLY = 0.7  # so well answered, its delay is known
_SHARE = 0.5  # of the usual answer, somebody stands further away, or has darker skin


class Daylight:
    """The answers of the last takes. strength, delay_s: as the station measured them; 0: not measured."""

    def __init__(self, strength: float = 0.0, delay_s: float = 0.0) -> None:
        self._usual, self._delay_s = strength or EXPECTED, delay_s
        self._last: deque[float] = deque(maxlen=_LAST)
        self._delays: deque[float] = deque(maxlen=_LAST)
        self._hidden: deque[bool] = deque(maxlen=_LAST)

    def note(self, lit: LightScores) -> None:
        """A take ended in which everything was done that was asked."""
        self._hidden.append(not lit.available(self.expected()))
        if lit.time is not None:
            self._last.append(max(lit.strength, 0.0))
            if lit.time >= _CLEARLY and lit.best_delay_s is not None and lit.best_delay_s <= UNMEASURED_S[1]:
                self._delays.append(lit.best_delay_s)

    def delay_s(self) -> float:
        """Return the delay of screen and camera; 0: not known yet."""
        return self._delay_s or (median(self._delays) if len(self._delays) >= _LEAST else 0.0)

    @property
    def drowned(self) -> bool:
        """Of most of the last takes it could not be told whether the light was answered: too much other light, or a slow camera."""
        return len(self._hidden) >= _LEAST and 2 * sum(self._hidden) > len(self._hidden)

    def expected(self) -> float:
        """Return how large an answer may be expected now; never more than usual, and above 0."""
        if len(self._last) < _LEAST:
            return self._usual
        return max(1e-6, min(self._usual, _SHARE * median(self._last)))
