"""送人工复核, after a face that failed: what goes along and by when the answer comes, to agree to; then that it is sent."""

from __future__ import annotations

from kiosk.domain.next_time import next_time, next_window
from kiosk.domain.reasons import Reason
from kiosk.domain.record import RecordStatus
from kiosk.texts import requests
from kiosk.ui.pages.base import Kit, Page
from kiosk.ui.widgets.bars import Notice
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.flow import Card, Rule
from kiosk.ui.widgets.labels import IconLine
from kiosk.ui.widgets.text import Text
from kiosk.visit import events as e
from kiosk.visit import states as s

_ANSWERED = {
    RecordStatus.CONFIRMED: Reason.REVIEW_PASSED,
    RecordStatus.RETURNED: Reason.REVIEW_RETURNED,
    RecordStatus.REFUSED: Reason.REVIEW_RETURNED,
}
POINTS = (("what", "help"), ("not", "bin"), ("when", "wait"))


class ReviewPage(Page[s.ReviewConsenting]):
    """A consent of its own; saying no is of the same weight and leads back."""

    name = "review"
    step = ""
    leave = ""
    no_face = False

    def build(self) -> None:
        self.points = {name: IconLine(f"review-{name}", icon) for name, icon in POINTS}
        lines = list(self.points.values())
        self.body.add(Card(lines[0], Rule(), lines[1], Rule(), lines[2], gap=26))
        self.yes = self.button("agree-review", "filled", e.Agreed(), icon="help")
        self.no = self.button("no-review", "filled", e.BackTouched(), icon="back")
        self.no.ground = "other"
        self.foot.gap = 28

    def fill(self, state: s.ReviewConsenting, kit: Kit) -> None:
        self.title.say(kit.text("page.review.title"))
        self.lead.say(kit.text("page.review.lead"))
        days = kit.settings.review.working_days
        for name, line in self.points.items():
            text = kit.text(f"page.review.{name}", days=days, date=kit.strings.date(state.answer_by))
            line.say(text, kit.text(f"page.review.{name}_title"))
        self.yes.say(kit.text("page.review.yes"))
        self.no.say(kit.text("page.review.no"))
        for button in (self.yes, self.no):
            button.setEnabled(not state.saving)


class ReviewSentPage(Page[s.ReviewSent]):
    """Still open, and when the answer comes. Nothing that reads like a pass."""

    name = "review-sent"
    step = ""
    leave = ""
    no_face = False
    left_share = 0.5

    def build(self) -> None:
        self.sign = Notice("not-done", "info")
        self.head.items.insert(0, self.sign)
        self.sign.setParent(self.head)
        self.day = Text("answer-by", "figure", whole=True)
        self.later = IconLine("what-now", "card")
        self.record = Text("record", "small", "quiet", whole=True)
        self.rule = Rule()
        self.body.add(Card(self.day, self.rule, self.later, self.record, gap=26, pad=36))
        self.take = Notice("take-card", "card")
        self.take.words.role = "body"
        self.foot.add(self.take)
        self.done = self.button("done", "filled", e.DoneTouched())
        self.paper = Button("print", "outlined", icon="")
        self.paper.clicked.connect(lambda _=False: self.touched.emit(requests.PrintSlip()))
        self.foot.add(self.paper)

    def fill(self, state: s.ReviewSent, kit: Kit) -> None:
        answered = _ANSWERED.get(state.stage)
        self.sign.say("" if state.stage is RecordStatus.CONFIRMED else kit.text("page.review-sent.sign"))
        if answered is None:
            received = state.stage is RecordStatus.RECEIVED
            self.title.say(kit.text("page.review-sent.title"))
            self.lead.say(kit.text("page.review-sent.lead_received" if received else "page.review-sent.lead"))
        else:  # the centre was quick
            self.title.say(kit.text(f"reason.{answered}.title"))
            self.lead.say(kit.text(f"reason.{answered}.why"))
        days = kit.settings.review.working_days
        by = kit.strings.dated("next_time.answer_by", state.answer_by, None, two_lines=True)
        passed = state.stage is RecordStatus.CONFIRMED
        if passed:
            upcoming = next_time(*next_window(state.case.chosen), kit.now().date())
            self.day.say(kit.strings.dated(upcoming.key, upcoming.first, upcoming.last, two_lines=True) if upcoming else "")
        else:
            self.day.say("" if answered else f"{kit.text('page.review-sent.within', days=days)}\n{by}")
        later = f"reason.{answered}.now" if answered else "page.review-sent.later"
        self.later.say("" if passed else kit.text(later))
        self.rule.setVisible(bool(self.day.text()))
        number = f"{kit.settings.station.station_id}-{state.record_ids[0][:8].upper()}" if state.record_ids else ""
        self.record.say(f"{kit.text('page.result.record')} {number}")
        self.take.say(kit.text("page.result.take") if state.case.visit.card_present else "")
        self.done.say(kit.text("page.answer.done"))
        self.paper.say(kit.text("slip.print"))
        self.paper.setVisible(kit.settings.printer.kind != "none")

    def clear(self) -> None:
        super().clear()
        for text in (self.day, self.record):
            text.say("")
