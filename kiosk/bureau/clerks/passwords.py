"""Passwords: argon2id, and which are refused."""

from __future__ import annotations

import secrets
from functools import cache

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH = 12
# OWASP's second choice for argon2id: 19 MiB, two passes, one lane. Two at once (`sign_in.HASHING`) stay within a small machine.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, type=Type.ID)


def hashed(password: str) -> str:
    """Return the hash to keep."""
    return _HASHER.hash(password.encode("utf-8", "replace"))


def right(kept: str, password: str) -> bool:
    """Compare. As slow for an account that is not there (`kept` empty) as for one that is."""
    try:
        return bool(_HASHER.verify(kept or _nobodys(), password.encode("utf-8", "replace"))) and bool(kept)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    return hashed(secrets.token_urlsafe(24))


def first_password() -> str:
    """Return a first password to be read out and typed once: four groups of four, no letters that look alike."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))


def fault(password: str, name: str, shown_name: str) -> str:
    """Return "" for a password that may be chosen, else why not: too-short, too-simple, holds-name."""
    if len(password) < MIN_LENGTH:
        return "too-short"
    if len(set(password)) < 5:
        return "too-simple"
    small = password.casefold()
    if any(part and part.casefold() in small for part in (name, shown_name)):
        return "holds-name"
    return ""
