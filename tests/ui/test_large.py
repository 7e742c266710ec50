"""大字 is larger than normal text on every screen, for every text of every page; what does not fit becomes a second leaf.

`KIOSK_AUDIT=whole` compares every page on every size in every language; without it the sizes take turns over the pages.
"""

from __future__ import annotations

import os
from itertools import product

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtTest import QTest

from kiosk.gallery.scenes import NOW, sample_settings, scenes
from kiosk.gallery.stage import SIZES, make_window, set_form, show_in_form, show_scene
from kiosk.texts.strings import WRITTEN, Strings
from kiosk.ui.theme import ENLARGED, FAMILY, LARGE
from kiosk.ui.widgets.text import wrap
from kiosk.ui.window import KioskWindow
from kiosk.visit import states as s
from tests.ui.measure import inks, layout_findings

WHOLE = os.environ.get("KIOSK_AUDIT") == "whole"
ALL_SIZES = (*SIZES, (1024, 768), (768, 1366), (3840, 2160), (2160, 3840))
SCENES = {scene.name: scene for scene in scenes()}


def letters(window) -> dict[tuple[str, str], int]:
    return {(ink.name, ink.text): ink.px for ink in inks(window)}


def forms():
    languages = ("zh_CN", "en", "zh_Hant")
    for number, scene in enumerate(scenes()):
        every = list(product(ALL_SIZES, languages))
        yield from ((scene, *form) for form in (every if WHOLE else every[number % 8 :: 8]))


def test_large_text_is_never_smaller_than_normal_text(qtbot):
    windows, findings = {}, []
    for scene, size, language in forms():
        if language not in windows:
            windows[language] = make_window(sample_settings(), language)
            qtbot.addWidget(windows[language])
            windows[language].show()
            qtbot.waitExposed(windows[language])
        window = windows[language]
        show_in_form(window, scene, size, "paper", False)
        normal = letters(window)
        where = f"{scene.name} {size} {language}"
        set_form(window, size, "paper", True)
        page = window.page
        if not page.fits:
            findings.append(f"{where}: does not fit")
        for leaf in range(page.leaves()):
            page.leaf = leaf
            page.set_look(page.look)
            for key, px in letters(window).items():
                if key in normal and px < normal[key]:
                    findings.append(f"{where}: {key} {normal[key]} -> {px}")
        page.first_leaf()
    assert findings == []


@pytest.mark.parametrize("size", ALL_SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", ["consent", "result", "confirm", "idle", "referred-stayed", "answer-returned", "number-wrong"])
def test_the_step_is_felt_on_the_pages_that_count(qtbot, size, name):
    window = make_window(sample_settings())
    qtbot.addWidget(window)
    window.show()
    show_scene(window, SCENES[name])
    set_form(window, size, "paper", False)
    normal = window.page.look
    set_form(window, size, "paper", True)
    large = window.page.look
    assert large.density * LARGE >= normal.density * ENLARGED * 0.94  # the bars grow too, and leave the page less room
    assert large.font_px("body") > normal.font_px("body")


def test_what_does_not_fit_becomes_two_leaves_and_neither_is_clipped(qtbot):
    whole = Strings.load("zh_CN")
    wordy = {f"page.consent.{name}" for name in ("what", "where", "long")}  # a town's lawyers make the three points longer
    texts = {key: whole.text(key) * (4 if key in wordy else 1) for key in whole.keys()}  # noqa: SIM118 - not a dict
    window = KioskWindow(sample_settings(), Strings("zh_CN", texts), motion=False, now=lambda: NOW)
    qtbot.addWidget(window)
    window.show()
    window.show_state(SCENES["consent"].state)
    set_form(window, (1366, 768), "paper", True)
    page = window.page
    assert page.leaves() == 2
    assert page.more.isVisible()
    assert page.points["what"].isVisible()
    assert not page.yes.isVisible(), "nobody agrees to what stands on the other leaf"
    assert layout_findings(window) == []
    before = window.changed_at
    QTest.mouseClick(page.more, Qt.MouseButton.LeftButton)
    assert window.changed_at > before, "a dead time, as after any change of page"
    assert page.yes.isVisible()
    assert page.less.isVisible()
    assert layout_findings(window) == []
    QTest.mouseClick(page.less, Qt.MouseButton.LeftButton)
    assert page.more.isVisible()
    window.show_state(s.Idle())
    window.show_state(SCENES["consent"].state)
    assert window.page.leaf == 0


def test_a_quoted_word_is_not_torn_apart(qtbot):
    font = QFont(FAMILY)
    font.setPixelSize(30)
    for width in range(90, 400, 10):
        lines, fits = wrap("等“现在”再做", font, width)
        assert "".join(line for line, _ in lines) == "等“现在”再做"
        assert not fits or all(line.count("“") == line.count("”") for line, _ in lines), (width, lines)


@pytest.mark.parametrize("language", WRITTEN)
def test_the_first_page_and_the_result_are_one_page_in_large_letters(qtbot, language):
    """下一页 before 开始认证 is a riddle on the first page of all, and a date on a second page is not read."""
    window = make_window(sample_settings(), language)
    qtbot.addWidget(window)
    paged = []
    for size, name in product(((1366, 768), (1280, 1024)), ("idle", "result", "result-received", "result-confirmed")):
        show_in_form(window, SCENES[name], size, "paper", True)
        if not window.page.primary.isVisibleTo(window):
            paged.append((size, name))
    assert paged == []
