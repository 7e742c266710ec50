"""The kiosk's window: top bar, steps, one page a state, bottom bar. Made by `app`, told what to show by `app.visit_controller`.

It decides nothing about the visit: touches leave as events (`touched`), wishes about the window as requests (`service`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QCloseEvent,
    QGuiApplication,
    QInputDevice,
    QKeyEvent,
    QMouseEvent,
)
from PySide6.QtWidgets import QApplication

from kiosk.config import Settings
from kiosk.domain.take_view import ScanView, TakeView
from kiosk.texts import requests as r
from kiosk.texts.strings import Strings
from kiosk.ui.frame import WindowFrame
from kiosk.ui.pages import PAGES, make_page
from kiosk.ui.pages.base import Kit, Page
from kiosk.ui.prompts import prompt_for
from kiosk.ui.spoken.keys import SpokenKeys
from kiosk.ui.touch import TouchRules, key_code, order_tabs
from kiosk.ui.widgets.curtain import Curtain
from kiosk.ui.widgets.text import forget
from kiosk.visit import events as e
from kiosk.visit import states as s

if TYPE_CHECKING:
    import numpy as np

_PREPARE_MS = 40
DESK_TOUCHES = 5  # on the station's name: opens the desk without a button


class KioskWindow(WindowFrame):
    """The one window retirees see."""

    touched = Signal(object)

    def __init__(
        self, settings: Settings, strings: Strings | None = None, *, motion: bool = True, now: Callable[[], datetime] | None = None
    ) -> None:
        super().__init__(settings, strings, motion, now)
        self.setObjectName("kiosk")
        self.pages: dict[type, Page[Any]] = {}
        self._state: s.State = s.Idle()
        self._take: TakeView | None = None
        self._scan: ScanView | None = None
        self._say_help = False
        self.changed_at = 0.0
        self._corner_touches = 0
        self._keys = {key_code(name): wish for name, wish in settings.ui.keys.items()}
        self.setFocusPolicy(
            Qt.FocusPolicy.NoFocus
        )  # a touch on a key of the desk's keyboard must not take the focus from the field
        self._preparing = QTimer(self, singleShot=True, interval=_PREPARE_MS)
        self._preparing.timeout.connect(self.prepare)
        self.page = self._page_for(s.Idle)
        self.bottom.leave.clicked.connect(self._leave)
        self.bottom.replay.clicked.connect(self._replay)
        self.bottom.no_face.clicked.connect(self._no_face)
        self.bottom.help.clicked.connect(self._help)
        self.countdown.still_here.connect(self._still_here)
        self.wishes.wished.connect(self.draw_curtain)
        self.spoken = SpokenKeys(self, dict(self._keys))
        self.curtain = Curtain(self)
        self.resize(1080, 1920)
        self.show_state(s.Idle())
        self._clock.start()

    def _page_for(self, kind: type) -> Page[Any]:
        if kind not in self.pages:
            page = self.pages[kind] = make_page(kind)
            page.setParent(self)
            page.hide()
            page.touched.connect(self.touched)
            page.leaf_turned.connect(self._leaf_turned)
        return self.pages[kind]

    @Slot()
    def prepare(self) -> None:
        """Make one more page, and the next in a moment: none is waited for later. Called once the first page stands."""
        missing = next((kind for kind in PAGES if kind not in self.pages), None)
        if missing is not None:
            self._page_for(missing)
            self._preparing.start()

    # --- what the visit's controller calls

    @property
    def page_name(self) -> str:
        """The stable name of the page that is shown."""
        return self.page.name

    @property
    def can_swap(self) -> bool:
        """Whether another action can be had just now."""
        return self._take is not None and self._take.can_swap and self._take.action is not None

    def leave_event(self) -> e.Event | None:
        """Return what the leave button of the page means just now."""
        return self.page.leave_event()

    @property
    def counting_down(self) -> bool:
        """Whether the question whether somebody is there stands on the screen."""
        return self.countdown.isVisibleTo(self)

    @property
    def state(self) -> s.State:
        """The state that is shown."""
        return self._state

    def show_state(self, state: s.State) -> None:
        """Render the page of a state. Changing to another page wipes the page that is left."""
        page = self._page_for(type(state))
        changed = page is not self.page
        fading = changed and self.motion and self.isVisible()
        self.transition.stop()
        left = self.page
        ended = isinstance(state, s.Idle) and not isinstance(self._state, s.Idle)
        self._state = state
        self._take, self._scan = None, None  # what a take said before belongs to the state before
        if ended:
            self.reset_wishes()
        page.fill(state, self._kit())
        page.setAccessibleName(page.title.text())  # read when the page takes the focus
        self.page = page
        if changed:
            left.hide()
            left.clear()
            forget()
            self.changed_at = time.monotonic()
            self.show_countdown(None)
            self.wishes.close_panels()
        self.relook()
        page.show()
        page.setFocus(Qt.FocusReason.OtherFocusReason)
        order_tabs(page, [*(b for b in self.bottom.buttons if not b.isHidden()), *self.top.chips])
        if fading:
            self.transition.run(page, self.look.colour("paper"))
        self.countdown.raise_()
        self.spoken.show(state, changed=changed)
        self.draw_curtain()

    def show_take(self, view: TakeView) -> None:
        """Show where a running take stands; ignored on any page but the camera's."""
        if isinstance(self._state, s.Acting):
            self._take = view
            self.page.show_take(view)
            self.captions.on_take(view, self.look)

    def show_frame(self, image_rgb: np.ndarray) -> None:
        """Show one camera picture: uint8 RGB, copied already, not mirrored; ignored on any page without the camera."""
        if isinstance(self._state, s.Acting | s.ScanningCard):
            self.page.show_frame(image_rgb)

    def show_scan(self, view: ScanView) -> None:
        """Show where the scan of a card stands; ignored on any other page."""
        if isinstance(self._state, s.ScanningCard):
            self._scan = view
            self.page.show_scan(view)

    def show_countdown(self, seconds: int | None) -> None:
        """Ask whether somebody is there, with the seconds left; None takes the question away."""
        if seconds is None:
            if self.countdown.isVisibleTo(self):
                self.countdown.hide()
                self.page.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        self.countdown.show_seconds(seconds, self.settings.ui.idle_countdown_s)
        if not self.countdown.isVisibleTo(self):
            self.countdown.show_texts(self.strings)
            self.countdown.setGeometry(self.rect())
            self.countdown.set_look(self.look)
            self.countdown.show()
            self.countdown.raise_()
            self.countdown.button.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_banner(self, text_key: str | None) -> None:
        """Show a strip with a text of the catalogue over every page; None takes it away."""
        self._banner_key = text_key
        self.relook()

    def show_help_called(self, on: bool) -> None:
        """Say that an attendant was called."""
        if on != self._help_called:
            self._help_called = on
            self.relook()

    def spoken_key(self) -> list[str]:
        """Return the catalogue keys that speak what is shown just now."""
        if self._say_help:
            return ["chime.call", "help_called.say"]
        if self.spoken.on:
            return self.spoken.whole()
        if self.counting_down:
            return ["countdown.say"]
        keys = prompt_for(self._state, self._take, self.now().date())
        if keys[:1] in (["page.card.say"], ["page.card.say_query"]):
            keys.append(f"page.card.place.say_{self.settings.station.reader_place}")
        return keys

    def take_over_screen(self) -> None:
        """Fill the chosen screen, without frame and, where there is a touch screen only, without a cursor."""
        screens = QGuiApplication.screens()
        screen = screens[min(self.settings.ui.screen, len(screens) - 1)]
        self.setGeometry(screen.geometry())
        app = QApplication.instance()
        if app is not None:
            app.installEventFilter(TouchRules(self))
        if self.settings.ui.fullscreen:
            self.setWindowFlag(Qt.WindowType.FramelessWindowHint)
            if any(device.type() == QInputDevice.DeviceType.TouchScreen for device in QInputDevice.devices()):
                self.setCursor(Qt.CursorShape.BlankCursor)
            self.showFullScreen()
        else:
            self.show()

    # --- wishes about the window

    @Slot()
    def _leaf_turned(self) -> None:
        """The other leaf of a page is another page for hands: what is hit now was meant for the one before."""
        self.changed_at = time.monotonic()
        self.page.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _replay(self) -> None:
        self.service.emit(r.Replay())

    @Slot()
    def _still_here(self) -> None:
        self.show_countdown(None)
        self.service.emit(r.StillHere())

    @Slot()
    def _leave(self) -> None:
        event = self.page.leave_event()
        if event is not None:
            self.touched.emit(event)

    @Slot()
    def _no_face(self) -> None:
        self.touched.emit(e.NoFaceTouched())

    @Slot()
    def _help(self) -> None:
        self.touched.emit(e.HelpTouched())
        if self._help_called:  # answered at once: heard as well as seen
            self._say_help = True
            self.service.emit(r.Replay())
            self._say_help = False

    # --- what the frame asks

    @property
    def dark(self) -> bool:
        """The screen is to be dark while the page is spoken."""
        return self.spoken.on and self.settings.ui.dark_when_spoken

    @Slot()
    def draw_curtain(self) -> None:
        """Darken the screen while the page is spoken, where the station wants it so."""
        self.curtain.follow(self.dark, self.strings, self.look)

    def nobody_here(self) -> bool:
        return isinstance(self._state, s.Idle)

    def reset_wishes(self) -> None:
        super().reset_wishes()
        self.spoken.forget()
        self.draw_curtain()

    def _kit(self) -> Kit:
        return Kit(self.strings, self.settings, self.now)

    def refresh(self) -> None:
        self.page.fill(self._state, self._kit())
        if self._take is not None:
            self.page.show_take(self._take)
        if self._scan is not None:
            self.page.show_scan(self._scan)
        self.relook()
        if self.countdown.isVisibleTo(self):
            self.countdown.show_texts(self.strings)

    # --- keys, double touches, closing

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if not self.spoken.released(event):
            super().keyReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.spoken.pressed(event):
            return
        wish = self._keys.get(event.key())
        if wish == "yes":
            button = self.countdown.button if self.countdown.isVisibleTo(self) else self.page.primary
            if button is not None and button.isVisible():
                button.click()
        elif wish == "no":
            second = self.page.secondary
            button = second if second is not None and second.isVisible() else self.bottom.leave
            if button.isVisible():
                button.click()
        elif wish == "help":
            self.bottom.help.click()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            focused = QApplication.focusWidget()
            if focused is not None and hasattr(focused, "click"):
                focused.click()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.page.somebody_near()
        corner = self.top.station.geometry()
        if event.position().toPoint().y() <= corner.bottom() and event.position().x() <= corner.right():
            self._corner_touches += 1
            if self._corner_touches >= DESK_TOUCHES:
                self._corner_touches = 0
                self.service.emit(r.OpenDesk())
        else:
            self._corner_touches = 0

    def closeEvent(self, event: QCloseEvent) -> None:
        if event.spontaneous() and self.settings.ui.fullscreen:  # Alt+F4 and the like: not in a kiosk
            event.ignore()
        else:
            self._preparing.stop()
            event.accept()
