"""Says catalogue keys one after another, in a thread of its own, and is silent at once when told. Used by `voice.worker`. No Qt.

What a key sounds like, the best first: a bureau's own recording, the rendered one, the synthesiser.
"""

from __future__ import annotations

import logging
import queue
import threading
import wave
from collections.abc import Callable
from pathlib import Path

from kiosk.config import Voice
from kiosk.errors import KioskError
from kiosk.texts.said import bare
from kiosk.texts.strings import SPOKEN
from kiosk.voice import sound
from kiosk.voice.child import SYNTHESIS_TIMEOUT_S, ProcessSynthesiser, Synthesiser
from kiosk.voice.prompts import PAUSE_S, RECORDINGS
from kiosk.voice.rendered import FOLDER
from kiosk.voice.shelf import WORDS, SoundShelf, together
from kiosk.voice.sound import Trouble

POLL_S = 0.02
LEAST_VOLUME = 0.2
SETTLE_S = 2.0  # of silence, then what is said first to the next person is decoded, where it is not yet
KEEP_S = 60.0  # of silence after that, then the child ends: about 30 MB; what it decoded so far is played without it
FIRSTS = ("page.idle.say", "page.who.say", "page.card.say", "page.looking-up.say", "page.confirm.say", "spoken.page.say_idle")
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
        self._enabled = settings.enabled
        self._shelf = SoundShelf(synthesiser or ProcessSynthesiser(), recordings, rendered, settings.rate_per_min)
        self._player = player or sound.find_player()
        self._told = told
        self._trouble: Trouble | None = None  # until the first sound: an earlier kiosk may have noted one
        self._wishes: queue.SimpleQueue[tuple[int, tuple[str, ...]] | None] = queue.SimpleQueue()
        self._private = False
        self._turn = 0
        self._silence = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to listen for wishes."""
        if self._enabled and self._thread is None:
            self._shelf.open()
            self._thread = threading.Thread(target=self._run, name="voice", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Be silent, and end the thread and the child."""
        self.hush()
        if self._thread is not None:
            self._wishes.put(None)
            self._thread.join(SYNTHESIS_TIMEOUT_S)
            self._thread = None
        self._player.close()
        self._shelf.close()

    def say(self, keys: list[str]) -> None:
        """Say these keys one after another, instead of whatever is being said.

        `chime.NAME` is a sound, `text:WORDS` words of no catalogue; a mark before a key: `kiosk.texts.said`.
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
        sound.urgent(threading.get_native_id())  # and, with it, the players it starts
        while (wish := self._next()) is not None:
            turn, lines = wish
            for number, lines_together in enumerate(together(lines)):
                if not self._current(turn) or (number and self._rest(turn, PAUSE_S)):
                    break
                try:
                    self._say_together(turn, lines_together)
                except (OSError, EOFError, KioskError, wave.Error):
                    _log.warning("prompt not spoken", extra={"code": bare(lines_together[0])})

    def _next(self) -> tuple[int, tuple[str, ...]] | None:
        for silence, then in ((SETTLE_S, self._prepare), (KEEP_S, self._shelf.synthesiser.close)):
            try:
                return self._wishes.get(timeout=silence)
            except queue.Empty:
                then()
        return self._wishes.get()

    def _prepare(self) -> None:
        """Decode what is said first to the next person: the child may be gone by then, and takes half a second to start."""
        try:
            self._folder_there()
            for language in SPOKEN:  # catalogues and manifests are read once, and not while somebody waits
                self._shelf.prompt(FIRSTS[0], language)
            for key in FIRSTS:
                if self._wishes.empty() and self._shelf.joined([key], self.language, self.volume) is not None:
                    self._shelf.finish()
        except (OSError, KioskError) as error:
            _log.warning("prompts not prepared", extra={"code": type(error).__name__})

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

    def _say_together(self, turn: int, lines: list[str]) -> None:
        """Say lines that follow each other without a pause: as one sound where all of them are recorded."""
        self._folder_there()
        if self._recorded(turn, lines):
            return
        for line in lines:
            key = bare(line)
            if key.startswith("chime."):
                path = self._shelf.chime(key)
            elif key.startswith(WORDS):
                path = self._shelf.words(key.removeprefix(WORDS), self.language) if self._private else None
            elif self._recorded(turn, [key]):
                continue
            else:
                path = self._shelf.synthesised(key, self.language)
            if path is not None and self._current(turn):
                self._play(turn, self._as_loud(path))

    def _recorded(self, turn: int, lines: list[str]) -> bool:
        """Say lines by their recordings; False where one has none. It begins while the end of the file is still being decoded."""
        for _ in range(2):  # a child that dies over it leaves silence: once more
            path = self._shelf.joined(lines, self.language, self.volume, self._player.head_s)
            if path is None:
                return False
            if self._current(turn):
                self._play(turn, self._as_loud(path) if self._shelf.as_it_lies(path) else path)
            if not self._current(turn) or self._shelf.finish():
                break
        return True

    def _as_loud(self, path: Path) -> Path:
        """Return a file that is as loud as the volume says."""
        if self.volume > 0.999 or self._shelf.folder is None:
            return path
        scaled = self._shelf.folder / "volume.wav"
        sound.louder(path, scaled, self.volume)
        return scaled

    def _play(self, turn: int, path: Path) -> None:
        """Play a file to its end, or until the turn ends. A sound card that fails is tried again while the page stays."""
        for _ in range(CARD_TRIES):
            if not self._current(turn):
                return
            self._player.play(path)  # not under the lock: starting a program takes a moment, and the page waits in `hush`
            if not self._current(turn):  # a hush came meanwhile, and found nothing to stop
                self._player.stop()
                return
            self._shelf.synthesiser.wake()  # a prompt that lay there needed no child; the next one will
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
        if self._shelf.mended():
            _log.warning("the voice's folder was swept away")
            if self._told is not None:
                self._told(Trouble.SWEPT)
                self._trouble = Trouble.SWEPT
