"""The voice: says catalogue keys one after another, and is silent at once when told. Never blocks who calls it.

`VoiceWorker` lives in the GUI thread as a QObject with slots; the work is done in one thread, synthesis in a process of its own.
"""

from __future__ import annotations

import json
import logging
import queue
import subprocess
import sys
import tempfile
import threading
import time
import wave
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QObject, Slot

from kiosk.config import ROOT, Voice
from kiosk.errors import KioskError
from kiosk.texts import requests
from kiosk.texts.strings import SPOKEN, Strings
from kiosk.voice import sound
from kiosk.voice.prompts import PAUSE_S, RECORDINGS, Prompt, prompt

POLL_S = 0.02
VOLUME_STEP = 0.2
LEAST_VOLUME = 0.2
SYNTHESIS_TIMEOUT_S = 20.0
JOINED = "+"  # before a key: without a pause after the one before; numbers and dates are made of pieces
WORDS = "text:"  # before words that no catalogue has
KEEP_S = 60.0  # of silence, then the engine ends: 20 MB; what it wrote so far is played without it

_log = logging.getLogger(__name__)


class Synthesiser(Protocol):
    """Makes WAV files of texts."""

    def write(self, text: str, language: str, rate: int, path: Path) -> bool:
        """Write one prompt; False when it cannot."""

    def close(self) -> None:
        """End it."""


class ProcessSynthesiser:
    """`kiosk.voice.engine` as a child, started at the first prompt, started anew when it died. Used from one thread."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[str] | None = None

    def write(self, text: str, language: str, rate: int, path: Path) -> bool:
        line = json.dumps({"text": text, "language": language, "rate": rate, "path": str(path)})
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


class Speaker:
    """One thread that says the newest wish. `say` and `hush` return at once, from any thread."""

    def __init__(
        self,
        settings: Voice,
        synthesiser: Synthesiser | None = None,
        player: sound.Player | None = None,
        recordings: Path = RECORDINGS,
    ) -> None:
        self.language: str = settings.language
        self.volume = self._own_volume = settings.volume
        self._rate = settings.rate_per_min
        self._enabled = settings.enabled
        self._synthesiser = synthesiser or ProcessSynthesiser()
        self._player = player or sound.find_player()
        self._recordings = recordings
        self._strings: dict[str, Strings] = {}
        self._wishes: queue.SimpleQueue[tuple[int, tuple[str, ...]] | None] = queue.SimpleQueue()
        self._turn = 0
        self._silence = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def start(self) -> None:
        """Begin to listen for wishes."""
        if self._enabled and self._thread is None:
            self._folder = tempfile.TemporaryDirectory(prefix="kiosk-voice-")
            self._thread = threading.Thread(target=self._run, name="voice", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Be silent, and end the thread and the child."""
        self.hush()
        if self._thread is not None:
            self._wishes.put(None)
            self._thread.join(SYNTHESIS_TIMEOUT_S)
            self._thread = None
        self._synthesiser.close()
        self._player.close()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def say(self, keys: list[str]) -> None:
        """Say these keys one after another, instead of whatever is being said.

        `chime.NAME` is a sound, `text:WORDS` words of no catalogue; a key after + follows without a pause.
        """
        turn = self.hush()
        if self._thread is not None and keys:
            self._wishes.put((turn, tuple(keys)))

    def hush(self) -> int:
        """Be silent at once. Returns the number of the turn that begins now."""
        with self._lock:
            self._turn += 1
            turn = self._turn
        self._player.stop()
        self._silence.set()
        return turn

    def set_language(self, language: str) -> None:
        """Speak another language from the next prompt on."""
        if language in SPOKEN:
            self.language = language

    def change_volume(self, step: float) -> float:
        """Speak louder or softer from the next prompt on; never quite silent by a key."""
        self.volume = min(1.0, max(LEAST_VOLUME, self.volume + step))
        return self.volume

    def reset_volume(self) -> None:
        """As loud as the setting says, from the next prompt on."""
        self.volume = self._own_volume

    # --- in the thread

    def _run(self) -> None:
        while (wish := self._next()) is not None:
            turn, keys = wish
            for number, key in enumerate(keys):
                joined = key.startswith(JOINED)
                if not self._current(turn) or (number and not joined and self._rest(turn, PAUSE_S)):
                    break
                try:
                    self._say_one(turn, key.removeprefix(JOINED))
                except (OSError, EOFError, KioskError, wave.Error):
                    _log.warning("prompt not spoken", extra={"code": key})

    def _next(self) -> tuple[int, tuple[str, ...]] | None:
        try:
            return self._wishes.get(timeout=KEEP_S)
        except queue.Empty:
            self._synthesiser.close()
            return self._wishes.get()

    def _current(self, turn: int) -> bool:
        with self._lock:
            return turn == self._turn

    def _rest(self, turn: int, seconds: float) -> bool:
        """Wait; return True when the turn ended meanwhile."""
        self._silence.clear()
        if not self._current(turn):
            return True
        self._silence.wait(seconds)
        return not self._current(turn)

    def _say_one(self, turn: int, key: str) -> None:
        if key.startswith("chime."):
            path = self._chime(key)
        else:
            path = self._words(key.removeprefix(WORDS)) if key.startswith(WORDS) else self._spoken(key)
        if path is None or self._folder is None:
            return
        volume = self.volume
        if volume < 0.999:
            scaled = Path(self._folder.name) / "volume.wav"
            sound.louder(path, scaled, volume)
            path = scaled
        with self._lock:  # between the check and the sound no hush may slip in
            if turn != self._turn:
                return
            self._player.play(path)
        while self._player.playing():
            if self._rest(turn, POLL_S):
                return

    def _chime(self, key: str) -> Path | None:
        name = key.removeprefix("chime.")
        if self._folder is None or name not in sound.CHIMES:
            return None
        path = Path(self._folder.name) / f"{key}.wav"
        if not path.exists():
            sound.write_chime(name, path)
        return path

    def _spoken(self, key: str) -> Path | None:
        language = self.language
        found = prompt(key, language, self._catalogue(language), self._recordings)
        return found.recording or self._synthesised(found)

    def _words(self, words: str) -> Path | None:
        """Words that no catalogue has: a name. Nothing of them is kept; a voice that cannot read them passes over them."""
        if self._folder is None or (self.language == "en" and not words.isascii()):
            return None
        path = Path(self._folder.name) / "words.wav"
        path.unlink(missing_ok=True)
        return path if self._synthesiser.write(words, self.language, self._rate, path) and path.exists() else None

    def _catalogue(self, language: str) -> Strings:
        if language not in self._strings:
            self._strings[language] = Strings.load(language)
        return self._strings[language]

    def _synthesised(self, wanted: Prompt) -> Path | None:
        if not wanted.text or self._folder is None:
            return None
        path = Path(self._folder.name) / f"{wanted.language}-{wanted.key}.wav"
        if path.exists():
            return path
        unfinished = path.with_suffix(".part.wav")
        if not self._synthesiser.write(wanted.text, wanted.language, self._rate, unfinished) or not unfinished.exists():
            return None
        unfinished.replace(path)
        return path


class VoiceWorker(QObject):
    """The speaker, wired to the conductor and the window."""

    def __init__(self, settings: Voice, speaker: Speaker | None = None) -> None:
        super().__init__()
        self.speaker = speaker or Speaker(settings)

    def start(self) -> None:
        """Begin."""
        self.speaker.start()

    def stop(self) -> None:
        """End; the thread is joined."""
        self.speaker.stop()

    @Slot(object)
    def say(self, keys: object) -> None:
        """Say catalogue keys (list of str)."""
        if isinstance(keys, list | tuple):
            self.speaker.say([str(key) for key in keys])

    @Slot()
    def hush(self) -> None:
        """Be silent at once."""
        self.speaker.hush()

    @Slot(object)
    def on_wish(self, wish: object) -> None:
        """A wish of the window: another language, louder, quieter. A change of volume is heard at once."""
        match wish:
            case requests.ChangeLanguage(language):
                self.speaker.set_language(language)
            case requests.ResetVolume():
                self.speaker.reset_volume()
            case requests.VolumeUp():
                self.speaker.change_volume(VOLUME_STEP)
                self.speaker.say(["chime.done"])
            case requests.VolumeDown():
                self.speaker.change_volume(-VOLUME_STEP)
                self.speaker.say(["chime.done"])
