"""SM2 (GB/T 32918, GM/T 0009) on the recommended curve, by GmSSL (`gmssl-pyx`): keys, signatures with SM3, short secrets encrypted.

No arithmetic with a private key is done in Python: here are only public hashing (the value Z of the user's id), encodings and
bounds. A private key is something that can sign a digest and decrypt (`Private`): in memory, or in a device.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any, Protocol

import gmssl_pyx
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from kiosk import digests

DEFAULT_ID = b"1234567812345678"  # GM/T 0009-2012, 10: unless both ends agree on another
CURVE = "SM2"  # `crv` of our JWKs
ORDER = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123  # GB/T 32918.5
_A = bytes.fromhex("fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc")
_B = bytes.fromhex("28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93")
_G = bytes.fromhex(
    "32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0"
)
_SIDE = 32  # bytes of a coordinate, of r, of s
MAX_SECRET = 255  # bytes that GmSSL encrypts at once
_MAX_CIPHERTEXT = 366


class Private(Protocol):
    """The secret half of a key, wherever it lies."""

    def sign_digest(self, digest: bytes) -> bytes:
        """Return the signature of 32 bytes, r and s of 32 bytes each."""

    def decrypt(self, ciphertext: bytes) -> bytes:
        """Return what was encrypted (DER, C1 C3 C2 of GM/T 0009). Raises ValueError."""

    def export(self) -> bytes:
        """Return the 32 bytes of the key. Raises ValueError when they never leave their device."""


@dataclass(frozen=True, slots=True)
class _InMemory:
    secret: bytes = field(repr=False)

    def sign_digest(self, digest: bytes) -> bytes:
        return _raw(gmssl_pyx.sm2_sign_sm3_digest(self.secret, digest))

    def decrypt(self, ciphertext: bytes) -> bytes:
        try:
            return bytes(gmssl_pyx.sm2_decrypt(self.secret, ciphertext))
        except gmssl_pyx.GmsslInnerError as error:
            raise ValueError("does not decrypt") from error

    def export(self) -> bytes:
        return self.secret


@dataclass(frozen=True, slots=True)
class SM2Key:
    """A key of the curve. `point`: x and y, 32 bytes each. `private`: None for a public key. Raises ValueError off the curve."""

    point: bytes
    private: Private | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        try:
            good = len(self.point) == 2 * _SIDE and gmssl_pyx.normalize_sm2_public_key(self.point) == self.point
        except gmssl_pyx.GmsslInnerError:
            good = False
        if not good:
            raise ValueError("not a point of the curve")

    @property
    def is_private(self) -> bool:
        """Whether it can sign and decrypt."""
        return self.private is not None

    @property
    def public(self) -> str:
        """The public half as it travels: base64url of x and y, 86 characters."""
        return _text(self.point)

    def as_dict(self, *, private: bool) -> dict[str, str]:
        """Return the key as a JWK; `crv` is a name of our own. Raises ValueError when the secret stays in its device."""
        jwk = {"kty": "EC", "crv": CURVE, "x": _text(self.point[:_SIDE]), "y": _text(self.point[_SIDE:])}
        if private:
            jwk["d"] = _text(_secret_half(self).export())
        return jwk


def generate() -> SM2Key:
    """Return a fresh key."""
    point, secret = gmssl_pyx.sm2_key_generate()
    return SM2Key(point, _InMemory(secret))


def from_public(text: str) -> SM2Key:
    """Return the public key whose `SM2Key.public` this is. Raises ValueError."""
    return SM2Key(_bytes(text))


def from_dict(jwk: Any) -> SM2Key:
    """Return the key of a JWK as `SM2Key.as_dict` writes it. Raises ValueError, KeyError, TypeError for anything else."""
    if jwk["kty"] != "EC" or jwk["crv"] != CURVE:
        raise ValueError("not an SM2 key")
    point = _bytes(jwk["x"]) + _bytes(jwk["y"])
    if "d" not in jwk:
        return SM2Key(point)
    return from_secret(point, _bytes(jwk["d"]))


def from_secret(point: bytes, secret: bytes) -> SM2Key:
    """Return the private key, tried once: halves that do not belong together are told here. Raises ValueError."""
    if len(secret) != _SIDE or not 0 < int.from_bytes(secret, "big") < ORDER - 1:
        raise ValueError("not an SM2 key")
    key = SM2Key(point, _InMemory(secret))
    if not verify(key, b"", sign(key, b"")):
        raise ValueError("the halves of the key do not belong together")
    return key


def message_digest(key: SM2Key, data: bytes, user_id: bytes = DEFAULT_ID) -> bytes:
    """Return e = SM3(Z || data) of GB/T 32918.2, 6.1, with Z of 5.5: what is signed binds the signer's id and public key."""
    bits = (len(user_id) * 8).to_bytes(2, "big")
    z = bytes.fromhex(digests.hexdigest(digests.SM3, bits + user_id + _A + _B + _G + key.point))
    return bytes.fromhex(digests.hexdigest(digests.SM3, z + data))


def sign(key: SM2Key, data: bytes, user_id: bytes = DEFAULT_ID) -> bytes:
    """Return the signature, r and s of 32 bytes each. Raises ValueError for a public key."""
    # Not gmssl_pyx.sm2_sign: it prepares 32 random points for a series of signatures and takes ten times as long.
    return _secret_half(key).sign_digest(message_digest(key, data, user_id))


def verify(key: SM2Key, data: bytes, signature: bytes, user_id: bytes = DEFAULT_ID) -> bool:
    """Return whether the signature (r and s, 64 bytes) is right; r and s outside 1 … n-1 are not."""
    if len(signature) != 2 * _SIDE:
        return False
    r, s = int.from_bytes(signature[:_SIDE], "big"), int.from_bytes(signature[_SIDE:], "big")
    if not (0 < r < ORDER and 0 < s < ORDER):
        return False
    try:
        return bool(gmssl_pyx.sm2_verify_sm3_digest(key.point, message_digest(key, data, user_id), encode_dss_signature(r, s)))
    except gmssl_pyx.GmsslInnerError:
        return False


def encrypt(key: SM2Key, secret: bytes) -> bytes:
    """Return 1 to 255 bytes encrypted to `key`: DER of C1 (x, y), C3, C2, as GM/T 0009 and OpenSSL write it. Raises ValueError."""
    if not 0 < len(secret) <= MAX_SECRET:
        raise ValueError("1 to 255 bytes")
    return bytes(gmssl_pyx.sm2_encrypt(key.point, secret))


def decrypt(key: SM2Key, ciphertext: bytes) -> bytes:
    """Return what was encrypted. Raises ValueError on anything altered, on a point off the curve, for a public key."""
    if len(ciphertext) > _MAX_CIPHERTEXT:
        raise ValueError("too long")
    return _secret_half(key).decrypt(ciphertext)


def ciphertext_parts(der: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """Return C1 (x, y of 32 bytes), C3 and C2 of a ciphertext as `encrypt` writes it. Raises ValueError for anything else."""
    tag, content, rest = _element(der)
    parts = []
    for wanted in (2, 2, 4, 4):
        kind, value, content = _element(content)
        if kind != wanted:
            raise ValueError("not a ciphertext")
        parts.append(value)
    numbers = [int.from_bytes(one, "big", signed=True) for one in parts[:2]]
    if tag != 0x30 or rest or content or len(parts[2]) != _SIDE or any(not 0 <= one < 2**256 for one in numbers):
        raise ValueError("not a ciphertext")
    x, y = (one.to_bytes(_SIDE, "big") for one in numbers)
    return x, y, parts[2], parts[3]


def _element(der: bytes) -> tuple[int, bytes, bytes]:
    """Return tag, content and what follows; lengths below 65 536 in their shortest form, as DER has them."""
    if len(der) < 2:
        raise ValueError("not a ciphertext")
    more = der[1] & 0x7F if der[1] & 0x80 else 0
    length = int.from_bytes(der[2 : 2 + more], "big") if more else der[1]
    start, least = 2 + more, {0: 0, 1: 128, 2: 256}.get(more)
    if least is None or length < least or len(der) < start + length:
        raise ValueError("not a ciphertext")
    return der[0], der[start : start + length], der[start + length :]


def _secret_half(key: SM2Key) -> Private:
    if key.private is None:
        raise ValueError("a public key")
    return key.private


def _raw(der: bytes) -> bytes:
    r, s = decode_dss_signature(der)
    return r.to_bytes(_SIDE, "big") + s.to_bytes(_SIDE, "big")


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if _text(data) != text:
        raise ValueError("not base64url")
    return data
