"""The face is compared, then the result saved; a moment."""

from __future__ import annotations

from typing import Any

from kiosk.ui.pages.base import Kit, Page
from kiosk.ui.widgets.circle import WaitingRing


class CheckingPage(Page):
    """Nothing to do here but wait. While it is saved there is nothing to leave."""

    name = "checking"
    step = "camera"

    def build(self) -> None:
        self.body.add(WaitingRing())

    def fill(self, state: Any, kit: Kit) -> None:
        self.leave = "" if state.saving else "leave"
        self.no_face = not state.saving
        self.title.say(kit.text("page.checking.title_saving" if state.saving else "page.checking.title"))
        self.lead.say(kit.text("page.checking.lead"))
