"""Drawings: laying and taking the card, tips for a good picture, a QR code."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QLinearGradient, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from kiosk.ui.icons import draw_icon
from kiosk.ui.theme import RADIUS_CARD, Look
from kiosk.ui.widgets.face import Pose, paint_face
from kiosk.ui.widgets.flow import centre_square
from kiosk.ui.widgets.motion import Moving, bump, ease

Tip = Literal["hat", "light", "centre", "now", "circle"]


class CardPicture(Moving):
    """A card that comes down onto the reader (or is lifted off it), again and again."""

    loop_ms = 3200
    still = 0.16

    def __init__(self, name: str = "card-picture", *, lift: bool = False) -> None:
        super().__init__()
        self.setObjectName(name)
        self.lift = lift
        self.still = 0.6 if lift else self.still
        self.reading = False

    def show_reading(self, reading: bool) -> None:
        """The card lies; waves instead of movement."""
        self.reading = reading
        self.update()

    def need(self, width: int) -> int:
        return min(self.look.px(330), width)

    def want(self, width: int) -> int:
        return min(self.look.px(720), width)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        unit = min(self.width() / 120, self.height() / 96)
        painter.translate((self.width() - 120 * unit) / 2, (self.height() - 96 * unit) / 2)
        painter.scale(unit, unit)
        self._reader(painter)
        phase = self.phase
        if self.reading:
            self._card(painter, 0.0, 1.0)
            self._waves(painter, phase)
            return
        if self.lift:
            up = ease((phase - 0.15) / 0.5)
            self._card(painter, 34 * up, 1.0 if phase < 0.86 else 1 - ease((phase - 0.86) / 0.14))
            self._arrow(painter, up=True)
            return
        down = ease(phase / 0.45)
        self._card(painter, 34 * (1 - down), min(1.0, phase / 0.12) if phase < 0.9 else 1 - ease((phase - 0.9) / 0.1))
        if 0.48 < phase < 0.92:
            self._waves(painter, (phase - 0.48) / 0.44)
        self._arrow(painter, up=False)

    def _reader(self, painter: QPainter) -> None:
        colours = self.look
        painter.setPen(QPen(colours.colour("line"), 0.8))
        painter.setBrush(colours.colour("card"))
        painter.drawRoundedRect(QRectF(14, 52, 92, 40), 7, 7)
        painter.setBrush(colours.colour("track"))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawRoundedRect(QRectF(14, 84, 92, 8), 4, 4)
        painter.setBrush(colours.colour("paper"))
        painter.setPen(QPen(colours.colour("action"), 1.0, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(QRectF(32, 55, 56, 27), 4, 4)

    def _card(self, painter: QPainter, height: float, opacity: float) -> None:
        painter.save()
        painter.setOpacity(max(0.0, opacity))
        spread = height / 34
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(20, 40, 38, 46))
        painter.drawRoundedRect(QRectF(34 + spread * 3, 57.5 + spread * 1.5, 52 - spread * 6, 22 - spread * 2), 3, 3)
        painter.translate(0, -height)
        shine = QLinearGradient(QPointF(34, 56), QPointF(86, 80))
        shine.setColorAt(0, QColor("#F2F8FB"))
        shine.setColorAt(1, QColor("#CFE3EA"))
        painter.setBrush(QBrush(shine))
        painter.setPen(QPen(QColor("#5C7F8C"), 0.9))
        painter.drawRoundedRect(QRectF(34, 56, 52, 25), 3, 3)
        painter.setPen(QPen(QColor("#5C7F8C"), 1.5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        for y, end in ((61.5, 56), (66, 62), (70.5, 59), (76, 66)):
            painter.drawLine(QPointF(39, y), QPointF(end, y))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor("#FFFFFF"))
        painter.drawRoundedRect(QRectF(69, 59, 13, 16), 1.5, 1.5)
        painter.setBrush(QColor("#8FA9B2"))
        painter.drawEllipse(QPointF(75.5, 65), 3, 3.4)
        painter.drawPath(_bust())
        painter.restore()

    def _waves(self, painter: QPainter, phase: float) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for number in range(2):
            grown = (phase + number * 0.5) % 1.0
            colour = self.look.colour("action")
            colour.setAlphaF(0.85 * (1 - grown))
            painter.setPen(QPen(colour, 1.6))
            out = 1 + 7 * grown
            painter.drawRoundedRect(QRectF(34 - out, 56 - out, 52 + 2 * out, 25 + 2 * out), 3 + out / 2, 3 + out / 2)

    def _arrow(self, painter: QPainter, *, up: bool) -> None:
        painter.setPen(
            QPen(self.look.colour("action"), 2.4, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
        )
        swing = 3 * bump(self.phase, 0.0, 0.25, 0.3, 0.6)
        painter.translate(0, -swing if up else swing)
        x = 104.0
        painter.drawLine(QPointF(x, 8), QPointF(x, 36))
        head = QPainterPath(QPointF(x - 6, 14 if up else 30))
        head.lineTo(x, 8 if up else 36)
        head.lineTo(x + 6, 14 if up else 30)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(head)


def _bust() -> QPainterPath:
    path = QPainterPath(QPointF(70, 75))
    path.cubicTo(70.5, 70.5, 73, 69.5, 75.5, 69.5)
    path.cubicTo(78, 69.5, 80.5, 70.5, 81, 75)
    path.closeSubpath()
    return path


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
