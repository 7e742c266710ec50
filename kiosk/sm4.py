"""SM4-GCM (GB/T 32907, RFC 8998), in the form of cryptography's AESGCM, which has no SM4. For sync (`gm-1`) and store (scans)."""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

NONCE, TAG, KEY = 12, 16, 16  # bytes


class Sm4Gcm:
    """SM4-GCM with 16-byte tags: the form of cryptography's AESGCM, which has no SM4."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY:
            raise ValueError("16 bytes")
        self._key = key

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        """Return ciphertext and tag."""
        if len(nonce) != NONCE:
            raise ValueError("12 bytes")
        one = Cipher(algorithms.SM4(self._key), modes.GCM(nonce)).encryptor()
        one.authenticate_additional_data(associated_data or b"")
        return one.update(data) + one.finalize() + one.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        """Return the plaintext. Raises InvalidTag, also for one that is shorter than 16 bytes."""
        if len(nonce) != NONCE or len(data) < TAG:
            raise InvalidTag
        one = Cipher(algorithms.SM4(self._key), modes.GCM(nonce, data[-TAG:])).decryptor()
        one.authenticate_additional_data(associated_data or b"")
        return one.update(data[:-TAG]) + one.finalize()
