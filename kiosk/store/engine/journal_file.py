"""The journal's mirror beside the database: append-only, encrypted, fsynced. What is recovered from when the database is damaged.

One file a month below `journal/`. A file is a header and frames: 4 bytes length, 12 bytes nonce, AES-256-GCM of the frame's JSON.
What is damaged hides itself alone: reading goes on at the next whole frame. Only a frame that the power cut short is cut off.
Called by `store.engine.journal`, `store.engine.key_check`, `store.recovery` and `store.mirror_check` alone.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kiosk import failpoints
from kiosk.durable import sync_folder

_HEADER = b"kiosk-journal-1\n"
_MAX_FRAME = 8 * 1024 * 1024
_NONCE, _TAG = 12, 16
_LENGTH = re.compile(rb"(?=\x00[\x00-\x80])", re.DOTALL)  # how the length of a frame of at most 8 MiB begins
_BEGINS = re.compile(rb"\[\d+[,\d]")  # how the JSON of a frame begins


@dataclass(frozen=True, slots=True)
class MirrorFrame:
    """One journal entry with the rows it wrote. `rows`: (table, row) in order; a table name with a leading "-" deletes."""

    seq: int
    body: str
    signature: str
    key_id: str
    rows: tuple[tuple[str, dict[str, Any]], ...] = ()


@dataclass(frozen=True, slots=True)
class Damage:
    """A part of a mirror file that no frame can be read from. `torn`: the end of a frame that the power cut short."""

    path: Path
    start: int
    end: int
    torn: bool = False


def frame_text(seq: int, body: str, signature: str, key_id: str, rows_json: str) -> bytes:
    """Return a frame as it is sealed: JSON. rows_json: the rows, as JSON already."""
    head = json.dumps([seq, body, signature, key_id], ensure_ascii=False, separators=(",", ":"))
    return f"{head[:-1]},{rows_json}]".encode()


class JournalFile:
    """The mirror below one folder. Appended to by one process at a time (`store.engine.lock`)."""

    header_size = len(_HEADER)

    def __init__(self, folder: Path, key: bytes) -> None:
        """Make the folder where there is none. Reading changes nothing, so others may read beside the one that appends."""
        self._folder = folder
        self._key = key
        self._cipher = AESGCM(key)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._whole: set[Path] = set()  # files whose tail was looked at: any month may be next, clocks being what they are
        self._kept: tuple[Path, int] | None = None  # the file appended to last stays open

    def files(self) -> list[Path]:
        """Return the files, oldest month first."""
        return sorted(self._folder.glob("*.journal"))

    def append(self, month: str, frames: Iterable[bytes]) -> None:
        """Write frames (`frame_text`) to the file of `month` ("2026-11") and make them durable.

        Raises OSError; then nothing of them counts.
        """
        path = self._folder / f"{month}.journal"
        handle, fresh = self._handle(path)
        before = os.fstat(handle).st_size
        data = b"".join(self._seal(frame) for frame in frames)
        try:
            if before == 0:
                data = _HEADER + data
            if __debug__:
                failpoints.hit("mirror.write")
            view = memoryview(data)
            while view:
                view = view[os.write(handle, view) :]
            if __debug__:
                failpoints.hit("mirror.fsync")
            os.fsync(handle)
        except OSError:
            os.ftruncate(handle, before)  # half a frame would have to be searched over at every reading
            raise
        if fresh:
            sync_folder(self._folder)

    def close(self) -> None:
        """Close the file that was appended to last. Safe to call twice."""
        if self._kept is not None:
            os.close(self._kept[1])
            self._kept = None

    def _handle(self, path: Path) -> tuple[int, bool]:
        if self._kept is not None and self._kept[0] == path and os.fstat(self._kept[1]).st_nlink:
            return self._kept[1], False  # and nobody has removed the file meanwhile
        self.close()
        fresh = not path.exists()
        if not fresh and path not in self._whole:
            self._cut_torn_tail(path)
        self._whole.add(path)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600)
        self._kept = (path, handle)
        return handle, fresh

    def read(self) -> Iterator[MirrorFrame]:
        """Yield the frames of all files in order of their files; what is damaged is left out."""
        for one in self.walk():
            if isinstance(one, MirrorFrame):
                yield one

    def walk(self) -> Iterator[MirrorFrame | Damage]:
        """Yield the frames of all files, and what is damaged between them, in order of their files."""
        for path in self.files():
            yield from self._walk(path)

    def rewrite(self, change: Callable[[MirrorFrame], MirrorFrame | None], *, damaged_too: bool = False) -> int:
        """Pass every frame through `change` (None drops it) and replace the files that changed. Returns how many frames did.

        For retention and erasure: what a person withdrew must not live on here. damaged_too: leave damaged parts out as well.
        """
        changed = 0
        self.close()  # the files get other bodies under the same names
        for path in self._folder.glob("*.part"):
            path.unlink()  # of a rewriting that the power ended
        for path in self.files():
            found = list(self._walk(path))
            before = [one for one in found if isinstance(one, MirrorFrame)]
            after = [change(frame) for frame in before]
            here = sum(one is not two for one, two in zip(before, after, strict=True))
            if not here and not (damaged_too and len(found) > len(before)):
                continue
            changed += here
            kept = [frame for frame in after if frame is not None]
            if not kept:
                path.unlink()
                continue
            part = path.with_suffix(".part")
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(_HEADER)
                for frame in kept:
                    rows = json.dumps(frame.rows, ensure_ascii=False, separators=(",", ":"))
                    file.write(self._seal(frame_text(frame.seq, frame.body, frame.signature, frame.key_id, rows)))
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        sync_folder(self._folder)
        return changed

    def set_aside_foreign(self) -> list[str]:
        """Rename files of which no frame opens (another key). Returns their new names."""
        names = []
        for path in self.files():
            if path.stat().st_size > len(_HEADER) and not self._opens(path):
                target = path.with_suffix(f".{secrets.token_hex(4)}.damaged")
                path.rename(target)
                names.append(target.name)
        return names

    def bring_back(self) -> list[str]:
        """Take files back into use that were set aside under another key, and that this one opens. Returns their names."""
        names = []
        self.close()
        for path in sorted(self._folder.glob("*.damaged")):
            target = path.with_name(path.name.split(".")[0] + ".journal")
            if not target.exists() and self._opens(path):
                path.rename(target)
                names.append(target.name)
        sync_folder(self._folder)
        return names

    def _opens(self, path: Path) -> bool:
        return any(isinstance(one, MirrorFrame) for one in self._walk(path))

    def _seal(self, plain: bytes) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        sealed = nonce + self._cipher.encrypt(nonce, plain, _HEADER)
        return struct.pack(">I", len(sealed)) + sealed

    def _walk(self, path: Path) -> Iterator[MirrorFrame | Damage]:
        data = path.read_bytes()  # a month: some MB
        size = len(data)
        at = len(_HEADER) if data.startswith(_HEADER) else 0
        if at == 0 and not size > len(_HEADER):
            return  # made, and nothing written yet
        while at < size:
            found = self._frame(data, at)
            if found is not None:
                yield found[0]
                at = found[1]
                continue
            following = self._next_whole(data, at + 1)
            end = size if following is None else following
            yield Damage(path, at, end, torn=following is None and _cut_short(data, at))
            at = end

    def _frame(self, data: bytes, at: int, *, searching: bool = False) -> tuple[MirrorFrame, int] | None:
        """Return the whole frame that begins at `at`, and where it ends; None when there is none."""
        if len(data) < at + 4:
            return None
        length = struct.unpack_from(">I", data, at)[0]
        end = at + 4 + length
        if not _NONCE + _TAG < length <= _MAX_FRAME or end > len(data):
            return None
        nonce = data[at + 4 : at + 4 + _NONCE]
        if searching:
            # Its first block alone, unauthenticated, tells most places that are no frame: microseconds instead of megabytes.
            counter = Cipher(algorithms.AES(self._key), modes.CTR(nonce + b"\0\0\0\2")).decryptor()
            if _BEGINS.match(counter.update(data[at + 4 + _NONCE : min(end - _TAG, at + 32)])) is None:
                return None
        try:
            plain = self._cipher.decrypt(nonce, data[at + 4 + _NONCE : end], _HEADER)
        except InvalidTag:
            return None
        seq, body, signature, key_id, rows = json.loads(plain)
        return MirrorFrame(seq, body, signature, key_id, tuple((table, row) for table, row in rows)), end

    def _next_whole(self, data: bytes, start: int) -> int | None:
        for place in _LENGTH.finditer(data, start):
            if self._frame(data, place.start(), searching=True) is not None:
                return place.start()
        return None

    def _cut_torn_tail(self, path: Path) -> None:
        size = path.stat().st_size
        found = list(self._walk(path))
        last = found[-1] if found else None
        if size > len(_HEADER) and not any(isinstance(one, MirrorFrame) for one in found):
            with path.open("rb") as file:
                ours = file.read(len(_HEADER)) == _HEADER
            if not ours:
                path.rename(path.with_suffix(".damaged"))  # not ours: kept for whoever investigates, never appended to
                return
        if isinstance(last, Damage) and last.torn:
            self._truncate(path, last.start)
        elif size and size < len(_HEADER):
            self._truncate(path, 0)

    def _truncate(self, path: Path, size: int) -> None:
        with path.open("r+b") as file:
            file.truncate(size)
            os.fsync(file.fileno())


def _cut_short(data: bytes, at: int) -> bool:
    """Whether what begins here is a frame that ends behind the end of the file."""
    if len(data) - at < 4 or not any(data[at:]):
        return True  # zeroes: the file had grown, what was written into it had not arrived
    length = struct.unpack_from(">I", data, at)[0]
    return bool(_NONCE + _TAG < length <= _MAX_FRAME and at + 4 + length > len(data))
