"""Words with a sign before them: facts, places, what to do."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from kiosk.config import Settings
from kiosk.texts.strings import Strings
from kiosk.ui.icons import draw_icon
from kiosk.ui.theme import Look, Role
from kiosk.ui.widgets.flow import Stack, centre_square
from kiosk.ui.widgets.text import Text

CHANNELS_SHOWN = 3
NO_HEADINGS = 0.75


class IconLine(QWidget):
    """A sign in a tinted disc, a heading (optional) and a text."""

    def __init__(self, name: str, icon: str, *, head: Role = "label", text: Role = "body", may_lose_heading: bool = True) -> None:
        super().__init__()
        self.look = Look()
        self.icon_name, self.may_lose_heading = icon, may_lose_heading
        self.setObjectName(name)
        self.heading = Text(f"{name}-heading", head, "quiet")
        self.words = Text(f"{name}-text", text, "ink")
        self.column = Stack(self.heading, self.words, gap=2, centred=True)
        self.column.setParent(self)
        self._heading = ""
        self.heading.say("")

    def say(self, text: str, heading: str = "") -> None:
        """Set the words; an empty text takes no room."""
        self._heading = heading
        self.heading.say(heading)
        self.words.say(text)
        if self.parentWidget() is not None or not text:
            self.setVisible(bool(text))

    def set_look(self, look: Look) -> None:
        self.look = look
        # On the densest pages the sign stands for the heading.
        self.heading.say("" if self.may_lose_heading and look.density < NO_HEADINGS else self._heading)
        self.column.set_look(look)
        self.arrange()

    def _disc(self) -> int:
        return self.look.space(76, 56)

    def _left(self) -> int:
        return self._disc() + self.look.px(24)

    def need(self, width: int) -> int:
        return max(self._disc(), self.column.need(width - self._left()))

    want = need

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.arrange()

    def arrange(self) -> None:
        """Place the words."""
        self.column.setGeometry(self._left(), 0, self.width() - self._left(), self.height())
        self.column.arrange()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        size = self._disc()
        disc = QRectF(0, (self.height() - size) / 2, size, size)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.look.colour("tint"))
        painter.drawEllipse(disc)
        inset = size * 0.22
        draw_icon(painter, self.icon_name, disc.adjusted(inset, inset, -inset, -inset), self.look.colour("action"))


class Channels(Stack):
    """The other places and ways, from the configuration, and the hotline."""

    def __init__(self) -> None:
        super().__init__(gap=22)
        self._count = 0
        self.heading = Text("channels-heading", "body", "ink", bold=True)
        self.places = [IconLine(f"channel-{i}", "place", text="label", may_lose_heading=False) for i in range(CHANNELS_SHOWN)]
        for place in self.places:
            place.heading.colour, place.heading.bold, place.heading.role = "ink", True, "label"
            place.words.colour = "quiet"
        self.hotline = IconLine("hotline", "phone", text="body")
        self.hotline.words.bold = True
        for item in (self.heading, *self.places, self.hotline):
            self.add(item)

    def set_look(self, look: Look) -> None:
        # The densest page names the two nearest places: all three, the hotline and large letters do not fit a low screen.
        for number, place in enumerate(self.places):
            place.setVisible(number < self._count and (number < 2 or look.density >= NO_HEADINGS))
        super().set_look(look)

    def show_channels(self, heading: str, settings: Settings, strings: Strings, *, most: int = CHANNELS_SHOWN) -> None:
        """Fill from the configuration."""
        # Who reads it stands here: the ways for whoever is away or abroad come last.
        channels = sorted(settings.station.channels, key=lambda channel: channel.far)[:most]
        self.heading.say(heading if channels else "")
        for number, place in enumerate(self.places):
            if number < len(channels):
                channel = channels[number]
                reach = [
                    strings.text("channel.hours", hours=channel.hours) if channel.hours else "",
                    strings.text("channel.phone", phone=channel.phone) if channel.phone else "",
                ]
                lines = [channel.address, "   ".join(part for part in reach if part)]
                place.say("\n".join(line for line in lines if line) or channel.name, channel.name if any(lines) else "")
            else:
                place.say("")
        self._count = len(channels)
        self.hotline.say(strings.text("page.referred.hotline", hotline=settings.station.hotline))


class Fact(Stack):
    """A sign in a disc with a word below: how long, what to bring, what it costs."""

    def __init__(self, name: str, icon: str) -> None:
        self.sign = Sign(icon)
        self.words = Text(name, "label", "ink", centred=True, bold=True)
        super().__init__(self.sign, self.words, gap=10)

    def say(self, text: str) -> None:
        """Set the words."""
        self.words.say(text)


class Sign(QWidget):
    """An icon in a tinted disc."""

    def __init__(self, icon: str, share: float = 104) -> None:
        super().__init__()
        self.look = Look()
        self.icon_name, self.share = icon, share

    def set_look(self, look: Look) -> None:
        self.look = look
        self.update()

    def need(self, width: int) -> int:
        return self.look.space(self.share, self.share * 0.6)

    want = need

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        disc = centre_square(self.rect())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.look.colour("tint"))
        painter.drawEllipse(disc)
        inset = disc.width() * 0.22
        draw_icon(painter, self.icon_name, disc.adjusted(inset, inset, -inset, -inset), self.look.colour("action"))
