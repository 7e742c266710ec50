"""Output that any terminal takes: what a GBK or ASCII terminal cannot show is written another way, and nothing is lost for it.

Called by `kiosk.__main__` once, before a command runs. Standard library only.
"""

from __future__ import annotations

import codecs
import io
import sys

HANDLER = "kiosk-terminal"
# Marks of our own lines; no card and no roster holds them, so that JSON stays what it was.
_PLAIN = {"✓": "ok", "✗": "!!", "→": "->", "–": "--", "—": "--", "…": "..."}


def escaped(error: UnicodeError) -> tuple[str, int]:
    """Error handler: our marks in ASCII, all else as JSON writes it (\\uXXXX, two of them beyond U+FFFF)."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_PLAIN.get(char) or _escape(char) for char in error.object[error.start : error.end]), error.end


def fit_streams() -> None:
    """Let the standard streams take any text; stdin replaces what is none."""
    codecs.register_error(HANDLER, escaped)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=HANDLER)
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")


def _escape(char: str) -> str:
    code = ord(char)
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
