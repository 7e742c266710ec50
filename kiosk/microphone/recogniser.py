"""The recogniser as a process of its own: started when digits are announced, asked once or twice, ended with the reading.

`python -m kiosk.microphone.recogniser FOLDER` is the child: a line of JSON with the digits and the number of samples, then the
samples (float32) come in; a line of JSON with the margins goes out. Nothing is written to a disk, and what it heard ends with it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Protocol

import numpy as np

from kiosk import child_process
from kiosk.config import ASSETS, ROOT
from kiosk.errors import KioskError

FOLDER = ASSETS / "models" / "voice" / "whisper-base"
# Its matrices are small: a second core waits more than it works, and takes twice the time of a processor.
_ONE_CORE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
TIMEOUT_S = 30.0  # it hangs; how long somebody waits for an answer, the reading says


class Recogniser(Protocol):
    """Compares a sound with expected digits."""

    def there(self) -> bool:
        """Return whether everything it needs is on this machine. Starts nothing."""

    def wake(self) -> None:
        """Begin to load: it will be asked soon."""

    def margins(self, samples: np.ndarray, digits: str) -> tuple[float, ...]:
        """Return each digit's lead over the other nine; () where it failed. Blocks for seconds."""

    def close(self) -> None:
        """Let everything go; from any thread."""


class ProcessRecogniser:
    """Whisper base in a child. `margins` belongs to one thread at a time."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._child: subprocess.Popen[bytes] | None = None

    def there(self) -> bool:
        from kiosk.microphone.scorer import FILES

        return all((self._folder / name).is_file() for name in FILES)

    def wake(self) -> None:
        if self._child is None or self._child.poll() is not None:
            self.close()
            try:
                self._child = subprocess.Popen(  # noqa: S603  our own module
                    [sys.executable, "-m", "kiosk.microphone.recogniser", str(self._folder)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    cwd=ROOT,
                    env=os.environ | _ONE_CORE,
                )
            except OSError:  # no memory for it: `margins` will fail, and the person is not to blame
                self._child = None

    def margins(self, samples: np.ndarray, digits: str) -> tuple[float, ...]:
        self.wake()
        child = self._child
        if child is None or child.stdin is None or child.stdout is None:
            return ()
        watchdog = threading.Timer(TIMEOUT_S, child.kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            child.stdin.write(json.dumps({"digits": digits, "samples": len(samples)}).encode() + b"\n")
            child.stdin.write(np.ascontiguousarray(samples, dtype="<f4").tobytes())
            child.stdin.flush()
            return tuple(float(one) for one in json.loads(child.stdout.readline()))
        except (OSError, ValueError):  # it died over it, or took too long
            return ()
        finally:
            watchdog.cancel()

    def close(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child_process.end(child)


def main(folder: Path) -> int:
    """Answer until the other end closes."""
    from kiosk.microphone.scorer import Scorer

    try:
        scorer = Scorer(folder)
    except KioskError:
        return 1
    coming, going = sys.stdin.buffer, sys.stdout.buffer
    while line := coming.readline():
        asked = json.loads(line)
        samples = np.frombuffer(coming.read(4 * int(asked["samples"])), "<f4")
        going.write(json.dumps(scorer.margins(samples, str(asked["digits"]))).encode() + b"\n")
        going.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
