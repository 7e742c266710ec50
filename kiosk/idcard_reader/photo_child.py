"""Runs a vendor's photo decoder. Started by `photo.py` as a process of its own; standard library only, imports no kiosk module.

argv[1]: JSON with library, function, signature and flag. Standard input: the WLT bytes. Standard output: 102 x 126 x 3 bytes as the
decoder laid them out. Exit status 3: library or function missing; 4: the decoder said no; a crash has its signal's status.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

WIDTH, HEIGHT = 102, 126
RGB_SIZE = WIDTH * HEIGHT * 3
BMP_ROW = (WIDTH * 3 + 3) // 4 * 4
BMP_SIZE = 54 + BMP_ROW * HEIGHT
SLACK = 65536  # decoders write behind the end of the picture


def by_unpack(function: Callable[..., int], wlt: bytes, flag: int) -> bytes | None:
    """`int unpack(char *wlt, char *out, int flag)`: raw rows; 1 is success. Some builds write the BMP file's bytes instead."""
    source = ctypes.create_string_buffer(wlt, len(wlt) + SLACK)
    target = ctypes.create_string_buffer(BMP_SIZE + SLACK)
    if function(source, target, ctypes.c_int(flag)) != 1:
        return None
    raw = target.raw
    return from_bmp(raw[:BMP_SIZE]) if raw[:2] == b"BM" and raw[10:14] == b"\x36\0\0\0" else raw[:RGB_SIZE]


def by_getbmp(function: Callable[..., int], wlt: bytes, flag: int) -> bytes | None:
    """`int GetBmp(char *path, int interface)`: writes a .bmp beside the .wlt; 1 is success, `flag` is the interface (1 serial)."""
    Path("card.wlt").write_bytes(wlt)
    path = os.fsencode(Path("card.wlt").absolute())
    if function(ctypes.create_string_buffer(path), ctypes.c_int(flag or 1)) != 1:
        return None
    return from_bmp(Path("card.bmp").read_bytes())


def from_bmp(bmp: bytes) -> bytes | None:
    """Return the pixels of a 24-bit BMP without the padding of its rows, in the file's own order."""
    if len(bmp) < BMP_SIZE or bmp[:2] != b"BM":
        return None
    return b"".join(bmp[at : at + WIDTH * 3] for at in range(54, BMP_SIZE, BMP_ROW))


def main() -> int:
    """Decode one photo."""
    job = json.loads(sys.argv[1])
    wlt = sys.stdin.buffer.read()
    answer = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # decoders print
    licence = Path(job["library"]).with_name("license.dat")
    if licence.is_file():  # looked for in the current folder by WltRS
        Path("license.dat").write_bytes(licence.read_bytes())
    try:
        loader = ctypes.WinDLL if os.name == "nt" and job["signature"] == "getbmp" else ctypes.CDLL  # type: ignore[attr-defined]
        function = getattr(loader(job["library"]), job["function"])
    except (OSError, AttributeError):
        return 3
    function.restype = ctypes.c_int
    pixels = (by_getbmp if job["signature"] == "getbmp" else by_unpack)(function, wlt, int(job["flag"]))
    if pixels is None:
        return 4
    with os.fdopen(answer, "wb") as out:
        out.write(pixels)
    os._exit(0)  # without the library's own clean-up, which crashes in some builds


if __name__ == "__main__":
    sys.exit(main())
