"""Making a WAV file heard, and stopping it at once. A machine without sound hardware stays silent and works all the same.

Used by the voice worker. `winsound` on Windows; `pw-play`, `paplay` or `aplay` elsewhere, in a process that can be ended.
"""

from __future__ import annotations

import array
import logging
import math
import os
import shutil
import subprocess
import sys
import time
import wave
from enum import StrEnum
from pathlib import Path
from typing import Protocol

RATE = 22050
CLOSE_TIMEOUT_S = 2.0
_SAID = 2000  # bytes of a player's complaint that are read
URGENT_NICE = -10
BUFFER_MS = 40  # of sound that the card holds at most: so long a prompt may be heard after its player was ended
# A player of the system, and how it is asked for a small buffer.
PLAYERS = (
    (("pw-play",), (f"--latency={BUFFER_MS}ms",)),
    (("paplay",), (f"--latency-msec={BUFFER_MS}",)),
    (("aplay", "-q"), (f"--buffer-time={BUFFER_MS * 1000}", f"--period-time={BUFFER_MS * 250}")),
)
SMALL_HEAD_S, LARGE_HEAD_S = 0.25, 2.5  # decoded before a player begins; the rest is decoded many times faster than it sounds
BROKEN_REST_S = 4.0  # how long no more sounds are tried after the hardware refused one: a card comes back, a busy one is let go

_log = logging.getLogger(__name__)


class Trouble(StrEnum):
    """What is wrong with the sound; told to `kiosk doctor`."""

    NONE = "none"
    CARD_GONE = "card-gone"  # no sound card, or it vanished
    BUSY = "busy"  # another program holds it
    SWEPT = "swept"  # the temporary folder was taken away; it was made anew


class Player(Protocol):
    """Plays one file at a time. `trouble`: of the last sound."""

    trouble: Trouble

    @property
    def head_s(self) -> float:
        """So much of a file must be there when it is begun with."""

    def play(self, path: Path) -> None:
        """Begin; return at once."""

    def playing(self) -> bool:
        """Return whether it still sounds."""

    def stop(self) -> None:
        """Be silent at once; may be called from any thread, at any time; waits for nothing."""

    def close(self) -> None:
        """End for good, and wait for what was begun."""


def urgent(pid: int) -> bool:
    """Let a process or thread of ours, and what it starts, run before others (Linux, the unit's LimitNICE); False where not."""
    if sys.platform != "linux":
        return False
    try:
        os.setpriority(os.PRIO_PROCESS, pid, URGENT_NICE)
    except OSError:
        return False
    return True


class CommandPlayer:
    """A player program of the system, one process a prompt.

    quick: further arguments for a small buffer: what the card still holds when the player is ended is heard. They are given as long
    as the player may run before all others; a small buffer on a busy machine would crackle.
    """

    def __init__(self, command: tuple[str, ...], quick: tuple[str, ...] = ()) -> None:
        self._command, self._quick = command, quick
        self.trouble = Trouble.NONE
        self._process: subprocess.Popen[bytes] | None = None
        self._broken_at: float | None = None
        self._ending: list[subprocess.Popen[bytes]] = []

    @property
    def head_s(self) -> float:
        """A player with a large buffer takes two seconds of a file at once."""
        return SMALL_HEAD_S if self._quick else LARGE_HEAD_S

    def play(self, path: Path) -> None:
        self.stop()
        for process in [process for process in self._ending if process.poll() is not None]:
            self._ending.remove(process)
            self._forget(process)
        if self._broken_at is not None and time.monotonic() - self._broken_at < BROKEN_REST_S:
            return
        try:
            self._process = subprocess.Popen(  # noqa: S603 - a fixed program found on the path, our own file
                [*self._command, *self._quick, str(path)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
        except OSError:
            self._broken_at, self.trouble = time.monotonic(), Trouble.CARD_GONE
            return
        if self._quick and not urgent(self._process.pid):
            self._quick = ()

    def playing(self) -> bool:
        process = self._process
        if process is None:
            return False
        status = process.poll()
        if status is None:
            return True
        self._process = None
        said = process.stderr.read(_SAID) if process.stderr is not None else b""
        self._forget(process)
        if status > 0:
            self._broken_at = time.monotonic()
            self.trouble = Trouble.BUSY if b"busy" in said.lower() else Trouble.CARD_GONE
        else:
            self._broken_at, self.trouble = None, Trouble.NONE
        return False

    @staticmethod
    def _forget(process: subprocess.Popen[bytes]) -> None:
        if process.stderr is not None:
            process.stderr.close()

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.kill()
            self._ending.append(process)  # waited for later: a sound driver that hangs must not hold up the page

    def close(self) -> None:
        self.stop()
        for process in self._ending:
            try:
                process.wait(CLOSE_TIMEOUT_S)
                self._forget(process)
            except subprocess.TimeoutExpired:
                _log.warning("a sound player does not end")
        self._ending.clear()


class WindowsPlayer:
    """winsound: asynchronous, and purged at once."""

    trouble = Trouble.NONE
    head_s = float("inf")  # it reads the file before the first sound

    def __init__(self) -> None:
        self._until = 0.0

    def play(self, path: Path) -> None:
        with wave.open(str(path), "rb") as sound:
            self._until = time.monotonic() + sound.getnframes() / sound.getframerate()
        if sys.platform == "win32":
            import winsound

            winsound.PlaySound(str(path), winsound.SND_FILENAME | winsound.SND_ASYNC | winsound.SND_NODEFAULT)

    def playing(self) -> bool:
        return time.monotonic() < self._until

    def stop(self) -> None:
        self._until = 0.0
        if sys.platform == "win32":
            import winsound

            winsound.PlaySound(None, winsound.SND_PURGE)

    def close(self) -> None:
        self.stop()


class SilentPlayer:
    """No sound hardware, or none wanted: captions carry everything."""

    trouble = Trouble.NONE
    head_s = 0.0

    def play(self, path: Path) -> None:
        return

    def playing(self) -> bool:
        return False

    def stop(self) -> None:
        return

    def close(self) -> None:
        return


def find_player() -> Player:
    """Return the player of this machine."""
    if sys.platform == "win32":
        return WindowsPlayer()
    for command, quick in PLAYERS:
        if shutil.which(command[0]):
            return CommandPlayer(command, quick)
    _log.warning("no sound player found: silent")
    return SilentPlayer()


def louder(source: Path, target: Path, volume: float) -> None:
    """Write a WAV file at a volume of 0 to 1 (16-bit samples; other formats are copied as they are)."""
    with wave.open(str(source), "rb") as sound:
        parameters, data = sound.getparams(), sound.readframes(sound.getnframes())
    if parameters.sampwidth == 2 and volume < 0.999:
        samples = array.array("h", data)
        if sys.byteorder == "big":
            samples.byteswap()
        scaled = array.array("h", (int(sample * volume) for sample in samples))
        if sys.byteorder == "big":
            scaled.byteswap()
        data = scaled.tobytes()
    with wave.open(str(target), "wb") as sound:
        sound.setparams(parameters)
        sound.writeframes(data)


# name -> notes of (frequency in Hz, seconds): soft, rising for done, two strokes of a bell for a call, one for the cue
CHIMES: dict[str, tuple[tuple[float, float], ...]] = {
    "done": ((659.3, 0.12), (880.0, 0.28)),
    "cue": ((1318.5, 0.5),),
    "near": ((698.5, 0.12), (698.5, 0.12)),  # nearly in the middle
    "far": ((392.0, 0.2),),  # not yet
    "call": ((784.0, 0.3), (587.3, 0.5)),
}


def write_chime(name: str, path: Path) -> None:
    """Write a soft sound: sine tones that swell and fade, no click."""
    samples = array.array("h")
    for frequency, seconds in CHIMES[name]:
        count = int(RATE * seconds)
        for index in range(count):
            shape = min(1.0, index / (RATE * 0.01)) * math.exp(-3.5 * index / count)
            samples.append(int(9000 * shape * math.sin(2 * math.pi * frequency * index / RATE)))
    if sys.byteorder == "big":
        samples.byteswap()
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes(samples.tobytes())
