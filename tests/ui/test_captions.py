"""Nothing is only heard: captions of every sentence, the flash of the edge at the cue, and how seldom it may flash."""

from __future__ import annotations

import numpy as np
import pytest

from kiosk.domain.reasons import Action
from kiosk.gallery.scenes import reason_scenes, sample_take, scenes
from kiosk.gallery.stage import SIZES, set_form, show_scene
from kiosk.texts.strings import CATALOGUES, Strings
from kiosk.ui.captions import seconds_of, sentences
from kiosk.ui.prompts import prompt_for
from kiosk.ui.widgets.flash import PULSES, REST_MS, EdgeFlash, lit

SCENES = {scene.name: scene for scene in scenes()}


def shown_lines(window):
    """Every line the captions show, one after another, until they are gone."""
    out = []
    while window.captions.isVisible():
        out.append(window.captions.text())
        window.captions.advance()
    return out


def test_every_sentence_of_every_page_is_shown_whole(window):
    set_form(window, (1080, 1920), "paper", False)
    for scene in [*scenes(), *reason_scenes()]:
        keys = prompt_for(scene.state, scene.take)
        window.show_caption(keys)
        said = "".join(sentences(keys, window.strings)).replace(" ", "")
        assert "".join(shown_lines(window)).replace(" ", "") == said, scene.name


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("large", [False, True])
def test_a_line_fits_its_place_and_covers_nothing_that_is_touched(window, size, large):
    set_form(window, size, "paper", large)
    show_scene(window, SCENES["consent"])
    window.show_caption(prompt_for(SCENES["consent"].state))
    place = window.captions.geometry()
    assert window.rect().contains(place)
    for chip in window.top.chips:
        assert not place.intersects(chip.geometry().translated(window.top.pos())), chip.objectName()
    while window.captions.isVisible():
        for line, length in window.captions._lines[0]:
            assert length <= place.width(), line
        assert len(window.captions._lines[0]) * window.look.line_px("small") <= place.height()
        window.captions.advance()


def test_a_caption_stays_as_long_as_it_takes_to_say():
    assert seconds_of("现在，请闭一闭眼睛。") == pytest.approx(3.0, abs=0.3)
    assert seconds_of("好") == 1.2
    assert 1.5 < seconds_of("Please look into the circle.") < 3


def test_silence_takes_the_caption_away(window):
    window.show_caption(["page.consent.say"])
    assert window.captions.isVisible()
    window.captions.hush()
    assert not window.captions.isVisible()
    assert window.captions.text() == ""


def test_tones_alone_have_no_caption(window):
    window.show_caption(["chime.done"])
    assert not window.captions.isVisible()


@pytest.mark.parametrize("language", CATALOGUES)
def test_pieces_are_joined_as_they_are_said(language):
    keys = ["spoken.confirm.say_last_four", "spoken.digit.say_0", "+spoken.digit.say_1", "text:李某国", "chime.done"]
    found = sentences(keys, Strings.load(language))
    assert found[1:] == ["零一" if language == "zh_CN" else "zero one", "李某国"]


def test_the_edge_flashes_at_the_cue_and_once(window):
    show_scene(window, SCENES["camera-ready"])
    assert not window.captions.flash.isVisible()
    cue = sample_take(action=Action.MOUTH_OPEN, now=True)
    window.show_take(cue)
    assert window.captions.flash.isVisible()
    began = window.captions.flash._began_s
    window.show_take(cue)
    assert window.captions.flash._began_s == began


def test_the_flash_is_seen_at_the_edge_only(window):
    set_form(window, (1080, 1920), "paper", False)
    window.show_caption([])
    before = window.grab().toImage()
    window.captions.flash.flash(window.look)
    after = window.grab().toImage()
    assert after.pixelColor(5, 900) != before.pixelColor(5, 900)
    assert after.pixelColor(540, 900) == before.pixelColor(540, 900)


def test_it_never_flashes_more_than_three_times_in_any_second(qtbot, window):
    """Somebody's cue comes ten times a second for ten seconds: WCAG 2.3.1 holds all the same."""
    clock = [100.0]
    flash = EdgeFlash(window, lambda: clock[0])
    begins, was = [], False
    for number in range(1000):
        clock[0] = 100 + number / 100
        if number % 10 == 0:
            flash.flash(window.look)
        flash.tick()
        if flash.isVisible() and not was:
            begins.append(clock[0])
        was = flash.isVisible()
    assert len(begins) > 4
    assert max(sum(begin <= other < begin + 1 for other in begins) for begin in begins) <= 3
    assert np.diff([begin for begin, _ in PULSES]).min() >= 334
    assert REST_MS >= 334
    assert not lit(PULSES[-1][1])
