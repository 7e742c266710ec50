"""Over the page: the question whether somebody is there, and the gentle change from page to page."""

from __future__ import annotations

from PySide6.QtCore import QEasingCurve, Qt, QTimer, QVariantAnimation, Signal, Slot
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from kiosk.texts.strings import Strings
from kiosk.ui.theme import MARGIN, RING, TRANSITION_MS, Look
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.flow import centre_square
from kiosk.ui.widgets.panel import VeiledPanel
from kiosk.ui.widgets.text import Text


class CountRing(QWidget):
    """The seconds left, in a ring that empties."""

    def __init__(self) -> None:
        super().__init__()
        self.look = Look()
        self.seconds, self.whole, self.unit = 0, 30.0, ""
        self.setObjectName("count-ring")

    def set_look(self, look: Look) -> None:
        self.look = look
        self.update()

    def need(self, width: int) -> int:
        return self.look.px(220)

    def want(self, width: int) -> int:
        return self.look.px(300)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        square = centre_square(self.rect())
        ring = self.look.px(RING)
        line = square.adjusted(ring, ring, -ring, -ring)
        painter.setPen(QPen(self.look.colour("track"), ring))
        painter.drawEllipse(line)
        painter.setPen(QPen(self.look.colour("action"), ring, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawArc(line, 90 * 16, round(360 * 16 * min(1.0, self.seconds / self.whole)))
        font = self.look.font("display")
        painter.setFont(font)
        painter.setPen(self.look.colour("ink"))
        painter.drawText(square, Qt.AlignmentFlag.AlignCenter, str(self.seconds))


class Countdown(VeiledPanel):
    """Covers the page; any touch says that somebody is there."""

    still_here = Signal()
    edge = "line"
    pad_px = (56, 24)

    def __init__(self, parent: QWidget) -> None:
        self.title = Text("countdown-title", "title", centred=True)
        self.ring = CountRing()
        self.lead = Text("countdown-lead", "body", "quiet", centred=True)
        self.button = Button("still-here", "filled")
        super().__init__(parent, "countdown", self.title, self.ring, self.lead, self.button, gap=32)
        self.button.clicked.connect(self.still_here)

    def show_texts(self, strings: Strings) -> None:
        """Take on the language."""
        self.title.say(strings.text("countdown.title"))
        self.lead.say(strings.text("countdown.lead"))
        self.button.say(strings.text("countdown.button"))
        self.setAccessibleName(strings.text("countdown.title"))

    def show_seconds(self, seconds: int, whole: float) -> None:
        """Show the seconds left."""
        self.ring.seconds, self.ring.whole = seconds, max(1.0, whole)
        self.ring.setAccessibleName(str(seconds))
        self.ring.update()

    def wide(self) -> int:
        return min(self.width() - 4 * self.look.px(MARGIN), self.look.px(900))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.still_here.emit()


class Transition(QWidget):
    """The new page fades in over plain paper, as a picture; touches go through to the page itself at once."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # the page below is not drawn for every step
        self.picture = QPixmap()
        self._page: QWidget | None = None
        self._paper = QColor()
        self._share = 0.0
        self._animation = QVariantAnimation(self)
        self._animation.setDuration(TRANSITION_MS)
        self._animation.setStartValue(0.0)
        self._animation.setEndValue(1.0)
        self._animation.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._animation.valueChanged.connect(self._moved)
        self._animation.finished.connect(self.stop)
        self._next_turn = QTimer(self, singleShot=True, interval=0)
        self._next_turn.timeout.connect(self._begin)
        self.hide()

    def run(self, page: QWidget, paper: QColor) -> None:
        """Fade a page in, which lies in its place already."""
        self._page, self._paper, self._share = page, paper, 0.0
        self.setGeometry(page.geometry())
        self.show()
        self.raise_()
        # The picture is taken in the next turn of the event loop: filling a page and drawing it are two short waits, not one long.
        self._next_turn.start()

    def stop(self) -> None:
        """Be gone; forget the picture."""
        self._next_turn.stop()
        self._animation.stop()
        self.picture, self._page = QPixmap(), None
        self.hide()

    @Slot()
    def _begin(self) -> None:
        if self._page is not None and self.picture.isNull():
            self.picture = self._page.grab()
            self._animation.start()

    def _moved(self, value: float) -> None:
        self._share = float(value)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._paper)
        painter.setOpacity(self._share)
        painter.drawPixmap(0, round((1 - self._share) * 24), self.picture)
