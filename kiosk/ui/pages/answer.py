"""The rules answer without the face: when to come next, or that it is still open and who comes. One date, one place to go."""

from __future__ import annotations

from kiosk.domain.reasons import Reason
from kiosk.ui.pages.base import Kit, Page
from kiosk.ui.pages.open_visit import OpenSign
from kiosk.ui.prompts import when
from kiosk.ui.widgets.circle import BigTick
from kiosk.ui.widgets.flow import Card, Stack
from kiosk.ui.widgets.labels import Channels, IconLine
from kiosk.ui.widgets.text import Text
from kiosk.visit import events as e
from kiosk.visit import states as s

MOST_BENEFITS = 3
NAMED = frozenset({Reason.DATA_MATCHED, Reason.REVIEW_PASSED})  # good for a reason that is told in a query too


class AnswerPage(Page[s.Answered]):
    """Always with a way on: the date, or the next step and who helps."""

    name = "answer"
    step = ""
    leave = ""
    left_share = 0.42

    def build(self) -> None:
        self.tick = BigTick(share=200)
        self.now = IconLine("what-now", "wait")
        self.help_card = Card(self.now, gap=26)
        self.names = [Text(f"benefit-{i}", "label", "quiet") for i in range(MOST_BENEFITS)]
        self.dates = [Text(f"dates-{i}", "figure", whole=True) for i in range(MOST_BENEFITS)]
        self.blocks = [Stack(name, day, gap=4) for name, day in zip(self.names, self.dates, strict=True)]
        self.date_card = Card(*self.blocks, gap=26)
        self.channels = Channels()
        self.stage = Text("last-stage", "label", "ink", centred=True)
        self.stale = Text("stale", "small", "quiet", centred=True)
        for part in (self.date_card, self.stage, self.channels, self.stale):
            self.body.add(part)
        self.head.add(self.help_card)
        self.tick.setParent(self.head)
        self.head.items.insert(0, self.tick)
        self.open = OpenSign(self)
        self.done = self.button("done", "filled", e.DoneTouched())

    def fill(self, state: s.Answered, kit: Kit) -> None:
        returned, good = s.returned(state), state.reason in s.GOOD
        waiting = s.waits_for_staff(state)
        self.left_share = 0.52 if good else 0.42  # dates are wider than addresses
        if returned:
            self._say_returned(state, kit)
        else:
            self._say(state, kit)
        self._fill_dates(state, kit, show=good and not returned)
        query = state.visit.mode is s.Mode.QUERY
        done = {Reason.DATA_MATCHED, Reason.REVIEW_PASSED} | (set() if query else {Reason.ALREADY_DONE})
        # A tick is for what is done: not for "not yet", and not for a question.
        self.tick.setVisible(state.reason in done and not returned)
        self.tick.restart()
        self.stage.say(self._stage(state, kit) if good and not returned else "")
        self.help_card.setVisible(not good or returned)
        if state.answer_by is not None:  # a human review waits: its day is the date that counts
            self.date_card.show()
            self.blocks[0].show()
            self.dates[0].say(kit.strings.dated("next_time.answer_by", state.answer_by, None, two_lines=True))
        elsewhere = state.reason in s.ELSEWHERE or state.reason is Reason.ELSEWHERE_OFFLINE
        self.channels.setVisible(elsewhere)
        if elsewhere:
            self.channels.show_channels("", kit.settings, kit.strings, most=0)
        self.stale.say(kit.text("page.answer.stale") if state.roster_stale and good else "")
        if waiting or state.reason in s.ELSEWHERE:
            self.open.fill(kit, stayed=state.stayed, waiting=waiting)
        else:
            self.open.hide()
        self.done.say(kit.text("page.answer.done"))
        self.done.setVisible(not waiting)
        self.primary = self.open.stay if waiting else self.done
        self.says_called, self.no_face = waiting, not waiting and not s.nothing_left(state)

    def _stage(self, state: s.Answered, kit: Kit) -> str:
        return kit.text("page.answer.last_stage", stage=kit.text(f"stage.{state.stages[0]}.title")) if state.stages else ""

    def _say(self, state: s.Answered, kit: Kit) -> None:
        query = state.reason is Reason.OK or (state.visit.mode is s.Mode.QUERY and state.reason in s.GOOD - NAMED)
        reason = f"reason.{state.reason}"
        asked = "query_today" if any(item.may_pass for item in state.eligibilities) else "query"
        self.title.say(kit.text(f"page.answer.{asked}_title" if query else f"{reason}.title"))
        self.lead.say(kit.text(f"page.answer.{asked}_why" if query else f"{reason}.why"))
        self.now.say(kit.text(f"{reason}.now"))
        why = f"reason.{state.returned_reason}.why"
        if state.reason is Reason.REVIEW_RETURNED and state.returned_reason and why in kit.strings:
            self.lead.say(kit.text(why))

    def _say_returned(self, state: s.Answered, kit: Kit) -> None:
        """The centre returned the last one: no tick and no date, whatever the dates say."""
        reason = f"reason.{state.returned_reason}"
        known = f"{reason}.why" in kit.strings
        self.title.say(kit.text("page.answer.returned_title"))
        self.lead.say(kit.text(f"{reason}.why") if known else kit.text("page.answer.returned_why"))
        self.now.say(kit.text(f"{reason}.now") if known else kit.text("page.answer.returned_now"))

    def _fill_dates(self, state: s.Answered, kit: Kit, *, show: bool) -> None:
        today = kit.now().date()
        rows: dict[str, list[str]] = {}
        for item in state.eligibilities if show else ():
            found = when(item, today)
            if found is not None:
                sentence = kit.strings.dated(found.key, found.first, found.last, two_lines=True)
                rows.setdefault(sentence, []).append(kit.text(f"benefit.{item.benefit_kind}.name"))
        shown = list(rows.items())[:MOST_BENEFITS]
        self.date_card.setVisible(bool(shown))
        for number, part in enumerate(self.blocks):
            part.setVisible(number < len(shown))
            sentence, names = shown[number] if number < len(shown) else ("", [])
            self.names[number].say("  ".join(names) if len(shown) > 1 else "")  # one date stands alone
            self.dates[number].say(sentence)

    def clear(self) -> None:
        super().clear()
        for text in (*self.names, *self.dates, self.stage):
            text.say("")
