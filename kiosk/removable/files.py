"""Safe files on removable media: written whole or not at all, read only when regular, bounded and whole; and which media are there.

A medium may be hostile, slow, full, read-only or gone. For `sync`, `bureau` and the desk's workers, never in the store's thread.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import psutil

from kiosk.durable import sync_folder
from kiosk.errors import KioskError

ROOT_NAME = "pension-kiosk"  # our folder on a medium
MAX_NAMES = 20_000  # ours: more names than this in one folder are not looked at
_PART = 1024 * 1024  # bytes read at a time
_MOUNTED_BELOW = ("/media", "/run/media", "/mnt/usb")  # where Linux desktops and our own mount rule put removable media


class RemovableError(KioskError):
    """The medium cannot be used. `why`: medium-full, medium-unwritable, medium-missing."""

    reason = "store-error"

    def __init__(self, why: str, message: str = "") -> None:
        super().__init__(f"{why}: {message}" if message else why)
        self.why = why


class FileRefused(RemovableError):
    """One file is not taken; the medium may hold others. `why`: wrong-name (no regular file), too-large, truncated."""


@dataclass(frozen=True, slots=True)
class Medium:
    """A mounted removable medium. `writable`: neither mounted read-only nor closed to this account."""

    path: Path
    writable: bool


def find_media() -> list[Medium]:
    """Return the mounted removable media, read-only ones too, in order of path."""
    windows = sys.platform == "win32"
    found = {}  # by path: of two mounts on one folder the later shows
    for mount in psutil.disk_partitions(all=not windows):  # all: also file systems in user space, as exFAT and NTFS may be
        options = mount.opts.split(",")
        below = any(mount.mountpoint.startswith(f"{folder}/") for folder in _MOUNTED_BELOW)
        if "removable" in options if windows else below:
            path = Path(mount.mountpoint)
            found[path] = Medium(path, "ro" not in options and os.access(path, os.W_OK))
    return [found[path] for path in sorted(found)]


def write_file(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, and see it through to the medium. Raises RemovableError.

    A medium may hold links, which would have us write over files of this machine: none is followed.
    """
    part = path.with_name(path.name + ".part")
    refuse_links(path.parent)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(part, flags, 0o666), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
        sync_folder(path.parent)
    except OSError as error:
        try:
            part.unlink(missing_ok=True)
        except OSError:
            pass  # the medium is gone; so is the part
        raise RemovableError("medium-full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "medium-unwritable") from error


def refuse_links(folder: Path) -> None:
    """Raise RemovableError when our folder on the medium, or one between it and `folder`, is a link to elsewhere."""
    ours = folder.parts.index(ROOT_NAME) if ROOT_NAME in folder.parts else len(folder.parts)
    if any(Path(*folder.parts[:end]).is_symlink() for end in range(ours + 1, len(folder.parts) + 1)):
        raise RemovableError("medium-unwritable")


def remove(path: Path) -> None:
    """Take a file off the medium; one that is not there is no error. Raises RemovableError."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise RemovableError("medium-unwritable") from error


def read_file(path: Path, limit: int) -> bytes:
    """Return a regular file's bytes. Raises FileRefused for links, devices, and files over `limit`; OSError when it is gone."""
    with _opened(path, limit) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise FileRefused("too-large")
    return data


def digest_file(path: Path, limit: int) -> str:
    """Return the SHA-256 of a regular file in hexadecimal, without holding it in memory. Raises as `read_file`."""
    digest, size = hashlib.sha256(), 0
    with _opened(path, limit) as file:
        while part := file.read(_PART):
            size += len(part)
            if size > limit:
                raise FileRefused("too-large")
            digest.update(part)
    return digest.hexdigest()


def _opened(path: Path, limit: int) -> BinaryIO:
    facts = path.lstat()
    if not stat.S_ISREG(facts.st_mode):
        raise FileRefused("wrong-name", "not a regular file")
    if facts.st_size > limit:
        raise FileRefused("too-large")
    # O_NOFOLLOW: the file may be replaced by a link between the two looks.
    return os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)), "rb")


def named(prefix: str, data: bytes, ending: str) -> str:
    """Return a file name that carries the digest of the content, so that a partial copy shows."""
    return f"{prefix}-{_digest(data)}.{ending}"


def whole(path: Path, digest: str, limit: int) -> bytes:
    """Return the file's bytes if they have the digest its name says. Raises FileRefused (a partial copy: truncated) and OSError."""
    data = read_file(path, limit)
    if _digest(data) != digest:
        raise FileRefused("truncated", "the copy is not whole")
    return data


def matching(folder: Path, pattern: re.Pattern[str]) -> Iterator[tuple[Path, str]]:
    """Yield (path, last group of the pattern: the digest in the name) of the files whose names fit, in order of name."""
    if folder.is_symlink() or not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        names = sorted(entry.name for _, entry in zip(range(MAX_NAMES), entries, strict=False))
    for name in names:
        found = pattern.fullmatch(name)
        if found:
            yield folder / name, found.groups()[-1]


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
