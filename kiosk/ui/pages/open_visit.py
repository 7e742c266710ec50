"""What every page without a pass has: a sign that it is still open, "I wait here" as the one filled button, "not today" small.

Nobody may press a button that reads like the end of it and go home uncertified. Used by the answer and the referred page.
"""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QWidget

from kiosk.ui.pages.base import Kit, Page
from kiosk.ui.widgets.bars import Notice
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.flow import Row
from kiosk.visit import events as e


class Ways(Row):
    """Beside each other: not today, and what else there is."""

    def add(self, button: QWidget) -> None:
        """Append a button."""
        button.setParent(self)
        self.items.append(button)


class OpenSign:
    """The sign and the two buttons, put into a page once and shown or hidden with its state."""

    def __init__(self, page: Page[Any]) -> None:
        self.sign = Notice("not-done", "info")
        self.sign.words.role = "body"
        page.head.items.insert(0, self.sign)
        self.sign.setParent(page.head)
        self.stay: Button = page.button("stay", "filled", e.StayTouched(), icon="wait")
        self.ways = Ways()
        page.foot.add(self.ways)
        self.go: Button = page.button("not-today", "quiet", e.DoneTouched(), to=self.ways)

    def fill(self, kit: Kit, *, stayed: int, waiting: bool) -> None:
        """Show the sign, and the buttons where an attendant is on the way; `stayed`: how often the call was repeated."""
        self.sign.say(kit.text("not_done.staying") if stayed else kit.text("not_done.title"))
        self.stay.say(kit.text("not_done.stay"))
        self.go.say(kit.text("not_done.go"))
        self.stay.setVisible(waiting)
        self.ways.setVisible(waiting)
        self.go.setVisible(waiting)

    def hide(self) -> None:
        """Take the sign and the buttons away."""
        self.sign.say("")
        self.stay.hide()
        self.ways.hide()
