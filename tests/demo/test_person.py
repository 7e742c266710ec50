"""The demo's person knows every page, and says at once where it does not: it used to wait out the demo's limit."""

from __future__ import annotations

from types import SimpleNamespace

from kiosk import config
from kiosk.emulators.person import WAITS, DemoPerson, Habits
from kiosk.texts.strings import Strings
from kiosk.ui.prompts import PAGE_NAMES
from kiosk.ui.window import KioskWindow
from kiosk.visit.states import AwaitingCard, Mode, Visit, Whose


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


def test_it_lays_no_card_while_the_reader_is_away(qtbot):
    made, window = person(qtbot)
    laid: list[str] = []
    made._hands = SimpleNamespace(lay_card=laid.append)  # type: ignore[assignment]
    window.show()
    visit = Visit("v", Mode.OTHER)
    window.show_state(AwaitingCard(visit, Whose.HELPER, reader_ready=False))
    made._on_card()
    assert laid == []
    window.show_state(AwaitingCard(visit, Whose.HELPER))
    made._on_card()
    assert laid == ["helper"]
