"""The bureau's identity by a certificate: one of SM2 (X.509, GB/T 20518) or of Ed25519, read and verified by the openssl command.

Besides the fingerprint in the code, which is enough by itself: where an authority vouches for the bureau's signing key, a kiosk can
be made to look at that too (`kiosk provision --certificate FILE --authority FILE`). Python's `cryptography` knows no such
certificates of SM2.
"""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from kiosk.errors import ConfigError
from kiosk.sync import seal, suites
from kiosk.sync.protocol import PublicKeys
from kiosk.sync.suites import sm2
from kiosk.sync.suites.suite import padless

_LARGEST = 64 * 1024
_TIME_S = 20.0
_SAID = re.compile(r"(subject|serial|notAfter)=")
_PEM = re.compile(rb"-----BEGIN PUBLIC KEY-----(.+?)-----END PUBLIC KEY-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Certified:
    """What the certificate says."""

    subject: str
    serial: str
    ends: str


def check(certificate: Path, authority: Path, keys: PublicKeys) -> Certified:
    """Return what a certificate says, if an authority issued it for the bureau's signing key and it is in time.

    Raises ConfigError naming what does not hold.
    """
    for path in (certificate, authority):
        if not path.is_file() or path.stat().st_size > _LARGEST:
            raise ConfigError(f"{path}: no certificate")
    user_id = f"distid:{sm2.DEFAULT_ID.decode()}" if seal.suite_of(keys) is suites.GM_1 else ""
    # The authority signs under the user id too (GB/T 35275): without it openssl refuses a certificate that is right.
    option = ["-vfyopt", user_id] if user_id else []
    _openssl(
        ["verify", *option, "-no-CApath", "-no-CAstore", "-CAfile", str(authority), str(certificate)], "is not of this authority"
    )
    told = _openssl(["x509", "-in", str(certificate), "-noout", "-subject", "-serial", "-enddate", "-pubkey"], "cannot be read")
    if _public(told) != keys.sign:
        raise ConfigError(f"{certificate}: it is for another key than the bureau's")
    usage = _openssl(["x509", "-in", str(certificate), "-noout", "-ext", "keyUsage"], "cannot be read").decode(errors="replace")
    if "Digital Signature" not in usage:
        raise ConfigError(f"{certificate}: its key is not for signatures (keyUsage)")
    lines = dict(line.split("=", 1) for line in told.decode("utf-8", "replace").splitlines() if _SAID.match(line))
    return Certified(lines.get("subject", "").strip(), lines.get("serial", ""), lines.get("notAfter", ""))


def _public(told: bytes) -> str:
    """Return the public key as it travels, or "" for one of another kind."""
    found = _PEM.search(told)
    der = base64.b64decode(found[1]) if found else b""
    # SubjectPublicKeyInfo ends with the key: 32 bytes of Ed25519, or 04, x and y.
    if b"\x2a\x81\x1c\xcf\x55\x01\x82\x2d" in der and der[-65:-64] == b"\x04":
        return padless(der[-64:]).decode()
    return padless(der[-32:]).decode() if der.startswith(b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70") else ""


def _openssl(arguments: list[str], wrong: str) -> bytes:
    command = shutil.which("openssl")
    if command is None:
        raise ConfigError("the openssl command is needed to look at a certificate: install it, or leave --certificate out")
    try:
        done = subprocess.run([command, *arguments], capture_output=True, timeout=_TIME_S, check=False)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        raise ConfigError(f"openssl: {type(error).__name__}") from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).decode("utf-8", "replace")
        why = re.search(r"error \d+ at [^:]*: *([^\n]{1,80})|verification failed[^\n]{0,80}", said)
        raise ConfigError(f"the certificate {wrong}" + (f": {why[1] or why[0]}" if why else ""))
    return done.stdout
