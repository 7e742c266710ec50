"""Several benefits are due: all are chosen at first, each can be left out."""

from __future__ import annotations

from kiosk.ui.pages.base import Kit, Page
from kiosk.ui.widgets.choice import ChoiceButton
from kiosk.ui.widgets.flow import Stack
from kiosk.ui.widgets.text import Text
from kiosk.visit import events as e
from kiosk.visit import states as s


class BenefitsPage(Page[s.ChoosingBenefits]):
    """One large tick box a benefit; the state stands in words beside the sign."""

    name = "benefits"
    step = "confirm"
    leave = "back"

    def build(self) -> None:
        self._kit: Kit | None = None
        self._shown_for: object = None
        self._choices: list[tuple[str, ChoiceButton]] = []
        self.choices = Stack(gap=24)
        self.hint = Text("hint", "body", "stop", centred=True, bold=True)
        self.hint.setParent(self.foot)
        self.foot.add(self.choices)
        self.foot.add(self.hint)
        self.next = self.button("next", "filled", self._chosen)
        self.hint.say("")

    def fill(self, state: s.ChoosingBenefits, kit: Kit) -> None:
        self._kit = kit
        self.title.say(kit.text("page.benefits.title"))
        self.lead.say(kit.text("page.benefits.lead"))
        self.next.say(kit.text("page.benefits.next"))
        left_out = (
            {benefit for benefit, button in self._choices if not button.isChecked()} if self._shown_for == state.due else set()
        )
        self._shown_for = state.due
        self.choices.drop_all()
        self._choices = []
        for item in state.due:
            button = ChoiceButton(f"benefit-{item.benefit_id}")
            button.setChecked(item.benefit_id not in left_out)
            button.show_texts(
                kit.text(f"benefit.{item.benefit_kind}.name"),
                kit.text("page.benefits.chosen"),
                kit.text("page.benefits.not_chosen"),
            )
            button.toggled.connect(self._forgive)
            self.choices.add(button)
            button.show()
            self._choices.append((item.benefit_id, button))
        self.choices.set_look(self.look)

    def clear(self) -> None:
        super().clear()
        self.choices.drop_all()
        self._choices, self._shown_for = [], None
        self.hint.say("")

    def _forgive(self) -> None:
        self.hint.say("")

    def _chosen(self) -> e.Event | None:
        chosen = tuple(benefit for benefit, button in self._choices if button.isChecked())
        if chosen:
            return e.BenefitsChosen(chosen)
        if self._kit is not None:
            self.hint.say(self._kit.text("page.benefits.need_one"))
            self.set_look(self.look)
        return None
