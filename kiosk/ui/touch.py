"""Hands: what counts as one press of a button, physical keys, and the order of the tab key. Used by `ui.window`.

Hands shake, slip and hit twice. All times are the events' own, so that a busy program judges as an idle one does.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Protocol, cast

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QKeySequence, QMouseEvent
from PySide6.QtWidgets import QAbstractButton, QWidget

from kiosk.errors import ConfigError
from kiosk.ui.theme import Look

DEAD_MS = 500  # after a change of page: what is hit now was meant for the page before
SAME_PRESS_MS = 500  # a second hit on the same place is the same press
BOUNCE_MS = 250  # … also after a long press, counted from its end
SLIDE_PX = 45  # a finger that slides so far is still where it was put down
EXEMPT = "own-hands"  # property of a widget whose children are pressed by practised hands (the desk)
_STRAY_MS = 5000  # the events' clock and ours differ by more than before: another clock (a test, a device that came new)
_PRESSES = (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick)
_PARTS = (*_PRESSES, QEvent.Type.MouseMove, QEvent.Type.MouseButtonRelease)


class Changing(Protocol):
    """A window whose pages change."""

    look: Look
    changed_at: float  # time.monotonic() of the last change of page


class TouchRules(QObject):
    """Makes one press of what an unsteady hand does; for every button of the window but those of the desk.

    A press counts when it is let go inside the button, or no more than 45 pixels from where it began, however long it was held.
    What is hit within half a second after a change of page, or again at the same place, counts for nothing.
    Install it on the application: `app.installEventFilter(TouchRules(window))`.
    """

    def __init__(self, window: Changing, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__(cast(QObject, window))
        self._window, self._monotonic = window, monotonic
        self._behind_ms: float | None = None  # our clock minus the events' clock
        self._hit_ms, self._hit_at = -1e9, QPoint()  # the last hit, counted or not
        self._hit: QWidget | None = None
        self._let_go_ms = -1e9
        self._down: QWidget | None = None  # the button that is pressed
        self._down_at = QPointF()
        self._dropped = False  # this press was dropped; so is its end
        self._passing = False  # an event of our own goes through

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if self._passing or not watched.isWidgetType() or kind not in _PARTS:
            return False
        mouse, widget = cast(QMouseEvent, event), cast(QWidget, watched)
        if kind in _PRESSES:
            return self._pressed(widget, mouse)
        if kind == QEvent.Type.MouseMove:
            return self._dropped or (widget is self._down and self._near(mouse))
        return self._released(widget, mouse)

    # --- the three parts of a press

    def _pressed(self, widget: QWidget, event: QMouseEvent) -> bool:
        if not self._ours(widget):
            self._dropped, self._down = False, None
            return False
        now, place = self._time_of(event), event.globalPosition().toPoint()
        self._dropped = self._too_soon(now) or (isinstance(widget, QAbstractButton) and self._again(widget, now, place))
        self._hit_ms, self._hit_at, self._hit = now, place, widget
        self._down = widget if isinstance(widget, QAbstractButton) and not self._dropped else None
        self._down_at = event.globalPosition()
        return self._dropped

    def _released(self, widget: QWidget, event: QMouseEvent) -> bool:
        dropped, down = self._dropped, self._down
        self._dropped, self._down = False, None
        if dropped:
            return True
        if down is None or widget is not down:
            return False
        self._let_go_ms = self._time_of(event)
        if down.rect().contains(event.position().toPoint()) or not self._near(event):
            return False
        # Let go where it was put down: the button takes it for what it was meant to be.
        meant = QMouseEvent(
            event.type(),
            QPointF(down.mapFromGlobal(self._down_at)),
            self._down_at,
            event.button(),
            event.buttons(),
            event.modifiers(),
        )
        self._passing = True
        try:
            QCoreApplication.sendEvent(down, meant)
        finally:
            self._passing = False
        return True

    # --- rules

    def _too_soon(self, now_ms: float) -> bool:
        """Return whether the page changed less than half a second before, or after, this hit."""
        return now_ms - (self._window.changed_at * 1000 - (self._behind_ms or 0.0)) < DEAD_MS

    def _again(self, widget: QWidget, now_ms: float, place: QPoint) -> bool:
        near = widget is self._hit and (place - self._hit_at).manhattanLength() <= 2 * self._reach()
        return near and (0 <= now_ms - self._hit_ms < SAME_PRESS_MS or 0 <= now_ms - self._let_go_ms < BOUNCE_MS)

    def _near(self, event: QMouseEvent) -> bool:
        moved = event.globalPosition() - self._down_at
        return math.hypot(moved.x(), moved.y()) <= self._reach()

    def _reach(self) -> int:
        return max(SLIDE_PX, self._window.look.px(SLIDE_PX))

    def _ours(self, widget: QWidget) -> bool:
        root = cast(QObject, self._window)
        one: QObject | None = widget
        while one is not None and one is not root:
            if one.property(EXEMPT):
                return False
            one = one.parent()
        return one is root

    def _time_of(self, event: QMouseEvent) -> float:
        """Return the event's own time in ms; our clock where it has none.

        The offset between the two clocks is the smallest that was seen: an event cannot be handled before it happened.
        """
        now, own = self._monotonic() * 1000, float(event.timestamp())
        if own <= 0:
            return now - (self._behind_ms or 0.0)
        behind = now - own
        if self._behind_ms is None or behind < self._behind_ms or behind - self._behind_ms > _STRAY_MS:
            self._behind_ms = behind
        return own


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
