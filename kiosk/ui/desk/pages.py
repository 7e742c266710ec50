"""All pages of the desk."""

from __future__ import annotations

from kiosk.ui.desk.assist import AssistPage
from kiosk.ui.desk.base import DeskPage
from kiosk.ui.desk.declare import DeclarePage
from kiosk.ui.desk.done import DonePage
from kiosk.ui.desk.enrol import EnrolPage
from kiosk.ui.desk.find import FindPage
from kiosk.ui.desk.home import HomePage
from kiosk.ui.desk.home_visits import HomeVisitsPage
from kiosk.ui.desk.lists import TodoPage
from kiosk.ui.desk.person import PersonPage
from kiosk.ui.desk.reports import ClockPage, FairnessPage, MaintenancePage, SyncPage
from kiosk.ui.desk.sign_in import SetUpPage, SignInPage
from kiosk.ui.desk.supervisor import ApprovalPage, StaffPage
from kiosk.ui.desk.unit_list import UnitListPage

KINDS: tuple[type[DeskPage], ...] = (
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
    ApprovalPage,
    FairnessPage,
    ClockPage,
    SyncPage,
    MaintenancePage,
    StaffPage,
)
