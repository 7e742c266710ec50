"""Signing keys of the repository: Ed25519, each in a file of its own, encrypted under a passphrase (PKCS#8)."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat, load_pem_private_key
from securesystemslib.signer import CryptoSigner

from kiosk.errors import ConfigError

# role -> how many keys it has, and how many must sign. The first two lie offline with the programme's owner.
OFFLINE = {"root": (3, 2), "targets": (2, 2)}
ONLINE = {"snapshot": (1, 1), "timestamp": (1, 1), "rollout": (1, 1)}
LEAST_PASSPHRASE = 8


def make(folder: Path, role: str, number: int, passphrase: str) -> CryptoSigner:
    """Make a key file `ROLE-N.pem`. Raises ConfigError when it is there already, or the passphrase is too short."""
    if len(passphrase) < LEAST_PASSPHRASE:
        raise ConfigError(f"a passphrase of {LEAST_PASSPHRASE} characters at least")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = Ed25519PrivateKey.generate()
    content = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase.encode()))
    path = folder / f"{role}-{number}.pem"
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
    except FileExistsError:
        raise ConfigError(f"{path.name} is there already; a key is never overwritten") from None
    return CryptoSigner(key)


def load(folder: Path, role: str, passphrase: str) -> list[CryptoSigner]:
    """Return the signers of a role that lie in `folder`. Raises ConfigError: none there, or another passphrase."""
    signers = []
    for path in sorted(folder.glob(f"{role}-*.pem")):
        try:
            key = load_pem_private_key(path.read_bytes(), passphrase.encode())
        except ValueError as error:
            raise ConfigError(f"{path.name}: another passphrase, or not a key") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise ConfigError(f"{path.name}: not an Ed25519 key")
        signers.append(CryptoSigner(key))
    if not signers:
        raise ConfigError(f"no key of the role {role} in {folder}")
    return signers
