"""What all pages share: three parts (head, body, foot), placed below each other or in two columns, made to fit without scrolling.

A page shows one kind of state. It keeps nothing of a person beyond `clear`. Pages know the state and the texts, never each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from kiosk.config import Settings
from kiosk.domain.identity import mask_name
from kiosk.domain.take_view import ScanView, TakeView
from kiosk.texts.strings import Strings
from kiosk.ui.pages import seated
from kiosk.ui.theme import DENSITIES, MARGIN, Look
from kiosk.ui.widgets.button import Button, Kind
from kiosk.ui.widgets.flow import Stack, block
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


@dataclass(frozen=True, slots=True)
class Kit:
    """What a page needs to fill itself."""

    strings: Strings
    settings: Settings
    now: Callable[[], datetime]  # local time of the station

    def text(self, key: str, /, **values: object) -> str:
        """Return a text of the catalogue."""
        return self.strings.text(key, **values)


class Page(QWidget):
    """One page. Subclasses build their parts in `build` and fill them in `fill`."""

    touched = Signal(object)
    name = ""
    step: str = ""  # the step of the visit that is under way, "" where the row of steps is not shown
    leave: str = "leave"  # "back", "leave" or ""
    no_face = True  # whether the bottom bar offers the way without the face
    body_low = False  # 矮屏: the picture is touched, or is the camera's: it goes to the lower part
    left_share = 0.48  # width of the picture's column on a landscape screen

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName(f"page-{self.name}")
        self.look = Look()
        self.fits = True
        self.low: int | None = None  # 矮屏: where the lower part begins, in pixels from the page's top; None: standing
        self._low: int | None = None  # … where it fitted
        self.head = Stack(gap=20, centred=True)
        self.body = Stack(gap=28, centred=True)
        self.foot = Stack(gap=24)
        for part in (self.head, self.body, self.foot):
            part.setParent(self)
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

    def fill(self, state: Any, kit: Kit) -> None:
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

    def leave_event(self) -> e.Event | None:
        """What the leave button of the bottom bar means here."""
        if self.leave == "back":
            return e.BackTouched()
        return e.CancelTouched() if self.leave == "leave" else None

    def button(
        self, name: str, kind: Kind, event: Callable[[], e.Event | None] | e.Event, *, icon: str = "", to: Stack | None = None
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

    # --- fitting

    def set_look(self, look: Look) -> None:
        """Take on a look, at the greatest density number that fits: nothing is clipped and nothing scrolls."""
        self._low = None if self.low is None else seated.fit(self, look)
        if self._low is not None:
            self.fits = True
            self.arrange()
            return
        for density in DENSITIES:
            self.put_on(look.with_density(density))
            if self._fitting():
                self.fits = True
                break
        else:
            self.fits = False
        self.arrange()

    def put_on(self, look: Look) -> None:
        """Give all parts a look, whether it fits or not."""
        self.look = look
        for part in (self.head, self.body, self.foot):
            part.set_look(look)

    def _columns(self) -> tuple[int, int, int]:
        margin = self.look.px(MARGIN)
        room = self.width() - 3 * margin
        left = int(room * self.left_share)
        return margin, left, room - left

    def single(self) -> bool:
        """Return whether a landscape page has one column, because it has no picture."""
        return not self.body.visible_items()

    def _gap(self) -> int:
        return self.look.space(36, 18)

    def _fitting(self) -> bool:
        look, pad = self.look, self.look.space(24, 12)
        room = self.height() - 2 * pad
        if not look.landscape:
            width = self.width() - 2 * look.px(MARGIN)
            parts = [part for part in (self.head, self.body, self.foot) if part.visible_items()]
            total = sum(block(part).need(width) for part in parts) + self._gap() * (len(parts) - 1)
            return total <= room
        if self.single():
            width = min(self.width() - 2 * look.px(MARGIN), look.px(1200))
            return self.head.need(width) + self._gap() + self.foot.need(width) <= room
        _, left, right = self._columns()
        return self.body.need(left) <= room and self.head.need(right) + self._gap() + self.foot.need(right) <= room

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.set_look(self.look)

    def arrange(self) -> None:
        """Place the three parts."""
        if self._low is not None:
            seated.arrange(self, self._low)
            return
        look, pad, gap = self.look, self.look.space(24, 12), self._gap()
        if look.landscape and not self.single():
            margin, left, right = self._columns()
            room = self.height() - 2 * pad
            self.body.setGeometry(margin, pad, left, room)
            x, width, top = 2 * margin + left, right, pad
            foot = self.foot.need(width) if self.foot.visible_items() else 0
            between = gap if foot else 0
            head = self.head.need(width)
            spare = max(0, room - head - foot - between)
            self.head.setGeometry(x, top + spare // 3, width, head)
            self.foot.setGeometry(x, top + spare // 3 + head + between + spare // 3, width, foot)
        else:
            width = self.width() - 2 * look.px(MARGIN)
            if look.landscape:
                width = min(width, look.px(1200))
            x = (self.width() - width) // 2
            room = self.height() - 2 * pad
            head = self.head.need(width)
            foot = self.foot.need(width) if self.foot.visible_items() else 0
            body_room = room - head - foot - gap * (1 + bool(foot))
            if self.single():
                foot = max(foot, min(self.foot.want(width), room - head - gap))
                spare = max(0, room - head - foot - gap)
                self.head.setGeometry(x, pad + spare // 3, width, head)
                self.foot.setGeometry(x, pad + spare // 3 + head + gap + spare // 3, width, foot)
                self.body.setGeometry(x, pad, width, 0)
            else:
                # What is left over is spread round head and body; the foot stays where the hand is.
                spare = max(0, body_room - self.body.want(width))
                top = pad + spare // 4
                self.head.setGeometry(x, top, width, head)
                self.body.setGeometry(x, top + head + gap + spare // 8, width, max(0, body_room) - spare * 5 // 8)
                self.foot.setGeometry(x, self.height() - pad - foot, width, foot)
        for part in (self.head, self.body, self.foot):
            part.arrange()
