"""Where a repository of updates is read from: the bureau, or a removable medium. What comes is bounded in bytes and time.

A repository: metadata/ and targets/ as The Update Framework lays them out (consistent snapshots), objects/AB/SHA256.zst beside
them, and deltas/AB/NEW-OLD.zst: a file packed with the one before it as a dictionary.
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
LEAST_S = 600.0  # ours: waited for a bureau in one look for updates, beside the time that its bytes may take at FILE_SLOWEST


class SourceError(KioskError):
    """The repository cannot be read now: not reached, too slow, too large, broken off."""

    reason = "update-unreachable"


class NotThere(SourceError):
    """The repository is there, and has no such file."""


class NoGood(SourceError):
    """What came whole is not what was signed."""


class Source(Protocol):
    """A repository of updates."""

    def read(self, path: str, limit: int, start: int = 0) -> Iterator[bytes]:
        """Yield a file's bytes from `start` on; the file has at most `limit`. Raises NotThere, SourceError."""
        ...


class BureauSource:
    """The bureau's own files, over the kiosk's own transport: no redirects, no encodings, every request within a time.

    A file must come with at least FILE_SLOWEST bytes a second, after FILE_LEAST_S; all of them together so too, after LEAST_S: many
    files that each trickle just fast enough do not hold an update up for ever.
    """

    def __init__(self, settings: Sync, url: str) -> None:
        self._http = open_http(settings, url)
        self._waited_s, self._bytes = 0.0, 0  # over all files

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def read(self, path: str, limit: int, start: int = 0) -> Iterator[bytes]:
        """Yield the file's bytes. start: asked of the bureau (Range); one that does not know it sends the whole file again."""
        total_s = FILE_LEAST_S + limit / FILE_SLOWEST
        have, asked = 0, time.monotonic()
        try:
            headers = {"Range": f"bytes={start}-"} if start else {}
            with self._http.deadline.within(total_s), self._http.stream("GET", f"/updates/{path}", headers=headers) as answer:
                if answer.status_code in (403, 404):
                    raise NotThere(path)
                if answer.status_code == 416 and start:
                    return  # all of it is here
                if answer.status_code not in (200, 206):
                    raise SourceError(f"{path}: HTTP {answer.status_code}")
                if answer.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
                    raise SourceError(f"{path}: encoded")
                resumed = answer.status_code == 206 and answer.headers.get("content-range", "").startswith(f"bytes {start}-")
                if answer.status_code == 206 and not resumed:
                    raise SourceError(f"{path}: another part than was asked for")
                skip = 0 if resumed else start
                # As the bytes come: a block of a size of ours would be waited for as long as all the file may take.
                for block in answer.iter_raw():
                    have += len(block)
                    if have + (start if resumed else 0) > limit:
                        raise SourceError(f"{path}: more than {limit} bytes")
                    if time.monotonic() - asked > FILE_LEAST_S + have / FILE_SLOWEST:
                        raise SourceError(f"{path}: too slow")
                    skip, block = max(0, skip - len(block)), block[skip:]
                    if block:
                        yield block
        except httpx.HTTPError as error:
            raise SourceError(f"{path}: {type(error).__name__}") from error
        finally:
            self._waited_s, self._bytes = self._waited_s + time.monotonic() - asked, self._bytes + have
        if self._waited_s > LEAST_S + self._bytes / FILE_SLOWEST:
            raise SourceError(f"{path}: all files together too slow")


class FolderSource:
    """A folder: a stick, read with the care that removable media ask for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, path: str, limit: int, start: int = 0) -> Iterator[bytes]:
        """Yield the file's bytes."""
        try:
            yield read_file(self._folder / path, limit)[start:]
        except FileNotFoundError as error:
            raise NotThere(path) from error
        except (OSError, FileRefused) as error:
            raise SourceError(f"{path}: {type(error).__name__}") from error


def object_path(sha256: str) -> str:
    """Return where a file of a version lies in the repository."""
    return f"objects/{sha256[:2]}/{sha256}.zst"


def delta_path(new: str, old: str) -> str:
    """Return where a file lies that is packed with another one (both by SHA-256) as its dictionary."""
    return f"deltas/{new[:2]}/{new}-{old}.zst"


def packed_limit(entry: Entry) -> int:
    """Return how many bytes a packed file may have."""
    return entry.size + entry.size // 64 + 1024


def unpack(packed: bytes, entry: Entry, old: bytes | None = None) -> bytes:
    """Return the content of one file, unpacked to its signed size at most. old: what it was packed with. Raises NoGood."""
    try:
        # The library believes what a frame says of its own size before any limit of ours.
        if zstandard.get_frame_parameters(packed).content_size != entry.size:
            raise NoGood(f"{entry.path}: another size than was signed")
        words = zstandard.ZstdCompressionDict(old, dict_type=zstandard.DICT_TYPE_RAWCONTENT) if old is not None else None
        content: bytes = zstandard.ZstdDecompressor(dict_data=words).decompress(
            packed, max_output_size=max(1, entry.size), allow_extra_data=False
        )
    except zstandard.ZstdError as error:
        raise NoGood(f"{entry.path}: cannot be unpacked") from error
    if len(content) != entry.size:
        raise NoGood(f"{entry.path}: another size than was signed")
    return content


def pack_object(content: bytes) -> bytes:
    """Return a file's content as it lies in the repository."""
    return zstandard.ZstdCompressor(level=19).compress(content)


def pack_delta(content: bytes, old: bytes) -> bytes:
    """Return a file's content packed with another one, which must be there to unpack it."""
    # The window must reach over both, or the dictionary's beginning is out of sight.
    window = min(zstandard.WINDOWLOG_MAX, max(zstandard.WINDOWLOG_MIN, (len(content) + len(old)).bit_length()))
    chosen = zstandard.ZstdCompressionParameters.from_level(19, window_log=window, enable_ldm=True, write_content_size=True)
    words = zstandard.ZstdCompressionDict(old, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    return zstandard.ZstdCompressor(dict_data=words, compression_params=chosen).compress(content)
