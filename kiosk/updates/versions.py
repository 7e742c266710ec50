"""Versions beside each other: laid out in `NAME.part`, whole under their name; `current` leads to the one in force."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kiosk.packages import file_digest
from kiosk.updates.disk import Disk
from kiosk.updates.manifest import LIST, SM3_LIST, Entry, Manifest, ManifestError, parse, sm3_digest, version_key, with_sm3

_PART = ".part"


@dataclass(frozen=True, slots=True)
class Old:
    """The file at the same place in the version in force."""

    sha256: str
    path: Path


Fetch = Callable[[Entry, Old | None], bytes]  # the file that is wanted, and the one at its place in the version in force


class Versions:
    """The folder of versions (`/opt/pension-kiosk`): versions/N and current."""

    def __init__(self, home: Path, disk: Disk) -> None:
        self.home, self.disk = home, disk
        self.folder = home / "versions"

    def current(self) -> str:
        """Return the version in force, empty when none is."""
        try:
            return Path(os.readlink(self.home / "current")).name
        except OSError:
            return ""

    def path(self, version: str) -> Path:
        """Return a version's folder."""
        version_key(version)
        return self.folder / version

    def whole(self) -> list[str]:
        """Return the versions that were laid out to the end, oldest first."""
        names = []
        for path in self.folder.iterdir() if self.folder.is_dir() else ():
            try:
                version_key(path.name)
            except ManifestError:
                continue
            names.append(path.name)
        return sorted(names, key=version_key)

    def lay_out(self, manifest: Manifest, fetch: Fetch) -> bool:
        """Make the version's folder: files that an installed version has are taken from it, others fetched, all checked in place.

        A broken-off try goes on where it stopped. Returns whether it looked at every file: False where the version was laid out
        before, and may have been damaged since. Raises ManifestError for a file that is not what was signed, and what `fetch`
        raises.
        """
        final = self.path(manifest.version)
        if final.is_dir():
            return False
        part = final.with_name(final.name + _PART)
        self.disk.make_folder(part)
        here, before = self._installed_files(), self._in_force()
        folders = {part}
        for entry in manifest.entries:
            target = part / entry.path
            if target.parent not in folders:
                self.disk.make_folder(target.parent)
                folders.update((target.parent, *[up for up in target.parents if part in up.parents]))
            if entry.link:
                if not target.is_symlink():
                    self.disk.link(entry.link, target)
                continue
            if target.is_file() and _fits(target, entry):
                continue
            self.disk.remove(target)
            source = here.get((entry.sha256, entry.program))
            if source is not None and self._took(source, target, entry):
                continue
            self.disk.write(target, fetch(entry, before.get(entry.path)), program=entry.program)
            if not _fits(target, entry):
                self.disk.remove(target)
                raise ManifestError(f"{entry.path}: not the file that was signed")
        self._nothing_else(part, manifest)
        self.disk.write(part / LIST, manifest.to_bytes())
        if manifest.sm3_bytes():
            self.disk.write(part / SM3_LIST, manifest.sm3_bytes())
        for folder in sorted(folders, key=lambda path: -len(path.parts)):
            self.disk.sync(folder)
        self.disk.rename(part, final)
        self.disk.sync(self.folder)
        return True

    def _took(self, source: Path, target: Path, entry: Entry) -> bool:
        """Take an installed file over; one that is damaged goes again. Read once, in its new place: mostly it is the same file."""
        try:
            self.disk.take(source, target)
        except FileNotFoundError:
            return False  # listed, and lost since
        if _fits(target, entry):
            return True
        self.disk.remove(target)
        return False

    def check(self, version: str) -> Manifest:
        """Return the manifest of a laid-out version after looking at every file. Raises ManifestError."""
        folder = self.path(version)
        try:
            manifest = parse((folder / LIST).read_bytes(), version)
            if (folder / SM3_LIST).exists():
                manifest = with_sm3(manifest, (folder / SM3_LIST).read_bytes())
        except OSError as error:
            raise ManifestError(f"{version}: no list of its files") from error
        for entry in manifest.entries:
            path = folder / entry.path
            right = os.readlink(path) == entry.link if entry.link and path.is_symlink() else path.is_file() and _fits(path, entry)
            if not right:
                raise ManifestError(f"{version}: {entry.path} is not as it was signed")
        return manifest

    def put_in_force(self, version: str) -> None:
        """Let `current` lead to a version, at once."""
        if not self.path(version).is_dir():
            raise ManifestError(f"{version} is not here")
        new = self.home / "current.new"
        self.disk.remove(new)
        self.disk.link(f"versions/{version}", new)
        self.disk.rename(new, self.home / "current")
        self.disk.sync(self.home)

    def tidy(self, keep: set[str]) -> None:
        """Remove versions and parts of versions that nobody needs any more. The one in force always stays."""
        keep = keep | {self.current()}
        for path in sorted(self.folder.iterdir()):
            name = path.name.removesuffix(_PART)
            if name not in keep or (path.name.endswith(_PART) and self.path(name).is_dir()):
                self.disk.remove(path)
        self.disk.sync(self.folder)

    def _installed_files(self) -> dict[tuple[str, bool], Path]:
        found: dict[tuple[str, bool], Path] = {}
        for version in self.whole():
            folder = self.path(version)
            try:
                listed = parse((folder / LIST).read_bytes(), version)
            except (OSError, ManifestError):
                continue  # a package's version, or a damaged list: its files are fetched
            for entry in listed.entries:
                if not entry.link:
                    found[entry.sha256, entry.program] = folder / entry.path
        return found

    def _in_force(self) -> dict[str, Old]:
        """Return the files of the version in force by their place."""
        folder = self.home / "current"
        try:
            listed = parse((folder / LIST).read_bytes(), self.current())
        except (OSError, ManifestError):
            return {}
        return {entry.path: Old(entry.sha256, folder / entry.path) for entry in listed.entries if not entry.link}

    def _nothing_else(self, part: Path, manifest: Manifest) -> None:
        wanted = {entry.path for entry in manifest.entries}
        for folder, folders, files in os.walk(part):
            links = [name for name in folders if Path(folder, name).is_symlink()]
            for name in (*files, *links):
                path = Path(folder, name)
                if path.relative_to(part).as_posix() not in wanted:
                    self.disk.remove(path)  # left by another try


def _fits(path: Path, entry: Entry) -> bool:
    status = path.lstat()
    return (
        not path.is_symlink()
        and status.st_size == entry.size
        and (os.name != "posix" or bool(status.st_mode & 0o100) == entry.program)
        and file_digest(path) == entry.sha256
        and (not entry.sm3 or sm3_digest(path) == entry.sm3)
    )
