"""The roster is asked; a moment."""

from __future__ import annotations

from kiosk.ui.pages.base import Kit, Page
from kiosk.ui.widgets.circle import WaitingRing
from kiosk.visit import states as s


class LookingUpPage(Page[s.LookingUp]):
    """Nothing to do here but wait, or leave."""

    name = "looking-up"
    step = "confirm"

    def build(self) -> None:
        self.body.add(WaitingRing())

    def fill(self, state: s.LookingUp, kit: Kit) -> None:
        self.title.say(kit.text("page.looking-up.title"))
        self.lead.say(kit.text("page.looking-up.lead_elsewhere" if state.elsewhere else "page.looking-up.lead"))
