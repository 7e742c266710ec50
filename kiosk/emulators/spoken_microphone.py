"""A microphone before which recordings are played, as somebody in front of the kiosk speaks; and how far a mouth opens meanwhile.

The digits are the kiosk's own recordings (assets/voice), read with pauses. Registered as `spoken:` (kiosk/microphone/source.py).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np

from kiosk.microphone.mel import RATE
from kiosk.microphone.source import BLOCK_S, Take
from kiosk.voice import joining
from kiosk.voice.rendered import Rendered

PAUSE_S = 0.45
MOUTH_S = 0.04  # between two openings of the mouth
_NOISE = 0.0005
_OPEN = 0.55  # of the puppet's jaw, at the loudest


def digits_sound(digits: str) -> np.ndarray:
    """Return digits read one by one: float32, 16 kHz. A recording that is missing is an error of the source tree."""
    rendered, parts = Rendered.load("zh_CN"), []
    for digit in digits:
        for name in rendered.prompts[f"spoken.digit.say_{digit}"].files:
            sound, rate = joining.read(rendered.path(name))
            parts += [_at_16k(sound, rate), np.zeros(round(PAUSE_S * RATE), np.float32)]
    return np.concatenate(parts)


def openings(sound: np.ndarray) -> list[float]:
    """Return how far a mouth that says this is open, 0..1, every MOUTH_S."""
    size = round(MOUTH_S * RATE)
    power = np.sqrt(np.mean(sound[: len(sound) // size * size].reshape(-1, size) ** 2, axis=1))
    return [float(one) for one in _OPEN * np.sqrt(power / max(1e-6, float(power.max())))]


def _at_16k(sound: np.ndarray, rate: int) -> np.ndarray:
    """Return a sound at 16 kHz: what is higher is left out of its spectrum."""
    count = round(len(sound) * RATE / rate)
    spectrum = np.fft.rfft(sound)[: count // 2 + 1]
    return np.asarray(np.fft.irfft(spectrum, count) * (count / len(sound)), dtype=np.float32)


class SpokenMicrophone:
    """Hears what `say` is given, and a little noise. `say` may be called from any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """clock: of whoever speaks: a puppet that waits for a busy machine speaks as slowly."""
        self._clock = clock
        self._lock = threading.Lock()
        self._coming = np.zeros(0, np.float32)
        self._open: threading.Event | None = None

    def there(self) -> str:
        """Return its name."""
        return "spoken"

    def open(self, take: Take) -> None:
        """Begin to hand blocks over, at the pace of the clock."""
        self.close()
        stop = self._open = threading.Event()
        threading.Thread(target=self._run, args=(take, stop), name="microphone", daemon=True).start()

    def alive(self) -> bool:
        """Return whether it is open."""
        return self._open is not None

    def now_s(self) -> float:
        """Return the time now by its clock."""
        return self._clock()

    def close(self) -> None:
        """End it."""
        stop, self._open = self._open, None
        if stop is not None:
            stop.set()

    def say(self, sound: np.ndarray) -> None:
        """Let this be heard from now on."""
        with self._lock:
            self._coming = sound

    def _run(self, take: Take, stop: threading.Event) -> None:
        noise, size, due = np.random.default_rng(7), round(BLOCK_S * RATE), self._clock()
        while not stop.is_set():
            with self._lock:
                block, self._coming = self._coming[:size], self._coming[size:]
            heard = noise.standard_normal(size).astype(np.float32) * _NOISE
            heard[: len(block)] += block
            take(heard)
            due += BLOCK_S
            while self._clock() < due and not stop.wait(BLOCK_S / 2):
                pass
