"""What the pages of the set-up share: texts, the state they are filled from, one of several offers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from kiosk.config import Settings
from kiosk.installation import events as e
from kiosk.installation import states as s
from kiosk.texts.strings import Strings
from kiosk.ui.desk.base import DeskPage
from kiosk.ui.desk.widgets import Action, Field, Words
from kiosk.ui.theme import Look

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class SetupKit:
    """What a page needs to fill itself."""

    strings: Strings
    settings: Settings
    facts: s.SetupFacts
    now: Callable[[], datetime]
    look: Look

    def text(self, key: str, /, **values: object) -> str:
        """Return a text of the set-up."""
        return self.strings.text(f"setup.{key}", **values)

    def why(self, code: str) -> str:
        """Return what to say about a problem: the set-up's own codes first, then the desk's and the reasons'."""
        if not code:
            return ""
        return self.strings.any_of(
            f"setup.problem.{code}", f"desk.problem.{code}", f"reason.{code}.attendant", "setup.problem.unknown"
        )

    def value(self, key: str) -> s.Value:
        """Return a setting as it is in force."""
        return self.facts.values.get(key, "")


class SetupPage(DeskPage[Any]):
    """One step's page. Subclasses build in `build` and fill in `fill`."""

    def fill(self, state: s.Locked | s.Installing, kit: SetupKit) -> None:
        """Fill from the state."""
        raise NotImplementedError

    def show_frame(self, image_rgb: np.ndarray) -> None:
        """Show a picture of the camera, on a page that has room for one."""

    def tick(self) -> None:
        """A second has passed."""

    def say_trouble(self, state: s.Locked | s.Installing, kit: SetupKit) -> None:
        """Show the page's problem or good news."""
        page = state.page if isinstance(state, s.Installing) else state
        notice = page.notice if isinstance(page, s.ClockStep | s.SupervisorStep) else ""
        if notice:
            self.problem.say(kit.text(f"notice.{notice}"), good=True)
        else:
            self.problem.say(kit.why(page.problem))


class Form(QGridLayout):
    """Fields below each other, each with its name beside it: a field that is filled in must still say what it is."""

    def __init__(self, fields: Sequence[Field]) -> None:
        super().__init__()
        self.setSpacing(10)
        self.setColumnStretch(1, 1)
        self.rows: dict[Field, Words] = {}
        for number, field in enumerate(fields):
            words = Words(f"{field.objectName()}-words", wrap=False)
            self.addWidget(words, number, 0)
            self.addWidget(field, number, 1)
            self.rows[field] = words

    def say(self, field: Field, label: str) -> None:
        """Name a field."""
        self.rows[field].say(label)
        field.setAccessibleName(label)

    def show_field(self, field: Field, on: bool) -> None:
        """Show a field with its name, or neither."""
        field.setVisible(on)
        self.rows[field].setVisible(on)


class OfferList(QWidget):
    """Devices, ports or files below each other; the one in use is marked. Buttons are named NAME-0, NAME-1, ..."""

    taken = Signal(object)  # e.OfferTouched

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(8)
        self._offers: tuple[s.SetupOffer, ...] = ()
        self.buttons: list[Action] = []

    def show_offers(self, offers: Sequence[s.SetupOffer], used: str, look: Look) -> None:
        """Show them; `used`: the key of the one in use."""
        self._offers = tuple(offers)
        while len(self.buttons) < len(self._offers):
            number = len(self.buttons)
            button = Action(f"{self.objectName()}-{number}", "chip", checkable=True)
            button.clicked.connect(lambda _=False, number=number: self._touched(number))
            self.buttons.append(button)
            self._box.addWidget(button)
        for number, button in enumerate(self.buttons):
            there = number < len(self._offers)
            button.setVisible(there)
            if there:
                button.set_look(look)
                button.say(self._offers[number].label)
                button.setChecked(self._offers[number].key == used)
        self.setVisible(bool(self._offers))

    def _touched(self, number: int) -> None:
        self.buttons[number].setChecked(False)  # the machine decides; the mark follows
        self.taken.emit(e.OfferTouched(self._offers[number].key))
