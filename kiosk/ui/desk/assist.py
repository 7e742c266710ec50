"""Authenticate without the face: face to face or at home (reason, both signatures), or by proxy (agent, papers, scans)."""

from __future__ import annotations

from PySide6.QtCore import Slot

from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.desk.checks import why_of
from kiosk.desk.values import Assisted, ListFile
from kiosk.domain.outcome import Glasses
from kiosk.domain.record import Channel
from kiosk.ui.desk.assist_cards import AgentCard, BenefitsCard, GlassesCard, PapersCard, SignaturesCard, WhyCard
from kiosk.ui.desk.base import DeskKit
from kiosk.ui.desk.leaving import Filling, LeaveQuestion
from kiosk.ui.desk.paper_camera import PaperCamera, PhotographingPage
from kiosk.ui.desk.widgets import Action, Field, Words, row


class AssistPage(PhotographingPage[s.Assisting]):
    """A form that says at its end what is still missing."""

    name = "assist"
    notices = False

    def build(self) -> None:
        self.who = Words("assist-who", "heading")
        self.benefits, self.agent, self.why = BenefitsCard(), AgentCard(), WhyCard()
        self.papers, self.glasses, self.signs = PapersCard(), GlassesCard(), SignaturesCard()
        self.agent.kind.chosen.connect(lambda key: self.sent.emit(e.AssistChosen(Channel(key))))
        self.on(self.agent.take, self.agent.typed)
        self.papers.review.clicked.connect(lambda on: self.sent.emit(e.ReviewConsented(on)))
        self.on(self.papers.photograph, lambda: e.PaperCameraTouched(self.papers.next_paper))
        self.on(self.papers.from_medium, e.ScanListTouched())
        self.papers.files.touched.connect(self._choose)
        self.note = Field("assist-note", limit=200)
        self.save = self.on(Action("assist-save", "primary", icon="tick"), lambda: e.AssistSubmitted(self.form()))
        self.back = self.on(Action("back", icon="back"), e.BackTouched())
        self.foot_problem = Words("foot-problem", tone="bad")
        self.foot_problem.setMinimumWidth(1)  # it takes what the buttons leave, and makes the form no wider
        self.box.addWidget(self.who)
        self.split(
            (self.benefits, self.agent, self.why),
            (self.papers, self.glasses, self.note, self.signs, row(self.back, self.foot_problem, self.save)),
        )
        self.box.addStretch(1)
        self._shown = ""
        self.camera = PaperCamera()
        self.camera.sent.connect(self.sent)
        self.camera.hide()
        self.outer.addWidget(self.camera)
        typed = (self.note, self.agent.name, self.agent.number, self.agent.valid_to)
        self.filling = Filling(self, typed, (self.signs.person, self.signs.staff))
        self.filling.changed.connect(self.sent)
        self.question = LeaveQuestion()
        self.question.sent.connect(self.sent)
        self.question.hide()
        self.outer.addWidget(self.question)

    @Slot(object)
    def _choose(self, file: ListFile) -> None:
        self.sent.emit(e.ScanChosen(file))

    def show_page(self, page: s.Assisting, kit: DeskKit) -> None:
        if page.found.person.id_number != self._shown:
            self._begin(page, kit)
        self.title.say(kit.text(f"channel.{page.channel}"))
        self.who.say(kit.who(page.found.person))
        self.benefits.say_heading(kit)
        for card in (self.agent, self.why, self.glasses, self.signs):
            card.show_page(page, kit)
        self.papers.show_page(page, kit, self.look)
        self.area.setVisible(page.camera is None and page.leaving is None)
        self.camera.setVisible(page.camera is not None and page.leaving is None)
        self.camera.show_page(page, kit)
        self.question.show_page(page, kit)
        self.note.say(kit.text("assist.note"))
        self.save.say(kit.text("saving") if page.busy else kit.text("assist.save"))
        self.save.setEnabled(not page.busy and not page.scanning)
        self.back.say(kit.text("back"))
        self.foot_problem.say(kit.problem(page.problem))
        self.foot_problem.show()  # also without a word: the buttons beside it keep their places

    def _begin(self, page: s.Assisting, kit: DeskKit) -> None:
        """A new person: an empty form, what is due chosen, the reason the visit told chosen, where it told one."""
        self.clear()
        self._shown = page.found.person.id_number
        self.benefits.offer(page.found.due, kit, self.look)
        why = why_of(page.found.why)
        if why is not None:
            self.why.chips.choose(why.value)
        if self.glasses.asks(page):
            self.glasses.worn.choose(page.found.glasses.value)

    def form(self) -> Assisted:
        """Return what is filled in; papers and the consent for their pictures the machine knows itself."""
        saw_person, saw_card = self.why.saw()
        return Assisted(
            self.benefits.chosen(),
            self.why.chips.key,
            self.note.text(),
            saw_person,
            saw_card,
            self.papers.shown(),
            (),
            self.signs.person.signature(),
            self.signs.cannot_sign(),
            self.signs.staff.signature(),
            Glasses(self.glasses.worn.key or Glasses.UNKNOWN),
        )

    def clear(self) -> None:
        self.filling.hush(True)
        for card in (self.benefits, self.agent, self.papers, self.why, self.glasses, self.signs):
            card.clear()
        self.camera.clear()
        self.note.clear()
        self.filling.hush(False)
        self._shown = ""
        self.who.say("")
