"""The keyboard on the desk's screen: real clicks at real places, on every page with a field, at every size."""

from __future__ import annotations

import logging
import random
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QScrollArea, QWidget

from kiosk.config import Desk
from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.desk.values import Place
from kiosk.domain.record import Channel
from kiosk.gallery import desk as gallery
from kiosk.gallery.scenes import sample_settings
from kiosk.gallery.stage import SIZES, make_window, set_form
from kiosk.ui.desk.keyboard_plan import DIGITS, LETTERS
from kiosk.ui.desk.widgets import Action, Field
from tests.forms import in_turn
from tests.ui.measure import pixels, rendered_contrast

ALL_SIZES = (*SIZES, (1280, 800), (1024, 768))
FIND = gallery.DeskScene("find", s.Open(gallery.session(), s.Finding()))
PROXY = gallery.DeskScene("proxy", s.Open(gallery.session(), s.Assisting(gallery.found(), Channel.AGENT)))
HOME = gallery.DeskScene("home", s.Open(gallery.session(), s.Board(Place.HOME)))
STAFF = next(one for one in gallery.states() if one.name == "desk-staff")


class Hand:
    """A finger on the glass: it touches places, not widgets."""

    def __init__(self, window, view):
        self.window, self.view = window, view

    @property
    def board(self):
        return self.view.keyboard

    def show(self, scene, size=(1280, 800)):
        set_form(self.window, size, "paper", False)
        gallery.show(self.view, scene)

    def at(self, place):
        below = self.window.childAt(place) or self.window
        QTest.mouseClick(below, Qt.MouseButton.LeftButton, pos=below.mapFrom(self.window, place))

    def on(self, widget):
        self.at(widget.mapTo(self.window, widget.rect().center()))

    def field(self, name):
        return self.view.page.findChild(Field, name)

    def touch(self, name):
        self.on(self.view.page.findChild(QWidget, name))

    def keys(self, *names):
        for name in names:
            assert self.board.keys[name].isVisible(), name
            self.on(self.board.keys[name])

    def choose(self, text):
        self.on(next(one for one in self.board.choices if one.isVisible() and one.accessibleName() == text))

    def shown(self):
        return [one.accessibleName() for one in self.board.choices if one.isVisible()]


def opened(qtbot, language="zh_CN", **desk):
    settings = sample_settings().model_copy(update={"desk": Desk(**desk)})
    window = make_window(settings, language)
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    return window


@pytest.fixture(params=["zh_CN", "en"])
def either(request, qtbot):
    window = opened(qtbot, request.param)
    with gallery.opened(window) as view:
        yield Hand(window, view)


@pytest.fixture
def hand(qtbot):
    window = opened(qtbot)
    with gallery.opened(window) as view:
        yield Hand(window, view)


def rect_in(widget, ancestor):
    return QRect(widget.mapTo(ancestor, QPoint(0, 0)), widget.size())


# --- typing


def test_a_name_of_two_syllables(hand):
    hand.show(FIND)
    hand.touch("find-name")
    hand.keys(*"liming")
    assert hand.board.said.text() == "li'ming"
    hand.choose("李")
    assert hand.field("find-name").text() == "李"
    assert hand.board.said.text() == "ming"
    hand.choose("明")
    assert hand.field("find-name").text() == "李明"
    assert hand.field("find-name").hasFocus()


def test_a_family_name_of_two_characters_and_the_dot_of_names(hand):
    hand.show(FIND)
    hand.touch("find-name")
    hand.keys(*"ouyang")
    assert hand.shown()[0] == "欧阳"
    hand.keys("space")  # takes the first
    hand.keys("dot")
    hand.keys(*"a", "space")
    assert hand.field("find-name").text() == "欧阳·阿"


def test_a_passport_number_by_the_key_beside_the_digits(hand):
    hand.show(FIND)
    hand.touch("find-number")
    assert not hand.board.isVisible(), "the page has a pad of its own"
    hand.touch("desk-key-letters")
    assert hand.board.isVisible()
    hand.keys("e", *"12345678")
    assert hand.field("find-number").text() == "E12345678"
    hand.keys("next")
    assert hand.field("find-name").hasFocus()
    assert hand.board.field is hand.field("find-name")
    hand.touch("find-number")
    assert not hand.board.isVisible()


def test_deleting_takes_letters_first_then_text(hand):
    hand.show(FIND)
    hand.touch("find-name")
    hand.keys(*"li", "space", *"mi", "back")
    assert (hand.field("find-name").text(), hand.board.letters) == ("李", "m")
    hand.keys("back", "back")
    assert (hand.field("find-name").text(), hand.board.letters) == ("", "")
    hand.keys("back")
    assert hand.board.isVisible()


def test_a_rare_character_by_turning_pages_and_by_the_large_grid(hand):
    hand.show(FIND)
    hand.touch("find-name")
    for more in (False, True):
        hand.keys(*"ben")
        if more:
            hand.keys("more")
            assert not hand.board.keys["q"].isVisible()
        first = hand.shown()
        turned = 0
        while "犇" not in hand.shown():
            hand.keys("page_on")
            turned += 1
            assert turned < 12
        if turned:
            seen = hand.shown()
            hand.keys("page_back")
            assert hand.shown() != seen
            hand.keys("page_on")
        hand.choose("犇")
        assert hand.board.keys["q"].isVisible()
        assert first
    assert hand.field("find-name").text() == "犇犇"


def test_pages_of_choices_leave_nothing_out_and_end(hand):
    hand.show(FIND)
    hand.touch("find-name")
    hand.keys(*"shi", "more")
    seen = hand.shown()
    while hand.board.keys["page_on"].isEnabled():
        hand.keys("page_on")
        seen += hand.shown()
    assert seen == [one.text for one in hand.board._found]
    assert len(seen) > 200


def test_letters_capitals_and_signs(hand):
    hand.show(PROXY)
    hand.touch("agent-name")
    if hand.board.chinese:
        hand.keys("language")
    hand.keys("caps", "e", "caps", *"usb", "slash", "a", "symbols", "2", "symbols", "2", "stop", *"pdf", "dash", "space")
    assert hand.field("agent-name").text() == "Eusb/a_2.pdf- "


def test_letters_that_were_meant_as_letters(hand):
    hand.show(FIND)
    hand.touch("find-name")
    hand.keys(*"anna", "language")
    assert hand.field("find-name").text() == "anna"
    hand.keys("b")
    assert hand.field("find-name").text() == "annab"


def test_while_a_character_is_to_be_chosen_nothing_else_is_put_in(hand):
    hand.show(FIND)
    hand.touch("find-name")
    hand.keys(*"li", "5", "dot", "next", "caps", "symbols")
    assert (hand.field("find-name").text(), hand.board.letters, hand.board.isVisible()) == ("", "li", True)
    hand.keys(*"v", "v")
    hand.keys("back", "back", "back", "back", "v")
    assert hand.shown() == []
    hand.keys("space", "more", "page_on")
    assert (hand.field("find-name").text(), hand.board.letters) == ("", "v")


def test_the_fields_limit_holds(hand):
    hand.show(gallery.DeskScene("declare", s.Open(gallery.session(), s.TakingDeclaration(gallery.found()))))
    hand.touch("declare-day")
    hand.keys(*"2026", "dash", *"11", "dash", *"2111")
    assert hand.field("declare-day").text() == "2026-11-21"


def test_a_pin_is_of_digits(hand):
    hand.show(STAFF)
    hand.touch("new-pin")
    usable = {name for name, key in hand.board.keys.items() if key.isVisible()}
    assert usable == {*DIGITS, "back", "hide", "next"}
    hand.keys(*"270518")
    hand.board.press("a")
    assert hand.field("new-pin").text() == "270518"
    assert hand.field("new-pin").displayText() == "●" * 6
    assert "270518" not in hand.board.said.text()


def test_the_modes_that_fields_begin_in(either):
    chinese = either.window.strings.language == "zh_CN"
    either.show(PROXY)
    for name, pinyin, caps in (
        ("agent-name", chinese, False),
        ("agent-number", False, True),
        ("assist-note", chinese, False),
    ):
        area = either.view.page.findChild(QScrollArea)
        area.ensureWidgetVisible(either.field(name))
        either.view.keyboard.dismiss()
        either.touch(name)
        assert (either.board.chinese, either.board.caps) == (pinyin, caps), name


def test_the_next_key_goes_through_a_form_and_ends_it(hand):
    hand.show(STAFF)
    hand.touch("new-id")
    returned = []
    hand.field("new-pin-again").returnPressed.connect(lambda: returned.append(1))
    visited = []
    while hand.board.isVisible():
        visited.append(hand.board.field.objectName())
        assert hand.board.field.hasFocus()
        hand.keys("next")
    assert visited == ["new-id", "new-name", "new-pin", "new-pin-again"]
    assert returned == [1]


def test_done_after_a_name_searches(hand):
    hand.show(FIND)
    events = []
    hand.view.sent.connect(events.append)
    hand.touch("find-name")
    hand.keys(*"li", "space", "next")
    assert e.SearchTouched("", "李") in events


# --- coming and going


def test_it_comes_by_touch_alone(hand):
    hand.show(PROXY)
    hand.field("agent-name").setFocus()
    assert not hand.board.isVisible()
    hand.touch("agent-name")
    assert hand.board.isVisible()


@pytest.mark.parametrize("how", ["hide", "another focus", "a real key", "another page", "closed", "sign out", "disabled"])
def test_it_goes_and_forgets(hand, how):
    hand.show(PROXY)
    hand.touch("agent-name")
    hand.keys(*"li", "space", *"m")
    field = hand.field("agent-name")
    match how:
        case "hide":
            hand.keys("hide")
        case "another focus":
            hand.view.page.findChild(QWidget, "agent-take").setFocus()
        case "a real key":
            QTest.keyClick(field, Qt.Key.Key_A)
        case "another page":
            hand.view.show_state(HOME.state, gallery.TALLIES)
        case "closed":
            hand.view.show_state(s.Closed(), gallery.TALLIES)
        case "sign out":
            hand.view.show_state(s.SigningIn(), gallery.TALLIES)
        case "disabled":
            field.setEnabled(False)
    board = hand.board
    assert not board.isVisible()
    assert (board.field, board.letters, board._found) == (None, "", ())
    assert [one.text() for one in board.choices if one.text()] == []
    assert board.said.text() == ""
    assert field.text() in ("李", "李a", ""), "what was chosen stays, what was begun does not"


def test_a_real_keyboard_has_the_page_until_the_next_touch(hand):
    hand.show(PROXY)
    hand.touch("agent-name")
    QTest.keyClicks(hand.field("agent-name"), "ab")
    assert not hand.board.isVisible()
    hand.field("agent-number").setFocus()
    assert not hand.board.isVisible()
    hand.touch("agent-name")
    assert hand.board.isVisible()
    assert hand.field("agent-name").text() == "ab"


def test_it_does_not_come_over_the_pads_pin_nor_where_it_is_switched_off(qtbot):
    window = opened(qtbot, on_screen_keyboard=False)
    with gallery.opened(window) as view:
        hand = Hand(window, view)
        hand.show(FIND)
        assert not view.page.findChild(Action, "desk-key-letters").isVisible()
        hand.touch("find-name")
        assert not hand.board.isVisible()
    window = opened(qtbot)
    with gallery.opened(window) as view:
        hand = Hand(window, view)
        hand.show(gallery.DeskScene("sign-in", s.SigningIn()))
        hand.touch("staff-pin")
        assert not hand.board.isVisible()
        hand.touch("desk-key-letters")
        assert hand.board.field is hand.field("staff-id"), "letters are never for the PIN"


def test_its_keys_keep_the_session_alive(hand):
    hand.show(FIND)
    hand.touch("find-name")
    events = []
    hand.view.sent.connect(events.append)
    hand.view._told_s = 0.0
    hand.keys("l")
    assert e.Alive() in events


def test_nothing_that_is_typed_is_logged(hand, caplog):
    caplog.set_level(logging.DEBUG)
    hand.show(FIND)
    hand.touch("find-name")
    hand.keys(*"li", "space", *"ming", "space", "hide")
    assert hand.field("find-name").text()
    assert caplog.records == []


def test_the_field_stays_in_sight_when_the_page_says_something_or_turns(hand):
    hand.show(PROXY)
    hand.touch("agent-name")
    told = replace(PROXY.state, page=replace(PROXY.state.page, problem="agent-missing"))
    hand.view.show_state(told, gallery.TALLIES)
    for size in ((1280, 800), (1080, 1920), (1024, 768)):
        set_form(hand.window, size, "contrast", False)
        for _ in range(3):
            QApplication.processEvents()
        if hand.board.isVisible():
            assert not hand.board.geometry().intersects(rect_in(hand.board.field, hand.view)), size
    assert hand.board.isVisible()


def test_it_goes_when_its_field_is_scrolled_away(hand):
    hand.show(PROXY, (1366, 768))
    hand.touch("assist-note")
    assert hand.board.isVisible()
    bar = hand.view.page.findChild(QScrollArea).verticalScrollBar()
    assert bar.maximum() > 0
    for value in range(bar.value(), bar.maximum() + 1, 8):
        bar.setValue(value)
        if hand.board.isVisible():
            assert not hand.board.geometry().intersects(rect_in(hand.board.field, hand.view))
    hand.field("assist-note").parentWidget().move(0, -4000)
    assert not hand.board.isVisible()


def test_the_next_field_is_brought_into_sight(hand):
    hand.show(PROXY)
    hand.view.page.findChild(QWidget, "assist-benefits").setMinimumHeight(1500)  # somebody with very many benefits
    for _ in range(3):
        QApplication.processEvents()
    area = hand.view.page.findChild(QScrollArea)
    field = hand.field("agent-name")
    assert not rect_in(area.viewport(), hand.view).intersects(rect_in(field, hand.view))
    hand.view._show_keyboard(field)
    assert rect_in(area.viewport(), hand.view).contains(rect_in(field, hand.view))
    assert hand.board.field is field


def test_a_finger_on_glass_is_as_good_as_a_mouse(hand, qtbot):
    device = QTest.createTouchDevice()
    hand.show(FIND)

    def tap(widget):
        place = widget.mapTo(hand.window, widget.rect().center())
        QTest.touchEvent(hand.window.windowHandle(), device).press(0, place)
        QTest.touchEvent(hand.window.windowHandle(), device).release(0, place)

    tap(hand.field("find-name"))
    qtbot.waitUntil(hand.board.isVisible)
    for name in ("l", "i", "space"):
        tap(hand.board.keys[name])
    assert hand.field("find-name").text() == "李"


# --- sizes and places


def scenes_with_fields():
    seen = {}
    for scene in gallery.states():
        page = getattr(scene.state, "page", scene.state)
        seen.setdefault((type(page).__name__, getattr(page, "place", ""), getattr(page, "channel", "")), scene)
    return [replace(scene, touched="") for scene in seen.values()]


@pytest.mark.parametrize("size", ALL_SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_no_field_is_ever_covered_and_no_key_is_small_or_crowded(either, size):
    wrong, tried = [], 0
    least = 64 if size[1] >= 800 else 60  # 768 lines: five rows above and below a field leave 61
    for scene in in_turn(scenes_with_fields(), ALL_SIZES.index(size), either.window.strings.language == "en"):
        either.show(scene, size)
        view, board = either.view, either.board
        fields = [one for one in view.page.findChildren(Field) if one.isVisible() and one.isEnabled()]
        for field in fields:
            view._show_keyboard(field)
            QApplication.processEvents()
            where = f"{scene.name} {field.objectName()}"
            tried += 1
            if not board.isVisible():
                wrong.append(f"{where}: no keyboard")
                continue
            area = view.page.findChild(QScrollArea)
            inside = rect_in(area.viewport(), view) if area is not None and area.isAncestorOf(field) else view.rect()
            mine = rect_in(field, view)
            if mine.top() < inside.top() or mine.bottom() > inside.bottom() + 1:
                wrong.append(f"{where}: scrolled out of sight")
            if board.geometry().intersects(mine.adjusted(0, -4, 0, 4)):
                wrong.append(f"{where}: covered, {mine} by {board.geometry()}")
            if not view.rect().contains(board.geometry()):
                wrong.append(f"{where}: outside, {board.geometry()}")
        if fields:
            wrong += crowded(board, least, scene.name)
    assert wrong == []
    assert tried >= 8


def crowded(board, least, where):
    found = []
    keys = [one for one in (*board.keys.values(), *board.choices) if one.isVisible()]
    for number, key in enumerate(keys):
        rect = key.geometry()
        if min(rect.width(), rect.height()) < least:
            found.append(f"{where}: {key.objectName()} of {rect.width()}x{rect.height()}")
        if not board.rect().contains(rect):
            found.append(f"{where}: {key.objectName()} outside")
        if key.text() and key.fontMetrics().horizontalAdvance(key.text()) > rect.width() - 6:
            found.append(f"{where}: {key.text()!r} does not fit")
        for other in keys[number + 1 :]:
            if rect.adjusted(-7, -7, 7, 7).intersects(other.geometry()):
                found.append(f"{where}: {key.objectName()} and {other.objectName()}")
    return found


@pytest.mark.parametrize("size", ALL_SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_every_key_can_be_read_and_hit_in_every_mode(either, size):
    wrong = []
    chinese = either.window.strings.language == "zh_CN"
    theme = "contrast" if chinese is bool(ALL_SIZES.index(size) % 2) else "paper"  # the themes take turns
    for scene in in_turn((one for one in gallery.states() if one.touched), ALL_SIZES.index(size), not chinese):
        set_form(either.window, size, theme, False)
        gallery.show(either.view, scene)
        board = either.board
        assert board.isVisible(), scene.name
        wrong += crowded(board, 64 if size[1] >= 800 else 60, scene.name)
        image = pixels(either.window.grab().toImage())
        for one in (*board.keys.values(), *board.choices, board.said):
            if not one.isVisible() or not one.text():
                continue
            rect = rect_in(one, either.window).adjusted(8, 8, -8, -8)
            patch = image[rect.top() : rect.bottom() + 1, rect.left() : rect.right() + 1]
            if one.text().strip() in "·.-/，。、：；—,_:":  # a few pixels: no strokes to measure
                continue
            if rendered_contrast(patch) < 7.0:
                wrong.append(f"{scene.name}: {one.objectName()} {one.text()!r} {rendered_contrast(patch):.1f}")
    assert wrong == []


def test_all_keys_are_there_have_names_and_never_take_the_focus(either):
    either.show(PROXY)
    either.touch("agent-name")
    names = [key.objectName() for key in either.board.keys.values()]
    assert len(names) == len(set(names))
    assert set(either.board.keys) >= LETTERS | set(DIGITS)
    assert [key.objectName() for key in either.board.keys.values() if not key.accessibleName().strip()] == []
    assert {key.focusPolicy() for key in (*either.board.keys.values(), *either.board.choices)} == {Qt.FocusPolicy.NoFocus}
    assert not {one.objectName() for one in either.view.ring()} & set(names)


# --- a restless hand


@pytest.mark.parametrize("size", [(1280, 800), (1080, 1920)], ids=["landscape", "portrait"])
def test_touches_anywhere(hand, size):
    rng = random.Random(11)
    scenes, typed, boards = scenes_with_fields(), 0, 0
    for number in range(500):
        if number % 30 == 0:
            hand.show(rng.choice(scenes), size)
        board = hand.board
        if board.isVisible() and rng.random() < 0.7:
            target = rng.choice([one for one in (*board.keys.values(), *board.choices) if one.isVisible()])
            hand.on(target)
            typed += 1
        elif rng.random() < 0.6 and (fields := [one for one in hand.view.page.findChildren(Field) if one.isVisible()]):
            hand.on(rng.choice(fields))
        else:
            hand.at(QPoint(rng.randrange(size[0]), rng.randrange(size[1])))
        if board.isVisible():
            boards += 1
            field = board.field
            assert len(field.text()) <= field.maxLength()
            assert field.hasFocus()
            assert not board.geometry().intersects(rect_in(field, hand.view))
            assert not field.secret or field.text().isdigit() or not field.text()
        else:
            assert board.letters == ""
    assert typed > 60
    assert boards > 60
