"""A paper that lies or is held before the camera: its outline, the page as it looks from straight above, whether it can be read.

Pure but for OpenCV; called by the desk's worker threads. Without the outline of a sheet nothing is a page: a face is never kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from kiosk.camera.opencv import import_cv2
from kiosk.ocr import outline

cv2 = import_cv2()

MAX_PAGE = 500_000  # bytes of a page as it is kept and sent
_LONG_SIDE = 2200  # pixels of a kept page at most: an A4 sheet at 190 dpi
_DARK = 95  # grey that a tenth of a lit page is above
_INK = 0.004  # share of the page
_BLANK = 26  # grey levels between the paper and its darkest part
_GLARE = 0.012  # share of the page under one spot
_CRISP = 0.28  # steepness of edges that are in focus
# Steepness times the height of a line in pixels: how many edges fit into a character. Measured on rendered pages of five sizes
# of print and seven strengths of blur, read back by our text recognition: from 2.9 on it read 60 % and more of the pieces of five
# characters, below mostly nothing (`python -m tests.ocr.papers`).
_LEGIBLE = 2.9


class Flaw(StrEnum):
    """Why a page cannot be used, or only after somebody looked at it."""

    NO_PAPER = "no-paper"  # no outline of a sheet
    TOO_DARK = "too-dark"
    GLARE = "glare"
    BLURRED = "blurred"
    TOO_FAR = "too-far"  # the print is too small
    EMPTY = "empty"  # no print at all


@dataclass(frozen=True, slots=True)
class Page:
    """A straightened page. `image_bgr`: uint8 (height, width, 3), with the frame's pixels; no `flaws`: it can be read."""

    image_bgr: np.ndarray = field(repr=False)
    flaws: tuple[Flaw, ...] = ()


def find(image_bgr: np.ndarray) -> np.ndarray | None:
    """Return the outline of the sheet in a frame: (4, 2) float32 pixels, clockwise from the top left; None without one."""
    found = outline.locate(image_bgr, 1, outline.SHEET)
    if not found:
        return None
    first = int(np.argmin(found[0].sum(axis=1)))
    return np.ascontiguousarray(np.roll(found[0], -first, axis=0))


def take(frames_bgr: Sequence[np.ndarray]) -> Page | None:
    """Return the page of the sharpest of several frames; None where none shows a sheet."""
    pages = [straighten(frame, quad) for frame in frames_bgr if (quad := find(frame)) is not None]
    if not pages:
        return None
    best = max(pages, key=lambda page: steepness(cv2.cvtColor(page, cv2.COLOR_BGR2GRAY)))
    return Page(best, judge(best))


def straighten(image_bgr: np.ndarray, quad: np.ndarray) -> np.ndarray:
    """Return what lies inside an outline as it looks from straight above; its sides are as long as in the frame."""
    sides = [float(np.linalg.norm(quad[(i + 1) % 4] - quad[i])) for i in range(4)]
    width, height = max(sides[0], sides[2], 16.0), max(sides[1], sides[3], 16.0)
    scale = min(1.0, _LONG_SIDE / max(width, height))
    w, h = round(width * scale), round(height * scale)
    target = np.array([(0, 0), (w, 0), (w, h), (0, h)], np.float32)
    matrix = cv2.getPerspectiveTransform(quad.astype(np.float32), target)
    page: np.ndarray = cv2.warpPerspective(image_bgr, matrix, (w, h), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return page


def judge(page_bgr: np.ndarray) -> tuple[Flaw, ...]:
    """Return what keeps a straightened page from being read; the first is the one to mend first."""
    grey = _inner(cv2.cvtColor(page_bgr, cv2.COLOR_BGR2GRAY))
    if float(np.percentile(grey, 90)) < _DARK:
        return (Flaw.TOO_DARK,)
    flaws = []
    if _glare(grey) > _GLARE:
        flaws.append(Flaw.GLARE)
    ink = _ink(grey)
    if float(ink.mean()) < _INK:  # nothing printed, or so blurred that print is a shade
        blank = float(np.percentile(grey, 90) - np.percentile(grey, 2)) < _BLANK
        return (*flaws, Flaw.EMPTY if blank else Flaw.BLURRED)
    steep, height = steepness(grey), print_height(ink)
    if steep * height < _LEGIBLE if height else steep < _CRISP:
        flaws.append(Flaw.BLURRED if steep < _CRISP else Flaw.TOO_FAR)
    return tuple(flaws)


def encode(page_bgr: np.ndarray) -> bytes:
    """Return a page as JPEG of at most MAX_PAGE bytes: quality goes first, then size."""
    image = page_bgr
    while True:
        for quality in (90, 80, 70, 60, 50):
            good, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
            if good and data.size <= MAX_PAGE:
                return bytes(data)
        image = cv2.resize(image, None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA)


def steepness(grey: np.ndarray) -> float:
    """Return how steep the edges of the print are, in shares of its contrast a pixel: about 0.45 sharp, 0.2 blurred by 2 px."""
    soft = cv2.GaussianBlur(grey, (3, 3), 0.7).astype(np.float32)  # the grain of a sensor is no edge
    contrast = float(np.percentile(soft, 90) - np.percentile(soft, 2))
    return max(float(np.percentile(np.abs(np.diff(soft, axis=axis)), 99)) for axis in (0, 1)) / max(contrast, 30.0)


def print_height(ink: np.ndarray) -> float:
    """Return the height of a usual line of print in pixels, 0 where there is none. ink: bool, (height, width), also sideways."""
    lines = max((_line_heights(one) for one in (ink, ink.T)), key=len)
    return float(np.median(lines)) if lines else 0.0


# ---- inside


def _inner(grey: np.ndarray) -> np.ndarray:
    """The page without its rim, where the table may show."""
    h, w = grey.shape
    return grey[h // 40 : h - h // 40, w // 40 : w - w // 40]


def _ink(grey: np.ndarray) -> np.ndarray:
    """What is darker than the paper around it: bool."""
    size = max(15, min(grey.shape) // 20) | 1
    paper = cv2.blur(cv2.morphologyEx(grey, cv2.MORPH_CLOSE, np.ones((size, size), np.uint8)), (size, size)).astype(np.float32)
    return np.asarray(grey < paper - np.maximum(18.0, 0.16 * paper))


def _glare(grey: np.ndarray) -> float:
    """Return the share of the page under the largest spot that shines: burnt out, and brighter than the paper is elsewhere."""
    if float(np.median(grey)) > 235:
        return 0.0  # a page in good light: nothing on it stands out
    spots = (grey >= 250).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(cv2.morphologyEx(spots, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8)))
    return max((float(stats[i, cv2.CC_STAT_AREA]) for i in range(1, count)), default=0.0) / grey.size


def _line_heights(ink: np.ndarray) -> list[float]:
    joined = cv2.morphologyEx(ink.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((1, max(9, ink.shape[1] // 40)), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    wide = [(int(stats[i, cv2.CC_STAT_WIDTH]), int(stats[i, cv2.CC_STAT_HEIGHT])) for i in range(1, count)]
    return [float(h) for w, h in wide if w > 3 * h and 4 <= h < ink.shape[0] / 6]
