"""Hands: physical keys, the order of the tab key, and touches that were meant for the page before. Used by `ui.window`."""

from __future__ import annotations

import time
from typing import Protocol, cast

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QKeySequence, QMouseEvent
from PySide6.QtWidgets import QWidget

from kiosk.errors import ConfigError
from kiosk.ui.theme import Look

DOUBLE_TOUCH_S = 0.4  # a second touch that was meant for the last page
DOUBLE_TOUCH_NEAR = 120  # units


class Changing(Protocol):
    """A window whose pages change."""

    look: Look
    changed_at: float  # time.monotonic() of the last change of page


class DoubleTouchGuard(QObject):
    """Swallows the second half of a double touch when the page changed in between: it was meant for the page before.

    Install it on the application: `app.installEventFilter(DoubleTouchGuard(window))`.
    """

    def __init__(self, window: Changing) -> None:
        super().__init__(cast(QObject, window))
        self._window = window
        self._last = 0.0
        self._place = QPoint()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick) and watched.isWidgetType():
            now = time.monotonic()
            place = cast(QMouseEvent, event).globalPosition().toPoint()
            near = (place - self._place).manhattanLength() < self._window.look.px(DOUBLE_TOUCH_NEAR)
            changed_since = self._window.changed_at >= self._last
            swallow = near and changed_since and now - self._last < DOUBLE_TOUCH_S
            self._last, self._place = now, place
            return swallow
        return False


def order_tabs(page: QWidget, after: list[QWidget]) -> None:
    """Let the tab key go through the page from top to bottom, then through the bars."""
    order = [*_focusable(page), *after]
    for one, following in zip(order, order[1:], strict=False):
        QWidget.setTabOrder(one, following)


def _focusable(page: QWidget) -> list[QWidget]:
    found = [
        child for child in page.findChildren(QWidget) if child.focusPolicy() & Qt.FocusPolicy.TabFocus and child.isVisibleTo(page)
    ]
    return sorted(found, key=lambda child: (child.mapTo(page, QPoint(0, 0)).y(), child.mapTo(page, QPoint(0, 0)).x()))


def key_code(name: str) -> int:
    """Return Qt's code of a key by its name (F1, PageDown, Space). Raises ConfigError on an unknown name."""
    sequence = QKeySequence(name)
    key = int(sequence[0].key()) if not sequence.isEmpty() else 0  # type: ignore[index]  # WORKAROUND stubs: no __getitem__
    if key in (0, int(Qt.Key.Key_unknown)):
        raise ConfigError(f"ui.keys: {name!r} is no key")
    return key
