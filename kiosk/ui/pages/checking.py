"""The face is compared, then the result saved; a moment."""

from __future__ import annotations

from kiosk.ui.pages.base import Kit, Page
from kiosk.ui.widgets.circle import WaitingRing
from kiosk.visit import states as s


class CheckingPage(Page[s.Checking]):
    """Nothing to do here but wait. While it is saved there is nothing to leave."""

    name = "checking"
    step = "camera"

    def build(self) -> None:
        self.body.add(WaitingRing())

    def fill(self, state: s.Checking, kit: Kit) -> None:
        self.leave = "" if state.saving else "leave"
        self.no_face = not state.saving
        self.title.say(kit.text("page.checking.title_saving" if state.saving else "page.checking.title"))
        self.lead.say(kit.text("page.checking.lead"))
