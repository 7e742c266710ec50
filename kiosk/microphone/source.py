"""Where sound comes from: ALSA's microphone, by sounddevice (PortAudio); emulators add theirs with `register`.

`sounddevice` is the binding that is kept up (pyalsaaudio comes as source alone and wants a compiler on the station). It is
optional (requirements/digits.txt); without it, or without a microphone, nobody is asked to read aloud.
"""

from __future__ import annotations

import contextlib
import importlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from kiosk.config import ROOT
from kiosk.errors import DeviceError
from kiosk.microphone.mel import RATE

BLOCK_S = 0.02
Take = Callable[[np.ndarray], None]  # float32 samples at 16 kHz, one block; called in a thread of the source's own


class SoundSource(Protocol):
    """A microphone. Used from one thread."""

    def there(self) -> str:
        """Return its name, "" where there is none. Opens nothing."""

    def open(self, take: Take) -> None:
        """Begin to hand blocks over. Raises DeviceError."""

    def alive(self) -> bool:
        """Return False once it is known that nothing will come any more."""

    def now_s(self) -> float:
        """Return the time now by the clock that its sound keeps, in seconds."""

    def close(self) -> None:
        """Let it go; nothing is handed over afterwards."""


def open_source(spec: str) -> SoundSource:
    """Return the source that `[liveness] microphone` names, not yet opened: "" or a part of a device's name, or KIND:ARGUMENT."""
    kind, colon, rest = spec.partition(":")
    factory = _FACTORIES.get(kind) if colon else None
    return AlsaSource(spec) if factory is None else factory(rest)


def register(kind: str, factory: Callable[[str], SoundSource]) -> None:
    """Make KIND:... known. For emulators: production code knows ALSA alone."""
    _FACTORIES[kind] = factory


class AlsaSource:
    """A microphone of this machine, recorded by a process of its own (`recorder`)."""

    def __init__(self, device: str = "") -> None:
        """device: a part of its name; "" takes the system's own choice."""
        self._device = device
        self._child: subprocess.Popen[bytes] | None = None

    def there(self) -> str:
        found = library()
        if found is None:
            return ""
        try:
            found._terminate()  # it counts the devices once: one that was plugged in since would never be seen
            found._initialize()
            return str(found.query_devices(self._device or None, "input")["name"])
        except (ValueError, found.PortAudioError):  # no such device; no card at all
            return ""

    def open(self, take: Take) -> None:
        self.close()
        if library() is None:
            raise DeviceError("sounddevice is not installed, or PortAudio is not there (apt-get install libportaudio2)")
        command = [sys.executable, "-m", "kiosk.microphone.recorder", self._device]
        try:
            child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT)  # noqa: S603  our own module
        except OSError as error:
            raise DeviceError(f"the microphone does not open: {error}") from error
        self._child = child
        threading.Thread(target=self._read, args=(child, take), name="microphone", daemon=True).start()

    def alive(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def now_s(self) -> float:
        return time.monotonic()

    def close(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()

    def _read(self, child: subprocess.Popen[bytes], take: Take) -> None:
        size = 4 * round(BLOCK_S * RATE)
        with contextlib.suppress(OSError, ValueError):
            while child.stdout is not None and len(block := child.stdout.read(size)) == size and child is self._child:
                take(np.frombuffer(block, "<f4").copy())
        if child.stdout is not None:
            child.stdout.close()


def library() -> Any:
    """Return sounddevice, None where it or PortAudio is missing."""
    try:
        return importlib.import_module("sounddevice")
    except (ImportError, OSError):  # the package; PortAudio itself
        return None


_FACTORIES: dict[str, Callable[[str], SoundSource]] = {}
