"""How long nobody has done anything: quiet, then a countdown, then over. Pure: time arrives as an argument.

Used by `visit.presence` alone, which decides what is done about it; nobody is rushed: any touch, card or seen face starts it anew.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IdleClock:
    """`timeout_s` of quiet, then `countdown_s` with the question whether somebody is there (WCAG 2.2.1: at least 20 s)."""

    timeout_s: float
    countdown_s: float
    since_s: float = 0.0

    def touched(self, now_s: float) -> IdleClock:
        """Return the clock started anew at `now_s` (any monotonic clock)."""
        return IdleClock(self.timeout_s, self.countdown_s, now_s)

    def countdown(self, now_s: float) -> int | None:
        """Return None while it is quiet, else the whole seconds left (0: over)."""
        over = now_s - self.since_s - self.timeout_s
        if over < 0:
            return None
        return max(0, math.ceil(self.countdown_s - over))
