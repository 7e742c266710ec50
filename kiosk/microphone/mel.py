"""Sound to what Whisper's encoder hears: 80 mel bands, 100 times a second, in logarithms. numpy alone."""

from __future__ import annotations

from functools import cache

import numpy as np

RATE = 16_000  # Hz
HOP = 160
_WINDOW = 400
_BANDS = 80


@cache
def _filters() -> np.ndarray:
    """Return (bands, frequencies): Slaney's mel scale, each band's area one."""
    low_hz, step_hz, log_from, log_step = 0.0, 200.0 / 3, 1000.0, np.log(6.4) / 27
    top = (log_from - low_hz) / step_hz + np.log(RATE / 2 / log_from) / log_step
    mels = np.linspace(0.0, top, _BANDS + 2)
    knee = (log_from - low_hz) / step_hz
    hz = np.where(mels < knee, low_hz + step_hz * mels, log_from * np.exp(log_step * (mels - knee)))
    ramps = hz[:, None] - np.fft.rfftfreq(_WINDOW, 1.0 / RATE)[None, :]
    width = np.diff(hz)
    rising, falling = -ramps[:-2] / width[:-1, None], ramps[2:] / width[1:, None]
    area = 2.0 / (hz[2:] - hz[:-2])
    return np.asarray(np.maximum(0.0, np.minimum(rising, falling)) * area[:, None], dtype=np.float32)


def log_mel(samples: np.ndarray, seconds: float) -> np.ndarray:
    """Return float32 (80, 100 x seconds) of samples at 16 kHz in -1..1, cut or filled up with silence to `seconds`."""
    length = round(seconds * RATE)
    filled = np.zeros(length, np.float32)
    filled[: min(length, len(samples))] = samples[:length]
    around = np.pad(filled, _WINDOW // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(around, _WINDOW)[::HOP][:-1]
    hann = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)
    power = np.abs(np.fft.rfft(frames * hann, axis=1)).astype(np.float32) ** 2
    bands = np.log10(np.maximum(_filters() @ power.T, 1e-10))
    return np.asarray((np.maximum(bands, bands.max() - 8.0) + 4.0) / 4.0, dtype=np.float32)
