"""Authenticate without the face: face to face or at home (reason, both signatures), or by proxy (agent, papers, scans)."""

from __future__ import annotations

from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.desk.checks import why_of
from kiosk.desk.values import Assisted
from kiosk.domain.outcome import Glasses
from kiosk.domain.record import Channel
from kiosk.ui.desk.assist_cards import AgentCard, BenefitsCard, GlassesCard, PapersCard, SignaturesCard, WhyCard
from kiosk.ui.desk.base import DeskKit, DeskPage
from kiosk.ui.desk.widgets import Action, Field, Words, row


class AssistPage(DeskPage[s.Assisting]):
    """A form that says at its end what is still missing."""

    name = "assist"

    def build(self) -> None:
        self.who = Words("assist-who", "heading")
        self.benefits, self.agent, self.why = BenefitsCard(), AgentCard(), WhyCard()
        self.papers, self.glasses, self.signs = PapersCard(), GlassesCard(), SignaturesCard()
        self.agent.kind.chosen.connect(lambda key: self.sent.emit(e.AssistChosen(Channel(key))))
        self.on(self.agent.take, lambda: e.AgentTyped(self.agent.name.text(), self.agent.number.text()))
        self.on(self.papers.scan_add, lambda: e.ScanChosen(self.papers.scan.text()))
        self.note = Field("assist-note", limit=200)
        self.save = self.on(Action("assist-save", "primary", icon="tick"), lambda: e.AssistSubmitted(self.form()))
        self.back = self.on(Action("back", icon="back"), e.BackTouched())
        self.foot_problem = Words("foot-problem", tone="bad")
        self.box.addWidget(self.who)
        self.split(
            (self.benefits, self.agent, self.why),
            (self.papers, self.glasses, self.note, self.signs, self.foot_problem, row(self.back, 1, self.save)),
        )
        self.box.addStretch(1)
        self._shown = ""

    def show_page(self, page: s.Assisting, kit: DeskKit) -> None:
        if page.found.person.id_number != self._shown:
            self._begin(page, kit)
        self.title.say(kit.text(f"channel.{page.channel}"))
        self.who.say(kit.who(page.found.person))
        self.benefits.say_heading(kit)
        for card in (self.agent, self.papers, self.why, self.glasses, self.signs):
            card.show_page(page, kit)
        self.note.say(kit.text("assist.note"))
        self.save.say(kit.text("saving") if page.busy else kit.text("assist.save"))
        self.save.setEnabled(not page.busy and not page.scanning)
        self.back.say(kit.text("back"))
        self.foot_problem.say(kit.problem(page.problem))

    def _begin(self, page: s.Assisting, kit: DeskKit) -> None:
        """A new person: an empty form, what is due chosen, the reason the visit ended with chosen."""
        self.clear()
        self._shown = page.found.person.id_number
        self.benefits.offer(page.found.due, kit, self.look)
        why = why_of(page.found.why, from_visit=bool(page.found.visit_id))
        if why is not None:
            self.why.chips.choose(why.value)
        if self.glasses.asks(page):
            self.glasses.worn.choose(page.found.glasses.value)

    def form(self) -> Assisted:
        """Return what is filled in."""
        saw_person, saw_card = self.why.saw()
        return Assisted(
            self.benefits.chosen(),
            self.why.chips.key,
            self.note.text(),
            saw_person,
            saw_card,
            self.papers.shown(),
            self.papers.documents,
            self.signs.person.signature(),
            self.signs.cannot_sign(),
            self.signs.staff.signature(),
            Glasses(self.glasses.worn.key or Glasses.UNKNOWN),
            self.papers.to_review(),
        )

    def clear(self) -> None:
        for card in (self.benefits, self.agent, self.papers, self.why, self.glasses, self.signs):
            card.clear()
        self.note.clear()
        self._shown = ""
        self.who.say("")
