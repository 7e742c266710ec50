"""What is said, as text: a strip over the station's name; and the flash of the edge at a cue. Made by `ui.frame`.

Nothing is only heard. The strip takes no room of its own: it covers station and clock, and goes when the sentence is over.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRect, QRectF, Qt, QTimer, Slot
from PySide6.QtGui import QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from kiosk.domain.reasons import Action
from kiosk.domain.take_view import TakeView
from kiosk.texts import said
from kiosk.texts.strings import Strings
from kiosk.ui.theme import Look
from kiosk.ui.widgets.flash import EdgeFlash
from kiosk.ui.widgets.text import Lines, draw_lines, wrap

PER_CHARACTER_S = {True: 60 / 200, False: 60 / 900}  # Chinese: 200 characters a minute; other scripts: letters
LEAST_S = 1.2
STAYS_S = 2.0  # the last line, after it was said


def sentences(keys: list[str], strings: Strings) -> list[str]:
    """Return what is said for catalogue keys, one sentence each; tones left out, pieces joined to what is before."""
    out: list[str] = []
    for key in keys:
        bare = said.bare(key)
        if bare.startswith("chime."):
            continue
        text = bare.removeprefix("text:") if bare.startswith("text:") else strings.text(bare)
        if said.follows(key) and out:
            out[-1] += text if strings.language != "en" else f" {text}"
        else:
            out.append(text)
    return out


def seconds_of(text: str) -> float:
    """Return about how long a text takes to say."""
    chinese = any("\u4e00" <= char <= "\u9fff" for char in text)
    return max(LEAST_S, len(text) * PER_CHARACTER_S[chinese])


class Captions(QWidget):
    """One or two lines at a time, as many as fit over the place it is given."""

    def __init__(self, parent: QWidget, place: Callable[[], QRect], wanted: bool) -> None:
        """place: where it lies just now, in the window's pixels. wanted: whether captions are shown at all."""
        super().__init__(parent)
        self.setObjectName("captions")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.look = Look()
        self._place, self._wanted = place, wanted
        self._texts: list[str] = []
        self._lines: list[Lines] = []
        self.flash = EdgeFlash(parent)
        self._cued: tuple[Action, int] | None = None
        self._next = QTimer(self)
        self._next.setSingleShot(True)
        self._next.timeout.connect(self.advance)
        self.hide()

    # --- the voice

    def say(self, keys: list[str], strings: Strings, look: Look) -> None:
        """Show what is being said from now on, instead of what was said before."""
        self.hush()
        texts = sentences(keys, strings)
        if not texts or not self._wanted:
            return
        self.look = look
        self.setGeometry(self._place())
        rows = max(1, self.height() // look.line_px("small"))
        for text in texts:
            lines, _ = wrap(text, self._font(), self.width() - 2 * look.px(16))
            self._lines += [lines[at : at + rows] for at in range(0, len(lines), rows)]
        self.setAccessibleName(" ".join(texts))
        self.show()
        self.raise_()
        self._begin()

    @Slot()
    def hush(self) -> None:
        """Nothing is said any more."""
        self._next.stop()
        self._lines = []
        self.hide()

    def text(self) -> str:
        """Return the lines that are shown just now."""
        return "".join(line for line, _ in self._lines[0]) if self._lines else ""

    @Slot()
    def advance(self) -> None:
        """The next lines; after the last ones, nothing."""
        self._lines = self._lines[1:]
        if self._lines:
            self._begin()
        else:
            self.hide()

    def _begin(self) -> None:
        stays = STAYS_S if len(self._lines) == 1 else 0.0
        self._next.start(int((seconds_of(self.text()) + stays) * 1000))
        self.update()

    def _font(self) -> QFont:
        return self.look.font("small", True)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._lines:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
        painter.fillRect(self.rect(), self.look.colour("notice"))
        painter.setPen(self.look.colour("notice_ink"))
        draw_lines(painter, QRectF(self.rect()), self._lines[0], self._font(), Qt.AlignmentFlag.AlignHCenter)

    # --- the cue

    def on_take(self, view: TakeView | None, look: Look) -> None:
        """A take's view: its edge flashes when an action begins to count."""
        cue = (view.action, view.action_index) if view is not None and view.now and view.action is not None else None
        if cue is not None and cue != self._cued:
            self.flash.flash(look)
        self._cued = cue
