"""Catalogue keys that are spoken, and what there is to speak them: a text, a bureau's own recording, or the rendered one.

A bureau's own recording LANG/KEY.wav (or .ogg, .opus, .flac) in the configured folder wins over the rendered one that every clone
has (`voice.rendered`), and that over the synthesiser. Used by the voice worker and by `kiosk voice`. No Qt.
"""

from __future__ import annotations

import re
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kiosk.config import ASSETS
from kiosk.texts.strings import Strings
from kiosk.voice.rendered import Rendered

RECORDINGS = ASSETS / "voice"
SUFFIXES = (".wav", ".ogg", ".opus", ".flac")  # of a bureau's own recording
WAV_HEAD = 44  # bytes before the first sample
PAUSE_S = 0.35  # between two prompts of one page
# A recording may be slower than the wished rate by this much before `kiosk voice check` calls it too long: old ears
# follow about 200 characters a minute, but a prompt of half a minute is no prompt.
LENGTH_MARGIN = 1.35


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt in one language. `recording`: a bureau's own; `rendered`: the sentences that every clone has, () for none."""

    key: str
    language: str
    text: str
    recording: Path | None
    rendered: tuple[Path, ...] = ()

    @property
    def sounds(self) -> tuple[Path, ...]:
        """What is played, in order; () where only the synthesiser can speak it."""
        return self.rendered if self.recording is None else (self.recording,)


def is_spoken(key: str) -> bool:
    """Return whether a catalogue key is something to say: its last part is say, or say_something."""
    last = key.rsplit(".", 1)[-1]
    return last == "say" or last.startswith("say_")


def prompt(key: str, language: str, strings: Strings, folder: Path = RECORDINGS, rendered: Rendered | None = None) -> Prompt:
    """Return the prompt of a key; its text is empty when the catalogue has none."""
    text = strings.text(key)
    own = next((path for suffix in SUFFIXES if is_recording(path := folder / language / (key + suffix))), None)
    sounds = None if rendered is None else rendered.sounds(key, text)
    whole = sounds if sounds and all(map(is_recording, sounds)) else ()
    return Prompt(key, language, text, own, whole)


def is_recording(path: Path) -> bool:
    """True for a file that holds some sound; an empty one is damage, and the synthesiser speaks."""
    return path.is_file() and path.stat().st_size > WAV_HEAD


def all_prompts(language: str, folder: Path = RECORDINGS, rendered: Rendered | None = None) -> list[Prompt]:
    """Return every prompt of a language, in the order of the keys."""
    strings = Strings.load(language)
    return [prompt(key, language, strings, folder, rendered) for key in sorted(strings.keys(), key=_counted) if is_spoken(key)]


def _counted(key: str) -> list[tuple[int, str]]:
    """Sort numbers in keys as numbers: a speaker reads the months in their order."""
    return [(int(part or 0), "") if number % 2 else (0, part) for number, part in enumerate(re.split(r"(\d+)", key))]


def units(text: str) -> int:
    """Return how long a text is to speak: Chinese characters and digits, and one and a quarter for a word of another script."""
    han = sum("\u4e00" <= char <= "\u9fff" or char.isdigit() for char in text)
    words = "".join(char if char.isascii() and char.isalpha() else " " for char in text).split()
    return han + round(1.25 * len(words))


def expected_s(text: str, rate_per_min: int) -> float:
    """Return about how many seconds a text takes at a rate in characters a minute, pauses at stops included."""
    stops = sum(char in "，。！？；：,.!?;:" for char in text)
    return units(text) * 60 / rate_per_min + 0.25 * stops


def duration_s(path: Path) -> float:
    """Return the length of a recording in seconds. Raises wave.Error, RuntimeError or OSError on what is none."""
    if path.suffix != ".wav":
        return float(sound_file().info(path).duration)
    with wave.open(str(path), "rb") as sound:
        return sound.getnframes() / sound.getframerate()


def sound_file() -> Any:
    """Return the decoder, imported when first needed (it brings numpy). Its errors are RuntimeErrors."""
    import soundfile

    return soundfile
