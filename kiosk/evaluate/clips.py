"""Read whatever a CSV row names: a video, an animated GIF, a still. Times come from the file, not from the clock.

Called by the evaluation and by `kiosk watch`. A file that cannot be read is a `ClipError` for its row; the run goes on.
"""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from kiosk.camera.frame import Frame

STILLS = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
_DEFAULT_FPS = 25.0


class ClipError(Exception):
    """A file of a row cannot be read; the text says which and why."""


def read_rows(path: Path, required: tuple[str, ...]) -> list[dict[str, str]]:
    """Return the rows of a CSV (UTF-8, with or without byte order mark), values stripped, missing ones empty.

    Raises ClipError when the file or a required column is missing.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            names = [name.strip() for name in reader.fieldnames or []]
            reader.fieldnames = names
            missing = [name for name in required if name not in names]
            if missing:
                raise ClipError(f"{path.name}: column {', '.join(missing)} is missing (has: {', '.join(names)})")
            return [{k: (v or "").strip() for k, v in row.items() if isinstance(k, str)} for row in reader]
    except (OSError, UnicodeDecodeError) as error:
        raise ClipError(f"{path}: {error}") from error


def is_still(path: Path) -> bool:
    """Say whether a file is a single picture by its name (a GIF is a clip)."""
    return path.suffix.lower() in STILLS


def read_still(path: Path) -> np.ndarray:
    """Return a picture, uint8 BGR. Raises ClipError."""
    if not path.is_file():
        raise ClipError(f"{path.name}: no such file")
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)  # imread fails on non-ASCII Windows paths
        image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except (OSError, cv2.error) as error:
        raise ClipError(f"{path.name}: {error}") from error
    if not isinstance(image, np.ndarray):
        return _pillow_still(path)
    return image


def frames(path: Path, limit_s: float = 0.0) -> Iterator[Frame]:
    """Yield the frames of a clip with their times from 0; a still gives one frame. `limit_s` > 0 ends after so long.

    Raises ClipError when nothing can be read.
    """
    if not path.is_file():
        raise ClipError(f"{path.name}: no such file")
    if is_still(path):
        yield Frame(read_still(path), 0.0, 0)
        return
    source = _gif(path) if path.suffix.lower() == ".gif" else _video(path)
    empty = True
    for frame in source:
        if limit_s > 0 and frame.t_s > limit_s:
            break
        empty = False
        yield frame
    if empty:
        raise ClipError(f"{path.name}: holds no frame that can be read")


class Progress:
    """A line on standard error that says how far a run is; silent when that is no terminal, but for one line now and then."""

    def __init__(self, what: str, total: int) -> None:
        self._what, self._total = what, total
        self._tty = sys.stderr.isatty()
        self._told_s = time.monotonic()

    def at(self, number: int, name: str) -> None:
        """Tell that item `number` (from 0) begins."""
        now = time.monotonic()
        if self._tty:
            sys.stderr.write(f"\r\x1b[K{self._what} {number + 1}/{self._total} {name[-60:]}")
            sys.stderr.flush()
        elif number == 0 or now - self._told_s > 10:
            self._told_s = now
            sys.stderr.write(f"{self._what} {number + 1}/{self._total} {name}\n")

    def done(self) -> None:
        """End the line."""
        if self._tty:
            sys.stderr.write("\r\x1b[K")


def _video(path: Path) -> Iterator[Frame]:
    capture = cv2.VideoCapture(str(path))
    try:
        if not capture.isOpened():
            raise ClipError(f"{path.name}: cannot be opened as a video")
        fps = float(capture.get(cv2.CAP_PROP_FPS))
        step = 1.0 / fps if 1.0 <= fps <= 240.0 else 1.0 / _DEFAULT_FPS
        last, seq = -step, 0
        while True:
            good, image = capture.read()
            if not good:
                return
            # Variable frame rate: believe the time stamp when it rises by a plausible step, else count frames.
            stamp = float(capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000.0
            last = stamp if last < stamp < last + 2.0 else last + step
            yield Frame(image, max(last, 0.0), seq)
            seq += 1
    finally:
        capture.release()


def _gif(path: Path) -> Iterator[Frame]:
    # OpenCV reports one rate for a GIF whose frames have each their own duration.
    from PIL import Image, ImageSequence, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            at = 0.0
            for seq, part in enumerate(ImageSequence.Iterator(picture)):
                rgb = np.asarray(part.convert("RGB"))
                yield Frame(np.ascontiguousarray(rgb[:, :, ::-1]), at, seq)
                length_ms = float(part.info.get("duration", 0) or 0)
                at += (length_ms if length_ms > 10 else 100.0) / 1000.0  # browsers show shorter ones for 100 ms
    except (OSError, UnidentifiedImageError, EOFError, ValueError) as error:
        raise ClipError(f"{path.name}: {error}") from error


def _pillow_still(path: Path) -> np.ndarray:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            return np.ascontiguousarray(np.asarray(picture.convert("RGB"))[:, :, ::-1])
    except (OSError, UnidentifiedImageError, ValueError) as error:
        raise ClipError(f"{path.name}: cannot be read as a picture") from error
