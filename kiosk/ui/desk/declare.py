"""Declarations: hukou cancelled or moved, place of residence, death."""

from __future__ import annotations

from datetime import date

from PySide6.QtWidgets import QWidget

from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.desk.checks import RELATIONS
from kiosk.desk.values import Declared, Declaring
from kiosk.domain.desk_rules import DECLARATION_PAPERS
from kiosk.ui.desk.base import DeskKit
from kiosk.ui.desk.leaving import Filling, LeaveQuestion
from kiosk.ui.desk.paper_camera import PaperCamera, PhotographingPage
from kiosk.ui.desk.photographed import PhotographedPapers
from kiosk.ui.desk.widgets import Action, Card, Chips, Field, Words, row


class DeclarePage(PhotographingPage[s.TakingDeclaration]):
    """What kind, then only what that kind asks for."""

    name = "declare"

    def build(self) -> None:
        self.who = Words("declare-who", "heading")
        self.kinds = Chips("declare-kind", [kind.value for kind in Declared], columns=2)
        self.kinds.chosen.connect(lambda _: self._show_parts())
        self.hint = Words("declare-hint", tone="quiet")
        self.form = Card("declare-form")
        self.day = Field("declare-day", digits=True, limit=10)
        self.place = Field("declare-place", limit=120)
        self.note = Field("declare-note", limit=200)
        for field in (self.day, self.place, self.note):
            self.form.box.addWidget(field)
        self.declarant = Card("declarant", heading=Words("declarant-title", "strong"))
        self.declarant_who = Words("declarant-who")
        self.name_field, self.number = Field("declarant-name", limit=60), Field("declarant-number", digits=True, limit=40)
        self.use = self.on(Action("declarant-take", "outlined"), lambda: e.AgentTyped(self.name_field.text(), self.number.text()))
        self.relations = Chips("relation", RELATIONS, columns=3)
        self.declarant.box.addWidget(self.declarant_who)
        self.declarant.box.addLayout(row(self.name_field, self.number))
        self.declarant.box.addLayout(row(self.use, 1))
        self.declarant.box.addWidget(self.relations)
        self.papers = PhotographedPapers("declare")
        self.papers.sent.connect(self.sent)
        self.save = self.on(Action("declare-save", "primary", icon="tick"), self._form)
        self.back = self.on(Action("back", icon="back"), e.BackTouched())
        self.box.addWidget(self.who)
        self.split((self.kinds, self.hint, self.form), (self.declarant, self.papers, row(self.back, 1, self.save)))
        self.box.addStretch(1)
        self._kit: DeskKit | None = None
        self.camera = PaperCamera(DECLARATION_PAPERS)
        self.camera.sent.connect(self.sent)
        self.camera.hide()
        self.outer.addWidget(self.camera)
        self.filling = Filling(self, (self.day, self.place, self.note, self.name_field, self.number))
        self.filling.changed.connect(self.sent)
        self.question = LeaveQuestion()
        self.question.sent.connect(self.sent)
        self.question.hide()
        self.outer.addWidget(self.question)

    def show_page(self, page: s.TakingDeclaration, kit: DeskKit) -> None:
        self._kit = kit
        self.title.say(kit.text("channel.declaration"))
        self.say_problem(page, kit)
        self.who.say(kit.who(page.found.person))
        self.kinds.say(lambda key: kit.text(f"declare.{key}"))
        self.kinds.choose(self.kinds.key or Declared.RESIDENCE.value)
        self.day.say(kit.text("declare.day"))
        self.place.say(kit.text("declare.place"))
        self.note.say(kit.text("assist.note"))
        heading = self.findChild(Words, "declarant-title")
        if heading is not None:
            heading.say(kit.text("declare.declarant"))
        self.declarant_who.say(
            kit.text("declare.declarant_is", who=kit.who(page.declarant)) if page.declarant else kit.text("declare.declarant_hint"),
            "good" if page.declarant else "quiet",
        )
        self.name_field.say(kit.text("declare.declarant_name"))
        self.number.say(kit.text("declare.declarant_number"))
        self.use.say(kit.text("assist.agent_take"))
        self.relations.say(lambda key: kit.text(f"relation.{key}"))
        self.save.say(kit.text("saving") if page.busy else kit.text("assist.save"))
        self.save.setEnabled(not page.busy)
        self.papers.show_page(page, kit)
        self.area.setVisible(page.camera is None and page.leaving is None)
        self.camera.setVisible(page.camera is not None and page.leaving is None)
        self.camera.show_page(page, kit)
        self.question.show_page(page, kit)
        self.back.say(kit.text("back"))
        self._show_parts()

    def _show_parts(self) -> None:
        kind = Declared(self.kinds.key)
        if self._kit is not None:
            self.hint.say(self._kit.text(f"declare.hint.{kind}"))
        self.place.setVisible(kind is not Declared.DEATH)
        self.declarant.setVisible(kind is Declared.DEATH)

    def _form(self) -> e.DeclareSubmitted | None:
        text = self.day.text().strip()
        try:
            day = date.fromisoformat(text) if text else None
        except ValueError:
            self.problem.say(self._kit.problem("day-missing") if self._kit else "")
            return None
        return e.DeclareSubmitted(Declaring(Declared(self.kinds.key), day, self.place.text(), self.note.text(), self.relations.key))

    def first_field(self) -> QWidget | None:
        return self.day

    def clear(self) -> None:
        self.filling.hush(True)
        for field in (self.day, self.place, self.note, self.name_field, self.number):
            field.clear()
        self.filling.hush(False)
        self.camera.clear()
        self.papers.clear()
        self.kinds.choose("")
        self.relations.choose("")
        self.who.say("")
        self.declarant_who.say("")
