"""Light that answers: the code is soft, balanced and secret; a head answers it, a sheet, a recording and a late stream do not."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from kiosk.config import Checks, Liveness
from kiosk.domain.light_pattern import COOL, WARM, colour, level_at
from kiosk.domain.reasons import Action, Reason
from kiosk.domain.take_view import TakeView
from kiosk.evaluate.light_render import SPECIES
from kiosk.liveness.attacks.limits import RULES
from kiosk.liveness.challenge import Challenge, Step, draw_challenge
from kiosk.liveness.light.answer import EXPECTED, LightScores, room_of
from kiosk.liveness.light.code import GRADIENT, HUE, LENGTH_S, SYMBOL_S, SYMBOLS, draw_code
from kiosk.liveness.light.daylight import Daylight
from kiosk.liveness.take import Take
from kiosk.ui.widgets.light import paint_pattern
from tests.liveness.faces import EYE_PX, Camera, face, sway
from tests.liveness.lights import DELAY_S, scores
from tests.liveness.test_take import FPS, Person


def test_a_code_is_balanced_orthogonal_and_never_the_same() -> None:
    codes = {draw_code(random.Random(seed)) for seed in range(300)}
    assert len(codes) > 290
    for code in codes:
        rows = (code.hue, code.across, code.along)
        assert [sum(row) for row in rows] == [0, 0, 0]
        assert all(sum(a * b for a, b in zip(one, other, strict=True)) == 0 for one, other in combinations(rows, 2))


def test_it_never_flashes_and_is_never_a_saturated_red() -> None:
    """WCAG 2.3.1: a flash is a pair of opposing changes of 10 % of the relative luminance, or of a saturated red."""
    light = [float(np.dot(colour(level), (0.2126, 0.7152, 0.0722))) for level in np.linspace(-1, 1, 21)]
    assert max(light) - min(light) < 0.02
    assert all(one[0] / sum(one) < 0.8 for one in (WARM, COOL))
    assert 2 * GRADIENT + HUE <= 1.0
    for seed in range(20):
        code = draw_code(random.Random(seed))
        levels = np.array([code.levels(float(t)) for t in np.arange(0, LENGTH_S + 0.5, 0.01)])
        assert np.abs(levels).max() <= 1.0
        assert np.abs(np.diff(levels, axis=0)).max() < 0.3, "no jump from one frame to the next"
        for side in levels.T:
            assert len(np.flatnonzero(np.diff(np.sign(side[np.abs(side) > 0.5])) != 0)) < SYMBOLS
    assert 1.0 / (2 * SYMBOL_S) < 3.0
    assert LENGTH_S <= 3.0


@pytest.mark.parametrize("seed", range(5))
def test_a_head_answers_in_time_and_in_shape(seed: int) -> None:
    found = scores("head", seed)
    assert found.time is not None
    assert found.time > 0.7
    assert found.best_delay_s == pytest.approx(DELAY_S, abs=0.06)
    assert found.room is not None
    assert abs(found.room) < 0.2
    assert found.strength > 5 * found.noise


def test_many_moments_at_once_are_what_each_is_by_itself() -> None:
    code, times = draw_code(random.Random(4)), np.arange(-0.3, LENGTH_S + 0.5, 0.007)
    at_once = code.course(times)
    assert at_once == pytest.approx(np.array([code.levels(float(t)) for t in times]), abs=1e-9)
    assert not at_once[times < 0].any()
    assert not at_once[times > LENGTH_S + 0.2].any()


@pytest.mark.parametrize(
    "box", [(200.0, 120.0, 380.0, 330.0), (-40.0, 60.0, 150.0, 300.0), (500.0, -30.0, 700.0, 200.0), (40.0, 30.0, 600.0, 470.0)]
)
def test_the_room_is_what_lies_beside_and_above_the_face(box: tuple[float, float, float, float]) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (480, 640, 3), np.uint8)
    x0, y0, x1, _ = box
    margin = 0.35 * (x1 - x0)
    seen = [
        (picture[row, column] / 255.0) ** 2.2
        for row in range(0, 480, 16)
        for column in range(0, 640, 16)
        if column < x0 - margin or column > x1 + margin or row < y0 - margin
    ]
    wanted = np.mean(seen, axis=0) if len(seen) >= 10 else np.zeros(3)
    assert room_of(picture, replace(face(1.0), box=box)) == pytest.approx(wanted, abs=1e-5)


def test_another_code_and_a_late_answer_are_none() -> None:
    for species in ("stream-other-code", "late"):
        times = [scores(species, seed).time for seed in range(12)]
        assert np.median([t for t in times if t is not None]) < 0.25, species


@pytest.mark.parametrize("species", ["print-flat", "print-bent", "mask"])
@pytest.mark.parametrize("lux", [50.0, 300.0])
def test_a_sheet_has_no_nose(species: str, lux: float) -> None:
    flat = [scores(species, seed, lux=lux, unrest=0.001) for seed in range(6)]
    assert not any(one.is_head for one in flat)
    assert sum(RULES["light_shape"].flags(one.relief) for one in flat) >= 4
    heads = [scores("head", seed, lux=lux, unrest=0.001) for seed in range(6)]
    assert not any(RULES["light_shape"].flags(one.relief) for one in heads)
    assert lux < 100 or sum(one.is_head for one in heads) >= 5, "where the room is dark, a head's shadows are faint"


def test_unrest_that_hides_the_shape_says_neither() -> None:
    for species in ("head", "print-flat", "stream-other-code"):
        found = [scores(species, seed, lux=1000.0, unrest=0.02) for seed in range(4)]
        assert not any(one.is_head or RULES["light_shape"].flags(one.relief) for one in found), species


def test_daylight_and_unrest_that_hide_an_answer_make_it_unavailable() -> None:
    drowned = [scores("head", seed, lux=20000.0, gaudy=0.03) for seed in range(12)]
    assert not any(one.available() for one in drowned if one.time is not None and one.time < 0.35)
    assert np.median([one.time or 0.0 for one in drowned]) < 0.3
    assert set(SPECIES) > {"head", "mask", "tablet"}


def test_the_cameras_white_balance_is_taken_out_by_the_room() -> None:
    steady, drifting = scores("head", 3, lux=300.0), scores("head", 3, lux=300.0, white=0.05)
    assert steady.time is not None
    assert drifting.time is not None
    assert drifting.time > steady.time - 0.05
    assert scores("stream-other-code", 4, white=0.05).best_delay_s is not None


def test_where_answers_are_small_for_a_while_nothing_is_made_of_a_missing_one() -> None:
    """By a sunny window: after a few people the check is unavailable, and comes back with the evening."""
    day = Daylight()
    for _ in range(3):
        day.note(LightScores(time=0.2, strength=0.002, noise=0.001))
    assert day.expected() == EXPECTED, "three may be replays"
    day.note(LightScores(time=0.3, strength=0.002, noise=0.001))
    assert not LightScores(time=0.1, strength=0.0, noise=0.001).available(day.expected())
    for _ in range(10):
        day.note(LightScores(time=0.9, strength=0.05, noise=0.001))
    assert day.expected() == EXPECTED
    assert LightScores(time=0.1, strength=0.0, noise=0.001).available(day.expected())
    assert day.delay_s() == 0.0
    for delay_s in (0.14, 0.16, 0.14, 0.9, 0.18):
        day.note(LightScores(time=0.8, best_delay_s=delay_s, strength=0.05, noise=0.001))
    assert day.delay_s() == pytest.approx(0.15)
    day.note(LightScores())
    assert Daylight(0.03, 0.2).delay_s() == 0.2
    assert Daylight(0.03).expected() == 0.03


def test_daylight_that_drowns_the_screen_is_told_and_so_is_its_end() -> None:
    day = Daylight()
    for number in range(4):
        assert not day.drowned, "a few takes say nothing"
        day.note(LightScores() if number % 2 else LightScores(time=0.1, strength=0.002, noise=0.005))
    assert day.drowned
    for _ in range(4):
        day.note(LightScores(time=0.9, strength=0.05, noise=0.001))
    assert not day.drowned


SETTINGS = Liveness(
    checks=Checks(bent_print="off", background="off", light="refer"),
    allowed=("turn-left",),
    actions=1,
)


def _take(settings: Liveness, answers: bool, unrest: float = 0.0, *, sheet: bool = False) -> Take:
    take = Take(draw_challenge(settings, rng=random.Random(4)), settings)
    camera, person, view, level = Camera(noise=0.5), Person(), TakeView("positioning"), (0.0, 0.0, 0.0)
    patterns: set[tuple[float, float, float] | None] = set()
    rng = np.random.default_rng(7)
    # In 32 bits throughout: a power of a million numbers for each picture is what these takes cost.
    x, y = np.meshgrid(np.linspace(-1, 1, 640, dtype=np.float32), np.linspace(-1, 1, 480, dtype=np.float32))
    right, down = x * 320 / EYE_PX, y * 240 / EYE_PX  # as the drawn mesh has it: a rounded head with a nose
    nose = 0.35 * np.exp(-((right / 0.12) ** 2) - ((down + 0.05) / 0.25) ** 2)
    slope_x, slope_y = 1.1 * right + 2 * nose * right / 0.12**2, 1.1 * down + 2 * nose * (down + 0.05) / 0.25**2
    if sheet:
        slope_x = slope_y = 0.0 * right
    near = (np.exp(-((x / 0.4) ** 2)) / np.sqrt(1 + slope_x**2 + slope_y**2))[:, :, None]
    for index in range(int(60 * FPS)):
        t_s = index / FPS
        seen = face(t_s, sway(person(t_s, view), t_s))
        # The drawn face answers as a head would: its left cheek to light from its left, its brow to light from above.
        levels = level_at(level, -x, y)[:, :, None] * np.array((-0.6, 0.0, 0.5), np.float32)
        wild = np.float32(unrest) * rng.standard_normal(3).astype(np.float32)
        gain = 1 + np.float32(0.1) * near * (levels if answers else np.float32(0.0)) + near * wild
        picture = np.clip(camera.picture() * np.maximum(gain, np.float32(0.1)) ** np.float32(1 / 2.2), 0, 255).astype(np.uint8)
        view = take.step(seen, picture)
        patterns.add(view.light_pattern)
        level = view.light_pattern or (0.0, 0.0, 0.0)
        if take.result is not None:
            break
    assert len(patterns) > 10, "the page was told what to show"
    return take


def test_a_take_that_answers_the_light_passes_and_one_that_does_not_goes_to_the_attendant() -> None:
    passed = _take(SETTINGS, answers=True).result
    assert passed is not None
    assert (passed.passed, passed.reason) == (True, Reason.OK)
    referred = _take(SETTINGS, answers=False).result
    assert referred is not None
    assert (referred.passed, referred.reason) == (False, Reason.LIVENESS_UNCERTAIN)
    assert [one.name for one in referred.checks if one.flagged and one.mode == "refer"] == ["light_time"]
    enforced = SETTINGS.model_copy(update={"checks": SETTINGS.checks.model_copy(update={"light": "enforce"})})
    refused = _take(enforced, answers=False).result
    assert refused is not None
    assert (refused.passed, refused.reason) == (False, Reason.LIVENESS_FAILED)


def test_at_a_station_that_enforces_the_light_its_shape_does_instead_of_a_turn() -> None:
    checks = SETTINGS.checks.model_copy(update={"light": "enforce"})
    still = SETTINGS.model_copy(update={"checks": checks, "allowed": ("mouth-open",)})
    head = _take(still, answers=True)
    assert head.lit.is_head
    assert head.result is not None
    assert head.result.passed
    flat = _take(still, answers=True, sheet=True)
    assert flat.result is not None
    assert (flat.result.passed, flat.result.reason) == (False, Reason.LIVENESS_UNCERTAIN)
    recorded = _take(still.model_copy(update={"checks": SETTINGS.checks}), answers=True)
    assert recorded.result is not None
    assert recorded.result.reason is Reason.LIVENESS_UNCERTAIN, "elsewhere the attendant looks"


def test_light_that_changes_wildly_is_unavailable_and_refers_nobody() -> None:
    take = _take(SETTINGS, answers=False, unrest=0.06)
    assert take.result is not None
    assert (take.result.passed, take.result.reason) == (True, Reason.OK)
    assert [one.score for one in take.result.checks if one.name == "light_time"] == [None]
    assert take.lit.noise > 0.003
    enforced = SETTINGS.model_copy(update={"checks": SETTINGS.checks.model_copy(update={"light": "enforce"})})
    unclear = _take(enforced, answers=False, unrest=0.06).result
    assert unclear is not None
    assert unclear.reason is Reason.LIVENESS_UNCERTAIN, "a station that enforces it has the attendant look"


def test_switched_off_nothing_is_drawn_or_shown() -> None:
    plain = draw_challenge(Liveness(checks=Checks(light="off")), rng=random.Random(1))
    assert plain.light_code is None
    assert draw_challenge(Liveness(), rng=random.Random(1)).light_code is not None
    take = Take(Challenge((Step(Action.TURN_LEFT, (1.0,)),)), Liveness(checks=Checks(bent_print="off", background="off")))
    assert take.step(face(0.0), Camera().picture()).light_pattern is None


def test_the_painted_pattern_is_warmer_where_it_should_be(qapp: object) -> None:
    image = QImage(120, 200, QImage.Format.Format_RGB32)
    for levels, warmer, cooler in (((0.0, 0.6, 0.0), (5, 100), (115, 100)), ((0.0, 0.0, 0.6), (60, 5), (60, 195))):
        painter = QPainter(image)
        paint_pattern(painter, QRectF(0, 0, 120, 200), levels)
        painter.end()
        at = [image.pixelColor(*place) for place in (warmer, cooler)]
        assert at[0].red() > at[1].red() + 30
        assert at[0].blue() < at[1].blue() - 30
