"""Where the sound of a line lies as a file: a bureau's own recording, else the rendered one, else the synthesiser's. No Qt.

Used by `voice.speaker`, from its thread. What was decoded or synthesised is kept for a while in a temporary folder.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from kiosk.texts.said import JOINED, SPELLED, bare, follows
from kiosk.texts.strings import Strings
from kiosk.voice import sound
from kiosk.voice.child import Run, Synthesiser
from kiosk.voice.prompts import Prompt, is_recording, prompt
from kiosk.voice.rendered import Rendered

WORDS = "text:"  # before words that no catalogue has: a name, spoken into headphones alone
KEPT = 40  # decoded prompts in the temporary folder, about 0.2 MB each
SENTENCE_REST_S = 0.3  # between two sentences of a prompt, besides the quiet of their ends
DIGIT_REST_S = 0.2  # between two digits of a number; besides the quiet of their ends (measured: docs/voice.md)


class SoundShelf:
    """Finds and makes sound files. `open` it first; nothing is found on a closed one."""

    def __init__(self, synthesiser: Synthesiser, recordings: Path, rendered: Path, rate_per_min: int) -> None:
        self.synthesiser = synthesiser
        self.folder: Path | None = None
        self._recordings, self._rendered_folder, self._rate = recordings, rendered, rate_per_min
        self._strings: dict[str, Strings] = {}
        self._rendered: dict[str, Rendered] = {}
        self._whole: set[Path] = set()  # decoded to their end
        self._begun: Path | None = None  # being decoded, perhaps

    def open(self) -> None:
        """Make the folder. Raises OSError."""
        self.folder = Path(tempfile.mkdtemp(prefix="kiosk-voice-"))

    def close(self) -> None:
        """End the voice's process; remove the folder."""
        self.synthesiser.close()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None

    def mended(self) -> bool:
        """Make the folder anew where a cleaner of temporary files took it; return whether it did."""
        if self.folder is None or self.folder.is_dir():
            return False
        self.folder.mkdir(mode=0o700, parents=True)
        return True

    def joined(self, lines: Sequence[str], language: str, volume: float = 1.0, head_s: float = float("inf")) -> Path | None:
        """Return one file of all lines, `head_s` seconds of it decoded; None when one has no recording, or cannot be joined.

        The file is as loud as `volume` says, but for one that is played as it lies (`as_it_lies`).
        """
        if self.folder is None or any(bare(line).startswith(("chime.", WORDS)) for line in lines):
            return None
        found = [self.prompt(bare(line), language) for line in lines]
        if not all(item.sounds for item in found):
            return None
        if self.as_it_lies(path := found[0].sounds[0]) and len(found) == 1:
            return path
        path = self.folder / ("joined.wav" if len(found) > 1 else f"{language}-{found[0].key}-{round(volume * 100)}.wav")
        if path in self._whole and path.exists():
            os.utime(path)  # the oldest are forgotten
            return path
        self._whole.discard(path)
        self._begun = None
        if not self.synthesiser.join(runs(lines, found), path, volume=volume, head_s=head_s) or not is_recording(path):
            return None
        self._begun = None if len(found) > 1 else path  # what is made of pieces is not kept
        self._forget_oldest()
        return path

    @staticmethod
    def as_it_lies(path: Path) -> bool:
        """Return whether a file is a bureau's recording that every player can play."""
        return path.suffix == ".wav" and not path.parent.name.startswith("kiosk-voice-")

    def finish(self) -> bool:
        """Wait until what `joined` began is whole; False when it broke off."""
        whole = self.synthesiser.finish()
        if whole and self._begun is not None:
            self._whole.add(self._begun)
        self._begun = None
        return whole

    def chime(self, key: str) -> Path | None:
        """Return a soft sound, None for an unknown one."""
        name = key.removeprefix("chime.")
        if self.folder is None or name not in sound.CHIMES:
            return None
        path = self.folder / f"{key}.wav"
        if not path.exists():
            sound.write_chime(name, path)
        return path

    def words(self, words: str, language: str) -> Path | None:
        """Return words that no catalogue has: a name. It is not kept; a voice that cannot read it passes over it."""
        if self.folder is None or (language == "en" and not words.isascii()):
            return None
        path = self.folder / "words.wav"
        path.unlink(missing_ok=True)
        return path if self.synthesiser.write(words, language, self._rate, path) and path.exists() else None

    def synthesised(self, key: str, language: str) -> Path | None:
        """Return a prompt of the synthesiser."""
        wanted = self.prompt(key, language)
        if not wanted.text or self.folder is None:
            return None
        path = self.folder / f"{language}-{key}.wav"
        if path.exists():
            return path
        unfinished = path.with_suffix(".part.wav")
        if not self.synthesiser.write(wanted.text, language, self._rate, unfinished) or not unfinished.exists():
            return None
        unfinished.replace(path)
        self._forget_oldest()
        return path

    def prompt(self, key: str, language: str) -> Prompt:
        """Return what there is to speak a key."""
        if language not in self._strings:
            self._strings[language] = Strings.load(language)
            self._rendered[language] = Rendered.load(language, self._rendered_folder)
        return prompt(key, language, self._strings[language], self._recordings, self._rendered[language])

    def _forget_oldest(self) -> None:
        """Keep a bounded number of decoded prompts: they lie in memory where the temporary folder does."""
        kept = sorted(self.folder.glob("*-*.wav"), key=lambda path: path.stat().st_mtime) if self.folder is not None else []
        for path in kept[:-KEPT]:
            path.unlink(missing_ok=True)


def together(lines: Sequence[str]) -> list[list[str]]:
    """Return lines that follow each other without a pause (a mark before the second), in lists."""
    found: list[list[str]] = []
    for line in lines:
        if follows(line) and found:
            found[-1].append(line)
        else:
            found.append([line])
    return found


def runs(lines: Sequence[str], found: Sequence[Prompt]) -> list[Run]:
    """Return the recordings of lines: joined closely after a +, with a moment of quiet between digits and between sentences."""
    made: list[tuple[float, list[Path]]] = []
    for line, item in zip(lines, found, strict=True):
        first, *others = item.sounds
        if line.startswith(JOINED) and made:
            made[-1][1].append(first)
        else:
            made.append((DIGIT_REST_S if line.startswith(SPELLED) else SENTENCE_REST_S, [first]))
        made += [(SENTENCE_REST_S, [other]) for other in others]
    return list(made)
