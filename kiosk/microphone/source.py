"""Where sound comes from: ALSA's microphone, by sounddevice (PortAudio); emulators add theirs with `register`.

`sounddevice` is the binding that is kept up (pyalsaaudio comes as source alone and wants a compiler on the station). It is
optional (requirements/digits.txt); without it, or without a microphone, nobody is asked to read aloud.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

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
    """A microphone of this machine."""

    def __init__(self, device: str = "") -> None:
        """device: a part of its name; "" takes the system's own choice."""
        self._device = device or None
        self._stream: Any = None

    def there(self) -> str:
        library = _library()
        if library is None:
            return ""
        try:
            return str(library.query_devices(self._device, "input")["name"])
        except (ValueError, library.PortAudioError):  # no such device; no card at all
            return ""

    def open(self, take: Take) -> None:
        library = _library()
        if library is None:
            raise DeviceError("sounddevice is not installed, or PortAudio is not there (apt-get install libportaudio2)")

        def came(block: np.ndarray, _frames: int, _time: object, _status: object) -> None:
            take(block[:, 0].copy())

        try:
            self._stream = library.InputStream(
                RATE, int(BLOCK_S * RATE), self._device, 1, dtype="float32", callback=came, latency="low"
            )
            self._stream.start()
        except (ValueError, library.PortAudioError) as error:
            self.close()
            raise DeviceError(f"the microphone does not open: {error}") from error

    def close(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close(ignore_errors=True)


def _library() -> Any:
    try:
        return importlib.import_module("sounddevice")
    except (ImportError, OSError):  # the package; PortAudio itself
        return None


_FACTORIES: dict[str, Callable[[str], SoundSource]] = {}
