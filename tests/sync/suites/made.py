"""The key of GB/T 32918.5's examples, an encoder of SM2 ciphertexts that can also write wrong ones, and the openssl command."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from kiosk.sync.suites import sm2
from kiosk.sync.suites.sm2 import SM2Key

SECRET = bytes.fromhex("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8")
POINT = bytes.fromhex(
    "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)


def standard_key() -> SM2Key:
    return sm2.from_secret(POINT, SECRET)


def _tlv(tag: int, content: bytes) -> bytes:
    length = bytes([len(content)]) if len(content) < 128 else bytes([0x81, len(content)])
    return bytes([tag]) + length + content


def _integer(value: int) -> bytes:
    return _tlv(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def ciphertext(x: int, y: int, c3: bytes, c2: bytes) -> bytes:
    """An SM2 ciphertext of GM/T 0009: SEQUENCE { x, y INTEGER, hash, text OCTET STRING }."""
    return _tlv(0x30, _integer(x) + _integer(y) + _tlv(4, c3) + _tlv(4, c2))


def parts(der: bytes) -> tuple[int, int, bytes, bytes]:
    """Take a short ciphertext apart."""
    at, out = 2 if der[1] < 128 else 3, []
    while at < len(der):
        length = der[at + 1]
        out.append(der[at + 2 : at + 2 + length])
        at += 2 + length
    return int.from_bytes(out[0], "big"), int.from_bytes(out[1], "big"), out[2], out[3]


def signature_der(signature: bytes) -> bytes:
    """Return r and s as the DER that openssl reads."""
    return _tlv(0x30, _integer(int.from_bytes(signature[:32], "big")) + _integer(int.from_bytes(signature[32:], "big")))


def private_der(key: SM2Key) -> bytes:
    """Return the key as openssl reads it: ECPrivateKey of RFC 5915 with the name of the curve."""
    curve = _tlv(0xA0, _tlv(6, bytes.fromhex("2a811ccf5501822d")))  # 1.2.156.10197.1.301
    assert key.private is not None
    return _tlv(0x30, _integer(1) + _tlv(4, key.private.export()) + curve + _tlv(0xA1, _tlv(3, b"\0\x04" + key.point)))


def public_der(key: SM2Key) -> bytes:
    """Return the key as SubjectPublicKeyInfo."""
    names = _tlv(6, bytes.fromhex("2a8648ce3d0201")) + _tlv(6, bytes.fromhex("2a811ccf5501822d"))
    return _tlv(0x30, _tlv(0x30, names) + _tlv(3, b"\0\x04" + key.point))


def openssl(*arguments: str, data: bytes = b"", where: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run Debian's openssl: the independent other end."""
    command = shutil.which("openssl")
    assert command, "the openssl command is needed (the project's set-up installs it)"
    return subprocess.run([command, *arguments], input=data, capture_output=True, cwd=where, timeout=30, check=False)
