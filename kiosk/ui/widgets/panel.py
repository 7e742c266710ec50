"""A panel in the middle of the window, over a veil that lies on the page: what the wishes and the countdown are made of."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QWidget

from kiosk.ui.theme import RADIUS_CARD, Look
from kiosk.ui.widgets.flow import Stack


class VeiledPanel(QWidget):
    """Holds one stack of blocks, as dense as the window needs. Subclasses say how wide it is, and what a touch means."""

    edge = "edge"  # colour of its outline
    pad_px = (48, 16)  # around the blocks: in a usual look, in the densest

    def __init__(self, parent: QWidget, name: str, *blocks: QWidget, gap: int) -> None:
        super().__init__(parent)
        self.look = Look()
        self.setObjectName(name)
        self.panel = Stack(*blocks, gap=gap, centred=True)
        self.panel.setParent(self)
        self.hide()

    def set_look(self, look: Look) -> None:
        """Take on a look, as dense as needed."""
        for tried in look.denser():
            self.look = tried
            self.panel.set_look(self.look)
            if self.panel.need(self.wide()) + 2 * self.pad() <= self.height():
                break
        self.arrange()
        self.update()

    def wide(self) -> int:
        """Return how wide the blocks are."""
        raise NotImplementedError

    def pad(self) -> int:
        """Return the room around the blocks."""
        return self.look.space(*self.pad_px)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.set_look(self.look)

    def arrange(self) -> None:
        """Place the panel."""
        wide = self.wide()
        tall = min(self.panel.want(wide), self.height() - 2 * self.pad())
        self.panel.setGeometry((self.width() - wide) // 2, (self.height() - tall) // 2, wide, tall)
        self.panel.arrange()

    def box(self) -> QRectF:
        """Return where the panel is drawn."""
        pad = self.pad()
        return QRectF(self.panel.geometry()).adjusted(-pad, -pad, pad, pad)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        veil = QColor(self.look.colour("ink" if self.look.theme == "paper" else "paper"))
        veil.setAlphaF(0.72)
        painter.fillRect(self.rect(), veil)
        painter.setPen(QPen(self.look.colour(self.edge), self.look.px(3)))
        painter.setBrush(self.look.colour("paper"))
        painter.drawRoundedRect(self.box(), self.look.px(RADIUS_CARD), self.look.px(RADIUS_CARD))
