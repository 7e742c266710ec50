"""Fetches the files of a version: as a delta of what is installed where there is one, in pieces that last where it is large.

A download that was broken off, by the line or by the power, goes on where it was: what came lies in a file of its own, synced piece
by piece, and is believed only when the whole has the signed digest.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from kiosk.packages import file_digest
from kiosk.updates.disk import Disk
from kiosk.updates.manifest import Entry, Manifest
from kiosk.updates.sources import NoGood, NotThere, Source, delta_path, object_path, packed_limit, unpack
from kiosk.updates.versions import Old

PIECE = 256 * 1024  # bytes of a large file that are synced together
DELTA_FROM = 16 * 1024  # bytes of a file: smaller ones are fetched whole, a delta would spare less than its request costs


class Downloads:
    """One version's downloads. `folder` keeps what is not whole yet."""

    def __init__(self, source: Source, folder: Path, disk: Disk, *, piece: int = PIECE) -> None:
        self._source, self._folder, self._disk, self._piece = source, folder, disk, piece

    def begin(self, manifest: Manifest) -> None:
        """Remove what was left of other versions' files."""
        wanted = {entry.sha256 for entry in manifest.entries}
        for path in self._folder.iterdir() if self._folder.is_dir() else ():
            if path.name[:64] not in wanted:
                self._disk.remove(path)

    def end(self) -> None:
        """The version is whole: nothing is kept."""
        self._disk.remove(self._folder)

    def fetch(self, entry: Entry, old: Old | None) -> bytes:
        """Return the content of one file. Raises SourceError; `Versions` looks at the digest."""
        if old is not None and entry.size >= DELTA_FROM and file_digest(old.path) == old.sha256:
            path, name = delta_path(entry.sha256, old.sha256), f"{entry.sha256}-{old.sha256}"
            try:
                content = self._content(path, entry, name, old.path.read_bytes())
            except (NoGood, NotThere):
                content = b""
            if _is_signed(content, entry):
                return content
        return self._content(object_path(entry.sha256), entry, entry.sha256)

    def _content(self, path: str, entry: Entry, name: str, old: bytes | None = None) -> bytes:
        packed, resumed = self._packed(path, packed_limit(entry), name)
        try:
            content = unpack(packed, entry, old)
            if not resumed or _is_signed(content, entry):
                return content
        except NoGood:
            if not resumed:
                raise
        finally:
            if (self._folder / name).exists():
                self._disk.remove(self._folder / name)
        return self._content(path, entry, name, old)  # its parts did not belong together: anew, and whole

    def _packed(self, path: str, limit: int, name: str) -> tuple[bytes, bool]:
        """Return the packed file, and whether some of it was here. A line that breaks off raises, and what came stays."""
        part = self._folder / name
        have = bytearray(part.read_bytes()) if part.exists() else bytearray()
        resumed, kept = bool(have), len(have)
        for block in self._source.read(path, limit, kept):
            have += block
            if len(have) - kept >= self._piece:
                self._disk.make_folder(self._folder)
                self._disk.append(part, bytes(have[kept:]))
                kept = len(have)
        return bytes(have), resumed


def _is_signed(content: bytes, entry: Entry) -> bool:
    return hashlib.sha256(content).hexdigest() == entry.sha256
