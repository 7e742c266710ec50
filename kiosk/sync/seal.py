"""Signing and sealing, by joserfc: JWS with Ed25519 inside JWE with ECDH-ES and A256GCM. Used by both ends.

A document is signed first and then encrypted, so that only the recipient learns who signed. Nothing here decides what a
document means; it decides only whether it is whole, from whom, and of the kind that was expected.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any, TypeVar

import zstandard
from joserfc import jwe, jws
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import OKPKey
from pydantic import ValidationError

from kiosk.canonical import canonical
from kiosk.errors import SealError
from kiosk.sync import json_bounds
from kiosk.sync.limits import MAX_HEADER, MAX_PLAIN, MAX_SEALED
from kiosk.sync.protocol import SCHEMA_VERSION, Document, PublicKeys

_SIGN = ["Ed25519"]
_SEAL = ["ECDH-ES", "A256GCM"]
_COMPRESS_ABOVE = 1024  # bytes; below it zstd gains nothing
_NEVER_COMPRESSED = ("enrolment", "enrolled")  # read before their signer is known: nothing of a stranger is decompressed
D = TypeVar("D", bound=Document)


class Refused(SealError):
    """A document was refused. `why` is stable: truncated, bad-signature, wrong-signer, not-for-us, wrong-kind, schema-unsupported,
    malformed, too-large, replayed, other-batch, other-question, unknown-record, stale, digest-differs, wrong-name; of
    home-visit lists also unknown-peer, unknown-loan, loan-expired, conflict, wrong-station."""

    def __init__(self, why: str, message: str = "") -> None:
        super().__init__(f"{why}: {message}" if message else why)
        self.why = why


class _Registry(jwe.JWERegistry):
    max_protected_header_length = MAX_HEADER
    max_ciphertext_length = MAX_SEALED


class _Signed(jws.JWSRegistry):
    # The library's own limit of 128 000 characters kept scans above 93 KB and bundles of 2 000 members from ever being taken.
    max_header_length = MAX_HEADER
    max_payload_length = MAX_SEALED


_REGISTRY = _Registry(algorithms=_SEAL)
_SIGNED = _Signed(algorithms=_SIGN)
_SIGNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+/=-]{0,127}")
_NOT_JOSE = (JoseError, ValueError, KeyError, TypeError, AttributeError, RecursionError)


def new_keys() -> tuple[OKPKey, OKPKey]:
    """Return a fresh (Ed25519 signing key, X25519 sealing key)."""
    return OKPKey.generate_key("Ed25519"), OKPKey.generate_key("X25519")


def public_keys(sign: OKPKey, seal: OKPKey) -> PublicKeys:
    """Return the public halves."""
    return PublicKeys(sign=str(sign.as_dict(private=False)["x"]), seal=str(seal.as_dict(private=False)["x"]))


def verify_key(keys: PublicKeys) -> OKPKey:
    """Return the key that checks signatures."""
    return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": keys.sign})


def recipient_key(keys: PublicKeys) -> OKPKey:
    """Return the key to encrypt to."""
    return OKPKey.import_key({"kty": "OKP", "crv": "X25519", "x": keys.seal})


def sign(document: Document, key: OKPKey, signer: str) -> str:
    """Return the document as a compact JWS; `signer` becomes the key id."""
    return sign_plain(canonical(document.model_dump(mode="json")), document.model_dump()["kind"], key, signer)


def sign_plain(payload: bytes, kind: str, key: OKPKey, signer: str) -> str:
    """Return ready-made canonical JSON as a compact JWS of this kind (batches are put together from stored bytes)."""
    content = "json"
    if len(payload) > _COMPRESS_ABOVE and kind not in _NEVER_COMPRESSED:
        payload, content = zstandard.ZstdCompressor(level=6).compress(payload), "json+zstd"
    return jws.serialize_compact(
        {"alg": "Ed25519", "kid": signer, "typ": f"kiosk-{kind}", "cty": content}, payload, key, registry=_SIGNED
    )


def signer_of(compact: str) -> str:
    """Return the key id a JWS claims. Nothing is verified: use it only to find the key to verify with."""
    if len(compact) > MAX_SEALED:
        raise Refused("too-large")
    try:
        kid = jws.extract_compact(compact.encode(), registry=_SIGNED).headers().get("kid")
    except _NOT_JOSE as error:
        raise Refused("truncated", "not a JWS") from error
    if not isinstance(kid, str) or _SIGNER.fullmatch(kid) is None:
        raise Refused("malformed", "no key id")
    return kid


def verify(compact: str, key: OKPKey, signer: str, model: type[D]) -> D:
    """Return the document if `signer` signed it with `key` and it is a `model`. Raises Refused."""
    data = verify_plain(compact, key, signer, model.model_fields["kind"].default)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        # Only places and kinds of faults: the input may hold personal fields.
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        raise Refused("malformed", f"{'.'.join(map(str, first['loc']))}: {first['type']}"[:200]) from None
    except RecursionError:
        raise Refused("malformed", "too deep") from None


def verify_bytes(compact: str, key: OKPKey, signer: str, kind: str) -> bytes:
    """Return the JSON of a signed document, decompressed within bounds. Raises Refused."""
    if len(compact) > MAX_SEALED:
        raise Refused("too-large")
    try:
        found = jws.deserialize_compact(compact, key, registry=_SIGNED)
    except BadSignatureError as error:
        raise Refused("bad-signature") from error
    except _NOT_JOSE as error:
        raise Refused("truncated", "not a JWS") from error
    headers = found.headers()
    if headers.get("kid") != signer:
        raise Refused("wrong-signer")
    if headers.get("typ") != f"kiosk-{kind}":
        raise Refused("wrong-kind", f"kiosk-{kind} expected")
    payload = found.payload
    if headers.get("cty") == "json+zstd":
        payload = decompress(payload, MAX_PLAIN)
    elif headers.get("cty") != "json":
        raise Refused("malformed", "content type")
    return payload


def verify_plain(compact: str, key: OKPKey, signer: str, kind: str) -> dict[str, Any]:
    """Return the JSON object of a signed document, parsed within bounds, once. Raises Refused."""
    try:
        data = json_bounds.parse(verify_bytes(compact, key, signer, kind))
    except json_bounds.JsonRefused as error:
        raise Refused(error.why, str(error)) from None
    if not isinstance(data, dict):
        raise Refused("malformed", "not a JSON object")
    # Asked before the schema, so that a newer peer is told its version is unknown and not that its fields are wrong.
    if data.get("schema_version") != SCHEMA_VERSION:
        raise Refused("schema-unsupported")
    return data


def encrypt(compact: str, to: OKPKey, recipient: str) -> bytes:
    """Return the signed document sealed to one recipient, a compact JWE. Raises Refused when it is larger than the wire allows."""
    # max_ciphertext_length of the registry is checked on decryption only.
    sealed = jwe.encrypt_compact(
        {"alg": "ECDH-ES", "enc": "A256GCM", "kid": recipient, "cty": "JWS"}, compact, to, registry=_REGISTRY
    ).encode()
    if len(sealed) > MAX_SEALED:
        raise Refused("too-large")
    return sealed


def decrypt(sealed: bytes, key: OKPKey, recipient: str) -> str:
    """Return the signed document inside, if it was sealed to us. Raises Refused."""
    if len(sealed) > MAX_SEALED:
        raise Refused("too-large")
    try:
        first = sealed.split(b".", 1)[0]
        if len(first) > MAX_HEADER:
            raise Refused("malformed", "header")
        head = json_bounds.parse(_b64(first))
        if not isinstance(head, dict) or head.get("kid") != recipient:
            raise Refused("not-for-us")
        found = jwe.decrypt_compact(sealed, key, registry=_REGISTRY)
        return (found.plaintext or b"").decode("ascii")
    except Refused:
        raise
    except _NOT_JOSE as error:
        raise Refused("truncated", "does not decrypt") from error


def decompress(data: bytes, limit: int) -> bytes:
    """Return the zstd frame decompressed. Raises Refused when it is damaged, or would exceed `limit` bytes."""
    try:
        with zstandard.ZstdDecompressor(max_window_size=2**24).stream_reader(data) as reader:
            out: bytes = reader.read(limit + 1)
    except (zstandard.ZstdError, MemoryError) as error:
        raise Refused("truncated", "does not decompress") from error
    if len(out) > limit:
        raise Refused("too-large", "decompressed")
    return out


def fingerprint(keys: PublicKeys) -> str:
    """Return the fingerprint of a pair of public keys: 16 base32 characters (80 bits), part of every one-time code."""
    return base64.b32encode(hashlib.sha256(f"{keys.sign}.{keys.seal}".encode()).digest())[:16].decode()


def _b64(text: bytes) -> bytes:
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
