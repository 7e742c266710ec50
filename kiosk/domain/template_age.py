"""What a template is made from, when it is replaced, and when a face has aged away from it. Numbers and days alone."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from datetime import date

LIVE, PHOTO, CHIP = "live", "photo", "chip"  # a take before the camera, an old photograph, the photo on a card's chip
STRONG = 0.06  # ours: so far above the bound a live face is taken in place of a photograph
WATCHED_DAYS = 300  # ours: below that a fall is chance
FALL = 0.06  # ours: by so much, or it is no fall
AHEAD_DAYS = 400  # ours: until after the next yearly visit
KEPT_SCORES = 6  # of a person


def strong(score: float | None, accept: float) -> bool:
    """True for a match that is good enough to replace what is no live template. accept: the bound of a match."""
    return score is not None and score >= accept + STRONG


def falling(scores: Sequence[tuple[date, float]], accept: float) -> bool:
    """True when matches fall over the years so that one after the next would fail. scores: of passes, the oldest first."""
    if len(scores) < 2:
        return False
    days = [(day - scores[0][0]).days for day, _ in scores]
    if days[-1] < WATCHED_DAYS or scores[0][1] - scores[-1][1] < FALL:
        return False
    mean_day, mean = sum(days) / len(days), sum(score for _, score in scores) / len(scores)
    slope = sum((day - mean_day) * (score - mean) for day, (_, score) in zip(days, scores, strict=True))
    slope /= sum((day - mean_day) ** 2 for day in days)
    return mean + slope * (days[-1] + AHEAD_DAYS - mean_day) < accept


def likeness(one: bytes, two: bytes) -> float:
    """Return the comparison score of two templates as they are stored (float32 little-endian); 0 where one is none."""
    if not one or len(one) != len(two) or len(one) % 4:
        return 0.0
    a, b = (struct.unpack(f"<{len(one) // 4}f", vector) for vector in (one, two))
    length = (sum(x * x for x in a) * sum(x * x for x in b)) ** 0.5
    return sum(x * y for x, y in zip(a, b, strict=True)) / length if length > 0 else 0.0
