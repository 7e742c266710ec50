"""`std-1`: Ed25519, ECDH-ES by X25519, AES-256-GCM, SHA-256; JWS and JWE by joserfc, under the names of RFC 7518 and 8037."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc import jwe, jws
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import OKPKey

from kiosk import digests
from kiosk.sync.limits import MAX_HEADER, MAX_SEALED
from kiosk.sync.suites.suite import Aead, BadSignature, Key, NotWhole, Suite

_NOT_JOSE = (JoseError, ValueError, KeyError, TypeError, AttributeError, RecursionError)


class _Registry(jwe.JWERegistry):
    max_protected_header_length = MAX_HEADER
    max_ciphertext_length = MAX_SEALED


class _Signed(jws.JWSRegistry):
    # The library's own limit of 128 000 characters kept scans above 93 KB and bundles of 2 000 members from ever being taken.
    max_header_length = MAX_HEADER
    max_payload_length = MAX_SEALED


_SEALED = _Registry(algorithms=["ECDH-ES", "A256GCM"])
_SIGNED = _Signed(algorithms=["Ed25519"])


class _Curve:
    """Keys of one curve."""

    crv: Literal["Ed25519", "X25519"]

    def new_key(self) -> Key:
        return OKPKey.generate_key(self.crv)

    def public(self, key: Key) -> str:
        return str(_okp(key).as_dict(private=False)["x"])

    def from_public(self, text: str) -> Key:
        try:
            return OKPKey.import_key({"kty": "OKP", "crv": self.crv, "x": text})
        except JoseError as error:
            raise ValueError("not a public key") from error


class _Ed25519(_Curve):
    alg = "Ed25519"
    crv = "Ed25519"

    def sign(self, data: bytes, key: Key) -> bytes:
        private = _okp(key).private_key
        if not isinstance(private, Ed25519PrivateKey):
            raise ValueError("not a private Ed25519 key")
        return private.sign(data)

    def verify(self, data: bytes, signature: bytes, key: Key) -> bool:
        public = _okp(key).public_key
        if not isinstance(public, Ed25519PublicKey):
            return False
        try:
            public.verify(signature, data)
        except InvalidSignature:
            return False
        return True


class _X25519(_Curve):
    alg = "ECDH-ES"
    crv = "X25519"


class _A256Gcm:
    enc = "A256GCM"
    key_bytes = 32

    def cipher(self, key: bytes) -> Aead:
        if len(key) != self.key_bytes:
            raise ValueError("32 bytes")
        return AESGCM(key)


class Standard(Suite):
    """The suite that every kiosk has spoken since its first day."""

    name = "std-1"
    digest_name = digests.SHA_256

    def __init__(self) -> None:
        self.signature, self.agreement, self.content = _Ed25519(), _X25519(), _A256Gcm()

    def random(self, count: int) -> bytes:
        """Return random bytes of the system."""
        return secrets.token_bytes(count)

    def sign(self, header: Mapping[str, str], payload: bytes, key: Key) -> str:
        """Return a compact JWS."""
        return jws.serialize_compact({"alg": self.signature.alg, **header}, payload, _okp(key), registry=_SIGNED)

    def verify(self, compact: str, key: Key) -> tuple[dict[str, Any], bytes]:
        """Return header and payload. Raises NotWhole, BadSignature."""
        try:
            found = jws.deserialize_compact(compact, _okp(key), registry=_SIGNED)
        except BadSignatureError as error:
            raise BadSignature("signature") from error
        except _NOT_JOSE as error:
            raise NotWhole("not a JWS") from error
        return found.headers(), found.payload

    def encrypt(self, header: Mapping[str, str], plain: bytes, key: Key) -> bytes:
        """Return a compact JWE."""
        # max_ciphertext_length of the registry is checked on decryption only.
        named = {"alg": self.agreement.alg, "enc": self.content.enc, **header}
        return jwe.encrypt_compact(named, plain, _okp(key), registry=_SEALED).encode()

    def decrypt(self, sealed: bytes, key: Key) -> bytes:
        """Return the plaintext. Raises NotWhole."""
        try:
            return jwe.decrypt_compact(sealed, _okp(key), registry=_SEALED).plaintext or b""
        except _NOT_JOSE as error:
            raise NotWhole("does not decrypt") from error


def _okp(key: Key) -> OKPKey:
    if not isinstance(key, OKPKey):
        raise ValueError("a key of another suite")
    return key
