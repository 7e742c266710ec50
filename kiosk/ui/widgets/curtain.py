"""A dark screen while the visit is gone through by ear, where the station wants it so. Lies over the window, below the desk.

Who does not see keeps to themselves what others would read over their shoulder. A touch brings the picture back for this visit.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from kiosk.texts.strings import Strings
from kiosk.ui.theme import MARGIN, Look

_DIM = QColor("#8C8C8C")  # 6:1 on black: read by who stands near, no light in the room


class Curtain(QWidget):
    """Black, with one quiet line that says why and how it is lifted."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("curtain")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.look, self._words = Look(), ""
        self._lifted, self._over = False, parent
        parent.installEventFilter(self)
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Resize and self.isVisible():
            self.setGeometry(self._over.rect())
        return False

    def follow(self, spoken: bool, strings: Strings, look: Look) -> None:
        """Lie over the window while `spoken`, unless it was lifted; forget the lifting when it ends."""
        if not spoken:
            self._lifted = False
        self.look, self._words = look, strings.text("curtain.words")
        self.setAccessibleName(self._words)
        if not spoken or self._lifted:
            self.hide()
            return
        parent = self._over
        self.setGeometry(parent.rect())
        if not self.isVisibleTo(parent):
            self.show()
            self.raise_()
            desk = parent.findChild(QWidget, "desk", Qt.FindChildOption.FindDirectChildrenOnly)
            if desk is not None and desk.isVisibleTo(parent):
                self.stackUnder(desk)
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()  # what lies below is not touched

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()
        self._lifted = True
        self.hide()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), Qt.GlobalColor.black)
        painter.setFont(self.look.font("small"))
        painter.setPen(_DIM)
        margin = self.look.px(MARGIN)
        below = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom | Qt.TextFlag.TextWordWrap
        painter.drawText(self.rect().adjusted(margin, margin, -margin, -margin), int(below), self._words)
