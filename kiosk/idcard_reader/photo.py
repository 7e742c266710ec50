"""The chip photo (WLT) to pixels, by a vendor's decoder in a process of its own. Used by `client.py`, doctor and tests.

No decoder can be shipped and no open one exists; `reader.wlt` in the configuration names the user's. Such libraries crash, hang,
write files into the current folder, print, and keep globals: hence one short-lived process a photo, in an empty folder, with a
time limit. WLT bytes and pixels travel over pipes, never through arguments or lasting files.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from kiosk.config import WltDecoder, resolve
from kiosk.errors import DeviceError

WIDTH, HEIGHT = 102, 126
RGB_SIZE = WIDTH * HEIGHT * 3
_CHILD = Path(__file__).with_name("photo_child.py")


def decode(wlt: bytes, settings: WltDecoder) -> bytes:
    """Return the photo as 102 x 126 x 3 bytes: RGB, first row at the top.

    Raises DeviceError when the decoder is missing, fails, crashes, hangs, or returns something else than a picture.
    """
    library = Path(settings.library)
    if library.parent != Path():  # a bare name is left to the system's search path
        library = resolve(settings.library)
        if not library.is_file():
            raise DeviceError(f"photo decoder not found: {library}")
    job = {"library": str(library), "function": settings.function, "signature": settings.signature, "flag": settings.flag}
    # In memory where the system has such a place: what a decoder writes there is somebody's face.
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - a folder of its own is made in it
    beside = {"LD_LIBRARY_PATH": str(library.parent)} if library.is_absolute() else {}  # for the libraries it needs
    try:
        with tempfile.TemporaryDirectory(prefix="wlt-", ignore_cleanup_errors=True, dir=place) as folder:
            done = subprocess.run(  # noqa: S603 - our own file with our own interpreter
                [sys.executable, "-I", str(_CHILD), json.dumps(job)],
                input=wlt,
                cwd=folder,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=settings.timeout_s,
                check=False,
                env=os.environ | beside,
            )
    except subprocess.TimeoutExpired as error:
        raise DeviceError(f"photo decoder took more than {settings.timeout_s} s") from error
    except OSError as error:
        raise DeviceError("photo decoder cannot be started") from error
    if done.returncode != 0:
        raise DeviceError(f"photo decoder ended with status {done.returncode}")
    if len(done.stdout) != RGB_SIZE:
        raise DeviceError(f"photo decoder returned {len(done.stdout)} bytes, {RGB_SIZE} expected")
    return _arranged(done.stdout, settings)


def _arranged(raw: bytes, settings: WltDecoder) -> bytes:
    """Bring the decoder's rows and channels into the one order."""
    row = WIDTH * 3
    if settings.row_order == "bottom-up":
        raw = b"".join(raw[at : at + row] for at in range(RGB_SIZE - row, -1, -row))
    if settings.channel_order == "bgr":
        out = bytearray(raw)
        out[0::3], out[2::3] = raw[2::3], raw[0::3]
        raw = bytes(out)
    return raw
