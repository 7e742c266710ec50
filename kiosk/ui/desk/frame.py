"""The desk above the visit: bar, rail of places, one page, the foot with what waits. Made by `app`, told what to show by
`app.desk_controller`.

It covers the whole window; what lies below is disabled while it is open, so that no key and no focus reaches the visit.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable
from zoneinfo import ZoneInfo

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QFrame, QStackedWidget, QWidget

from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.desk.boards_data import Tallies
from kiosk.desk.values import SUPERVISOR_PLACES, Place, Role
from kiosk.ui.desk import pages
from kiosk.ui.desk.base import DeskKit, DeskPage
from kiosk.ui.desk.keyboard import Keyboard
from kiosk.ui.desk.look import BAR, FOOT, PAD, RAIL, style_sheet
from kiosk.ui.desk.sign_in import SignInPage
from kiosk.ui.desk.widgets import Action, Field, Pad, Words, column, row
from kiosk.ui.theme import Look
from kiosk.ui.touch import EXEMPT
from kiosk.ui.window import KioskWindow

if TYPE_CHECKING:
    import numpy as np

_ICONS = {
    Place.HOME: "desk-home",
    Place.FIND: "desk-find",
    Place.HOME_VISITS: "desk-visit",
    Place.UNIT_LIST: "desk-list",
    Place.TODO: "desk-todo",
    Place.APPROVAL: "desk-approval",
    Place.FAIRNESS: "desk-fairness",
    Place.CLOCK: "desk-clock",
    Place.SYNC: "desk-sync",
    Place.MAINTENANCE: "desk-maintenance",
    Place.STAFF: "desk-staff",
}
_PREPARE_MS = 30
_ALIVE_S = 1.0  # a key or touch tells the session at most so often
_HANDS = (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick, QEvent.Type.KeyPress)


@runtime_checkable
class CameraShown(Protocol):
    """A page with a camera picture."""

    def show_take(self, view: object, kit: DeskKit) -> None:
        """Show where the take stands."""

    def show_frame(self, image_rgb: np.ndarray) -> None:
        """Show a picture."""


class DeskView(QFrame):
    """The desk's widget, a child of the kiosk's window. Hidden while the desk is closed."""

    sent = Signal(object)

    def __init__(self, window: KioskWindow, now: Callable[[], datetime] | None = None) -> None:
        super().__init__(window)
        self.setObjectName("desk")
        self.setProperty(EXEMPT, True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self._window, self._now = window, now or _station_time(window)
        self.look = Look()
        self.state: s.State = s.Closed()
        self._tallies = Tallies()
        self._told_s = 0.0
        self._calls = 0
        self._preparing = QTimer(self, singleShot=True)
        self._preparing.timeout.connect(self.prepare)
        self._build_frame()
        self._made: dict[str, DeskPage] = {}
        self._page: DeskPage | None = None
        self.keyboard = Keyboard(self, self._following)
        self.hide()
        self._watch = DeskWatch(self)
        window.installEventFilter(self)

    def _build_frame(self) -> None:
        self.heading = Words("desk-heading", "heading", wrap=False)
        self.person = Words("desk-person", wrap=False)
        self.left = Words("desk-left", "small", wrap=False)
        self.close_button = Action("desk-close", "outlined", icon="leave")
        self.close_button.clicked.connect(lambda: self.sent.emit(e.CloseTouched()))
        self.bar, self.foot, self.rail = QFrame(), QFrame(), QFrame()
        for name, frame in (("desk-bar", self.bar), ("desk-foot", self.foot), ("desk-rail", self.rail)):
            frame.setObjectName(name)
        self.bar.setLayout(row(self.heading, 1, self.person, self.left, self.close_button))
        self.places: dict[Place, Action] = {}
        for place in Place:
            button = Action(f"place-{place}", "rail", icon=_ICONS[place], checkable=True)
            button.clicked.connect(lambda _=False, place=place: self._go(place))
            self.places[place] = button
        self.rail.setLayout(column(*self.places.values(), 1, spacing=4))
        self.waits = Words("desk-waits", wrap=False)
        self.receipt = Words("desk-receipt", "small", wrap=False)
        self.foot.setLayout(row(self.waits, 1, self.receipt))
        self.stack = QStackedWidget()
        self.stack.setObjectName("desk-stack")
        whole = column(self.bar, row(self.rail, self.stack, spacing=0), self.foot, spacing=0)
        whole.setStretch(1, 1)
        self.setLayout(whole)

    @Slot()
    def prepare(self) -> None:
        """Make the pages one by one while nobody waits: neither the first page nor a visit is held up by them."""
        kind = next((one for one in pages.KINDS if one.name not in self._made), None)
        if kind is not None:
            self._make(kind)
            self.prepare_in(_PREPARE_MS)

    def prepare_in(self, after_ms: int) -> None:
        """Prepare when nobody waited for anything else that long."""
        self._preparing.start(after_ms)

    def prepare_never(self) -> None:
        """The kiosk stops: make no page any more."""
        self._preparing.stop()

    def _make(self, kind: type[DeskPage]) -> None:
        made = kind()
        made.sent.connect(self.sent)
        for pad in made.findChildren(Pad):
            pad.letters_wanted.connect(self._show_keyboard)
            pad.letters.setVisible(self._window.settings.desk.on_screen_keyboard)
        self.stack.addWidget(made)
        self._made[made.name] = made

    @property
    def pages(self) -> dict[str, DeskPage]:
        """All pages by name; whatever is not made yet is made now."""
        for kind in pages.KINDS:
            if kind.name not in self._made:
                self._make(kind)
        return self._made

    @property
    def page(self) -> DeskPage:
        """The page that is shown, or was last."""
        return self._page or self.pages["sign-in"]

    @property
    def page_name(self) -> str:
        """The stable name of the page that is shown, "" while the desk is closed."""
        return "" if isinstance(self.state, s.Closed) else self.page.name

    # --- what the desk's conductor calls

    def show_state(self, state: s.State, tallies: Tallies) -> None:
        """Show a state; Closed hides the desk and gives the window back."""
        before, self.state, self._tallies = self.state, state, tallies
        if isinstance(state, s.Closed):
            self._leave()
            return
        if isinstance(before, s.Closed):
            self._enter()
        page = self.pages[name_of(state)]
        changed = page is not self._page or isinstance(before, s.Closed)
        if changed:
            self.keyboard.dismiss()
        if self._page is not None and page is not self._page:
            self._page.clear()
        self._page = page
        kit = self._kit()
        self._show_frame(kit)
        page.show_page(_inside(state), kit)
        self.stack.setCurrentWidget(page)
        if changed:
            self._relook()
            first = page.first_field()
            if first is not None:
                first.setFocus(Qt.FocusReason.TabFocusReason)
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

    def show_take(self, view: object) -> None:
        """Show where a take for a template stands; ignored by pages without a camera."""
        if isinstance(self.page, CameraShown):
            self.page.show_take(view, self._kit())

    def show_frame(self, image_rgb: np.ndarray) -> None:
        """Show a camera picture: uint8 RGB, copied already; ignored by pages without a camera."""
        if isinstance(self.page, CameraShown):
            self.page.show_frame(image_rgb)

    def tick(self, now_s: float, sign_out_s: float) -> None:
        """Count what counts down."""
        if isinstance(self.page, SignInPage):
            self.page.tick(now_s)
        if isinstance(self.state, s.Open):
            minutes = max(0, int((sign_out_s - (now_s - self.state.session.touched_s)) // 60) + 1)
            self.left.say(self._kit().text("sign_out_in", minutes=minutes))

    def refresh(self) -> None:
        """Draw anew after theme or language changed."""
        if not isinstance(self.state, s.Closed):
            self._show_frame(self._kit())
            self.page.show_page(_inside(self.state), self._kit())
            self._relook()

    # --- inside

    def _kit(self) -> DeskKit:
        session = self.state.session if isinstance(self.state, s.Open) else None
        return DeskKit(self._window.strings, self._window.settings, self._now, self.look, session)

    def _enter(self) -> None:
        for child in self._below():
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
        for page in self._made.values():
            page.clear()
        app = QApplication.instance()
        if app is not None:
            app.removeEventFilter(self._watch)
        self.hide()
        for child in self._below():
            child.setEnabled(True)
        self._window.page.setFocus(Qt.FocusReason.OtherFocusReason)

    def _below(self) -> list[QWidget]:
        return [child for child in self._window.children() if isinstance(child, QWidget) and child is not self]

    def _show_frame(self, kit: DeskKit) -> None:
        session = kit.session
        self.heading.say(kit.text("title"))
        self.person.say(f"{session.name} · {kit.text(f'role.{session.role}')}" if session else "")
        self.left.setVisible(session is not None)
        self.close_button.say(kit.text("close" if session is None else "sign_out"))
        self.rail.setVisible(session is not None)
        here = _place_of(self.state)
        for place, button in self.places.items():
            called = place is Place.HOME and self._calls > 0
            button.say(kit.text("home.calls_short", count=self._calls) if called else kit.text(f"place.{place}"))
            button.setChecked(place is here)
            button.setVisible(session is not None and (place not in SUPERVISOR_PLACES or session.role is Role.SUPERVISOR))
        t = self._tallies
        self.foot.setVisible(session is not None)
        self.waits.say(
            kit.text("foot.counts", waiting=t.waiting, received=t.received, confirmed=t.confirmed, returned=t.returned + t.refused),
            "bad" if t.returned + t.refused or t.level != "ok" else "",
        )
        self.receipt.say(kit.text("foot.receipt", at=kit.moment(t.last_receipt_at) or kit.text("never"), version=t.roster_version))

    def _relook(self) -> None:
        look = Look.for_screen(self._window.width(), self._window.height(), self._window.theme, False, False)
        if look != self.look or not self.styleSheet():
            self.look = look
            self.setStyleSheet(style_sheet(look))
        px = look.px
        self.bar.setFixedHeight(px(BAR))
        self.foot.setFixedHeight(px(FOOT))
        self.rail.setFixedWidth(px(RAIL))
        for frame, pad in ((self.bar, PAD), (self.foot, PAD), (self.rail, 8)):
            layout = frame.layout()
            if layout is not None:
                layout.setContentsMargins(px(pad), px(6), px(pad), px(6))
        for button in (*self.bar.findChildren(Action), *self.rail.findChildren(Action)):
            button.set_look(look)
        self.page.set_look(look)
        for child in self.page.findChildren(QWidget):
            if hasattr(child, "set_look"):
                child.set_look(look)
        self.keyboard.relook(look, self._window.strings)

    def _go(self, place: Place) -> None:
        self.places[place].setChecked(_place_of(self.state) is place)  # the machine decides; the mark follows
        self.sent.emit(e.Went(place))

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
        """The field after this one, None where it is the last that needs a keyboard."""
        fields = [one for one in self.ring() if isinstance(one, Field) and (one is field or not one.padded)]
        after = fields[fields.index(field) + 1 :] if field in fields else []
        return after[0] if after else None

    # --- keys and focus stay at the desk

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab goes round among the desk's own controls."""
        ring = self.ring()
        if not ring:
            return False
        focused = QApplication.focusWidget()
        at = ring.index(focused) if focused in ring else -1
        target = ring[(at + (1 if forward else -1)) % len(ring)]
        target.setFocus(Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason)
        return True

    def ring(self) -> list[QWidget]:
        """Return the controls in the order of Tab: the page's, then the rail, then the bar."""
        order: list[QWidget] = []
        for part in (self.page, self.rail, self.bar):
            found = [
                one
                for one in part.findChildren(QWidget)
                if one.focusPolicy() & Qt.FocusPolicy.TabFocus and one.isVisibleTo(self) and one.isEnabled()
            ]
            order += sorted(
                found, key=lambda one: (one.mapTo(self, one.rect().topLeft()).y() // 12, one.mapTo(self, one.rect().topLeft()).x())
            )
        return order

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


class DeskWatch(QObject):
    """Tells the desk of every key and touch on it, and keeps Tab inside. On the application while the desk is open."""

    def __init__(self, view: DeskView) -> None:
        super().__init__(view)
        self._view = view

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind not in _HANDS or not watched.isWidgetType():
            return False
        if not self._view.isVisible():
            return False
        widget = cast(QWidget, watched)
        if widget is not self._view and not self._view.isAncestorOf(widget):
            return False
        self._view.alive()
        if kind != QEvent.Type.KeyPress:
            if isinstance(widget, Field):
                self._view.field_touched(widget)
            return False
        self._view.keyboard.dismiss()  # somebody has real keys: the page is theirs again
        if widget.hasFocus():
            key = cast(QKeyEvent, event).key()
            if key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
                self._view.focusNextPrevChild(key == Qt.Key.Key_Tab)
                return True
        return False


def _station_time(window: KioskWindow) -> Callable[[], datetime]:
    zone = ZoneInfo(window.settings.station.timezone)
    return lambda: datetime.now(zone)


def name_of(state: s.State) -> str:
    """Return the name of the page for a state."""
    match state:
        case s.SettingUp():
            return "set-up"
        case s.Open(_, s.Board(place)):
            return place.value
        case s.Open(_, page):
            return {
                s.Finding: "find",
                s.Showing: "person",
                s.Assisting: "assist",
                s.Enrolling: "enrol",
                s.Declared: "declare",
                s.Done: "done",
            }[type(page)]
    return "sign-in"


def _inside(state: s.State) -> object:
    return state.page if isinstance(state, s.Open) else state


def _place_of(state: s.State) -> Place | None:
    if not isinstance(state, s.Open):
        return None
    return state.page.place if isinstance(state.page, s.Board) else Place.FIND
