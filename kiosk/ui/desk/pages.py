"""All pages of the desk, made one by one, and which of them a state shows."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QStackedWidget

from kiosk.desk import states as s
from kiosk.desk.values import Place
from kiosk.ui.desk.assist import AssistPage
from kiosk.ui.desk.base import DeskPage
from kiosk.ui.desk.camera import CameraBoardPage
from kiosk.ui.desk.declare import DeclarePage
from kiosk.ui.desk.done import DonePage
from kiosk.ui.desk.enrol import EnrolPage
from kiosk.ui.desk.find import FindPage
from kiosk.ui.desk.home import HomePage
from kiosk.ui.desk.home_visits import HomeVisitsPage
from kiosk.ui.desk.lists import TodoPage
from kiosk.ui.desk.person import PersonPage
from kiosk.ui.desk.reminders import RemindersPage
from kiosk.ui.desk.reports import ClockPage, FairnessPage, MaintenancePage, SyncPage
from kiosk.ui.desk.short_pin import ShortPinPage
from kiosk.ui.desk.sign_in import SetUpPage, SignInPage
from kiosk.ui.desk.supervisor import ApprovalPage, StaffPage
from kiosk.ui.desk.unit_list import UnitListPage
from kiosk.ui.desk.widgets import Pad

KINDS: tuple[type[DeskPage[Any]], ...] = (
    SignInPage,
    SetUpPage,
    HomePage,
    FindPage,
    PersonPage,
    AssistPage,
    EnrolPage,
    DeclarePage,
    DonePage,
    HomeVisitsPage,
    UnitListPage,
    TodoPage,
    RemindersPage,
    ApprovalPage,
    FairnessPage,
    ClockPage,
    SyncPage,
    MaintenancePage,
    CameraBoardPage,
    StaffPage,
    ShortPinPage,
)
_PREPARE_MS = 30


class DeskPages(QStackedWidget):
    """The pages in a stack. Each is made when it is first wanted, or before that while nobody waits."""

    sent = Signal(object)
    letters_wanted = Signal(object)  # Field; from a page's pad of digits

    def __init__(self, *, letters: bool) -> None:
        """letters: whether there is a keyboard on the screen, which a pad may ask for."""
        super().__init__()
        self.setObjectName("desk-stack")
        self._letters = letters
        self.made: dict[str, DeskPage[Any]] = {}
        self._preparing = QTimer(self, singleShot=True)
        self._preparing.timeout.connect(self.prepare)

    @Slot()
    def prepare(self) -> None:
        """Make the pages one by one while nobody waits: neither the first page nor a visit is held up by them."""
        kind = next((one for one in KINDS if one.name not in self.made), None)
        if kind is not None:
            self._make(kind)
            self.prepare_in(_PREPARE_MS)

    def prepare_in(self, after_ms: int) -> None:
        """Prepare when nobody waited for anything else that long."""
        self._preparing.start(after_ms)

    def prepare_never(self) -> None:
        """The kiosk stops: make no page any more."""
        self._preparing.stop()

    def one(self, name: str) -> DeskPage[Any]:
        """Return a page by its name; it is made now when it was not yet."""
        if name not in self.made:
            self._make(next(kind for kind in KINDS if kind.name == name))
        return self.made[name]

    def _make(self, kind: type[DeskPage[Any]]) -> None:
        made = kind()
        made.sent.connect(self.sent)
        for pad in made.findChildren(Pad):
            pad.letters_wanted.connect(self.letters_wanted)
            pad.letters.setVisible(self._letters)
        self.addWidget(made)
        self.made[made.name] = made


def name_of(state: s.State) -> str:
    """Return the name of the page for a state."""
    match state:
        case s.SettingUp():
            return "set-up"
        case s.Open(_, s.Board(place)):
            return place.value
        case s.Open(_, page):
            return {
                s.Finding: "find",
                s.Showing: "person",
                s.Assisting: "assist",
                s.Enrolling: "enrol",
                s.TakingDeclaration: "declare",
                s.Done: "done",
            }[type(page)]
    return "sign-in"


def inside(state: s.State) -> object:
    """Return what the page of a state is filled from."""
    return state.page if isinstance(state, s.Open) else state


def place_of(state: s.State) -> Place | None:
    """Return where the desk is, as the rail marks it; None before somebody signed in."""
    if not isinstance(state, s.Open):
        return None
    return state.page.place if isinstance(state.page, s.Board) else Place.FIND
