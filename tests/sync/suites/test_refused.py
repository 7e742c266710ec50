"""What no end of gm-1 may take, in the manner of Wycheproof: numbers out of range, points off the curve, short tags, other ids."""

from __future__ import annotations

import json

import pytest
from cryptography.exceptions import InvalidTag

from kiosk.sm4 import Sm4Gcm
from kiosk.sync import suites
from kiosk.sync.suites import sm2
from kiosk.sync.suites.suite import padless, unpadded
from tests.sync.suites import made

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
HEADER = {"kid": "kiosk-a", "typ": "kiosk-token", "cty": "json"}


@pytest.fixture(scope="module")
def key():
    return sm2.generate()


def raw(r: int, s: int) -> bytes:
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def test_r_and_s_out_of_range(key):
    good = sm2.sign(key, b"x")
    r, s = int.from_bytes(good[:32], "big"), int.from_bytes(good[32:], "big")
    assert sm2.verify(key, b"x", raw(r, s))
    n = sm2.ORDER
    for bad in ((0, s), (r, 0), (0, 0), (n, s), (r, n), (r, n - s), (r, n - r), (2**256 - 1, s), (s, r), (1, n - 1)):
        assert not sm2.verify(key, b"x", raw(*bad)), bad
    # r + n and s + n would be the same modulo n, where they fit into 32 bytes at all.
    for first, second in ((r + sm2.ORDER, s), (r, s + sm2.ORDER)):
        if max(first, second) < 2**256:
            assert not sm2.verify(key, b"x", raw(first, second))


@pytest.mark.parametrize("length", [0, 1, 63, 65, 128])
def test_a_signature_of_another_length(key, length):
    assert not sm2.verify(key, b"x", (sm2.sign(key, b"x") * 2)[:length])


def test_another_id_another_key_another_message(key):
    good = sm2.sign(key, b"x")
    assert not sm2.verify(key, b"x", good, b"ALICE123@YAHOO.COM")
    assert not sm2.verify(sm2.generate(), b"x", good)
    assert not sm2.verify(key, b"", good)
    assert not sm2.verify(key, b"x", sm2.sign(key, b"x", b"")), "no id is another id"


@pytest.mark.parametrize(
    "point",
    [
        bytes(64),
        made.POINT[:63] + bytes([made.POINT[63] ^ 1]),
        P.to_bytes(32, "big") + made.POINT[32:],
        b"\xff" * 64,
        made.POINT[:63],
        b"\x04" + made.POINT,
        made.POINT[32:] + made.POINT[:32],
    ],
)
def test_a_public_key_that_is_no_point(point):
    with pytest.raises(ValueError, match="not a point of the curve"):
        sm2.SM2Key(point)


def test_halves_of_two_keys_and_secrets_out_of_range(key):
    with pytest.raises(ValueError, match="belong together"):
        sm2.from_secret(key.point, made.SECRET)
    for secret in (bytes(32), sm2.ORDER.to_bytes(32, "big"), (sm2.ORDER - 1).to_bytes(32, "big"), b"\xff" * 32, made.SECRET[:31]):
        with pytest.raises(ValueError, match="not an SM2 key"):
            sm2.from_secret(made.POINT, secret)


def test_an_sm2_ciphertext_that_was_altered():
    standard = made.standard_key()
    x, y, c3, c2 = made.parts(sm2.encrypt(standard, bytes(16)))
    assert sm2.decrypt(standard, made.ciphertext(x, y, c3, c2)) == bytes(16)
    bad = {
        "off the curve": (x + 1, y, c3, c2),
        "the point at infinity": (0, 0, c3, c2),
        "x beyond p": (x + P, y, c3, c2),
        "the other square root": (x, P - y, c3, c2),
        "another hash": (x, y, bytes(32), c2),
        "a short hash": (x, y, c3[:31], c2),
        "no text": (x, y, c3, b""),
        "a bit of the text": (x, y, c3, bytes([c2[0] ^ 1]) + c2[1:]),
    }
    for given in bad.values():
        with pytest.raises(ValueError, match="does not decrypt"):
            sm2.decrypt(standard, made.ciphertext(*given))
    with pytest.raises(ValueError, match="does not decrypt"):
        sm2.decrypt(standard, made.ciphertext(x, y, c3, c2) + b"\0")
    with pytest.raises(ValueError, match="too long"):
        sm2.decrypt(standard, bytes(400))
    with pytest.raises(ValueError, match="1 to 255 bytes"):
        sm2.encrypt(standard, b"")
    with pytest.raises(ValueError, match="a public key"):
        sm2.decrypt(sm2.SM2Key(standard.point), made.ciphertext(x, y, c3, c2))


def test_short_tags_and_other_nonces():
    box, nonce = Sm4Gcm(bytes(16)), bytes(12)
    sealed = box.encrypt(nonce, b"content", b"head")
    for bad in (sealed[:-1], sealed[:-4], sealed[:15], b"", sealed[:-1] + bytes([sealed[-1] ^ 1])):
        with pytest.raises(InvalidTag):
            box.decrypt(nonce, bad, b"head")
    for other in (bytes(11), bytes(16), b"\1" + bytes(11)):
        with pytest.raises(InvalidTag):
            box.decrypt(other, sealed, b"head")
    with pytest.raises(InvalidTag):
        box.decrypt(nonce, sealed, b"another head")
    with pytest.raises(ValueError, match="16 bytes"):
        Sm4Gcm(bytes(32))


@pytest.mark.parametrize("suite", [suites.STD_1, suites.GM_1], ids=lambda one: one.name)
class TestDocuments:
    """The same for both suites: signed and sealed, there and back, and every altered character noticed."""

    def test_there_and_back(self, suite):
        key, box = suite.signature.new_key(), suite.agreement.new_key()
        assert suites.of(key) is suites.of(box) is suites.of_public(suite.signature.public(key)) is suite
        signed = suite.sign(HEADER, b"payload", key)
        head, payload = suite.verify(signed, suite.signature.from_public(suite.signature.public(key)))
        assert (head["alg"], payload) == (suite.signature.alg, b"payload")
        assert {name: head[name] for name in HEADER} == HEADER
        sealed = suite.encrypt(
            {"kid": "b", "cty": "JWS"}, signed.encode(), suite.agreement.from_public(suite.agreement.public(box))
        )
        assert suite.decrypt(sealed, box).decode() == signed
        assert suite.encrypt({"kid": "b"}, b"", box) != suite.encrypt({"kid": "b"}, b"", box), "a fresh key each"

    def test_every_altered_character_is_noticed(self, suite):
        key, box = suite.signature.new_key(), suite.agreement.new_key()
        signed = suite.sign(HEADER, b"payload", key)
        sealed = suite.encrypt({"kid": "b"}, b"content", box)
        for place in range(len(signed)):
            other = signed[:place] + ("A" if signed[place] != "A" else "B") + signed[place + 1 :]
            with pytest.raises((suites.BadSignature, suites.NotWhole)):
                suite.verify(other, key)
        for place in range(0, len(sealed), 3):
            other = sealed[:place] + (b"A" if sealed[place : place + 1] != b"A" else b"B") + sealed[place + 1 :]
            with pytest.raises(suites.NotWhole):
                suite.decrypt(other, box)

    def test_another_key(self, suite):
        signed = suite.sign(HEADER, b"payload", suite.signature.new_key())
        with pytest.raises(suites.BadSignature):
            suite.verify(signed, suite.signature.new_key())
        with pytest.raises(suites.NotWhole):
            suite.decrypt(suite.encrypt({}, b"x", suite.agreement.new_key()), suite.agreement.new_key())

    def test_the_other_suites_documents_and_keys(self, suite):
        other = next(one for one in (suites.STD_1, suites.GM_1) if one is not suite)
        key, box, theirs = suite.signature.new_key(), suite.agreement.new_key(), other.signature.new_key()
        for document in (other.sign(HEADER, b"x", theirs).encode(), other.encrypt({}, b"x", other.agreement.new_key())):
            with pytest.raises(suites.OtherSuite, match=other.name):
                suites.must_be(suite, document)
            with pytest.raises(suites.NotWhole):
                suite.verify(document.decode(), key)
            with pytest.raises(suites.NotWhole):
                suite.decrypt(document, box)
        with pytest.raises(ValueError, match="another suite"):
            suite.sign(HEADER, b"x", theirs)
        with pytest.raises(ValueError, match="another suite"):
            suite.encrypt({}, b"x", theirs)


def forged(part: int, change):
    """A sealed document of gm-1 with one of its parts changed, and the key it was for."""
    box = sm2.generate()
    pieces = suites.GM_1.encrypt({"kid": "b"}, b"content", box).split(b".")
    pieces[part] = padless(change(unpadded(pieces[part])))
    return b".".join(pieces), box


@pytest.mark.parametrize(
    ("part", "change"),
    [
        (4, lambda tag: tag[:12]),
        (4, lambda tag: tag + b"\0"),
        (2, lambda nonce: nonce[:8]),
        (2, lambda nonce: nonce + b"\0" * 4),
        (1, lambda wrapped: b""),
        (0, lambda head: json.dumps({**json.loads(head), "zip": "DEF"}).encode()),
        (0, lambda head: head.replace(b"SM4-GCM", b"A256GCM")),
        (0, lambda head: head.replace(b'{"alg"', b'{"alg":"SM2-PKE","alg"')),
        (0, lambda head: b"[]"),
        (0, lambda head: b"{}"),
        (0, lambda head: head + b" " * 1100),
    ],
)
def test_a_sealed_document_of_another_form(part, change):
    sealed, box = forged(part, change)
    with pytest.raises(suites.NotWhole):
        suites.GM_1.decrypt(sealed, box)


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "SM2-SM3", "crit": ["exp"]},
        {"alg": "SM2-SM3", "jwk": {}},
        {"alg": "Ed25519"},
        {},
    ],
)
def test_a_signature_of_another_form(key, header):
    start = padless(json.dumps(header).encode()) + b"." + padless(b"x")
    with pytest.raises(suites.NotWhole):
        suites.GM_1.verify((start + b"." + padless(sm2.sign(key, start))).decode(), key)


@pytest.mark.parametrize("text", ["", ".", "..", "a.b", "é.b.c", "a.b.c.d", "e30.e30.", "e30=.e30.e30"])
def test_what_is_no_document(key, text):
    with pytest.raises((suites.NotWhole, suites.BadSignature)):
        suites.GM_1.verify(text, key)
    with pytest.raises(suites.NotWhole):
        suites.GM_1.decrypt(text.encode(), key)


def test_keys_as_they_are_kept():
    for suite in (suites.STD_1, suites.GM_1):
        pair = suite.signature.new_key(), suite.agreement.new_key()
        kept = [json.loads(json.dumps(one.as_dict(private=True))) for one in pair]
        again = suites.private_pair(*kept)
        assert [one.as_dict(private=False) for one in again] == [one.as_dict(private=False) for one in pair]
        with pytest.raises(ValueError, match="not private"):
            suites.private_pair(*[one.as_dict(private=False) for one in pair])
    first, second = kept
    wrongs = (
        (first, {"crv": "X25519"}),
        ({}, {}),
        (None, None),
        ({**first, "d": "A"}, second),
        ({**first, "x": "A" * 43}, second),
        ({**first, "x": first["x"] + "="}, second),
    )
    for wrong in wrongs:
        with pytest.raises(ValueError, match=r"curves|pair of keys|SM2 key|point of the curve|base64"):
            suites.private_pair(*wrong)
