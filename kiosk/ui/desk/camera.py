"""The camera on record beside the one that is there; a supervisor who looked at it says why it is another one."""

from __future__ import annotations

from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.desk.boards_data import CameraData
from kiosk.domain.camera_identity import WHYS
from kiosk.ui.desk.base import DeskKit, DeskPage
from kiosk.ui.desk.table import Cell, Column, Table
from kiosk.ui.desk.widgets import Action, Card, Chips, Words, row

_DIFFERS = {"others": "second-node"}  # a row's name, where the code of its difference is another


class CameraBoardPage(DeskPage[s.Board]):
    """What differs stands in the table; the reason is chosen before it can be confirmed."""

    name = "camera"

    def build(self) -> None:
        self.card = Card("camera-card")
        self.state_words = Words("camera-state", "strong")
        self.why_words = Words("camera-why-words")
        self.record = Words("camera-record", "small")
        for part in (self.state_words, self.why_words, self.record):
            self.card.box.addWidget(part)
        self.table = Table("camera-rows")
        self.hint = Words("camera-hint", tone="quiet")
        self.ask = Card("camera-ask", heading=Words("camera-ask-title", "strong"))
        self.whys = Chips("camera-why", WHYS, columns=2)
        self.ask.box.addWidget(self.whys)
        self.confirm = self.on(Action("camera-confirm", "primary", icon="tick"), lambda: e.CameraConfirmed(self.whys.key))
        self.back = self.on(Action("back", icon="back"), e.BackTouched())
        for widget in (self.card, self.table, self.hint, self.ask):
            self.box.addWidget(widget)
        self.box.addLayout(row(self.back, 1, self.confirm))
        self.box.addStretch(1)

    def show_page(self, page: s.Board, kit: DeskKit) -> None:
        data = page.data if isinstance(page.data, CameraData) else None
        self.title.say(kit.text("place.camera"))
        self.say_problem(page, kit)
        waits = data is not None and not data.believed
        told = any(seen or pinned for _, pinned, seen in data.rows) if data is not None else False
        if data is None:
            self.state_words.say(kit.text("loading"), "quiet")
        elif waits:
            self.state_words.say(kit.text("camera.waits"), "bad")
        else:
            self.state_words.say(kit.text("camera.fine" if told else "camera.untold"), "good" if told else "quiet")
        self.why_words.say("\n".join(kit.text(f"camera.why.{one}") for one in data.why) if data else "")
        self.why_words.setVisible(waits)
        by = kit.text("camera.set_up") if data and data.by == "set-up" else data.by if data else ""
        self.record.say(kit.text("camera.record", at=kit.moment(data.at), by=by) if data and data.at else "")
        self.record.setVisible(bool(data and data.at))
        self._fill(data, kit, told)
        self.hint.say(kit.text("camera.hint"))
        self.hint.setVisible(waits)
        heading = self.findChild(Words, "camera-ask-title")
        if heading is not None:
            heading.say(kit.text("camera.ask"))
        self.whys.say(lambda key: kit.text(f"camera.because.{key}"))
        self.ask.setVisible(waits)
        self.confirm.say(kit.text("camera.confirm"))
        self.confirm.setVisible(waits)
        self.confirm.setEnabled(not page.busy)
        self.back.say(kit.text("back"))

    def _fill(self, data: CameraData | None, kit: DeskKit, told: bool) -> None:
        columns = (
            Column(kit.text("camera.what"), 1.4),
            Column(kit.text("camera.on_record"), 2),
            Column(kit.text("camera.there"), 2),
        )
        # What neither camera tells only pushes the reasons and the button off the screen.
        rows = tuple(row for row in data.rows if row[1] or row[2]) if data is not None else ()
        why = data.why if data is not None else ()
        self.table.set_rows(
            columns,
            [
                (
                    Cell(kit.text(f"camera.row.{what}")),
                    Cell(pinned),
                    Cell(seen, "bad" if _DIFFERS.get(what, what) in why else ""),
                )
                for what, pinned, seen in rows
            ],
            kit.text("place.camera"),
        )
        self.table.setVisible(told)
        self.table.setFixedHeight(self.table.wanted_height(max(1, len(rows))))

    def clear(self) -> None:
        self.whys.choose("")
