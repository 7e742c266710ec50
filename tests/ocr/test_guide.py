"""Finding a hand-held card, and the hint for what is wrong with how it is held. No model in here."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest

from kiosk.config import CONFIG
from kiosk.domain.take_view import CardGuidance
from kiosk.emulators.card_picture import _corners, draw_front, hold_up
from kiosk.ocr import guide, outline
from kiosk.ocr.guide import Calm
from kiosk.texts.strings import Strings
from tests.ocr.pictures import Spoilt, picture, scene

CARD = draw_front(tomllib.loads((CONFIG / "demo" / "cards.toml").read_text(encoding="utf-8"))["cards"]["chen"])


def hint(image):
    quads = outline.locate(image)
    assert quads
    return guide.judge(guide.look(image, quads[0], outline.straighten(image, quads[0])))


@pytest.mark.parametrize("kind", ["wall", "room", "dark"])
@pytest.mark.parametrize(
    ("roll", "yaw", "pitch", "width"),
    [
        (0, 0, 0, 0.6),
        (9, 15, -10, 0.55),
        (-12, -20, 12, 0.5),
        (4, 0, 18, 0.4),
    ],
)
def test_the_outline_is_found_where_the_card_is(kind, roll, yaw, pitch, width):
    image = hold_up(CARD, scene(kind, np.random.default_rng(1)), width=width, roll_deg=roll, yaw_deg=yaw, pitch_deg=pitch)
    truth = _corners((1280, 720), (0.5, 0.5), width, roll, yaw, pitch)
    best = min(float(np.abs(quad - truth).max()) for quad in outline.locate(image))
    assert best < 0.03 * width * 1280  # corners; measured: 2 to 8 pixels


def test_straightened_it_is_the_card_again():
    import cv2

    image = hold_up(CARD, scene("wall", np.random.default_rng(2)), roll_deg=8, yaw_deg=-14, pitch_deg=9, fingers=False)
    card = outline.straighten(image, outline.locate(image)[0])
    wanted = cv2.resize(CARD, (outline.CARD_WIDTH, outline.CARD_HEIGHT), interpolation=cv2.INTER_AREA)
    both = [cv2.GaussianBlur(one, (0, 0), 6)[40:-40, 40:-40].astype(float) for one in (card, wanted)]
    assert np.corrcoef(both[0].ravel(), both[1].ravel())[0, 1] > 0.95


def test_nothing_is_found_on_a_bare_wall():
    for kind in ("wall", "pale", "dark"):
        assert not outline.locate(scene(kind, np.random.default_rng(5)))


@pytest.mark.parametrize(
    ("spoilt", "wanted"),
    [
        (Spoilt(noise=2), None),
        (Spoilt(noise=2, width=0.22), CardGuidance.TOO_FAR),
        (Spoilt(noise=2, blur=5.5), CardGuidance.BLURRED),
        (Spoilt(noise=2, motion=31), CardGuidance.BLURRED),
        (Spoilt(noise=2, glare=2.0), CardGuidance.GLARE),
        (Spoilt(noise=2, width=0.4, roll_deg=58), CardGuidance.TILTED),
    ],
    ids=["well-held", "far", "out-of-focus", "shaken", "glare", "turned"],
)
def test_hints(spoilt, wanted):
    assert hint(picture(CARD, spoilt, 4)) is wanted


def test_dark_and_cut_off():
    image = picture(CARD, Spoilt(noise=2), 4)
    assert hint((image // 6).astype(np.uint8)) is CardGuidance.TOO_DARK
    whole = hold_up(CARD, scene("dark", np.random.default_rng(4)), width=0.6, centre=(0.5, 0.28), fingers=False)
    assert hint(whole) is CardGuidance.CUT_OFF


def test_every_hint_has_its_texts():
    for language in ("zh_CN", "en"):
        texts = Strings.load(language)
        for code in CardGuidance:
            for key in ("title", "say"):
                text = texts.text(f"ocr.guidance.{code}.{key}")
                assert text
                assert not any(c.isdigit() for c in text)


def test_hints_hold_long_enough_to_be_read():
    calm, shown = Calm(CardGuidance.SHOW_FRONT), []
    for step in range(60):
        raw = CardGuidance.GLARE if step % 2 else CardGuidance.HOLD_STILL
        shown.append(calm.step(step * 0.1, raw))
    assert set(shown) == {CardGuidance.SHOW_FRONT}  # a hint that flickers is none
    times = [calm.step(6.0 + step * 0.1, CardGuidance.GLARE) for step in range(10)]
    assert times[0] is CardGuidance.SHOW_FRONT
    assert times[-1] is CardGuidance.GLARE
    after = [calm.step(7.0 + step * 0.1, CardGuidance.HOLD_STILL) for step in range(30)]
    assert after[8] is CardGuidance.GLARE
    assert after[-1] is CardGuidance.HOLD_STILL
    assert calm.now(10.1, CardGuidance.SHOW_BACK) is CardGuidance.SHOW_BACK
