"""Please take your card; stays until it is taken."""

from __future__ import annotations

from kiosk.ui.pages.base import Kit, Page
from kiosk.ui.widgets.bars import Notice
from kiosk.ui.widgets.kiosk_picture import KioskPicture
from kiosk.visit import events as e
from kiosk.visit import states as s


class TakeCardPage(Page[s.TakingCard]):
    """The person's data are wiped already; only the card is still there."""

    name = "take-card"
    step = ""
    leave = ""
    no_face = False

    def build(self) -> None:
        self.notice = Notice("ended", "info")
        self.head.add(self.notice)
        self.picture = KioskPicture(lift=True)
        self.body.add(self.picture)
        self.done = self.button("done", "outlined", e.DoneTouched())

    def fill(self, state: s.TakingCard, kit: Kit) -> None:
        self.title.say(kit.text("page.take-card.title"))
        self.lead.say("" if state.notice else kit.text("page.take-card.lead" if state.passed else "page.take-card.lead_told"))
        key = f"page.idle.notice.{state.notice}" if state.notice else ""
        self.notice.say(kit.text(key) if key in kit.strings else "")
        self.picture.show_place(kit.settings.station.reader_place)
        self.picture.setAccessibleName(kit.text("page.take-card.picture_name"))
        self.done.say(kit.text("page.take-card.done"))
