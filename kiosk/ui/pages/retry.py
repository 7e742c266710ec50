"""It did not work: why, in everyday words, what helps as pictures that fit the reason, and try again."""

from __future__ import annotations

from kiosk.domain.reasons import Reason
from kiosk.ui.pages.base import Kit, Page
from kiosk.ui.widgets.face import FaceFigure
from kiosk.ui.widgets.flow import Row, Stack
from kiosk.ui.widgets.labels import Sign
from kiosk.ui.widgets.pictures import Tip, TipPicture
from kiosk.ui.widgets.text import Text
from kiosk.visit import events as e
from kiosk.visit import states as s

TIPS: tuple[Tip, ...] = ("hat", "light", "centre")
# What helps against what. Light and hats are no advice for somebody whose face is not much like the photo on record.
_HELPS: dict[Reason, tuple[Tip, ...]] = {
    Reason.LIVENESS_FAILED: ("light", "centre"),
    Reason.NO_GOOD_FRAME: ("hat", "light", "centre"),
    Reason.FACE_LOST: ("centre",),
    Reason.FACE_CHANGED: ("centre",),
    Reason.ACTION_TIMEOUT: (),
    Reason.DIGITS_UNHEARD: (),
    Reason.DIGITS_WRONG: (),
    Reason.DIGITS_ELSEWHERE: ("centre",),
    Reason.FACE_MISMATCH: (),
}


class RetryPage(Page[s.Retrying]):
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
        self.shown = [Stack(TipPicture(tip, 270), text, gap=12) for tip, text in zip(TIPS, self.texts, strict=True)]
        self.tips = Row(*self.shown, gap=24, top=True)
        self.figure = FaceFigure("missed-action", 560)
        self.figure_text = Text("missed-action-text", "button", "action", centred=True)
        self.sign = Sign("card", 320)
        for part in (self.last, self.heading, self.tips, self.figure, self.figure_text, self.sign):
            self.body.add(part)
        self.again = self.button("again", "filled", e.BeginTouched())
        self.practise = self.button("practise", "outlined", e.PractiseTouched())

    def fill(self, state: s.Retrying, kit: Kit) -> None:
        reason = f"reason.{state.reason}"
        self.title.say(kit.text(f"{reason}.title"))
        early = state.early and state.reason is Reason.ACTION_TIMEOUT  # only who was early is told so
        self.lead.say(kit.text("page.retry.early" if early else f"{reason}.why"))
        self.now.say(kit.text(f"{reason}.now"))
        self.last.say(kit.text("page.retry.last") if state.tries_left == 1 else "")
        missed = state.action if state.reason is Reason.ACTION_TIMEOUT else None
        helps = () if missed is not None else _HELPS.get(state.reason, ())
        self.figure.setVisible(missed is not None)
        self.figure.show_action(missed)
        name = kit.text(f"action.{missed}.name") if missed is not None else ""
        self.figure_text.say(kit.text("page.retry.action", action=name) if name else "")
        self.sign.setVisible(state.reason is Reason.FACE_MISMATCH)
        self.heading.say(kit.text("page.retry.tips") if helps else "")
        self.tips.setVisible(bool(helps))
        for tip, part, text in zip(TIPS, self.shown, self.texts, strict=True):
            part.setVisible(tip in helps)
            text.say(kit.text(f"page.retry.tip_{tip}"))
        self.again.say(kit.text("page.retry.again"))
        self.practise.say(kit.text("page.retry.practise"))

    def clear(self) -> None:
        super().clear()
        self.figure.show_action(None)
