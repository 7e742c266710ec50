"""Lay the card on the reader: one moving picture, and what was wrong with the last try."""

from __future__ import annotations

from kiosk.ui.pages.base import Kit, Page
from kiosk.ui.pages.open_visit import Ways
from kiosk.ui.views import card_variant
from kiosk.ui.widgets.bars import Notice
from kiosk.ui.widgets.kiosk_picture import KioskPicture
from kiosk.visit import events as e
from kiosk.visit import states as s


class CardPage(Page[s.AwaitingCard]):
    """The card is awaited, being read, or was not readable."""

    name = "card"
    step = "card"
    leave = "back"

    def build(self) -> None:
        self.picture = KioskPicture()
        self.body.add(self.picture)
        self.trouble = Notice("trouble", "info", centred=False)
        self.head.add(self.trouble)
        self.scan = self.button("scan", "outlined", e.ScanChosen())
        self.ways = Ways()
        self.foot.add(self.ways)
        self.code = self.button("code", "outlined", e.CodeChosen(), to=self.ways)
        self.manual = self.button("manual", "outlined", e.ManualChosen(), to=self.ways)

    def fill(self, state: s.AwaitingCard, kit: Kit) -> None:
        kind = card_variant(state)
        self.title.say(kit.text(f"page.card.title{kind}"))
        lead = f"page.card.lead{kind}"
        place = f"page.card.place.{kit.settings.station.reader_place}"  # "here" is where the drawing blinks
        self.lead.say(kit.text(lead if lead in kit.strings and kind else place))
        trouble = state.trouble
        self.trouble.say("" if trouble is None else kit.text(f"reason.{trouble}.title") + "\n" + kit.text(f"reason.{trouble}.now"))
        self.picture.show_place(kit.settings.station.reader_place)
        self.picture.setAccessibleName(kit.text("page.card.picture_name"))
        self.picture.show_reading(state.reading)
        self.picture.setVisible(state.reader_ready or state.reading)
        self.manual.say(kit.text("page.card.manual"))
        self.code.say(kit.text("page.card.code"))
        for way in (self.code, self.manual, self.ways):
            way.setVisible(not state.reading)
        self.scan.say(kit.text("page.card.scan"))
        # Offered where the reader does not do it; otherwise it would only be one choice more.
        self.scan.setVisible(not state.reading and (not state.reader_ready or trouble is not None))

    def clear(self) -> None:
        super().clear()
        self.trouble.say("")
        self.picture.show_reading(False)
