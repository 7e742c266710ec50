"""Both directions against Debian's openssl command, an implementation that shares nothing with ours: SM2 (signature, encryption),
SM3. Its command line has no SM4-GCM: SM4 is compared in CTR, which GCM is made of; GCM itself by RFC 8998."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from kiosk.sm4 import Sm4Gcm
from kiosk.sync import suites
from kiosk.sync.suites import sm2
from tests.sync.suites import made

ID = "distid:1234567812345678"


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """A folder with a key that openssl made, private and public, and our own key beside it."""
    folder = tmp_path_factory.mktemp("openssl")
    assert made.openssl("genpkey", "-algorithm", "SM2", "-outform", "DER", "-out", "key.der", where=folder).returncode == 0
    assert made.openssl("pkey", "-in", "key.der", "-inform", "DER", "-pubout", "-outform", "DER", "-out", "pub.der", where=folder)
    (folder / "ours.der").write_bytes(made.private_der(made.standard_key()))
    (folder / "ours-pub.der").write_bytes(made.public_der(made.standard_key()))
    return folder


def openssl(folder, *arguments, data=b""):
    done = made.openssl(*arguments, data=data, where=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("length", [0, 1, 55, 64, 1000])
def test_sm3(tmp_path, length):
    data = bytes(range(250)) * 4
    out = openssl(tmp_path, "dgst", "-sm3", "-r", data=data[:length])
    assert out.split()[0].decode() == suites.GM_1.digest(data[:length])


def test_they_verify_what_we_sign(theirs):
    (theirs / "text").write_bytes(b"to be signed")
    for number in range(5):  # r and s are of different lengths in DER
        (theirs / "sig").write_bytes(made.signature_der(sm2.sign(made.standard_key(), b"to be signed")))
        out = openssl(theirs, *"dgst -sm3 -keyform DER -verify ours-pub.der -signature sig -sigopt".split(), ID, "text")
        assert out.strip() == b"Verified OK", number


def test_we_verify_what_they_sign_and_not_under_another_id(theirs):
    (theirs / "text").write_bytes(b"signed by openssl")
    key = sm2.SM2Key((theirs / "pub.der").read_bytes()[-64:])
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    for user_id, right in ((ID, True), ("distid:ALICE123@YAHOO.COM", False)):
        der = openssl(theirs, *"dgst -sm3 -keyform DER -sign key.der -sigopt".split(), user_id, "text")
        raw = b"".join(one.to_bytes(32, "big") for one in decode_dss_signature(der))
        assert sm2.verify(key, b"signed by openssl", raw) is right
        assert sm2.verify(key, b"signed by openssl", raw, user_id.removeprefix("distid:").encode())


def test_they_decrypt_what_we_encrypt_and_we_what_they_do(theirs):
    secret = bytes(range(16))
    (theirs / "sealed").write_bytes(sm2.encrypt(made.standard_key(), secret))
    assert openssl(theirs, *"pkeyutl -decrypt -keyform DER -inkey ours.der -in sealed".split()) == secret
    (theirs / "secret").write_bytes(secret)
    sealed = openssl(theirs, *"pkeyutl -encrypt -keyform DER -pubin -inkey ours-pub.der -in secret".split())
    assert sm2.decrypt(made.standard_key(), sealed) == secret


def test_sm4(tmp_path):
    key, nonce, data = bytes(range(16)), bytes(range(12)), b"content " * 100
    # GCM counts in the last four bytes; the first block of content has 2 (NIST SP 800-38D, 7.1).
    out = openssl(tmp_path, "enc", "-sm4-ctr", "-K", key.hex(), "-iv", (nonce + b"\0\0\0\2").hex(), data=data)
    assert Sm4Gcm(key).encrypt(nonce, data, b"")[:-16] == out
    one = Cipher(algorithms.SM4(key), modes.CTR(nonce + b"\0\0\0\2")).encryptor()
    assert one.update(data) == out
