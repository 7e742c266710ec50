"""All pages of the desk."""

from __future__ import annotations

from kiosk.ui.desk.assist import AssistPage
from kiosk.ui.desk.base import DeskPage
from kiosk.ui.desk.done import DonePage
from kiosk.ui.desk.find import FindPage
from kiosk.ui.desk.home import HomePage
from kiosk.ui.desk.person import PersonPage
from kiosk.ui.desk.sign_in import SetUpPage, SignInPage


def make() -> list[DeskPage]:
    """Return one of each."""
    return [SignInPage(), SetUpPage(), HomePage(), FindPage(), PersonPage(), AssistPage(), DonePage()]
