"""The fairness ledger as table and chart, the clock, the delivery to the centre, and the maintenance of the devices."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QGridLayout

from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.desk.boards_data import ClockData, FairnessData, MaintenanceData, SyncData
from kiosk.domain.take_view import TakeView
from kiosk.texts.strings import is_chinese
from kiosk.ui.desk.base import DeskKit, DeskPage
from kiosk.ui.desk.drawing import Chart
from kiosk.ui.desk.table import Cell, Column, Table
from kiosk.ui.desk.widgets import Action, Card, Chips, Words, row
from kiosk.ui.theme import Look
from kiosk.ui.widgets.circle import CameraCircle

if TYPE_CHECKING:
    import numpy as np

DIMENSIONS = ("age_band", "glasses", "light", "action")


class FairnessPage(DeskPage[s.Board]):
    """Whom does the machine fail? Counts only."""

    name = "fairness"

    def build(self) -> None:
        self.lead = Words("fairness-lead", tone="quiet")
        self.by = Chips("fairness-by", DIMENSIONS)
        self.by.choose(DIMENSIONS[0])
        self.by.chosen.connect(lambda _: self._fill())
        self.card = Card("fairness-chart")
        self.chart = Chart("chart")
        self.card.box.addWidget(self.chart)
        self.table = Table("fairness-table")
        self.export = self.on(Action("fairness-export", "outlined", icon="desk-stick"), self._export)
        self.back = self.on(Action("back", icon="back"), e.BackTouched())
        self.box.addWidget(self.lead)
        self.box.addWidget(self.by)
        self.split((self.card,), (self.table,))
        self.box.addLayout(row(self.back, 1, self.export))
        self.box.addStretch(1)
        self._data: FairnessData | None = None
        self._kit: DeskKit | None = None

    def show_page(self, page: s.Board, kit: DeskKit) -> None:
        self._data = page.data if isinstance(page.data, FairnessData) else None
        self._kit = kit
        self.title.say(kit.text("place.fairness"))
        self.say_problem(page, kit)
        self.lead.say(
            kit.text("fairness.lead", first=kit.day(self._data.first), last=kit.day(self._data.last))
            if self._data
            else kit.text("loading")
        )
        self.by.say(lambda key: kit.text(f"fairness.by.{key}"))
        media = self._data.media if self._data else ()
        self.export.say(kit.text("fairness.export") if media else kit.text("no_stick"))
        self.export.setEnabled(bool(media) and not page.busy)
        self.back.say(kit.text("back"))
        self._fill()

    def _fill(self) -> None:
        kit, data = self._kit, self._data
        if kit is None:
            return
        rows = dict(data.tables).get(self.by.key, ()) if data else ()

        def label(group: str) -> str:
            for key in (
                f"desk.fairness.{self.by.key}.{group}",
                "desk.fairness.unknown" if group == "unknown" else "",
                f"action.{group}.name",
            ):
                if key in kit.strings:
                    return kit.strings.text(key)
            return group

        name = kit.text("fairness.by." + self.by.key)
        self.chart.show_rows(rows, label, kit.text("fairness.few"), kit.strings.any_of("desk.fairness.of"), name)
        few = kit.text("fairness.under", count=data.shown_from if data else 0)
        columns = (
            Column(name, 2),
            Column(kit.text("fairness.takes"), 1.2),
            Column(kit.text("fairness.failures"), 1.2),
            Column(kit.text("fairness.rate"), 1.4),
        )
        self.table.set_rows(
            columns,
            [
                (
                    Cell(label(one.group)),
                    Cell(few if one.rate is None else str(one.takes)),
                    Cell("" if one.rate is None else str(one.failures)),
                    Cell(kit.text("fairness.few") if one.rate is None else f"{one.rate:.1%}", "quiet" if one.rate is None else ""),
                )
                for one in rows
            ],
            kit.text("place.fairness"),
        )
        self.table.setFixedHeight(self.table.wanted_height(max(1, min(9, len(rows)))))
        self.card.setVisible(bool(rows))

    def _export(self) -> e.ExportTouched | None:
        return e.ExportTouched(self._data.media[0]) if self._data and self._data.media else None


class ClockPage(DeskPage[s.Board]):
    """Is this the date? A clock that jumped back decides nothing before somebody has looked."""

    name = "clock"

    def build(self) -> None:
        self.card = Card("clock-card")
        self.now = Words("clock-now", "figure")
        self.state = Words("clock-state")
        self.mark = Words("clock-mark", "small")
        for part in (self.now, self.state, self.mark):
            self.card.box.addWidget(part)
        self.hint = Words("clock-hint", tone="quiet")
        self.confirm = self.on(Action("clock-confirm", "primary", icon="tick"), e.ClockConfirmed())
        self.back = self.on(Action("back", icon="back"), e.BackTouched())
        self.box.addWidget(self.card)
        self.box.addWidget(self.hint)
        self.box.addLayout(row(self.back, 1, self.confirm))
        self.box.addStretch(1)

    def show_page(self, page: s.Board, kit: DeskKit) -> None:
        data = page.data if isinstance(page.data, ClockData) else None
        self.title.say(kit.text("place.clock"))
        self.say_problem(page, kit)
        now = kit.now() if data is None else data.now
        local = now.astimezone(kit.now().tzinfo)
        self.now.say(f"{kit.strings.date(local.date())}  {local:%H:%M}")
        waits = data is not None and data.suspect and not data.confirmed_by
        if data is None:
            self.state.say(kit.text("loading"), "quiet")
        elif waits:
            self.state.say(kit.text("clock.suspect"), "bad")
        elif data.suspect:
            self.state.say(kit.text("clock.confirmed", by=data.confirmed_by), "good")
        else:
            self.state.say(kit.text("clock.fine"), "good")
        self.mark.say(
            kit.text("clock.mark", at=f"{data.high_water.astimezone(local.tzinfo):%Y-%m-%d %H:%M}")
            if data and data.high_water
            else ""
        )
        self.hint.say(kit.text("clock.hint"))
        self.confirm.say(kit.text("clock.confirm"))
        self.confirm.setVisible(waits)
        self.confirm.setEnabled(not page.busy)
        self.back.say(kit.text("back"))


class SyncPage(DeskPage[s.Board]):
    """Counts by state from signed receipts; try now, pause, or carry on a stick."""

    name = "sync"

    def build(self) -> None:
        self._paused = False
        self.grid = QGridLayout()
        self.figures: dict[str, tuple[Words, Words]] = {}
        for number, step in enumerate(("waiting", "sending", "received", "confirmed", "returned", "refused")):
            card = Card(f"sync-{step}")
            figure, words = Words(f"sync-{step}-figure", "figure"), Words(f"sync-{step}-words", "small")
            card.box.addWidget(figure)
            card.box.addWidget(words)
            self.grid.addWidget(card, number // 3, number % 3)
            self.figures[step] = (figure, words)
        self.state = Card("sync-state")
        self.state_words = Words("sync-words")
        self.facts = Words("sync-facts", tone="quiet")
        self.state.box.addWidget(self.state_words)
        self.state.box.addWidget(self.facts)
        self.now = self.on(Action("sync-now", "primary", icon="desk-sync"), e.SyncNowTouched())
        self.pause = self.on(Action("sync-pause", "outlined", icon="wait"), lambda: e.SyncPauseTouched(not self._paused))
        self.medium = Card("sync-stick", heading=Words("sync-stick-title", "strong"))
        self.medium_words = Words("sync-stick-words", tone="quiet")
        self.export = self.on(Action("courier-export", "outlined", icon="desk-stick"), lambda: self._carry("export"))
        self.take = self.on(Action("courier-import", "outlined", icon="desk-stick"), lambda: self._carry("import"))
        self.medium.box.addWidget(self.medium_words)
        self.medium.box.addLayout(row(self.export, self.take, 1))
        self.back = self.on(Action("back", icon="back"), e.BackTouched())
        self.split((self.grid, row(self.now, self.pause, 1)), (self.state, self.medium))
        self.box.addLayout(row(self.back, 1))
        self.box.addStretch(1)
        self._media: tuple[str, ...] = ()

    def show_page(self, page: s.Board, kit: DeskKit) -> None:
        data = page.data if isinstance(page.data, SyncData) else None
        self.title.say(kit.text("place.sync"))
        self.say_problem(page, kit)
        tallies = data.tallies if data else None
        for step, (figure, words) in self.figures.items():
            count = (data.sending if step == "sending" else getattr(tallies, step)) if data else 0
            bad = step in ("returned", "refused") and count
            figure.say(str(count) if data else "…", "bad" if bad else "")
            words.say(kit.text(f"sync.{step}"))
        self._paused = bool(data and data.paused)
        self._media = data.media if data else ()
        self.state_words.say(self._state(data, kit), "good" if data and not (data.trouble or data.hold or data.paused) else "bad")
        self.facts.say("\n".join(self._facts(data, kit)) if data else "")
        self.now.say(kit.text("sync.now"))
        self.now.setEnabled(not self._paused)
        self.pause.say(kit.text("sync.resume" if self._paused else "sync.pause"))
        heading = self.findChild(Words, "sync-stick-title")
        if heading is not None:
            heading.say(kit.text("sync.stick"))
        self.medium_words.say(
            kit.text("sync.stick_is", name=Path(self._media[0]).name) if self._media else kit.text("sync.no_stick")
        )
        self.export.say(kit.text("sync.export"))
        self.take.say(kit.text("sync.import"))
        for button in (self.export, self.take):
            button.setEnabled(bool(self._media) and not page.busy)
        self.back.say(kit.text("back"))

    @staticmethod
    def _state(data: SyncData | None, kit: DeskKit) -> str:
        if data is None:
            return kit.text("loading")
        if data.paused or data.hold == "paused":
            return kit.text("sync.hold.paused")
        if data.hold:
            return kit.text(f"sync.hold.{data.hold}")
        if data.trouble:
            return kit.text(f"sync.trouble.{data.trouble}")
        return kit.text("sync.fine") if data.last_contact else kit.text("sync.not_yet")

    @staticmethod
    def _facts(data: SyncData, kit: DeskKit) -> list[str]:
        t = data.tallies
        lines = [
            kit.text("sync.last_receipt", at=kit.moment(t.last_receipt_at) or kit.text("never")),
            kit.text("sync.last_contact", at=kit.moment(data.last_contact) or kit.text("never")),
            kit.text(
                "sync.roster", version=t.roster_version, day=kit.day(t.roster_at.date()) if t.roster_at else kit.text("never")
            ),
        ]
        if t.roster_stale:
            lines.append(kit.text("person.stale"))
        if t.oldest_waiting:
            lines.append(kit.text("sync.oldest", at=kit.moment(t.oldest_waiting)))
        if t.level != "ok":
            lines.append(kit.text(f"level.{t.level}"))
        return lines

    def _carry(self, direction: str) -> e.CourierTouched:
        return e.CourierTouched(direction, self._media[0] if self._media else "")


class MaintenancePage(DeskPage[s.Board]):
    """Volume, camera, reader, checks, restart."""

    name = "maintenance"

    def build(self) -> None:
        self.sound = Card("sound", heading=Words("sound-title", "strong"))
        self.quieter = self.on(Action("maint-quieter", icon="quieter"), e.MaintenanceTouched("quieter"))
        self.louder = self.on(Action("maint-louder", icon="louder"), e.MaintenanceTouched("louder"))
        self.sound.box.addLayout(row(self.quieter, self.louder, 1))
        self.devices = Card("devices", heading=Words("devices-title", "strong"))
        self.reader = Words("maint-reader")
        self.camera = Words("maint-camera")
        self.circle = CameraCircle("maint-circle")
        self.camera_on = self.on(
            Action("camera-on", "outlined", icon="camera"),
            lambda: e.MaintenanceTouched("camera-off" if self.circle.isVisible() else "camera-on"),
        )
        self.prompt = Words("maint-prompt", "heading")
        for part in (self.reader, self.camera):
            self.devices.box.addWidget(part)
        self.devices.box.addLayout(row(self.camera_on, 1))
        self.devices.box.addWidget(self.prompt)
        self.devices.box.addLayout(row(1, self.circle, 1))
        self.checks = Table("checks")
        self.doctor = self.on(Action("doctor", "primary", icon="shield"), e.MaintenanceTouched("doctor"))
        self.restart = self.on(Action("restart", "danger", icon="desk-sync"), e.MaintenanceTouched("restart"))
        self.install = self.on(Action("install", "outlined", icon="desk-maintenance"), e.MaintenanceTouched("install"))
        self.support = self.on(Action("support", "outlined", icon="desk-stick"), self._support)
        self.devices.box.addLayout(row(self.install, self.support, 1))
        self._media: tuple[str, ...] = ()
        self.back = self.on(Action("back", icon="back"), e.BackTouched())
        for card in (self.sound, self.devices, self.checks):
            self.box.addWidget(card)
        self.box.addLayout(row(self.back, 1, self.restart, self.doctor))
        self.box.addStretch(1)

    def show_page(self, page: s.Board, kit: DeskKit) -> None:
        data = page.data if isinstance(page.data, MaintenanceData) else MaintenanceData()
        self.title.say(kit.text("place.maintenance"))
        self.say_problem(page, kit)
        for name in ("sound", "devices"):
            heading = self.findChild(Words, f"{name}-title")
            if heading is not None:
                heading.say(kit.text(f"maintenance.{name}"))
        self.quieter.say(kit.text("maintenance.quieter"))
        self.louder.say(kit.text("maintenance.louder"))
        self.reader.say(kit.text(f"maintenance.reader.{data.reader or 'unknown'}"), "good" if data.reader == "ready" else "bad")
        self.camera.say(kit.text(f"maintenance.camera.{data.camera or 'unknown'}"), "good" if data.camera == "ready" else "quiet")
        self.circle.setVisible(data.preview)
        self.circle.setAccessibleName(kit.text("maintenance.camera_on"))
        if not data.preview:
            self.circle.clear()
            self.prompt.say("")
        self.camera_on.say(kit.text("maintenance.camera_off" if data.preview else "maintenance.camera_on"))
        self.doctor.say(kit.text("maintenance.checking" if data.checking else "maintenance.doctor"))
        self.doctor.setEnabled(not data.checking)
        self.restart.say(kit.text("maintenance.restart"))
        self.install.say(kit.text("maintenance.install"))
        self._media = data.media
        self.support.say(kit.text("maintenance.support" if data.media else "maintenance.no_stick"))
        self.support.setEnabled(bool(data.media) and not page.busy)
        self.back.say(kit.text("back"))
        tones = {"ok": "good", "bad": "bad", "idle": "quiet"}
        columns = (
            Column(kit.text("maintenance.part"), 1),
            Column(kit.text("table.state"), 1),
            Column(kit.text("maintenance.told"), 4),
        )
        self.checks.set_rows(
            columns,
            [
                (
                    Cell(kit.strings.any_of(f"doctor.{part}.name", "desk.place.maintenance")),
                    Cell(kit.text(f"maintenance.state.{state}"), tones[state]),
                    Cell(kit.strings.text(f"doctor.{part}.{state}") if is_chinese(kit.strings.language) else what),
                )
                for part, state, what in data.lines
            ],
            kit.text("maintenance.doctor"),
        )
        self.checks.setVisible(bool(data.lines))
        self.checks.setFixedHeight(self.checks.wanted_height(max(1, min(10, len(data.lines)))))

    def _support(self) -> e.ExportTouched | None:
        return e.ExportTouched(self._media[0]) if self._media else None

    def show_take(self, view: TakeView, kit: DeskKit) -> None:
        """Show what the guidance would say to somebody who stands there."""
        self.prompt.say(kit.strings.text(f"guidance.{view.guidance}.title") if view.guidance else kit.text("maintenance.good"))

    def show_frame(self, image_rgb: np.ndarray) -> None:
        """Show a picture of the camera."""
        self.circle.show_frame(image_rgb)

    def set_look(self, look: Look) -> None:
        super().set_look(look)
        side = look.px(400)
        self.circle.setFixedSize(side, side)

    def clear(self) -> None:
        self.circle.clear()
