"""A stand-in for a player program with a sound card: takes a WAV file at the speed it sounds, and notes when each period was taken.

Run by path: `python -S -I kiosk/emulators/sound_player.py LOG [OPTION] WAV` (standard library alone: it starts about as quickly as
aplay).
LOG receives a line a period of 10 ms: the monotonic clock in nanoseconds (the same clock for all processes, on Linux), and how
late it was in nanoseconds. A card has no more to play when the player is late by more than its buffer.
"""

from __future__ import annotations

import os
import sys
import time
import wave

PERIOD_S = 0.01


def main(log: str, *arguments: str) -> None:
    """Take the whole file. Options of a player are accepted, and mean nothing here."""
    with wave.open(arguments[-1], "rb") as sound:
        rate = sound.getframerate()
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        began = time.monotonic_ns()
        due = began
        while sound.readframes(int(rate * PERIOD_S)):
            now = time.monotonic_ns()
            os.write(out, b"%d %d\n" % (now, now - due))
            due += int(PERIOD_S * 1e9)
            time.sleep(max(0.0, (due - time.monotonic_ns()) / 1e9))


if __name__ == "__main__":
    main(*sys.argv[1:])
