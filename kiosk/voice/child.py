"""The voice's own process, as a child: decodes and joins recordings, speaks texts. Used by `voice.shelf`, from one thread."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from kiosk import child_process
from kiosk.config import ROOT
from kiosk.voice.sound import urgent

SYNTHESIS_TIMEOUT_S = 20.0

Run = tuple[float, Sequence[Path]]  # seconds of quiet before it, and its recordings: joined closely


class Synthesiser(Protocol):
    """Makes WAV files: of texts, and of recordings."""

    def write(self, text: str, language: str, rate: int, path: Path) -> bool:
        """Write one prompt; False when it cannot."""

    def join(self, runs: Sequence[Run], path: Path, *, volume: float, head_s: float) -> bool:
        """Begin to write recordings as one sound; True when its first `head_s` seconds lie in the file, False when it cannot."""

    def finish(self) -> bool:
        """Wait for the end of what `join` began; False when the file stayed unfinished."""

    def wake(self) -> None:
        """Begin to start, without waiting: something will be asked for soon."""

    def close(self) -> None:
        """End it."""


class ProcessSynthesiser:
    """`kiosk.voice.engine` as a child, started at the first prompt, started anew when it died. Used from one thread."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[str] | None = None
        self._number = 0
        self._more = False  # the answer to the last question has a second part

    def write(self, text: str, language: str, rate: int, path: Path) -> bool:
        return self._make({"text": text, "language": language, "rate": rate, "path": str(path)})

    def join(self, runs: Sequence[Run], path: Path, *, volume: float, head_s: float) -> bool:
        told = [[rest, [str(item) for item in paths]] for rest, paths in runs]
        return self._make({"runs": told, "path": str(path), "volume": volume, "head_s": min(head_s, 1e6)})

    def finish(self) -> bool:
        if not self._more:
            return True
        answer = self._answer(None)
        if answer is None:
            self.close()
        return answer is not None and bool(answer.get("ok"))

    def wake(self) -> None:
        try:
            self._running()
        except OSError:
            return

    def _make(self, asked: dict[str, object]) -> bool:
        self._number += 1
        line = json.dumps({"number": self._number} | asked)
        began = time.monotonic()
        answer = self._answer(line)
        if answer is None and time.monotonic() - began < SYNTHESIS_TIMEOUT_S:
            answer = self._answer(line)  # it had died meanwhile: somebody waits for this prompt
        if answer is not None and answer.get("ok"):
            return True
        self.close()  # an engine that failed once is not trusted again
        return False

    def _answer(self, line: str | None) -> dict[str, Any] | None:
        """Ask (None: nothing new) and return the engine's word; None when it died over it, or was ended for taking too long."""
        watchdog: threading.Timer | None = None
        try:
            child = self._running()
            watchdog = threading.Timer(SYNTHESIS_TIMEOUT_S, child.kill)
            watchdog.daemon = True
            watchdog.start()
            if child.stdin is None or child.stdout is None:
                return None
            if line is not None:
                child.stdin.write(line + "\n")
                child.stdin.flush()
            while told := child.stdout.readline():
                answer: dict[str, Any] = json.loads(told)
                if answer.get("number") == self._number:  # else: the end of what nobody waits for any more
                    self._more = bool(answer.get("more"))
                    return answer
        except (OSError, ValueError):
            pass
        finally:
            if watchdog is not None:
                watchdog.cancel()
        self.close()
        return None

    def close(self) -> None:
        child, self._child, self._more = self._child, None, False
        if child is not None:
            child_process.end(child)

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
            urgent(self._child.pid)  # somebody waits for its first word, on a busy machine too
        return self._child
