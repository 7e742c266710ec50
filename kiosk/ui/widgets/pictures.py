"""Drawings: tips for a good picture, a QR code."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from kiosk.ui.icons import draw_icon
from kiosk.ui.theme import RADIUS_CARD, Look
from kiosk.ui.widgets.face import Pose, paint_face
from kiosk.ui.widgets.flow import centre_square

Tip = Literal["hat", "light", "centre", "now", "circle"]


class TipPicture(QWidget):
    """One tip for a good picture: the drawn face, right and crossed out where it is wrong."""

    def __init__(self, tip: Tip, share: float = 230) -> None:
        super().__init__()
        self.look = Look()
        self.tip: Tip = tip
        self.share = share
        self.setObjectName(f"tip-{tip}")

    def set_look(self, look: Look) -> None:
        self.look = look
        self.update()

    def need(self, width: int) -> int:
        return min(width, self.look.px(self.share * 0.45))

    def want(self, width: int) -> int:
        return min(width, self.look.px(self.share))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        square, colours = centre_square(self.rect()), self.look.palette
        unit = square.width() / 100
        if self.tip == "hat":
            paint_face(painter, square, Pose(hat=True, glasses=True), colours)
            self._badge(painter, square, unit, good=False)
        elif self.tip == "light":
            paint_face(painter, square, Pose(), colours)
            self._sun(painter, square, unit)
        elif self.tip in ("centre", "circle"):
            paint_face(painter, square, Pose(), colours)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self.look.colour("action"), 5 * unit))
            painter.drawEllipse(square.adjusted(2.5 * unit, 2.5 * unit, -2.5 * unit, -2.5 * unit))
            self._badge(painter, square, unit, good=True)
        else:
            paint_face(painter, square, Pose(mouth=0.9), colours)
            disc = QRectF(square.right() - 36 * unit, square.bottom() - 36 * unit, 36 * unit, 36 * unit)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self.look.colour("action"))
            painter.drawEllipse(disc)
            inset = 8 * unit
            draw_icon(painter, "replay", disc.adjusted(inset, inset, -inset, -inset), self.look.colour("on_action"))

    def _badge(self, painter: QPainter, square: QRectF, unit: float, *, good: bool) -> None:
        disc = QRectF(square.right() - 34 * unit, square.bottom() - 34 * unit, 34 * unit, 34 * unit)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.look.colour("done" if good else "stop"))
        painter.drawEllipse(disc)
        inset = 8 * unit
        draw_icon(
            painter,
            "tick" if good else "cross",
            disc.adjusted(inset, inset, -inset, -inset),
            self.look.colour("on_done" if good else "paper"),
        )

    def _sun(self, painter: QPainter, square: QRectF, unit: float) -> None:
        centre = square.topLeft() + QPointF(17, 17) * unit
        painter.setPen(QPen(QColor("#B56A00"), 2.5 * unit, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.setBrush(QColor("#FFC94D"))
        painter.drawEllipse(centre, 9 * unit, 9 * unit)
        for dx, dy in ((1, 0), (0, 1), (0.72, 0.72), (-0.72, 0.72), (0.72, -0.72)):
            painter.drawLine(centre + QPointF(dx, dy) * 12 * unit, centre + QPointF(dx, dy) * 16.5 * unit)
        self._badge(painter, square, unit, good=True)


class QrCode(QWidget):
    """A QR code on white, quiet zone included. Always black on white: phones need it so."""

    def __init__(self, name: str = "qr", share: float = 290) -> None:
        super().__init__()
        self.look = Look()
        self.share = share
        self.setObjectName(name)
        self._rows: tuple[bytes, ...] = ()

    def show_text(self, text: str, accessible: str) -> None:
        """Encode a text; an empty one shows nothing."""
        self._rows = ()
        if text:
            import segno  # only here: the first page must not wait for it

            self._rows = tuple(bytes(row) for row in segno.make(text, error="m", micro=False).matrix)
        self.setAccessibleName(accessible)
        self.setVisible(bool(text))
        self.update()

    def set_look(self, look: Look) -> None:
        self.look = look
        self.update()

    def need(self, width: int) -> int:
        return min(width, self.look.px(self.share * 0.8))

    def want(self, width: int) -> int:
        return min(width, self.look.px(self.share))

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._rows:
            return
        painter = QPainter(self)
        square = centre_square(self.rect())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor("#FFFFFF"))
        painter.drawRoundedRect(square, self.look.px(RADIUS_CARD / 3), self.look.px(RADIUS_CARD / 3))
        modules = len(self._rows) + 6
        unit = max(1, int(square.width() // modules))
        left = square.center().x() - unit * len(self._rows) / 2
        top = square.center().y() - unit * len(self._rows) / 2
        for y, row in enumerate(self._rows):
            for x, dark in enumerate(row):
                if dark & 1:
                    painter.fillRect(QRectF(int(left) + x * unit, int(top) + y * unit, unit, unit), QColor("#000000"))
