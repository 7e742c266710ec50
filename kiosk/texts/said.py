"""How a line to say hangs on the one before: a mark before its catalogue key. For captions, voice and the demo's listener."""

from __future__ import annotations

JOINED = "+"  # without a pause: dates are made of recorded pieces
SPELLED = ","  # after a moment of quiet: digits of a number, one by one


def bare(line: str) -> str:
    """Return the key of a line, without its mark."""
    return line[1:] if follows(line) else line


def follows(line: str) -> bool:
    """Return whether a line belongs to the one before it."""
    return line.startswith((JOINED, SPELLED))
