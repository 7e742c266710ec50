"""Paints the light passcode behind the camera page: a half-bright ground with a soft gradient. For `pages.camera`."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

_GRID = 17


def paint_pattern(painter: QPainter, area: QRectF, across: float, along: float) -> None:
    """Fill `area`. across > 0: brighter at the left of the screen, which is the person's left; along > 0: brighter above.

    Both are shares of the half-bright ground (linear light) at the screen's edge.
    """
    rows = bytearray()
    for y in range(_GRID):
        down = 1 - 2 * y / (_GRID - 1)
        rows += bytes(_grey(0.5 * (1 + across * (1 - 2 * x / (_GRID - 1)) + along * down)) for x in range(_GRID))
        rows += b"\0" * (-_GRID % 4)  # a row of QImage begins at a multiple of four bytes
    image = QImage(bytes(rows), _GRID, _GRID, _GRID + -_GRID % 4, QImage.Format.Format_Grayscale8)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(area, image)


def _grey(linear: float) -> int:
    """The sRGB value of a share of the screen's full light."""
    share = min(1.0, max(0.0, linear))
    return round(255 * (12.92 * share if share <= 0.0031308 else 1.055 * share ** (1 / 2.4) - 0.055))
