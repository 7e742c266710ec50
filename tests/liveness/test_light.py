"""Light that answers: the code is soft, balanced and secret; a head answers it, a sheet, a recording and a late stream do not."""

from __future__ import annotations

import random

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from kiosk.config import Checks, Liveness
from kiosk.domain.reasons import Action, Reason
from kiosk.domain.take_view import TakeView
from kiosk.evaluate.light_render import SPECIES, Light, answering, lit
from kiosk.liveness.challenge import Challenge, Step, draw_challenge
from kiosk.liveness.light.answer import POINTS, LitFrames, Surface, judge
from kiosk.liveness.light.code import DEPTH, LENGTH_S, SYMBOL_S, SYMBOLS, draw_code
from kiosk.liveness.take import Take
from kiosk.ui.widgets.light import paint_pattern
from tests.liveness.faces import Camera, face, sway
from tests.liveness.test_take import FPS, Person

DELAY_S = 0.12


def test_a_code_is_balanced_orthogonal_and_never_the_same() -> None:
    codes = {draw_code(random.Random(seed)) for seed in range(300)}
    assert len(codes) > 290
    for code in codes:
        assert (sum(code.across), sum(code.along)) == (0, 0)
        assert sum(a * b for a, b in zip(code.across, code.along, strict=True)) == 0


def test_it_flashes_less_than_three_times_a_second_and_softly() -> None:
    """WCAG 2.3.1: a flash is a pair of opposing changes."""
    for seed in range(50):
        code = draw_code(random.Random(seed))
        times = np.arange(0, LENGTH_S + 0.5, 0.01)
        levels = np.array([code.levels(float(t)) for t in times])
        assert np.abs(levels).max() <= 1.0
        assert np.abs(np.diff(levels, axis=0)).max() < 0.3, "no jump from one frame to the next"
        for side in levels.T:
            turns = np.flatnonzero(np.diff(np.sign(side[np.abs(side) > 0.5])) != 0)
            assert len(turns) < SYMBOLS
    assert 1.0 / (2 * SYMBOL_S) < 3.0
    assert LENGTH_S <= 3.0


def _surface() -> Surface:
    """A rounded head with a nose, at the mesh's own points."""
    rng = np.random.default_rng(3)
    place = rng.uniform(0.08, 0.92, (len(POINTS), 2))
    x, y = 2 * place[:, 0] - 1, 2 * place[:, 1] - 1
    nose = np.exp(-((x / 0.18) ** 2) - (y / 0.35) ** 2)
    slope_x, slope_y = 0.75 * x + 2.4 * nose * x / 0.18 * 0.5, 0.55 * y + 1.2 * nose * y
    normal = np.stack([slope_x, slope_y, np.ones(len(x))], axis=1)
    return Surface(place, normal / np.linalg.norm(normal, axis=1, keepdims=True))


def _scores(species: str, seed: int, lux: float = 100.0, unrest: float = 0.004):
    rng, noise = random.Random(seed), np.random.default_rng(seed)
    code = draw_code(rng)
    shown = draw_code(rng) if species.endswith("other-code") else code
    delay = DELAY_S + (0.45 if species == "late" else 0.0)
    surface, times = _surface(), np.arange(0, LENGTH_S + 0.2, 1 / 25)
    body = "head" if species in ("late", "stream-other-code", "tablet-other-code") else species
    answer = answering(body, surface, 0.16, Light(0.5, lux, 0.3, 40.0, delay, (4.0, 3.0)), emission_lux=150.0)
    skin = 0.2 * (1 + unrest * noise.standard_normal((len(times), len(POINTS))))
    seen = LitFrames(
        times,
        lit(skin, times, answer, shown, delay, surface.place[:, 1], 0.02),
        0.1 * (1 + 0.003 * noise.standard_normal(len(times))),
        noise.standard_normal((len(times), 6)),
    )
    return judge(code, seen, surface, DELAY_S)


@pytest.mark.parametrize("seed", range(5))
def test_a_head_answers_in_time_and_in_shape(seed: int) -> None:
    found = _scores("head", seed)
    assert found.time is not None
    assert found.time > 0.7
    assert found.best_delay_s == pytest.approx(DELAY_S, abs=0.06)
    assert found.shape is not None
    assert found.shape > 0.35
    assert found.room is not None
    assert abs(found.room) < 0.5


def test_another_code_and_a_late_answer_are_none() -> None:
    for species in ("stream-other-code", "late"):
        times = [_scores(species, seed).time for seed in range(12)]
        assert np.median([t for t in times if t is not None]) < 0.25, species


@pytest.mark.parametrize("species", ["print-flat", "print-bent"])
def test_a_sheet_has_no_nose(species: str) -> None:
    shapes = [_scores(species, seed).shape for seed in range(12)]
    heads = [_scores("head", seed).shape for seed in range(12)]
    assert max(s for s in shapes if s is not None) < min(s for s in heads if s is not None)


def test_daylight_drowns_it() -> None:
    assert np.median([_scores("head", seed, lux=20000.0, unrest=0.02).time or 0.0 for seed in range(12)]) < 0.3
    assert set(SPECIES) > {"head", "mask", "tablet"}


SETTINGS = Liveness(
    checks=Checks(bent_print="off", background="off", light="refer"),
    light_delay_s=0.0,
    light_strength=0.05,
    allowed=("turn-left",),
    actions=1,
)


def _take(settings: Liveness, answers: bool) -> Take:
    take = Take(draw_challenge(settings, rng=random.Random(4)), settings)
    assert take._evidence.answer is not None
    camera, person, view, level = Camera(noise=0.5), Person(), TakeView("positioning"), (0.0, 0.0)
    patterns: set[tuple[float, float] | None] = set()
    for index in range(int(60 * FPS)):
        t_s = index / FPS
        seen = face(t_s, sway(person(t_s, view), t_s))
        x = np.linspace(-1, 1, 640)[None, :, None]
        y = np.linspace(1, -1, 480)[:, None, None]
        # The drawn face answers as a head would: its left cheek to light from its left, its brow to light from above.
        gain = 1 + (0.4 * (level[0] * x + level[1] * y) if answers else 0.0)
        picture = np.clip(camera.picture() * gain ** (1 / 2.2), 0, 255).astype(np.uint8)
        view = take.step(seen, picture)
        patterns.add(view.light_pattern)
        level = view.light_pattern or (0.0, 0.0)
        if take.result is not None:
            break
    assert len(patterns) > 10, "the page was told what to show"
    assert all(p is None or max(abs(v) for v in p) <= DEPTH for p in patterns)
    return take


def test_a_take_that_answers_the_light_passes_and_one_that_does_not_goes_to_the_attendant() -> None:
    passed = _take(SETTINGS, answers=True).result
    assert passed is not None
    assert (passed.passed, passed.reason) == (True, Reason.OK)
    referred = _take(SETTINGS, answers=False).result
    assert referred is not None
    assert (referred.passed, referred.reason) == (False, Reason.LIVENESS_UNCERTAIN)
    assert [one.name for one in referred.checks if one.flagged and one.mode == "refer"] == ["light_time"]


def test_a_station_that_measured_nothing_yet_refers_nobody() -> None:
    settings = SETTINGS.model_copy(update={"light_strength": 0.0})
    result = _take(settings, answers=False).result
    assert result is not None
    assert (result.passed, result.reason) == (True, Reason.OK)
    assert [one.score for one in result.checks if one.name == "light_time"] == [None]


def test_switched_off_nothing_is_drawn_or_shown() -> None:
    plain = draw_challenge(Liveness(), rng=random.Random(1))
    assert plain.light_code is None
    take = Take(Challenge((Step(Action.TURN_LEFT, (1.0,)),)), Liveness(checks=Checks(bent_print="off", background="off")))
    assert take.step(face(0.0), Camera().picture()).light_pattern is None


def test_the_painted_pattern_is_brighter_where_it_should_be(qapp: object) -> None:
    image = QImage(120, 200, QImage.Format.Format_RGB32)
    for across, along, brighter, darker in ((0.6, 0.0, (5, 100), (115, 100)), (0.0, 0.6, (60, 5), (60, 195))):
        painter = QPainter(image)
        paint_pattern(painter, QRectF(0, 0, 120, 200), across, along)
        painter.end()
        assert image.pixelColor(*brighter).red() > image.pixelColor(*darker).red() + 80
        assert image.pixelColor(60, 100).red() == pytest.approx(188, abs=4), "the middle stays half bright"
