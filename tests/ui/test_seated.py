"""坐着办: one touch low on the screen brings all that is touched, and the camera's circle, into the lower part; for this visit."""

from __future__ import annotations

import pytest

from kiosk.gallery.scenes import scenes
from kiosk.gallery.stage import SIZES, make_window, set_form, show_scene
from kiosk.texts import requests as r
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.circle import CameraCircle
from kiosk.visit import states as s
from tests.forms import in_turn
from tests.ui.measure import layout_findings, place, shown

SCENES = {scene.name: scene for scene in scenes()}
STANDING = [scene for scene in scenes() if scene.countdown is None and not getattr(scene, "panel", "")]


def tops(window):
    """Where everything that is touched, or looked into, begins."""
    return {one.objectName(): place(one, window).top() for kind in (Button, CameraCircle) for one in shown(window, kind)}


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_all_controls_and_the_circle_lie_in_the_lower_half_of_a_portrait_screen(qtbot, settings, language, large):
    window = make_window(settings, language)
    qtbot.addWidget(window)
    window.show()
    window.wishes.toggle_seated()
    set_form(window, (1080, 1920), "paper", large)
    high = {}
    for scene in in_turn(STANDING, language == "en", large):
        show_scene(window, scene)
        if not window.wishes.seated:
            window.wishes.toggle_seated()
        # 大字 on the number pad: its first row may begin a little higher, never above 45 %.
        line = round(1920 * (0.4 if large else 0.5))
        high[scene.name] = {name: top for name, top in tops(window).items() if top < line}
        assert layout_findings(window) == [], scene.name
    assert {name: found for name, found in high.items() if found} == {}


@pytest.mark.parametrize("size", [size for size in SIZES if size[0] > size[1]])
def test_a_landscape_screen_keeps_its_buttons_at_the_bottom(window, size):
    set_form(window, size, "paper", False)
    for scene in in_turn(STANDING, SIZES.index(size)):
        if window.wishes.seated:
            window.wishes.toggle_seated()
        show_scene(window, scene)
        standing = layout_findings(window)
        if not window.wishes.seated:
            window.wishes.toggle_seated()
        assert layout_findings(window) == [] or standing, scene.name
        page_buttons = [button for button in shown(window.page, Button)]
        if page_buttons:
            lowest = max(place(button, window).bottom() for button in page_buttons)
            assert lowest > size[1] * 0.55, scene.name


@pytest.mark.parametrize("size", [(720, 1280), (600, 800), (480, 800), (800, 600), (1366, 768)])
def test_the_face_that_shows_how_stands_beside_the_mirror(window, size):
    set_form(window, size, "paper", False)
    show_scene(window, SCENES["camera-nod"])
    window.wishes.toggle_seated()
    mirror = window.page.mirror
    assert mirror.show_card.isVisible()
    assert mirror.rect().contains(mirror.show_card.geometry())
    assert mirror.rect().contains(mirror.circle.geometry())
    assert not mirror.show_card.geometry().intersects(mirror.circle.geometry())


def test_the_line_is_a_setting(qtbot, settings):
    low = settings.model_copy(update={"ui": settings.ui.model_copy(update={"seated_top": 0.6})})
    window = make_window(low)
    qtbot.addWidget(window)
    window.show()
    window.resize(1080, 1920)
    show_scene(window, SCENES["consent"])
    window.wishes.toggle_seated()
    assert min(tops(window).values()) >= 0.6 * 1920


def test_it_is_one_touch_low_on_the_screen_and_one_back(window):
    set_form(window, (1080, 1920), "paper", False)
    show_scene(window, SCENES["consent"])
    assert place(window.bottom.seated, window).top() > 1920 * 0.85
    before = tops(window)
    window.bottom.seated.click()
    assert min(tops(window).values()) >= 960
    window.bottom.seated.click()
    assert tops(window) == before


def test_it_is_for_this_visit_only_and_said(window):
    said = []
    window.service.connect(lambda wish: said.append(wish) if isinstance(wish, r.Say) else None)
    show_scene(window, SCENES["consent"])
    window.bottom.seated.click()
    assert said == [r.Say(("spoken.seated.say_on",))]
    window.show_state(SCENES["instructions"].state)
    assert window.wishes.seated
    window.show_state(s.Idle())
    assert not window.wishes.seated


@pytest.mark.parametrize("name", ["language", "sound"])
def test_what_the_chips_open_lies_low_as_well(window, name):
    set_form(window, (1080, 1920), "paper", False)
    window.wishes.toggle_seated()
    (window.top.language if name == "language" else window.top.sound).click()
    panel = window.wishes.language_panel if name == "language" else window.wishes.sound_panel
    assert panel.isVisible()
    assert min(place(button, window).top() for button in shown(panel, Button)) >= 960
    assert layout_findings(window) == []
