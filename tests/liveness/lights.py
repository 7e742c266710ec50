"""A head, a sheet or a film before the light passcode, rendered: what comes back of it, by the numbers."""

from __future__ import annotations

import random

import numpy as np

from kiosk.evaluate.light_render import Light, answering, lit
from kiosk.liveness.light.answer import POINTS, LightScores, LitFrames, Surface, judge
from kiosk.liveness.light.code import GRADIENT, HUE, LENGTH_S, draw_code

DELAY_S = 0.12


def surface() -> Surface:
    """A rounded head with a nose, at the mesh's own points."""
    rng = np.random.default_rng(3)
    place = rng.uniform(0.08, 0.92, (len(POINTS), 2))
    x, y = 2 * place[:, 0] - 1, 2 * place[:, 1] - 1
    nose = np.exp(-((x / 0.18) ** 2) - (y / 0.35) ** 2)
    slope_x, slope_y = 0.75 * x + 2.4 * nose * x / 0.18 * 0.5, 0.55 * y + 1.2 * nose * y
    normal = np.stack([slope_x, slope_y, np.ones(len(x))], axis=1)
    return Surface(place, normal / np.linalg.norm(normal, axis=1, keepdims=True))


def scores(
    species: str,
    seed: int,
    lux: float = 100.0,
    unrest: float = 0.004,
    white: float = 0.0,
    gaudy: float = 0.0,
    known_s: float = DELAY_S,
) -> LightScores:
    """unrest: of each point's brightness, mostly in all colours alike. white: how far the camera's white balance drifts. gaudy: how
    much of other coloured light falls on the face. known_s: the delay as the kiosk knows it, 0: not at all."""
    rng, noise = random.Random(seed), np.random.default_rng(seed)
    code = draw_code(rng)
    shown = draw_code(rng) if species.endswith("other-code") else code
    delay = DELAY_S + (0.45 if species == "late" else 0.0)
    face, times = surface(), np.arange(0, LENGTH_S + 0.2, 1 / 25)
    body = "head" if species in ("late", "stream-other-code") else species
    answer = answering(body, face, 0.16, Light(0.5, lux, 0.3, 40.0, (4.0, 3.0)))
    clock = np.stack([times, times], axis=1)
    levels = np.array([shown.levels(float(t)) for t in times - delay]) * (HUE, GRADIENT, GRADIENT)
    lights = np.stack([lit(np.repeat(one[None], len(POINTS), axis=0), answer) for one in levels])
    skin = 0.2 * lights * (1 + 5 * unrest * noise.standard_normal((len(times), len(POINTS), 1)))
    skin = skin * (1 + gaudy * noise.standard_normal((len(times), 1, 3)))
    skin = skin * (1 + unrest * noise.standard_normal((len(times), len(POINTS), 3)))
    balance = np.exp(white * np.sin(2.2 * times)[:, None] * (-1.0, 0.0, 1.0))
    room = 0.1 * (1 + 0.003 * noise.standard_normal((len(times), 3)))
    return judge(code, LitFrames(times, skin * balance[:, None], room * balance, clock), face, known_s)
