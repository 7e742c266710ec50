"""Where a repository of updates is read from: the bureau, or a removable medium. What comes is bounded in bytes and time.

A repository: metadata/ and targets/ as The Update Framework lays them out (consistent snapshots), objects/AB/SHA256.zst beside
them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import httpx
import zstandard

from kiosk.config import Sync
from kiosk.errors import KioskError
from kiosk.removable.files import FileRefused, read_file
from kiosk.sync.client import FILE_LEAST_S, FILE_SLOWEST, open_http
from kiosk.updates.manifest import Entry

MAX_METADATA = 5_000_000
_BLOCK = 256 * 1024


class SourceError(KioskError):
    """The repository cannot be read now: not reached, too slow, too large, broken off."""

    reason = "update-unreachable"


class NotThere(SourceError):
    """The repository is there, and has no such file."""


class Source(Protocol):
    """A repository of updates."""

    def read(self, path: str, limit: int) -> Iterator[bytes]:
        """Yield a file's bytes, at most `limit`. Raises NotThere, SourceError."""
        ...


class BureauSource:
    """The bureau's own files, over the kiosk's own transport: no redirects, no encodings, every request within a time."""

    def __init__(self, settings: Sync, url: str) -> None:
        self._http = open_http(settings, url)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def read(self, path: str, limit: int) -> Iterator[bytes]:
        """Yield the file's bytes. A file must come with at least FILE_SLOWEST bytes a second, after FILE_LEAST_S."""
        total_s = FILE_LEAST_S + limit / FILE_SLOWEST
        have, started = 0, time.monotonic()
        try:
            with self._http.deadline.within(total_s), self._http.stream("GET", f"/updates/{path}") as answer:
                if answer.status_code in (403, 404):
                    raise NotThere(path)
                if answer.status_code != 200:
                    raise SourceError(f"{path}: HTTP {answer.status_code}")
                if answer.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
                    raise SourceError(f"{path}: encoded")
                for block in answer.iter_raw(_BLOCK):
                    have += len(block)
                    if have > limit:
                        raise SourceError(f"{path}: more than {limit} bytes")
                    if time.monotonic() - started > FILE_LEAST_S + have / FILE_SLOWEST:
                        raise SourceError(f"{path}: too slow")
                    yield block
        except httpx.HTTPError as error:
            raise SourceError(f"{path}: {type(error).__name__}") from error


class FolderSource:
    """A folder: a stick, read with the care that removable media ask for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, path: str, limit: int) -> Iterator[bytes]:
        """Yield the file's bytes."""
        try:
            yield read_file(self._folder / path, limit)
        except FileNotFoundError as error:
            raise NotThere(path) from error
        except (OSError, FileRefused) as error:
            raise SourceError(f"{path}: {type(error).__name__}") from error


def object_path(sha256: str) -> str:
    """Return where a file of a version lies in the repository."""
    return f"objects/{sha256[:2]}/{sha256}.zst"


def fetch_object(source: Source, entry: Entry) -> bytes:
    """Return the content of one file, unpacked to its signed size at most. Raises SourceError; `Versions` looks at the digest."""
    packed = bytearray()
    for block in source.read(object_path(entry.sha256), entry.size + entry.size // 64 + 1024):
        packed += block
    try:
        # The library believes what a frame says of its own size before any limit of ours.
        if zstandard.get_frame_parameters(bytes(packed)).content_size != entry.size:
            raise SourceError(f"{entry.path}: another size than was signed")
        content: bytes = zstandard.ZstdDecompressor().decompress(
            bytes(packed), max_output_size=max(1, entry.size), allow_extra_data=False
        )
    except zstandard.ZstdError as error:
        raise SourceError(f"{entry.path}: cannot be unpacked") from error
    if len(content) != entry.size:
        raise SourceError(f"{entry.path}: another size than was signed")
    return content


def pack_object(content: bytes) -> bytes:
    """Return a file's content as it lies in the repository."""
    return zstandard.ZstdCompressor(level=19).compress(content)
