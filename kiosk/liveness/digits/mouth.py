"""Did this mouth say it? The lips' opening against the loudness over the time of the reading. Pure; used by `reading`.

Who speaks opens the mouth where it gets loud, a little before or after; a silent face with a voice from elsewhere does not. A film
with other words is told poorly (docs/measurements.md). Both are laid on one grid of time, smoothed, and compared by their
normalised correlation, at the best lag of up to LAG_S either way: sound and picture come through a machine at different speeds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

GRID_S = 0.04
LAG_S = 0.2
LEAST_S = 1.0  # with less in common nothing can be said
LEAST_MOUTH = 0.012  # of jawOpen, standard deviation: a mouth that moves less does not speak, and its noise follows anything
SMOOTH_S = 0.12  # a syllable is about twice as long

Track = Sequence[tuple[float, float]] | np.ndarray  # (seconds, value), times rising


def agreement(mouth: Track, loudness: Track, begin_s: float, end_s: float) -> float | None:
    """Return the best correlation, -1..1, between `begin_s` and `end_s`; None where too little was seen or heard.

    mouth: how far it is open, 0..1. loudness: in dB over the room's noise, 0 where it is quiet. 0.0 for a still mouth.
    """
    if len(mouth) < 2 or len(loudness) < 2 or end_s - begin_s < LEAST_S:
        return None
    grid = np.arange(begin_s - LAG_S, end_s + LAG_S, GRID_S)
    lips = on_grid(mouth, grid)
    steps = round(LAG_S / GRID_S)
    if float(np.std(lips[steps : len(lips) - steps])) < LEAST_MOUTH:
        return 0.0
    return best_correlation(lips, on_grid(loudness, grid))


def on_grid(track: Track, grid: np.ndarray, smooth_s: float = SMOOTH_S) -> np.ndarray:
    """Return a track's values at the grid's times, smoothed."""
    times, values = np.array(track, dtype=np.float64).T
    width = max(1, round(smooth_s / GRID_S))
    padded = np.pad(np.interp(grid, times, values), (width // 2, width - 1 - width // 2), mode="edge")
    return np.convolve(padded, np.ones(width) / width, mode="valid")


def best_correlation(lips: np.ndarray, sound: np.ndarray) -> float:
    """Return the best normalised correlation of two tracks on one grid, the sound up to LAG_S earlier or later."""
    steps = round(LAG_S / GRID_S)
    middle = lips[steps : len(lips) - steps]
    return max(_correlation(middle, sound[steps + lag : len(sound) - steps + lag]) for lag in range(-steps, steps + 1))


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    a, b = one - one.mean(), other - other.mean()
    size = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / size if size > 0 else 0.0
