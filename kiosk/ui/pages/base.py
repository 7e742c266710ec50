"""What all pages share: title and lead, buttons that send events, and what the bars round the page ask of it.

A page shows one kind of state. It keeps nothing of a person beyond `clear`. Pages know the state and the texts, never each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from kiosk.config import Settings
from kiosk.domain.identity import mask_name
from kiosk.domain.take_view import ScanView, TakeView
from kiosk.texts.strings import Strings
from kiosk.ui.pages.fitting import Fitting
from kiosk.ui.widgets.button import Button, Kind
from kiosk.ui.widgets.text import Text
from kiosk.visit import events as e
from kiosk.visit.states import Case, Mode


def friend_of(case: Case) -> str:
    """Return the masked name of whom the visit is for, when somebody helps them; "" in one's own visit."""
    if case.visit.mode is not Mode.OTHER:
        return ""
    return mask_name(case.person.name or case.entry.name).replace(" ", "")


if TYPE_CHECKING:
    import numpy as np

STEPS = ("card", "confirm", "consent", "camera", "done")


class Adding(Protocol):
    """Takes widgets: a stack, or a row that can grow."""

    def add(self, child: QWidget, /) -> None:
        """Append a widget."""


@dataclass(frozen=True, slots=True)
class Kit:
    """What a page needs to fill itself."""

    strings: Strings
    settings: Settings
    now: Callable[[], datetime]  # local time of the station

    def text(self, key: str, /, **values: object) -> str:
        """Return a text of the catalogue."""
        return self.strings.text(key, **values)


Shown = TypeVar("Shown")


class Page(Fitting, Generic[Shown]):
    """One page, for one kind of state. Subclasses build their parts in `build` and fill them in `fill`."""

    touched = Signal(object)
    name = ""
    step: str = ""  # the step of the visit that is under way, "" where the row of steps is not shown
    leave: str = "leave"  # "back", "leave" or ""
    says_called = False  # whether the page itself says that an attendant is on the way
    no_face = True  # whether the bottom bar offers the way without the face

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName(f"page-{self.name}")
        self.title = Text("title", "title", centred=True)
        self.lead = Text("lead", "body", "quiet", centred=True)
        self.head.add(self.title)
        self.head.add(self.lead)
        self.primary: Button | None = None
        self.secondary: Button | None = None
        self.build()

    # --- for subclasses

    def build(self) -> None:
        """Make the parts, once."""

    def fill(self, state: Shown, kit: Kit) -> None:
        """Set every text and picture from a state."""
        raise NotImplementedError

    def somebody_near(self) -> None:
        """Somebody comes near an idle kiosk; on the idle page alone."""

    def show_take(self, view: TakeView) -> None:
        """Show where a running take stands; on the camera's page alone."""

    def show_scan(self, view: ScanView) -> None:
        """Show where a scan stands; on the scan's page alone."""

    def show_frame(self, image_rgb: np.ndarray) -> None:
        """Show one picture of the camera; on pages with a camera alone."""

    def clear(self) -> None:
        """Forget everything about the last person."""
        self.title.say("")
        self.lead.say("")
        self.first_leaf()

    def leave_event(self) -> e.Event | None:
        """What the leave button of the bottom bar means here."""
        if self.leave == "back":
            return e.BackTouched()
        return e.CancelTouched() if self.leave == "leave" else None

    def button(
        self, name: str, kind: Kind, event: Callable[[], e.Event | None] | e.Event, *, icon: str = "", to: Adding | None = None
    ) -> Button:
        """Make a button that sends an event (or what a function returns, if anything)."""
        made = Button(name, kind, icon=icon)
        made.clicked.connect(lambda _=False: self._send(event))
        (to or self.foot).add(made)
        if kind == "filled" and self.primary is None:
            self.primary = made
        elif kind == "outlined" and self.secondary is None:
            self.secondary = made
        return made

    def _send(self, event: Callable[[], e.Event | None] | e.Event) -> None:
        sent = event() if callable(event) else event
        if sent is not None:
            self.touched.emit(sent)
