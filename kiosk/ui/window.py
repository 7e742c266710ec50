"""The kiosk's window: top bar, steps, one page a state, bottom bar. Made by `app`, told what to show by `conductor`.

It decides nothing about the visit: touches leave as events (`touched`), wishes about the window as requests (`service`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, cast
from zoneinfo import ZoneInfo

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QCloseEvent,
    QGuiApplication,
    QInputDevice,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QApplication, QWidget

from kiosk.config import Settings
from kiosk.errors import ConfigError
from kiosk.ui import requests as r
from kiosk.ui.pages import PAGES
from kiosk.ui.pages.base import STEPS, Kit, Page
from kiosk.ui.pages.camera import CameraPage
from kiosk.ui.pages.scan import ScanPage, ScanView
from kiosk.ui.prompts import prompt_for
from kiosk.ui.strings import CATALOGUE_OF, Strings
from kiosk.ui.theme import MARGIN, Look, ThemeName
from kiosk.ui.views import TakeView
from kiosk.ui.widgets.bars import BottomBar, Notice, TopBar
from kiosk.ui.widgets.overlay import Countdown, Transition
from kiosk.ui.widgets.progress import Step, StepBar
from kiosk.ui.widgets.text import forget
from kiosk.visit import events as e
from kiosk.visit import states as s

if TYPE_CHECKING:
    import numpy as np

CLOCK_MS = 10_000
DOUBLE_TOUCH_S = 0.4     # a second touch that was meant for the last page
DESK_CORNER = 120        # units; five touches on the station's name open the desk
DESK_TOUCHES = 5


class KioskWindow(QWidget):
    """The one window retirees see."""

    touched = Signal(object)
    service = Signal(object)

    def __init__(self, settings: Settings, strings: Strings | None = None, *, motion: bool = True,
                 now: Callable[[], datetime] | None = None) -> None:
        super().__init__()
        self.settings = settings
        spoken = settings.voice.language
        written = CATALOGUE_OF[spoken] if strings is None else strings.language
        self._home_language: str = spoken if CATALOGUE_OF[spoken] == written else written
        self.language = self._home_language
        self._catalogues: dict[str, Strings] = {}
        if strings is not None:
            self._catalogues[strings.language] = strings
        self.theme: ThemeName = settings.ui.theme
        self.large = settings.ui.large_text
        self.motion = motion
        zone = ZoneInfo(settings.station.timezone)
        self._now = now or (lambda: datetime.now(zone))
        self.look = Look()
        self.setObjectName("kiosk")
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.top = TopBar()
        self.strip = Notice("help-called", "help")
        self.banner = Notice("banner", "info")
        self.steps = StepBar("steps")
        self.bottom = BottomBar()
        for part in (self.top, self.strip, self.banner, self.steps, self.bottom):
            part.setParent(self)
        self.pages: dict[type, Page] = {}
        self._state: s.State = s.Idle()
        self._take: TakeView | None = None
        self._scan: ScanView | None = None
        self._banner_key: str | None = None
        self._help_called = False
        self._say_help = False
        self.changed_at = 0.0
        self._corner_touches = 0
        self._keys = {_key(name): wish for name, wish in settings.ui.keys.items()}
        for kind, page_type in PAGES.items():
            page = page_type()
            page.setParent(self)
            page.hide()
            page.touched.connect(self.touched)
            self.pages[kind] = page
        self.page = self.pages[s.Idle]
        self.transition = Transition(self)
        self.countdown = Countdown(self)
        self._wire()
        self._day = self._now().date()
        self._clock = QTimer(self)
        self._clock.setInterval(CLOCK_MS)
        self._clock.timeout.connect(self._tell_time)
        self._clock.start()
        self._forgotten = QTimer(self)          # wishes made on the idle page by somebody who did not stay
        self._forgotten.setSingleShot(True)
        self._forgotten.setInterval(int(settings.ui.idle_timeout_s * 1000))
        self._forgotten.timeout.connect(self._forget_wishes)
        self.strip.say("")
        self.banner.say("")
        self.resize(1080, 1920)
        self.show_state(s.Idle())

    def _wire(self) -> None:
        self.top.language_touched.connect(self.change_language)
        self.top.large_touched.connect(self.toggle_large_text)
        self.top.contrast_touched.connect(self.toggle_contrast)
        self.top.louder_touched.connect(self._louder)
        self.top.quieter_touched.connect(self._quieter)
        self.top.desk_touched.connect(self._desk)
        self.bottom.leave.clicked.connect(self._leave)
        self.bottom.replay.clicked.connect(self._replay)
        self.bottom.no_face.clicked.connect(self._no_face)
        self.bottom.help.clicked.connect(self._help)
        self.countdown.still_here.connect(self._still_here)

    # --- what the conductor calls

    @property
    def strings(self) -> Strings:
        """The texts of the language in use."""
        name = CATALOGUE_OF[self.language]
        if name not in self._catalogues:
            self._catalogues[name] = Strings.load(name)
        return self._catalogues[name]

    @property
    def page_name(self) -> str:
        """The stable name of the page that is shown."""
        return self.page.name

    @property
    def state(self) -> s.State:
        """The state that is shown."""
        return self._state

    def show_state(self, state: s.State) -> None:
        """Render the page of a state. Changing to another page wipes the page that is left."""
        page = self.pages[type(state)]
        changed = page is not self.page
        fading = changed and self.motion and self.isVisible()
        self.transition.stop()
        left = self.page
        ended = isinstance(state, s.Idle) and not isinstance(self._state, s.Idle)
        self._state = state
        self._take, self._scan = None, None     # what a take said before belongs to the state before
        if ended:
            self._reset_wishes()
        page.fill(state, self._kit())
        self.page = page
        if changed:
            left.hide()
            left.clear()
            forget()
            self.changed_at = time.monotonic()
            self.show_countdown(None)
        self._relook()
        page.show()
        page.setFocus(Qt.FocusReason.OtherFocusReason)
        self._order_tabs()
        if fading:
            self.transition.run(page, self.look.colour("paper"))
        self.countdown.raise_()

    def show_take(self, view: TakeView) -> None:
        """Show where a running take stands; ignored on any page but the camera's."""
        if isinstance(self.page, CameraPage):
            self._take = view
            self.page.show_take(view)

    def show_frame(self, image_rgb: np.ndarray) -> None:
        """Show one camera picture: uint8 RGB, copied already, not mirrored; ignored on any page without the camera."""
        if isinstance(self.page, CameraPage | ScanPage):
            self.page.show_frame(image_rgb)

    def show_scan(self, view: ScanView) -> None:
        """Show where the scan of a card stands; ignored on any other page."""
        if isinstance(self.page, ScanPage):
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
        self._relook()

    def show_help_called(self, on: bool) -> None:
        """Say that an attendant was called."""
        if on != self._help_called:
            self._help_called = on
            self._relook()

    def refresh(self) -> None:
        """Draw everything anew after theme, text size or language were set from outside."""
        self._refill()

    def spoken_key(self) -> list[str]:
        """Return the catalogue keys that speak what is shown just now."""
        if self.countdown.isVisibleTo(self):
            return ["countdown.say"]
        if self._say_help:
            return ["chime.call", "help_called.say"]
        return prompt_for(self._state, self._take)

    def take_over_screen(self) -> None:
        """Fill the chosen screen, without frame and, where there is a touch screen only, without a cursor."""
        screens = QGuiApplication.screens()
        screen = screens[min(self.settings.ui.screen, len(screens) - 1)]
        self.setGeometry(screen.geometry())
        if self.settings.ui.fullscreen:
            self.setWindowFlag(Qt.WindowType.FramelessWindowHint)
            if any(device.type() == QInputDevice.DeviceType.TouchScreen for device in QInputDevice.devices()):
                self.setCursor(Qt.CursorShape.BlankCursor)
            app = QApplication.instance()
            if app is not None:
                app.installEventFilter(DoubleTouchGuard(self))
            self.showFullScreen()
        else:
            self.show()

    # --- wishes about the window

    @Slot(str)
    def change_language(self, language: str) -> None:
        """Speak and write another language from now on."""
        self.language = language
        self._refill()
        self._wished()
        self.service.emit(r.ChangeLanguage(language))

    @Slot()
    def toggle_large_text(self) -> None:
        """大字, or back."""
        self.large = not self.large
        self._relook()
        self._wished()
        self.service.emit(r.ToggleLargeText())

    @Slot()
    def toggle_contrast(self) -> None:
        """White on black, or back."""
        self.theme = "paper" if self.theme == "contrast" else "contrast"
        self._relook()
        self._wished()
        self.service.emit(r.ToggleContrast())

    @Slot()
    def _louder(self) -> None:
        self.service.emit(r.VolumeUp())

    @Slot()
    def _quieter(self) -> None:
        self.service.emit(r.VolumeDown())

    @Slot()
    def _desk(self) -> None:
        self.service.emit(r.OpenDesk())

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
        if self._help_called:                  # answered at once: heard as well as seen
            self._say_help = True
            self.service.emit(r.Replay())
            self._say_help = False

    def _wished(self) -> None:
        if isinstance(self._state, s.Idle):
            self._forgotten.start()

    @Slot()
    def _forget_wishes(self) -> None:
        if isinstance(self._state, s.Idle):
            self._reset_wishes()
            self._refill()

    def _reset_wishes(self) -> None:
        """The next person begins with the station's own language, size and colours."""
        self.theme, self.large = self.settings.ui.theme, self.settings.ui.large_text
        if self.language != self._home_language:
            self.language = self._home_language
            self.service.emit(r.ChangeLanguage(self.language))

    # --- drawing and layout

    def _kit(self) -> Kit:
        return Kit(self.strings, self.settings, self._now)

    def _refill(self) -> None:
        self.page.fill(self._state, self._kit())
        if isinstance(self.page, CameraPage) and self._take is not None:
            self.page.show_take(self._take)
        if isinstance(self.page, ScanPage) and self._scan is not None:
            self.page.show_scan(self._scan)
        self._relook()
        if self.countdown.isVisibleTo(self):
            self.countdown.show_texts(self.strings)

    def _relook(self) -> None:
        strings, page = self.strings, self.page
        self.look = Look.for_screen(self.width(), self.height(), self.theme, self.large, self.motion)
        self.top.show_texts(strings, self.settings.station.name, strings.day_and_time(self._now()), self.language,
                            self.look)
        self.bottom.show_texts(strings, page.leave, page.no_face, self.look)
        self.strip.say(strings.text("help_called.title") if self._help_called else "")
        self.banner.say(strings.text(self._banner_key) if self._banner_key else "")
        self.steps.beside = self.look.landscape
        self._fill_steps(strings)
        for part in (self.strip, self.banner, self.steps):
            part.set_look(self.look)
        self._arrange()
        self.update()

    def _fill_steps(self, strings: Strings) -> None:
        self.steps.setVisible(bool(self.page.step))
        if not self.page.step:
            return
        at = STEPS.index(self.page.step)
        steps = tuple(Step(strings.text(f"steps.{name}"), "done" if number < at or name == "done" == self.page.step
                           else "now" if number == at else "later") for number, name in enumerate(STEPS))
        words = ", ".join(strings.text(f"steps.{step.mark}_name", step=step.text) for step in steps)
        self.steps.show_steps(steps, f"{strings.text('steps.name')}: {words}")

    def _arrange(self) -> None:
        width, look = self.width(), self.look
        margin = look.px(MARGIN)
        y = self.top.need(width)
        self.top.setGeometry(0, 0, width, y)
        for strip in (self.strip, self.banner):
            if not strip.isHidden():
                tall = strip.need(width - 2 * margin)
                strip.setGeometry(margin, y + look.px(12), width - 2 * margin, tall)
                y += tall + look.px(12)
        if not self.steps.isHidden():
            inner = width - 2 * margin
            tall = self.steps.need(inner)
            gap = look.px(12 if look.landscape else 24)
            self.steps.setGeometry(margin, y + gap, inner, tall)
            y += tall + gap
        foot = self.bottom.need(width)
        self.bottom.setGeometry(0, self.height() - foot, width, foot)
        # The page learns its look before its size: it fits itself once, not twice.
        self.page.look = look
        if self.page.geometry().getRect() == (0, y, width, self.height() - foot - y):
            self.page.set_look(look)
        else:
            self.page.setGeometry(0, y, width, self.height() - foot - y)
        self.countdown.setGeometry(self.rect())
        self.countdown.set_look(look)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.transition.stop()
        self._relook()

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), self.look.colour("paper"))

    @Slot()
    def _tell_time(self) -> None:
        now = self._now()
        self.top.clock.say(self.strings.day_and_time(now))
        if now.date() != self._day:           # the idle page says which day it is
            self._day = now.date()
            self._refill()

    def _order_tabs(self) -> None:
        order = [child for child in _focusable(self.page)] + [b for b in self.bottom.buttons if not b.isHidden()] \
            + list(self.top.chips)
        for one, following in zip(order, order[1:], strict=False):
            QWidget.setTabOrder(one, following)

    # --- keys, double touches, closing

    def keyPressEvent(self, event: QKeyEvent) -> None:
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
            event.accept()


class DoubleTouchGuard(QObject):
    """Swallows the second half of a double touch when the page changed in between: it was meant for the page before.

    Install it on the application: `app.installEventFilter(DoubleTouchGuard(window))`.
    """

    def __init__(self, window: KioskWindow) -> None:
        super().__init__(window)
        self._window = window
        self._last = 0.0
        self._place = QPoint()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick) and watched.isWidgetType():
            now = time.monotonic()
            place = cast(QMouseEvent, event).globalPosition().toPoint()
            near = (place - self._place).manhattanLength() < self._window.look.px(DESK_CORNER)
            changed_since = self._window.changed_at >= self._last
            swallow = near and changed_since and now - self._last < DOUBLE_TOUCH_S
            self._last, self._place = now, place
            return swallow
        return False


def _focusable(page: QWidget) -> list[QWidget]:
    found = [child for child in page.findChildren(QWidget)
             if child.focusPolicy() & Qt.FocusPolicy.TabFocus and child.isVisibleTo(page)]
    return sorted(found, key=lambda child: (child.mapTo(page, QPoint(0, 0)).y(), child.mapTo(page, QPoint(0, 0)).x()))


def _key(name: str) -> int:
    sequence = QKeySequence(name)
    key = int(sequence[0].key()) if not sequence.isEmpty() else 0  # type: ignore[index]  # WORKAROUND stubs: no __getitem__
    if key in (0, int(Qt.Key.Key_unknown)):
        raise ConfigError(f"ui.keys: {name!r} is no key")
    return key
