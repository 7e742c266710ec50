"""The journal's mirror beside the database: append-only, encrypted, fsynced. What is recovered from when the database is damaged.

One file a month below `journal/`. A file is a header and frames: 4 bytes length, 12 bytes nonce, AES-256-GCM of the frame's JSON.
A torn last frame (power loss) is cut off at the next start. Called by `store.journal` and `store.recovery` alone.
"""

from __future__ import annotations

import json
import os
import secrets
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kiosk import failpoints
from kiosk.store.engine.keys import sync_folder

_HEADER = b"kiosk-journal-1\n"
_MAX_FRAME = 8 * 1024 * 1024
_NONCE = 12


@dataclass(frozen=True, slots=True)
class Frame:
    """One journal entry with the rows it wrote. `rows`: (table, row) in order; a table name with a leading "-" deletes."""

    seq: int
    body: str
    signature: str
    key_id: str
    rows: tuple[tuple[str, dict[str, Any]], ...] = ()


def frame_text(seq: int, body: str, signature: str, key_id: str, rows_json: str) -> bytes:
    """Return a frame as it is sealed: JSON. rows_json: the rows, as JSON already."""
    head = json.dumps([seq, body, signature, key_id], ensure_ascii=False, separators=(",", ":"))
    return f"{head[:-1]},{rows_json}]".encode()


class JournalFile:
    """The mirror below one folder. Appended to by one process at a time (`store.lock`)."""

    def __init__(self, folder: Path, key: bytes) -> None:
        """Make the folder where there is none. Reading changes nothing, so others may read beside the one that appends."""
        self._folder = folder
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
            os.ftruncate(handle, before)  # half a frame would hide everything written after it
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

    def read(self) -> Iterator[Frame]:
        """Yield the frames of all files in order of their files; a damaged frame is left out."""
        for path in self.files():
            yield from self._read(path)

    def rewrite(self, change: Callable[[Frame], Frame | None]) -> int:
        """Pass every frame through `change` (None drops it) and replace the files that changed. Returns how many frames did.

        For retention and erasure: what a person withdrew must not live on here.
        """
        changed = 0
        self.close()  # the files get other bodies under the same names
        for path in self._folder.glob("*.part"):
            path.unlink()  # of a rewriting that the power ended
        for path in self.files():
            before = list(self._read(path))
            after = [change(frame) for frame in before]
            here = sum(one is not two for one, two in zip(before, after, strict=True))
            if not here:
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
        if changed:
            sync_folder(self._folder)
        return changed

    def set_aside_foreign(self) -> list[str]:
        """Rename files of which no frame opens (another key). Returns their new names."""
        names = []
        for path in self.files():
            if path.stat().st_size > len(_HEADER) and next(self._read(path), None) is None:
                target = path.with_suffix(f".{secrets.token_hex(4)}.damaged")
                path.rename(target)
                names.append(target.name)
        return names

    def _seal(self, plain: bytes) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        sealed = nonce + self._cipher.encrypt(nonce, plain, _HEADER)
        return struct.pack(">I", len(sealed)) + sealed

    def _open(self, sealed: bytes) -> Frame | None:
        try:
            plain = self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], _HEADER)
        except InvalidTag:
            return None
        seq, body, signature, key_id, rows = json.loads(plain)
        return Frame(seq, body, signature, key_id, tuple((table, row) for table, row in rows))

    def _read(self, path: Path) -> Iterator[Frame]:
        with path.open("rb") as file:
            if file.read(len(_HEADER)) != _HEADER:
                return
            while True:
                head = file.read(4)
                size = struct.unpack(">I", head)[0] if len(head) == 4 else 0
                if not _NONCE < size <= _MAX_FRAME:
                    return
                sealed = file.read(size)
                if len(sealed) != size:
                    return
                frame = self._open(sealed)
                if frame is not None:  # a damaged frame hides itself alone
                    yield frame

    def _cut_torn_tail(self, path: Path) -> None:
        size = path.stat().st_size
        good = 0
        with path.open("rb") as file:
            if file.read(len(_HEADER)) == _HEADER:
                good = len(_HEADER)
                while len(head := file.read(4)) == 4:
                    length = struct.unpack(">I", head)[0]
                    if not _NONCE < length <= _MAX_FRAME or good + 4 + length > size:
                        break
                    good += 4 + length
                    file.seek(good)
        if good == 0 and size > len(_HEADER):
            path.rename(path.with_suffix(".damaged"))  # not ours: kept for whoever investigates, never appended to
        elif good < size:
            with path.open("r+b") as file:
                file.truncate(good)
                os.fsync(file.fileno())
