"""Even sound: silence trimmed at both ends, EBU R 128 loudness, true peak under a limit, and an Ogg/Opus file of it.

For `kiosk voice render` alone (pyloudnorm, scipy and soundfile from requirements/voice.txt).
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from kiosk.errors import ConfigError

HEAD_S, TAIL_S = 0.03, 0.07  # of quiet left before and after: well under the 150 ms of both ends
FADE_S = 0.01
SILENCE_DB = -42.0  # under the loudest moment: breath and the model's own noise
SHORTEST_S = 3.0  # loudness is measured over gating blocks of 0.4 s: a shorter sound is measured repeated
LIMITER_S = 0.004
QUIET_BLOCKS, QUIET_DB = 4, -45.0  # fiftieths of a second: after so long a quiet moment a syllable is over
KEEP_DB = 0.8  # Opus moves the peaks a little: the limiter aims this much lower
OPUS_LU = 0.26  # what Opus takes away (measured on eight sentences: 0.22 to 0.34)
MOST_OFF_LU = 0.6
COMPRESSION = 0.94  # of libsndfile's Opus: 21 kbit/s, one channel


def trim(sound: np.ndarray, rate: int) -> np.ndarray:
    """Return the sound with a moment of quiet at both ends and no more, faded in and out (float32, (samples,))."""
    step = rate // 200
    blocks = np.abs(sound[: len(sound) // step * step]).reshape(-1, step).max(axis=1)
    loud = np.flatnonzero(blocks > blocks.max() * 10 ** (SILENCE_DB / 20))
    fade = np.sin(np.linspace(0, np.pi / 2, int(FADE_S * rate), dtype=np.float32)) ** 2
    quiet = np.zeros(int(HEAD_S * rate), np.float32)  # a sound that begins at once begins softly, after as much quiet as others
    sound = np.concatenate([quiet, sound[: len(fade)] * fade, sound[len(fade) :]])
    first = max(0, (int(loud[0]) * step + len(quiet)) - int(HEAD_S * rate))
    last = min(len(sound), (int(loud[-1]) + 1) * step + len(quiet) + int(TAIL_S * rate))
    cut = sound[first:last].copy()
    cut[: len(fade)] *= fade
    cut[-len(fade) :] *= fade[::-1]
    return cut


def first_word(sound: np.ndarray, rate: int) -> np.ndarray:
    """Return a sound up to its first quiet moment: behind a single syllable the model sometimes clicks."""
    step = rate // 50
    blocks = [float(np.abs(sound[at : at + step]).max()) for at in range(0, len(sound), step)]
    begun = next(number for number, loudest in enumerate(blocks) if loudest > 0.5 * max(blocks))
    for number in range(begun, len(blocks) - QUIET_BLOCKS):
        if max(blocks[number : number + QUIET_BLOCKS]) < max(blocks) * 10 ** (QUIET_DB / 20):
            return sound[: (number + QUIET_BLOCKS // 2) * step]
    return sound


def loudness(sound: np.ndarray, rate: int) -> float:
    """Return the integrated loudness in LUFS (EBU R 128)."""
    meter = _loaded("pyloudnorm").Meter(rate)
    repeated = np.tile(sound, 1 + int(SHORTEST_S * rate / len(sound)))
    return float(meter.integrated_loudness(repeated.astype(np.float64)))


def true_peak_db(sound: np.ndarray) -> float:
    """Return the true peak in dB of full scale: the largest sample at four times the rate (ITU-R BS.1770-4, annex 2)."""
    return float(20 * np.log10(np.abs(_oversampled(sound)).max() + 1e-12))


def even(sound: np.ndarray, rate: int, lufs: float, peak_db: float) -> np.ndarray:
    """Return the sound at a loudness, its true peak at most `peak_db` after Opus."""
    for _ in range(4):  # limiting takes a little loudness away: two rounds settle it
        sound = sound * np.float32(10 ** ((lufs - loudness(sound, rate)) / 20))
        sound = limited(sound, rate, peak_db - KEEP_DB)
    return sound


def encoded_even(sound: np.ndarray, rate: int, lufs: float, peak_db: float) -> bytes:
    """Return an Ogg/Opus file at a loudness, its true peak under `peak_db`.

    What Opus takes away besides the usual (1 LU of a single 叉) is given back, and a peak that it made is limited further.
    """
    aim, peak_aim = lufs + OPUS_LU, peak_db
    for _ in range(4):
        data = encode(even(sound, rate, aim, peak_aim), rate)
        heard = _loaded("soundfile").read(io.BytesIO(data), dtype="float32")[0]
        off, over = lufs - loudness(heard, rate), true_peak_db(heard) - peak_db
        if abs(off) <= MOST_OFF_LU and over <= 0:
            break
        aim += off if abs(off) > MOST_OFF_LU else 0.0
        peak_aim -= max(0.0, over + 0.1) if over > 0 else 0.0
    return data


def limited(sound: np.ndarray, rate: int, peak_db: float) -> np.ndarray:
    """Return the sound with its true peaks turned down smoothly: the gain falls before a peak and rises after it."""
    from scipy.ndimage import minimum_filter1d, uniform_filter1d

    limit = 10 ** (peak_db / 20)
    peaks = np.abs(_oversampled(sound))[: len(sound) * 4].reshape(-1, 4).max(axis=1)
    gain = np.minimum(1.0, limit / np.maximum(peaks, 1e-9))
    window = 2 * int(LIMITER_S * rate) + 1
    smooth = uniform_filter1d(minimum_filter1d(gain, window), window)
    return np.asarray(sound * smooth, dtype=np.float32)


def _oversampled(sound: np.ndarray) -> np.ndarray:
    from scipy.signal import resample_poly

    return np.asarray(resample_poly(sound, 4, 1))


def encode(sound: np.ndarray, rate: int) -> bytes:
    """Return an Ogg/Opus file of the sound; the same sound gives the same bytes."""
    stream = io.BytesIO()
    file = _loaded("soundfile")
    with file.SoundFile(stream, "w", rate, 1, format="OGG", subtype="OPUS", compression_level=COMPRESSION) as out:
        out.write(sound)
    return with_serial(stream.getvalue(), 1)


def decode(path: Path) -> tuple[np.ndarray, int]:
    """Return samples (float32) and rate of a sound file with one channel."""
    samples, rate = _loaded("soundfile").read(path, dtype="float32")
    return samples, int(rate)


def with_serial(ogg: bytes, serial: int) -> bytes:
    """Return an Ogg stream with another serial number: libsndfile takes a random one (RFC 3533: bytes 14-18, checksum 22-26)."""
    made = bytearray()
    at = 0
    while at < len(ogg):
        segments = ogg[at + 26]
        end = at + 27 + segments + sum(ogg[at + 27 : at + 27 + segments])
        page = bytearray(ogg[at:end])
        page[14:18] = serial.to_bytes(4, "little")
        page[22:26] = bytes(4)
        page[22:26] = _checksum(page).to_bytes(4, "little")
        made += page
        at = end
    return bytes(made)


def _checksum(page: bytes | bytearray) -> int:
    """Return Ogg's CRC-32: polynomial 0x04C11DB7, not reflected, from 0."""
    crc = 0
    for byte in page:
        crc = (crc << 8 & 0xFFFFFFFF) ^ _TABLE[crc >> 24 ^ byte]
    return crc


def _row(byte: int) -> int:
    value = byte << 24
    for _ in range(8):
        value = (value << 1 ^ 0x04C11DB7 if value & 0x80000000 else value << 1) & 0xFFFFFFFF
    return value


_TABLE = tuple(map(_row, range(256)))


def _loaded(name: str) -> Any:
    """Return a package of requirements/voice.txt. Raises ConfigError when it is not installed."""
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ConfigError(f"{name} is not installed: pip install --require-hashes -r requirements/voice.txt") from error
