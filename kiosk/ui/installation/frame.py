"""The set-up over the whole window: heading, rail of steps, one page, the way on. Made and told by `app.installation`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QFrame, QStackedWidget, QWidget

from kiosk.installation import events as e
from kiosk.installation import states as s
from kiosk.installation.corners import TARGETS
from kiosk.installation.pages import can_go_on
from kiosk.installation.progress import Mark, SetupStep
from kiosk.texts.strings import WRITTEN, Strings
from kiosk.ui.desk.focus import DeskWatch, beside, field_after, go_on, ring_of
from kiosk.ui.desk.keyboard import Keyboard
from kiosk.ui.desk.look import BAR, PAD, RAIL, style_sheet
from kiosk.ui.desk.widgets import Action, Field, Pad, Words, column, row
from kiosk.ui.installation import bureau_pages, device_pages, machine_pages
from kiosk.ui.installation.base import SetupKit, SetupPage
from kiosk.ui.installation.corners import CornerTargets
from kiosk.ui.theme import Look, ThemeName
from kiosk.ui.touch import EXEMPT
from kiosk.ui.window import KioskWindow

if TYPE_CHECKING:
    import numpy as np

LARGER = 1.25  # than the desk: it is read standing, by somebody who does it once
_MARKS = {Mark.DONE: "tick", Mark.SKIPPED: "wait"}
_ICONS = {
    SetupStep.SCREEN: "language",
    SetupStep.CLOCK: "clock",
    SetupStep.CAMERA: "camera",
    SetupStep.READER: "card",
    SetupStep.SOUND: "louder",
    SetupStep.PRINTER: "desk-approval",
    SetupStep.NETWORK: "desk-sync",
    SetupStep.REGISTER: "shield",
    SetupStep.SUPERVISOR: "desk-staff",
    SetupStep.SUMMARY: "desk-list",
}
_PAGES: dict[type, type[SetupPage]] = {
    s.Locked: machine_pages.LockedPage,
    s.ScreenStep: machine_pages.ScreenPage,
    s.ClockStep: machine_pages.SetupClockPage,
    s.CameraStep: device_pages.SetupCameraPage,
    s.ReaderStep: device_pages.ReaderPage,
    s.SoundStep: machine_pages.SoundPage,
    s.PrinterStep: machine_pages.PrinterPage,
    s.NetworkStep: bureau_pages.NetworkPage,
    s.RegisterStep: bureau_pages.RegisterPage,
    s.SupervisorStep: bureau_pages.FirstPage,
    s.SummaryStep: bureau_pages.SummaryPage,
}


@runtime_checkable
class LookTaker(Protocol):
    """A widget with sizes that a style sheet cannot say."""

    def set_look(self, look: Look) -> None:
        """Take them on."""


class StepRail(QFrame):
    """One button a step, with what became of it."""

    sent = Signal(object)  # e.StepTouched

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("desk-rail")
        self.steps: dict[SetupStep, Action] = {}
        for step in SetupStep:
            button = Action(f"setup-step-{step}", "rail", icon=_ICONS[step], checkable=True)
            button.clicked.connect(lambda _=False, step=step: self._touched(step))
            self.steps[step] = button
        self._box = column(*self.steps.values(), 1, spacing=2)
        self.setLayout(self._box)

    def show_steps(self, kit: SetupKit, look: Look) -> None:
        """Show where the set-up is."""
        progress = kit.facts.progress
        for step, button in self.steps.items():
            mark = progress.mark(step)
            button.icon_name = _MARKS.get(mark, _ICONS[step])
            button.set_look(look)
            name = kit.text(f"step.{step}")
            button.say(name, kit.text(f"mark.{mark}", step=name))
            button.setChecked(step is progress.at)

    def set_look(self, look: Look) -> None:
        """Take on sizes."""
        self.setFixedWidth(look.px(RAIL))
        self._box.setContentsMargins(look.px(6), look.px(6), look.px(6), look.px(6))

    def _touched(self, step: SetupStep) -> None:
        self.steps[step].setChecked(not self.steps[step].isChecked())  # the machine decides; the mark follows
        self.sent.emit(e.StepTouched(step))


class SetupView(QFrame):
    """The set-up's widget, a child of the kiosk's window, over all of it."""

    sent = Signal(object)

    def __init__(self, window: KioskWindow, now: Callable[[], datetime] | None = None) -> None:
        super().__init__(window)
        self.setObjectName("desk")  # looks as the desk does
        self.setProperty(EXEMPT, True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self._window, self._now = window, now or window.now
        self.look = Look()
        self.state: s.State | None = None
        self.heading = Words("setup-heading", "heading", wrap=False)
        self.person = Words("setup-person", wrap=False)
        self.serve = Action("setup-serve", "outlined", icon="leave")
        self.rail = StepRail()
        self.stack = QStackedWidget()
        self.back = Action("setup-back", icon="back")
        self.skip = Action("setup-skip", "outlined")
        self.next = Action("setup-next", "primary", icon="tick")
        self.bars = QFrame(), QFrame()
        self.pages: dict[type, SetupPage] = {}
        self._catalogues = {window.strings.language: window.strings}
        self.page: SetupPage | None = None
        self._lay_out()
        self.keyboard = Keyboard(self, lambda field: field_after(self._ring(), field))
        self.corners = CornerTargets(self)
        self._watch = DeskWatch(self)
        self._connect()

    def _lay_out(self) -> None:
        bar, foot = self.bars
        bar.setObjectName("desk-bar")
        foot.setObjectName("desk-foot")
        bar.setLayout(row(self.heading, 1, self.person, self.serve))
        foot.setLayout(row(self.back, 1, self.skip, self.next))
        whole = column(bar, row(self.rail, self.stack, spacing=0), foot, spacing=0)
        whole.setStretch(1, 1)
        self.setLayout(whole)

    def _connect(self) -> None:
        for button, event in (
            (self.serve, e.ServeTouched()),
            (self.back, e.StepBackTouched()),
            (self.skip, e.SkipTouched()),
        ):
            button.clicked.connect(lambda _=False, event=event: self.sent.emit(event))
        self.next.clicked.connect(self._go_on)
        self.rail.sent.connect(self.sent)
        self.corners.hit.connect(self.sent)
        self._watch.field_touched.connect(self._field_touched)
        self._watch.key_pressed.connect(self.keyboard.dismiss)
        self._window.installEventFilter(self)

    @property
    def page_name(self) -> str:
        """The stable name of the page that is shown."""
        return self.page.name if self.page is not None else ""

    @property
    def strings(self) -> Strings:
        """The texts of the language that is shown."""
        return self._strings(self.state)

    @property
    def language(self) -> str:
        """The language of the window below."""
        return self._window.strings.language

    @property
    def theme(self) -> str:
        """The colours of the window below."""
        return self._window.wishes.theme

    @property
    def watch(self) -> DeskWatch:
        """Tells of any key or touch."""
        return self._watch

    # --- what the controller calls

    def open(self) -> None:
        """Cover the window."""
        for child in beside(self._window, self):
            child.setEnabled(False)
        app = QApplication.instance()
        if app is not None:
            app.installEventFilter(self._watch)
        self.setGeometry(self._window.rect())
        self.show()
        self.raise_()

    def close_for_good(self) -> None:
        """Uncover it; nothing typed stays."""
        self.keyboard.dismiss()
        for page in self.pages.values():
            page.clear()
        app = QApplication.instance()
        if app is not None:
            app.removeEventFilter(self._watch)
        self._window.removeEventFilter(self)
        self.hide()

    def show_state(self, state: s.Locked | s.Installing) -> None:
        """Show a state."""
        self.state = state
        kind = type(state.page) if isinstance(state, s.Installing) else s.Locked
        page = self._page_for(kind)
        changed = page is not self.page
        if changed:
            self.keyboard.dismiss()
            if self.page is not None:
                self.page.clear()
        self.page = page
        kit = self._kit(state)
        self._relook(state)
        self._fill_frame(state, kit)
        page.fill(state, kit)
        self.stack.setCurrentWidget(page)
        if changed and (first := page.first_field()) is not None:
            first.setFocus(Qt.FocusReason.TabFocusReason)
        self._ask_corner(state, kit)
        self.keyboard.place()

    def show_frame(self, image_rgb: np.ndarray) -> None:
        """Show a camera picture: uint8 RGB, copied already; ignored by pages without a camera."""
        if self.page is not None:
            self.page.show_frame(image_rgb)

    def tick(self) -> None:
        """A second has passed."""
        if self.page is not None:
            self.page.tick()

    # --- inside

    def _page_for(self, kind: type) -> SetupPage:
        if kind not in self.pages:
            page = self.pages[kind] = _PAGES[kind]()
            page.sent.connect(self.sent)
            for pad in page.findChildren(Pad):
                pad.letters_wanted.connect(self._show_keyboard)
            self.stack.addWidget(page)
        return self.pages[kind]

    def _strings(self, state: s.State | None) -> Strings:
        """The texts in the language that is chosen here, at once."""
        language = str(state.facts.values.get("ui.language", "")) if state is not None else ""
        if language not in WRITTEN:
            return self._window.strings
        if language not in self._catalogues:
            self._catalogues[language] = Strings.load(language)
        return self._catalogues[language]

    def _kit(self, state: s.Locked | s.Installing) -> SetupKit:
        return SetupKit(self._strings(state), self._window.settings, state.facts, self._now, self.look)

    def _fill_frame(self, state: s.Locked | s.Installing, kit: SetupKit) -> None:
        installing = isinstance(state, s.Installing)
        self.heading.say(kit.text("title"))
        self.person.say(kit.text("by", staff=state.by) if isinstance(state, s.Installing) and state.by else "")
        self.serve.say(kit.text("serve"))
        self.serve.setVisible(bool(state.facts.kiosk_id))
        self.rail.setVisible(installing)
        self.bars[1].setVisible(installing)
        self.rail.show_steps(kit, self.look)
        at = state.facts.progress.at
        last = at is SetupStep.SUMMARY
        self.back.say(kit.text("back"))
        self.back.setEnabled(at is not SetupStep.SCREEN)
        self.skip.say(kit.text("skip"))
        self.skip.setVisible(not last)
        self.next.say(kit.text("finish" if last else "next"))
        self.next.setEnabled(last or (isinstance(state, s.Installing) and can_go_on(state)))

    def _ask_corner(self, state: s.Locked | s.Installing, kit: SetupKit) -> None:
        page = state.page if isinstance(state, s.Installing) else None
        hits = page.hits if isinstance(page, s.ScreenStep) else None
        if hits is None or not isinstance(page, s.ScreenStep):
            self.corners.hide()
            return
        self.keyboard.dismiss()
        self.corners.setGeometry(self.rect())
        lead = kit.text(f"screen.hit_{page.touch or 'first'}")
        self.corners.ask(len(hits), kit.text("screen.hit", lead=lead, n=len(hits) + 1, of=len(TARGETS)), self.look)

    def _relook(self, state: s.Locked | s.Installing) -> None:
        theme: ThemeName = "contrast" if state.facts.values.get("ui.theme") == "contrast" else "paper"
        look = Look.for_screen(self._window.width(), self._window.height(), theme, False, self._window.motion)
        look = replace(look, scale=look.scale * LARGER)
        if look != self.look or not self.styleSheet():
            self.look = look
            self.setStyleSheet(style_sheet(look))
            self.rail.set_look(look)
            for bar in self.bars:
                bar.setFixedHeight(look.px(BAR))
                layout = bar.layout()
                if layout is not None:
                    layout.setContentsMargins(look.px(PAD), look.px(6), look.px(PAD), look.px(6))
            self.keyboard.relook(look, self._strings(state))
        for page in self.pages.values():
            if page.look != look:
                page.set_look(look)
                for widget in page.findChildren(QWidget):
                    if isinstance(widget, LookTaker):
                        widget.set_look(look)
        for button in (self.serve, self.back, self.skip, self.next):
            button.set_look(look)

    @Slot()
    def _go_on(self) -> None:
        last = isinstance(self.state, s.Installing) and isinstance(self.state.page, s.SummaryStep)
        self.sent.emit(e.FinishTouched() if last else e.NextTouched())

    @Slot(object)
    def _field_touched(self, field: Field) -> None:
        if not field.padded:
            self._show_keyboard(field)

    @Slot(object)
    def _show_keyboard(self, field: Field) -> None:
        if self._window.settings.desk.on_screen_keyboard:
            self.keyboard.show_for(field, self.look, self._strings(self.state))

    def _ring(self) -> list[QWidget]:
        return ring_of(self, [*([self.page] if self.page is not None else []), self.rail, *self.bars])

    def focusNextPrevChild(self, forward: bool) -> bool:
        return go_on(self, self._ring(), forward)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Whatever no field wanted ends here: the visit below must not hear it."""
        focused = QApplication.focusWidget()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and isinstance(focused, Action):
            focused.click()
        event.accept()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and watched is self._window and self.isVisible():
            self.setGeometry(self._window.rect())
            if isinstance(self.state, s.Locked | s.Installing):
                self.show_state(self.state)
        return False
