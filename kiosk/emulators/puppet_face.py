"""What the puppet's face does on its own skin: eyelids and mouth, drawn on the portrait before the head is turned.

Used by the puppet camera only. Works on the patch of the canvas that holds the head.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from kiosk.camera.opencv import import_cv2
from kiosk.emulators.puppet_scene import CHIN, FOREHEAD, TRAGUS, Scene

cv2 = import_cv2()

Array = np.ndarray[Any, Any]

# Landmarks from corner to corner: upper lid margin, lower lid margin, lower edge of the brow.
_EYES = (
    ((33, 246, 161, 160, 159, 158, 157, 173, 133), (33, 7, 163, 144, 145, 153, 154, 155, 133), (46, 53, 52, 65, 55)),
    ((362, 398, 384, 385, 386, 387, 388, 466, 263), (362, 382, 381, 380, 374, 373, 390, 249, 263), (285, 295, 282, 283, 276)),
)
_LIP_UPPER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
_LIP_LOWER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
_LEVELS = 24  # steps in which lids and jaw move: the maps of each step are made once
_LID_SAG = 0.10  # of the eye's opening
_JAW_DROP = 0.23  # of the face's height, at jaw = 1


class FaceSkin:
    """Draws lids and jaw onto the portrait. Not safe for threads."""

    def __init__(self, scene: Scene) -> None:
        """scene: a prepared portrait; its canvas is not changed."""
        self._canvas = scene.canvas
        self._points = scene.points
        self._tall = float(scene.points[CHIN, 1] - scene.points[FOREHEAD, 1])
        self._wide = float(scene.points[TRAGUS[1], 0] - scene.points[TRAGUS[0], 0])
        self._lids = [self._eye_patch(eye) for eye in _EYES]
        self._jaw_at = lru_cache(maxsize=_LEVELS + 1)(self._jaw_maps)
        self._lid_at = lru_cache(maxsize=4 * _LEVELS)(self._lid_maps)

    def draw(self, blink: float, jaw: float) -> Array:
        """Return the canvas with lids `blink` closed and the jaw `jaw` open (0..1); the canvas itself when both are 0."""
        lid_level, jaw_level = round(blink * _LEVELS), round(jaw * _LEVELS)
        if not lid_level and not jaw_level:
            return self._canvas
        skin = self._canvas.copy()
        for number in range(2) if lid_level else ():
            self._draw_lid(skin, number, lid_level)
        if jaw_level:
            self._draw_jaw(skin, jaw_level)
        return skin

    # ---- eyelids: the skin above the margin is stretched down over the eye, lashes go with it

    def _eye_patch(self, eye: tuple[tuple[int, ...], ...]) -> tuple[int, int, int, int, Array, Array, Array]:
        upper, lower, brow = (self._points[list(part), :2] for part in eye)
        upper, lower, brow = (line[np.argsort(line[:, 0])] for line in (upper, lower, brow))
        left, right = float(upper[0, 0]), float(upper[-1, 0])
        reach = 0.12 * (right - left)
        x0, x1 = int(left - reach), int(right + reach) + 1
        x = np.arange(x0, x1, dtype=np.float32)
        top_line = np.interp(x, upper[:, 0], upper[:, 1])
        low_line = np.interp(x, lower[:, 0], lower[:, 1])
        brow_line = np.interp(x, brow[:, 0], brow[:, 1])
        # Skin that stretches: most of the way up to the brow.
        from_line = np.minimum(top_line - 3, top_line - 0.8 * (top_line - brow_line))
        y0, y1 = int(from_line.min()) - 2, int(low_line.max()) + 4
        return x0, y0, x1, y1, top_line, low_line, from_line

    def _lid_maps(self, number: int, level: int) -> tuple[Array, Array, Array, Array]:
        x0, y0, x1, y1, top_line, low_line, from_line = self._lids[number]
        closed = level / _LEVELS
        y, x = np.mgrid[y0:y1, x0:x1].astype(np.float32)
        # Where the lids meet hangs a little below the open eye's lower lid.
        meet = low_line + _LID_SAG * (low_line - top_line) * closed
        margin = top_line + (meet - top_line) * closed
        # Above the lashes, or they would be stretched into a shadow.
        skin_end = top_line - np.maximum(1.0, 0.07 * (x1 - x0)) * min(1.0, 3 * closed)
        stretch = (skin_end - from_line) / np.maximum(margin - from_line, 1e-3)
        map_y = np.where(y < from_line, y, np.where(y <= margin, from_line + (y - from_line) * stretch, y))
        # Paint: even out the stretched skin, so that its pores do not become stripes; a soft line where the lids meet.
        inside = np.clip((y - from_line) / np.maximum(top_line - from_line, 1), 0, 1) * np.clip(margin - 1.0 - y, 0, 1)
        width = np.maximum(1.0, 0.05 * (x1 - x0))
        lash = np.exp(-(((y - margin + 0.5 * width) / width) ** 2)) * np.clip((low_line - top_line) / 4, 0, 1)
        return x, map_y.astype(np.float32), (0.7 * closed * inside).astype(np.float32), (0.5 * closed * lash).astype(np.float32)

    def _draw_lid(self, skin: Array, number: int, level: int) -> None:
        x0, y0, x1, y1, top_line, _, from_line = self._lids[number]
        map_x, map_y, paint, lash = self._lid_at(number, level)
        patch = cv2.remap(self._canvas, map_x, map_y, cv2.INTER_LINEAR).astype(np.float32)
        # The lid's own colour: the skin between brow and margin, smoothed along the eye.
        rows = np.clip((0.6 * from_line + 0.4 * top_line).round().astype(int), 0, skin.shape[0] - 1)
        tone = self._canvas[rows, np.arange(x0, x1)].astype(np.float32)[None]
        tone = cv2.GaussianBlur(tone, (0, 0), max(2.0, 0.12 * (x1 - x0)))
        patch += paint[..., None] * (tone - patch)
        patch *= 1 - lash[..., None]
        skin[y0:y1, x0:x1] = patch.astype(np.uint8)

    # ---- mouth: all below the upper lip's inner edge goes down with the jaw; what opens is dark

    def _jaw_maps(self, level: int) -> tuple[int, int, int, int, Array, Array, Array]:
        drop = _JAW_DROP * self._tall * level / _LEVELS
        points, tall, wide = self._points, self._tall, self._wide
        upper, lower = points[list(_LIP_UPPER), :2], points[list(_LIP_LOWER), :2]
        chin_y = float(points[CHIN, 1])
        middle = float(upper[0, 0] + upper[-1, 0]) / 2
        x0, x1 = int(middle - 0.62 * wide), int(middle + 0.62 * wide)
        y0, y1 = int(upper[:, 1].min() - 4), int(chin_y + 0.40 * tall)
        y, x = np.mgrid[y0:y1, x0:x1].astype(np.float32)
        column = x[0]
        half = float(upper[-1, 0] - upper[0, 0]) / 2
        top_line = np.interp(column, upper[:, 0], upper[:, 1])
        low_line = np.maximum(np.interp(column, lower[:, 0], lower[:, 1]), top_line)
        across = np.abs(column - middle) / half
        # The lips open like a lens: fully in the middle, not at all at the corners. The jaw beside them follows.
        lips = np.clip(1 - across**2, 0, 1) ** 0.36
        jaw = np.clip(1 - (np.abs(column - middle) / (0.58 * wide)) ** 2.5, 0, 1)

        def moved(source_y: Array) -> Array:
            """How far the skin at `source_y` moves down."""
            below = np.clip((source_y - low_line) / np.maximum(chin_y - 0.10 * tall - low_line, 1), 0, 1)
            below = below * below * (3 - 2 * below)
            share = lips * (1 - below) + jaw * below
            neck = np.clip(1 - (source_y - chin_y) / (0.36 * tall), 0, 1)
            share = np.where(source_y > chin_y, share * neck * neck * (3 - 2 * neck), share)
            above = np.clip((source_y - top_line) / 3, 0, 1) if drop else 0
            return np.asarray(drop * share * above)

        source = y - drop * 0.5
        for _ in range(12):  # find the row that moved here
            source = source + 0.6 * (y - source - moved(source))
        opened = low_line + drop * lips  # where the lower lip's inner edge is now
        teeth = np.minimum(low_line, opened)
        hole = (y > teeth) & (y < opened)
        source = np.where(y <= teeth, y, source)
        source = np.where(hole, np.minimum(y, teeth), source)
        source = np.where(y >= opened, np.maximum(source, low_line), source)
        # Outside the lips there is no hole, and nothing above the jaw line moves.
        soft = cv2.GaussianBlur(hole.astype(np.float32), (0, 0), max(0.8, 0.006 * tall))
        depth = np.clip(np.minimum(y - teeth, opened - y) / (0.035 * tall), 0, 1)
        return x0, y0, x1, y1, x, source.astype(np.float32), np.stack([soft, soft * depth]).astype(np.float32)

    def _draw_jaw(self, skin: Array, level: int) -> None:
        x0, y0, x1, y1, map_x, map_y, hole = self._jaw_at(level)
        patch = cv2.remap(skin, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
        near = np.array([42, 38, 92], np.float32)  # the inside of the lips
        far = np.array([16, 12, 30], np.float32)  # the throat
        soft, deep = hole[0][..., None], hole[1][..., None]
        inside = near + deep * (far - near)
        patch += soft * (inside - patch)
        skin[y0:y1, x0:x1] = patch.astype(np.uint8)
