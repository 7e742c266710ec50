"""One person at the desk: what the rules say about each benefit, what became of earlier records, what can be done now."""

from __future__ import annotations

from PySide6.QtWidgets import QGridLayout

from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.domain.record import Channel, RecordStatus
from kiosk.ui.desk.base import DeskKit, DeskPage
from kiosk.ui.desk.table import Cell, Column, Table
from kiosk.ui.desk.widgets import Action, Card, Words, row

_TONE = {RecordStatus.CONFIRMED: "good", RecordStatus.RECEIVED: "strong", RecordStatus.RETURNED: "bad", RecordStatus.REFUSED: "bad"}
CHANNELS = (Channel.FACE_TO_FACE, Channel.FAMILY_PROXY, Channel.AGENT, Channel.HOME_VISIT)
_ICONS = {Channel.FACE_TO_FACE: "persons", Channel.FAMILY_PROXY: "person", Channel.AGENT: "card", Channel.HOME_VISIT: "desk-visit"}


_TEMPLATE = {"live": "person.template_of", "photo": "person.template_photo", "chip": "person.template_chip"}


class PersonPage(DeskPage[s.Showing]):
    """Facts left, actions right (or below)."""

    name = "person"

    def build(self) -> None:
        self.facts = Card("facts")
        self.who = Words("person-who", "heading")
        self.about = Words("person-about", tone="quiet")
        self.facts.box.addWidget(self.who)
        self.facts.box.addWidget(self.about)
        self.benefits = Table("benefits")
        self.stages = Words("person-stages")
        self.buttons = QGridLayout()
        self.assist: dict[Channel, Action] = {}
        for number, channel in enumerate(CHANNELS):
            kind = "primary" if number == 0 else "outlined"
            button = self.on(Action(f"assist-{channel}", kind, icon=_ICONS[channel]), e.AssistChosen(channel))
            self.buttons.addWidget(button, number // 2, number % 2)
            self.assist[channel] = button
        self.enrol = self.on(Action("enrol", icon="camera"), e.EnrolChosen())
        self.declare = self.on(Action("declare", icon="desk-list"), e.DeclareChosen())
        self.buttons.addWidget(self.enrol, 2, 0)
        self.buttons.addWidget(self.declare, 2, 1)
        self.back = self.on(Action("back", icon="back"), e.BackTouched())
        self.split((self.facts, self.benefits, self.stages), (self.buttons, row(self.back, 1)))
        self.box.addStretch(1)

    def show_page(self, page: s.Showing, kit: DeskKit) -> None:
        found = page.found
        self.title.say(kit.text("person.title"))
        why = kit.strings.text(f"reason.{found.why}.attendant") if found.why else ""
        if found.clock_suspect:
            self.problem.say(kit.problem("clock-first"))
        elif why:
            self.problem.say(kit.text("person.came_from", why=why))
        elif not found.due:
            good = found.reason.value in ("not-yet", "already-done", "data-matched")
            self.problem.say(kit.strings.text(f"reason.{found.reason}.attendant"), good=good)
        else:
            self.problem.say("")
        self.who.say(kit.who(found.person))
        self.about.say("  ·  ".join(one for one in self._facts(page, kit) if one))
        columns = (Column(kit.text("person.benefit"), 3), Column(kit.text("person.state"), 4))
        rows = [
            (
                Cell(kit.benefit(item.benefit_kind)),
                Cell(
                    kit.rule(item),
                    "wait"
                    if item.may_pass
                    else "good"
                    if item.reason.value in ("not-yet", "already-done", "data-matched")
                    else "bad",
                ),
            )
            for item in found.eligibilities
        ]
        self.benefits.set_rows(columns, rows, kit.text("person.benefit"))
        self.benefits.setFixedHeight(self.benefits.wanted_height(max(1, min(5, len(rows)))))
        latest = found.stages[0] if found.stages else None
        text = kit.text("person.latest", stage=kit.stage(latest)) if latest else kit.text("person.no_records")
        missed = found.missed_on
        if missed is not None:  # an attempt that failed is never green, whatever the centre did with its record
            why = kit.strings.text(f"reason.{found.missed_why}.attendant") if found.missed_why else ""
            text = kit.text("person.missed", day=kit.day(missed), why=why.split("：")[0].split("；")[0].split(":")[0])
        if found.returned_reason:
            text += kit.text("person.returned", reason=kit.problem(found.returned_reason))
        tone = "wait" if missed is not None else _TONE.get(latest, "quiet") if latest else "quiet"
        self.stages.say(text, tone)
        able = bool(found.due) and not found.clock_suspect
        for channel, button in self.assist.items():
            button.say(kit.text(f"channel.{channel}"))
            button.setEnabled(able)
        template = found.entry.template if found.entry else None
        self.enrol.say(kit.text("person.refresh" if template else "person.enrol"))
        self.declare.say(kit.text("person.declare"))
        self.enrol.setEnabled(found.entry is not None)
        self.declare.setEnabled(found.entry is not None)
        self.back.say(kit.text("back"))

    @staticmethod
    def _facts(page: s.Showing, kit: DeskKit) -> list[str]:
        found, entry = page.found, page.found.entry
        if entry is None:
            return []
        return [
            kit.text("person.born", year=entry.born.year) if entry.born else "",
            kit.text(f"status.{entry.status}"),
            kit.text("person.home_visit") if entry.home_visit else "",
            kit.text("person.address", address=entry.address) if entry.address else "",
            kit.text("person.phone", phone=entry.phone) if entry.phone else "",
            kit.text(_TEMPLATE[entry.template.origin], day=kit.day(entry.template.enrolled_on) or kit.text("person.bureau"))
            if entry.template
            else kit.text("person.no_template"),
            kit.text("person.ageing") if found.ageing else "",
            kit.text("person.stale") if found.roster_stale else "",
        ]

    def clear(self) -> None:
        self.who.say("")
        self.about.say("")
        self.stages.say("")
        self.benefits.set_rows((), ())
