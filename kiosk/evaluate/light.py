"""`kiosk evaluate light CSV`: rendered light on real movement. What heads, sheets, screens and streams answer to the passcode.

CSV: `file`, one clip a row: people before a camera, whatever its label. A clip gives movement, its mesh and pictures of its skin;
the light is rendered (`light_render`) into these pictures and goes through an emulated camera (`light_camera`). Rows `none` are
the clip as it is: nobody lit it, so it is what a recording answers.
"""

from __future__ import annotations

import math
import random
import zlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kiosk.config import Liveness
from kiosk.errors import ModelError
from kiosk.evaluate.clips import ClipError, Progress, read_rows
from kiosk.evaluate.light_camera import Camera, Scene, record
from kiosk.evaluate.light_render import EYES_M, HEADS, SPECIES, Answering, Light, answering
from kiosk.evaluate.light_report import Judged, report
from kiosk.evaluate.report import Report
from kiosk.evaluate.takes import Played, play
from kiosk.liveness.landmarks import Landmarker
from kiosk.liveness.light.answer import LightScores, Surface, judge, surface_of
from kiosk.liveness.light.code import LENGTH_S, LightCode, draw_code

ROOM_LUX = (50.0, 100.0, 300.0, 1000.0, 3000.0)
OWN_DELAY_S = 0.12
_HEADS = 4  # so many times as many takes: what turns people away is to be known best
_WINDOW_S = 12.0  # of a clip at most
_MOST_YAW_DEG = 25.0
_QUIET_S = (2.2, 3.0)  # before somebody acts for the first time
_ACTING_S = (1.5, 3.0)


@dataclass(frozen=True, slots=True)
class LitClip:
    """A clip: its frames, and the head in it. size_m: across and down the face."""

    clip: Played
    surface: Surface
    size_m: tuple[float, float]


def run(
    csv: Path,
    make: Callable[[], Landmarker],
    settings: Liveness,
    *,
    tries: int,
    seed: int,
    held: bool = False,
    on_take: Callable[[Judged], None] = lambda _: None,
) -> Report:
    """Return the report: each clip, species and room light `tries` times, a head four times as often. held: exposure and white
    balance stand still. on_take: told of each."""
    rows = read_rows(csv, ("file",))
    errors: list[tuple[str, str]] = []
    found: dict[tuple[str, float], list[Judged]] = defaultdict(list)
    progress = Progress("clip", len(rows))
    for index, row in enumerate(rows):
        progress.at(index, row["file"])
        try:
            seen = _seen(csv.parent / row["file"], make)
        except (ClipError, ModelError) as error:
            errors.append((row["file"], str(error)))
            continue
        rng = random.Random(repr((seed, zlib.crc32(row["file"].encode()))))
        for lux in ROOM_LUX:
            for species in (*SPECIES, "none") if lux == ROOM_LUX[0] else SPECIES:
                for _ in range(tries * _HEADS if species == "head" else tries):
                    one = Judged(row["file"], species, lux, *_once(species, lux, seen, settings, rng, held=held))
                    on_take(one)
                    found[(species, 0.0 if species == "none" else lux)].append(one)
    progress.done()
    return report(found, errors, settings, {"tries": tries, "seed": seed, "held": held})


def _seen(path: Path, make: Callable[[], Landmarker]) -> LitClip:
    clip = play(path, make, fit=True, limit_s=_WINDOW_S)
    looking = [one for one in clip.observations if one.points is not None]
    if not looking or clip.length_s < 0.8 * LENGTH_S:
        raise ClipError("too short, or without a face")
    straight = min(looking, key=lambda one: abs(one.yaw_deg))
    mesh = straight.points
    if mesh is None or abs(straight.yaw_deg) > _MOST_YAW_DEG:
        raise ClipError("nobody looks straight")
    metre = EYES_M / float(np.hypot(*(mesh[33, :2] - mesh[263, :2])))
    return LitClip(clip, surface_of(mesh), (float(np.ptp(mesh[:468, 0])) * metre, float(np.ptp(mesh[:468, 1])) * metre))


def _once(
    species: str, lux: float, seen: LitClip, settings: Liveness, rng: random.Random, *, held: bool = False
) -> tuple[LightScores, Light]:
    code = draw_code(rng)
    light = Light(
        distance_m=rng.uniform(0.4, 0.7),
        lux=lux,
        side=rng.uniform(0, 0.5),
        side_deg=rng.uniform(-90, 90),
        tilt_deg=(rng.uniform(-12, 12), rng.uniform(-10, 10)),
        nit=rng.uniform(180, 300),
        tint=(rng.uniform(0.85, 1.2), 1.0, rng.uniform(0.8, 1.15)),
        emission_nit=rng.uniform(80, 250) if species != "phone" else rng.uniform(150, 350),
    )
    delay = OWN_DELAY_S + rng.uniform(-0.04, 0.04) + (rng.uniform(0.3, 0.8) if species == "late" else 0.0)
    place = seen.surface.place * (1.0, seen.size_m[1] / seen.size_m[0])  # one scale for both
    surface = Surface(place, seen.surface.normal)
    shown: list[tuple[LightCode, Answering]] = []
    if species.endswith("other-code"):
        shown.append((draw_code(rng), answering("head", surface, seen.size_m[0], light)))
    if species not in HEADS and species != "none":
        shown.append((code, answering(species, surface, seen.size_m[0], light)))
    if species in ("head", "late"):
        shown.append((code, answering("head", surface, seen.size_m[0], light)))
    scene = Scene(
        seen.clip,
        seen.surface,
        tuple(shown),
        delay_s=delay,
        quiet_s=rng.uniform(*_QUIET_S),
        acting_s=rng.uniform(*_ACTING_S),
        start=rng.random(),
        room_share=rng.uniform(0.0, 0.25),
    )
    camera = Camera(
        noise=rng.uniform(1.0, 2.0) * (1.0 if lux > 80 else 2.0),
        jpeg=rng.randrange(60, 96),
        shutter_s=rng.uniform(0.005, 0.03),
        exposure_s=rng.uniform(0.3, 2.0),
        white_s=rng.uniform(1.0, 6.0),
    )
    if held:
        camera = replace(camera, exposure_s=math.inf, white_s=math.inf)
    frames = record(scene, camera if species != "none" else None, np.random.default_rng(rng.randrange(2**31)))
    scores = judge(code, frames, seen.surface, settings.light_delay_s) if frames is not None else LightScores()
    return scores, replace(light, lux=lux)
