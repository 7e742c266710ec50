"""What must not leave a station is taken out of every text: Chinese characters, long numbers, secrets of addresses. Pure.

Names of people here are Chinese characters or stand in documents that are not collected; numbers of identity cards, bank cards and
telephones have eleven digits or more. Taking out the whole kind needs no list of who has been here.
"""

from __future__ import annotations

import re
from typing import Any

GONE = "…"
# Ideographs with their extensions, kana, hangul and full-width forms: whatever a name here can be written in.
_LETTERS = re.compile(
    "[\u1100-\u11ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f"
    "\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]+"
)
# A card reader's own number (SAM) has this shape and stays: it is the device's.
_SAM = r"[0-9]{2}\.[0-9]{2}-[0-9]{8}-[0-9]{10}-[0-9]{10}(?![0-9])"
_NUMBER = re.compile(rf"({_SAM})|(?:[0-9][ -]?){{10,}}[0-9Xx]")
_ACCOUNT = re.compile(r"(?<=/home/)[^/\s\"']+|(?<=/media/)[^/\s\"']+|(?<=[\\/]Users[\\/])[^\\/\s\"']+")
_USER_OF_URL = re.compile(r"(?<=//)[^/@\s]*@")
_QUERY = re.compile(r"(?<=[^\s?])\?[^\s]*")
_PEM = re.compile(r"-----BEGIN [^-]*-----.*?(?:-----END [^-]*-----|\Z)", re.DOTALL)
# Settings whose value is a secret, or may hold one: a command that prints a key may name a password.
_SECRET = re.compile(r"command|pin|password|secret|passphrase|token")


def text(value: str) -> str:
    """Return a text with what must not leave taken out."""
    out = _PEM.sub(GONE, value)
    out = _USER_OF_URL.sub("", out)
    if "://" in out:
        out = _QUERY.sub("", out)
    out = _ACCOUNT.sub(GONE, _LETTERS.sub(GONE, out))
    return _NUMBER.sub(lambda found: found[1] or GONE, out)


def tree(value: Any) -> Any:
    """Return plain data with every text in it cut, keys too."""
    if isinstance(value, dict):
        return {text(str(key)): tree(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [tree(one) for one in value]
    if isinstance(value, str):
        return text(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**10:
        return GONE
    return value if isinstance(value, int | float | bool) or value is None else text(str(value))


def settings(value: Any) -> Any:
    """Return settings without their secrets: of those only whether they are set."""
    if not isinstance(value, dict):
        return tree(value)
    return {
        key: ("set" if one else "") if _SECRET.search(key) and isinstance(one, str) else settings(one) for key, one in value.items()
    }
