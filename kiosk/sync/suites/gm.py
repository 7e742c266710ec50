"""`gm-1`: SM2 with SM3 and the default user id, SM2 encryption of a fresh SM4-GCM key, SM3. The form is JOSE's, the names are ours.

GB/T 32905 (SM3), 32907 (SM4), 32918 (SM2), RFC 8998 (SM4-GCM).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidTag

from kiosk import digests
from kiosk.sm4 import NONCE, TAG, Sm4Gcm
from kiosk.sync.suites import sm2
from kiosk.sync.suites.sm2 import SM2Key
from kiosk.sync.suites.suite import Aead, BadSignature, Key, NotWhole, Suite, header_of, padless, unpadded

_JWS_NAMES = {"alg", "kid", "typ", "cty"}
_JWE_NAMES = {"alg", "enc", "kid", "cty"}


class _SM2SM3:
    alg = "SM2-SM3"

    def new_key(self) -> Key:
        return sm2.generate()

    def public(self, key: Key) -> str:
        return _sm2(key).public

    def from_public(self, text: str) -> Key:
        return sm2.from_public(text)

    def sign(self, data: bytes, key: Key) -> bytes:
        return sm2.sign(_sm2(key), data)

    def verify(self, data: bytes, signature: bytes, key: Key) -> bool:
        return sm2.verify(_sm2(key), data, signature)


class _SM2Encryption:
    alg = "SM2-PKE"

    def new_key(self) -> Key:
        return sm2.generate()

    def public(self, key: Key) -> str:
        return _sm2(key).public

    def from_public(self, text: str) -> Key:
        return sm2.from_public(text)


class _SM4Gcm:
    enc = "SM4-GCM"
    key_bytes = 16

    def cipher(self, key: bytes) -> Aead:
        return Sm4Gcm(key)


class National(Suite):
    """The suite of GB/T 39786: 商用密码."""

    name = "gm-1"
    digest_name = digests.SM3

    def __init__(self) -> None:
        self.signature, self.agreement, self.content = _SM2SM3(), _SM2Encryption(), _SM4Gcm()

    def random(self, count: int) -> bytes:
        """Return random bytes of the system, which a certified generator (GM/T 0062) must feed where one is asked for."""
        return secrets.token_bytes(count)

    def sign(self, header: Mapping[str, str], payload: bytes, key: Key) -> str:
        """Return a compact JWS; its signature is r and s, 32 bytes each."""
        signed = _head({"alg": self.signature.alg, **header}) + b"." + padless(payload)
        return (signed + b"." + padless(self.signature.sign(signed, key))).decode()

    def verify(self, compact: str, key: Key) -> tuple[dict[str, Any], bytes]:
        """Return header and payload. Raises NotWhole, BadSignature."""
        try:
            first, second, third = compact.encode("ascii").split(b".")
            head, payload = header_of(first), unpadded(second)
        except ValueError as error:
            raise NotWhole("not a JWS") from error
        if head.get("alg") != self.signature.alg or not set(head) <= _JWS_NAMES:
            raise NotWhole("header")
        try:
            signature = unpadded(third)
        except ValueError as error:
            raise BadSignature("signature") from error
        if not self.signature.verify(first + b"." + second, signature, key):
            raise BadSignature("signature")
        return head, payload

    def encrypt(self, header: Mapping[str, str], plain: bytes, key: Key) -> bytes:
        """Return a compact JWE: header (authenticated), SM2 ciphertext (DER) of a fresh SM4 key, nonce, ciphertext, tag."""
        head = _head({"alg": self.agreement.alg, "enc": self.content.enc, **header})
        fresh, nonce = self.random(self.content.key_bytes), self.random(NONCE)
        sealed = self.content.cipher(fresh).encrypt(nonce, plain, head)
        parts = (sm2.encrypt(_sm2(key), fresh), nonce, sealed[:-TAG], sealed[-TAG:])
        return b".".join((head, *map(padless, parts)))

    def decrypt(self, sealed: bytes, key: Key) -> bytes:
        """Return the plaintext. Raises NotWhole."""
        try:
            first, *rest = sealed.split(b".")
            wrapped, nonce, ciphertext, tag = map(unpadded, rest)
            head = header_of(first)
            if head.get("alg") != self.agreement.alg or head.get("enc") != self.content.enc or not set(head) <= _JWE_NAMES:
                raise ValueError("header")
            if len(nonce) != NONCE or len(tag) != TAG:
                raise ValueError("lengths")
            return self.content.cipher(sm2.decrypt(_sm2(key), wrapped)).decrypt(nonce, ciphertext + tag, first)
        except (ValueError, InvalidTag) as error:
            raise NotWhole("does not decrypt") from error


def _head(header: Mapping[str, str]) -> bytes:
    return padless(json.dumps(header, separators=(",", ":"), ensure_ascii=True).encode())


def _sm2(key: Key) -> SM2Key:
    if not isinstance(key, SM2Key):
        raise ValueError("a key of another suite")
    return key
