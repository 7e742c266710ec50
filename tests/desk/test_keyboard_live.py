"""A desk that has a touch screen and nothing else: from signing in to a person found, over the real controller and store."""

from __future__ import annotations

from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.ui.desk.widgets import Action, Field
from tests.desk.conftest import ANN

NUMBER, NAME = "440305194810010111", "李建国"


def pad(live, digits):
    for digit in digits:
        live.touch(f"desk-key-{digit}")


def keys(live, *names):
    for name in names:
        live.touch(f"keyboard-{name}")


def choose(live, text):
    live.touch(next(one.objectName() for one in live.view.keyboard.choices if one.isVisible() and one.accessibleName() == text))


def sign_in_by_touch(live):
    live.touch("desk-open")
    live.until_page("sign-in")
    live.until(lambda: live.find("sign-in").isEnabled())
    live.find("staff-id").setFocus()
    pad(live, ANN[0])
    live.find("staff-pin").setFocus()
    pad(live, ANN[1])
    live.touch("sign-in")
    live.until_page("home")
    live.loaded()


def test_a_person_is_found_without_any_real_key(live):
    sign_in_by_touch(live)
    live.touch("place-find")
    live.until_page("find")
    pad(live, NUMBER)
    live.touch("find-name")
    keys(live, *"lijian")
    choose(live, "李")
    choose(live, "建")
    keys(live, *"guo")
    choose(live, "国")
    assert live.find("find-name", Field).text() == NAME
    keys(live, "next")  # the last field: it searches
    live.until_page("person")
    assert live.desk.state.page.found.person.id_number == NUMBER
    assert not live.view.keyboard.isVisible()


def test_typing_keeps_the_session_and_a_quiet_one_ends_with_nothing_left(live):
    sign_in_by_touch(live)
    live.touch("place-find")
    live.until_page("find")
    live.touch("find-name")
    for _ in range(3):
        live.clock.pass_(600)
        live.view._told_s = 0.0  # the real counter did not move
        keys(live, "l", "back")
        live.desk.feed(e.TimePassed())
        assert isinstance(live.desk.state, s.Open)
    keys(live, *"li", "space", *"m")
    live.clock.pass_(901)
    live.desk.feed(e.TimePassed())
    assert not isinstance(live.desk.state, s.Open)
    board = live.view.keyboard
    assert not board.isVisible()
    assert (board.letters, board.field, [one.text() for one in board.choices if one.text()]) == ("", None, [])
    assert [one.text() for one in live.view.findChildren(Field) if one.text()] == []
    assert "李" not in "".join(one.text() + one.accessibleName() for one in live.view.findChildren(Action))
