"""A little ESC/POS printer for tests: bytes to what would stand on the paper. Knows only what it must; anything else is an error.

Written from Epson's command reference, not from `kiosk.printer`, so that a mistake in one of the two shows.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass
class Paper:
    lines: list[str] = field(default_factory=list)
    pictures: list[np.ndarray] = field(default_factory=list)  # uint8, 0 black
    qr_data: list[str] = field(default_factory=list)
    cuts: int = 0
    chinese_lines: list[bool] = field(default_factory=list)


def read(data: bytes) -> Paper:
    paper, at, line, chinese = Paper(), 0, bytearray(), False
    fixed = {b"\x1b@": 0, b"\x1ba": 1, b"\x1bd": 1, b"\x1d!": 1, b"\x1c!": 1, b"\x1c&": 0, b"\x1c.": 0}
    while at < len(data):
        two = data[at : at + 2]
        if data[at : at + 3] == b"\x1dv0":
            across = int.from_bytes(data[at + 4 : at + 6], "little")
            down = int.from_bytes(data[at + 6 : at + 8], "little")
            raw = np.frombuffer(data[at + 8 : at + 8 + across * down], np.uint8).reshape(down, across)
            paper.pictures.append(np.where(np.unpackbits(raw, axis=1) > 0, 0, 255).astype(np.uint8))
            at += 8 + across * down
        elif data[at : at + 3] == b"\x1d(k":
            size = int.from_bytes(data[at + 3 : at + 5], "little")
            body = data[at + 5 : at + 5 + size]
            if body[1] == 80:
                paper.qr_data.append(body[3:].decode("utf-8"))
            at += 5 + size
        elif two == b"\x1dV":
            paper.cuts += 1
            at += 4 if data[at + 2] in (65, 66) else 3
        elif two in fixed:
            if two in (b"\x1c&", b"\x1c."):
                chinese = two == b"\x1c&"
            at += 2 + fixed[two]
        elif data[at] == 0x0A:
            paper.lines.append(line.decode("gb18030"))
            paper.chinese_lines.append(chinese)
            line.clear()
            at += 1
        elif data[at] < 0x20:
            raise ValueError(f"unknown command {data[at : at + 4]!r} at {at}")
        else:
            size = 2 if data[at] >= 0x81 else 1
            line += data[at : at + size]
            at += size
    return paper
