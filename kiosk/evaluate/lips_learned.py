"""Of `kiosk evaluate lips`: how far a mouth opens, foretold from the sound alone, as learned on the other clips.

Which bands of sound go with an open mouth is learned by ridge regression from all clips but a tenth, and told of that tenth: nobody
has a part in what judges them. A measurement: no weights of people's clips are kept or shipped.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kiosk.liveness.digits.mouth import GRID_S, Track, on_grid
from kiosk.microphone.mel import RATE, log_mel

BANDS = 20  # of Whisper's 80, four taken together
FOLDS = 10
RIDGE = 300.0  # so many samples of zero beside some thousand
AROUND = 5  # grid steps of sound before and after, 0.2 s
SLOW_S = 1.0  # what changes more slowly is posture, or another distance from the microphone


def bands(sound: np.ndarray) -> np.ndarray:
    """Return (n, BANDS) of a sound at 16 kHz: logarithms of its bands, one row for each GRID_S."""
    size = round(GRID_S * 100)
    mel = log_mel(sound, len(sound) / RATE).T
    steps = mel[: len(mel) // size * size].reshape(-1, size, mel.shape[1]).mean(1)
    return np.asarray(steps.reshape(len(steps), BANDS, -1).mean(2), dtype=np.float64)


def without_slow(values: np.ndarray, slow_s: float = SLOW_S) -> np.ndarray:
    """Return a track on the grid without its running mean."""
    width = round(slow_s / GRID_S) | 1
    return np.asarray(values - np.convolve(np.pad(values, width // 2, mode="edge"), np.ones(width) / width, mode="valid"))


def foretold(clips: Sequence[tuple[Track, np.ndarray]]) -> list[np.ndarray]:
    """Return for each clip (n, 2) of seconds and foretold opening. clips: (mouth over time, its sound's `bands`)."""
    seen = [_samples(mouth, sound) for mouth, sound in clips]
    out: list[np.ndarray] = [np.zeros((0, 2))] * len(seen)
    for fold in range(FOLDS):
        learned = [one for number, one in enumerate(seen) if number % FOLDS != fold and len(one[1])]
        if not learned:
            continue
        heard, opened = (np.concatenate(part) for part in zip(*learned, strict=True))
        weights = np.linalg.solve(heard.T @ heard + RIDGE * np.eye(heard.shape[1]), heard.T @ opened)
        for number in range(fold, len(seen), FOLDS):
            told = seen[number][0] @ weights
            out[number] = np.column_stack([np.arange(len(told)) * GRID_S, told])
    return out


def _samples(mouth: Track, sound: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (what is heard around each moment, how far the mouth is open then in its own spread)."""
    end = np.asarray(mouth)[-1, 0] if len(mouth) else 0.0
    sound = sound[: int(end / GRID_S)]
    if len(sound) <= 2 * AROUND:
        return np.zeros((0, (2 * AROUND + 1) * BANDS)), np.zeros(0)
    level = sound - sound.mean(axis=0)
    padded = np.pad(level, ((AROUND, AROUND), (0, 0)), mode="edge")
    around = np.hstack([padded[at : at + len(level)] for at in range(2 * AROUND + 1)])
    opened = without_slow(on_grid(mouth, np.arange(len(level)) * GRID_S))
    return around, opened / (float(opened.std()) + 1e-6)
