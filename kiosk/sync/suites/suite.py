"""What a suite is: every cryptographic choice of the wire in one value. `kiosk.sync.suites` lists those that there are."""

from __future__ import annotations

import base64
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from joserfc.jwk import OKPKey

from kiosk import digests
from kiosk.sync.limits import MAX_HEADER
from kiosk.sync.suites.sm2 import SM2Key

Key = OKPKey | SM2Key  # its type says its suite: no key is ever used under another


class NotWhole(ValueError):
    """Not a document of this suite: cut off, altered, of another form, or sealed to another key."""


class BadSignature(ValueError):
    """Whole, and not signed by this key."""


class OtherSuite(ValueError):
    """A document of another suite than its key's. It is not even tried."""


class Aead(Protocol):
    """Authenticated encryption with one key; the tag's 16 bytes stand at the end of the ciphertext."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        """Return ciphertext and tag. nonce: 12 bytes, never twice under one key."""

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        """Return the plaintext. Raises cryptography's InvalidTag."""


class Signature(Protocol):
    """Signatures. `alg`: the JOSE name."""

    alg: str

    def new_key(self) -> Key:
        """Return a fresh private key."""

    def public(self, key: Key) -> str:
        """Return the public half as it travels, base64url."""

    def from_public(self, text: str) -> Key:
        """Return the public key. Raises ValueError."""

    def sign(self, data: bytes, key: Key) -> bytes:
        """Return the signature, 64 bytes."""

    def verify(self, data: bytes, signature: bytes, key: Key) -> bool:
        """Return whether it is right."""


class Agreement(Protocol):
    """How a recipient's public key becomes the key of one document. `alg`: the JOSE name."""

    alg: str

    def new_key(self) -> Key:
        """Return a fresh private key."""

    def public(self, key: Key) -> str:
        """Return the public half as it travels, base64url."""

    def from_public(self, text: str) -> Key:
        """Return the public key. Raises ValueError."""


class ContentEncryption(Protocol):
    """Authenticated encryption of content. `enc`: the JOSE name; `key_bytes`: length of a key."""

    enc: str
    key_bytes: int

    def cipher(self, key: bytes) -> Aead:
        """Return the cipher under one key. Raises ValueError on another length."""


class Suite(ABC):
    """A suite: its parts, and a document signed and sealed with them (compact JWS and JWE)."""

    name: ClassVar[str]
    digest_name: ClassVar[str]  # of `kiosk.digests`
    signature: Signature
    agreement: Agreement
    content: ContentEncryption

    # --- parts

    def digest(self, data: bytes) -> str:
        """Return the digest of `data`: 64 hexadecimal characters, in every suite."""
        return digests.hexdigest(self.digest_name, data)

    def hasher(self) -> digests.Hasher:
        """Return a fresh digest for what comes in pieces: `update(piece)` …, then `hexdigest()` once."""
        return digests.hasher(self.digest_name)

    def mac(self, key: bytes, data: bytes) -> bytes:
        """Return the HMAC with this suite's digest, 32 bytes."""
        return digests.mac(self.digest_name, key, data)

    @abstractmethod
    def random(self, count: int) -> bytes:
        """Return so many random bytes, from the system's generator."""

    # --- documents

    @abstractmethod
    def sign(self, header: Mapping[str, str], payload: bytes, key: Key) -> str:
        """Return a compact JWS; `alg` is put first in the header."""

    @abstractmethod
    def verify(self, compact: str, key: Key) -> tuple[dict[str, Any], bytes]:
        """Return header and payload. Raises NotWhole, BadSignature, OtherSuite."""

    @abstractmethod
    def encrypt(self, header: Mapping[str, str], plain: bytes, key: Key) -> bytes:
        """Return a compact JWE; `alg` and `enc` are put first in the header."""

    @abstractmethod
    def decrypt(self, sealed: bytes, key: Key) -> bytes:
        """Return the plaintext. Raises NotWhole, OtherSuite."""


def header_of(compact: bytes) -> dict[str, Any]:
    """Return the header of a compact JWS or JWE. Nothing is verified. Raises NotWhole."""
    first = compact[: MAX_HEADER + 1].split(b".", 1)[0]
    if len(first) > MAX_HEADER:
        raise NotWhole("header")
    try:
        head = json.loads(unpadded(first), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise NotWhole("header") from error
    if not isinstance(head, dict):
        raise NotWhole("header")
    return head


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a name twice")
    return dict(pairs)


def unpadded(text: bytes) -> bytes:
    """Return what base64url without padding stands for, written the one way it can be. Raises ValueError."""
    data = base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    if padless(data) != text:
        raise ValueError("not base64url")
    return data


def padless(data: bytes) -> bytes:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")
