"""Every page of the desk in every situation: nothing is cut off, everything has a name, a way back is always there."""

from __future__ import annotations

import re

import pytest
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import QLabel, QScrollArea, QStyle, QStyleOptionButton, QWidget

from kiosk.desk import states as s
from kiosk.desk.values import SUPERVISOR_PLACES, Place, Role
from kiosk.gallery import desk as gallery
from kiosk.gallery.scenes import sample_settings
from kiosk.gallery.stage import make_window, set_form
from kiosk.ui.desk.drawing import SignaturePad
from kiosk.ui.desk.look import SMALL
from kiosk.ui.desk.pages import KINDS, name_of
from kiosk.ui.desk.table import Cell, Column, Table
from kiosk.ui.desk.widgets import Action, Field, Tick
from kiosk.ui.theme import FAMILY, PAIRS
from tests.forms import in_turn

TABLET = (1280, 800)  # what goes along on home visits
SIZES = ((1080, 1920), (1920, 1080), (1366, 768), (1280, 1024))


@pytest.fixture(params=["zh_CN", "en"])
def shown(request, qtbot):
    window = make_window(sample_settings(), request.param)
    qtbot.addWidget(window)
    window.setUpdatesEnabled(False)  # places and texts are looked at, no pixel: laid out, not painted
    window.show()
    with gallery.opened(window) as view:
        yield window, view


@pytest.fixture
def chinese(qtbot):
    """For what no language changes."""
    window = make_window(sample_settings(), "zh_CN")
    qtbot.addWidget(window)
    window.setUpdatesEnabled(False)  # places and texts are looked at, no pixel: laid out, not painted
    window.show()
    with gallery.opened(window) as view:
        yield window, view


def visible(view, kind):
    return [one for one in view.findChildren(kind) if one.isVisible()]


def broken_words(table: Table) -> list[str]:
    """Return the words of a table that are wider than their column even in small letters, as what is drawn would break them."""
    font = QFont(FAMILY)
    font.setPixelSize(table.look.px(SMALL))
    found = []
    for number, cells in enumerate(table.texts()):
        for place, text in enumerate(cells):
            tone = table.cell(number, place).tone
            font.setBold(tone in ("good", "bad", "wait", "strong"))
            room = table.columnWidth(place) - table.look.px(20) - (table.look.px(26) if tone not in ("", "quiet", "strong") else 0)
            found += [word for word in re.findall("[A-Za-z]{4,}", text) if QFontMetrics(font).horizontalAdvance(word) > room]
    return found


def cut_off(view) -> list[str]:
    found = []
    for label in visible(view, QLabel):
        if not label.text():
            continue
        if label.wordWrap():
            short = label.heightForWidth(label.width()) > label.height() + 3
        else:
            short = label.sizeHint().width() > label.width() + 3
        if short:
            found.append(f"{label.objectName()}: {label.text()[:40]!r}")
    found += [f"{table.objectName()}: {word!r} is broken" for table in visible(view, Table) for word in broken_words(table)]
    for button in visible(view, Action):
        if button.text() and button.sizeHint().width() > button.width() + 3:
            found.append(f"{button.objectName()}: {button.text()[:40]!r}")
    for tick in visible(view, Tick):
        if tick.sizeHint().width() > tick.width() + 3 or tick.sizeHint().height() > tick.height() + 3:
            found.append(f"{tick.objectName()}: {tick.text()[:40]!r}")
    for field in visible(view, Field):
        if QFontMetrics(field.font()).horizontalAdvance(field.placeholderText()) > field.width():
            found.append(f"{field.objectName()}: {field.placeholderText()[:40]!r}")
    for area in visible(view, QScrollArea):
        inner = area.widget()
        if inner is not None and inner.width() > area.viewport().width():  # it does not scroll sideways
            found.append(f"wider than the screen by {inner.width() - area.viewport().width()} px")
    return found


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_nothing_is_cut_off(shown, size):
    window, view = shown
    set_form(window, size, "paper", False)
    wrong = {}
    for scene in in_turn(gallery.states(), SIZES.index(size), window.strings.language == "en"):
        gallery.show(view, scene)
        found = cut_off(view)
        if found:
            wrong[scene.name] = found
    assert wrong == {}


def test_a_tablet_shows_every_page_of_an_attendant_alone_whole(chinese):
    window, view = chinese
    set_form(window, TABLET, "paper", False)
    wrong = {}
    for scene in gallery.states():
        gallery.show(view, scene)
        found = cut_off(view)
        if found:
            wrong[scene.name] = found
    assert wrong == {}


@pytest.mark.parametrize("size", [(720, 1280), (1366, 768)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_who_called_fits_the_rail_and_moves_nothing(shown, size):
    window, view = shown
    set_form(window, size, "paper", False)
    scene = next(scene for scene in gallery.states() if scene.name == "desk-home")
    view.show_calls(0)
    gallery.show(view, scene)
    before = [button.geometry() for button in view.rail.places.values()]
    for count in (1, 12, 128):
        view.show_calls(count)
        gallery.show(view, scene)
        home = view.rail.places[Place.HOME]
        assert str(count) in home.text()
        assert view._kit().text(f"place.{Place.HOME}") in home.accessibleName(), "read aloud with the place's name"
        assert home.sizeHint().width() <= home.width(), home.text()
        assert [button.geometry() for button in view.rail.places.values()] == before


@pytest.mark.parametrize("size", [(720, 1280), (1366, 768), (1080, 1920)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_place_one_is_at_is_told_in_bold_and_fits(shown, size):
    window, view = shown
    set_form(window, size, "paper", False)
    gallery.show(view, next(scene for scene in gallery.states() if scene.name == "desk-home"))
    short = {}
    for place, button in view.rail.places.items():
        bold, option = QFont(button.font()), QStyleOptionButton()
        bold.setBold(True)
        button.initStyleOption(option)
        room = button.style().subElementRect(QStyle.SubElement.SE_PushButtonContents, option, button).width()
        need = button.iconSize().width() + 4 + QFontMetrics(bold).horizontalAdvance(button.text())
        if need > room:
            short[place] = need - room
    assert short == {}


def test_a_short_pin_is_saved_without_scrolling_on_a_small_screen(shown):
    window, view = shown
    set_form(window, (1366, 768), "paper", False)
    for name in ("desk-short-pin", "desk-short-pin-weak"):
        gallery.show(view, next(scene for scene in gallery.states() if scene.name == name))
        save, port = view.page.save, view.page.area.viewport()
        assert save.mapTo(port, save.rect().bottomLeft()).y() < port.height(), name


@pytest.mark.parametrize("size", [(720, 1280), (1366, 768)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_no_button_jumps_when_a_notice_comes(shown, size):
    window, view = shown
    set_form(window, size, "paper", False)
    scenes = {scene.name: scene for scene in gallery.states()}
    for name in ("desk-sign-in", "desk-find", "desk-home-visits"):
        gallery.show(view, scenes[name])
        page = view.page
        assert page.problem.isHidden()
        before = {one.objectName(): one.mapTo(view, one.rect().topLeft()) for one in visible(page, Action)}
        page.problem.say("!")
        gallery._settle()
        assert page.problem.isVisible()
        assert {one.objectName(): one.mapTo(view, one.rect().topLeft()) for one in visible(page, Action)} == before, name


def test_everything_to_touch_has_a_name_and_an_accessible_name(shown):
    _, view = shown
    nameless = []
    for scene in gallery.states():
        gallery.show(view, scene)
        for kind in (Action, Field, Tick, Table, SignaturePad):
            nameless += [
                (scene.name, one.objectName())
                for one in visible(view, kind)
                if not one.objectName() or not one.accessibleName().strip()
            ]
    assert nameless == []


def test_every_page_is_in_the_gallery_and_has_a_way_back_by_keyboard(chinese):
    _, view = chinese
    seen = set()
    for scene in gallery.states():
        gallery.show(view, scene)
        seen.add(name_of(scene.state))
        ring = {one.objectName() for one in view.ring()}
        assert "desk-close" in ring, scene.name
        if isinstance(scene.state, s.Open):
            assert {"place-home", "place-find"} <= ring, scene.name
            if not (isinstance(scene.state.page, s.Board) and scene.state.page.place is Place.HOME) and view.page.name != "done":
                assert ring & {"back", "leave-stay"}, scene.name  # where it is asked whether to leave, staying is the way back
    assert seen == {kind.name for kind in KINDS}


def test_places_of_supervisors_are_not_shown_to_attendants(chinese):
    _, view = chinese
    for scene in gallery.states():
        gallery.show(view, scene)
        places = {place for place, button in view.rail.places.items() if button.isVisible()}
        if isinstance(scene.state, s.Open):
            assert bool(places & SUPERVISOR_PLACES) is (scene.state.session.role is Role.SUPERVISOR)
        else:
            assert not places


def test_leaving_wipes_names_from_the_pages(chinese):
    window, view = chinese
    for scene in gallery.states():
        gallery.show(view, scene)
    view.show_state(s.Closed(), gallery.TALLIES)
    left = [label.text() for label in view.findChildren(QLabel) if "1027" in label.text()]
    left += [field.text() for field in view.findChildren(Field) if field.text()]
    for table in view.findChildren(Table):
        left += [cell for line in table.texts() for cell in line if "1027" in cell]
    assert left == []
    assert all(child.isEnabled() for child in window.children() if isinstance(child, QWidget) and child is not view)


def test_what_certifies_nobody_is_saved_and_does_not_read_like_a_pass(chinese):
    _, view = chinese
    scenes = {one.name: one for one in gallery.states() if one.name.startswith("desk-done") and "returned" not in one.name}
    assert len(scenes) == 5
    for name, scene in scenes.items():
        passed = not name.endswith(("erased", "declared"))
        gallery.show(view, scene)
        words = " ".join(label.text() for label in visible(view, QLabel))
        assert ("通过" in words) is passed, (name, words)
        assert "已保存" in words


def test_a_wrapped_cell_keeps_its_whole_text_for_screen_readers(qtbot):
    table = Table("t")
    qtbot.addWidget(table)
    long = "很长的一句话，" * 12
    table.set_rows((Column("a"), Column("b")), [(Cell("x"), Cell(long, "bad"))])
    assert table.texts() == [["x", long]]
    assert table.model().index(0, 1).data() == long


def test_the_tones_stand_on_grounds_that_are_audited():
    from kiosk.ui.desk.look import TONES

    grounds = {(tone, "card") for tone in TONES.values()} - {("notice_ink", "card")}
    assert grounds <= set(PAIRS)


def test_a_signature_leaves_as_a_digest_and_the_same_strokes_give_the_same(qtbot):
    from PySide6.QtCore import QPoint, Qt
    from PySide6.QtTest import QTest

    def drawn(step: int):
        pad = SignaturePad("p")
        qtbot.addWidget(pad)
        pad.resize(400, 160)
        QTest.mousePress(pad, Qt.MouseButton.LeftButton, pos=QPoint(20, 40))
        for n in range(9):
            QTest.mouseMove(pad, QPoint(20 + step * n, 50))
        QTest.mouseRelease(pad, Qt.MouseButton.LeftButton, pos=QPoint(120, 50))
        return pad

    one, same, other = drawn(9), drawn(9), drawn(10)
    assert one.signature() == same.signature()
    assert one.signature().digest != other.signature().digest
    assert (one.signature().strokes, one.signature().points) == (1, 10)
    one.clear()
    assert one.signature() is None
