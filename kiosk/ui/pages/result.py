"""The result: what happened in one line, how far it is on its way, the next date very large, and the card to take."""

from __future__ import annotations

from kiosk.domain.next_time import next_time
from kiosk.domain.record import RecordStatus
from kiosk.texts import requests
from kiosk.texts.slip_code import code_text
from kiosk.ui.pages.base import Kit, Page
from kiosk.ui.pages.open_visit import OpenSign
from kiosk.ui.widgets.bars import Notice
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.circle import BigTick
from kiosk.ui.widgets.flow import Card, Row, Rule, Stack
from kiosk.ui.widgets.pictures import QrCode
from kiosk.ui.widgets.progress import Mark, Step, StepBar
from kiosk.ui.widgets.text import Text
from kiosk.visit import events as e
from kiosk.visit import states as s
from kiosk.visit.states import Finished

_TITLE = {
    RecordStatus.SAVED: "title",
    RecordStatus.SENDING: "title_sending",
    RecordStatus.RECEIVED: "title_received",
    RecordStatus.CONFIRMED: "title_confirmed",
    RecordStatus.RETURNED: "title_returned",
    RecordStatus.REFUSED: "title_returned",
}


def stage_steps(stage: RecordStatus, kit: Kit) -> tuple[Step, ...]:
    """Return the three stages of a record's way as a row."""
    row: dict[RecordStatus, tuple[tuple[str, Mark], tuple[str, Mark]]] = {
        RecordStatus.SAVED: (("sent", "now"), ("confirmed", "later")),
        RecordStatus.SENDING: (("sent_now", "now"), ("confirmed", "later")),
        RecordStatus.RECEIVED: (("sent_done", "done"), ("confirmed", "now")),
        RecordStatus.CONFIRMED: (("sent_done", "done"), ("confirmed_done", "done")),
        RecordStatus.RETURNED: (("sent_done", "done"), ("returned", "stop")),
        RecordStatus.REFUSED: (("sent_done", "done"), ("returned", "stop")),
    }
    first: tuple[tuple[str, Mark], ...] = () if stage in (RecordStatus.RETURNED, RecordStatus.REFUSED) else (("local", "done"),)
    steps = (*first, *row[stage])  # what came back has no first tick: "passed here" would be all that is read
    return tuple(Step(kit.text(f"stage_row.{key}"), mark) for key, mark in steps)


def slip_number(state: Finished, station_id: str) -> str:
    """Return the record number people can read out: station, and the first eight characters of the record's id."""
    return f"{station_id}-{state.record_ids[0][:8].upper()}" if state.record_ids else station_id


class ResultPage(Page[s.Finished]):
    """Two-stage honesty: nothing is promised that the centre has not confirmed."""

    name = "result"
    step = "done"
    leave = ""
    no_face = False
    left_share = 0.5

    def build(self) -> None:
        self.tick = BigTick(share=170)
        self.stages = StepBar("stages", role="label")
        self.dates = Text("next-date", "figure", whole=True)
        self.record_label = Text("record", "small", "quiet", whole=True)
        self.hotline = Text("hotline", "small", "quiet")
        self.keep = Text("keep", "small", "quiet")
        self.qr = QrCode()
        self.slip = Row(Stack(self.record_label, self.hotline, self.keep, gap=8, centred=True), self.qr, weights=(0.68, 0.32))
        self.next_block, self.rule = Stack(self.dates, gap=4), Rule()
        self.card = Card(self.next_block, self.rule, self.slip, gap=22, pad=36)
        self.stale = Text("stale", "small", "quiet", centred=True)
        self.body.add(self.card)
        self.fresh = Text("fresh-face", "body", centred=True)
        self.body.add(self.fresh)
        self.body.add(self.stale)
        self.head.add(self.stages)
        self.head.items.insert(0, self.tick)
        self.tick.setParent(self.head)
        self.take = Notice("take-card", "card")
        self.take.words.role = "body"
        self.foot.add(self.take)
        self.open = OpenSign(self)
        self.done = self.button("done", "filled", e.DoneTouched())
        self.paper = Button("print", "outlined", icon="")
        self.paper.clicked.connect(self._print)
        self.foot.add(self.paper)

    def fill(self, state: s.Finished, kit: Kit) -> None:
        stage = state.stage
        returned = stage in (RecordStatus.RETURNED, RecordStatus.REFUSED)
        self.title.say(kit.text(f"page.result.{_TITLE[stage]}"))
        if returned:
            lead = kit.text("page.result.lead_returned")
        elif state.resumes:
            # Once the centre has confirmed there is nothing left to wait for. No months: overdue since a few days, none missed.
            kind = "lead_resumed" if stage is RecordStatus.CONFIRMED else "lead_resumes"
            months = kit.text("format.months", count=state.suspended_months)
            lead = kit.text(f"page.result.{kind}", months=months) if state.suspended_months else kit.text(f"page.result.{kind}_now")
        else:
            lead = kit.text("page.result.lead" if stage is RecordStatus.SAVED else "page.result.lead_on")
        self.lead.say(lead)
        self.tick.setVisible(not returned)
        steps = stage_steps(stage, kit)
        self.stages.show_steps(steps, kit.text("page.result.stages_name", text=" ".join(s.text for s in steps)))
        # A returned pass promises no date.
        upcoming = None if returned else next_time(state.next_from, state.next_to, kit.now().date())
        self.dates.say(kit.strings.dated(upcoming.key, upcoming.first, upcoming.last, two_lines=True) if upcoming else "")
        for part in (self.next_block, self.rule):
            part.setVisible(bool(self.dates.text()))
        number = slip_number(state, kit.settings.station.station_id)
        hotline = kit.settings.station.hotline
        self.record_label.say(f"{kit.text('page.result.record')} {number}")
        self.hotline.say(f"{kit.text('page.result.hotline')} {hotline}")
        self.keep.say(kit.text("page.result.keep"))
        # No personal data in the code: who finds the photograph learns only that somebody was here.
        line = kit.strings.dated(upcoming.key, upcoming.first, upcoming.last) if upcoming else ""
        url = kit.settings.station.verify_url
        code = code_text(kit.strings, state.record_ids[0], line, hotline, url, state.slip_code) if state.record_ids else ""
        self.qr.show_text(code, kit.text("page.result.keep"))
        self.stale.say(kit.text("page.result.stale") if state.roster_stale and stage is not RecordStatus.CONFIRMED else "")
        self.fresh.say(kit.text("page.result.fresh") if state.face_ageing and not returned else "")
        self.fresh.setVisible(bool(self.fresh.text()))
        self.take.say(kit.text("page.result.take") if state.case.visit.card_present else "")
        # What the centre sent back is not done: it says so, and an attendant is on the way.
        if returned:
            self.open.fill(kit, stayed=state.stayed, waiting=True)
        else:
            self.open.hide()
        self.done.say(kit.text("page.result.done"))
        self.done.setVisible(not returned)
        self.primary, self.says_called = (self.open.stay if returned else self.done), returned
        self.paper.say(kit.text("slip.print"))
        self.paper.setVisible(kit.settings.printer.kind != "none")

    def _print(self) -> None:
        self.touched.emit(requests.PrintSlip())

    def clear(self) -> None:
        super().clear()
        for text in (self.dates, self.record_label):
            text.say("")
        self.qr.show_text("", "")
        self.stages.clear()
