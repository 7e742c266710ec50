"""SM2 keys in a cryptographic machine by SDF (GM/T 0018), its library in a process of its own. For gm-1.

Such libraries crash, hang, print and keep globals, and one of them must not end a kiosk: `sdf_child.py` loads it, does one thing
after the other on request, and is started anew when it died. Nothing of our environment goes along but the path; the PIN goes over
the pipe. Key pair `[sync] key_index` of the machine holds a signing and an encryption key, made by the machine's own tools.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kiosk import child_process
from kiosk.config import Sync, resolve
from kiosk.errors import ConfigError, KeyAway
from kiosk.sync.private_files import read_private
from kiosk.sync.suites import Key, sm2
from kiosk.sync.suites.sm2 import SM2Key

_CHILD = Path(__file__).with_name("sdf_child.py")
_KEPT = ("PATH", "SYSTEMROOT", "LANG")
ANSWER_S = 10.0  # ours: a machine answers within milliseconds


class Machine:
    """The process with the library. Calls from any thread, one after the other."""

    def __init__(self, settings: Sync) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def ask(self, **asked: str) -> dict[str, Any]:
        """Return the answer. Raises KeyAway: the library said no, crashed or hung; it is started anew for the next question."""
        with self._lock:
            try:
                if self._child is None or self._child.poll() is not None:
                    self._start()
                return self._exchange(asked)
            except (OSError, queue.Empty, ValueError) as error:
                self._end()
                raise KeyAway(f"the SDF library does not answer ({type(error).__name__})") from error

    def _start(self) -> None:
        self._end()
        library = resolve(self._settings.key_module)
        clean = {name: os.environ[name] for name in _KEPT if name in os.environ}
        self._child = subprocess.Popen(  # noqa: S603 - our own file with our own interpreter
            [sys.executable, "-I", str(_CHILD)],
            cwd=library.parent,  # where such libraries look for their configuration
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=clean | {"LD_LIBRARY_PATH": str(library.parent)},
        )
        self._answers = queue.SimpleQueue()
        threading.Thread(target=_read, args=(self._child, self._answers), name="sdf-answers", daemon=True).start()
        pin = read_private(resolve(self._settings.key_pin_file)).strip() if self._settings.key_pin_file else ""
        asked = {"library": str(library), "index": self._settings.key_index, "pin": pin, "decrypt": self._settings.key_decrypt}
        try:
            self._exchange(asked)
        except KeyAway:
            self._end()
            raise

    def _exchange(self, asked: dict[str, Any]) -> dict[str, Any]:
        child = self._child
        if child is None or child.stdin is None:
            raise ValueError("no process")
        child.stdin.write(json.dumps(asked).encode() + b"\n")
        child.stdin.flush()
        line = self._answers.get(timeout=ANSWER_S)
        if not line:
            raise ValueError("it ended")
        answer: dict[str, Any] = json.loads(line)
        if answer.get("failed"):
            raise KeyAway(f"the SDF library says {answer['failed']}")
        return answer

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child_process.end(child)

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._end()


@dataclass(frozen=True, slots=True)
class MachineKey:
    """One private key in the machine (`sm2.Private`)."""

    machine: Machine

    def sign_digest(self, digest: bytes) -> bytes:
        """Return r and s. Raises KeyAway."""
        answer = self.machine.ask(do="sign", digest=digest.hex())
        return bytes.fromhex(answer["r"]) + bytes.fromhex(answer["s"])

    def decrypt(self, ciphertext: bytes) -> bytes:
        """Return what was encrypted. Raises ValueError for what is none, KeyAway."""
        x, y, c3, c2 = sm2.ciphertext_parts(ciphertext)
        answer = self.machine.ask(do="decrypt", x=x.hex(), y=y.hex(), hash=c3.hex(), text=c2.hex())
        if answer.get("refused"):
            raise ValueError("does not decrypt")
        return bytes.fromhex(answer["plain"])

    def export(self) -> bytes:
        """Never leaves the machine."""
        raise ValueError("the key stays in its machine")


_machines: dict[tuple[str, int], Machine] = {}


def pair(settings: Sync) -> tuple[Key, Key]:
    """Return the machine's two keys. Raises ConfigError when the library is missing or says no."""
    path = resolve(settings.key_module)
    if not path.is_file():
        raise ConfigError(f"[sync] key_module {path}: no such library")
    machine = _machines.setdefault((str(path), settings.key_index), Machine(settings))
    try:
        told = machine.ask(do="public")
        signing, sealing = (SM2Key(bytes.fromhex(told[name]), MachineKey(machine)) for name in ("sign", "seal"))
        if not sm2.verify(signing, b"", sm2.sign(signing, b"")):
            raise ValueError("its signature does not fit its public key")
        return signing, sealing
    except (KeyAway, KeyError, ValueError) as error:
        raise ConfigError(f"[sync] key_module {path.name}: {error}") from error


def _read(child: subprocess.Popen[bytes], answers: queue.SimpleQueue[bytes]) -> None:
    assert child.stdout is not None  # noqa: S101 - it is a pipe
    with contextlib.suppress(OSError, ValueError):
        while line := child.stdout.readline(65536):
            answers.put(line)
    answers.put(b"")
