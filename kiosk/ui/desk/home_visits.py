"""Who is visited at home, and what goes between this kiosk and a portable one: export, import, return, merge."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QBoxLayout, QWidget

from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.desk.boards_data import HomeVisitRow, HomeVisitsData
from kiosk.domain.record import Channel
from kiosk.ui.desk.base import DeskKit, DeskPage
from kiosk.ui.desk.table import Cell, Column, Table
from kiosk.ui.desk.widgets import Action, Card, Field, Words, column, row
from kiosk.ui.theme import Look

_CARD_WIDTH = 380  # design pixels: the longest button in either language


class _Changing:
    """What changes a booked visit: the agreed day, and whether it is to be made."""

    def __init__(self) -> None:
        self.day = Field("visit-day", digits=True, limit=12)
        self.agree = Action("visit-agree", "outlined", icon="calendar")
        self.cancel = Action("visit-cancel", "outlined", icon="cross")

    def say(self, kit: DeskKit) -> None:
        """Say what they are."""
        self.day.say(kit.text("visits.day"))
        self.agree.say(kit.text("visits.agree"))

    def show_one(self, one: HomeVisitRow | None, kit: DeskKit, *, able: bool) -> None:
        """Show what may be done with the chosen visit."""
        self.cancel.say(kit.text("visits.again" if one is not None and one.cancelled else "visits.cancel"))
        for button in (self.cancel, self.agree):
            button.setEnabled(able)


class HomeVisitsPage(DeskPage[s.Board]):
    """The longest overdue first; Enter begins the visit. What is done with a stick stands beside the list."""

    name = "home-visits"
    scrolls = False

    def build(self) -> None:
        self.lead = Words("visits-lead", tone="quiet")
        self.narrow = Field("visits-filter", limit=40)
        self.table = Table("visits")
        self.open = Action("visit-open", "primary", icon="desk-visit")
        self.back = self.on(Action("back", icon="back"), e.BackTouched())
        self.changing = _Changing()
        self.on(self.changing.agree, self._agree)
        self.on(self.changing.cancel, self._cancel)
        list_side = column(self.lead, self.narrow, row(self.changing.day, self.changing.agree, self.changing.cancel), self.table)
        list_side.setStretch(0, 0)  # its words would take half of the room
        list_side.setStretch(3, 1)
        both = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        both.addLayout(list_side, 1)
        both.addWidget(self._along())
        self._splits.append(both)
        self.box.addLayout(both, 1)
        self.mark = Action("visit-mark", icon="tick")
        self.mark.clicked.connect(lambda _=False: self._mark())
        self.box.addLayout(row(self.back, 1, self.mark, self.open))
        self.narrow.textChanged.connect(lambda _: self._fill())
        self.table.opened.connect(lambda at: self._send(lambda: self._open(at)))
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self._say_mark())
        self.on(self.open, lambda: self._open(self.table.chosen_row()))
        self._data = HomeVisitsData()
        self._kit: DeskKit | None = None
        self._rows: list[HomeVisitRow] = []
        self._marked: set[str] = set()
        self._busy = False

    def _along(self) -> Card:
        """The card of everything that has to do with another kiosk."""
        self.card = Card("visits-along", heading=Words("visits-along-title", "strong"))
        self.medium = Words("visits-stick", tone="quiet")
        self.peer = Words("visits-peer", "strong")
        self.other = Action("visits-peer-next", icon="desk-sync")
        self.other.clicked.connect(lambda _=False: self._next_peer())
        self._peer = ""
        self.carry = {
            what: self.on(Action(f"visits-{what}", "outlined", icon="desk-stick"), lambda what=what: self._carried(what))
            for what in ("export", "news", "merge", "import", "return")
        }
        for part in (self.medium, self.peer):
            self.card.box.addWidget(part)
        for button in (self.other, *self.carry.values()):
            self.card.box.addWidget(button)
        self.card.box.addStretch(1)
        return self.card

    def show_page(self, page: s.Board, kit: DeskKit) -> None:
        self._data = page.data if isinstance(page.data, HomeVisitsData) else HomeVisitsData()
        self._kit, self._busy = kit, page.busy
        if page.notice == "visit-changed":
            self.changing.day.clear()
        if page.notice == "visits-exported":
            self._marked.clear()
        self.title.say(kit.text("place.home-visits"))
        self.say_problem(page, kit)
        self.lead.say(
            kit.text("visits.lead", count=sum(not one.cancelled for one in self._data.rows))
            if page.data is not None
            else kit.text("loading")
        )
        self.narrow.say(kit.text("visits.filter"))
        self.open.say(kit.text("visits.open"))
        self.changing.say(kit)
        self.back.say(kit.text("back"))
        self._fill()

    def _fill(self) -> None:
        kit, wanted = self._kit, self.narrow.text().strip()
        if kit is None:
            return
        self._rows = [one for one in self._data.rows if not wanted or wanted in one.who or one.number.endswith(wanted)]
        weights = (2.0, 2.8, 1.9, 1.1, 2.2) if self.look.landscape else (2.3, 2.0, 2.3, 1.3, 2.1)
        heads = ("table.who", "person.benefit", "table.due", "table.note", "visits.state")
        columns = [Column(kit.text(head), weight) for head, weight in zip(heads, weights, strict=True)]
        today = kit.now().date()
        self.table.set_rows(
            columns,
            [
                (
                    Cell(one.who, "good" if one.person_id in self._marked else ""),
                    Cell(" · ".join(kit.benefit(kind) for kind in one.benefits)),
                    Cell(kit.day(one.due), "bad" if one.due and one.due < today else "wait" if one.due else "quiet"),
                    Cell(kit.text(f"visit_note.{one.note}") if one.note else ""),
                    self._where(one, kit),
                )
                for one in self._rows
            ],
            kit.text("place.home-visits"),
        )
        self.open.setEnabled(bool(self._rows))
        self._say_along(kit)

    @staticmethod
    def _where(one: HomeVisitRow, kit: DeskKit) -> Cell:
        if one.cancelled:
            return Cell(kit.text("visits.cancelled"), "bad")
        if one.on_day:
            return Cell(kit.text("visits.agreed", day=kit.day(one.on_day)[5:]), "wait")
        if one.out_to:
            return Cell(kit.text("visits.out", kiosk=one.out_to.split()[-1], at=kit.moment(one.out_since)[:5]), "wait")
        if one.lender:
            return Cell(kit.text("visits.lent_by", kiosk=one.lender), "quiet")
        if one.booked_by == "self":
            return Cell(kit.text("visits.own_wish"), "quiet")
        return Cell(kit.text("person.bureau") if one.booked_by == "roster" else one.booked_by, "quiet")

    # --- the portable kiosk

    def _say_along(self, kit: DeskKit) -> None:
        data = self._data
        heading = self.findChild(Words, "visits-along-title")
        if heading is not None:
            heading.say(kit.text("visits.along"))
        known, plugged = bool(data.peers), bool(data.media)
        told = [kit.text("visits.own", own=data.own)] if data.own else []
        told.append(
            kit.text("visits.no_peer")
            if not known
            else kit.text("visits.stick_is", name=Path(data.media[0]).name)
            if plugged
            else kit.text("visits.plug")
        )
        self.medium.say("\n".join(told))
        exportable = self._exportable()
        if self._peer not in {one.kiosk_id for one in data.peers}:
            self._peer = data.peers[0].kiosk_id if known else ""
        label = next((one.label for one in data.peers if one.kiosk_id == self._peer), "")
        self.peer.say(kit.text("visits.peer", kiosk=label) if known and exportable else "")
        self.other.say(kit.text("visits.peer_next", count=len(data.peers)))
        self._say_mark()
        marked = sum(one.person_id in self._marked for one in exportable)
        self.carry["export"].say(
            kit.text("visits.export_marked", count=marked) if marked else kit.text("visits.export_all", count=len(exportable))
        )
        wanted = {"export": bool(exportable), "news": data.has_news, "merge": data.has_exported, "return": data.to_return}
        for what, button in self.carry.items():
            if what != "export":
                button.say(kit.text(f"visits.{what}"))
            button.setVisible(known and wanted.get(what, True))
            button.setEnabled(plugged and not self._busy)
        for button in (self.other, self.mark):
            button.setVisible(known and bool(exportable) and (button is self.mark or len(data.peers) > 1))

    def _exportable(self) -> list[HomeVisitRow]:
        """The people that are shown and are this kiosk's own."""
        return [one for one in self._rows if not one.lender and not one.cancelled]

    def _next_peer(self) -> None:
        ids = [one.kiosk_id for one in self._data.peers]
        if ids and self._kit is not None:
            self._peer = ids[(ids.index(self._peer) + 1) % len(ids)] if self._peer in ids else ids[0]
            self._say_along(self._kit)

    def _say_mark(self) -> None:
        kit, one = self._kit, self._current()
        if kit is not None:
            self.mark.say(kit.text("visits.unmark" if one is not None and one.person_id in self._marked else "visits.mark"))
            self.changing.show_one(one, kit, able=one is not None and not self._busy)

    def _mark(self) -> None:
        one = self._current()
        if one is not None and not one.lender and not one.cancelled:
            self._marked ^= {one.person_id}
            self._fill()

    def _export_list(self) -> e.ExportListTouched:
        exportable = self._exportable()
        chosen = [one for one in exportable if one.person_id in self._marked] or exportable
        return e.ExportListTouched(self._peer, self._folder(), tuple(one.person_id for one in chosen))

    def _carried(self, what: str) -> e.ExportListTouched | e.HomeCarryTouched:
        return self._export_list() if what == "export" else e.HomeCarryTouched(what, self._folder())

    def _cancel(self) -> e.VisitChangeTouched | None:
        one = self._current()
        return None if one is None else e.VisitChangeTouched(one.person_id, "" if one.cancelled else "cancelled")

    def _agree(self) -> e.VisitChangeTouched | None:
        one, day = self._current(), self.changing.day.text()
        return None if one is None or not day.strip() else e.VisitChangeTouched(one.person_id, "", day)

    def _folder(self) -> str:
        return self._data.media[0] if self._data.media else ""

    # --- the list

    def _current(self) -> HomeVisitRow | None:
        at = self.table.chosen_row()
        return self._rows[at] if 0 <= at < len(self._rows) else None

    def _open(self, at: int) -> e.PersonChosen | None:
        return e.PersonChosen(self._rows[at].number, Channel.HOME_VISIT) if 0 <= at < len(self._rows) else None

    def clear(self) -> None:
        self.table.set_rows((), ())
        self.narrow.clear()
        self.changing.day.clear()
        self._rows, self._data = [], HomeVisitsData()
        self._marked.clear()

    def set_look(self, look: Look) -> None:
        super().set_look(look)
        width = look.px(_CARD_WIDTH)
        self.card.setMinimumWidth(width if look.landscape else 0)
        self.card.setMaximumWidth(width if look.landscape else 16_777_215)
        self._fill()

    def first_field(self) -> QWidget | None:
        return self.table
