"""It did not work: why, in everyday words, three tips in pictures, and try again."""

from __future__ import annotations

from typing import Any

from kiosk.ui.pages.base import Kit, Page
from kiosk.ui.widgets.flow import Row, Stack
from kiosk.ui.widgets.pictures import Tip, TipPicture
from kiosk.ui.widgets.text import Text
from kiosk.visit import events as e

TIPS: tuple[Tip, ...] = ("hat", "light", "centre")


class RetryPage(Page):
    """Kind, with a reason and something to do better; the last try is announced together with who helps."""

    name = "retry"
    step = "camera"
    left_share = 0.52

    def build(self) -> None:
        self.now = Text("what-now", "body", "ink", centred=True, bold=True)
        self.last = Text("last-try", "body", "ink", centred=True)
        self.head.add(self.now)
        self.heading = Text("tips-heading", "body", "quiet", centred=True)
        self.texts = [Text(f"tip-text-{tip}", "label", centred=True, bold=True) for tip in TIPS]
        self.tips = Row(
            *(Stack(TipPicture(tip, 270), text, gap=12) for tip, text in zip(TIPS, self.texts, strict=True)), gap=24, top=True
        )
        self.body.add(self.last)
        self.body.add(self.heading)
        self.body.add(self.tips)
        self.again = self.button("again", "filled", e.BeginTouched())
        self.practise = self.button("practise", "outlined", e.PractiseTouched())

    def fill(self, state: Any, kit: Kit) -> None:
        reason = f"reason.{state.reason}"
        self.title.say(kit.text(f"{reason}.title"))
        self.lead.say(kit.text(f"{reason}.why"))
        self.now.say(kit.text(f"{reason}.now"))
        self.last.say(kit.text("page.retry.last") if state.tries_left == 1 else "")
        self.heading.say(kit.text("page.retry.tips"))
        for tip, text in zip(TIPS, self.texts, strict=True):
            text.say(kit.text(f"page.retry.tip_{tip}"))
        self.again.say(kit.text("page.retry.again"))
        self.practise.say(kit.text("page.retry.practise"))
