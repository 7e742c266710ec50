"""Recordings to one sound: sentences with a short rest between them, small pieces (digits, months) without gap or click.

Used in the voice's own process (`voice.engine`); needs soundfile and numpy.
"""

from __future__ import annotations

import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

SENTENCE_PAUSE_S = 0.3  # besides the quiet of their ends
CROSS_S = 0.012  # two pieces overlap so long
PIECE_DB = -38.0  # under a piece's loudest moment: what lies before and after it is cut where pieces are joined
_KEPT_S = 0.015


def read(path: Path) -> tuple[np.ndarray, int]:
    """Return samples (float32, one channel) and rate of a recording. Raises OSError or soundfile's RuntimeError."""
    import soundfile

    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return np.asarray(samples.mean(axis=1), dtype=np.float32), int(rate)


def join(runs: Sequence[Sequence[Path]]) -> tuple[np.ndarray, int]:
    """Return one sound (float32, one channel) and its rate.

    runs: recordings in order; those of one run are pieces, joined closely. Raises ValueError for recordings of several rates.
    """
    rates = set()
    sounds = []
    for run in runs:
        pieces = []
        for path in run:
            samples, rate = read(path)
            rates.add(rate)
            pieces.append(samples)
        if len(rates) != 1:
            raise ValueError(f"recordings of {len(rates)} sampling rates")
        sounds.append(pieces[0] if len(pieces) == 1 else close(pieces, rate))
    pause = np.zeros(int(SENTENCE_PAUSE_S * rate), np.float32)
    return np.concatenate([part for sound in sounds for part in (pause, sound)][1:]), rate


def close(pieces: Sequence[np.ndarray], rate: int) -> np.ndarray:
    """Return pieces joined without gap: the quiet between them is cut, and each fades into the next."""
    cross = int(CROSS_S * rate)
    rise = np.sin(np.linspace(0, np.pi / 2, cross, dtype=np.float32)) ** 2
    made = pieces[0][: _edges(pieces[0], rate)[1]]
    for number, piece in enumerate(pieces[1:], 1):
        first, last = _edges(piece, rate)
        rest = piece[first : last if number < len(pieces) - 1 else len(piece)]
        if min(len(made), len(rest)) <= cross:
            made = np.concatenate([made, rest])
            continue
        overlap = made[-cross:] * rise[::-1] + rest[:cross] * rise
        made = np.concatenate([made[:-cross], overlap, rest[cross:]])
    return made


def _edges(sound: np.ndarray, rate: int) -> tuple[int, int]:
    """Return where a sound begins and ends, a moment of quiet kept."""
    loud = np.flatnonzero(np.abs(sound) > np.abs(sound).max(initial=1e-6) * 10 ** (PIECE_DB / 20))
    if not len(loud):
        return 0, len(sound)
    kept = int(_KEPT_S * rate)
    return max(0, int(loud[0]) - kept), min(len(sound), int(loud[-1]) + 1 + kept)


def write(sound: np.ndarray, rate: int, path: Path) -> None:
    """Write a WAV file: 16 bit, one channel."""
    samples: Any = np.clip(np.round(sound * 32767), -32768, 32767).astype("<i2")
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(samples.tobytes())
