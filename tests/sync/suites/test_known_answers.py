"""What the standards print: GB/T 32905 (SM3), 32907 (SM4), 32918.5 (SM2), RFC 8998 (SM4-GCM); and what std-1 has always written."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from joserfc import jwe, jws
from joserfc.jwk import OKPKey

from kiosk import digests
from kiosk.sm4 import Sm4Gcm
from kiosk.sync import suites
from kiosk.sync.suites import sm2
from tests.sync.suites import made

KEY = bytes.fromhex("0123456789abcdeffedcba9876543210")
MESSAGE, SECRET = b"message digest", b"encryption standard"
SIGNATURE = bytes.fromhex(
    "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
    "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
)
C1 = (
    "04ebfc718e8d1798620432268e77feb6415e2ede0e073c0f4f640ecd2e149a73",
    "e858f9d81e5430a57b36daab8f950a3c64e6ee6a63094d99283aff767e124df0",
)
C3 = "59983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd8766"
C2 = "21886ca989ca9c7d58087307ca93092d651efa"


def test_sm3_of_gbt_32905():
    assert suites.GM_1.digest(b"abc") == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert suites.GM_1.digest(b"abcd" * 16) == "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"


def test_sm4_of_gbt_32907():
    one = Cipher(algorithms.SM4(KEY), modes.ECB()).encryptor()
    assert one.update(KEY).hex() == "681edf34d206965e86b3e94f536e4246"
    # A.2 encrypts a million times what came out: that is CBC over noughts.
    chain = Cipher(algorithms.SM4(KEY), modes.CBC(KEY)).encryptor()
    assert chain.update(bytes(16_000_000))[-16:].hex() == "595298c7c6fd271f0402f804c33d3f66"


def test_sm4_gcm_of_rfc_8998():
    nonce, aad = bytes.fromhex("00001234567800000000abcd"), bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    plain = b"".join(bytes([one]) * 8 for one in (0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF, 0xEE, 0xAA))
    sealed = Sm4Gcm(KEY).encrypt(nonce, plain, aad)
    assert sealed.hex() == (
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
        "83de3541e4c2b58177e065a9bf7b62ec"
    )
    assert Sm4Gcm(KEY).decrypt(nonce, sealed, aad) == plain


def test_sm2_signature_of_gbt_32918_5():
    key = made.standard_key()
    assert sm2.message_digest(key, MESSAGE).hex() == "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640"
    assert sm2.verify(key, MESSAGE, SIGNATURE)
    assert not sm2.verify(key, MESSAGE + b".", SIGNATURE)
    assert sm2.verify(key, MESSAGE, sm2.sign(key, MESSAGE)), "with this private key too"


def test_sm2_encryption_of_gbt_32918_5():
    der = made.ciphertext(int(C1[0], 16), int(C1[1], 16), bytes.fromhex(C3), bytes.fromhex(C2))
    assert sm2.decrypt(made.standard_key(), der) == SECRET


@pytest.mark.parametrize("name", [digests.SHA_256, digests.SM3])
def test_a_digest_in_pieces_is_the_digest(name):
    one = digests.hasher(name)
    for piece in (b"a", b"", b"bc"):
        one.update(piece)
    assert one.hexdigest() == digests.hexdigest(name, b"abc")
    assert len(digests.mac(name, b"key", b"data")) == 32


def test_hmac_of_both():
    key, data = b"k" * 80, b"data"
    assert suites.STD_1.mac(key, data) == hmac.digest(key, data, hashlib.sha256)
    # RFC 2104 by hand: a key longer than a block of 64 bytes is digested first.
    short = bytes.fromhex(suites.GM_1.digest(key)).ljust(64, b"\0")
    inner = suites.GM_1.digest(bytes(one ^ 0x36 for one in short) + data)
    assert suites.GM_1.mac(key, data).hex() == suites.GM_1.digest(bytes(one ^ 0x5C for one in short) + bytes.fromhex(inner))


def test_no_name_is_no_digest_and_no_suite():
    for ask in (digests.hasher, suites.by_name, lambda name: digests.mac(name, b"", b"")):
        with pytest.raises(ValueError, match="no (digest|suite) of this name"):
            ask("md5")
    with pytest.raises(ValueError, match="public key of any suite"):
        suites.of_public("A" * 44)


def test_std_1_is_what_it_was():
    """The bytes of the version before: a signature is determined by key and payload; a seal is opened by joserfc itself."""
    seed = bytes(range(32))
    key = OKPKey.import_key(Ed25519PrivateKey.from_private_bytes(seed))
    header = {"kid": "kiosk-a", "typ": "kiosk-token", "cty": "json"}
    before = (  # main at d6d7c61, seal.sign_plain(b'{"kind":"token"}', "token", key, "kiosk-a")
        "eyJhbGciOiJFZDI1NTE5Iiwia2lkIjoia2lvc2stYSIsInR5cCI6Imtpb3NrLXRva2VuIiwiY3R5IjoianNvbiJ9"
        ".eyJraW5kIjoidG9rZW4ifQ."
        "lRGXAg9nmqS4iuxgehRMgyqGqjlmCcojAD__Bw-zs9L5KTt20G3CLHcZEhy2o_MoKWJcXlobKUl-BYMRuAOrDw"
    )
    signed = suites.STD_1.sign(header, b'{"kind":"token"}', key)
    assert signed == before
    assert jws.deserialize_compact(signed, key, algorithms=["Ed25519"]).payload == b'{"kind":"token"}'
    box = OKPKey.generate_key("X25519")
    sealed = suites.STD_1.encrypt({"kid": "b", "cty": "JWS"}, b"text", box)
    assert jwe.decrypt_compact(sealed, box, algorithms=["ECDH-ES", "A256GCM"]).plaintext == b"text"
    theirs = jwe.encrypt_compact({"alg": "ECDH-ES", "enc": "A256GCM", "kid": "b"}, b"old", box, algorithms=["ECDH-ES", "A256GCM"])
    assert suites.STD_1.decrypt(theirs.encode(), box) == b"old"
