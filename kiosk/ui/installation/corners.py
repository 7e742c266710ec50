"""Four corners to touch, one after another, over the whole screen: whoever hits them sees the picture as it should be."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from kiosk.installation import events as e
from kiosk.installation.corners import TARGETS
from kiosk.ui.theme import Look


class CornerTargets(QWidget):
    """Shows the next corner; tells every touch in shares of itself, wherever it is."""

    hit = Signal(object)  # e.CornerHit

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("setup-corners")
        self._number, self._words, self._look = 0, "", Look()
        self.hide()

    def ask(self, number: int, words: str, look: Look) -> None:
        """Ask for the corner of this number."""
        self._number, self._words, self._look = number, words, look
        self.setAccessibleName(words)
        self.show()
        self.raise_()
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        self.hit.emit(e.CornerHit(at.x() / max(1, self.width()), at.y() / max(1, self.height())))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, look = QPainter(self), self._look
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), look.colour("paper"))
        painter.setFont(look.font("title"))
        painter.setPen(look.colour("ink"))
        inner = QRectF(self.rect()).adjusted(self.width() * 0.22, 0, -self.width() * 0.22, 0)
        painter.drawText(inner, int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), self._words)
        x, y = TARGETS[min(self._number, len(TARGETS) - 1)]
        at, ring = QPointF(x * self.width(), y * self.height()), look.px(64)
        painter.setBrush(look.colour("stop"))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawEllipse(at, ring * 0.45, ring * 0.45)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(look.colour("stop"), look.px(8)))
        painter.drawEllipse(at, ring, ring)
