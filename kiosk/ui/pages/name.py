"""Choose one's own name: no pinyin, no keyboard."""

from __future__ import annotations

from kiosk.ui.pages.base import Kit, Page
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.flow import Row, Stack
from kiosk.visit import events as e
from kiosk.visit import states as s


class NamePage(Page[s.ChoosingName]):
    """The offered names as large buttons, two beside each other."""

    name = "name"
    step = "card"
    leave = "back"

    def build(self) -> None:
        self.names = Stack(gap=24)
        self.foot.add(self.names)
        self.none = self.button("none", "outlined", e.BackTouched())

    def fill(self, state: s.ChoosingName, kit: Kit) -> None:
        self.title.say(kit.text("page.name.title"))
        self.lead.say(kit.text("page.name.lead_scanned" if state.scanned else "page.name.lead"))
        self.none.say(kit.text("page.name.none"))
        self.names.drop_all()
        pairs = [state.options[i : i + 2] for i in range(0, len(state.options), 2)]
        number = 0
        for pair in pairs:
            buttons = []
            for name in pair:
                made = Button(f"name-{number}", "outlined", role="figure")
                made.say(name)
                made.clicked.connect(lambda _=False, name=name: self._send(e.NameChosen(name)))
                buttons.append(made)
                number += 1
            row = Row(*buttons)
            self.names.add(row)
            row.show()
        self.names.set_look(self.look)

    def clear(self) -> None:
        super().clear()
        self.names.drop_all()
