"""The microphone as a process of its own: `python -m kiosk.microphone.recorder [DEVICE]` opens it, and writes what it hears.

Out come blocks of float32 samples at 16 kHz, nothing else; it ends with its reader, or when the device is away. PortAudio, given a
device that vanishes, writes complaints without end and does not let itself be closed: a process is ended all the same.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

import numpy as np

from kiosk.microphone.mel import RATE
from kiosk.microphone.source import BLOCK_S, library


def clean(block: np.ndarray) -> np.ndarray:
    """Return samples within -1..1: ALSA's plugs may hand over memory that nobody filled, NaN and infinity in it."""
    return np.asarray(np.clip(np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0), -1.0, 1.0), dtype="<f4")


def main(device: str, going: int) -> int:
    """Record until nobody reads any more. `going`: where the blocks are written to."""
    sound = library()
    if sound is None:
        return 1
    over = threading.Event()

    def came(block: np.ndarray, _frames: int, _time: Any, _status: Any) -> None:
        try:
            os.write(going, clean(block[:, 0]).tobytes())
        except OSError:  # nobody reads
            over.set()

    try:
        with sound.InputStream(
            RATE, round(BLOCK_S * RATE), device or None, 1, dtype="float32", callback=came, latency="low"
        ) as stream:
            while stream.active and not over.wait(0.5):
                pass
    except (ValueError, sound.PortAudioError):  # no such device, busy, not allowed
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1] if len(sys.argv) > 1 else "", sys.stdout.fileno()))
