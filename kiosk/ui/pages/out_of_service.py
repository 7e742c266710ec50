"""暂停服务: why, and where to go instead; ends by itself when what is missing returns."""

from __future__ import annotations

from typing import Any

from kiosk.ui.pages.base import Kit, Page
from kiosk.ui.widgets.flow import Card, Rule
from kiosk.ui.widgets.labels import Channels, IconLine
from kiosk.ui.widgets.text import Text


class OutOfServicePage(Page):
    """Nothing to touch here but the call for help."""

    name = "out-of-service"
    step = ""
    leave = ""
    left_share = 0.42

    def build(self) -> None:
        self.what = Text("what", "body", "ink", centred=True, bold=True)
        self.head.add(self.what)
        self.now = IconLine("what-now", "wait")
        self.who = IconLine("who-helps", "help")
        self.channels = Channels()
        self.head.add(Card(self.now, Rule(), self.who, gap=26))
        self.body.add(self.channels)

    def fill(self, state: Any, kit: Kit) -> None:
        reason = f"reason.{state.reason}"
        self.title.say(kit.text("page.out-of-service.title"))
        self.what.say(kit.text(f"{reason}.title"))
        self.lead.say(kit.text(f"{reason}.why"))
        self.now.say(kit.text(f"{reason}.now"), kit.text("page.answer.now_label"))
        self.who.say(kit.text(f"{reason}.who"), kit.text("page.answer.who_label"))
        self.channels.show_channels(kit.text("page.out-of-service.channels"), kit.settings, kit.strings)
