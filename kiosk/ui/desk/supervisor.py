"""The supervisor's pages: end of the day with two pairs of eyes, and the staff."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.desk.boards_data import ApprovalData, ApprovalDay, StaffData
from kiosk.desk.values import Role
from kiosk.ui.desk.base import DeskKit, DeskPage
from kiosk.ui.desk.table import Cell, Column, Table
from kiosk.ui.desk.widgets import Action, Card, Chips, Field, Words, row


class ApprovalPage(DeskPage[s.Board]):
    """Days on the left of the table, what happened on the chosen one below; who made records of a day does not approve it."""

    name = "approval"

    def build(self) -> None:
        self.lead = Words("approval-lead", tone="quiet")
        self.days = Table("days")
        self.detail_title = Words("detail-title", "heading")
        self.detail = Table("day-detail")
        self.digest = Words("day-digest", "small")
        self.approve = self.on(Action("approve", "primary", icon="desk-approval"), self._approve)
        self.back = self.on(Action("back", icon="back"), e.BackTouched())
        self.box.addWidget(self.lead)
        self.split((self.days,), (self.detail_title, self.detail, self.digest))
        self.box.addLayout(row(self.back, 1, self.approve))
        self.box.addStretch(1)
        self.days.selectionModel().currentRowChanged.connect(lambda *_: self._detail())
        self._data = ApprovalData()
        self._kit: DeskKit | None = None
        self._busy = False

    def show_page(self, page: s.Board, kit: DeskKit) -> None:
        self._data = page.data if isinstance(page.data, ApprovalData) else ApprovalData()
        self._kit, self._busy = kit, page.busy
        me = kit.session.staff_id if kit.session else ""
        self.title.say(kit.text("place.approval"))
        self.lead.say(kit.text("approval.lead"))
        self.say_problem(page, kit)
        columns = (Column(kit.text("table.day"), 2), Column(kit.text("table.records"), 1.2), Column(kit.text("table.state"), 3))
        self.days.set_rows(
            columns,
            [(Cell(kit.day(one.day)), Cell(str(one.records)), self._state(one, me, kit)) for one in self._data.days],
            kit.text("place.approval"),
        )
        self.days.setFixedHeight(self.days.wanted_height(max(1, min(6, len(self._data.days)))))
        self.approve.say(kit.text("approval.approve"))
        self.back.say(kit.text("back"))
        self._detail()

    @staticmethod
    def _state(one: ApprovalDay, me: str, kit: DeskKit) -> Cell:
        if one.approved_by:
            return Cell(kit.text("approval.done", by=one.approved_by), "good")
        if me in one.authors:
            return Cell(kit.text("approval.own"), "bad")
        return Cell(kit.text("approval.open" if one.records else "approval.nothing"), "wait" if one.records else "quiet")

    def _detail(self) -> None:
        one, kit = self._current(), self._kit
        if kit is None:
            return
        self.detail_title.say(kit.text("approval.detail", day=kit.day(one.day)) if one else "")
        columns = (
            Column(kit.text("table.channel"), 2),
            Column(kit.text("table.outcome"), 1.4),
            Column(kit.text("table.author"), 1.6),
            Column(kit.text("table.records"), 1),
        )
        counts = one.counts if one else ()
        self.detail.set_rows(
            columns,
            [
                (
                    Cell(kit.text(f"channel.{channel}")),
                    Cell(kit.text(f"outcome.{outcome}"), "good" if outcome == "passed" else ""),
                    Cell(kit.text("approval.self") if author == "self" else author),
                    Cell(str(count)),
                )
                for channel, outcome, author, count in counts
            ],
            kit.text("table.channel"),
        )
        self.detail.setVisible(bool(counts))
        self.detail.setFixedHeight(self.detail.wanted_height(max(1, min(8, len(counts)))))
        self.digest.say(kit.text("approval.digest", digest=one.digest[:16]) if one and one.records else "")
        self.approve.setEnabled(one is not None and one.records > 0 and not one.approved_by and not self._busy)

    def _current(self) -> ApprovalDay | None:
        at = self.days.chosen_row()
        return self._data.days[at] if 0 <= at < len(self._data.days) else None

    def _approve(self) -> e.ApproveTouched | None:
        one = self._current()
        return e.ApproveTouched(one.day) if one is not None else None

    def first_field(self) -> QWidget | None:
        return self.days


class StaffPage(DeskPage[s.Board]):
    """Add, new PIN, end access."""

    name = "staff"

    def build(self) -> None:
        self.table = Table("staff")
        self.form = Card("staff-form", heading=Words("staff-form-title", "strong"))
        self.number = Field("new-id", digits=True, limit=32)
        self.person = Field("new-name", limit=40)
        self.pin = Field("new-pin", digits=True, secret=True, limit=32)
        self.again = Field("new-pin-again", digits=True, secret=True, limit=32)
        self.role = Chips("new-role", [role.value for role in Role])
        self.role.choose(Role.ATTENDANT.value)
        self.add = self.on(
            Action("staff-add", "primary", icon="tick"),
            lambda: e.StaffAdded(self.number.text(), self.person.text(), Role(self.role.key), self.pin.text(), self.again.text()),
        )
        self.form.box.addLayout(row(self.number, self.person))
        self.form.box.addLayout(row(self.pin, self.again))
        self.form.box.addLayout(row(self.role, 1, self.add))
        self.hint = Words("staff-hint", "small")
        self.reset = self.on(Action("staff-reset", "outlined", icon="desk-lock"), self._reset)
        self.bind = self.on(Action("staff-card", "outlined", icon="card"), self._bind)
        self.revoke = self.on(Action("staff-revoke", "danger", icon="cross"), self._revoke)
        self.back = self.on(Action("back", icon="back"), e.BackTouched())
        self.split((self.table,), (self.form, self.hint))
        self.box.addLayout(row(1, self.bind, self.reset))
        self.box.addLayout(row(self.back, 1, self.revoke))
        self.box.addStretch(1)
        self._data = StaffData()

    def show_page(self, page: s.Board, kit: DeskKit) -> None:
        self._data = page.data if isinstance(page.data, StaffData) else StaffData()
        self.title.say(kit.text("place.staff"))
        self.say_problem(page, kit)
        if page.notice:
            for field in (self.number, self.person, self.pin, self.again):
                field.clear()
        columns = (
            Column(kit.text("sign_in.number"), 1.2),
            Column(kit.text("staff.name"), 1.6),
            Column(kit.text("staff.role"), 1.4),
            Column(kit.text("table.state"), 1.4),
        )
        self.table.set_rows(
            columns,
            [
                (
                    Cell(one.staff_id),
                    Cell(one.name),
                    Cell(kit.text(f"role.{one.role}")),
                    Cell(
                        kit.text("staff.revoked" if not one.active else "staff.active_card" if one.card else "staff.active"),
                        "good" if one.active else "quiet",
                    ),
                )
                for one in self._data.members
            ],
            kit.text("place.staff"),
        )
        self.table.setFixedHeight(self.table.wanted_height(max(2, min(8, len(self._data.members)))))
        heading = self.findChild(Words, "staff-form-title")
        if heading is not None:
            heading.say(kit.text("staff.add"))
        self.number.say(kit.text("sign_in.number"))
        self.person.say(kit.text("staff.name"))
        self.pin.say(kit.text("staff.pin"))
        self.again.say(kit.text("staff.pin_again"))
        self.role.say(lambda key: kit.text(f"role.{key}"))
        self.add.say(kit.text("staff.add"))
        self.hint.say(kit.text("staff.hint", digits=kit.settings.desk.pin_min_length))
        self.reset.say(kit.text("staff.reset"))
        self.bind.say(kit.text("staff.card"))
        self.revoke.say(kit.text("staff.revoke"))
        self.back.say(kit.text("back"))
        for button in (self.add, self.bind, self.reset, self.revoke):
            button.setEnabled(not page.busy)

    def _chosen(self) -> str:
        at = self.table.chosen_row()
        return self._data.members[at].staff_id if 0 <= at < len(self._data.members) else ""

    def _reset(self) -> e.PinReset | None:
        return e.PinReset(self._chosen(), self.pin.text(), self.again.text()) if self._chosen() else None

    def _bind(self) -> e.CardBindTouched | None:
        return e.CardBindTouched(self._chosen()) if self._chosen() else None

    def _revoke(self) -> e.StaffRevoked | None:
        return e.StaffRevoked(self._chosen()) if self._chosen() else None

    def clear(self) -> None:
        for field in (self.number, self.person, self.pin, self.again):
            field.clear()

    def first_field(self) -> QWidget | None:
        return self.table
