"""The keys on a real window: holding the marked key, choosing, help, arrows, headphones, and the end of the visit."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from kiosk.gallery.scenes import sample_settings, scenes
from kiosk.gallery.stage import make_window, show_scene
from kiosk.texts import requests as r
from kiosk.visit import events as e
from kiosk.visit import states as s

SCENES = {scene.name: scene for scene in scenes()}


@pytest.fixture
def heard(window):
    out = []
    window.service.connect(lambda wish: out.append(wish.keys) if isinstance(wish, r.Say) else None)
    return out


@pytest.fixture
def sent(window):
    out = []
    window.touched.connect(out.append)
    return out


def hold(window, key=Qt.Key.Key_F9):
    QTest.keyPress(window, key)
    window.spoken._held.timeout.emit()
    QTest.keyRelease(window, key)


def test_holding_the_marked_key_begins_and_ends_it(window, heard):
    hold(window)
    assert window.spoken.on
    assert heard[-1][0] == "spoken.say_on"
    assert heard[-1][1:] == tuple(window.spoken_key()), "the page follows, whole"
    hold(window)
    assert not window.spoken.on
    assert heard[-1] == ("spoken.say_off",)


def test_a_short_press_of_the_marked_key_says_the_page_again(window):
    wishes = []
    window.service.connect(wishes.append)
    QTest.keyClick(window, Qt.Key.Key_F9)
    assert wishes == [r.Replay()]
    assert not window.spoken.on


def test_a_page_is_gone_through_and_chosen_by_keys(window, heard, sent):
    show_scene(window, SCENES["consent"])
    hold(window)
    QTest.keyClick(window, Qt.Key.Key_F6)
    assert heard[-1] == ("spoken.option.say_agree",)
    QTest.keyClick(window, Qt.Key.Key_F7)
    assert sent == [e.Agreed()]


def test_the_arrows_of_any_keyboard_do_as_well(window, heard, sent):
    show_scene(window, SCENES["confirm"])
    hold(window)
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Return):
        QTest.keyClick(window.focusWidget() or window, key)
    assert sent == [e.Confirmed()]


@pytest.mark.parametrize("listening", [True, False])
def test_the_loudness_is_changed_without_looking(window, listening):
    if listening:
        hold(window)
    wishes = []
    window.service.connect(wishes.append)
    QTest.keyClick(window, Qt.Key.Key_VolumeUp)
    QTest.keyClick(window, Qt.Key.Key_VolumeDown)
    assert wishes == [r.VolumeUp(), r.VolumeDown()]
    assert window.spoken.on is listening, "loudness alone begins and ends nothing"


def test_a_panels_own_keys_change_the_loudness(qtbot):
    settings = sample_settings()
    keys = {**settings.ui.keys, "F10": "quieter", "F11": "louder"}
    window = make_window(settings.model_copy(update={"ui": settings.ui.model_copy(update={"keys": keys})}))
    qtbot.addWidget(window)
    wishes = []
    window.service.connect(wishes.append)
    QTest.keyClick(window, Qt.Key.Key_F11)
    QTest.keyClick(window, Qt.Key.Key_F10)
    assert wishes == [r.VolumeUp(), r.VolumeDown()]


def test_help_is_one_key_away(window, sent):
    show_scene(window, SCENES["consent"])
    hold(window)
    QTest.keyClick(window, Qt.Key.Key_F8)
    assert sent == [e.HelpTouched()]


@pytest.fixture
def dark(window):
    window.settings = window.settings.model_copy(update={"ui": window.settings.ui.model_copy(update={"dark_when_spoken": True})})
    return window


def test_the_screen_goes_dark_where_the_station_wants_it_and_a_touch_brings_it_back(dark, sent):
    show_scene(dark, SCENES["confirm"])
    assert not dark.curtain.isVisible()
    hold(dark)
    assert dark.curtain.isVisible()
    picture = dark.grab().toImage()
    light = sum(picture.pixelColor(x, y).lightness() > 20 for x in range(0, dark.width(), 9) for y in range(0, dark.height(), 9))
    assert light < 200, "black, but for one quiet line"
    QTest.keyClick(dark, Qt.Key.Key_F6)
    QTest.keyClick(dark, Qt.Key.Key_F7)
    assert sent == [e.Confirmed()], "keys go on as before"
    QTest.mouseClick(dark.curtain, Qt.MouseButton.LeftButton)
    assert not dark.curtain.isVisible()
    show_scene(dark, SCENES["consent"])
    assert not dark.curtain.isVisible(), "who lifted it keeps the picture for this visit"
    hold(dark)
    hold(dark)
    assert dark.curtain.isVisible()
    dark.show_state(s.Idle())
    assert not dark.curtain.isVisible(), "the next person begins with a picture"


def test_the_screen_stays_as_it_is_where_no_station_asked_for_the_dark(window):
    hold(window)
    assert not window.curtain.isVisible()


def test_headphones_begin_it_and_keep_it_for_the_next_person(window):
    window.spoken.switch("headphones")
    show_scene(window, SCENES["consent"])
    window.show_state(s.Idle())
    assert window.spoken.on
    window.spoken.switch("")
    assert not window.spoken.on


def test_a_key_panels_plug_is_handed_on(window):
    """Whether the loudspeaker is silent is not the window's to know: it waits for the answer."""
    asked = []
    window.service.connect(asked.append)
    window._keys |= {int(Qt.Key.Key_F10): "headphones-in", int(Qt.Key.Key_F11): "headphones-out"}
    window.spoken._wishes = window._keys
    QTest.keyClick(window, Qt.Key.Key_F10)
    QTest.keyClick(window, Qt.Key.Key_F11)
    assert asked == [r.Headphones(True), r.Headphones(False)]
    assert not window.spoken.on


def test_headphones_hear_who_it_is_and_others_do_not(window, heard):
    show_scene(window, SCENES["confirm"])
    hold(window)
    assert "spoken.private.say_confirm" in heard[-1]
    window.spoken.headphones(plugged=True, private=True)
    assert "spoken.confirm.say_last_four" in heard[-1], "the page is said anew"
    window.spoken.headphones(plugged=True, private=False)
    assert "spoken.confirm.say_last_four" not in heard[-1]
    window.spoken.headphones(plugged=False, private=False)
    assert not window.spoken.on


def test_the_key_begins_it_again_while_headphones_are_in(window, heard):
    show_scene(window, SCENES["confirm"])
    window.spoken.headphones(plugged=True, private=True)
    hold(window)
    assert not window.spoken.on
    hold(window)
    assert "spoken.confirm.say_last_four" in heard[-1]


def test_a_mode_begun_by_a_key_ends_with_the_visit(window):
    show_scene(window, SCENES["consent"])
    hold(window)
    window.show_state(s.Idle())
    assert not window.spoken.on


def test_a_passer_by_who_began_it_and_went_is_forgotten(window):
    hold(window)
    assert window.wishes._forgotten.isActive()
    window.wishes._forgotten.timeout.emit()
    assert not window.spoken.on


def test_any_key_answers_the_question_whether_somebody_is_there(window, heard):
    show_scene(window, SCENES["consent"])
    hold(window)
    window.show_countdown(20)
    QTest.keyClick(window, Qt.Key.Key_F5)
    assert not window.countdown.isVisible()
    assert heard[-1][0] == "spoken.page.say_consent"


def test_what_is_new_on_a_page_that_stays_is_said(window, heard):
    window.spoken.switch("headphones")
    show_scene(window, SCENES["card"])
    heard.clear()
    show_scene(window, SCENES["card-trouble"])
    assert heard[-1][0] == "reason.card-lift-and-retry.say"


def test_without_the_mode_the_keys_do_nothing(window, sent, heard):
    show_scene(window, SCENES["consent"])
    for key in (Qt.Key.Key_F5, Qt.Key.Key_F6, Qt.Key.Key_F7):
        QTest.keyClick(window, key)
    assert (sent, heard) == ([], [])
