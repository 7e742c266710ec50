"""What waits to be done, as a list with filters in words."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.desk.boards_data import TodoData, TodoRow
from kiosk.desk.values import Place
from kiosk.ui.desk.base import DeskKit, DeskPage
from kiosk.ui.desk.table import Cell, Column, Table
from kiosk.ui.desk.widgets import Action, Chips, Words, row

_FILTERS = ("", "returned", "refused", "due", "waiting")
_AMONG = {"scan": "returned", "fresh": "due"}  # the chip under which a kind is shown, where it has none of its own
_BACK = ("returned", "refused", "scan")
_TONES = {"returned": "bad", "refused": "bad", "scan": "bad", "due": "wait", "fresh": "wait", "waiting": "quiet"}


class TodoPage(DeskPage[s.Board]):
    """Returned by the centre with reasons, refused, due soon, waiting."""

    name = "todo"
    scrolls = False

    def build(self) -> None:
        self.chips = Chips("todo-filter", _FILTERS)
        self.table = Table("todo")
        self.reason = Words("todo-reason")
        self.open = Action("todo-open", "primary", icon="desk-find")
        self.handled = Action("todo-handled", "outlined", icon="tick")
        self.back = self.on(Action("back", icon="back"), e.BackTouched())
        self.calls = self.on(Action("todo-reminders", "outlined", icon="phone"), e.Went(Place.REMINDERS))
        self.box.addWidget(self.chips)
        self.box.addLayout(row(1, self.calls))
        self.box.addWidget(self.table, 1)
        self.box.addWidget(self.reason)
        self.box.addLayout(row(self.back, 1, self.handled, self.open))
        self.chips.chosen.connect(lambda _: self._fill())
        self.table.opened.connect(lambda at: self._send(self._open))
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self._chosen())
        self.on(self.open, self._open)
        self.on(self.handled, self._handled)
        self._data = TodoData()
        self._rows: list[TodoRow] = []
        self._kit: DeskKit | None = None

    def show_page(self, page: s.Board, kit: DeskKit) -> None:
        self._data = page.data if isinstance(page.data, TodoData) else TodoData()
        self._kit = kit
        self.title.say(kit.text("place.todo"))
        self.say_problem(page, kit)
        counts = {kind: sum(_AMONG.get(one.kind, one.kind) == kind for one in self._data.rows) for kind in _FILTERS}
        counts[""] = len(self._data.rows)
        self.chips.say(lambda key: f"{kit.text('todo.' + (key or 'all'))} {counts[key]}")
        self.chips.choose(self.chips.key)
        self.open.say(kit.text("todo.open"))
        self.handled.say(kit.text("todo.handled"))
        self.back.say(kit.text("back"))
        self.calls.say(kit.text("place.reminders"))
        self._fill()

    def _fill(self) -> None:
        kit = self._kit
        if kit is None:
            return
        self._rows = [one for one in self._data.rows if self.chips.key in ("", _AMONG.get(one.kind, one.kind))]
        columns = (
            Column(kit.text("table.state"), 1.7),
            Column(kit.text("table.who"), 2.2),
            Column(kit.text("table.what"), 2.6),
            Column(kit.text("table.when"), 1.6),
            Column(kit.text("table.author"), 1.2),
        )
        self.table.set_rows(
            columns,
            [
                (
                    Cell(kit.text(f"todo.{one.kind}"), _TONES[one.kind]),
                    Cell(kit.text("todo.count", count=one.who) if one.kind == "waiting" else one.who),
                    Cell(kit.benefit(one.what) if one.what else kit.short(one.reason)),
                    Cell(kit.day(one.when)),
                    Cell(one.author, "quiet"),
                )
                for one in self._rows
            ],
            kit.text("place.todo"),
        )
        self._chosen()

    def _chosen(self) -> None:
        one, kit = self._current(), self._kit
        if kit is None:
            return
        self.reason.say(
            ""
            if one is None
            else kit.text("todo.next.returned", reason=kit.problem(one.reason))
            if one.kind in ("returned", "refused")
            else kit.text(f"todo.next.{one.kind}"),
            "bad" if one is not None and one.kind in _BACK else "quiet",
        )
        self.open.setEnabled(one is not None and bool(one.number))
        self.handled.setEnabled(one is not None and bool(one.record_id))

    def _current(self) -> TodoRow | None:
        at = self.table.chosen_row()
        return self._rows[at] if 0 <= at < len(self._rows) else None

    def clear(self) -> None:
        self.table.set_rows((), ())
        self._rows, self._data = [], TodoData()
        self.reason.say("")

    def first_field(self) -> QWidget | None:
        return self.table

    def _open(self) -> e.PersonChosen | None:
        one = self._current()
        return e.PersonChosen(one.number) if one is not None and one.number else None

    def _handled(self) -> e.HandledTouched | None:
        one = self._current()
        return e.HandledTouched(one.record_id) if one is not None and one.record_id else None
