"""What the desk draws by hand: the signature pad, whose strokes leave it only as a digest, and the chart of the fairness ledger."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from kiosk.desk.boards_data import ShareRow
from kiosk.desk.values import Signature
from kiosk.ui.desk.look import BODY, RADIUS, SMALL
from kiosk.ui.theme import FAMILY, Look

_GRID = 1000  # strokes are digested on a grid of this many steps, so that the screen's size does not matter


class SignaturePad(QWidget):
    """Sign with a finger. Only `signature()` leaves: a digest, the number of strokes and of points. No picture is ever made."""

    changed = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setMinimumSize(240, 110)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.look = Look()
        self.caption = ""
        self._strokes: list[list[QPointF]] = []
        self._drawing = False

    def say(self, caption: str) -> None:
        """Set what stands on the line, which is also the accessible name."""
        self.caption = caption
        self.setAccessibleName(caption)
        self.update()

    def set_look(self, look: Look) -> None:
        """Take on colours and sizes."""
        self.look = look
        self.setFixedHeight(look.px(168))
        self.update()

    def clear(self) -> None:
        """Wipe the strokes."""
        self._strokes = []
        self.changed.emit()
        self.update()

    def signature(self) -> Signature | None:
        """Return the proof of what was drawn, None for nothing."""
        if not self._strokes:
            return None
        width, height = max(1, self.width()), max(1, self.height())
        plain = [[[round(p.x() / width * _GRID), round(p.y() / height * _GRID)] for p in stroke] for stroke in self._strokes]
        digest = hashlib.sha256(json.dumps(plain, separators=(",", ":")).encode()).hexdigest()
        return Signature(digest, len(plain), sum(map(len, plain)))

    def sizeHint(self) -> QSize:
        return QSize(self.look.px(420), self.look.px(168))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._strokes.append([event.position()])
        self._drawing = True
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drawing and self._strokes:
            self._strokes[-1].append(event.position())
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._drawing = False
        self.changed.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        look = self.look
        painter.setPen(QPen(look.colour("quiet"), look.px(2), Qt.PenStyle.DashLine if not self._strokes else Qt.PenStyle.SolidLine))
        painter.setBrush(look.colour("card"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(2, 2, -2, -2), look.px(RADIUS), look.px(RADIUS))
        line = self.height() * 0.74
        painter.setPen(QPen(look.colour("line"), look.px(2)))
        painter.drawLine(look.px(20), int(line), self.width() - look.px(20), int(line))
        font = QFont(FAMILY)
        font.setPixelSize(look.px(SMALL))
        painter.setFont(font)
        painter.setPen(look.colour("quiet"))
        painter.drawText(
            QRectF(look.px(20), line, self.width() - look.px(40), self.height() - line), Qt.AlignmentFlag.AlignVCenter, self.caption
        )
        painter.setPen(
            QPen(look.colour("ink"), look.px(4), Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
        )
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for stroke in self._strokes:
            path = QPainterPath(stroke[0])
            for point in stroke[1:]:
                path.lineTo(point)
            painter.drawPath(path)


class Chart(QWidget):
    """Bars of failure shares by group, the count of takes beside each; a group with too few takes says so."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.look = Look()
        self._rows: Sequence[ShareRow] = ()
        self._label: Callable[[str], str] = str
        self._few, self._of = "", "{failures}/{takes}"

    def show_rows(self, rows: Sequence[ShareRow], label: Callable[[str], str], few: str, of: str, name: str) -> None:
        """Draw. label: text of a group's key; few: words for "too few to say"; of: "{failures} of {takes}"."""
        self._rows, self._label, self._few, self._of = rows, label, few, of
        self.setAccessibleName(name)
        self.setMinimumHeight(self._height())
        self.update()

    def set_look(self, look: Look) -> None:
        """Take on colours and sizes."""
        self.look = look
        self.setMinimumHeight(self._height())
        self.update()

    def _height(self) -> int:
        return self.look.px(52) * max(1, len(self._rows)) + self.look.px(16)

    def sizeHint(self) -> QSize:
        return QSize(self.look.px(560), self._height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        look, step = self.look, self.look.px(52)
        font = QFont(FAMILY)
        font.setPixelSize(look.px(BODY))
        painter.setFont(font)
        widest = max((painter.fontMetrics().horizontalAdvance(self._label(row.group)) for row in self._rows), default=0)
        left, right = max(look.px(120), widest + look.px(22)), look.px(230)
        room = self.width() - left - right
        most = max((row.rate or 0.0 for row in self._rows), default=0.0) or 1.0
        for number, row in enumerate(self._rows):
            y = look.px(8) + number * step
            painter.setPen(look.colour("ink"))
            painter.drawText(
                QRectF(0, y, left - look.px(14), step),
                Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
                self._label(row.group),
            )
            track = QRectF(left, y + step * 0.24, room, step * 0.52)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look.colour("tint"))
            painter.drawRoundedRect(track, look.px(8), look.px(8))
            words = self._few  # and no number: who stands alone in a group is known to the whole village
            if row.rate is not None:
                words = f"{row.rate:.0%}  {self._of.format(failures=row.failures, takes=row.takes)}"
                bar = QRectF(track)
                bar.setWidth(max(look.px(4), room * row.rate / max(most, 0.05)))
                painter.setBrush(look.colour("action"))
                painter.drawRoundedRect(bar, look.px(8), look.px(8))
            painter.setPen(look.colour("ink"))
            painter.drawText(QRectF(left + room + look.px(14), y, right - look.px(14), step), Qt.AlignmentFlag.AlignVCenter, words)
