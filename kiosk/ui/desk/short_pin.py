"""The short PIN of whoever is signed in: set here, kept as a hash, good for a quarter of an hour after each full sign-in."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QWidget

from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.domain.desk_rules import SHORT_PIN_DIGITS
from kiosk.ui.desk.base import DeskKit, DeskPage
from kiosk.ui.desk.widgets import Action, Card, Field, Pad, Words, column, row


class ShortPinPage(DeskPage[s.Board]):
    """Twice four digits."""

    name = "short-pin"

    def build(self) -> None:
        self.card = Card("short-pin-card")
        self.lead = Words("short-pin-lead", tone="quiet")
        self.pin = Field("new-short-pin", digits=True, secret=True, limit=SHORT_PIN_DIGITS)
        self.again = Field("new-short-pin-again", digits=True, secret=True, limit=SHORT_PIN_DIGITS)
        self.pad = Pad([self.pin, self.again], letter=False)
        self.hint = Words("short-pin-hint", "small")
        self.save = self.on(
            Action("short-pin-save", "primary", icon="desk-lock"), lambda: e.ShortPinChosen(self.pin.text(), self.again.text())
        )
        self.back = self.on(Action("back", icon="back"), e.BackTouched())
        # Words as wide as the page: in the card their lines pushed the button off 768 lines.
        self.box.addLayout(column(self.lead, self.hint, spacing=4))
        self.card.box.setSpacing(7)
        for part in (self.pin, self.again, self.pad):
            self.card.box.addWidget(part)
        self.card.box.addLayout(row(self.back, 1, self.save))
        self.box.addLayout(row(1, self.card, 1))
        self.box.addStretch(1)
        self.pin.textChanged.connect(self._typed)

    def show_page(self, page: s.Board, kit: DeskKit) -> None:
        self.title.say(kit.text("place.short-pin"))
        self.say_problem(page, kit)
        self.lead.say(kit.text("short_pin.lead"))
        self.pin.say(kit.text("short_pin.pin"))
        self.again.say(kit.text("short_pin.pin_again"))
        self.pad.say(lambda key: kit.strings.text(key))
        self.pad.letters.hide()
        self.hint.say(kit.text("short_pin.hint"))
        self.save.say(kit.text("saving") if page.busy else kit.text("short_pin.save"))
        self.save.setEnabled(not page.busy)
        self.back.say(kit.text("back"))
        if page.notice or page.problem:
            self.clear()
            self.pad.aim(self.pin)
            self.pin.setFocus()

    def _typed(self, text: str) -> None:
        if len(text) == SHORT_PIN_DIGITS:
            self.pad.aim(self.again)
            self.again.setFocus()

    def set_look(self, look: Any) -> None:
        super().set_look(look)
        self.card.setFixedWidth(look.px(620))

    def clear(self) -> None:
        self.pin.clear()
        self.again.clear()

    def first_field(self) -> QWidget | None:
        return self.pin
