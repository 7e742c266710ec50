"""A share with its interval, and how many trials a bound needs. Pure; used by `pilot` and `evaluate`."""

from __future__ import annotations

import math


def interval(hits: int, trials: int, z: float = 1.959964) -> tuple[float, float]:
    """Return the Wilson 95 % interval of hits out of trials; (0, 1) without trials."""
    if trials <= 0:
        return 0.0, 1.0
    p, n = hits / trials, float(trials)
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def needed(bound: float) -> int:
    """Return how many trials without one error show a share below `bound` with 95 % (rule of three). 0 < bound < 1."""
    return math.ceil(3 / bound)


def told(hits: int, trials: int) -> str:
    """Return it for a table: "1.0 % (3/300; 0.3-2.9)"; "-" without trials."""
    if not trials:
        return "-"
    low, high = interval(hits, trials)
    return f"{100 * hits / trials:.1f} % ({hits}/{trials}; {100 * low:.1f}-{100 * high:.1f})"
