"""A backup's container: compressed and encrypted with one key; no part of it can be altered, moved or cut off unnoticed.

zstd, then AES-256-GCM or SM4-GCM over 1 MiB each; the nonce holds the chunk's number and whether it is the last (STREAM, as
roster files), the key is derived for this one file (HKDF-SHA256 with a random salt in its head). A wrong key fails at the first
chunk. Which cipher it is stands in the first eight bytes, which every chunk authenticates.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from pathlib import Path
from typing import BinaryIO, Literal

import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kiosk.errors import KioskError
from kiosk.sm4 import Sm4Gcm

Cipher = Literal["aes", "sm4"]
CIPHERS: tuple[Cipher, ...] = ("aes", "sm4")
_MAGIC: dict[Cipher, bytes] = {"aes": b"PKBACKU1", "sm4": b"PKBACKUG"}
CHUNK = 1024 * 1024
_TAG, _SALT = 16, 32


class VaultRefused(KioskError):
    """A backup cannot be opened. `why`: wrong-key (or its very start is damaged), damaged, not-a-backup, no-key."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def new_key(path: Path) -> None:
    """Make a key file of mode 0600. Raises FileExistsError: a key that may open backups is never written over."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode() + "\n")


def read_key(path: Path) -> bytes:
    """Return the key of a file. Raises VaultRefused."""
    try:
        key = base64.urlsafe_b64decode(path.read_text(encoding="ascii").strip())
    except (OSError, UnicodeDecodeError, binascii.Error, ValueError):
        raise VaultRefused("no-key") from None
    if len(key) != 32:
        raise VaultRefused("no-key")
    return key


class Sealer:
    """What is written to it lies encrypted in `target`; `close` ends it."""

    def __init__(self, target: BinaryIO, key: bytes, cipher: Cipher = "aes") -> None:
        salt, self._magic = secrets.token_bytes(_SALT), _MAGIC[cipher]
        self._target, self._cipher, self._number = target, _cipher(key, salt, cipher), 0
        self._waiting = bytearray()
        self._squeeze = zstandard.ZstdCompressor(level=6).compressobj()
        target.write(self._magic + salt)

    def write(self, data: bytes) -> int:
        """Take more."""
        self._take(self._squeeze.compress(data))
        return len(data)

    def close(self) -> None:
        """Write the last chunk."""
        self._take(self._squeeze.flush())
        self._emit(bytes(self._waiting), last=True)

    def _take(self, data: bytes) -> None:
        self._waiting += data
        while len(self._waiting) > CHUNK:
            self._emit(bytes(self._waiting[:CHUNK]), last=False)
            del self._waiting[:CHUNK]

    def _emit(self, plain: bytes, *, last: bool) -> None:
        self._target.write(self._cipher.encrypt(_nonce(self._number, last), plain, self._magic))
        self._number += 1


class Opener:
    """Reads what a Sealer wrote. Raises VaultRefused at the first byte that is not as it was written."""

    def __init__(self, source: BinaryIO, key: bytes) -> None:
        self._magic, salt = source.read(8), source.read(_SALT)
        cipher = next((name for name in CIPHERS if _MAGIC[name] == self._magic), None)
        if cipher is None or len(salt) != _SALT:
            raise VaultRefused("not-a-backup")
        self._source, self._cipher, self._number = source, _cipher(key, salt, cipher), 0
        self._next = source.read(CHUNK + _TAG)
        self._open = zstandard.ZstdDecompressor().decompressobj()
        self._ready = bytearray()

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes; b"" at the end."""
        while self._next and (size < 0 or len(self._ready) < size):
            block, self._next = self._next, self._source.read(CHUNK + _TAG)
            try:
                plain = self._cipher.decrypt(_nonce(self._number, not self._next), block, self._magic)
            except InvalidTag:
                raise VaultRefused("damaged" if self._number else "wrong-key") from None
            self._number += 1
            try:
                self._ready += self._open.decompress(plain)
            except zstandard.ZstdError:
                raise VaultRefused("damaged") from None
        size = len(self._ready) if size < 0 else size
        out = bytes(self._ready[:size])
        del self._ready[:size]
        return out


def _cipher(key: bytes, salt: bytes, cipher: Cipher) -> AESGCM | Sm4Gcm:
    if cipher == "sm4":
        return Sm4Gcm(HKDF(SHA256(), 16, salt=salt, info=b"pension-kiosk/bureau-backup/sm4").derive(key))
    return AESGCM(HKDF(SHA256(), 32, salt=salt, info=b"pension-kiosk/bureau-backup").derive(key))


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\x01" if last else b"\x00")
