"""The chip photo (WLT) to pixels, by a vendor's decoder in a process of its own. Used by `client.py`, doctor and tests.

No decoder can be shipped and no open one exists; `reader.wlt` in the configuration names the user's. Such libraries crash, hang,
write files into the current folder, print, start programs, and keep globals: hence one short-lived process a photo, in an empty
folder, with a time limit, with nothing of our environment (the place of our keys is in it), and ended with all that it started.
WLT bytes and pixels travel over pipes, never through arguments or lasting files.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO

from kiosk.config import WltDecoder, resolve
from kiosk.errors import DeviceError
from kiosk.idcard_reader.bitmap import picture

_CHILD = Path(__file__).with_name("photo_child.py")
_LARGEST = 4 * 1024 * 1024  # bytes of an answer: more than any photo, and all that is ever read of it
_KEPT = ("PATH", "SYSTEMROOT", "LANG")  # of our environment; SYSTEMROOT: no Windows library loads without it
_READ_OUT_S = 1.0


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
    try:
        with tempfile.TemporaryDirectory(prefix="wlt-", ignore_cleanup_errors=True, dir=place) as folder:
            answer = _run([sys.executable, "-I", str(_CHILD), json.dumps(job)], wlt, folder, library, settings.timeout_s)
    except subprocess.TimeoutExpired as error:
        raise DeviceError(f"photo decoder took more than {settings.timeout_s} s") from error
    except OSError as error:
        raise DeviceError("photo decoder cannot be started") from error
    return picture(answer, bottom_up=settings.row_order == "bottom-up")


def _run(arguments: list[str], wlt: bytes, folder: str, library: Path, timeout_s: float) -> bytes:
    """Run it and return what it wrote. Raises DeviceError, OSError, subprocess.TimeoutExpired."""
    beside = {"LD_LIBRARY_PATH": str(library.parent)} if library.is_absolute() else {}  # for the libraries it needs
    clean = {name: os.environ[name] for name in _KEPT if name in os.environ}
    child = subprocess.Popen(  # noqa: S603 - our own file with our own interpreter
        arguments,
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=clean | beside | {"HOME": folder, "TMPDIR": folder, "TEMP": folder},
        start_new_session=True,  # a process group of its own, to be ended as one
    )
    assert child.stdin is not None and child.stdout is not None  # noqa: S101, PT018 - both are pipes
    answer = bytearray()
    reader = threading.Thread(target=_read, args=(child.stdout, answer), name="wlt-photo", daemon=True)
    reader.start()
    try:
        with contextlib.suppress(BrokenPipeError):
            child.stdin.write(wlt)
            child.stdin.close()
        status = child.wait(timeout_s)
    finally:
        _end(child)
        reader.join(_READ_OUT_S)  # the pipe ends with the last that held it
    if len(answer) > _LARGEST:
        raise DeviceError("photo decoder writes without end")
    if status != 0:
        raise DeviceError(f"photo decoder ended with status {status}")
    return bytes(answer)


def _read(pipe: IO[bytes], answer: bytearray) -> None:
    with contextlib.suppress(OSError, ValueError), pipe:
        while len(answer) <= _LARGEST and (piece := os.read(pipe.fileno(), 65536)):
            answer += piece


def _end(child: subprocess.Popen[bytes]) -> None:
    """End it and everything that it started."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
    elif child.poll() is None:  # Windows: the tree, by its own tool
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(child.pid)], capture_output=True, check=False)  # noqa: S603, S607
    child.kill()
    child.wait()
