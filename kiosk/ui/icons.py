"""Icons: SVG files of one stroke width in `assets/icons`, drawn in any colour at any size. Used by widgets alone."""

from __future__ import annotations

import logging
from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF
from PySide6.QtGui import QColor, QPainter
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


def draw_icon(painter: QPainter, name: str, rect: QRectF, colour: QColor) -> None:
    """Draw an icon into a square."""
    _renderer(name, colour.name()).render(painter, rect)
