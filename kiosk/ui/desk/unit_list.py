"""Unit lists: the clerk's identity, the papers, the file; then every row with its answer, to be exported."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.desk.boards_data import UnitListData
from kiosk.domain.desk_rules import UNIT_PAPERS
from kiosk.ui.desk.base import DeskKit
from kiosk.ui.desk.file_choice import FileChoice
from kiosk.ui.desk.leaving import LeaveQuestion
from kiosk.ui.desk.paper_camera import PaperCamera, PhotographingPage
from kiosk.ui.desk.photographed import PhotographedPapers
from kiosk.ui.desk.table import Cell, Column, Table
from kiosk.ui.desk.widgets import Action, Card, Field, Tick, Words, column, row


class UnitPapers(QWidget):
    """Which papers the clerk brought, and pictures of them."""

    sent = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._ticks = {paper: Tick(f"paper-{paper}") for paper in UNIT_PAPERS}
        self._photos = PhotographedPapers("unit")
        self._photos.sent.connect(self.sent)
        self._seen: tuple[str, ...] = ()
        brought = Card("unit-brought")
        for tick in self._ticks.values():
            brought.box.addWidget(tick)
        box = column(brought, self._photos)
        box.setContentsMargins(0, 0, 0, 0)
        self.setLayout(box)

    def show_page(self, page: s.Board, kit: DeskKit) -> None:
        """Fill from the page: what was photographed needs no tick."""
        for paper, tick in self._ticks.items():
            tick.say(kit.text(f"paper.{paper}"))
            if paper in page.seen and paper not in self._seen:
                tick.setChecked(True)
            tick.setEnabled(paper not in page.seen)
        self._seen = page.seen
        self._photos.show_page(page, kit)

    def brought(self) -> tuple[str, ...]:
        """Return the papers that were ticked."""
        return tuple(paper for paper, tick in self._ticks.items() if tick.isChecked())

    def clear(self) -> None:
        """Forget them."""
        self._photos.clear()
        self._seen = ()
        for tick in self._ticks.values():
            tick.setChecked(False)


class UnitListPage(PhotographingPage[s.Board]):
    """A form, then answers."""

    name = "unit-list"

    def build(self) -> None:
        self.form = Card("unit-form")
        self.unit = Field("unit-name", limit=80)
        self.clerk_who = Words("clerk-who")
        self.clerk_name, self.clerk_number = Field("clerk-name", limit=60), Field("clerk-number", digits=True, limit=40)
        self.clerk_take = self.on(
            Action("clerk-take", "outlined"), lambda: e.AgentTyped(self.clerk_name.text(), self.clerk_number.text())
        )
        self.papers = UnitPapers()
        self.papers.sent.connect(self.sent)
        self.file = Words("unit-file", "heading")
        self.files = FileChoice()
        self.take = self.on(Action("unit-take", "primary", icon="tick"), self._take)
        for part in (self.unit, self.clerk_who):
            self.form.box.addWidget(part)
        self.form.box.addLayout(row(self.clerk_name, self.clerk_number))
        self.form.box.addLayout(row(self.clerk_take, 1))
        self.form.box.addWidget(self.file)
        self.form.box.addWidget(self.files)
        self.summary = Words("unit-summary", "heading")
        self.source, self.target = Words("unit-source"), Words("unit-target")
        self.table = Table("answers")
        self.export = self.on(Action("unit-export", "outlined", icon="desk-stick"), self._export)
        self.back = self.on(Action("back", icon="back"), e.BackTouched())
        self.split((self.form,), (self.papers,))
        for part in (self.summary, self.source, self.target):
            self.box.addWidget(part)
        self.box.addWidget(self.table)
        self.box.addLayout(row(self.back, 1, self.export, self.take))
        self.box.addStretch(1)
        self._target = ""
        self.camera = PaperCamera(UNIT_PAPERS)
        self.camera.sent.connect(self.sent)
        self.camera.hide()
        self.outer.addWidget(self.camera)
        self.question = LeaveQuestion()
        self.question.sent.connect(self.sent)
        self.question.hide()
        self.outer.addWidget(self.question)

    def show_page(self, page: s.Board, kit: DeskKit) -> None:
        data = page.data if isinstance(page.data, UnitListData) else UnitListData()
        self.title.say(kit.text("place.unit-list"))
        self.say_problem(page, kit)
        self.unit.say(kit.text("unit.name"))
        self.clerk_who.say(
            kit.text("unit.clerk_is", who=kit.who(page.clerk)) if page.clerk else kit.text("unit.clerk_hint"),
            "good" if page.clerk else "quiet",
        )
        self.clerk_name.say(kit.text("unit.clerk_name"))
        self.clerk_number.say(kit.text("unit.clerk_number"))
        self.clerk_take.say(kit.text("assist.agent_take"))
        self.papers.show_page(page, kit)
        self.area.setVisible(page.camera is None and page.leaving is None)
        self.camera.setVisible(page.camera is not None and page.leaving is None)
        self.camera.show_page(page, kit)
        self.question.show_page(page, kit)
        self.file.say(kit.text("unit.file"))
        self.files.offer(data.files, kit, self.look)
        self.take.say(kit.text("saving") if page.busy else kit.text("unit.take"))
        self.take.setEnabled(not page.busy)
        self._say_where(data, kit)
        self.export.setEnabled(bool(data.answers and self._target) and not page.busy)
        self.back.say(kit.text("back"))
        done = bool(data.answers)
        for card in (self.form, self.papers):
            card.setVisible(not done)
        self.take.setVisible(not done)
        self.export.setVisible(done)
        self.table.setVisible(done)
        self.summary.say(
            kit.text("unit.summary", unit=data.unit, rows=len(data.answers), saved=data.saved, left=len(data.answers) - data.saved)
            if done
            else ""
        )
        columns = (Column(kit.text("table.line"), 0.7), Column(kit.text("table.who"), 2.4), Column(kit.text("table.answer"), 4.2))
        self.table.set_rows(
            columns,
            [
                (
                    Cell(str(one.line), "quiet"),
                    Cell(one.who),
                    Cell(kit.short(one.problem), "bad") if one.problem else Cell(kit.text("unit.saved"), "good"),
                )
                for one in data.answers
            ],
            kit.text("place.unit-list"),
        )
        self.table.setFixedHeight(self.table.wanted_height(max(1, min(14, len(data.answers)))))

    def _say_where(self, data: UnitListData, kit: DeskKit) -> None:
        """Which list was read, and onto which stick the answers go: its own, where that can be written."""
        source = data.source
        own = source is not None and source.medium in data.media
        self._target = "" if not data.media else source.medium if source is not None and own else data.media[0]
        named = {"medium": Path(source.medium).name, "file": source.name, "sheet": data.sheet} if source else {}
        self.source.say(kit.text("unit.source_sheet" if data.sheet else "unit.source", **named) if source else "")
        words = "unit.target" if own else "unit.target_other"
        self.target.say(
            kit.text(words, medium=Path(self._target).name) if source and self._target else "", "quiet" if own else "wait"
        )
        self.export.say(kit.text("unit.export") if self._target else kit.text("no_stick"))

    def _take(self) -> e.UnitListChosen:
        return e.UnitListChosen(self.files.chosen, self.unit.text(), self.papers.brought())

    def _export(self) -> e.ExportTouched | None:
        return e.ExportTouched(self._target) if self._target else None

    def clear(self) -> None:
        self.camera.clear()
        for field in (self.unit, self.clerk_name, self.clerk_number):
            field.clear()
        self.files.choose(None)
        self.source.say("")
        self.target.say("")
        self.papers.clear()
        self.table.set_rows((), ())
        self.clerk_who.say("")
