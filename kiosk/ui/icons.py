"""Icons: SVG files of one stroke width in `assets/icons`, drawn in any colour at any size. Used by widgets alone."""

from __future__ import annotations

import logging
from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

from kiosk.config import ASSETS

log = logging.getLogger(__name__)
DIRECTORY = ASSETS / "icons"


@lru_cache(maxsize=256)
def _renderer(name: str, colour: str) -> QSvgRenderer:
    text = (DIRECTORY / f"{name}.svg").read_text(encoding="utf-8").replace("currentColor", colour)
    drawn = QSvgRenderer(QByteArray(text.encode()))
    if not drawn.isValid():
        log.error("icon damaged", extra={"code": name})
    return drawn


@lru_cache(maxsize=256)
def icon_image(name: str, side: int, colour: str) -> QImage:
    """Return an icon as a picture, square, `side` pixels: of buttons that get theirs again with every page. Not to be drawn on."""
    image = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _renderer(name, colour).render(painter, QRectF(0, 0, side, side))
    painter.end()
    return image


def draw_icon(painter: QPainter, name: str, rect: QRectF, colour: QColor) -> None:
    """Draw an icon into a square."""
    _renderer(name, colour.name()).render(painter, rect)
