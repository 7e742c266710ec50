"""A large tick box in a card: sign, words, and the state in words."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen

from kiosk.ui.icons import draw_icon
from kiosk.ui.theme import RADIUS_BUTTON
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.text import Lines, draw_lines, wrap


class ChoiceButton(Button):
    """Checked or not, shown by a sign and by words."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "outlined", role="body", checkable=True)
        self._yes, self._no = "", ""
        self.toggled.connect(self._name_state)

    def show_texts(self, text: str, yes: str, no: str) -> None:
        """Set the words, and the words of both states."""
        self._yes, self._no = yes, no
        self.say(text)
        self._name_state()

    def _name_state(self) -> None:
        self.setAccessibleName(f"{self.shown_text()} {self._state()}")
        self.update()

    def _state(self) -> str:
        return self._yes if self.isChecked() else self._no

    def _sides(self) -> tuple[int, int]:
        box = self.look.px(64)
        metrics = QFontMetricsF(self.look.font("label", True))
        state = int(max(metrics.horizontalAdvance(self._yes), metrics.horizontalAdvance(self._no)))
        return box + 2 * self.look.px(30), state + 2 * self.look.px(26)

    def text_width(self, width: int) -> int:
        left, right = self._sides()
        return max(1, width - left - right)

    def lines(self, width: int) -> tuple[Lines, bool]:
        return wrap(self.shown_text(), self.font_of(), self.text_width(width))

    def words_rect(self) -> QRectF:
        lines, _ = self.lines(self.width())
        tall = len(lines) * self.look.line_px(self.role)
        wide = max((length for _, length in lines), default=0.0)
        return QRectF(self._sides()[0], (self.height() - tall) / 2, wide, tall)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
        look, checked = self.look, self.isChecked()
        line = look.px(5 if checked else 3)
        rect = QRectF(self.rect()).adjusted(line / 2, line / 2, -line / 2, -line / 2)
        painter.setPen(QPen(look.colour("action" if checked else "quiet"), line))
        painter.setBrush(look.colour("card"))
        radius = look.px(RADIUS_BUTTON)
        painter.drawRoundedRect(rect, radius, radius)
        _, right = self._sides()
        size = look.px(64)
        box = QRectF(look.px(30), (self.height() - size) / 2, size, size)
        painter.setPen(QPen(look.colour("done" if checked else "quiet"), look.px(4)))
        painter.setBrush(look.colour("done" if checked else "card"))
        painter.drawRoundedRect(box, look.px(14), look.px(14))
        if checked:
            inset = size * 0.16
            draw_icon(painter, "tick", box.adjusted(inset, inset, -inset, -inset), look.colour("on_done"))
        painter.setPen(look.colour("ink"))
        lines, _ = self.lines(self.width())
        draw_lines(painter, self.words_rect(), lines, self.font_of(), Qt.AlignmentFlag.AlignLeft)
        font = look.font("label", True)
        painter.setPen(look.colour("done" if checked else "quiet"))
        words, _ = wrap(self._state(), font, right)
        draw_lines(painter, QRectF(self.width() - right, 0, right, self.height()), words, font, Qt.AlignmentFlag.AlignHCenter)
        if self.hasFocus() and self.by_keyboard:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(look.colour("focus"), look.px(6)))
            inner = rect.adjusted(look.px(7), look.px(7), -look.px(7), -look.px(7))
            painter.drawRoundedRect(inner, radius * 0.8, radius * 0.8)
