"""The other end of the wire, written from docs/wire.md alone: json, base64 and the openssl command; nothing of the kiosk.

Verifies signed documents, opens sealed ones, computes digests and fingerprints, under both suites. Its GCM is openssl's CTR with a
GHASH of its own, since the command line has no GCM.
"""

from __future__ import annotations

import base64
import json
import subprocess
import tempfile
from pathlib import Path

# DER before a public key, an OBJECT IDENTIFIER inside: RFC 8410 (Ed25519, X25519), GM/T 0015 (SM2).
PUBLIC = {
    "Ed25519": bytes.fromhex("302a300506032b6570032100"),
    "X25519": bytes.fromhex("302a300506032b656e032100"),
    "SM2": bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004"),
}
PRIVATE = {"X25519": bytes.fromhex("302e020100300506032b656e04220420")}
SUITES = {
    "std-1": {"alg": "Ed25519", "key": "ECDH-ES", "enc": "A256GCM", "digest": "sha256", "block": "aes-256", "bytes": 32},
    "gm-1": {"alg": "SM2-SM3", "key": "SM2-PKE", "enc": "SM4-GCM", "digest": "sm3", "block": "sm4", "bytes": 16},
}
SM2_ID = "1234567812345678"


class Wrong(Exception):
    """Not to be accepted."""


def openssl(folder: Path, *arguments: str, data: bytes = b"") -> bytes:
    done = subprocess.run(["openssl", *arguments], input=data, capture_output=True, cwd=folder, timeout=30, check=False)
    if done.returncode:
        raise Wrong(done.stderr.decode(errors="replace")[:200])
    return done.stdout


def b64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def digest(suite: str, data: bytes) -> str:
    return openssl(Path(), "dgst", f"-{SUITES[suite]['digest']}", "-r", data=data).split()[0].decode()


def fingerprint(suite: str, public: dict[str, str]) -> str:
    text = f"{public['sign']}.{public['seal']}"
    named = text if suite == "std-1" else f"{suite}.{text}"
    return base64.b32encode(bytes.fromhex(digest(suite, named.encode())))[:16].decode()


def verify(suite: str, compact: str, public: dict[str, str], signer: str, kind: str) -> dict:
    """Return the document, when it is signed by `signer` under this suite and of this kind."""
    head, payload, signature = compact.split(".")
    header = json.loads(b64(head))
    if header != {"alg": SUITES[suite]["alg"], "kid": signer, "typ": f"kiosk-{kind}", "cty": "json"}:
        raise Wrong("header")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data").write_bytes(f"{head}.{payload}".encode())
        raw = b64(signature)
        if suite == "std-1":
            (folder / "public").write_bytes(PUBLIC["Ed25519"] + b64(public["sign"]))
            (folder / "signature").write_bytes(raw)
            openssl(folder, *"pkeyutl -verify -rawin -pubin -keyform DER -inkey public -sigfile signature -in data".split())
        else:
            (folder / "public").write_bytes(PUBLIC["SM2"] + b64(public["sign"]))
            (folder / "signature").write_bytes(der_of(raw))
            given = "dgst -sm3 -keyform DER -verify public -signature signature -sigopt".split()
            openssl(folder, *given, f"distid:{SM2_ID}", "data")
    document = json.loads(b64(payload))
    if document.get("suite", "std-1") != suite or document["kind"] != kind:
        raise Wrong("suite or kind")
    return document


def der_of(raw: bytes) -> bytes:
    """r and s as SEQUENCE { INTEGER, INTEGER }."""
    if len(raw) != 64:
        raise Wrong("length")
    body = b""
    for part in (raw[:32], raw[32:]):
        number = part.lstrip(b"\0") or b"\0"
        number = (b"\0" if number[0] & 0x80 else b"") + number
        body += bytes([2, len(number)]) + number
    return bytes([0x30, len(body)]) + body


def open_sealed(suite: str, sealed: str, private: dict[str, str], recipient: str) -> str:
    """Return the signed document inside."""
    head, wrapped, nonce, ciphertext, tag = sealed.split(".")
    header, names = json.loads(b64(head)), SUITES[suite]
    if (header["alg"], header["enc"], header["kid"]) != (names["key"], names["enc"], recipient):
        raise Wrong("header")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if suite == "std-1":
            (folder / "mine").write_bytes(PRIVATE["X25519"] + b64(private["d"]))
            (folder / "theirs").write_bytes(PUBLIC["X25519"] + b64(header["epk"]["x"]))
            given = "pkeyutl -derive -keyform DER -inkey mine -peerform DER -peerkey theirs".split()
            shared = openssl(folder, *given)
            # Concat KDF, RFC 7518 4.6.2: counter, secret, algorithm, no parties, length in bits.
            enc = names["enc"].encode()
            info = len(enc).to_bytes(4, "big") + enc + bytes(8) + (256).to_bytes(4, "big")
            key = bytes.fromhex(digest(suite, (1).to_bytes(4, "big") + shared + info))
        else:
            (folder / "mine").write_bytes(sm2_private(private))
            (folder / "wrapped").write_bytes(b64(wrapped))
            key = openssl(folder, *"pkeyutl -decrypt -keyform DER -inkey mine -in wrapped".split())
    return gcm_open(names["block"], key, b64(nonce), b64(ciphertext), b64(tag), head.encode()).decode()


def sm2_private(jwk: dict[str, str]) -> bytes:
    """ECPrivateKey of RFC 5915 with the curve's name and the public key."""
    point = b"\0\x04" + b64(jwk["x"]) + b64(jwk["y"])
    body = b"\x02\x01\x01\x04\x20" + b64(jwk["d"]) + bytes.fromhex("a00a06082a811ccf5501822d")
    body += bytes([0xA1, len(point) + 2, 3, len(point)]) + point
    return bytes([0x30, len(body)]) + body


def gcm_open(block: str, key: bytes, nonce: bytes, ciphertext: bytes, tag: bytes, aad: bytes) -> bytes:
    """NIST SP 800-38D with a nonce of 12 bytes and a tag of 16."""
    if len(nonce) != 12 or len(tag) != 16:
        raise Wrong("lengths")

    def ecb(data: bytes) -> bytes:
        return openssl(Path(), "enc", f"-{block}-ecb", "-K", key.hex(), "-nopad", data=data)

    h = int.from_bytes(ecb(bytes(16)), "big")
    y = 0
    lengths = (8 * len(aad)).to_bytes(8, "big") + (8 * len(ciphertext)).to_bytes(8, "big")
    for part in (aad, ciphertext, lengths):
        for at in range(0, len(part), 16):
            y = times(y ^ int.from_bytes(part[at : at + 16].ljust(16, b"\0"), "big"), h)
    if y ^ int.from_bytes(ecb(nonce + b"\0\0\0\1"), "big") != int.from_bytes(tag, "big"):
        raise Wrong("tag")
    return openssl(Path(), "enc", "-d", f"-{block}-ctr", "-K", key.hex(), "-iv", (nonce + b"\0\0\0\2").hex(), data=ciphertext)


def times(x: int, y: int) -> int:
    """Multiply in GF(2^128) as GCM orders its bits."""
    z, v = 0, y
    for bit in range(127, -1, -1):
        if x >> bit & 1:
            z ^= v
        v = v >> 1 ^ (0xE1 << 120 if v & 1 else 0)
    return z


def roster_plain(suite: str, data: bytes, file_key: str) -> bytes:
    """Return the zstd frame inside a roster file of one chunk."""
    magic = {"std-1": b"PKROSTR1", "gm-1": b"PKROSTRG"}[suite]
    if not data.startswith(magic):
        raise Wrong("magic")
    chunk, nonce = data[8:], (0).to_bytes(11, "big") + b"\1"  # chunk 0, and the last
    return gcm_open(SUITES[suite]["block"], b64(file_key), nonce, chunk[:-16], chunk[-16:], magic)
