"""The desk above the visit: bar, rail of places, one page, the foot with what waits. Made by `app`, told what to show by
`app.desk_controller`.

It covers the whole window; what lies below is disabled while it is open, so that no key and no focus reaches the visit.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QFrame, QWidget

from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.desk.boards_data import Tallies
from kiosk.desk.values import Place
from kiosk.domain.take_view import TakeView
from kiosk.ui.desk import pages
from kiosk.ui.desk.bars import DeskBar, DeskFoot, DeskRail, around
from kiosk.ui.desk.base import DeskKit, DeskPage
from kiosk.ui.desk.focus import DeskWatch, beside, field_after, go_on, ring_of
from kiosk.ui.desk.keyboard import Keyboard
from kiosk.ui.desk.look import style_sheet
from kiosk.ui.desk.sign_in import SignInPage
from kiosk.ui.desk.widgets import Action, Field
from kiosk.ui.theme import Look
from kiosk.ui.touch import EXEMPT
from kiosk.ui.window import KioskWindow

if TYPE_CHECKING:
    import numpy as np

_ALIVE_S = 1.0  # a key or touch tells the session at most so often


@runtime_checkable
class FramesShown(Protocol):
    """A page with a camera picture."""

    def show_frame(self, image_rgb: np.ndarray) -> None:
        """Show a picture."""


@runtime_checkable
class CameraShown(FramesShown, Protocol):
    """A page that somebody looks into the camera on."""

    def show_take(self, view: TakeView, kit: DeskKit) -> None:
        """Show where the take stands."""


@runtime_checkable
class PapersShown(FramesShown, Protocol):
    """A page that papers are photographed on."""

    def show_outline(self, quad: tuple[tuple[float, float], ...]) -> None:
        """Show where the sheet is seen."""

    def show_taken(self, image_rgb: np.ndarray) -> None:
        """Show the page that was taken."""


class DeskView(QFrame):
    """The desk's widget, a child of the kiosk's window. Hidden while the desk is closed."""

    sent = Signal(object)

    def __init__(self, window: KioskWindow, now: Callable[[], datetime] | None = None) -> None:
        super().__init__(window)
        self.setObjectName("desk")
        self.setProperty(EXEMPT, True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self._window, self._now = window, now or window.now
        self.look = Look()
        self.state: s.State = s.Closed()
        self._tallies = Tallies()
        self._told_s = 0.0
        self._calls = 0
        self.stack = pages.DeskPages(letters=window.settings.desk.on_screen_keyboard)
        self.bar, self.rail, self.foot = DeskBar(), DeskRail(), DeskFoot()
        self.setLayout(around(self.stack, self.bar, self.rail, self.foot))
        self.stack.sent.connect(self.sent)
        self.stack.letters_wanted.connect(self._show_keyboard)
        self.bar.close_button.clicked.connect(lambda: self.sent.emit(e.CloseTouched()))
        self.rail.gone.connect(self._go)
        self._page: DeskPage[Any] | None = None
        self.keyboard = Keyboard(self, self._following)
        self.hide()
        self._watch = DeskWatch(self)
        self._watch.hand.connect(self.alive)
        self._watch.field_touched.connect(self.field_touched)
        self._watch.key_pressed.connect(self.keyboard.dismiss)  # somebody has real keys: the page is theirs again
        window.installEventFilter(self)

    @Slot(object)
    def _go(self, place: Place) -> None:
        self.sent.emit(e.Went(place))

    def prepare_in(self, after_ms: int) -> None:
        """Make the pages when nobody waited for anything else that long."""
        self.stack.prepare_in(after_ms)

    def prepare_never(self) -> None:
        """The kiosk stops: make no page any more."""
        self.stack.prepare_never()

    @property
    def page(self) -> DeskPage[Any]:
        """The page that is shown, or was last."""
        return self._page or self.stack.one("sign-in")

    @property
    def page_name(self) -> str:
        """The stable name of the page that is shown, "" while the desk is closed."""
        return "" if isinstance(self.state, s.Closed) else self.page.name

    # --- what the desk's controller calls

    def show_state(self, state: s.State, tallies: Tallies) -> None:
        """Show a state; Closed hides the desk and gives the window back."""
        before, self.state, self._tallies = self.state, state, tallies
        if isinstance(state, s.Closed):
            self._leave()
            return
        if isinstance(before, s.Closed):
            self._enter()
        page = self.stack.one(pages.name_of(state))
        changed = page is not self._page or isinstance(before, s.Closed)
        if changed:
            self.keyboard.dismiss()
        if self._page is not None and page is not self._page:
            self._page.clear()
        self._page = page
        kit = self._kit()
        self._show_frame(kit)
        page.show_page(pages.inside(state), kit)
        self.stack.setCurrentWidget(page)
        if changed:
            self._relook()
            first = page.first_field()
            if first is not None:
                first.setFocus(Qt.FocusReason.TabFocusReason)
            else:  # or Qt frames the page's first control, which then looks chosen
                self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.keyboard.place()  # what the page says now may have moved the field
        self.raise_()

    def show_calls(self, count: int) -> None:
        """Somebody called, or nobody waits any more: it stands at the way home, on every page."""
        self._calls = count
        if isinstance(self.state, s.Open):
            self._show_frame(self._kit())

    def show_tallies(self, tallies: Tallies) -> None:
        """Show what waits for the centre."""
        self._tallies = tallies
        self._show_frame(self._kit())

    def show_take(self, view: TakeView) -> None:
        """Show where a take for a template stands; ignored by pages without a camera."""
        if isinstance(self.page, CameraShown):
            self.page.show_take(view, self._kit())

    def show_frame(self, image_rgb: np.ndarray) -> None:
        """Show a camera picture: uint8 RGB, copied already; ignored by pages without a camera."""
        if isinstance(self.page, FramesShown):
            self.page.show_frame(image_rgb)

    def show_outline(self, quad: tuple[tuple[float, float], ...]) -> None:
        """Show where a sheet is seen, in shares of the picture; ignored by pages without papers."""
        if isinstance(self.page, PapersShown):
            self.page.show_outline(quad)

    def show_taken(self, image_rgb: np.ndarray) -> None:
        """Show a page that was photographed: uint8 RGB; ignored by pages without papers."""
        if isinstance(self.page, PapersShown):
            self.page.show_taken(image_rgb)

    def tick(self, now_s: float, sign_out_s: float) -> None:
        """Count what counts down."""
        if isinstance(self.page, SignInPage):
            self.page.tick(now_s)
        if isinstance(self.state, s.Open):
            minutes = max(0, int((sign_out_s - (now_s - self.state.session.touched_s)) // 60) + 1)
            self.bar.left.say(self._kit().text("sign_out_in", minutes=minutes))

    def refresh(self) -> None:
        """Draw anew after theme or language changed."""
        if not isinstance(self.state, s.Closed):
            self._show_frame(self._kit())
            self.page.show_page(pages.inside(self.state), self._kit())
            self._relook()

    # --- inside

    def _kit(self) -> DeskKit:
        session = self.state.session if isinstance(self.state, s.Open) else None
        return DeskKit(self._window.strings, self._window.settings, self._now, self.look, session)

    def _enter(self) -> None:
        for child in beside(self._window, self):
            child.setEnabled(False)
        app = QApplication.instance()
        if app is not None:  # only while the desk is open: a filter in Python costs every event
            app.installEventFilter(self._watch)
        self.setGeometry(self._window.rect())
        self._relook()
        self.show()
        self.raise_()

    def _leave(self) -> None:
        self.keyboard.dismiss()
        for page in self.stack.made.values():
            page.clear()
        app = QApplication.instance()
        if app is not None:
            app.removeEventFilter(self._watch)
        self.hide()
        for child in beside(self._window, self):
            child.setEnabled(True)
        self._window.page.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_frame(self, kit: DeskKit) -> None:
        self.bar.show_session(kit)
        self.rail.show_session(kit, pages.place_of(self.state), self._calls)
        self.foot.show_tallies(kit, self._tallies)

    def _relook(self) -> None:
        look = Look.for_screen(self._window.width(), self._window.height(), self._window.wishes.theme, False, False)
        if look != self.look or not self.styleSheet():
            self.look = look
            self.setStyleSheet(style_sheet(look))
        for part in (self.bar, self.foot, self.rail):
            part.set_look(look)
        self.page.set_look(look)
        for child in self.page.findChildren(QWidget):
            if hasattr(child, "set_look"):
                child.set_look(look)
        self.keyboard.relook(look, self._window.strings)

    # --- the keyboard on the screen

    def field_touched(self, field: Field) -> None:
        """A finger is on a field: letters come, unless its page has a pad."""
        if field.padded or not field.isEnabled():
            self.keyboard.dismiss()
        else:
            self._show_keyboard(field)

    @Slot(object)
    def _show_keyboard(self, field: Field) -> None:
        if self._window.settings.desk.on_screen_keyboard:
            self.keyboard.show_for(field, self.look, self._window.strings)
            field.setFocus(Qt.FocusReason.OtherFocusReason)

    def _following(self, field: Field) -> Field | None:
        return field_after(self.ring(), field)

    # --- keys and focus stay at the desk

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab goes round among the desk's own controls."""
        return go_on(self, self.ring(), forward)

    def ring(self) -> list[QWidget]:
        """Return the controls in the order of Tab: the page's, then the rail, then the bar."""
        return ring_of(self, (self.page, self.rail, self.bar))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Whatever no field wanted ends here: the visit below must not hear it."""
        focused = QApplication.focusWidget()
        if event.key() == Qt.Key.Key_Escape:
            self.sent.emit(e.BackTouched() if isinstance(self.state, s.Open) else e.CloseTouched())
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and isinstance(focused, Action):
            focused.click()
        elif event.text().isdigit() and (first := self.page.first_field()) is not None and not first.hasFocus():
            first.setFocus(Qt.FocusReason.OtherFocusReason)  # a scanner types wherever the focus is
            QApplication.sendEvent(first, QKeyEvent(QEvent.Type.KeyPress, event.key(), event.modifiers(), event.text()))
        event.accept()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and watched is self._window and self.isVisible():
            self.setGeometry(self._window.rect())
            self._relook()
        return False

    @Slot()
    def alive(self) -> None:
        """A key or a touch anywhere on the desk."""
        now = time.monotonic()
        if now - self._told_s >= _ALIVE_S and isinstance(self.state, s.Open | s.SigningIn):
            self._told_s = now
            self.sent.emit(e.Alive())
