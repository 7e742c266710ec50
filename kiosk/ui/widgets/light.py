"""Paints the light passcode behind the camera page: a pale ground that is warmer here and cooler there. For `pages.camera`."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from kiosk.domain.light_pattern import Levels, colour, level_at

_GRID = 17


def paint_pattern(painter: QPainter, area: QRectF, levels: Levels) -> None:
    """Fill `area`. levels: hue > 0, warmer as a whole; across > 0, warmer at the left of the screen, which is the person's left;
    along > 0, warmer above. All places are of the same luminance.
    """
    rows = bytearray()
    for y in range(_GRID):
        down = 2 * y / (_GRID - 1) - 1
        for x in range(_GRID):
            rows += bytes(_coded(one) for one in colour(level_at(levels, 2 * x / (_GRID - 1) - 1, down)))
        rows += b"\0" * (-3 * _GRID % 4)  # a row of QImage begins at a multiple of four bytes
    image = QImage(bytes(rows), _GRID, _GRID, 3 * _GRID + -3 * _GRID % 4, QImage.Format.Format_RGB888)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(area, image)


def _coded(linear: float) -> int:
    """The sRGB value of a share of the screen's full light."""
    share = min(1.0, max(0.0, linear))
    return round(255 * (12.92 * share if share <= 0.0031308 else 1.055 * share ** (1 / 2.4) - 0.055))
