"""It is saved: the three stages as they are known, never more."""

from __future__ import annotations

from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.domain.record import Channel, RecordStatus
from kiosk.ui.desk.base import DeskKit, DeskPage
from kiosk.ui.desk.widgets import Action, Card, Words, row

_NO_PASS = (Channel.ENROLMENT, Channel.DECLARATION)  # saved and sent like the others, but nobody was certified by them
_ROW = (RecordStatus.SAVED, RecordStatus.RECEIVED, RecordStatus.CONFIRMED)
_REACHED = {
    RecordStatus.SAVED: 1,
    RecordStatus.SENDING: 1,
    RecordStatus.RECEIVED: 2,
    RecordStatus.CONFIRMED: 3,
    RecordStatus.RETURNED: 2,
    RecordStatus.REFUSED: 1,
}


class DonePage(DeskPage[s.Done]):
    """What was done, for whom, and how far it has come."""

    name = "done"

    def build(self) -> None:
        self.card = Card("done-card")
        self.who = Words("done-who", "heading")
        self.what = Words("done-what")
        self.records = Words("done-records", "small")
        for part in (self.who, self.what, self.records):
            self.card.box.addWidget(part)
        self.stages = [Words(f"stage-{stage}", wrap=False) for stage in _ROW]
        self.stage_card = Card("stages")
        self.stage_card.box.addLayout(row(*self.stages, 1))
        self.note = Words("done-note", tone="quiet")
        self.finish = self.on(Action("finish", "primary", icon="tick"), e.BackTouched())
        for shown in (self.card, self.stage_card, self.note):
            self.box.addWidget(shown)
        self.box.addLayout(row(self.finish, 1))
        self.box.addStretch(1)

    def show_page(self, page: s.Done, kit: DeskKit) -> None:
        here = page.stage in (RecordStatus.SAVED, RecordStatus.SENDING)
        back = page.stage in (RecordStatus.RETURNED, RecordStatus.REFUSED)
        there = kit.text("done.stage.returned") if back else kit.stage(page.stage)
        self.title.say(kit.text("done.title") if here else there)
        self.who.say(kit.who(page.found.person) if page.found else "")
        passed = page.channel not in _NO_PASS
        what = kit.text("done.what" if passed else "done.what_kept", channel=kit.text(f"channel.{page.channel}"))
        erased = "done.declared_erased" if page.channel is Channel.DECLARATION else "done.erased"
        self.what.say(kit.text(erased) if page.erased else what)
        self.records.say(kit.text("done.records", ids=" ".join(one[:8].upper() for one in page.record_ids)))
        reached = _REACHED[page.stage]
        for number, (stage, words) in enumerate(zip(_ROW, self.stages, strict=True)):
            mark = "●" if number < reached else "○"
            key = "kept" if stage is RecordStatus.SAVED and not passed else stage
            words.say(f"{mark} {kit.text(f'done.stage.{key}')}", "good" if number < reached else "quiet")
        if back:  # nothing that is green reads like a pass, and nothing is still to come
            self.stages[0].say(f"✕ {kit.text('done.stage.returned')}", "bad")
        for words in self.stages[1:]:
            words.setVisible(not back)
        self.problem.say(kit.problem(page.reason) if back else "")
        note = "returned" if back else "confirmed" if page.stage is RecordStatus.CONFIRMED else "note"
        self.note.say(kit.text(f"done.{note}"))
        self.finish.say(kit.text("done.seen" if back else "done.finish"))
        self.finish.setFocus()

    def clear(self) -> None:
        self.who.say("")
        self.records.say("")
