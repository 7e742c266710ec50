"""An attendant is called: why, what now, who comes, and the other ways. Never a dead end."""

from __future__ import annotations

from typing import Any

from kiosk.domain.reasons import Reason
from kiosk.ui.pages.base import Kit, Page
from kiosk.ui.widgets.flow import Card, Rule
from kiosk.ui.widgets.labels import Channels, IconLine
from kiosk.ui.widgets.text import Text
from kiosk.visit import events as e


class ReferredPage(Page):
    """Failure is kind; "without face" is not failure at all."""

    name = "referred"
    step = ""
    leave = ""
    left_share = 0.42
    no_face = False

    def build(self) -> None:
        self.now = IconLine("what-now", "wait")
        self.who = IconLine("who-helps", "help")
        self.card = Card(self.now, Rule(), self.who, gap=26)
        self.channels = Channels()
        self.saved = Text("saved", "label", "quiet", centred=True)
        self.body.add(self.channels)
        self.body.add(self.saved)
        self.head.add(self.card)
        self.done = self.button("done", "filled", e.DoneTouched())
        self.back = self.button("back-to-face", "outlined", e.BackTouched())

    def fill(self, state: Any, kit: Kit) -> None:
        reason = f"reason.{state.reason}"
        self.title.say(kit.text(f"{reason}.title"))
        self.lead.say(kit.text(f"{reason}.why"))
        self.now.say(kit.text(f"{reason}.now"), kit.text("page.answer.now_label"))
        self.who.say(kit.text(f"{reason}.who"), kit.text("page.answer.who_label"))
        self.saved.say(kit.text("page.referred.saved") if state.record_ids else "")
        self.channels.show_channels(kit.text("page.referred.channels"), kit.settings, kit.strings)
        self.done.say(kit.text("page.referred.done"))
        self.back.say(kit.text("page.referred.back"))
        can_return = (
            state.reason is Reason.NO_FACE_WANTED
            and state.case is not None
            and state.case.visit.tries < kit.settings.liveness.tries_per_visit
        )
        self.back.setVisible(can_return)
