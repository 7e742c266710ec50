"""JSON from outside, parsed once and within bounds: bytes, objects, depth; no NaN, no surprise. Both ends, network and stick.

The bounds are looked at before anything is parsed: 12 MB of "[[],[]," are a gigabyte of objects, and a deep one ends the parser.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from kiosk.sync.limits import MAX_BRACKETS, MAX_COMMAS, MAX_DEPTH, MAX_PLAIN

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"?', re.DOTALL)  # an unended one runs to the end: no place is looked at twice
_NO_BRACKET = bytes(sorted(set(range(256)) - set(b"[]{}")))


class JsonRefused(ValueError):
    """Text that is not taken. `why`: too-large (bytes, objects), malformed (no JSON, too deep, a number that is none)."""

    def __init__(self, why: str, message: str = "") -> None:
        super().__init__(message or why)
        self.why = why


def parse(
    data: bytes, *, limit: int = MAX_PLAIN, brackets: int = MAX_BRACKETS, commas: int = MAX_COMMAS, depth: int = MAX_DEPTH
) -> Any:
    """Return the parsed JSON. Raises JsonRefused.

    limit: bytes; brackets: objects and lists; commas; depth: of objects and lists within each other.
    """
    check(data, limit=limit, brackets=brackets, commas=commas, depth=depth)
    try:
        return json.loads(data.decode("utf-8"), parse_constant=_no_number)
    except JsonRefused:
        raise
    except (ValueError, RecursionError, MemoryError) as error:
        raise JsonRefused("malformed", type(error).__name__) from None


def check(
    data: bytes, *, limit: int = MAX_PLAIN, brackets: int = MAX_BRACKETS, commas: int = MAX_COMMAS, depth: int = MAX_DEPTH
) -> None:
    """Look at the bounds alone, without parsing anything. Raises JsonRefused."""
    if len(data) > limit or data.count(b"[") + data.count(b"{") > brackets or data.count(b",") > commas:
        raise JsonRefused("too-large")
    if _deeper(data, depth):
        raise JsonRefused("malformed", "too deep, or not ended")


def _deeper(data: bytes, depth: int) -> bool:
    left = _STRING.sub(b"", data).translate(None, _NO_BRACKET)
    for _ in range(depth):
        if not left:
            return False
        left = _innermost_gone(left)
    return bool(left)


def _innermost_gone(left: bytes) -> bytes:
    # Neighbours go in one sweep, "[][]" as "[]": only what lies within each other costs another one.
    return re.sub(rb"\[\]|\{\}", b"", left)


def _no_number(text: str) -> NoReturn:
    raise JsonRefused("malformed", f"{text} is no number")
