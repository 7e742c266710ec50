"""What a line of the audit log holds besides who, what and when, in words. For its page; an export keeps the codes."""

from __future__ import annotations

import json
from typing import Any

from kiosk.bureau.clerks.words import Words

# Kind of words for the value of a key, where it is a code.
_KINDS = {"role": "role", "decided": "decision", "how": "audit_how", "due": "audit_due", "kind": "finding"}
_SHOWN = 12  # characters of a digest: to compare with, not to read


def told(words: Words, detail: str) -> list[tuple[str, str]]:
    """Return (what, value) of a line's detail; what says nothing is left out."""
    found = json.loads(detail)
    return [(words.of("audit_key", key), text) for key, value in found.items() if (text := _value(words, key, value))]


def _value(words: Words, key: str, value: Any) -> str:
    if isinstance(value, bool):
        return words.text("audit.yes" if value else "audit.no")
    if isinstance(value, list):
        return "、".join(_value(words, key, one) for one in value)
    if isinstance(value, dict):
        return "、".join(f"{name} {_value(words, name, one)}" for name, one in value.items())
    text = str(value)
    if key == "digest":
        return text[:_SHOWN]
    if key == "reason":
        revoked = words.of("revoke", text)
        return revoked if revoked != text else words.reason(text)
    if key == "by":
        return words.of("audit_by", text)
    if key == "before":  # of a role, of a decision, of a number of people
        role = words.of("role", text)
        return role if role != text else words.of("decision", text)
    return words.of(_KINDS[key], text) if key in _KINDS else text
