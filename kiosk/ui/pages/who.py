"""For myself, or for a relative or friend?"""

from __future__ import annotations

from kiosk.ui.pages.base import Kit, Page
from kiosk.ui.widgets.flow import Row
from kiosk.ui.widgets.tile import ONE, TWO, Tile
from kiosk.visit import events as e
from kiosk.visit import states as s


class WhoPage(Page[s.ChoosingWho]):
    """Two large choices, as pictures of people."""

    name = "who"
    step = "card"

    def build(self) -> None:
        self.me, self.other = Tile("self", ONE), Tile("other", TWO)
        self.me.clicked.connect(lambda _=False: self._send(e.SelfChosen()))
        self.other.clicked.connect(lambda _=False: self._send(e.OtherChosen()))
        self.primary = self.me
        self.foot.add(Row(self.me, self.other, gap=36))

    def fill(self, state: s.ChoosingWho, kit: Kit) -> None:
        self.title.say(kit.text("page.who.title"))
        self.lead.say(kit.text("page.who.lead"))
        self.me.say(kit.text("page.who.self"))
        self.other.say(kit.text("page.who.other"))
