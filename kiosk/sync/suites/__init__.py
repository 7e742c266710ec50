"""The suites: every algorithm of the wire in one room. `std-1` (RFC 7518, 8037) and `gm-1` (GB/T 32905, 32907, 32918).

A suite is a value (`suite.Suite`): `name, signature, agreement, content, digest, mac, random`, and a document signed and sealed
with them. Nobody outside this room names an algorithm. How to use it:

    one = suites.by_name("gm-1")            # or suites.of(key), suites.of_public(text): a key knows its suite
    one.digest(data)                         # 64 hexadecimal characters: SHA-256 or SM3, wherever a digest travels
    h = one.hasher(); h.update(piece); h.hexdigest()     # the same in pieces: files, chunks
    one.content.cipher(one.random(one.content.key_bytes)).encrypt(nonce, data, aad)       # nonce 12 bytes, tag 16 at the end

On a kiosk the suite is that of the pinned keys (`Identity.suite`), at the bureau that of the kiosk's keys. **It never comes from a
document**: a header names an algorithm so that another suite can be refused by name (`OtherSuite`), never to choose one.
"""

from __future__ import annotations

from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from kiosk.sync.suites import sm2
from kiosk.sync.suites.gm import National
from kiosk.sync.suites.std import Standard
from kiosk.sync.suites.suite import BadSignature, Key, NotWhole, OtherSuite, Suite, header_of

__all__ = ["GM_1", "NAMES", "STD_1", "BadSignature", "Key", "NotWhole", "OtherSuite", "Suite", "by_name", "header_of", "must_be"]

STD_1, GM_1 = Standard(), National()
NAMES: tuple[str, ...] = (STD_1.name, GM_1.name)
_ALL: dict[str, Suite] = {one.name: one for one in (STD_1, GM_1)}
_PUBLIC = {43: STD_1, 86: GM_1}  # characters of a public key: 32 bytes, or a point of 64


def by_name(name: str) -> Suite:
    """Return the suite of this name. Raises ValueError."""
    if name not in _ALL:
        raise ValueError(f"no suite of this name: {name[:40]}")
    return _ALL[name]


def of(key: Key) -> Suite:
    """Return the suite that a key belongs to."""
    return STD_1 if isinstance(key, OKPKey) else GM_1


def of_public(text: str) -> Suite:
    """Return the suite that a public key belongs to, by its length. Raises ValueError."""
    found = _PUBLIC.get(len(text))
    if found is None:
        raise ValueError("not a public key of any suite")
    return found


def private_pair(sign: Any, seal: Any) -> tuple[Key, Key]:
    """Return the private (signing, sealing) keys of two JWKs as `as_dict` writes them. Raises ValueError for anything else."""
    try:
        names = sign["crv"], seal["crv"]
        if names == (sm2.CURVE, sm2.CURVE):
            pair: tuple[Key, Key] = sm2.from_dict(sign), sm2.from_dict(seal)
        elif names == ("Ed25519", "X25519"):
            pair = OKPKey.import_key(sign), OKPKey.import_key(seal)
        else:
            raise ValueError("curves")
    except (KeyError, TypeError, JoseError) as error:
        raise ValueError("not a pair of keys") from error
    if not (pair[0].is_private and pair[1].is_private):
        raise ValueError("not private")
    return pair


def claimed(header: dict[str, Any]) -> Suite | None:
    """Return the suite whose algorithms a header names, None for none of ours: to refuse by name, never to choose."""
    alg, enc = header.get("alg"), header.get("enc")
    for one in _ALL.values():
        if (enc is None and alg == one.signature.alg) or (alg == one.agreement.alg and enc == one.content.enc):
            return one
    return None


def must_be(suite: Suite, compact: bytes) -> None:
    """Raise OtherSuite for a document whose header names another suite's algorithms, NotWhole for one without a header."""
    told = claimed(header_of(compact))
    if told is not None and told is not suite:
        raise OtherSuite(told.name)
