"""The roster is asked; a moment."""

from __future__ import annotations

from typing import Any

from kiosk.ui.pages.base import Kit, Page
from kiosk.ui.widgets.circle import WaitingRing


class LookingUpPage(Page):
    """Nothing to do here but wait, or leave."""

    name = "looking-up"
    step = "confirm"

    def build(self) -> None:
        self.body.add(WaitingRing())

    def fill(self, state: Any, kit: Kit) -> None:
        self.title.say(kit.text("page.looking-up.title"))
        self.lead.say(kit.text("page.looking-up.lead"))
