"""How it works, in three pictures; start, or practise first."""

from __future__ import annotations

from kiosk.ui.pages.base import Kit, Page, friend_of
from kiosk.ui.widgets.circle import WaitingRing
from kiosk.ui.widgets.flow import Row, Stack
from kiosk.ui.widgets.pictures import Tip, TipPicture
from kiosk.ui.widgets.text import Text
from kiosk.visit import events as e
from kiosk.visit import states as s

TIPS: tuple[tuple[str, Tip], ...] = (("tip_one", "circle"), ("tip_two", "now"), ("tip_three", "hat"))

_LEADS = {None: "lead", True: "lead_practised", False: "lead_again"}  # after a practice: how it went


class InstructionsPage(Page[s.Instructing]):
    """While the camera is away there is nothing to start, but there is somebody to call."""

    name = "instructions"
    step = "camera"
    leave = "back"
    left_share = 0.52

    def build(self) -> None:
        self.texts = [Text(f"tip-text-{i}", "label", centred=True, bold=True) for i in range(3)]
        self.tips = Row(
            *(Stack(TipPicture(tip, 280), text, gap=12) for (_, tip), text in zip(TIPS, self.texts, strict=True)), gap=24, top=True
        )
        self.wait = WaitingRing()
        self.body.add(self.tips)
        self.body.add(self.wait)
        self.start = self.button("begin", "filled", e.BeginTouched())
        self.practise = self.button("practise", "outlined", e.PractiseTouched())

    def fill(self, state: s.Instructing, kit: Kit) -> None:
        ready = state.camera_ready
        friend = friend_of(state.case)
        title = "title_wait" if not ready else "title_other" if friend else "title"
        self.title.say(kit.text(f"page.instructions.{title}", name=friend))
        lead = kit.text(f"page.instructions.{_LEADS[state.practised] if ready else 'lead_wait'}")
        self.lead.say(kit.text("reason.cancelled.title") if state.rested and ready else lead)
        for (key, _), text in zip(TIPS, self.texts, strict=True):
            text.say(kit.text(f"page.instructions.{key}"))
        self.tips.setVisible(ready)
        self.wait.setVisible(not ready)
        self.start.say(kit.text("page.instructions.start"))
        self.practise.say(kit.text("page.instructions.practise"))
        self.start.setVisible(ready)
        self.practise.setVisible(ready)
