"""The audit of every page: measured from geometry and from rendered pixels.

`KIOSK_AUDIT=whole` looks at every combination of size, theme, text size, language and reason; without it each page is seen at
every size, in forms that take turns, in about a minute.
"""

from __future__ import annotations

from itertools import product

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from kiosk.gallery.scenes import reason_scenes, sample_settings, scenes
from kiosk.gallery.stage import SIZES, make_window, set_form, show_in_form, show_scene
from kiosk.texts.strings import WRITTEN
from kiosk.ui.theme import PAIRS, PALETTES, contrast
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.text import Text
from tests.forms import WHOLE, in_turn
from tests.ui.measure import layout_findings, over_page, pixel_findings, shown

TABLET = (1280, 800)  # what an attendant takes along on home visits
NARROW = ((1366, 768), (1080, 1920))
THEMES = ("paper", "contrast")
LANGUAGES = WRITTEN


@pytest.fixture(params=LANGUAGES)
def speaking(request, qtbot):
    window = make_window(sample_settings(), request.param)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    return window


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_nothing_is_clipped_small_or_crowded(speaking, size):
    if speaking.wishes.writing == "zh_Hant" and size not in NARROW and not WHOLE:
        pytest.skip("characters of the same width as 简体: seen at the two narrow sizes, at all of them with KIOSK_AUDIT=whole")
    findings = []
    mine = in_turn(enumerate(scenes()), SIZES.index(size), speaking.wishes.writing == "en", of=2)
    for number, scene in mine:
        for large in (False, True) if WHOLE or number // 2 % 2 else (True,):
            show_in_form(speaking, scene, size, THEMES[number % 2], large)
            findings += [f"{scene.name} large={large}: {line}" for line in layout_findings(speaking)]
    assert findings == []


def test_a_tablet_fits_too(qtbot):
    window = make_window(sample_settings(), "zh_CN")
    qtbot.addWidget(window)
    window.show()
    findings = []
    for number, scene in enumerate(scenes()):
        show_in_form(window, scene, TABLET, THEMES[number % 2], bool(number % 2))
        findings += [f"{scene.name}: {line}" for line in layout_findings(window)]
    assert findings == []


@pytest.mark.parametrize("size", SIZES if WHOLE else NARROW, ids=lambda size: f"{size[0]}x{size[1]}")
def test_every_reason_fits(speaking, size):
    findings = []
    for scene in in_turn(reason_scenes(), SIZES.index(size), LANGUAGES.index(speaking.wishes.writing)):
        for large in (False, True) if WHOLE else (True,):
            show_in_form(speaking, scene, size, "paper", large)
            findings += [f"{scene.name} large={large}: {line}" for line in layout_findings(speaking)]
    assert findings == []


def _forms():
    combinations = list(product(SIZES, THEMES, (False, True), LANGUAGES))
    for number, scene in enumerate(scenes()):
        # 7 and 48 have no common divisor: the forms take turns over the pages.
        for form in combinations if WHOLE else [combinations[number * 7 % 48]]:
            yield scene, form


def test_rendered_pixels(qtbot):
    windows = {}
    for language in LANGUAGES:
        windows[language] = make_window(sample_settings(), language)
        qtbot.addWidget(windows[language])
        windows[language].show()
        qtbot.waitExposed(windows[language])
    findings = []
    for scene, (size, theme, large, language) in _forms():
        window = windows[language]
        show_in_form(window, scene, size, theme, large)
        findings += [f"{scene.name} {size} {theme} large={large} {language}: {line}" for line in pixel_findings(window)]
    assert findings == []


@pytest.mark.parametrize("theme", THEMES)
def test_colour_pairs(theme):
    palette = PALETTES[theme]
    weak = {pair: round(contrast(QColor(getattr(palette, pair[0])), QColor(getattr(palette, pair[1]))), 2) for pair in PAIRS}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 7.0} == {}


@pytest.mark.parametrize("scene", scenes(), ids=lambda scene: scene.name)
def test_every_control_is_reached_by_keyboard(window, scene, qtbot):
    show_scene(window, scene)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    modal = over_page(window) or window
    wanted = {button.objectName() for button in shown(modal, Button)}
    reached = set()
    for _ in range(len(shown(window, Button)) + 4):
        QTest.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_Tab)
        focused = QApplication.focusWidget()
        if isinstance(focused, Button):
            reached.add(focused.objectName())
            assert focused.by_keyboard, "the focus must be seen"
    assert wanted - reached == set()


@pytest.mark.parametrize("scene", scenes(), ids=lambda scene: scene.name)
def test_names_and_roles(window, scene):
    show_scene(window, scene)
    names = []
    for button in shown(window, Button):
        interface = QAccessible.queryAccessibleInterface(button)
        assert interface.text(QAccessible.Text.Name).strip(), button.objectName()
        role = QAccessible.Role.CheckBox if button.isCheckable() else QAccessible.Role.Button
        assert interface.role() in (role, QAccessible.Role.Button, QAccessible.Role.PushButton), button.objectName()
        assert button.objectName()
        names.append(button.objectName())
    assert len(names) == len(set(names)), "object names are unique on a page"
    for text in shown(window, Text):
        interface = QAccessible.queryAccessibleInterface(text)
        assert interface.role() == QAccessible.Role.StaticText
        assert interface.text(QAccessible.Text.Name) == text.text().replace("\n", " ")


# What tells a control, or its state, from what lies beside it (WCAG 1.4.11): colour, and the ground it stands on.
BORDERS = (
    ("edge", "paper"),
    ("edge", "card"),
    ("action", "paper"),
    ("action", "card"),
    ("other", "paper"),
    ("action", "track"),
    ("warn", "track"),
    ("warn", "paper"),
    ("action", "cue"),
    ("notice_line", "paper"),
    ("focus", "paper"),
    ("focus", "card"),
    ("quiet", "card"),
    ("done", "paper"),
    ("stop", "card"),
)


@pytest.mark.parametrize("theme", THEMES)
def test_borders_and_states_can_be_seen(theme):
    palette = PALETTES[theme]
    weak = [
        (one, ground, round(ratio, 2))
        for one, ground in BORDERS
        if (ratio := contrast(QColor(getattr(palette, one)), QColor(getattr(palette, ground)))) < 3
    ]
    assert weak == []


@pytest.mark.parametrize("theme", THEMES)
def test_the_border_of_every_control_is_drawn_so(window, theme):
    set_form(window, (1080, 1920), theme, False)
    show_scene(window, next(scene for scene in scenes() if scene.name == "number-empty"))
    image, ground = window.grab().toImage(), window.look.colour("paper")
    for name in ("key-5", "help", "replay", "large-text", "sound", "language"):
        found = next(one for one in shown(window, Button) if one.objectName() == name)
        left = found.mapTo(window, found.rect().topLeft())
        row = left.y() + found.height() // 2
        seen = max(contrast(image.pixelColor(left.x() + dx, row), ground) for dx in range(0, 5))
        assert seen >= 3, f"{name}: {seen:.2f}"
