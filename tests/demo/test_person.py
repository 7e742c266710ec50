"""The demo's person knows every page, and says at once where it does not: it used to wait out the demo's limit."""

from __future__ import annotations

from kiosk import config
from kiosk.emulators.person import WAITS, DemoPerson, Habits
from kiosk.texts.strings import Strings
from kiosk.ui.prompts import PAGE_NAMES
from kiosk.ui.window import KioskWindow


def person(qtbot) -> tuple[DemoPerson, KioskWindow]:
    window = KioskWindow(config.Settings(), Strings.load("zh_CN"), motion=False)
    qtbot.addWidget(window)
    return DemoPerson(window, None, Habits()), window  # type: ignore[arg-type]  # no hands: nothing is touched


def test_it_knows_every_page(qtbot):
    made, _ = person(qtbot)
    assert set(made.handlers) | WAITS == set(PAGE_NAMES.values())
    assert not set(made.handlers) & WAITS


def test_a_page_that_it_does_not_know_ends_the_demo_at_once(qtbot):
    made, window = person(qtbot)
    lost: list[str] = []
    made.lost.connect(lost.append)
    window.page.name = "a-page-of-tomorrow"
    for _ in range(12):  # 0.72 s of looking: as soon as a page may be touched
        made._look()
    assert lost[:1] == ["a-page-of-tomorrow"]
