"""Where am I: the steps of a visit in words, the three stages of a result, the done actions of a take.

Signs and words, never colour alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from kiosk.ui.icons import draw_icon
from kiosk.ui.theme import Look, Role
from kiosk.ui.widgets.text import draw_lines, wrap

Mark = Literal["done", "now", "later", "stop"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its words, and whether it is done, under way, or still to come."""

    text: str
    mark: Mark


class StepBar(QWidget):
    """A row of steps. `beside`: words beside the sign instead of below it (landscape)."""

    def __init__(self, name: str = "steps", *, role: Role = "small", beside: bool = False, line: bool = True) -> None:
        super().__init__()
        self.look = Look()
        self.role: Role = role
        self.beside, self.line = beside, line
        self.steps: tuple[Step, ...] = ()
        self.setObjectName(name)

    def show_steps(self, steps: tuple[Step, ...], accessible: str) -> None:
        """Show these steps; `accessible` reads them to who cannot see them."""
        self.steps = steps
        self.setAccessibleName(accessible)
        self.update()

    def clear(self) -> None:
        """Forget the steps."""
        self.steps = ()
        self.update()

    def set_look(self, look: Look) -> None:
        self.look = look
        self.update()

    def _sign_px(self) -> int:
        return round(self.look.font_px(self.role) * 1.5)

    def is_beside(self, width: int) -> bool:
        """Return whether the words stand beside the signs: where wished, and where they fit."""
        if not self.beside or not self.steps:
            return False
        metrics = QFontMetricsF(self.look.font(self.role, True))
        each = self._sign_px() + self.look.px(44)
        return sum(metrics.horizontalAdvance(step.text) + each for step in self.steps) <= width

    def need(self, width: int) -> int:
        if not self.steps:
            return 0
        if self.is_beside(width):
            return self._sign_px() + self.look.px(8)
        share = width // len(self.steps) - self.look.px(8)
        lines = max(len(wrap(step.text, self.look.font(self.role, True), share)[0]) for step in self.steps)
        return self._sign_px() + self.look.px(10) + lines * self.look.line_px(self.role)

    want = need

    def boxes(self) -> list[tuple[QRectF, str, bool]]:
        """Return where each step's words are drawn, the words, and whether they fit; for drawing and for the audit."""
        out: list[tuple[QRectF, str, bool]] = []
        if not self.steps:
            return out
        sign = self._sign_px()
        if self.is_beside(self.width()):
            font = self.look.font(self.role, True)
            metrics = QFontMetricsF(font)
            widths = [sign + self.look.px(14) + metrics.horizontalAdvance(step.text) for step in self.steps]
            gap = (self.width() - sum(widths)) / max(1, len(self.steps) - 1) if len(self.steps) > 1 else 0.0
            x = 0.0
            for step, width in zip(self.steps, widths, strict=True):
                left = x + sign + self.look.px(14)
                out.append((QRectF(left, 0, width - sign - self.look.px(14), self.height()), step.text, True))
                x += width + gap
            return out
        share = self.width() / len(self.steps)
        for number, step in enumerate(self.steps):
            room = int(share) - self.look.px(8)
            lines, fits = wrap(step.text, self.look.font(self.role, True), room)
            top = sign + self.look.px(10)
            out.append(
                (QRectF(share * number + self.look.px(4), top, room, len(lines) * self.look.line_px(self.role)), step.text, fits)
            )
        return out

    def words(self) -> list[QRectF]:
        """Return what each step's sign and words cover, where the words stand below."""
        metrics = QFontMetricsF(self.look.font(self.role, True))
        out = []
        for (box, _, _), step in zip(self.boxes(), self.steps, strict=True):
            wide = min(box.width(), max(self._sign_px(), metrics.horizontalAdvance(step.text)))
            out.append(QRectF(box.center().x() - wide / 2, 0, wide, box.bottom()))
        return out

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
        beside, sign = self.is_beside(self.width()), self._sign_px()
        places = self.boxes()
        centres = [
            QPointF(box.left() - self.look.px(14) - sign / 2, self.height() / 2) if beside else QPointF(box.center().x(), sign / 2)
            for box, _, _ in places
        ]
        if self.line:
            for number in range(len(centres) - 1):
                begin = places[number][0].right() if beside else centres[number].x() + sign / 2
                self._draw_line(
                    painter,
                    QPointF(begin + self.look.px(8), centres[number].y()),
                    QPointF(centres[number + 1].x() - sign / 2 - self.look.px(8), centres[number].y()),
                    self.steps[number].mark == "done",
                )
        for number, ((box, text, _), step, centre) in enumerate(zip(places, self.steps, centres, strict=True)):
            self._draw_sign(painter, centre, sign, step.mark, number + 1)
            font = self.look.font(self.role, step.mark in ("now", "stop"))
            painter.setPen(self.look.colour({"done": "done", "now": "action", "later": "quiet", "stop": "stop"}[step.mark]))
            lines, _ = wrap(text, font, max(1, int(box.width()) + 2))
            draw_lines(painter, box, lines, font, Qt.AlignmentFlag.AlignHCenter)

    def _draw_line(self, painter: QPainter, begin: QPointF, end: QPointF, done: bool) -> None:
        if end.x() - begin.x() < self.look.px(6):
            return
        painter.setPen(QPen(self.look.colour("done" if done else "track"), self.look.px(5)))
        painter.drawLine(begin, end)

    def _draw_sign(self, painter: QPainter, centre: QPointF, sign: int, mark: Mark, number: int) -> None:
        look, radius = self.look, sign / 2
        square = QRectF(centre.x() - radius * 0.62, centre.y() - radius * 0.62, radius * 1.24, radius * 1.24)
        if mark == "done":
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look.colour("done"))
            painter.drawEllipse(centre, radius, radius)
            draw_icon(painter, "tick", square, look.colour("on_done"))
        elif mark == "stop":
            painter.setPen(QPen(look.colour("stop"), look.px(4)))
            painter.setBrush(look.colour("card"))
            painter.drawEllipse(centre, radius - look.px(2), radius - look.px(2))
            draw_icon(painter, "cross", square, look.colour("stop"))
        else:
            now = mark == "now"
            painter.setPen(QPen(look.colour("action" if now else "quiet"), look.px(6 if now else 3)))
            painter.setBrush(look.colour("card"))
            painter.drawEllipse(centre, radius - look.px(3), radius - look.px(3))
            if now:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(look.colour("action"))
                painter.drawEllipse(centre, radius * 0.42, radius * 0.42)
