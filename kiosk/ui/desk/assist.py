"""Authenticate without the face: face to face or at home (reason, both signatures), or by proxy (agent, papers, scans)."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout

from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.desk.checks import WHYS, why_of
from kiosk.desk.values import Assisted, Document
from kiosk.domain.desk_rules import PROXIES, PROXY_PAPERS
from kiosk.domain.outcome import Glasses
from kiosk.domain.record import Channel
from kiosk.ui.desk.base import DeskKit, DeskPage
from kiosk.ui.desk.drawing import SignaturePad
from kiosk.ui.desk.widgets import Action, Card, Chips, Field, Tick, Words, row


def _asks_glasses(page: s.Assisting) -> bool:
    return bool(page.found.counted) and page.channel not in PROXIES


class AssistPage(DeskPage):
    """A form that says at its end what is still missing."""

    name = "assist"

    def build(self) -> None:
        self.who = Words("assist-who", "heading")
        self.benefits = Card("assist-benefits", heading=Words("benefits-heading", "strong"))
        self.benefit_box = QVBoxLayout()
        self.benefits.box.addLayout(self.benefit_box)
        self.ticks: dict[str, Tick] = {}
        self.agent = Card("assist-agent", heading=Words("agent-heading", "strong"))
        self.kind = Chips("proxy-kind", [channel.value for channel in PROXIES])
        self.kind.chosen.connect(lambda key: self.sent.emit(e.AssistChosen(Channel(key))))
        self.agent_who = Words("agent-who")
        self.agent_name, self.agent_number = Field("agent-name", limit=60), Field("agent-number", digits=True, limit=40)
        self.agent_take = self.on(Action("agent-take", "outlined"), self._agent)
        self.agent.box.addWidget(self.kind)
        self.agent.box.addWidget(self.agent_who)
        self.agent.box.addLayout(row(self.agent_name, self.agent_number))
        self.agent.box.addLayout(row(self.agent_take, 1))
        self.papers = Card("assist-papers", heading=Words("papers-heading", "strong"))
        self.paper_ticks = {paper: Tick(f"paper-{paper}") for paper in PROXY_PAPERS}
        for tick in self.paper_ticks.values():
            self.papers.box.addWidget(tick)
        self.scan = Field("scan-path", latin=True, limit=400)
        self.scan_add = self.on(Action("scan-add", "outlined", icon="desk-list"), lambda: e.ScanChosen(self.scan.text()))
        self.scans = Words("scans", "small")
        self.review = Tick("review-consent")
        self.papers.box.addLayout(row(self.scan, self.scan_add))
        self.papers.box.addWidget(self.scans)
        self.papers.box.addWidget(self.review)
        self.why = Card("assist-why", heading=Words("why-heading", "strong"))
        self.whys = Chips("why", [why.value for why in WHYS], columns=3)
        self.saw_person, self.saw_card = Tick("saw-person"), Tick("saw-card")
        self.why.box.addWidget(self.whys)
        self.why.box.addLayout(row(self.saw_person, self.saw_card))
        self.glasses = Card("assist-glasses", heading=Words("glasses-heading", "strong"))
        self.worn = Chips("glasses", [Glasses.YES.value, Glasses.NO.value])
        self.glasses.box.addWidget(self.worn)
        self.note = Field("assist-note", limit=200)
        self.signs = Card("assist-signs", heading=Words("signs-heading", "strong"))
        self.person_pad, self.staff_pad = SignaturePad("sign-person"), SignaturePad("sign-staff")
        self.cannot = Tick("cannot-sign")
        self.wipe = Action("sign-wipe", icon="delete")
        self.wipe.clicked.connect(self._wipe)
        self.signs.box.addLayout(row(self.person_pad, self.staff_pad))
        self.signs.box.addWidget(self.cannot)
        self.signs.box.addLayout(row(self.wipe, 1))
        self.save = self.on(Action("assist-save", "primary", icon="tick"), lambda: e.AssistSubmitted(self.form()))
        self.back = self.on(Action("back", icon="back"), e.BackTouched())
        self.foot_problem = Words("foot-problem", tone="bad")
        self.box.addWidget(self.who)
        self.split(
            (self.benefits, self.agent, self.why),
            (self.papers, self.glasses, self.note, self.signs, self.foot_problem, row(self.back, 1, self.save)),
        )
        self.box.addStretch(1)
        self._documents: tuple[Document, ...] = ()
        self._shown = ""

    def show_page(self, page: s.Assisting, kit: DeskKit) -> None:
        found, proxy = page.found, page.channel in PROXIES
        if found.person.id_number != self._shown:
            self._begin(page, kit)
        self.title.say(kit.text(f"channel.{page.channel}"))
        self.who.say(kit.who(found.person))
        for name, card in (
            ("benefits", self.benefits),
            ("agent", self.agent),
            ("papers", self.papers),
            ("why", self.why),
            ("glasses", self.glasses),
            ("signs", self.signs),
        ):
            heading = card.findChild(Words, f"{name}-heading")
            if heading is not None:
                heading.say(kit.text(f"assist.{name}"))
        for card in (self.agent, self.papers):
            card.setVisible(proxy)
        self.why.setVisible(not proxy)
        # Only where takes failed whose group the answer puts right: nobody else's glasses are asked about.
        self.glasses.setVisible(_asks_glasses(page))
        self.worn.say(lambda key: kit.text(f"assist.glasses_{key}"))
        self.cannot.setVisible(not proxy)
        self.kind.say(lambda key: kit.text(f"channel.{key}"))
        self.kind.choose(page.channel.value)
        self.agent_who.say(
            kit.text("assist.agent_is", who=kit.who(page.agent)) if page.agent else kit.text("assist.agent_hint"),
            "good" if page.agent else "quiet",
        )
        self.agent_name.say(kit.text("assist.agent_name"))
        self.agent_number.say(kit.text("assist.agent_number"))
        self.agent_take.say(kit.text("assist.agent_take"))
        for paper, tick in self.paper_ticks.items():
            tick.say(kit.text(f"paper.{paper}"))
        self.scan.say(kit.text("assist.scan"))
        self.scan_add.say(kit.text("assist.scan_add"))
        self.scan_add.setEnabled(not page.scanning)
        self.review.say(kit.text("assist.review"))
        self._show_scans(page, kit)
        self.whys.say(lambda key: kit.text(f"why.{key}"))
        self.saw_person.say(kit.text("assist.saw_person"))
        self.saw_card.say(kit.text("assist.saw_card"))
        self.note.say(kit.text("assist.note"))
        self.person_pad.say(kit.text("assist.sign_agent" if proxy else "assist.sign_person"))
        self.staff_pad.say(kit.text("assist.sign_staff", name=kit.session.name if kit.session else ""))
        self.cannot.say(kit.text("assist.cannot_sign"))
        self.wipe.say(kit.text("assist.wipe"))
        self.save.say(kit.text("saving") if page.busy else kit.text("assist.save"))
        self.save.setEnabled(not page.busy and not page.scanning)
        self.back.say(kit.text("back"))
        self.foot_problem.say(kit.problem(page.problem))

    def _begin(self, page: s.Assisting, kit: DeskKit) -> None:
        """A new person: an empty form, what is due chosen, the reason the visit ended with chosen."""
        self.clear()
        self._shown = page.found.person.id_number
        for item in page.found.due:
            tick = Tick(f"benefit-{item.benefit_id}").say(f"{kit.benefit(item.benefit_kind)}:  {kit.rule(item)}")
            tick.setChecked(True)
            tick.set_look(self.look)
            self.benefit_box.addWidget(tick)
            self.ticks[item.benefit_id] = tick
        why = why_of(page.found.why, from_visit=bool(page.found.visit_id))
        if why is not None:
            self.whys.choose(why.value)
        if _asks_glasses(page):
            self.worn.choose(page.found.glasses.value)

    def form(self) -> Assisted:
        """Return what is filled in."""
        return Assisted(
            tuple(benefit for benefit, tick in self.ticks.items() if tick.isChecked()),
            self.whys.key,
            self.note.text(),
            self.saw_person.isChecked(),
            self.saw_card.isChecked(),
            tuple(paper for paper, tick in self.paper_ticks.items() if tick.isChecked()),
            self._documents,
            self.person_pad.signature(),
            self.cannot.isChecked(),
            self.staff_pad.signature(),
            Glasses(self.worn.key or Glasses.UNKNOWN),
            bool(self._documents) and self.review.isChecked(),
        )

    def clear(self) -> None:
        for tick in self.ticks.values():
            tick.hide()
            tick.setParent(None)
            tick.deleteLater()
        self.ticks = {}
        for box in (self.saw_person, self.saw_card, self.cannot, self.review, *self.paper_ticks.values()):
            box.setChecked(False)
        for field in (self.note, self.agent_name, self.agent_number, self.scan):
            field.clear()
        self.whys.choose("")
        self._documents, self._shown = (), ""
        self._wipe()
        self.who.say("")

    def _wipe(self) -> None:
        self.person_pad.clear()
        self.staff_pad.clear()

    def _agent(self) -> e.AgentTyped:
        return e.AgentTyped(self.agent_name.text(), self.agent_number.text())

    def _show_scans(self, page: s.Assisting, kit: DeskKit) -> None:
        """Name and digest: the file stays where it is, unless a consent of its own sends it to review."""
        if len(page.documents) > len(self._documents):
            self.scan.clear()
        self._documents = page.documents
        lines = [f"{one.name}  SHA-256 {one.digest[:12]}…" for one in page.documents]
        if page.scan_bad:
            self.scans.say(kit.text("assist.scan_bad"), "bad")
        else:
            self.scans.say(kit.text("loading") if page.scanning else "\n".join(lines) or kit.text("assist.scan_none"), "quiet")
        self.review.setEnabled(bool(page.documents))
