"""`kiosk evaluate light CSV`: rendered light on real movement. What a head, a sheet, a screen and a stream answer to the passcode.

CSV: `file`, one clip a row: people before a camera, whatever its label. A clip gives movement, noise, compression, its mesh and the
colour of its skin; the light is rendered (`light_render`). Rows named `none` are the clip as it is: nobody lit it, so it is what a
recording answers.
"""

from __future__ import annotations

import random
import zlib
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from kiosk.errors import ModelError
from kiosk.evaluate.clips import ClipError, Progress, read_rows
from kiosk.evaluate.light_render import EYES_M, SPECIES, Light, answering, lit
from kiosk.evaluate.metrics import Rate
from kiosk.evaluate.report import Report, Table, number
from kiosk.evaluate.takes import play
from kiosk.liveness.attacks.limits import RULES
from kiosk.liveness.landmarks import Landmarker
from kiosk.liveness.light.answer import LightScores, LitFrames, Surface, judge, pose_of, room_of, skin_of, surface_of
from kiosk.liveness.light.code import LENGTH_S, LightCode, draw_code

ROOM_LUX = (50.0, 100.0, 300.0, 1000.0)
OWN_DELAY_S = 0.12
_MOST_YAW_DEG = 25.0
_SHORTEST = 0.75  # of the code


def run(csv: Path, make: Callable[[], Landmarker], *, tries: int, seed: int) -> Report:
    """Return the report: each clip, species and room light `tries` times."""
    rows = read_rows(csv, ("file",))
    errors: list[tuple[str, str]] = []
    found: dict[tuple[str, float], list[LightScores]] = defaultdict(list)
    progress = Progress("clip", len(rows))
    for index, row in enumerate(rows):
        progress.at(index, row["file"])
        try:
            seen, surface, across_m = _seen(csv.parent / row["file"], make)
        except (ClipError, ModelError) as error:
            errors.append((row["file"], str(error)))
            continue
        rng = random.Random(repr((seed, zlib.crc32(row["file"].encode()))))
        for _ in range(tries):
            found[("none", 0.0)].append(judge(draw_code(rng), seen, surface, OWN_DELAY_S))
            for lux in ROOM_LUX:
                for species in SPECIES:
                    found[(species, lux)].append(_once(species, lux, seen, surface, across_m, rng))
    progress.done()
    return _report(found, errors, {"tries": tries, "seed": seed})


def _seen(path: Path, make: Callable[[], Landmarker]) -> tuple[LitFrames, Surface, tuple[float, float]]:
    clip = play(path, make, fit=True)
    times, skins, rooms, poses = [], [], [], []
    straight = None
    for observation, image in zip(clip.observations, clip.pictures, strict=True):
        skin = skin_of(image, observation)
        if skin is None or abs(observation.yaw_deg) > _MOST_YAW_DEG or observation.t_s > LENGTH_S + OWN_DELAY_S:
            continue
        times.append(observation.t_s)
        skins.append(skin)
        rooms.append(room_of(image, observation))
        poses.append(pose_of(observation))
        if straight is None or abs(observation.yaw_deg) < abs(straight.yaw_deg):
            straight = observation
    if straight is None or straight.points is None or times[-1] - times[0] < _SHORTEST * LENGTH_S or len(times) < 24:
        raise ClipError("too short, or the face is not in view long enough")
    mesh = straight.points
    metre = EYES_M / float(np.hypot(*(mesh[33, :2] - mesh[263, :2])))
    size = (float(np.ptp(mesh[:468, 0])) * metre, float(np.ptp(mesh[:468, 1])) * metre)
    clock = np.array(times) - times[0]
    return LitFrames(clock, np.stack(skins), np.array(rooms), np.stack(poses)), surface_of(mesh), size


def _once(
    species: str, lux: float, seen: LitFrames, surface: Surface, size_m: tuple[float, float], rng: random.Random
) -> LightScores:
    code = draw_code(rng)
    shown: LightCode = draw_code(rng) if species.endswith("other-code") else code
    delay = OWN_DELAY_S + rng.uniform(-0.04, 0.04) + (rng.uniform(0.3, 0.8) if species == "late" else 0.0)
    light = Light(
        rng.uniform(0.4, 0.7), lux, rng.uniform(0, 0.5), rng.uniform(-90, 90), delay, (rng.uniform(-12, 12), rng.uniform(-10, 10))
    )
    body = "head" if species in ("tablet-other-code", "stream-other-code", "late") else species
    place = surface.place * (1.0, size_m[1] / size_m[0])  # one scale for both
    answer = answering(body, Surface(place, surface.normal), size_m[0], light, emission_lux=rng.uniform(80, 250))
    skin = lit(seen.skin, seen.times, answer, shown, delay, surface.place[:, 1], 0.02)
    return judge(code, LitFrames(seen.times, skin, seen.room, seen.pose), surface, OWN_DELAY_S)


def _report(found: dict[tuple[str, float], list[LightScores]], errors: list[tuple[str, str]], options: dict[str, Any]) -> Report:
    rule = RULES["light_time"]
    table = Table(
        "Light that answers (rendered light, real movement)",
        ("species", "room lux", "takes", "time: 1 %", "median", "99 %", "absent (below the limit)", "shape: median", "99 %"),
    )
    data: dict[str, Any] = {"options": options, "limit": rule.limit, "groups": []}
    for (species, lux), scores in sorted(found.items(), key=lambda item: (item[0][1], item[0][0])):
        time = np.array([one.time for one in scores if one.time is not None])
        shape = np.array([one.shape for one in scores if one.shape is not None])
        absent = Rate(int((time < rule.limit).sum()), len(time))
        row = [float(np.percentile(time, p)) for p in (1, 50, 99)] + [float(np.percentile(shape, p)) for p in (50, 99)]
        table.rows.append(
            (species, f"{lux:g}" if lux else "as it was", str(len(time)), *(number(v) for v in row[:3]), absent.text())
            + tuple(number(v) for v in row[3:])
        )
        data["groups"].append(
            {"species": species, "lux": lux, "takes": len(time), "time": row[:3], "shape": row[3:], "absent": absent.json()}
        )
    result = Report("light", data, [table], errors=errors)
    result.notes.append(
        "The light is rendered: these are no takes of people before a screen. For a head, absent is the BPCER of mode refer."
    )
    result.plots = [("absent, by room light", lambda axes: _plot(axes, data["groups"]))]
    return result


def _plot(axes: Any, groups: list[dict[str, Any]]) -> None:
    for species in dict.fromkeys(one["species"] for one in groups if one["lux"]):
        points = [(one["lux"], one["share"]) for one in groups if one["species"] == species]
        axes.plot(*zip(*points, strict=True), marker="o", label=species)
    axes.set_xscale("log")
    axes.set_xlabel("room light, lux")
    axes.set_ylabel("share judged absent")
    axes.legend()
