"""Says catalogue keys one after another, in a thread of its own, and is silent at once when told. Used by `voice.worker`. No Qt.

What a key sounds like, the best first: a bureau's own recording, the rendered one, the synthesiser.
"""

from __future__ import annotations

import logging
import queue
import shutil
import tempfile
import threading
import wave
from collections.abc import Callable, Sequence
from pathlib import Path

from kiosk.config import Voice
from kiosk.errors import KioskError
from kiosk.texts.strings import SPOKEN, Strings
from kiosk.voice import sound
from kiosk.voice.child import SYNTHESIS_TIMEOUT_S, ProcessSynthesiser, Synthesiser
from kiosk.voice.prompts import PAUSE_S, RECORDINGS, Prompt, is_recording, prompt
from kiosk.voice.rendered import FOLDER, Rendered
from kiosk.voice.sound import Trouble

POLL_S = 0.02
LEAST_VOLUME = 0.2
JOINED = "+"  # before a key: without a pause after the one before; numbers and dates are made of pieces
WORDS = "text:"  # before words that no catalogue has: a name, spoken into headphones alone
KEEP_S = 60.0  # of silence, then the child ends: about 30 MB; what it decoded so far is played without it
KEPT = 40  # decoded prompts in the temporary folder, about 0.2 MB each
CARD_TRIES = 3  # a sound card that is busy or away may be back while the page stays

_log = logging.getLogger(__name__)


class Speaker:
    """One thread that says the newest wish. `say` and `hush` return at once, from any thread."""

    def __init__(
        self,
        settings: Voice,
        synthesiser: Synthesiser | None = None,
        player: sound.Player | None = None,
        recordings: Path = RECORDINGS,
        rendered: Path = FOLDER,
        told: Callable[[Trouble], None] | None = None,
    ) -> None:
        self.language: str = settings.language
        self.volume = self._own_volume = settings.volume
        self._rate = settings.rate_per_min
        self._enabled = settings.enabled
        self._synthesiser = synthesiser or ProcessSynthesiser()
        self._player = player or sound.find_player()
        self._recordings = recordings
        self._rendered_folder = rendered
        self._rendered: dict[str, Rendered] = {}
        self._told = told
        self._trouble: Trouble | None = None  # until the first sound: an earlier kiosk may have noted one
        self._strings: dict[str, Strings] = {}
        self._wishes: queue.SimpleQueue[tuple[int, tuple[str, ...]] | None] = queue.SimpleQueue()
        self._private = False
        self._turn = 0
        self._silence = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._folder: Path | None = None

    def start(self) -> None:
        """Begin to listen for wishes."""
        if self._enabled and self._thread is None:
            self._folder = Path(tempfile.mkdtemp(prefix="kiosk-voice-"))
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
            shutil.rmtree(self._folder, ignore_errors=True)
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

    def set_private(self, private: bool) -> None:
        """Names may be spoken from now on (headphones alone hear it), or no more: then it is silent at once. From any thread."""
        self._private = private
        if not private:
            self.hush()

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
            for number, keys_together in enumerate(together(keys)):
                if not self._current(turn) or (number and self._rest(turn, PAUSE_S)):
                    break
                try:
                    self._say_together(turn, keys_together)
                except (OSError, EOFError, KioskError, wave.Error):
                    _log.warning("prompt not spoken", extra={"code": keys_together[0]})

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

    def _say_together(self, turn: int, keys: list[str]) -> None:
        """Say keys that follow each other without a pause: as one sound where all of them are recorded."""
        self._folder_there()
        whole = self._joined(keys)
        if whole is not None:
            self._play(turn, whole)
            return
        for key in keys:
            if key.startswith("chime."):
                path = self._chime(key)
            else:
                path = self._words(key.removeprefix(WORDS)) if key.startswith(WORDS) else self._spoken(key)
            if path is not None and self._current(turn):
                self._play(turn, path)

    def _play(self, turn: int, path: Path) -> None:
        """Play a file to its end, or until the turn ends. A sound card that fails is tried again while the page stays."""
        volume = self.volume
        if volume < 0.999 and self._folder is not None:
            scaled = self._folder / "volume.wav"
            sound.louder(path, scaled, volume)
            path = scaled
        for _ in range(CARD_TRIES):
            if not self._current(turn):
                return
            self._player.play(path)  # not under the lock: starting a program takes a moment, and the page waits in `hush`
            if not self._current(turn):  # a hush came meanwhile, and found nothing to stop
                self._player.stop()
                return
            while self._player.playing():
                if self._rest(turn, POLL_S):
                    return
            self._tell(self._player.trouble)
            if self._player.trouble is Trouble.NONE or self._rest(turn, sound.BROKEN_REST_S + 0.1):
                return

    def _tell(self, trouble: Trouble) -> None:
        if trouble is not self._trouble:
            self._trouble = trouble
            if self._told is not None:
                self._told(trouble)

    def _folder_there(self) -> None:
        """A cleaner of temporary files may have taken the folder: it is made anew, and so is what lay in it."""
        if self._folder is not None and not self._folder.is_dir():
            _log.warning("the voice's folder was swept away")
            if self._told is not None:
                self._told(Trouble.SWEPT)
                self._trouble = Trouble.SWEPT
            self._folder.mkdir(mode=0o700, parents=True)

    def _joined(self, keys: list[str]) -> Path | None:
        """Return one file of all keys; None when one of them has no recording, or when they cannot be joined."""
        if self._folder is None or any(key.startswith(("chime.", WORDS)) for key in keys):
            return None
        found = [self._prompt(key) for key in keys]
        if not all(item.sounds for item in found):
            return None
        if len(found) == 1 and found[0].recording is not None and found[0].recording.suffix == ".wav":
            return found[0].recording
        # Pieces are joined closely; the sentences of a prompt have a rest between them. What is made of pieces is not kept.
        runs = [[path for item in found for path in item.sounds]]
        if any(len(item.sounds) > 1 for item in found):
            runs = [[path] for path in runs[0]]
        path = self._folder / ("joined.wav" if len(found) > 1 else f"{found[0].language}-{found[0].key}.wav")
        if len(found) == 1 and is_recording(path):
            return path
        unfinished = path.with_suffix(".part.wav")
        if not self._synthesiser.join(runs, unfinished) or not is_recording(unfinished):
            return None
        unfinished.replace(path)
        self._forget_oldest()
        return path

    def _forget_oldest(self) -> None:
        """Keep a bounded number of decoded prompts: they lie in memory where the temporary folder does."""
        kept = sorted(self._folder.glob("*-*.wav"), key=lambda path: path.stat().st_mtime) if self._folder is not None else []
        for path in kept[:-KEPT]:
            path.unlink(missing_ok=True)

    def _chime(self, key: str) -> Path | None:
        name = key.removeprefix("chime.")
        if self._folder is None or name not in sound.CHIMES:
            return None
        path = self._folder / f"{key}.wav"
        if not path.exists():
            sound.write_chime(name, path)
        return path

    def _prompt(self, key: str) -> Prompt:
        language = self.language
        if language not in self._strings:
            self._strings[language] = Strings.load(language)
            self._rendered[language] = Rendered.load(language, self._rendered_folder)
        return prompt(key, language, self._strings[language], self._recordings, self._rendered[language])

    def _spoken(self, key: str) -> Path | None:
        """Return a prompt's sound: recorded where it is, else synthesised."""
        return self._joined([key]) or self._synthesised(self._prompt(key))

    def _words(self, words: str) -> Path | None:
        """Words that no catalogue has: a name. It is not kept; a voice that cannot read it, or that others hear, passes over it."""
        if self._folder is None or not self._private or (self.language == "en" and not words.isascii()):
            return None
        path = self._folder / "words.wav"
        path.unlink(missing_ok=True)
        return path if self._synthesiser.write(words, self.language, self._rate, path) and path.exists() else None

    def _synthesised(self, wanted: Prompt) -> Path | None:
        if not wanted.text or self._folder is None:
            return None
        path = self._folder / f"{wanted.language}-{wanted.key}.wav"
        if path.exists():
            return path
        unfinished = path.with_suffix(".part.wav")
        if not self._synthesiser.write(wanted.text, wanted.language, self._rate, unfinished) or not unfinished.exists():
            return None
        unfinished.replace(path)
        self._forget_oldest()
        return path


def together(keys: Sequence[str]) -> list[list[str]]:
    """Return keys that follow each other without a pause (a + before the second), joined in lists."""
    found: list[list[str]] = []
    for key in keys:
        if key.startswith(JOINED) and found:
            found[-1].append(key.removeprefix(JOINED))
        else:
            found.append([key.removeprefix(JOINED)])
    return found
