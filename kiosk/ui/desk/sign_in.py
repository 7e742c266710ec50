"""Signing in: staff number and PIN by keyboard, scanner or pad; and the first supervisor of a kiosk that has no staff."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.domain.desk_rules import SHORT_PIN_DIGITS
from kiosk.ui.desk.base import DeskKit, DeskPage
from kiosk.ui.desk.widgets import Action, Card, Field, Pad, Words, row


class SignInPage(DeskPage[s.SigningIn | s.Asking]):
    """Who is there?"""

    name = "sign-in"

    def build(self) -> None:
        self.card = Card("sign-in-card")
        self.staff = Field("staff-id", digits=True, limit=32)
        self.pin = Field("staff-pin", digits=True, secret=True, limit=32)
        self.short = Field("short-pin", digits=True, secret=True, limit=SHORT_PIN_DIGITS)
        self.pad = Pad([self.staff, self.pin, self.short], letter=False)
        self.enter = Action("sign-in", "primary", icon="desk-lock")
        self.hint = Words("sign-in-hint", "small")
        self.other = self.on(Action("sign-in-other", icon="persons"), e.SomebodyElseTouched())
        # Who touched the way in by chance finds the way out at once, large and in everyday words.
        self.old = self.on(Action("sign-in-back", "primary", icon="back"), e.CloseTouched())
        self.box.addWidget(self.old)
        self.card.box.setSpacing(7)  # with the notice's room it still stands on 768 lines
        for part in (
            self.title,
            self.problem,
            self.staff,
            self.pin,
            self.short,
            self.pad,
            self.enter,
            self.hint,
            self.other,
        ):
            self.card.box.addWidget(part)
        self.box.addStretch(1)
        self.box.addLayout(row(1, self.card, 1))
        self.box.addStretch(2)
        self.staff.returnPressed.connect(self._next)
        self.pin.returnPressed.connect(self._submit)
        self.enter.clicked.connect(self._submit)
        self.short.textChanged.connect(self._short_typed)
        self._page: s.SigningIn | s.Asking = s.Asking()
        self._kit: DeskKit | None = None

    def show_page(self, page: s.SigningIn | s.Asking, kit: DeskKit) -> None:
        self._page, self._kit = page, kit
        quick = page.quick if isinstance(page, s.SigningIn) else None
        self._show_quick(quick is not None)
        self.pad.letters.setVisible(quick is None and kit.settings.desk.on_screen_keyboard)
        self.title.say(kit.text("sign_in.title") if quick is None else kit.text("sign_in.welcome_back", name=quick.name))
        self.short.say(kit.text("sign_in.short_pin"))
        self.other.say(kit.text("sign_in.other"))
        self.old.say(kit.text("sign_in.old_people"))
        self.staff.say(kit.text("sign_in.number"))
        self.pin.say(kit.text("sign_in.pin"))
        self.pad.say(lambda key: kit.strings.text(key))
        self.enter.say(kit.text("sign_in.enter"))
        self.hint.say(kit.text("sign_in.hint" if quick is None else "sign_in.quick_hint"))
        busy = isinstance(page, s.Asking) or page.busy
        self.enter.setEnabled(not busy)
        self.short.setEnabled(not busy)
        if isinstance(page, s.SigningIn) and page.problem:
            self.pin.clear()
            self.short.clear()
        if quick is not None and not busy:
            self.short.setFocus(Qt.FocusReason.OtherFocusReason)
        self.tick(0.0)

    def _show_quick(self, on: bool) -> None:
        for part in (self.staff, self.pin, self.enter):
            part.setVisible(not on)
        for part in (self.short, self.other):
            part.setVisible(on)
        self.pad.aim(self.short if on else self.staff)

    def _short_typed(self, text: str) -> None:
        if len(text) == SHORT_PIN_DIGITS:  # no further touch: the last digit opens
            self.sent.emit(e.ShortPinTouched(text))

    def tick(self, now_s: float) -> None:
        """Count the lock down."""
        page, kit = self._page, self._kit
        if kit is None or not isinstance(page, s.SigningIn):
            return
        left = round(page.wait_until_s - now_s) if page.wait_until_s and now_s else 0
        if page.problem == "pin-locked":
            self.problem.say(
                kit.text("sign_in.locked", seconds=left)
                if left > 0
                else kit.text("sign_in.again")
                if now_s
                else kit.problem("pin-locked")
            )
        elif page.problem == "pin-wrong":
            self.problem.say(kit.text("sign_in.wrong", left=page.tries_left or 0))
        elif page.problem == "short-pin-wrong":
            self.problem.say(kit.text("sign_in.short_wrong", left=page.tries_left or 0))
        else:
            self.problem.say(kit.problem(page.problem))

    def set_look(self, look: Any) -> None:
        super().set_look(look)
        self.card.setFixedWidth(look.px(620))

    def clear(self) -> None:
        for field in (self.staff, self.pin, self.short):
            field.clear()

    def first_field(self) -> QWidget | None:
        if isinstance(self._page, s.SigningIn) and self._page.quick is not None:
            return self.short
        return self.pin if self.staff.text() else self.staff

    def _next(self) -> None:
        self.pin.setFocus(Qt.FocusReason.TabFocusReason)

    def _submit(self) -> None:
        if not self.staff.text():
            self.staff.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        self.sent.emit(e.SignInTouched(self.staff.text(), self.pin.text()))


class SetUpPage(DeskPage[s.SettingUp]):
    """The first supervisor, only while there is nobody."""

    name = "set-up"

    def build(self) -> None:
        self.card = Card("set-up-card")
        self.lead = Words("set-up-lead", tone="quiet")
        self.staff = Field("first-id", digits=True, limit=32)
        self.person = Field("first-name", limit=40)
        self.pin = Field("first-pin", digits=True, secret=True, limit=32)
        self.again = Field("first-pin-again", digits=True, secret=True, limit=32)
        self.enter = Action("set-up", "primary", icon="shield")
        for part in (self.title, self.lead, self.problem, self.staff, self.person, self.pin, self.again, self.enter):
            self.card.box.addWidget(part)
        self.box.addStretch(1)
        self.box.addLayout(row(1, self.card, 1))
        self.box.addStretch(2)
        self.on(self.enter, lambda: e.FirstNamed(self.staff.text(), self.person.text(), self.pin.text(), self.again.text()))
        self.again.returnPressed.connect(self.enter.click)

    def show_page(self, page: s.SettingUp, kit: DeskKit) -> None:
        self.title.say(kit.text("set_up.title"))
        self.lead.say(kit.text("set_up.lead", digits=kit.settings.desk.pin_min_length))
        self.staff.say(kit.text("sign_in.number"))
        self.person.say(kit.text("staff.name"))
        self.pin.say(kit.text("staff.pin"))
        self.again.say(kit.text("staff.pin_again"))
        self.enter.say(kit.text("set_up.enter"))
        self.enter.setEnabled(not page.busy)
        self.say_problem(page, kit)

    def set_look(self, look: Any) -> None:
        super().set_look(look)
        self.card.setFixedWidth(look.px(680))

    def clear(self) -> None:
        for field in (self.staff, self.person, self.pin, self.again):
            field.clear()

    def first_field(self) -> QWidget | None:
        return self.staff
