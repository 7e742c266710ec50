"""The voice's own process, as a child: decodes and joins recordings, speaks texts. Used by `voice.speaker`, from one thread."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from kiosk.config import ROOT

SYNTHESIS_TIMEOUT_S = 20.0


class Synthesiser(Protocol):
    """Makes WAV files: of texts, and of recordings."""

    def write(self, text: str, language: str, rate: int, path: Path) -> bool:
        """Write one prompt; False when it cannot."""

    def join(self, runs: Sequence[Sequence[Path]], path: Path) -> bool:
        """Write recordings as one sound, those of one run joined closely; False when it cannot."""

    def close(self) -> None:
        """End it."""


class ProcessSynthesiser:
    """`kiosk.voice.engine` as a child, started at the first prompt, started anew when it died. Used from one thread."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[str] | None = None

    def write(self, text: str, language: str, rate: int, path: Path) -> bool:
        return self._make({"text": text, "language": language, "rate": rate, "path": str(path)})

    def join(self, runs: Sequence[Sequence[Path]], path: Path) -> bool:
        return self._make({"runs": [[str(item) for item in run] for run in runs], "path": str(path)})

    def _make(self, asked: dict[str, object]) -> bool:
        line = json.dumps(asked)
        began = time.monotonic()
        answer = self._ask(line)
        if answer is None and time.monotonic() - began < SYNTHESIS_TIMEOUT_S:
            answer = self._ask(line)  # it had died meanwhile: somebody waits for this prompt
        if answer:
            return True
        self.close()  # an engine that failed once is not trusted again
        return False

    def _ask(self, line: str) -> bool | None:
        """Return the engine's word, None when it died over it (or before, or was ended for taking too long)."""
        watchdog: threading.Timer | None = None
        try:
            child = self._running()
            watchdog = threading.Timer(SYNTHESIS_TIMEOUT_S, child.kill)
            watchdog.daemon = True
            watchdog.start()
            if child.stdin is None or child.stdout is None:
                return False
            child.stdin.write(line + "\n")
            child.stdin.flush()
            answer = child.stdout.readline()
            if answer:
                return bool(json.loads(answer).get("ok"))
        except (OSError, ValueError):
            pass
        finally:
            if watchdog is not None:
                watchdog.cancel()
        self.close()
        return None

    def close(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # unsent bytes of a dead child
                    continue

    def _running(self) -> subprocess.Popen[str]:
        if self._child is None or self._child.poll() is not None:
            self.close()
            self._child = subprocess.Popen(
                [sys.executable, "-m", "kiosk.voice.engine"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
                cwd=ROOT,
            )
        return self._child
