"""Type the document number on a large pad; a wrong digit is found while the card is still in the hand."""

from __future__ import annotations

from datetime import date

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from kiosk.domain.identity import check_digit
from kiosk.domain.reasons import Reason
from kiosk.ui.pages.base import Kit, Page
from kiosk.ui.widgets.flow import Card
from kiosk.ui.widgets.pad import DigitDisplay, NumberPad
from kiosk.ui.widgets.text import Text
from kiosk.visit import events as e
from kiosk.visit import states as s
from kiosk.visit.states import Whose

LENGTH = 18


def number_help(number: str) -> str:
    """Return the key of what to say about a typed number: empty, left, left_one, wrong_date, wrong_digit, complete."""
    if not number:
        return "empty"
    if len(number) >= 14:
        try:
            date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
        except ValueError:
            return "wrong_date"
    if len(number) < LENGTH:
        return "left_one" if len(number) == LENGTH - 1 else "left"
    return "complete" if check_digit(number[:17]) == number[17] else "wrong_digit"


class NumberPage(Page[s.EnteringNumber]):
    """Eighteen characters, in groups as on the card."""

    name = "number"
    divisible = False
    step = "card"
    leave = "back"
    body_low = True
    left_share = 0.5

    def build(self) -> None:
        self.number = ""
        self._kit: Kit | None = None
        self._problem = ""
        self.display = DigitDisplay()
        self.hint = Text("hint", "body", "ink", centred=True)
        self.pad = NumberPad()
        self.pad.pressed_key.connect(self._press)
        self.head.add(Card(self.display, pad=22))
        self.head.add(self.hint)
        self.body.add(self.pad)
        self.next = self.button("next", "filled", self._finished)
        # Not found: the card, another number, or somebody (the bar below): no page without a way on.
        self.again = self.button("other-number", "filled", self._anew)
        self.card = self.button("use-card", "outlined", e.BackTouched(), icon="card")

    def fill(self, state: s.EnteringNumber, kit: Kit) -> None:
        self._kit = kit
        helper = state.whose is Whose.HELPER
        self.title.say(kit.text("page.number.title_helper" if helper else "page.number.title"))
        self.lead.say(kit.text("page.number.lead"))
        self.next.say(kit.text("page.number.next"))
        self.pad.show_texts(kit.strings)
        self._problem = str(state.problem) if state.problem else ""
        self.again.say(kit.text("page.number.other_number"))
        self.card.say(kit.text("page.number.use_card"))
        self._show()

    def clear(self) -> None:
        super().clear()
        self.number, self._problem = "", ""
        self.display.show_number("")
        self.display.setAccessibleName("")
        self.hint.say("")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, text = event.key(), event.text().upper()
        if key == Qt.Key.Key_Backspace:
            self._press("delete")
        elif text and text in "0123456789X":
            self._press(text)
        else:
            super().keyPressEvent(event)

    def _press(self, key: str) -> None:
        before = self.number
        if key == "delete":
            self.number = self.number[:-1]
        elif key == "clear":
            self.number = ""
        elif len(self.number) < LENGTH and (key != "X" or len(self.number) == LENGTH - 1):
            self.number += key
        if self.number != before:
            self._problem = ""
        self._show()

    def _show(self) -> None:
        if self._kit is None:
            return
        kit = self._kit
        missing = bool(self._problem) and self._problem == Reason.NOT_IN_ROSTER
        for button in (self.again, self.card):
            button.setVisible(missing)
        self.next.setVisible(not missing)
        self.pad.setVisible(not missing)
        self.primary = self.again if missing else self.next
        self.lead.say(kit.text("page.number.not_found_lead" if missing else "page.number.lead"))
        self.display.show_number(self.number)
        self.display.setAccessibleName(kit.text("page.number.display_name") + " " + " ".join(self.number))
        key = number_help(self.number)
        if self._problem:
            text = kit.text(f"reason.{self._problem}.title")
        elif key == "empty":
            text = kit.text("page.number.left", count=LENGTH)
        else:
            text = kit.text(f"page.number.{key}", count=LENGTH - len(self.number))
        wrong = bool(self._problem) or key.startswith("wrong")
        self.display.show_number(self.number, wrong=wrong)
        self.hint.colour = "stop" if wrong else "done" if key == "complete" else "ink"
        self.hint.bold = wrong or key == "complete"
        if text != self.hint.text() or missing:
            self.hint.say(text)
            self.set_look(self.look)
        self.hint.update()

    def _anew(self) -> None:
        """Another number: begin with an empty field."""
        self.number, self._problem = "", ""
        self._show()
        self.set_look(self.look)

    def _finished(self) -> e.Event | None:
        if number_help(self.number) == "complete":
            return e.NumberEntered(self.number)
        if self._kit is not None:
            left = LENGTH - len(self.number)
            key = "empty" if not self.number else "left_now"
            if left and not number_help(self.number).startswith("wrong"):
                self.hint.colour, self.hint.bold = "stop", True
                self.hint.say(self._kit.text(f"page.number.{key}", count=left))
                self.set_look(self.look)
        return None
