"""Look somebody up: card, scanner, number, number and name. Never by a name alone."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.ui.desk.base import DeskKit, DeskPage
from kiosk.ui.desk.scan_field import ScanField
from kiosk.ui.desk.widgets import Action, Card, Field, Pad, Words, row
from kiosk.ui.theme import Look


class FindPage(DeskPage[s.Finding]):
    """Number, name, pad."""

    name = "find"

    def build(self) -> None:
        self.card = Card("find-card")
        self.hint = Words("find-hint", tone="quiet")
        self.number = ScanField("find-number")
        self.person = Field("find-name", limit=60)
        self.pad = Pad([self.number])
        self.find_button = self.on(Action("find", "primary", icon="desk-find"), self._search)
        self.back = self.on(Action("back", icon="back"), e.BackTouched())
        self.number.entered.connect(lambda: self._send(self._search))
        self.person.returnPressed.connect(lambda: self._send(self._search))
        for part in (self.hint, self.number, self.person, self.pad):
            self.card.box.addWidget(part)
        self.card.box.addLayout(row(self.back, self.find_button))
        self.box.addLayout(row(self.card, 1))
        self.box.addStretch(1)

    def show_page(self, page: s.Finding, kit: DeskKit) -> None:
        channel = kit.text(f"channel.{page.channel}") if page.channel else ""
        self.title.say(kit.text("find.title_for", channel=channel) if channel else kit.text("find.title"))
        self.hint.say(kit.text("find.hint"))
        self.number.say(kit.text("find.number"))
        self.person.say(kit.text("find.name"))
        self.pad.say(lambda key: kit.strings.text(key))
        self.find_button.say(kit.text("find.asking" if page.elsewhere else "find.busy") if page.busy else kit.text("find.find"))
        self.back.say(kit.text("back"))
        self.find_button.setEnabled(not page.busy)
        if page.busy and page.number and not self.number.text():
            self.number.setText(page.number)
        self.say_problem(page, kit)

    def set_look(self, look: Look) -> None:
        super().set_look(look)
        self.card.setMaximumWidth(look.px(760))
        self.card.setMinimumWidth(look.px(560))

    def clear(self) -> None:
        self.number.clear()
        self.person.clear()

    def first_field(self) -> QWidget | None:
        return self.number

    def _search(self) -> e.SearchTouched:
        return e.SearchTouched(self.number.text(), self.person.text())
