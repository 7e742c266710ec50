"""The rules answer without the face. "Not yet" and "already done" are good news with dates; else: why, what now, who helps."""

from __future__ import annotations

from typing import Any

from kiosk.domain.eligibility import Eligibility
from kiosk.domain.record import Stage
from kiosk.ui.pages.base import Kit, Page
from kiosk.ui.views import GOOD
from kiosk.ui.widgets.circle import BigTick
from kiosk.ui.widgets.flow import Card, Rule, Stack
from kiosk.ui.widgets.labels import Channels, IconLine
from kiosk.ui.widgets.text import Text
from kiosk.visit import events as e
from kiosk.visit.states import Answered, Mode

MOST_BENEFITS = 3


def dates_of(item: Eligibility, kit: Kit) -> tuple[str, str]:
    """Return (label, dates) of one benefit: when it can or must be done next."""
    strings = kit.strings
    if item.may_pass:
        if item.due:
            return kit.text("page.answer.title_due"), strings.date(item.due)
        return kit.text("page.answer.title_today"), ""
    if item.earliest_next:
        return kit.text("page.answer.title_next"), strings.period(item.earliest_next, item.due, two_lines=True)
    if item.valid_to:
        return kit.text("page.answer.title_valid"), strings.period(item.valid_from, item.valid_to, two_lines=True)
    return "", ""


class AnswerPage(Page):
    """Always with a way on: the dates, or the next step and who helps."""

    name = "answer"
    step = ""
    leave = ""
    left_share = 0.42

    def build(self) -> None:
        self.tick = BigTick(share=200)
        self.now = IconLine("what-now", "tick")
        self.who = IconLine("who-helps", "help")
        self.help_card = Card(self.now, Rule(), self.who, gap=26)
        self.names = [Text(f"benefit-{i}", "label", "quiet") for i in range(MOST_BENEFITS)]
        self.labels = [Text(f"dates-label-{i}", "label", "quiet") for i in range(MOST_BENEFITS)]
        self.dates = [Text(f"dates-{i}", "figure", whole=True) for i in range(MOST_BENEFITS)]
        self.blocks = [Stack(name, label, day, gap=4) for name, label, day in zip(self.names, self.labels, self.dates, strict=True)]
        self.date_card = Card(*self.blocks, gap=26)
        self.channels = Channels()
        self.stage = Text("last-stage", "label", "ink", centred=True)
        self.stale = Text("stale", "small", "quiet", centred=True)
        for part in (self.date_card, self.stage, self.channels, self.stale):
            self.body.add(part)
        self.head.add(self.help_card)
        self.tick.setParent(self.head)
        self.head.items.insert(0, self.tick)
        self.done = self.button("done", "filled", e.DoneTouched())

    def fill(self, state: Any, kit: Kit) -> None:
        if state.stages and state.stages[0] in (Stage.RETURNED, Stage.REFUSED) and state.reason in GOOD:
            self._fill_returned(state, kit)
            return
        query = state.visit.mode is Mode.QUERY and state.reason in GOOD
        good = state.reason in GOOD
        self.left_share = 0.52 if good else 0.42  # dates are wider than addresses
        reason = f"reason.{state.reason}"
        self.title.say(kit.text("page.answer.query_title" if query else f"{reason}.title"))
        self.lead.say(kit.text("page.answer.query_why" if query else f"{reason}.why"))
        self.now.say(kit.text("page.answer.query_now" if query else f"{reason}.now"), kit.text("page.answer.now_label"))
        self.who.say(kit.text(f"{reason}.who"), kit.text("page.answer.who_label"))
        self._fill_dates(state, kit, show=good)
        self.tick.setVisible(good and not query)
        self.tick.restart()
        self.stage.say(kit.text("page.answer.last_stage", stage=kit.text(f"stage.{state.stages[0]}.title")) if state.stages else "")
        self.help_card.setVisible(not good)
        self.channels.setVisible(not good)
        if not good:
            self.channels.show_channels(kit.text("page.answer.channels"), kit.settings, kit.strings, most=2)
        self.stale.say(kit.text("page.answer.stale") if state.roster_stale else "")
        self.done.say(kit.text("page.answer.done"))

    def _fill_returned(self, state: Answered, kit: Kit) -> None:
        """The centre returned the last one: no tick, whatever the dates say; why, what now, who helps."""
        self.left_share = 0.48
        reason = f"reason.{state.returned_reason}"
        known = f"{reason}.why" in kit.strings
        self.title.say(kit.text("page.answer.returned_title"))
        self.lead.say(kit.text(f"{reason}.why") if known else kit.text("page.answer.returned_why"))
        self.now.say(
            kit.text(f"{reason}.now") if known else kit.text("page.answer.returned_now"), kit.text("page.answer.now_label")
        )
        self.who.say(
            kit.text(f"{reason}.who") if known else kit.text("page.answer.returned_who"), kit.text("page.answer.who_label")
        )
        self._fill_dates(state, kit, show=True)
        self.tick.setVisible(False)
        self.stage.say("")
        self.help_card.setVisible(True)
        self.channels.setVisible(False)
        self.stale.say(kit.text("page.answer.stale") if state.roster_stale else "")
        self.done.say(kit.text("page.answer.done"))

    def _fill_dates(self, state: Answered, kit: Kit, *, show: bool) -> None:
        rows: dict[tuple[str, str], list[str]] = {}
        for item in state.eligibilities if show else ():
            rows.setdefault(dates_of(item, kit), []).append(kit.text(f"benefit.{item.benefit_kind}.name"))
        shown = list(rows.items())[:MOST_BENEFITS]
        self.date_card.setVisible(bool(shown))
        for number, part in enumerate(self.blocks):
            part.setVisible(number < len(shown))
            if number < len(shown):
                (label, dates), names = shown[number]
                self.names[number].say("  ".join(names))
                self.labels[number].say(label)
                self.dates[number].say(dates)
            else:
                for text in (self.names[number], self.labels[number], self.dates[number]):
                    text.say("")

    def clear(self) -> None:
        super().clear()
        for text in (*self.names, *self.labels, *self.dates, self.stage):
            text.say("")
