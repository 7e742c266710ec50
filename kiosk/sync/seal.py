"""Signing and sealing by the suite of the key (`kiosk.sync.suites`): a JWS inside a JWE. Used by both ends.

A document is signed first and then encrypted, so that only the recipient learns who signed. Nothing here decides what a
document means; it decides only whether it is whole, from whom, of the kind and of the suite that were expected. The suite is the
key's own, never the document's.
"""

from __future__ import annotations

import base64
import re
from typing import Any, TypeVar

import zstandard
from pydantic import ValidationError

from kiosk.canonical import canonical
from kiosk.errors import SealError
from kiosk.sync import json_bounds, suites
from kiosk.sync.limits import MAX_PLAIN, MAX_SEALED
from kiosk.sync.protocol import SCHEMA_VERSION, Document, PublicKeys
from kiosk.sync.suites import Key, Suite

_COMPRESS_ABOVE = 1024  # bytes; below it zstd gains nothing
# Read before their signer is known: nothing of a stranger is decompressed.
_NEVER_COMPRESSED = ("enrolment", "enrolled", "succession")
D = TypeVar("D", bound=Document)


class Refused(SealError):
    """A document was refused. `why` is stable: truncated, bad-signature, wrong-signer, not-for-us, wrong-kind, other-suite,
    schema-unsupported, malformed, too-large, replayed, other-batch, other-question, unknown-record, stale, digest-differs,
    wrong-name; of home-visit lists also unknown-peer, unknown-loan, loan-expired, conflict, wrong-station;
    of a station without areas no-catchment."""

    def __init__(self, why: str, message: str = "") -> None:
        super().__init__(f"{why}: {message}" if message else why)
        self.why = why


_SIGNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+/=-]{0,127}")


def new_keys(suite: Suite = suites.STD_1) -> tuple[Key, Key]:
    """Return a fresh (signing key, sealing key) of a suite."""
    return suite.signature.new_key(), suite.agreement.new_key()


def public_keys(sign: Key, seal: Key) -> PublicKeys:
    """Return the public halves."""
    suite = suites.of(sign)
    return PublicKeys(sign=suite.signature.public(sign), seal=suite.agreement.public(seal))


def suite_of(keys: PublicKeys) -> Suite:
    """Return the suite that these keys belong to. Raises Refused when they belong to none, or to two."""
    try:
        suite = suites.of_public(keys.sign)
        if suites.of_public(keys.seal) is not suite:
            raise ValueError("two suites")
    except ValueError as error:
        raise Refused("malformed", "keys") from error
    return suite


def verify_key(keys: PublicKeys) -> Key:
    """Return the key that checks signatures. Raises Refused when it is none."""
    try:
        return suite_of(keys).signature.from_public(keys.sign)
    except ValueError as error:
        raise Refused("malformed", "keys") from error


def recipient_key(keys: PublicKeys) -> Key:
    """Return the key to encrypt to. Raises Refused when it is none."""
    try:
        return suite_of(keys).agreement.from_public(keys.seal)
    except ValueError as error:
        raise Refused("malformed", "keys") from error


def sign(document: Document, key: Key, signer: str) -> str:
    """Return the document as a compact JWS, naming the key's suite; `signer` becomes the key id."""
    plain = document.model_copy(update={"suite": suites.of(key).name}).model_dump(mode="json")
    return sign_plain(canonical(plain), plain["kind"], key, signer)


def sign_plain(payload: bytes, kind: str, key: Key, signer: str) -> str:
    """Return ready-made canonical JSON, which names its suite where it must, as a compact JWS (batches: of stored bytes)."""
    content = "json"
    if len(payload) > _COMPRESS_ABOVE and kind not in _NEVER_COMPRESSED:
        payload, content = zstandard.ZstdCompressor(level=6).compress(payload), "json+zstd"
    return suites.of(key).sign({"kid": signer, "typ": f"kiosk-{kind}", "cty": content}, payload, key)


def signer_of(compact: str) -> str:
    """Return the key id a JWS claims. Nothing is verified: use it only to find the key to verify with."""
    if len(compact) > MAX_SEALED:
        raise Refused("too-large")
    try:
        kid = suites.header_of(compact.encode()).get("kid")
    except ValueError as error:
        raise Refused("truncated", "not a JWS") from error
    if not isinstance(kid, str) or _SIGNER.fullmatch(kid) is None:
        raise Refused("malformed", "no key id")
    return kid


def verify(compact: str, key: Key, signer: str, model: type[D]) -> D:
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


def verify_bytes(compact: str, key: Key, signer: str, kind: str) -> bytes:
    """Return the JSON of a signed document, decompressed within bounds. Raises Refused."""
    if len(compact) > MAX_SEALED:
        raise Refused("too-large")
    suite = suites.of(key)
    try:
        suites.must_be(suite, compact.encode())
        headers, payload = suite.verify(compact, key)
    except suites.OtherSuite as error:
        raise Refused("other-suite", str(error)) from error
    except suites.BadSignature as error:
        raise Refused("bad-signature") from error
    except ValueError as error:
        raise Refused("truncated", "not a JWS") from error
    if headers.get("kid") != signer:
        raise Refused("wrong-signer")
    if headers.get("typ") != f"kiosk-{kind}":
        raise Refused("wrong-kind", f"kiosk-{kind} expected")
    if headers.get("cty") == "json+zstd":
        payload = decompress(payload, MAX_PLAIN)
    elif headers.get("cty") != "json":
        raise Refused("malformed", "content type")
    return payload


def verify_plain(compact: str, key: Key, signer: str, kind: str) -> dict[str, Any]:
    """Return the JSON object of a signed document, parsed within bounds, once. Raises Refused."""
    try:
        data = json_bounds.parse(verify_bytes(compact, key, signer, kind))
    except json_bounds.JsonRefused as error:
        raise Refused(error.why, str(error)) from None
    if not isinstance(data, dict):
        raise Refused("malformed", "not a JSON object")
    if data.get("suite", suites.STD_1.name) != suites.of(key).name:
        raise Refused("other-suite")
    # Asked before the schema, so that a newer peer is told its version is unknown and not that its fields are wrong.
    if data.get("schema_version") != SCHEMA_VERSION:
        raise Refused("schema-unsupported")
    return data


def encrypt(compact: str, to: Key, recipient: str) -> bytes:
    """Return the signed document sealed to one recipient, a compact JWE. Raises Refused when it is larger than the wire allows."""
    sealed = suites.of(to).encrypt({"kid": recipient, "cty": "JWS"}, compact.encode(), to)
    if len(sealed) > MAX_SEALED:
        raise Refused("too-large")
    return sealed


def decrypt(sealed: bytes, key: Key, recipient: str) -> str:
    """Return the signed document inside, if it was sealed to us. Raises Refused."""
    if len(sealed) > MAX_SEALED:
        raise Refused("too-large")
    suite = suites.of(key)
    try:
        suites.must_be(suite, sealed)
        if suites.header_of(sealed).get("kid") != recipient:
            raise Refused("not-for-us")
        return suite.decrypt(sealed, key).decode("ascii")
    except suites.OtherSuite as error:
        raise Refused("other-suite", str(error)) from error
    except ValueError as error:
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
    suite = suite_of(keys)
    # Another suite's keys never share a fingerprint with std-1's, whose text has no name in front.
    text = f"{keys.sign}.{keys.seal}" if suite is suites.STD_1 else f"{suite.name}.{keys.sign}.{keys.seal}"
    return base64.b32encode(bytes.fromhex(suite.digest(text.encode())))[:16].decode()
