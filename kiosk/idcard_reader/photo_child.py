"""Runs a vendor's photo decoder. Started by `photo.py` as a process of its own; standard library only, imports no kiosk module.

argv[1]: JSON with library, function, signature and flag. Standard input: the WLT bytes. Standard output: what the decoder wrote, a
BMP file or 102 x 126 x 3 bytes of rows. Exit status 3: library or function missing; 4: the decoder said no; a crash has its
signal's status.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

WIDTH, HEIGHT = 102, 126
RGB_SIZE = WIDTH * HEIGHT * 3
LARGEST_BMP = 1024 * 1024  # 358 x 441 pixels of 32 bits, the largest seen, have 632 kB
SLACK = 65536  # decoders write behind the end of the picture
LARGEST_FILE = 16 * 1024 * 1024
LARGEST_MEMORY = 1024 * 1024 * 1024


def by_unpack(function: Callable[..., int], wlt: bytes, flag: int) -> bytes | None:
    """`int unpack(char *wlt, char *out, int flag)`: raw rows; 1 is success. Some builds write the BMP file's bytes instead."""
    source = ctypes.create_string_buffer(wlt, len(wlt) + SLACK)
    target = ctypes.create_string_buffer(LARGEST_BMP + SLACK)
    if function(source, target, ctypes.c_int(flag)) != 1:
        return None
    raw = target.raw
    return raw[:LARGEST_BMP] if raw[:2] == b"BM" and raw[6:10] == bytes(4) else raw[:RGB_SIZE]


def by_getbmp(function: Callable[..., int], wlt: bytes, flag: int) -> bytes | None:
    """`int GetBmp(char *path, int interface)`: writes a .bmp beside the .wlt; 1 is success, `flag` is the interface (1 serial)."""
    Path("card.wlt").write_bytes(wlt)
    path = os.fsencode(Path("card.wlt").absolute())
    if function(ctypes.create_string_buffer(path), ctypes.c_int(flag or 1)) != 1:
        return None
    with Path("card.bmp").open("rb") as file:
        return file.read(LARGEST_BMP)


def be_bounded() -> None:
    """Limit what the decoder may use, where the system can: a file, memory, no picture of memory when it crashes."""
    try:
        import resource
    except ImportError:  # Windows
        return
    for name in ("SIGXFSZ", "SIGPIPE"):  # Python ignores them; whoever writes without end is to end by them
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    for what, most in ((resource.RLIMIT_FSIZE, LARGEST_FILE), (resource.RLIMIT_AS, LARGEST_MEMORY), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(what)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))


def main() -> int:
    """Decode one photo."""
    job = json.loads(sys.argv[1])
    wlt = sys.stdin.buffer.read()
    be_bounded()
    answer = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # decoders print
    licence = Path(job["library"]).with_name("license.dat")
    if licence.is_file():  # looked for in the current folder by WltRS
        Path("license.dat").write_bytes(licence.read_bytes())
    try:
        loader = getattr(ctypes, "WinDLL", ctypes.CDLL) if job["signature"] == "getbmp" else ctypes.CDLL  # WinDLL: Windows alone
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
