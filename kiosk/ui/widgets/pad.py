"""The number pad and the display above it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QWidget

from kiosk.texts.strings import Strings
from kiosk.ui.theme import BUTTON_GAP, BUTTON_GAP_MIN, Look
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.text import draw_lines

KEYS = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "X", "0", "delete")
GROUPS = (6, 4, 4, 4)  # region, year, month and day, rest: as people read their number aloud


class NumberPad(QWidget):
    """Twelve keys and one to clear everything."""

    pressed_key = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.look = Look()
        self.setObjectName("pad")
        self.keys: dict[str, Button] = {}
        for key in KEYS:
            made = Button(f"key-{key}", "key", icon="delete" if key == "delete" else "")
            made.setParent(self)
            made.clicked.connect(lambda _=False, key=key: self.pressed_key.emit(key))
            self.keys[key] = made
        self.clear_key = Button("key-clear", "key", role="body")
        self.clear_key.setParent(self)
        self.clear_key.clicked.connect(lambda _=False: self.pressed_key.emit("clear"))

    def show_texts(self, strings: Strings) -> None:
        """Take on the language."""
        for key, button in self.keys.items():
            button.say(
                "" if key == "delete" else key,
                strings.text("page.number.delete_name") if key == "delete" else strings.text("page.number.key_name", key=key),
            )
        self.clear_key.say(strings.text("page.number.clear"))

    def set_look(self, look: Look) -> None:
        self.look = look
        for button in (*self.keys.values(), self.clear_key):
            button.set_look(look)
        self.arrange()

    def _gap(self) -> int:
        return self.look.space(BUTTON_GAP, BUTTON_GAP_MIN)

    def need(self, width: int) -> int:
        return 5 * self.keys["1"].need(width // 3) + 4 * self._gap()

    def want(self, width: int) -> int:
        return round(5 * self.keys["1"].need(width // 3) * 1.12) + 4 * self._gap()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.arrange()

    def arrange(self) -> None:
        """Place the keys."""
        gap = self._gap()
        wide = (self.width() - 2 * gap) / 3
        tall = (self.height() - 4 * gap) / 5
        for number, button in enumerate(self.keys.values()):
            row, column = divmod(number, 3)
            button.setGeometry(round(column * (wide + gap)), round(row * (tall + gap)), int(wide), int(tall))
        self.clear_key.setGeometry(0, round(4 * (tall + gap)), self.width(), int(tall))


class DigitDisplay(QWidget):
    """The number so far, in groups, each place with its line."""

    def __init__(self) -> None:
        super().__init__()
        self.look = Look()
        self.number = ""
        self.wrong = False
        self.setObjectName("number-display")

    def show_number(self, number: str, *, wrong: bool = False) -> None:
        """Show the digits."""
        self.number, self.wrong = number, wrong
        self.update()

    def set_look(self, look: Look) -> None:
        self.look = look
        self.update()

    def need(self, width: int) -> int:
        return self.look.line_px("title") + self.look.px(14)

    want = need

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
        places, gaps = sum(GROUPS), len(GROUPS) - 1
        gap = self.look.px(22)
        each = (self.width() - gap * gaps) / places
        font = QFont(self.look.font("title", True))
        # A digit must fit its place: 18 places across a narrow column need a smaller type than the role's.
        widest = QFontMetricsF(font).horizontalAdvance("8")
        if widest > each * 0.9:
            font.setPixelSize(int(font.pixelSize() * each * 0.9 / widest))
        x, place = 0.0, 0
        for group in GROUPS:
            for _ in range(group):
                box = QRectF(x, 0, each, self.height() - self.look.px(10))
                if place < len(self.number):
                    painter.setPen(self.look.colour("stop" if self.wrong else "ink"))
                    digit = self.number[place]
                    draw_lines(
                        painter, box, ((digit, QFontMetricsF(font).horizontalAdvance(digit)),), font, Qt.AlignmentFlag.AlignHCenter
                    )
                here = place == len(self.number)
                painter.setPen(QPen(self.look.colour("action" if here else "quiet"), self.look.px(7 if here else 3)))
                painter.drawLine(
                    int(x + each * 0.12), self.height() - self.look.px(6), int(x + each * 0.88), self.height() - self.look.px(6)
                )
                x += each
                place += 1
            x += gap
