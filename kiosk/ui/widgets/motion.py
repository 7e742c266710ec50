"""A clock for drawings that move: one timer a widget, running only while the widget is seen and motion is wanted."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from kiosk.ui.theme import FRAME_MS, LOOP_MS, Look


class Moving(QWidget):
    """A widget that draws itself from `phase`, 0 to 1 and round again. Without motion it rests at `still`."""

    loop_ms = LOOP_MS
    still = 0.5

    def __init__(self) -> None:
        super().__init__()
        self.look = Look()
        self._since = QElapsedTimer()
        self._timer = QTimer(self)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self.update)
        self.resting = False  # nobody is there to see it
        self.held = False  # stands still though motion is wanted

    def set_look(self, look: Look) -> None:
        self.look = look
        self._run(self.isVisible())
        self.update()

    @property
    def phase(self) -> float:
        """Where in the loop we are."""
        if not self._timer.isActive():
            return self.still
        return (self._since.elapsed() % self.loop_ms) / self.loop_ms

    def restart(self) -> None:
        """Begin the loop anew."""
        self._since.restart()

    def rest(self, resting: bool) -> None:
        """Stand still because nobody is there to see it, or move again."""
        if resting != self.resting:
            self.resting = resting
            self._run(self.isVisible())
            self.update()

    def _run(self, seen: bool) -> None:
        if seen and self.look.motion and not (self.held or self.resting):
            if not self._timer.isActive():
                self._since.start()
                self._timer.start()
        else:
            self._timer.stop()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._run(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._run(False)


def ease(x: float) -> float:
    """Return a smooth step from 0 to 1."""
    x = min(1.0, max(0.0, x))
    return x * x * (3 - 2 * x)


def bump(phase: float, begin: float, top: float, end: float, done: float) -> float:
    """Return 0, rising to 1 between begin and top, held to end, falling to 0 at done."""
    if phase < top:
        return ease((phase - begin) / (top - begin))
    return 1.0 - ease((phase - end) / (done - end))
