"""Recordings to one sound: sentences with a short rest between them, small pieces (digits, months) without gap or click.

Used in the voice's own process (`voice.engine`); needs soundfile and numpy.
"""

from __future__ import annotations

import io
import wave
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

SENTENCE_PAUSE_S = 0.3  # besides the quiet of their ends
CROSS_S = 0.012  # two pieces overlap so long
PIECE_DB = -38.0  # under a piece's loudest moment: what lies before and after it is cut where pieces are joined
BLOCK_S = 0.25  # decoded at a time
_LEAD_S, _KEPT_S = 0.05, 0.015  # before and after: 十 begins with a breath, and without it is heard as 之 (measured: docs/voice.md)

Run = tuple[float, Sequence[Path]]  # seconds of quiet before it (nothing before the first), and its recordings: joined closely


def read(path: Path) -> tuple[np.ndarray, int]:
    """Return samples (float32, one channel) and rate of a recording. Raises OSError or soundfile's RuntimeError."""
    import soundfile

    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return np.asarray(samples.mean(axis=1), dtype=np.float32), int(rate)


def join(runs: Sequence[Run]) -> tuple[np.ndarray, int]:
    """Return one sound (float32, one channel) and its rate. Raises ValueError for recordings of several rates."""
    rate, _, parts = stream(runs)
    return np.concatenate(list(parts)), rate


def stream(runs: Sequence[Run]) -> tuple[int, int, Iterator[np.ndarray]]:
    """Return the rate, the number of samples, and the sound in parts, decoded as they are taken.

    Raises OSError, RuntimeError or ValueError before the first part for what cannot be read or joined.
    """
    import soundfile

    rates: set[int] = set()
    sounds: list[np.ndarray | Path] = []
    count = 0
    for number, (_, paths) in enumerate(runs):
        if len(paths) == 1:
            told = soundfile.info(paths[0])
            rates.add(int(told.samplerate))
            sounds.append(paths[0])
            count += int(told.frames)
        else:
            pieces = []
            for path in paths:
                samples, own = read(path)
                rates.add(own)
                pieces.append(samples)
            whole = close(pieces, min(rates))
            sounds.append(whole)
            count += len(whole)
        if len(rates) != 1:
            raise ValueError(f"recordings of {len(rates)} sampling rates in run {number}")
    rate = rates.pop()
    rests = [int(rest * rate) if number else 0 for number, (rest, _) in enumerate(runs)]
    return rate, count + sum(rests), _parts(list(zip(rests, sounds, strict=True)), rate)


def _parts(sounds: Sequence[tuple[int, np.ndarray | Path]], rate: int) -> Iterator[np.ndarray]:
    import soundfile

    for rest, sound in sounds:
        if rest:
            yield np.zeros(rest, np.float32)
        if isinstance(sound, Path):
            for block in soundfile.blocks(sound, int(BLOCK_S * rate), dtype="float32", always_2d=True):
                yield np.asarray(block.mean(axis=1), dtype=np.float32)
        else:
            yield sound


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
    return max(0, int(loud[0]) - int(_LEAD_S * rate)), min(len(sound), int(loud[-1]) + 1 + int(_KEPT_S * rate))


def write(
    runs: Sequence[Run],
    path: Path,
    *,
    volume: float = 1.0,
    head_s: float = float("inf"),
    begun: Callable[[], None] = lambda: None,
    go_on: Callable[[], bool] = lambda: True,
) -> bool:
    """Write a WAV file (16 bit, one channel): a player may begin with it as soon as `begun` is called.

    head_s: so much is written by then; the file has its whole length from the start. go_on: asked between two parts.
    Returns whether all of it was written. Raises like `stream`.
    """
    rate, count, parts = stream(runs)
    written = 0
    with path.open("wb") as file:
        head = _wav_head(rate, count)
        file.write(head)
        file.truncate(len(head) + 2 * count)
        told = False
        for part in parts:
            if told and not go_on():
                return False
            file.write(_sixteen_bit(part[: count - written] * volume))
            written += len(part)
            if not told and written >= head_s * rate:
                file.flush()
                told = True
                begun()
    if not told:
        begun()
    return True


def _wav_head(rate: int, count: int) -> bytes:
    """Return what stands before `count` samples."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, rate, count, "NONE", ""))
        out.writeframesraw(b"")
        return file.getvalue()  # before it is closed, and finds that nothing followed


def _sixteen_bit(sound: np.ndarray) -> bytes:
    samples: Any = np.clip(np.round(sound * 32767), -32768, 32767).astype("<i2")
    return bytes(samples.tobytes())
