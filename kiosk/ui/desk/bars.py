"""What stands round every page of the desk: the bar with who is signed in, the rail of places, the foot with what waits."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QLayout, QStackedWidget

from kiosk.desk.boards_data import Tallies
from kiosk.desk.values import SUPERVISOR_PLACES, Place, Role
from kiosk.ui.desk.base import DeskKit
from kiosk.ui.desk.look import BAR, FOOT, PAD, RAIL
from kiosk.ui.desk.widgets import Action, Words, column, row
from kiosk.ui.theme import Look

_ICONS = {
    Place.HOME: "desk-home",
    Place.FIND: "desk-find",
    Place.HOME_VISITS: "desk-visit",
    Place.UNIT_LIST: "desk-list",
    Place.TODO: "desk-todo",
    Place.APPROVAL: "desk-approval",
    Place.FAIRNESS: "desk-fairness",
    Place.CLOCK: "desk-clock",
    Place.SYNC: "desk-sync",
    Place.MAINTENANCE: "desk-maintenance",
    Place.CAMERA: "camera",
    Place.STAFF: "desk-staff",
}


class _Strip(QFrame):
    """A strip along one side of the desk."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)

    def _take_on(self, look: Look, pad: int) -> None:
        layout = self.layout()
        if layout is not None:
            layout.setContentsMargins(look.px(pad), look.px(6), look.px(pad), look.px(6))
        for button in self.findChildren(Action):
            button.set_look(look)


class DeskBar(_Strip):
    """Title, who is signed in and for how long, and the way out."""

    def __init__(self) -> None:
        super().__init__("desk-bar")
        self.heading = Words("desk-heading", "heading", wrap=False)
        self.person = Words("desk-person", wrap=False)
        self.left = Words("desk-left", "small", wrap=False)
        self.close_button = Action("desk-close", "outlined", icon="leave")
        self.setLayout(row(self.heading, 1, self.person, self.left, self.close_button))

    def show_session(self, kit: DeskKit) -> None:
        """Show who is signed in, if anybody."""
        session = kit.session
        self.heading.say(kit.text("title"))
        self.person.say(f"{session.name} · {kit.text(f'role.{session.role}')}" if session else "")
        self.left.setVisible(session is not None)
        self.close_button.say(kit.text("close" if session is None else "sign_out"))

    def set_look(self, look: Look) -> None:
        """Take on sizes."""
        self.setFixedHeight(look.px(BAR))
        self._take_on(look, PAD)


class DeskRail(_Strip):
    """One button a place. `gone`: a place was touched; the machine decides, and `show_session` says where the desk is."""

    gone = Signal(object)  # Place

    def __init__(self) -> None:
        super().__init__("desk-rail")
        self.places: dict[Place, Action] = {}
        self._here: Place | None = None
        for place in _ICONS:
            button = Action(f"place-{place}", "rail", icon=_ICONS[place], checkable=True)
            button.clicked.connect(lambda _=False, place=place: self._go(place))
            self.places[place] = button
        self.setLayout(column(*self.places.values(), 1, spacing=4))

    def show_session(self, kit: DeskKit, here: Place | None, calls: int) -> None:
        """Show the places of this role; `calls`: people who called for help, told at the way home."""
        session, self._here = kit.session, here
        self.setVisible(session is not None)
        for place, button in self.places.items():
            called = place is Place.HOME and calls > 0
            if called:  # the rail is as wide as the places' names: the count alone fits, whoever reads aloud hears both
                button.say(kit.text("home.calls_short", count=calls), kit.text("home.calls_spoken", count=calls))
            else:
                button.say(kit.text(f"place.{place}"))
            button.setChecked(place is here)
            button.setVisible(session is not None and (place not in SUPERVISOR_PLACES or session.role is Role.SUPERVISOR))

    def set_look(self, look: Look) -> None:
        """Take on sizes."""
        self.setFixedWidth(look.px(RAIL))
        self._take_on(look, 8)

    def _go(self, place: Place) -> None:
        self.places[place].setChecked(self._here is place)  # the machine decides; the mark follows
        self.gone.emit(place)


class DeskFoot(_Strip):
    """What waits for the centre, and when it last answered."""

    def __init__(self) -> None:
        super().__init__("desk-foot")
        self.waits = Words("desk-waits", wrap=False)
        self.receipt = Words("desk-receipt", "small", wrap=False)
        self.setLayout(row(self.waits, 1, self.receipt))

    def show_tallies(self, kit: DeskKit, tallies: Tallies) -> None:
        """Show the counts, while somebody is signed in."""
        t = tallies
        self.setVisible(kit.session is not None)
        self.waits.say(
            kit.text("foot.counts", waiting=t.waiting, received=t.received, confirmed=t.confirmed, returned=t.returned + t.refused),
            "bad" if t.returned + t.refused or t.level != "ok" else "",
        )
        self.receipt.say(kit.text("foot.receipt", at=kit.moment(t.last_receipt_at) or kit.text("never"), version=t.roster_version))

    def set_look(self, look: Look) -> None:
        """Take on sizes."""
        self.setFixedHeight(look.px(FOOT))
        self._take_on(look, PAD)


def around(stack: QStackedWidget, bar: DeskBar, rail: DeskRail, foot: DeskFoot) -> QLayout:
    """Return the layout of the desk: the bar above, the rail beside the pages, the foot below."""
    whole = column(bar, row(rail, stack, spacing=0), foot, spacing=0)
    whole.setStretch(1, 1)
    return whole
