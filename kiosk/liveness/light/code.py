"""The light passcode: what the screen shows beside the mirror while a person only looks.

Two sequences that nobody can know: one for light from the left or right, one for light from above or below. Both are balanced and
orthogonal, so that the screen's whole light stays the same (the camera's exposure with it) and the answers can be told apart.
Pure. Drawn by `challenge`, shown by the camera page through `TakeView.light_pattern`, judged by `answer`.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

SYMBOLS = 12
SYMBOL_S = 0.25  # a pair of opposing changes takes two symbols: at most 2 a second, where WCAG 2.3.1 allows 3
RAMP_S = 0.12  # soft changes: half a cosine
LENGTH_S = SYMBOLS * SYMBOL_S
DEPTH = 0.6  # of the half-bright ground, at the screen's edge
_CHANGES = 5  # at least so many in a sequence: slow ones look like a head that sways


@dataclass(frozen=True, slots=True)
class LightCode:
    """Two sequences of +1 and -1. `across`: +1 the screen is brighter at the person's left; `along`: +1 it is brighter above."""

    across: tuple[int, ...]
    along: tuple[int, ...]

    def levels(self, t_s: float) -> tuple[float, float]:
        """Return (across, along) in -1..1 at `t_s` seconds of the code; 0 before it and after it."""
        return _level(self.across, t_s), _level(self.along, t_s)


def draw_code(rng: random.Random) -> LightCode:
    """Return a code. rng: the operating system's randomness in a kiosk. Balanced, orthogonal, and none of the slow ones."""
    while True:
        order = rng.sample(range(SYMBOLS), SYMBOLS)
        across = [0] * SYMBOLS
        along = [0] * SYMBOLS
        for place, index in enumerate(order):  # half of each half, in random order: balanced and orthogonal
            across[index] = 1 if place < SYMBOLS // 2 else -1
            along[index] = 1 if place % 2 == 0 else -1
        if all(sum(a != b for a, b in zip(row, row[1:], strict=False)) >= _CHANGES for row in (across, along)):
            return LightCode(tuple(across), tuple(along))


def _level(sequence: tuple[int, ...], t_s: float) -> float:
    index = int(t_s // SYMBOL_S) if t_s >= 0 else -1
    if not 0 <= index < len(sequence):
        last = sequence[-1] if sequence else 0
        over = t_s - len(sequence) * SYMBOL_S
        return last * (1 - _ramp(over)) if 0 <= over < RAMP_S else 0.0
    before = sequence[index - 1] if index else 0
    return before + (sequence[index] - before) * _ramp(t_s - index * SYMBOL_S)


def _ramp(since_s: float) -> float:
    return 0.5 - 0.5 * math.cos(math.pi * min(1.0, max(0.0, since_s / RAMP_S)))
