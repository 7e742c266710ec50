"""Keys, touches and the focus stay at the desk while it is open: the order of Tab, and the watch over the whole application."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QWidget

from kiosk.ui.desk.widgets import Field

_HANDS = (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick, QEvent.Type.KeyPress)


def ring_of(desk: QWidget, parts: Iterable[QWidget]) -> list[QWidget]:
    """Return the controls in the order of Tab: part by part, in each from the top left."""
    order: list[QWidget] = []
    for part in parts:
        found = [
            one
            for one in part.findChildren(QWidget)
            if one.focusPolicy() & Qt.FocusPolicy.TabFocus and one.isVisibleTo(desk) and one.isEnabled()
        ]
        order += sorted(
            found, key=lambda one: (one.mapTo(desk, one.rect().topLeft()).y() // 12, one.mapTo(desk, one.rect().topLeft()).x())
        )
    return order


def beside(window: QWidget, desk: QWidget) -> list[QWidget]:
    """Return the window's other parts, which a desk covers: they are switched off while it does, and no focus goes to them."""
    return [part for part in window.children() if isinstance(part, QWidget) and part is not desk]


def go_on(desk: QWidget, ring: list[QWidget], forward: bool) -> bool:
    """Move the focus one on in the ring, or back; False where there is nothing to go to.

    Qt asks for it too when the focused control is switched off or hidden, as the button that was just touched often is. Nobody
    chose another control then: the focus waits at the desk, where Tab begins with the page.
    """
    focused = QApplication.focusWidget()
    if focused is not None and focused is not desk and not (focused.isEnabled() and focused.isVisible()):
        desk.setFocus(Qt.FocusReason.OtherFocusReason)
        return True
    if not ring:
        return False
    at = ring.index(focused) if focused in ring else -1
    target = ring[(at + (1 if forward else -1)) % len(ring)]
    target.setFocus(Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason)
    return True


def field_after(ring: list[QWidget], field: Field) -> Field | None:
    """Return the field after this one, None where it is the last that needs a keyboard."""
    fields = [one for one in ring if isinstance(one, Field) and (one is field or not one.padded)]
    after = fields[fields.index(field) + 1 :] if field in fields else []
    return after[0] if after else None


class DeskWatch(QObject):
    """Tells of every key and touch on the desk, and keeps Tab inside. On the application while the desk is open."""

    hand = Signal()  # any key or touch
    field_touched = Signal(object)  # Field
    key_pressed = Signal()

    def __init__(self, desk: QWidget) -> None:
        super().__init__(desk)
        self._desk = desk

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind not in _HANDS or not watched.isWidgetType():
            return False
        if not self._desk.isVisible():
            return False
        widget = cast(QWidget, watched)
        if widget is not self._desk and not self._desk.isAncestorOf(widget):
            return False
        self.hand.emit()
        if kind != QEvent.Type.KeyPress:
            if isinstance(widget, Field):
                self.field_touched.emit(widget)
            return False
        self.key_pressed.emit()
        if widget.hasFocus():
            key = cast(QKeyEvent, event).key()
            if key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
                self._desk.focusNextPrevChild(key == Qt.Key.Key_Tab)
                return True
        return False
