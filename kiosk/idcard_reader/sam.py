"""The reader's own identity (SAM id): 16 bytes to the two printed forms. Pure; used by the session and `kiosk doctor`."""

from __future__ import annotations

import struct


def dotted(raw: bytes) -> str:
    """Return the form vendors print: 05.01-20101129-0001228293-0296863149. Raises ValueError unless 16 bytes."""
    a, b, c, d, e = _parts(raw)
    return f"{a:02d}.{b:02d}-{c:08d}-{d:010d}-{e:010d}"


def plain(raw: bytes) -> str:
    """Return the 32-digit form without separators. Raises ValueError unless 16 bytes."""
    a, b, c, d, e = _parts(raw)
    return f"{a:02d}{b:02d}{c:08d}{d:010d}{e:010d}"


def _parts(raw: bytes) -> tuple[int, ...]:
    if len(raw) != 16:
        raise ValueError("16 bytes expected")
    return struct.unpack("<HHIII", raw)
