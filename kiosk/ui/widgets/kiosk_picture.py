"""The kiosk itself, drawn small: where the card reader is, blinking, and the card on its way onto it. Used by the card pages."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen

from kiosk.ui.widgets.motion import Moving, bump, ease

# place -> the middle of the reader, and where the card comes from, in a drawing of 120 x 100 units
PLACES: dict[str, tuple[QPointF, QPointF]] = {
    "below": (QPointF(60, 78), QPointF(104, 42)),
    "left-below": (QPointF(38, 78), QPointF(11, 42)),
    "right-below": (QPointF(82, 78), QPointF(109, 42)),
    "left": (QPointF(20, 56), QPointF(14, 16)),
    "right": (QPointF(100, 56), QPointF(106, 16)),
}


class KioskPicture(Moving):
    """The card comes down onto the reader (or is lifted off it), again and again; while it is read it lies there."""

    loop_ms = 3200

    def __init__(self, name: str = "card-picture", *, lift: bool = False) -> None:
        super().__init__()
        self.setObjectName(name)
        self.lift = lift
        self.still = 0.6 if lift else 0.28
        self.reading = False
        self.place = "below"

    def show_place(self, place: str) -> None:
        """Say where the reader is: a key of PLACES."""
        self.place = place
        self.update()

    def show_reading(self, reading: bool) -> None:
        """The card lies; waves instead of movement."""
        self.reading = reading
        self.update()

    def need(self, width: int) -> int:
        return min(self.look.px(330), width)

    def want(self, width: int) -> int:
        return min(self.look.px(760), width)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        unit = min(self.width() / 120, self.height() / 100)
        painter.translate((self.width() - 120 * unit) / 2, (self.height() - 100 * unit) / 2)
        painter.scale(unit, unit)
        reader, start = PLACES[self.place]
        self._kiosk(painter)
        self._reader(painter, reader)
        if self.reading:
            self._card(painter, reader, 1.0)
            self._waves(painter, reader)
            return
        phase = 1 - self.phase if self.lift else self.phase
        way = ease((phase - 0.05) / 0.5)
        self._arrow(painter, *((reader, start) if self.lift else (start, reader)))
        opacity = min(1.0, phase / 0.08) * (1 - ease((phase - 0.92) / 0.08))
        self._card(painter, start + (reader - start) * way, max(0.0, opacity))

    def _kiosk(self, painter: QPainter) -> None:
        look = self.look
        painter.setPen(QPen(look.colour("edge"), 1.0))
        painter.setBrush(look.colour("card"))
        painter.drawRoundedRect(QRectF(28, 62, 64, 34), 5, 5)  # the shelf below the screen
        painter.drawRoundedRect(QRectF(33, 4, 54, 60), 5, 5)
        painter.setBrush(look.colour("tint"))
        painter.drawRoundedRect(QRectF(37, 10, 46, 48), 2.5, 2.5)  # the screen
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.colour("action"))
        painter.drawRoundedRect(QRectF(43, 45, 34, 7), 2, 2)
        painter.setBrush(look.colour("quiet"))
        for y, wide in ((18, 26), (25, 34), (32, 20)):
            painter.drawRoundedRect(QRectF(60 - wide / 2, y, wide, 2.6), 1.3, 1.3)

    def _reader(self, painter: QPainter, at: QPointF) -> None:
        pad = QRectF(at.x() - 16, at.y() - 11, 32, 22)
        lit = 1.0 if self.reading else bump(self.phase, 0.0, 0.2, 0.3, 0.5) + bump(self.phase, 0.5, 0.7, 0.8, 1.0)
        glow = self.look.colour("cue")
        glow.setAlphaF(min(1.0, 0.25 + 0.75 * lit))
        painter.setBrush(glow)
        painter.setPen(QPen(self.look.colour("action"), 1.4))
        painter.drawRoundedRect(pad, 3.5, 3.5)

    def _card(self, painter: QPainter, at: QPointF, opacity: float) -> None:
        painter.save()
        painter.setOpacity(opacity)
        painter.setBrush(QColor("#EAF4F8"))
        painter.setPen(QPen(QColor("#3F6472"), 0.9))
        painter.drawRoundedRect(QRectF(at.x() - 12, at.y() - 7.6, 24, 15.2), 2, 2)
        painter.setPen(QPen(QColor("#3F6472"), 1.1, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        for y, end in ((-4, -1), (-1, 2), (2, 0), (5, 3)):
            painter.drawLine(at + QPointF(-9.5, y), at + QPointF(end, y))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor("#7F9AA4"))
        painter.drawEllipse(at + QPointF(7, -2.4), 2, 2.3)
        painter.drawRoundedRect(QRectF(at.x() + 3.8, at.y() + 0.6, 6.4, 4.2), 2, 2)
        painter.restore()

    def _waves(self, painter: QPainter, at: QPointF) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for number in range(2):
            grown = (self.phase + number * 0.5) % 1.0
            colour = self.look.colour("action")
            colour.setAlphaF(0.85 * (1 - grown))
            painter.setPen(QPen(colour, 1.4))
            out = 6 * grown
            painter.drawRoundedRect(QRectF(at.x() - 16 - out, at.y() - 11 - out, 32 + 2 * out, 22 + 2 * out), 4, 4)

    def _arrow(self, painter: QPainter, tail: QPointF, head: QPointF) -> None:
        length = max(1.0, ((head - tail).x() ** 2 + (head - tail).y() ** 2) ** 0.5)
        along = (head - tail) / length
        across = QPointF(-along.y(), along.x())
        tip = head - along * (3 if not self.lift else 0)
        path = QPainterPath(tail + along * (14 if not self.lift else 16))
        path.lineTo(tip)
        path.moveTo(tip - along * 6 + across * 5)
        path.lineTo(tip)
        path.lineTo(tip - along * 6 - across * 5)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(
            QPen(self.look.colour("action"), 2.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
        )
        painter.drawPath(path)
