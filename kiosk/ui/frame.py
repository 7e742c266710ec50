"""What stands round every page: top bar, strips for news, steps, bottom bar; and how all of it looks. Base of `ui.window`.

Language, theme and text size, by which all of it is drawn, are `wishes`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from PySide6.QtCore import QRect, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from kiosk.config import Settings
from kiosk.texts import requests as r
from kiosk.texts.strings import Strings
from kiosk.ui.captions import Captions
from kiosk.ui.pages.base import STEPS, Page
from kiosk.ui.theme import MARGIN, Look
from kiosk.ui.widgets.bars import BottomBar, Notice, TopBar
from kiosk.ui.widgets.overlay import Countdown, Transition
from kiosk.ui.widgets.progress import Step, StepBar
from kiosk.ui.wishes import Wishes

CLOCK_MS = 10_000


class WindowFrame(QWidget):
    """Everything but the page. A subclass owns `page` and fills it in `refresh`."""

    service = Signal(object)
    page: Page[Any]

    def __init__(self, settings: Settings, strings: Strings | None, motion: bool, now: Callable[[], datetime] | None) -> None:
        super().__init__()
        self.settings = settings
        self.motion = motion
        zone = ZoneInfo(settings.station.timezone)
        self.now = now or (lambda: datetime.now(zone))
        self.look = Look()
        self._banner_key: str | None = None
        self._help_called = False
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.top = TopBar()
        self.strip = Notice("help-called", "help")
        self.banner = Notice("banner", "info")
        self.steps = StepBar("steps")
        self.bottom = BottomBar()
        for part in (self.top, self.strip, self.banner, self.steps, self.bottom):
            part.setParent(self)
        self.transition = Transition(self)
        self.countdown = Countdown(self)
        self.captions = Captions(self, self._caption_place, settings.ui.captions)
        self.strip.say("")
        self.banner.say("")
        self.wishes = Wishes(self, settings, strings, self.nobody_here, self._reachable)
        self.wishes.asked.connect(self.service)
        self.wishes.texts_changed.connect(self.refresh)
        self.wishes.look_changed.connect(self.relook)
        self.wishes.forgotten.connect(self._begin_anew)
        self.top.large_touched.connect(self.wishes.toggle_large_text)
        self.top.sound_touched.connect(self.wishes.open_sound)
        self.top.language_touched.connect(self.wishes.open_languages)
        self.top.desk_touched.connect(self._desk)
        self.bottom.seated.clicked.connect(self.wishes.toggle_seated)
        self._day = self.now().date()
        self._clock = QTimer(self)
        self._clock.setInterval(CLOCK_MS)
        self._clock.timeout.connect(self._tell_time)  # started by the subclass, once it has its pages

    # --- for the subclass

    def refresh(self) -> None:
        """Fill the page anew and draw everything, after theme, text size or language changed."""
        raise NotImplementedError

    def nobody_here(self) -> bool:
        """Return whether no visit is going on."""
        raise NotImplementedError

    # --- texts and wishes

    @property
    def strings(self) -> Strings:
        """The texts that the screen shows."""
        return self.wishes.strings

    @Slot()
    def _desk(self) -> None:
        self.service.emit(r.OpenDesk())

    def reset_wishes(self) -> None:
        """The next person begins with the station's own language, size and colours."""
        self.wishes.reset()

    @Slot()
    def _begin_anew(self) -> None:
        self.reset_wishes()
        self.refresh()

    @Slot(object)
    def show_caption(self, keys: list[str]) -> None:
        """Write what is being said (catalogue keys) over the station's name."""
        self.captions.say(keys, self.strings, self.look)

    def _reachable(self) -> QRect:
        """Return where panels lie: the whole window, or in 坐着办 its lower part where that is high enough for them."""
        top = round(self.height() * self.settings.ui.seated_top) if self.wishes.seated and not self.look.landscape else 0
        return QRect(0, top, self.width(), self.height() - top)

    def _caption_place(self) -> QRect:
        tall = self.look.line_px("small")
        if self.top.isHidden():  # 坐着办 in front of the camera: the free room above
            return QRect(0, self.page.y(), self.width(), tall)
        words = self.top.station.geometry().united(self.top.clock.geometry()).translated(self.top.pos())
        rows = max(1, words.height() // tall)
        return QRect(words.left(), words.center().y() - rows * tall // 2, words.width(), rows * tall)

    # --- drawing and layout

    def relook(self) -> None:
        """Take on size, theme and texts of the bars, and place everything."""
        strings, page = self.strings, self.page
        self.look = Look.for_screen(self.width(), self.height(), self.wishes.theme, self.wishes.large, self.motion)
        self.top.show_texts(strings, self.settings.station.name, strings.day_and_time(self.now()), self.look)
        self.wishes.take_look(self.look)
        self.bottom.show_texts(strings, page.leave, page.no_face, self.look, self.wishes.seated)
        self.strip.say(strings.text("help_called.title") if self._help_called and not page.says_called else "")
        self.banner.say(strings.text(self._banner_key) if self._banner_key else "")
        self.steps.beside = self.look.landscape
        self._fill_steps(strings)
        page.say_leaves(strings)
        for part in (self.strip, self.banner, self.steps):
            part.set_look(self.look)
        self._arrange()
        self.update()

    def _fill_steps(self, strings: Strings) -> None:
        self.steps.setVisible(bool(self.page.step))
        if not self.page.step:
            return
        at = STEPS.index(self.page.step)
        steps = tuple(
            Step(
                strings.text(f"steps.{name}"),
                "done" if number < at or name == "done" == self.page.step else "now" if number == at else "later",
            )
            for number, name in enumerate(STEPS)
        )
        words = ", ".join(strings.text(f"steps.{step.mark}_name", step=step.text) for step in steps)
        self.steps.show_steps(steps, f"{strings.text('steps.name')}: {words}")

    def _arrange(self) -> None:
        width, look = self.width(), self.look
        margin = look.px(MARGIN)
        # Sitting, the number pad and the camera's circle need the room of the chips, which every other page has.
        self.top.setVisible(not (self.wishes.seated and self.page.body_low))
        foot, bar = self.bottom.need(width), 0 if self.top.isHidden() else self.top.need(width)
        y = 0 if self.wishes.seated else bar
        self.top.setGeometry(0, self.height() - foot - bar if self.wishes.seated else 0, width, bar)
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
        self.bottom.setGeometry(0, self.height() - foot, width, foot)
        # The page learns its look before its size: it fits itself once, not twice.
        self.page.look = look
        low = round(self.height() * self.settings.ui.seated_top) - y if self.wishes.seated else None
        moved, self.page.low = low != self.page.low, low
        bottom = self.height() - foot - (bar if self.wishes.seated else 0)
        if moved or self.page.geometry().getRect() == (0, y, width, bottom - y):
            self.page.look = look
            self.page.set_look(look)
        self.page.setGeometry(0, y, width, bottom - y)
        self.countdown.setGeometry(self.rect())
        self.countdown.set_look(look)
        self.wishes.place_panels()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.transition.stop()
        self.relook()

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), self.look.colour("paper"))

    @Slot()
    def _tell_time(self) -> None:
        now = self.now()
        self.top.clock.say(self.strings.day_and_time(now))
        if now.date() != self._day:  # the idle page says which day it is
            self._day = now.date()
            self.refresh()
