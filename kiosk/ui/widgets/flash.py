"""A flash of the screen's edge: the cue for who does not hear it. Two soft pulses, within the flashing limits (WCAG 2.3.1)."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from kiosk.ui.theme import Look

PULSES = ((0, 260), (520, 780))  # ms, lit from … to: two a second; the norm allows three
REST_MS = 1000  # after the last pulse begins nothing flashes for so long
EDGE = 30  # units: the width of the lit frame


def lit(since_ms: float) -> bool:
    """Return whether the edge is lit so long after a flash began."""
    return any(begin <= since_ms < end for begin, end in PULSES)


class EdgeFlash(QWidget):
    """Lies over the window, lets every touch through, and is hidden but for less than a second."""

    def __init__(self, parent: QWidget, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__(parent)
        self.setObjectName("edge-flash")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.look = Look()
        self._monotonic = monotonic
        self._began_s = -1e9
        self._timer = QTimer(self)
        self._timer.setInterval(20)
        self._timer.timeout.connect(self.tick)
        self.hide()

    def flash(self, look: Look) -> None:
        """Flash once; a second wish within the pulses, or in the second after them, is passed over."""
        now = self._monotonic()
        if now - self._began_s < (PULSES[-1][0] + REST_MS) / 1000:
            return
        self.look, self._began_s = look, now
        parent = self.parentWidget()
        if parent is not None:
            self.setGeometry(parent.rect())
        self._timer.start()
        self.tick()

    def rest(self) -> None:
        """End a flash at once."""
        self._timer.stop()
        self.hide()

    @Slot()
    def tick(self) -> None:
        """Show or hide, as the time wants it."""
        since = (self._monotonic() - self._began_s) * 1000
        if since >= PULSES[-1][1]:
            self._timer.stop()
        self.setVisible(lit(since))
        if lit(since):
            self.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        wide = self.look.px(EDGE)
        pen = QPen(self.look.colour("action"), wide)
        pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        painter.setPen(pen)
        painter.drawRect(self.rect().adjusted(wide // 2, wide // 2, -wide // 2, -wide // 2))
