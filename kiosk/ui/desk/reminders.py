"""People to call, by street: suspended ones and those who are due within a month. A tick, a slip, a sheet on a stick."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.desk.boards_data import ReminderRow, RemindersData
from kiosk.ui.desk.base import DeskKit, DeskPage
from kiosk.ui.desk.table import Cell, Column, Table
from kiosk.ui.desk.widgets import Action, Words, row


class RemindersPage(DeskPage[s.Board]):
    """One street after another, or all of them."""

    name = "reminders"
    scrolls = False

    def build(self) -> None:
        self._area: str | None = None  # None: all of them; "": people without one
        self.lead = Words("reminders-lead", tone="quiet")
        self.street = Action("reminders-street", "outlined")
        self.street.clicked.connect(lambda _=False: self._next_street())
        self.table = Table("reminders")
        self.back = self.on(Action("back", icon="back"), e.BackTouched())
        self.paper = self.on(Action("reminders-print", "outlined", icon="desk-list"), lambda: e.PrintTouched(self._area))
        self.export = self.on(Action("reminders-export", "outlined", icon="desk-stick"), self._export)
        self.open = self.on(Action("reminders-open", "outlined", icon="desk-find"), self._open)
        self.called = self.on(Action("reminders-called", "primary", icon="tick"), self._called)
        self.box.addWidget(self.lead)
        self.box.addLayout(row(self.street, 1, self.paper, self.export))
        self.box.addWidget(self.table, 1)
        self.box.addLayout(row(self.back, 1, self.open, self.called))
        self.table.opened.connect(lambda at: self._send(self._called))
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self._chosen())
        self._data = RemindersData()
        self._kit: DeskKit | None = None
        self._rows: list[ReminderRow] = []
        self._busy = False

    def show_page(self, page: s.Board, kit: DeskKit) -> None:
        self._data = page.data if isinstance(page.data, RemindersData) else RemindersData()
        self._kit, self._busy = kit, page.busy
        data = self._data
        self.title.say(kit.text("place.reminders"))
        self.say_problem(page, kit)
        left = sum(one.called_on is None for one in data.rows)
        self.lead.say(
            kit.text("loading")
            if page.data is None
            else kit.text("reminders.lead", day=kit.day(data.made_on), left=left, count=len(data.rows))
            if data.made_on
            else kit.text("reminders.none")
        )
        if self._area not in {one.area for one in data.rows}:
            self._area = None
        self.paper.say(kit.text("reminders.print"))
        self.paper.setEnabled(data.printer and left > 0 and not page.busy)
        self.export.say(kit.text("reminders.export") if data.media else kit.text("no_stick"))
        self.export.setEnabled(bool(data.media) and left > 0 and not page.busy)
        self.open.say(kit.text("todo.open"))
        self.called.say(kit.text("reminders.called"))
        self.back.say(kit.text("back"))
        self._fill()

    def _fill(self) -> None:
        kit = self._kit
        if kit is None:
            return
        chosen = self.table.chosen_row()
        self._rows = [one for one in self._data.rows if self._area in (None, one.area)]
        named = kit.text("reminders.street", street=self._area or kit.text("reminders.no_street"))
        self.street.say(kit.text("reminders.all_streets") if self._area is None else named)
        self.street.setEnabled(len({one.area for one in self._data.rows}) > 1)
        weights = (
            ("reminders.area", 2.0),
            ("table.who", 1.3),
            ("reminders.phone", 2.0),
            ("table.state", 2.4),
            ("reminders.done", 1.9),
        )
        self.table.set_rows(
            [Column(kit.text(head), weight) for head, weight in weights],
            [
                (
                    Cell(one.area) if one.area else Cell(kit.text("reminders.no_street"), "quiet"),
                    Cell(one.who),
                    Cell(one.phone or kit.text("reminders.no_phone"), "" if one.phone else "quiet"),
                    Cell(
                        kit.text("reminders.suspended")
                        if one.urgency == "suspended"
                        else kit.text("reminders.due", day=kit.day(one.due)),
                        "bad" if one.urgency == "suspended" else "wait",
                    ),
                    Cell(f"{kit.day(one.called_on)[5:]} {one.called_by}".strip(), "good") if one.called_on else Cell(""),
                )
                for one in self._rows
            ],
            kit.text("place.reminders"),
        )
        if 0 <= chosen < len(self._rows):
            self.table.selectRow(chosen)
        self._chosen()

    def _next_street(self) -> None:
        streets = [None, *dict.fromkeys(one.area for one in self._data.rows)]
        self._area = streets[(streets.index(self._area) + 1) % len(streets)]
        self._fill()

    def _chosen(self) -> None:
        one = self._current()
        self.open.setEnabled(one is not None)
        self.called.setEnabled(one is not None and one.called_on is None and not self._busy)

    def _current(self) -> ReminderRow | None:
        at = self.table.chosen_row()
        return self._rows[at] if 0 <= at < len(self._rows) else None

    def clear(self) -> None:
        self.table.set_rows((), ())
        self._rows, self._data, self._area = [], RemindersData(), None

    def first_field(self) -> QWidget | None:
        return self.table

    def _called(self) -> e.CalledTouched | None:
        one = self._current()
        return e.CalledTouched(one.person_id) if one is not None and one.called_on is None else None

    def _open(self) -> e.PersonChosen | None:
        one = self._current()
        return e.PersonChosen(one.number) if one is not None else None

    def _export(self) -> e.ExportTouched | None:
        return e.ExportTouched(self._data.media[0]) if self._data.media else None
