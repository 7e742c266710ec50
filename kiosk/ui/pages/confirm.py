"""Is this you? Masked name, last four digits, the benefits of today."""

from __future__ import annotations

from kiosk.domain.identity import DocumentKind, last_four
from kiosk.ui.drawable import masked_as_known
from kiosk.ui.pages.base import Kit, Page
from kiosk.ui.widgets.flow import Card, Rule, Stack
from kiosk.ui.widgets.text import Text
from kiosk.visit import events as e
from kiosk.visit import states as s
from kiosk.visit.states import Mode


def benefit_names(kit: Kit, kinds: list[str]) -> str:
    """Return the names of benefits, one a line."""
    return "\n".join(kit.text(f"benefit.{kind}.name") for kind in dict.fromkeys(kinds))


class ConfirmPage(Page[s.Confirming]):
    """Shown to the person alone, and masked all the same: others stand behind."""

    name = "confirm"
    step = "confirm"

    def build(self) -> None:
        self.labels = [Text(f"label-{i}", "label", "quiet") for i in range(3)]
        self.person = Text("person-name", "figure")
        self.digits = Text("last-four", "figure", whole=True)
        self.benefits = Text("benefits", "body", bold=True)
        self.expired = Text("card-expired", "body")
        self.card = Card(
            Stack(self.labels[0], self.person, gap=4),
            Stack(self.labels[1], self.digits, gap=4),
            Rule(),
            Stack(self.labels[2], self.benefits, gap=4),
            gap=26,
        )
        self.body.add(self.card)
        self.body.add(self.expired)
        self.yes = self.button("yes", "filled", e.Confirmed())
        self.no = self.button("no", "outlined", e.Denied())
        self.other = self.button("helping", "outlined", e.OtherChosen(), icon="persons")

    def fill(self, state: s.Confirming, kit: Kit) -> None:
        other = "_other" if state.visit.mode is Mode.OTHER else ""
        self.title.say(kit.text(f"page.confirm.title{other}"))
        shown, whole = masked_as_known(state.person.name or state.entry.name)
        self.labels[0].say(kit.text("page.confirm.name" if whole else "page.confirm.rare_name"))
        self.person.say(shown)
        self.labels[1].say(kit.text("page.confirm.last_four"))
        self.digits.say("…… " + "\u2009".join(last_four(state.person.id_number)))
        self.labels[2].say(kit.text("page.confirm.benefits"))
        self.benefits.say(benefit_names(kit, [item.benefit_kind for item in state.eligibilities if item.may_pass]))
        foreign = "_foreign" if state.person.document_kind is DocumentKind.PERMANENT_RESIDENCE else ""
        expired = any(item.card_expired for item in state.eligibilities)
        self.expired.say(kit.text(f"page.confirm.expired{foreign}") if expired else "")
        self.expired.setVisible(expired)
        self.yes.say(kit.text(f"page.confirm.yes{other}"))
        self.no.say(kit.text(f"page.confirm.no{other}"))
        # Whoever laid a card on the idle page was never asked for whom it is.
        self.other.say(kit.text("page.confirm.other"))
        self.other.setVisible(state.visit.mode is Mode.SELF)

    def clear(self) -> None:
        super().clear()
        for text in (self.person, self.digits, self.benefits):
            text.say("")
