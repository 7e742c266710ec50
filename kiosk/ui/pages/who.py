"""For myself, or for a relative or friend?"""

from __future__ import annotations

from typing import Any

from kiosk.ui.pages.base import Kit, Page
from kiosk.visit import events as e


class WhoPage(Page):
    """Two large choices."""

    name = "who"
    step = "card"

    def build(self) -> None:
        self.me = self.button("self", "filled", e.SelfChosen(), icon="person")
        self.other = self.button("other", "filled", e.OtherChosen(), icon="persons")
        self.foot.gap = 40

    def fill(self, state: Any, kit: Kit) -> None:
        self.title.say(kit.text("page.who.title"))
        self.lead.say(kit.text("page.who.lead"))
        self.me.say(kit.text("page.who.self"))
        self.other.say(kit.text("page.who.other"))
