"""The outline of a hand-held card in a frame, and the card as it looks from straight above. Pure but for OpenCV.

Used by `card_ocr.py`. Outlines are proposals: whether there is a card inside, only its text tells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kiosk.camera.opencv import import_cv2

cv2 = import_cv2()

CARD_WIDTH, CARD_HEIGHT = 1000, 631  # the straightened card: ISO/IEC 7810 ID-1, 85.6 x 54.0 mm
_ASPECT = CARD_WIDTH / CARD_HEIGHT
_WORK_WIDTH = 640  # outlines are looked for at this width: edges of a card are long
GUIDED_WIDTH = 0.70  # the frame drawn on the screen, in shares of the picture's width (and at most 0.8 high)


@dataclass(frozen=True, slots=True)
class Form:
    """What is looked for: how much of the frame it fills at least, how long it may be, its shape where it has one, and how much of
    its outline must lie on edges (what a card is, only its text tells; a bright half of a table is no sheet)."""

    least: float
    aspects: tuple[float, float]
    aspect: float | None
    support: float = 0.0


CARD = Form(0.03, (1.15, 2.2), _ASPECT)
SHEET = Form(0.12, (1.0, 2.6), None, 0.6)


def locate(image_bgr: np.ndarray, most: int = 2, form: Form = CARD) -> list[np.ndarray]:
    """Return up to `most` outlines that may be a card (or what else `form` says), best first: (4, 2) float32 pixels, clockwise from
    the top left."""
    scale = min(1.0, _WORK_WIDTH / image_bgr.shape[1])
    small = cv2.resize(image_bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image_bgr
    found: list[tuple[float, np.ndarray]] = []
    pictures = _edge_pictures(small)
    for edges in pictures:
        contours, _ = cv2.findContours(edges, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        for contour in sorted(contours, key=cv2.contourArea, reverse=True)[:12]:
            quad = _quad(contour, small.shape[1] * small.shape[0], form)
            support = 0.0 if quad is None else _support(quad, pictures[0])
            if quad is not None and support >= form.support:
                found.append((_merit(quad, contour, form) * support, quad))
    found.sort(key=lambda one: -one[0])
    out: list[np.ndarray] = []
    for _, quad in found:
        if all(float(np.abs(quad - other * scale).max()) > 14 for other in out):
            out.append(quad / scale)
        if len(out) == most:
            break
    return out


def straighten(image_bgr: np.ndarray, quad: np.ndarray) -> np.ndarray:
    """Return the card inside `quad` as it looks from straight above: uint8 (CARD_HEIGHT, CARD_WIDTH, 3)."""
    target = np.array([(0, 0), (CARD_WIDTH, 0), (CARD_WIDTH, CARD_HEIGHT), (0, CARD_HEIGHT)], np.float32)
    matrix = cv2.getPerspectiveTransform(quad.astype(np.float32), target)
    card: np.ndarray = cv2.warpPerspective(
        image_bgr, matrix, (CARD_WIDTH, CARD_HEIGHT), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return card


def guided_quad(size: tuple[int, int]) -> np.ndarray:
    """Return the guided frame for a picture of `size` (width, height), as `locate` returns outlines."""
    width, height = size
    w = min(GUIDED_WIDTH * width, 0.8 * height * _ASPECT)
    x0, y0 = (width - w) / 2, (height - w / _ASPECT) / 2
    return np.array([(x0, y0), (x0 + w, y0), (x0 + w, y0 + w / _ASPECT), (x0, y0 + w / _ASPECT)], np.float32)


# ---- inside


def _edge_pictures(small: np.ndarray) -> list[np.ndarray]:
    """Binary pictures whose contours may be the card's outline. Two ways each see what the other is blind to."""
    soft = cv2.bilateralFilter(small, 5, 40, 5)
    out = []
    for low, high in ((30, 90), (12, 40)):
        edges = np.zeros(small.shape[:2], np.uint8)
        for channel in cv2.split(cv2.cvtColor(soft, cv2.COLOR_BGR2LAB)):
            edges |= cv2.Canny(channel, low, high)
        out.append(cv2.dilate(edges, np.ones((3, 3), np.uint8)))
    gray = cv2.GaussianBlur(cv2.cvtColor(soft, cv2.COLOR_BGR2GRAY), (5, 5), 0)
    _, bright = cv2.threshold(gray, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    # Closing covers the print; opening takes fingertips off the edge.
    bright = cv2.morphologyEx(bright, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    out.append(cv2.morphologyEx(bright, cv2.MORPH_OPEN, np.ones((21, 21), np.uint8)))
    return out


def _quad(contour: np.ndarray, frame_area: int, form: Form) -> np.ndarray | None:
    """Return four corners when the contour may be the outline: (4, 2) float32, clockwise from the top left."""
    area = float(cv2.contourArea(contour))
    hull = cv2.convexHull(contour)
    hull_area = float(cv2.contourArea(hull))
    if hull_area < form.least * frame_area or hull_area > 0.97 * frame_area or area < 0.80 * hull_area:
        return None
    corners = _four_sides(hull)
    if corners is None:
        return None
    quad = _ordered(corners)
    sides = [float(np.linalg.norm(quad[(i + 1) % 4] - quad[i])) for i in range(4)]
    if min(sides) < 20:
        return None
    aspect = (sides[0] + sides[2]) / (sides[1] + sides[3])
    if not form.aspects[0] <= aspect <= form.aspects[1]:
        return None
    turns = []
    for i in range(4):
        (ax, ay), (bx, by) = quad[(i + 1) % 4] - quad[i], quad[(i + 2) % 4] - quad[(i + 1) % 4]
        turns.append(float(ax * by - ay * bx) / (sides[i] * sides[(i + 1) % 4]))
    if min(turns) < 0.75:  # an angle outside 49..131 degrees
        return None
    if hull_area < 0.88 * float(cv2.contourArea(quad)):
        return None
    return quad


def _four_sides(hull: np.ndarray) -> np.ndarray | None:
    """Return the corners of the four long sides of a hull: a card's corners are round and its edge is held by fingers.

    Lines are fitted through the middle parts of the sides between the corners of a coarse outline, and crossed.
    """
    length = cv2.arcLength(hull, True)
    rough = None
    for share in (0.02, 0.03, 0.045, 0.06, 0.08):
        outline = cv2.approxPolyDP(hull, share * length, True)
        if len(outline) == 4:
            rough = outline.reshape(4, 2).astype(np.float64)
            break
        if len(outline) < 4:
            break
    if rough is None:
        return None
    closed = np.vstack([hull.reshape(-1, 2), hull.reshape(-1, 2)[:1]]).astype(np.float64)
    steps = np.linalg.norm(np.diff(closed, axis=0), axis=1)
    at = np.r_[0.0, np.cumsum(steps)]
    where = np.linspace(0.0, at[-1], 400, endpoint=False)
    dense = np.c_[np.interp(where, at, closed[:, 0]), np.interp(where, at, closed[:, 1])]
    lines = []
    for i in range(4):
        start, end = rough[i], rough[(i + 1) % 4]
        along = end - start
        size = float(np.linalg.norm(along))
        if size < 10:
            return None
        along /= size
        share = (dense - start) @ along / size
        off = np.abs((dense - start) @ np.array((-along[1], along[0])))
        near = dense[(share > 0.12) & (share < 0.88) & (off < 0.06 * size)]
        if len(near) < 5:
            return None
        vx, vy, x, y = (float(v) for v in cv2.fitLine(near.astype(np.float32), cv2.DIST_HUBER, 0, 0.01, 0.01).ravel())
        lines.append(np.cross((x, y, 1.0), (x + vx, y + vy, 1.0)))
    corners = []
    for i in range(4):
        x, y, w = np.cross(lines[i - 1], lines[i])
        if abs(w) < 1e-9:
            return None
        corners.append((x / w, y / w))
    out = np.array(corners, np.float32)
    return out if float(np.abs(out - rough).max()) < 0.15 * length else None


def _ordered(corners: np.ndarray) -> np.ndarray:
    """Return corners clockwise, beginning so that the first side is a long one that runs to the right."""
    centre = corners.mean(axis=0)
    angles = np.arctan2(corners[:, 1] - centre[1], corners[:, 0] - centre[0])
    quad = corners[np.argsort(angles)]  # y points down: growing angles run clockwise
    sides = [float(np.linalg.norm(quad[(i + 1) % 4] - quad[i])) for i in range(4)]
    long = 0 if sides[0] + sides[2] >= sides[1] + sides[3] else 1
    if quad[(long + 1) % 4][0] < quad[long][0]:
        long += 2
    return np.ascontiguousarray(np.roll(quad, -long, axis=0).astype(np.float32))


def _support(quad: np.ndarray, edges: np.ndarray) -> float:
    """Return how much of the outline lies on edges, 0.1..1; what leaves the picture counts as not supported."""
    height, width = edges.shape
    share = np.linspace(0.1, 0.9, 40)[:, None]
    points = np.vstack([quad[i] + share * (quad[(i + 1) % 4] - quad[i]) for i in range(4)])
    x, y = np.rint(points[:, 0]).astype(int), np.rint(points[:, 1]).astype(int)
    inside = (x > 1) & (y > 1) & (x < width - 2) & (y < height - 2)
    return max(0.1, float((edges[y[inside], x[inside]] > 0).sum()) / len(points))


def _merit(quad: np.ndarray, contour: np.ndarray, form: Form) -> float:
    """Return how much an outline deserves to be a card: large, filled, and shaped like one."""
    area = float(cv2.contourArea(quad))
    filled = float(cv2.contourArea(cv2.convexHull(contour))) / max(area, 1.0)
    sides = [float(np.linalg.norm(quad[(i + 1) % 4] - quad[i])) for i in range(4)]
    aspect = (sides[0] + sides[2]) / max(sides[1] + sides[3], 1.0)
    shape = float(np.exp(-2.0 * abs(np.log(aspect / form.aspect)))) if form.aspect is not None else 1.0
    return float(np.sqrt(area)) * min(filled, 1.0 / max(filled, 1e-6)) ** 2 * shape
