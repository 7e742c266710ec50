"""Decoder and synthesiser, in a process of their own: `python -m kiosk.voice.engine`. A JSON line in, a JSON line out, a WAV file.

pyttsx3 blocks, prints, and sits on a C library that may die; none of that may reach the kiosk. Started by `voice.child` alone.
Asked:    {"number": N, "path": ..., "runs": [[rest, [recording, ...]], ...], "volume": 0 to 1, "head_s": seconds}: recordings,
          joined; those of one run closely
          {"number": N, "path": ..., "text": ..., "language": "zh_CN" | "zh_HK" | "en", "rate": characters a minute}: synthesised
Answered: {"number": N, "ok": true} or {"number": N, "ok": false, "error": class name}; of recordings first, when as many seconds
          as wished lie in the file, {"number": N, "ok": true, "more": true}. The rest is given up when something else is asked.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from kiosk.voice import joining

FINISH_TIMEOUT_S = 5.0
# espeak-ng's own voices, the best first; other engines (SAPI on Windows) are searched by language.
# WORKAROUND espeak-ng 1.51: `sit/cmn` reads pinyin as English ("king three" for 请); `sit/cmn-latn-pinyin` reads Mandarin.
_ESPEAK = {"zh_CN": ("sit/cmn-latn-pinyin", "sit/cmn"), "zh_HK": ("sit/yue",), "en": ("gmw/en",)}
_CODES = {"zh_CN": ("zh-cn", "zh_cn", "cmn", "804"), "zh_HK": ("zh-hk", "zh_hk", "yue", "c04"), "en": ("en-", "en_", "409")}
# Characters a minute -> espeak's "words a minute". measured: tests/voice/test_engine.py
_PER_CHARACTER = {"zh_CN": 0.88, "zh_HK": 0.73, "en": 0.8}
_SETTLE_S = 0.05


class Engine:
    """pyttsx3, writing files."""

    def __init__(self) -> None:
        import pyttsx3

        self._engine: Any = pyttsx3.init()
        self._finished = threading.Event()
        self._engine.connect("finished-utterance", self._on_finished)
        self._voices = [voice.id for voice in self._engine.getProperty("voices")]

    def _on_finished(self, name: object = None, completed: object = None) -> None:
        self._finished.set()

    def voice_of(self, language: str) -> str | None:
        """Return the id of a voice for a language, None when the engine has none."""
        for own in _ESPEAK[language]:
            if own in self._voices:
                return own
        for voice in self._voices:
            if any(code in voice.lower() for code in _CODES[language]):
                return str(voice)
        return None

    def write(self, text: str, language: str, rate: int, path: str) -> None:
        """Write one prompt as a WAV file. Raises LookupError without a voice, TimeoutError when nothing comes."""
        voice = self.voice_of(language)
        if voice is None:
            raise LookupError(language)
        speed = round(rate * _PER_CHARACTER[language])
        # WORKAROUND pyttsx3 2.99 over espeak-ng: a rate set after a voice comes one prompt late (measured); before and
        # after it, and given a moment, it holds.
        for name, value in (("rate", speed), ("voice", voice), ("rate", speed)):
            self._engine.setProperty(name, value)
        time.sleep(_SETTLE_S)
        self._finished.clear()
        self._engine.save_to_file(text, path)
        self._engine.runAndWait()
        # WORKAROUND pyttsx3 2.99: runAndWait returns while espeak still synthesises in its own thread; a second prompt
        # begun then overwrites the first.
        if not self._finished.wait(FINISH_TIMEOUT_S) or not os.path.exists(path):
            raise TimeoutError(language)


def serve(requests: TextIO, answers: TextIO) -> None:
    """Answer until the input ends."""
    engine: Engine | None = None
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests, lines), name="requests", daemon=True).start()
    while (line := lines.get()) is not None:
        number = None
        try:
            asked = json.loads(line)
            number = asked["number"]
            ok = True
            if "runs" in asked:
                ok = _join(asked, answers, lines.empty)
            else:
                engine = engine or Engine()
                engine.write(asked["text"], asked["language"], int(asked["rate"]), asked["path"])
            _tell(answers, number=number, ok=ok)
        except Exception as error:
            _tell(answers, number=number, ok=False, error=type(error).__name__)


def _listen(requests: TextIO, lines: queue.SimpleQueue[str | None]) -> None:
    for line in requests:
        lines.put(line)
    lines.put(None)


def _join(asked: dict[str, Any], answers: TextIO, nothing_else: Callable[[], bool]) -> bool:
    return joining.write(
        [(rest, [Path(path) for path in paths]) for rest, paths in asked["runs"]],
        Path(asked["path"]),
        volume=asked["volume"],
        head_s=asked["head_s"],
        begun=lambda: _tell(answers, number=asked["number"], ok=True, more=True),
        go_on=nothing_else,
    )


def _tell(answers: TextIO, **answer: object) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


def main() -> None:
    """Keep the answers' pipe for ourselves: pyttsx3 prints where it likes."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    with contextlib.suppress(ImportError, OSError):  # while nobody waits yet; without it only recordings are not played
        import soundfile  # noqa: F401
    serve(sys.stdin, answers)


if __name__ == "__main__":
    main()
