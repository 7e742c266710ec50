"""What names people is sealed at the bureau by keys derived from clerks.key, and found by keyed marks; the database names nobody.

A set of keys for each purpose ("people", "lines"): what was sealed for one is not opened or found by another.
"""

from __future__ import annotations

import hmac
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kiosk.bureau.context import BureauContext
from kiosk.sync.keys import read_private


class SealingKeys:
    """The keys of one purpose, read from the file once."""

    def __init__(self, context: BureauContext, purpose: str) -> None:
        key = read_private(Path(context.settings.data) / "clerks.key").strip().encode()
        self._cipher = AESGCM(hmac.digest(key, f"{purpose} sealed".encode(), "sha256"))
        self._marks = hmac.digest(key, f"{purpose} marks".encode(), "sha256")

    def mark(self, text: str) -> str:
        """Return what a text is found by: the same for the same text, and nothing without the key."""
        return hmac.digest(self._marks, text.encode("utf-8", "replace"), "sha256").hex()[:32]

    def seal(self, plain: bytes, about: str) -> bytes:
        """Return it as it may lie in the database. about: the id of what it belongs to."""
        nonce = secrets.token_bytes(12)
        return nonce + self._cipher.encrypt(nonce, plain, about.encode())

    def open(self, sealed: bytes, about: str) -> bytes | None:
        """Return what was sealed; None when it was by another key, for something else, or not at all."""
        try:
            return self._cipher.decrypt(sealed[:12], sealed[12:], about.encode())
        except (InvalidTag, ValueError):
            return None
