"""Roster files: zstd-compressed lines of JSON, encrypted in chunks with a key of their own. Both ends.

The same file serves every kiosk, HTTP ranges and sticks; only the manifest (`protocol.RosterManifest`) is made for one kiosk and
carries the key. Chunks: the suite's content encryption (AES-256-GCM, SM4-GCM) over 1 MiB each; the nonce holds the chunk's number
and whether it is the last, so that chunks cannot be swapped, repeated or cut off (the STREAM construction of Hoang,
Reyhanitabar, Rogaway and Vizár). Another suite needs a copy of the file under a key of its own (`copy`).
"""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

import zstandard
from cryptography.exceptions import InvalidTag

from kiosk.domain.person import RosterEntry
from kiosk.errors import StoreError
from kiosk.store.roster import build as roster_build
from kiosk.store.roster import line as roster_line
from kiosk.sync import json_bounds, suites
from kiosk.sync.limits import MAX_ROSTER_FILE, MAX_ROSTER_LINE
from kiosk.sync.protocol import RosterManifest
from kiosk.sync.seal import Refused
from kiosk.sync.suites import Suite

MAGIC = b"PKROSTR1"
_MAGIC = {suites.STD_1.name: MAGIC, suites.GM_1.name: b"PKROSTRG"}  # bound to every chunk
_KEYS = {43: suites.STD_1, 22: suites.GM_1}  # characters of a key
CHUNK = 1024 * 1024
TAG = 16


@dataclass(frozen=True, slots=True)
class Facts:
    """What a manifest says about a file. `key`: base64url."""

    digest: str
    size: int
    plain_size: int
    lines: int
    key: str = field(repr=False)


class _Chunks:
    """Encrypts what is written to it, chunk by chunk."""

    def __init__(self, target: BinaryIO, key: bytes, suite: Suite) -> None:
        self._target, self._cipher, self._number = target, suite.content.cipher(key), 0
        self._waiting, self._magic = bytearray(), _MAGIC[suite.name]
        self.digest, self.size = suite.hasher(), 0
        self._emit(self._magic)

    def write(self, data: bytes) -> int:
        self._waiting += data
        while len(self._waiting) > CHUNK:  # the last chunk must be kept back: its nonce says that it is the last
            self._seal(bytes(self._waiting[:CHUNK]), last=False)
            del self._waiting[:CHUNK]
        return len(data)

    def finish(self) -> None:
        self._seal(bytes(self._waiting), last=True)

    def _seal(self, plain: bytes, *, last: bool) -> None:
        self._emit(self._cipher.encrypt(_nonce(self._number, last), plain, self._magic))
        self._number += 1

    def _emit(self, data: bytes) -> None:
        self._target.write(data)
        self.digest.update(data)
        self.size += len(data)


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\x01" if last else b"\x00")


def write(lines: Iterable[bytes], folder: Path, suite: Suite = suites.STD_1) -> tuple[Path, Facts]:
    """Write lines (without line feeds) as a roster file named by its digest into `folder`. Raises Refused on an overlong line."""
    key = suite.random(suite.content.key_bytes)
    part = folder / f".{secrets.token_hex(8)}.part"
    count = plain = 0
    try:
        with part.open("wb") as file:
            chunks = _Chunks(file, key, suite)
            compressor = zstandard.ZstdCompressor(level=6, threads=0).compressobj()
            for line in lines:
                if len(line) > MAX_ROSTER_LINE:
                    raise Refused("too-large", f"line {count + 1}")
                chunks.write(compressor.compress(line + b"\n"))
                count, plain = count + 1, plain + len(line) + 1
            chunks.write(compressor.flush())
            chunks.finish()
            file.flush()
            os.fsync(file.fileno())
        facts = Facts(chunks.digest.hexdigest(), chunks.size, plain, count, _text(key))
        final = folder / f"{facts.digest}.roster"
        os.replace(part, final)
    finally:
        part.unlink(missing_ok=True)
    return final, facts


def copy(path: Path, facts: Facts, folder: Path, suite: Suite) -> Facts:
    """Write the file anew under another suite, still compressed, into `folder`; return its facts. Raises Refused."""
    key = suite.random(suite.content.key_bytes)
    part = folder / f".{secrets.token_hex(8)}.part"
    try:
        with part.open("wb") as file:
            chunks = _Chunks(file, key, suite)
            for block in _decrypted(path, facts.key):
                chunks.write(block)
            chunks.finish()
            file.flush()
            os.fsync(file.fileno())
        made = Facts(chunks.digest.hexdigest(), chunks.size, facts.plain_size, facts.lines, _text(key))
        os.replace(part, folder / f"{made.digest}.roster")
    finally:
        part.unlink(missing_ok=True)
    return made


def _text(key: bytes) -> str:
    return base64.urlsafe_b64encode(key).rstrip(b"=").decode()


def line_fault(line: bytes) -> tuple[str, str, str]:
    """Return (what a kiosk would say is wrong with a line of a snapshot, or "", person id, number). The bureau asks."""
    if len(line) > MAX_ROSTER_LINE:
        return "longer than a line may be", "", ""
    try:
        data = json_bounds.parse(line)
    except json_bounds.JsonRefused:
        return "not JSON", "", ""
    fault = roster_line.check(data) or (f"{roster_line.unsendable(data)} cannot be sent" if roster_line.unsendable(data) else "")
    if fault:
        return fault, "", ""
    try:
        number = roster_build.row(data)[0]
    except (KeyError, TypeError, ValueError, AttributeError, StoreError):
        return "id_number", "", ""
    return "", str(data["person_id"]), number


def entry_of(data: Any) -> RosterEntry:
    """Return the person of a parsed line. Raises ValueError."""
    return roster_line.of_data(data)


def check(path: Path, manifest: RosterManifest) -> None:
    """Raise Refused unless the file is exactly the one the signed manifest names."""
    if manifest.size > MAX_ROSTER_FILE:
        raise Refused("too-large")
    hasher = suite_of(manifest.file_key).hasher()
    size = 0
    with path.open("rb") as file:
        while block := file.read(CHUNK):
            size += len(block)
            hasher.update(block)
    if size < manifest.size:
        raise Refused("truncated", "roster file")
    if size != manifest.size or hasher.hexdigest() != manifest.digest:
        raise Refused("digest-differs", "roster file")


def read(path: Path, manifest: RosterManifest, progress: Callable[[int], None] | None = None) -> Iterator[bytes]:
    """Yield the lines, having checked the digest first. Raises Refused when anything is not as the manifest says.

    The number of lines and bytes is known only at the end: apply the lines in a transaction, commit after the last one.
    """
    check(path, manifest)
    count = plain = 0
    waiting = b""
    for block in _decompressed(path, manifest):
        plain += len(block)
        if plain > manifest.plain_size:
            raise Refused("too-large", "more than the manifest says")
        *whole, waiting = (waiting + block).split(b"\n")
        if len(waiting) > MAX_ROSTER_LINE:
            raise Refused("too-large", "line")
        for line in whole:
            count += 1
            yield line
        if progress is not None:
            progress(count)
    if waiting or count != manifest.lines or plain != manifest.plain_size:
        raise Refused("truncated", "lines")


def _decompressed(path: Path, manifest: RosterManifest) -> Iterator[bytes]:
    # ZstdDecompressor.read_to_iter yields blocks of at most 128 KiB: memory stays bounded whatever the file claims.
    try:
        yield from zstandard.ZstdDecompressor(max_window_size=2**27).read_to_iter(cast(BinaryIO, _Plain(path, manifest)))
    except zstandard.ZstdError as error:
        raise Refused("truncated", "does not decompress") from error


class _Plain:
    """A reader of the decrypted chunks, as zstandard wants it."""

    def __init__(self, path: Path, manifest: RosterManifest) -> None:
        self._chunks = _decrypted(path, manifest.file_key)
        self._waiting = b""

    def read(self, size: int) -> bytes:
        if not self._waiting:
            self._waiting = next(self._chunks, b"")
        out, self._waiting = self._waiting[:size], self._waiting[size:]
        return out


def suite_of(file_key: str) -> Suite:
    """Return the suite of a file by the length of its key; whether it is the pinned one says `must_be`."""
    return _KEYS[len(file_key)]


def must_be(manifest: RosterManifest, suite: Suite) -> None:
    """Raise Refused for a file under another suite than the pinned one, however well its manifest is signed."""
    if suite_of(manifest.file_key) is not suite:
        raise Refused("other-suite", "roster file")


def _decrypted(path: Path, file_key: str) -> Iterator[bytes]:
    suite = suite_of(file_key)
    cipher, magic = suite.content.cipher(base64.urlsafe_b64decode(file_key + "=" * (-len(file_key) % 4))), _MAGIC[suite.name]
    with path.open("rb") as file:
        if file.read(len(magic)) != magic:
            raise Refused("malformed", "not a roster file")
        number = 0
        block = file.read(CHUNK + TAG)
        while block:
            following = file.read(CHUNK + TAG)
            try:
                yield cipher.decrypt(_nonce(number, not following), block, magic)
            except InvalidTag as error:
                raise Refused("truncated", f"chunk {number}") from error
            number, block = number + 1, following
