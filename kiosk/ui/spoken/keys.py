"""The keys of spoken mode on a real keyboard or key panel, and when the mode is on. Used by `ui.window`; decides by `session`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol, cast

from PySide6.QtCore import QObject, Qt, QTimer, SignalInstance, Slot
from PySide6.QtGui import QKeyEvent

from kiosk.config import Settings
from kiosk.domain.calendar_days import add_months
from kiosk.texts import requests as r
from kiosk.ui.widgets.bars import BottomBar
from kiosk.ui.widgets.overlay import Countdown
from kiosk.ui.wishes import Wishes
from kiosk.visit import events as e
from kiosk.visit import states as s

if TYPE_CHECKING:
    from kiosk.ui.spoken.plan import Facts
    from kiosk.ui.spoken.session import Key, SpokenSession

HOLD_MS = 2000  # the marked key is held so long to begin, or to end
# Besides the keys of the configuration, while the mode is on: any keyboard's arrows.
_ARROWS: dict[int, Key] = {
    int(Qt.Key.Key_Left): "previous",
    int(Qt.Key.Key_Up): "previous",
    int(Qt.Key.Key_Right): "next",
    int(Qt.Key.Key_Down): "next",
    int(Qt.Key.Key_Return): "choose",
    int(Qt.Key.Key_Enter): "choose",
    int(Qt.Key.Key_Space): "choose",
}
# Keys for loudness of any keyboard, and USB knobs, besides those of the configuration: for everybody (EN 301 549, 5.1.3.11 and 12).
_LOUDNESS = {int(Qt.Key.Key_VolumeUp): "louder", int(Qt.Key.Key_VolumeDown): "quieter"}
By = Literal["", "key", "headphones"]


class Listening(Protocol):
    """The window, as far as the keys need it."""

    settings: Settings
    now: Callable[[], datetime]
    bottom: BottomBar
    countdown: Countdown
    wishes: Wishes

    @property
    def touched(self) -> SignalInstance:
        """Sends a touch on a page: visit.events, or requests.PrintSlip."""

    @property
    def service(self) -> SignalInstance:
        """Sends a wish of the window: texts.requests."""

    @property
    def state(self) -> s.State:
        """The state that is shown."""

    @property
    def can_swap(self) -> bool:
        """Whether another action can be had just now."""

    @property
    def counting_down(self) -> bool:
        """Whether the question whether somebody is there stands on the screen."""

    def leave_event(self) -> e.Event | None:
        """What the leave button of the page means just now."""

    def setFocus(self, reason: Qt.FocusReason, /) -> None:
        """Take the keys."""


class SpokenKeys(QObject):
    """Whether the page is spoken, where the listener is on it, and what a key does."""

    def __init__(self, window: Listening, wishes: dict[int, str]) -> None:
        super().__init__(cast(QObject, window))
        self._window, self._wishes = window, wishes
        self.by: By = ""  # what switched it on
        self.private = False  # headphones alone hear what is said
        self._session: SpokenSession | None = None
        self._lines: tuple[str, ...] = ()
        self._held = QTimer(self)
        self._held.setSingleShot(True)
        self._held.setInterval(HOLD_MS)
        self._held.timeout.connect(self._held_long)

    @property
    def on(self) -> bool:
        """Whether pages are spoken whole and chosen by keys."""
        return bool(self.by)

    @property
    def session(self) -> SpokenSession:
        """Where the listener is. Loaded when somebody first listens: the first page needs none of it."""
        if self._session is None:
            from kiosk.ui.spoken.session import SpokenSession

            self._session = SpokenSession(self._facts())
        return self._session

    def _facts(self) -> Facts:
        from kiosk.ui.spoken.plan import Facts

        window, settings, leave = self._window, self._window.settings, self._window.leave_event()
        from_age = settings.home_visits.offered_from_age
        return Facts(
            today=window.now().date(),
            english=window.wishes.language == "en",
            reader_place=settings.station.reader_place,
            printer=settings.printer.kind != "none",
            tries_per_visit=settings.liveness.tries_per_visit,
            station_id=settings.station.station_id,
            hotline=settings.station.hotline,
            can_swap=window.can_swap,
            counting_down=window.counting_down,
            private=self.private,
            review=settings.review.offered,
            visits_born_by=add_months(window.now().date(), -12 * from_age) if from_age else None,
            before_cue=isinstance(leave, e.BackTouched) and leave.before_cue,
        )

    # --- what the window tells

    def show(self, state: s.State, *, changed: bool) -> None:
        """A state is shown. What is new on a page that stays is said at once; a new page is said whole by its controller."""
        if not self.on:
            return
        self.session.show(state, self._facts())
        lines = self.session.plan.lines
        if not changed:
            fresh = [line for line in lines if line not in self._lines]
            if fresh:
                self._window.service.emit(r.Say(tuple(fresh)))
        self._lines = lines
        self._window.setFocus(Qt.FocusReason.OtherFocusReason)  # arrows and Return belong to the listener

    def whole(self) -> list[str]:
        """Return the whole page as it is said."""
        self.session.show(self._window.state, self._facts())
        return self.session.whole()

    def switch(self, by: By) -> None:
        """Switch the mode on (by a key, by headphones), or off with ""."""
        if bool(by) == self.on:
            self.by = by or self.by
            return
        self.by = by
        self.show(self._window.state, changed=True)
        self._window.service.emit(r.SpokenMode(self.on))
        self._window.wishes.made()
        self._window.service.emit(r.Say(("spoken.say_on", *self.whole()) if by else ("spoken.say_off",)))

    def headphones(self, *, plugged: bool, private: bool) -> None:
        """Headphones came or went. private: they alone hear what is said; what a page says changes with it."""
        before, changed = self.on, private != self.private
        self.private = private
        self.switch("headphones" if plugged else "")
        if before and self.on and changed:
            self._window.service.emit(r.Say(tuple(self.whole())))

    def forget(self) -> None:
        """The visit is over: a mode that a key switched on goes with it; headphones that are still plugged in keep it."""
        if self.by == "key":
            self.by = ""
            self._window.service.emit(r.SpokenMode(False))

    # --- keys

    def pressed(self, event: QKeyEvent) -> bool:
        """Return whether a pressed key was one of these."""
        wish = self._wishes.get(event.key(), "")
        if wish in ("repeat", "spoken"):
            if not event.isAutoRepeat() and not self._held.isActive():
                self._held.start()
            return True
        if wish in ("headphones-in", "headphones-out"):
            self._window.service.emit(r.Headphones(wish == "headphones-in"))
            return True
        loudness = wish or _LOUDNESS.get(event.key(), "")
        if loudness in ("louder", "quieter"):
            self._window.service.emit(r.VolumeUp() if loudness == "louder" else r.VolumeDown())
            return True
        if not self.on:
            return False
        key = wish if wish in ("previous", "next", "choose", "help") else _ARROWS.get(event.key(), "")
        if not key:
            return False
        if not event.isAutoRepeat():
            self.press(cast("Key", key))
        return True

    def released(self, event: QKeyEvent) -> bool:
        """Return whether a key that was let go was one of these."""
        wish = self._wishes.get(event.key(), "")
        if wish not in ("repeat", "spoken"):
            return False
        if not event.isAutoRepeat() and self._held.isActive():
            self._held.stop()
            if wish == "repeat":
                self._window.service.emit(r.Replay())
        return True

    def press(self, key: Key) -> None:
        """Do what one of the keys does."""
        if self._window.counting_down:  # any key says that somebody is there
            self._window.countdown.button.click()
            self._window.service.emit(r.Say(tuple(self.whole())))
            return
        self.session.show(self._window.state, self._facts())
        answer = self.session.press(key)
        if isinstance(answer.sends, e.HelpTouched):
            self._window.bottom.help.click()
            return
        # What is said first, then what is sent: the next page is spoken instead of the rest of this one.
        self._window.service.emit(r.Say(answer.say))
        if answer.sends == "print":
            self._window.touched.emit(r.PrintSlip())
        elif answer.sends is not None:
            self._window.touched.emit(answer.sends)

    @Slot()
    def _held_long(self) -> None:
        self.switch("" if self.on else "key")
