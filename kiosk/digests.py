"""Digests and MACs by their names, for store, sync and bureau: SHA-256 (FIPS 180-4) and SM3 (GB/T 32905). Both have 32 bytes.

Which of them counts where is not decided here: what travels follows the suite (`kiosk.sync.suites`), the journal follows the key
that signs it (`of_key`). Example: `hexdigest("sm3", b"abc")`; for pieces `h = hasher("sm3"); h.update(piece); h.hexdigest()`.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Protocol

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC

SHA_256 = "sha-256"
SM3 = "sm3"
NAMES = (SHA_256, SM3)
_SM3_KEYS = ("sm2:", "device-sm3")  # of whom entries are digested with SM3


class Hasher(Protocol):
    """A digest that is being taken."""

    def update(self, data: bytes, /) -> None:
        """Take more bytes in."""

    def hexdigest(self) -> str:
        """Return the digest in hexadecimal, 64 characters; nothing may be added afterwards."""


class _Sm3:
    def __init__(self) -> None:
        self._hash = hashes.Hash(hashes.SM3())

    def update(self, data: bytes, /) -> None:
        self._hash.update(data)

    def hexdigest(self) -> str:
        return self._hash.finalize().hex()


def hasher(name: str) -> Hasher:
    """Return a fresh digest. Raises ValueError for a name that is none."""
    if name == SHA_256:
        return hashlib.sha256()
    if name == SM3:
        return _Sm3()
    raise ValueError(f"no digest of this name: {name}")


def hexdigest(name: str, data: bytes) -> str:
    """Return the digest of `data`, 64 hexadecimal characters."""
    one = hasher(name)
    one.update(data)
    return one.hexdigest()


def mac(name: str, key: bytes, data: bytes) -> bytes:
    """Return the HMAC (RFC 2104, GB/T 15852.2) of `data` with this digest, 32 bytes."""
    if name == SHA_256:
        return hmac.digest(key, data, hashlib.sha256)
    if name != SM3:
        raise ValueError(f"no digest of this name: {name}")
    one = HMAC(key, hashes.SM3())
    one.update(data)
    return one.finalize()


def of_key(key_id: str) -> str:
    """Return the name of the digest that goes with a signing key: entries name their key, "sm2:…" or "ed25519:…"."""
    return SM3 if key_id.startswith(_SM3_KEYS) else SHA_256
