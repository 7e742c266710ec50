"""A home visit is booked: where they come, and the end of the telephone number, which is said aloud to be confirmed."""

from __future__ import annotations

from kiosk.domain.contact import masked_address, phone_tail
from kiosk.ui.pages.base import Kit, Page
from kiosk.ui.widgets.bars import Notice
from kiosk.ui.widgets.flow import Card, Rule
from kiosk.ui.widgets.labels import IconLine
from kiosk.visit import events as e
from kiosk.visit import states as s


class VisitBookedPage(Page[s.VisitBooked]):
    """One touch booked it. A number that is wrong, or missing, is the attendant's to mend."""

    name = "visit-booked"
    step = ""
    leave = ""
    no_face = False

    def build(self) -> None:
        self.sign = Notice("not-done", "info")
        self.head.items.insert(0, self.sign)
        self.sign.setParent(self.head)
        self.where = IconLine("visit-where", "place", may_lose_heading=False)
        self.phone = IconLine("visit-phone", "phone", may_lose_heading=False)
        self.phone.words.role = "figure"
        self.body.add(Card(self.where, Rule(), self.phone, gap=26))
        self.take = Notice("take-card", "card")
        self.take.words.role = "body"
        self.foot.add(self.take)
        self.done = self.button("done", "filled", e.DoneTouched())
        self.wrong = self.button("wrong-phone", "outlined", e.HelpTouched(), icon="staff")

    def fill(self, state: s.VisitBooked, kit: Kit) -> None:
        entry, page = state.case.entry, "page.visit-booked"
        self.sign.say(kit.text(f"{page}.sign") if state.saved else "")
        self.title.say(kit.text(f"{page}.title" if state.saved else f"{page}.title_saving"))
        self.lead.say(kit.text(f"{page}.lead"))
        self.where.say(masked_address(entry.address) or kit.text(f"{page}.no_address"), kit.text(f"{page}.where"))
        tail = phone_tail(entry.phone)
        self.phone.say(kit.text(f"{page}.tail", tail=tail) if tail else kit.text(f"{page}.no_phone"), kit.text(f"{page}.phone"))
        self.take.say(kit.text("page.result.take") if state.case.visit.card_present else "")
        self.done.say(kit.text(f"{page}.right" if tail else "page.answer.done"))
        self.wrong.say(kit.text(f"{page}.wrong" if tail else f"{page}.none"))

    def clear(self) -> None:
        super().clear()
        for line in (self.where, self.phone):
            line.say("")
