"""暂停服务: why, and where to go instead; ends by itself when what is missing returns."""

from __future__ import annotations

from kiosk.ui.pages.base import Kit, Page
from kiosk.ui.widgets.labels import Channels
from kiosk.ui.widgets.text import Text
from kiosk.visit import states as s


class OutOfServicePage(Page[s.OutOfService]):
    """Nothing to touch here but the call for help."""

    name = "out-of-service"
    step = ""
    leave = ""
    left_share = 0.5

    def build(self) -> None:
        self.what = Text("what", "body", "ink", centred=True, bold=True)
        self.head.add(self.what)
        self.channels = Channels()
        self.body.add(self.channels)

    def fill(self, state: s.OutOfService, kit: Kit) -> None:
        reason = f"reason.{state.reason}"
        self.title.say(kit.text("page.out-of-service.title"))
        self.what.say(kit.text(f"{reason}.title"))
        self.lead.say(kit.text(f"{reason}.why"))
        self.channels.show_channels(kit.text("page.out-of-service.channels"), kit.settings, kit.strings)
