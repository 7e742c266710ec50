"""The light passcode: what the screen shows beside the mirror while a person only looks.

Three sequences that nobody can know: for light that is warmer or cooler as a whole, from the left or right, from above or below.
They are balanced and orthogonal. What changes is the colour, hardly the brightness: a movement changes a face's brightness and not
its colour, so that colour is what can be told from it (docs/measurements.md). Pure. Drawn by `challenge`, shown by the camera page
through `TakeView.light_pattern`, judged by `answer`.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kiosk.domain.light_pattern import Levels

SYMBOLS = 16
SYMBOL_S = 0.1875  # a pair of opposing changes takes two symbols: fewer than three a second, and they hardly change the brightness
RAMP_S = 0.12  # soft changes: half a cosine
LENGTH_S = SYMBOLS * SYMBOL_S
HUE, GRADIENT = 0.8, 0.1  # shares of the whole light's sequence and, at the screen's edge, of the two from the sides
_CHANGES = 6  # at least so many in a sequence: slow ones look like a drift


@dataclass(frozen=True, slots=True)
class LightCode:
    """Three sequences of +1 and -1. `hue`: +1 the light is warm; `across`: +1 it is warmer at the person's left; `along`: above."""

    hue: tuple[int, ...]
    across: tuple[int, ...]
    along: tuple[int, ...]

    def levels(self, t_s: float) -> Levels:
        """Return (hue, across, along) in -1..1 at `t_s` seconds of the code; 0 before it and after it."""
        hue, across, along = self.course(np.array([t_s]))[0].tolist()
        return hue, across, along

    def course(self, times: np.ndarray) -> np.ndarray:
        """Return the same at many times: (times, 3)."""
        return courses((self.hue, self.across, self.along), times)


def draw_code(rng: random.Random) -> LightCode:
    """Return a code. rng: the operating system's randomness in a kiosk. Balanced, orthogonal, and none of the slow ones."""
    while True:
        order = rng.sample(range(SYMBOLS), SYMBOLS)
        # Each of the eight combinations twice, in random order: balanced and orthogonal.
        rows = [[1 if order[index] >> bit & 1 else -1 for index in range(SYMBOLS)] for bit in range(3)]
        if all(sum(a != b for a, b in zip(row, row[1:], strict=False)) >= _CHANGES for row in rows):
            return LightCode(*(tuple(row) for row in rows))


def courses(sequences: Sequence[tuple[int, ...]], times: np.ndarray) -> np.ndarray:
    """Return (times, sequences): the level of each sequence at each time, in seconds of the code; all are of one length.

    Soft from each symbol to the next, from 0 before the first and to 0 after the last.
    """
    steps = np.array([(0, *sequence, 0) for sequence in sequences], dtype=float)
    index = np.clip(np.floor_divide(times, SYMBOL_S), 0, steps.shape[1] - 2).astype(np.intp)
    ramp = 0.5 - 0.5 * np.cos(np.pi * np.clip((times - index * SYMBOL_S) / RAMP_S, 0.0, 1.0))
    before, after = steps[:, index], steps[:, index + 1]
    return np.asarray((before + (after - before) * ramp).T)
