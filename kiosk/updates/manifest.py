"""What a version consists of: every file with its digest, as the signed target `VERSION.json` says it.

For stations of `gm-1` a second signed target, `VERSION.sm3.json`, has every file's SM3 besides: both digests must be right.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from kiosk import digests
from kiosk.errors import KioskError
from kiosk.packages import file_digest

LIST = "files.json"  # a version's own manifest, in its folder
SM3_LIST = "files.sm3.json"  # its second digests, where the station asked for them
MAX_FILES = 60_000
MAX_FILE = 512 * 1024 * 1024  # bytes of one file
MAX_VERSION = 2 * 1024**3  # bytes of all files
_SHA256 = re.compile(r"[0-9a-f]{64}")
_VERSION = re.compile(r"[0-9]{1,4}(\.[0-9]{1,4}){1,3}")


class ManifestError(KioskError):
    """The list of a version's files is not one that may be laid out."""

    reason = "update-refused"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file (digest, size, whether it may be run), or a link to another file of the version (`link`, relative).

    `sm3`: its second digest, "" where SHA-256 alone is asked for.
    """

    path: str
    sha256: str = ""
    size: int = 0
    program: bool = False
    link: str = ""
    sm3: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A version and its files, ordered by path."""

    version: str
    entries: tuple[Entry, ...]

    def to_bytes(self) -> bytes:
        """Return the list as it is signed: the same files give the same bytes."""
        files = [
            [entry.path, entry.link] if entry.link else [entry.path, entry.sha256, entry.size, int(entry.program)]
            for entry in self.entries
        ]
        return json.dumps({"version": self.version, "files": files}, ensure_ascii=False, separators=(",", ":")).encode()

    def sm3_bytes(self) -> bytes:
        """Return the list of second digests as it is signed; b"" when there are none."""
        listed = [[entry.path, entry.sm3] for entry in self.entries if entry.sm3]
        return (
            json.dumps({"version": self.version, "sm3": listed}, ensure_ascii=False, separators=(",", ":")).encode()
            if listed
            else b""
        )


def version_key(version: str) -> tuple[int, ...]:
    """Return what versions are ordered by. Raises ManifestError for what is none."""
    if not _VERSION.fullmatch(version):
        raise ManifestError(f"no version: {version[:40]!r}")
    return tuple(int(part) for part in version.split("."))


def parse(content: bytes, version: str) -> Manifest:
    """Return the manifest of `version`. Raises ManifestError: another version's, leading out of its folder, or too large."""
    version_key(version)
    try:
        data = json.loads(content)
        if data["version"] != version:
            raise ManifestError(f"the list of {version} names another version")
        listed = [_entry(item) for item in data["files"]]
    except ManifestError:
        raise
    except (ValueError, TypeError, KeyError, IndexError, RecursionError) as error:
        raise ManifestError(f"the list of {version} is not whole ({type(error).__name__})") from error
    paths = [entry.path for entry in listed]
    if not 0 < len(paths) <= MAX_FILES or paths != sorted(set(paths)):
        raise ManifestError("files are listed twice, not in order, or too many")
    files = set(paths)
    if any(str(parent) in files for path in paths for parent in PurePosixPath(path).parents):
        raise ManifestError("a file is a folder too")
    if sum(entry.size for entry in listed) > MAX_VERSION:
        raise ManifestError("too large")
    return Manifest(version, tuple(listed))


def _entry(item: list[Any]) -> Entry:
    path = item[0]
    if not isinstance(path, str) or not _inside(path):
        raise ManifestError(f"a path that leads elsewhere: {str(path)[:60]!r}")
    if len(item) == 2:
        target = item[1]
        if not isinstance(target, str) or not target or not _inside(os.path.normpath(PurePosixPath(path).parent / target)):
            raise ManifestError(f"a link that leads elsewhere: {path[:60]!r}")
        return Entry(path, link=target)
    _, digest, size, program = item
    if not isinstance(digest, str) or not _SHA256.fullmatch(digest):
        raise ManifestError("no digest")
    if type(size) is not int or not 0 <= size <= MAX_FILE or program not in (0, 1):
        raise ManifestError("no size")
    return Entry(path, digest, size, bool(program))


def _inside(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return (
        0 < len(path) <= 400
        and not path.startswith("/")
        and "\\" not in path
        and "\0" not in path
        and path == "/".join(parts)
        and not {"..", "."} & set(parts)
        and ":" not in parts[0]
    )


def of_folder(tree: Path, version: str) -> Manifest:
    """Return the manifest of a laid-out version (for who makes a release, and to look at what is installed)."""
    entries = []
    for folder, folders, files in os.walk(tree):
        for name in (*files, *(name for name in folders if Path(folder, name).is_symlink())):
            path = Path(folder, name)
            relative = path.relative_to(tree).as_posix()
            if relative in (LIST, SM3_LIST):
                continue  # what a package put there about itself: whoever lays the version out writes its own
            if path.is_symlink():
                entries.append(Entry(relative, link=os.readlink(path)))
            else:
                program = bool(path.stat().st_mode & 0o100)
                entries.append(Entry(relative, file_digest(path), path.stat().st_size, program))
    return Manifest(version, tuple(sorted(entries, key=lambda entry: entry.path)))


def sm3_digest(path: Path) -> str:
    """Return the SM3 of a file in hex. Raises OSError."""
    one = digests.hasher(digests.SM3)
    with path.open("rb") as stream:
        while block := stream.read(1024 * 1024):
            one.update(block)
    return one.hexdigest()


def sm3_of_folder(tree: Path, manifest: Manifest) -> Manifest:
    """Return the manifest with every file's SM3 (for who makes a release)."""
    entries = (entry if entry.link else replace(entry, sm3=sm3_digest(tree / entry.path)) for entry in manifest.entries)
    return replace(manifest, entries=tuple(entries))


def with_sm3(manifest: Manifest, content: bytes) -> Manifest:
    """Return the manifest with the second digests of a list as `sm3_bytes` writes it. Raises ManifestError unless it has all."""
    try:
        data = json.loads(content)
        listed = {path: digest for path, digest in data["sm3"]}
        whole = data["version"] == manifest.version and all(_SHA256.fullmatch(one) for one in listed.values())
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ManifestError(f"the SM3 list of {manifest.version} is not whole ({type(error).__name__})") from error
    if not whole or set(listed) != {entry.path for entry in manifest.entries if not entry.link}:
        raise ManifestError(f"the SM3 list of {manifest.version} is not of its files")
    entries = (entry if entry.link else replace(entry, sm3=listed[entry.path]) for entry in manifest.entries)
    return replace(manifest, entries=tuple(entries))
