"""Consent to face processing: separate, voluntary, in plain words; "without face" is of equal weight (Order 19, PIPL)."""

from __future__ import annotations

from kiosk.ui.pages.base import Kit, Page, friend_of
from kiosk.ui.widgets.flow import Card, Rule
from kiosk.ui.widgets.labels import IconLine
from kiosk.visit import events as e
from kiosk.visit import states as s

POINTS = (("what", "camera"), ("where", "device"), ("long", "bin"))


class ConsentPage(Page[s.Consenting]):
    """What, where, how long; two buttons of the same kind and size."""

    name = "consent"
    step = "consent"
    leave = "back"
    no_face = False  # the choice stands on the page itself, in full size

    def build(self) -> None:
        self.points = {name: IconLine(f"point-{name}", icon) for name, icon in POINTS}
        lines = list(self.points.values())
        self.body.add(Card(lines[0], Rule(), lines[1], Rule(), lines[2], gap=26))
        self.yes = self.button("agree", "filled", e.Agreed(), icon="face-scan")
        self.no = self.button("without-face", "filled", e.NoFaceTouched(), icon="staff")
        self.no.ground = "other"  # of the same weight, and never taken for the other one
        self.foot.gap = 28

    def clear(self) -> None:
        super().clear()
        for line in self.points.values():
            line.say("")

    def fill(self, state: s.Consenting, kit: Kit) -> None:
        friend = friend_of(state.case)  # who is helped consents, not who helps
        other = "_other" if friend else ""
        self.title.say(kit.text(f"page.consent.title{other}", name=friend))
        self.lead.say(kit.text(f"page.consent.lead{other}", name=friend))
        for name, line in self.points.items():
            key = f"page.consent.{name}{other}" if name == "what" else f"page.consent.{name}"
            line.say(kit.text(key, name=friend), kit.text(f"page.consent.{name}_title"))
        self.yes.say(kit.text("page.consent.yes"))
        self.no.say(kit.text("page.consent.no"))
