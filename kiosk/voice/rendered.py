"""The rendered recordings that every clone has: which sound files speak a key, as long as its text is the one that was rendered.

`assets/voice/LANG/manifest.json` names, for each key, its text and the files of its sentences; a sentence that stands in many
prompts is one file. Read by the voice and by `kiosk voice`; written by `kiosk voice render`. No Qt.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from kiosk.config import ASSETS
from kiosk.errors import ConfigError

FOLDER = ASSETS / "voice"
MANIFEST = "manifest.json"
SUFFIX = ".opus"
_SENTENCE = re.compile(r"[^。！？]+[。！？]?")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sound file. `pinyin`: a syllable a character; `lufs`: measured on the file."""

    text: str
    pinyin: str
    seconds: float
    lufs: float


@dataclass(frozen=True, slots=True)
class Recording:
    """A prompt. `digest`: of its text; `files`: of its sentences, without suffix; `seconds`, `lufs`: of the whole."""

    text: str
    digest: str
    files: tuple[str, ...]
    seconds: float
    lufs: float


@dataclass(frozen=True, slots=True)
class Rendered:
    """All recordings of a language. `model`: SHA-256 of the weights; `lufs`: what was aimed at."""

    language: str
    folder: Path
    model: str = ""
    voice: str = ""
    speed: float = 0.0
    lufs: float = 0.0
    sentences: Mapping[str, Sentence] = field(default_factory=dict)
    prompts: Mapping[str, Recording] = field(default_factory=dict)

    @classmethod
    def load(cls, language: str, folder: Path = FOLDER) -> Rendered:
        """Return what was rendered of a language; empty where nothing was. Raises ConfigError on a manifest that is none."""
        place = folder / language / MANIFEST
        if not place.is_file():
            return cls(language, folder / language)
        try:
            data = json.loads(place.read_text(encoding="utf-8"))
            return cls(
                language,
                folder / language,
                model=data["model"],
                voice=data["voice"],
                speed=data["speed"],
                lufs=data["lufs"],
                sentences={name: Sentence(**values) for name, values in data["sentences"].items()},
                prompts={key: Recording(**{**values, "files": tuple(values["files"])}) for key, values in data["prompts"].items()},
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"{place}: {error}") from error

    def save(self) -> None:
        """Write the manifest: a line an entry, so that two renderings are easily compared."""
        head = {name: getattr(self, name) for name in ("model", "voice", "speed", "lufs")}
        lines = [f" {json.dumps(name)}: {json.dumps(value)}," for name, value in head.items()]
        for name, table in (("sentences", self.sentences), ("prompts", self.prompts)):
            rows = [f"  {json.dumps(key)}: {json.dumps(asdict(table[key]), ensure_ascii=False)}" for key in sorted(table)]
            lines.append(f" {json.dumps(name)}: {{\n" + ",\n".join(rows) + "\n }" + ("," if name == "sentences" else ""))
        self.folder.mkdir(parents=True, exist_ok=True)
        unfinished = self.folder / (MANIFEST + ".part")
        unfinished.write_text("{\n" + "\n".join(lines) + "\n}\n", encoding="utf-8", newline="\n")
        unfinished.replace(self.folder / MANIFEST)

    def path(self, name: str) -> Path:
        """Return where a sentence's sound lies."""
        return self.folder / (name + SUFFIX)

    def sounds(self, key: str, text: str) -> tuple[Path, ...] | None:
        """Return the files that speak a key, in order; None when it was not rendered, or when its text changed since."""
        found = self.prompts.get(key)
        if found is None or found.digest != digest(text):
            return None
        return tuple(self.path(name) for name in found.files)

    def stale(self, texts: Mapping[str, str]) -> dict[str, str]:
        """Return what a catalogue (key -> spoken text) has that does not sound so: key -> missing, changed, gone or no-file."""
        found = {}
        for key, text in texts.items():
            recording = self.prompts.get(key)
            if recording is None:
                found[key] = "missing"
            elif recording.digest != digest(text):
                found[key] = "changed"
            elif not all(self.path(name).is_file() for name in recording.files):
                found[key] = "no-file"
        return found | dict.fromkeys(self.prompts.keys() - texts.keys(), "gone")


def digest(text: str) -> str:
    """Return the SHA-256 of a text, 16 hex digits of it."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def sentences_of(text: str) -> list[str]:
    """Return the sentences of a Chinese prompt; each is rendered for itself."""
    return [found.strip() for found in _SENTENCE.findall(text) if found.strip()]
