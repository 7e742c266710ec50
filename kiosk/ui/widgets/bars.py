"""Top bar (where am I, size, sound, language, staff), bottom bar (again, without face, help), and the strip for news."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QWidget

from kiosk.texts.strings import Strings
from kiosk.ui.icons import draw_icon
from kiosk.ui.theme import MARGIN, Look
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.text import Text

CHIP_GAP = 16.5  # a hair above the norm of 16, whatever the rounding


class TopBar(QWidget):
    """Two lines on a portrait screen, one on a landscape screen."""

    language_touched = Signal()
    large_touched = Signal()
    sound_touched = Signal()
    desk_touched = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.look = Look()
        self.setObjectName("top-bar")
        self.station = Text("station", "small", bold=True)
        self.clock = Text("clock", "small", "quiet")
        self.large = Button("large-text", "chip", icon="large", checkable=True)
        self.sound = Button("sound", "chip", icon="louder")
        self.language = Button("language", "chip", icon="language")
        self.desk = Button("desk-open", "chip", icon="staff")
        self.chips = [self.large, self.sound, self.language, self.desk]
        for child in (self.station, self.clock, *self.chips):
            child.setParent(self)
        self.large.clicked.connect(self.large_touched)
        self.sound.clicked.connect(self.sound_touched)
        self.language.clicked.connect(self.language_touched)
        self.desk.clicked.connect(self.desk_touched)

    def show_texts(self, strings: Strings, station: str, when: str, look: Look) -> None:
        """Take on language, time and settings."""
        self.station.say(station)
        self.clock.say(when)
        self.large.say(strings.text("top.large"), strings.text("top.large_name"))
        self.large.setChecked(look.large)
        self.sound.say(strings.text("top.sound"), strings.text("top.sound_name"))
        self.language.say(strings.text("top.language"), strings.text("top.language_name"))
        self.desk.say(strings.text("top.staff"), strings.text("top.staff_name"))
        self.set_look(look)

    def set_look(self, look: Look) -> None:
        self.look = look
        self.station.set_look(look)
        self.clock.set_look(look)
        for chip in self.chips:
            chip.set_look(look)
        self.arrange()

    def need(self, width: int) -> int:
        chips, pad = self.chips[0].need(200), self.look.px(14)
        if self.look.landscape:
            room = self._room(width)
            return max(chips, self.station.need(room) + self.clock.need(room)) + 2 * pad
        return self._words_height(width) + chips + 3 * pad

    want = need

    def _gap(self) -> int:
        return self.look.px(CHIP_GAP)

    def _chips_width(self) -> int:
        return sum(chip.natural_width() for chip in self.chips) + self._gap() * (len(self.chips) - 1)

    def _room(self, width: int) -> int:
        """Return the width station and time have beside the chips of a landscape screen."""
        return width - 2 * self.look.px(MARGIN) - self._chips_width() - self._gap()

    def _one_line(self, width: int) -> bool:
        whole = self.station.natural_width() + self.clock.natural_width() + self._gap()
        return whole <= width - 2 * self.look.px(MARGIN)

    def _words_height(self, width: int) -> int:
        inner = width - 2 * self.look.px(MARGIN)
        if self._one_line(width):
            return self.look.line_px("small")
        return self.station.need(inner) + self.clock.need(inner)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.arrange()

    def arrange(self) -> None:
        """Place the children."""
        look, pad, margin, gap = self.look, self.look.px(14), self.look.px(MARGIN), self._gap()
        tall = self.chips[0].need(200)
        total = self._chips_width()
        if look.landscape:
            room = self._room(self.width())
            station, clock = self.station.need(room), self.clock.need(room)
            top = (self.height() - station - clock) // 2
            self.station.setGeometry(margin, top, room, station)
            self.clock.setGeometry(margin, top + station, room, clock)
            x, y = self.width() - margin - total, (self.height() - tall) // 2
        else:
            inner = self.width() - 2 * margin
            words = self._words_height(self.width())
            clock_wide = self.clock.natural_width()
            if self._one_line(self.width()):
                self.station.setGeometry(margin, pad, inner - clock_wide - gap, words)
                self.clock.setGeometry(self.width() - margin - clock_wide, pad, clock_wide, words)
            else:
                station = self.station.need(inner)
                self.station.setGeometry(margin, pad, inner, station)
                self.clock.setGeometry(margin, pad + station, inner, words - station)
            edge = look.px(MARGIN * 0.75)
            spare = self.width() - 2 * edge - total
            gap += max(0, min(spare // (len(self.chips) - 1), look.px(14)))
            x, y = (self.width() - total - (gap - self._gap()) * (len(self.chips) - 1)) // 2, words + 2 * pad
        for chip in self.chips:
            width = chip.natural_width()
            chip.setGeometry(x, y, width, tall)
            x += width + gap

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(QPen(self.look.colour("line"), self.look.px(3)))
        painter.drawLine(0, self.height() - 1, self.width(), self.height() - 1)


class BottomBar(QWidget):
    """The same places on every page: back or leave, again, without face, help."""

    def __init__(self) -> None:
        super().__init__()
        self.look = Look()
        self.setObjectName("bottom-bar")
        self.leave = Button("leave", "quiet", icon="back", above=True)
        self.replay = Button("replay", "quiet", icon="replay", above=True)
        self.no_face = Button("no-face", "quiet", icon="no-face", above=True)
        self.help = Button("help", "quiet", icon="help", above=True)
        self.seated = Button("seated", "quiet", icon="seated", above=True)
        self.buttons = [self.leave, self.replay, self.no_face, self.help, self.seated]
        for button in self.buttons:
            button.setParent(self)

    def show_texts(self, strings: Strings, leave: str, no_face: bool, look: Look, seated: bool = False) -> None:
        """Take on language and what this page offers. `leave`: "back", "leave" or "". `seated`: 坐着办 is on."""
        self.leave.setVisible(bool(leave))
        if leave:
            self.leave.icon_name = leave
            self.leave.say(strings.text(f"bar.{leave}"))
        self.replay.say(strings.text("bar.replay"))
        self.no_face.setVisible(no_face)
        self.no_face.say(strings.text("bar.no_face"))
        self.help.say(strings.text("bar.help"))
        self.seated.say(strings.text("bar.stand" if seated else "bar.seated"), strings.text("bar.seated_name"))
        self.set_look(look)

    def set_look(self, look: Look) -> None:
        self.look = look
        for button in self.buttons:
            button.set_look(look)
        self.arrange()

    def _shown(self) -> list[Button]:
        return [button for button in self.buttons if not button.isHidden()]

    def _widths(self, width: int) -> list[int]:
        """Return the widths of the buttons; the one for people who sit needs three characters, the others share the rest."""
        shown, gap = self._shown(), self.look.px(CHIP_GAP)
        room = width - 2 * self.look.px(MARGIN * 0.75) - gap * (len(shown) - 1)
        small = max(self.look.target("chip"), self.seated.natural_width())
        widest = max((button.natural_width() for button in shown if button is not self.seated), default=0)
        spare = room - small - widest * (len(shown) - 1)
        small += max(0, min(spare, 2 * self.look.px(14)))  # words do not touch their border where there is room
        each = (room - small) // max(1, len(shown) - 1)
        return [small if button is self.seated else each for button in shown]

    def need(self, width: int) -> int:
        pairs = zip(self._shown(), self._widths(width), strict=True)
        return max(button.need(each) for button, each in pairs) + 2 * self.look.px(16)

    want = need

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.arrange()

    def arrange(self) -> None:
        """Place the children."""
        pad, gap = self.look.px(16), self.look.px(CHIP_GAP)
        x = self.look.px(MARGIN * 0.75)
        for button, each in zip(self._shown(), self._widths(self.width()), strict=True):
            button.setGeometry(x, pad, each, self.height() - 2 * pad)
            x += each + gap

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(QPen(self.look.colour("edge"), self.look.px(3)))
        painter.drawLine(0, 0, self.width(), 0)


class Notice(QWidget):
    """A strip or a box on the notice colour with a sign before its words."""

    def __init__(self, name: str, icon: str = "info", *, centred: bool = True) -> None:
        super().__init__()
        self.look = Look()
        self.icon_name = icon
        self.setObjectName(name)
        self.words = Text(f"{name}-text", "label", "notice_ink", centred=centred, bold=True)
        self.words.setParent(self)

    def say(self, text: str) -> None:
        """Set the text; an empty one takes no room."""
        self.words.say(text)
        self.setAccessibleName(text)
        if self.parentWidget() is not None or not text:
            self.setVisible(bool(text))

    def set_look(self, look: Look) -> None:
        self.look = look
        self.words.set_look(look)
        self.arrange()

    def _left(self) -> int:
        return self.look.px(28) * 2 + self.look.px(48)

    def need(self, width: int) -> int:
        return self.words.need(width - self._left() - self.look.px(28)) + 2 * self.look.space(20, 10)

    want = need

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.arrange()

    def arrange(self) -> None:
        """Place the words."""
        room = self.width() - self._left() - self.look.px(28)
        tall = self.words.need(room)
        self.words.setGeometry(self._left(), (self.height() - tall) // 2, room, tall)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.look.colour("notice_line"), self.look.px(3)))
        painter.setBrush(self.look.colour("notice"))
        inset = self.look.px(3) / 2
        radius = self.look.px(24)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), radius, radius)
        size = self.look.px(48)
        draw_icon(
            painter,
            self.icon_name,
            QRectF(self.look.px(28), (self.height() - size) / 2, size, size),
            self.look.colour("notice_ink"),
        )
