"""The report of `kiosk evaluate light`: who is judged absent, by species and room light, and what is not to be told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from kiosk.config import Liveness
from kiosk.evaluate.light_render import Light
from kiosk.evaluate.metrics import Rate
from kiosk.evaluate.report import Report, Table, number
from kiosk.liveness.attacks.limits import RULES
from kiosk.liveness.light.answer import LightScores


@dataclass(frozen=True, slots=True)
class Judged:
    """One take."""

    name: str
    species: str
    lux: float
    scores: LightScores
    light: Light

    def json(self) -> dict[str, Any]:
        """Return it for a line of JSON."""
        return {"file": self.name, "species": self.species, "lux": self.lux, **asdict(self.scores), "light": asdict(self.light)}


def report(
    found: Mapping[tuple[str, float], Sequence[Judged]],
    errors: list[tuple[str, str]],
    settings: Liveness,
    options: dict[str, Any],
) -> Report:
    """Return the report of finished takes."""
    rule, shape_rule = RULES["light_time"], RULES["light_shape"]
    columns = (
        "takes",
        "unavailable",
        "absent",
        "a sheet's shape",
        "a head's shape",
        "either",
        "time: 1 %",
        "median",
        "99 %",
        "strength: 1 %",
        "median",
    )
    table = Table("Light that answers (rendered light, real movement)", ("species", "room lux", *columns, "noise: median", "99 %"))
    data: dict[str, Any] = {"options": options, "limit": rule.limit, "groups": []}
    for (species, lux), takes in sorted(found.items(), key=lambda item: (item[0][1], item[0][0])):
        scores = [one.scores for one in takes]
        told = [one for one in scores if one.available(settings.light_strength)]
        absent = [rule.flags(one.time) for one in told]
        flat = [shape_rule.flags(one.relief) for one in told]
        either = Rate(sum(a or b for a, b in zip(absent, flat, strict=True)), len(scores))
        counts = (len(scores) - len(told), sum(absent), sum(flat), sum(one.is_head for one in told))
        rates = (*(Rate(count, len(scores)) for count in counts), either)
        time = _percentiles([one.time for one in scores], (1, 50, 99))
        strength = _percentiles([one.strength for one in scores if one.time is not None], (1, 50))
        noise = _percentiles([one.noise for one in scores if one.time is not None], (50, 99))
        table.rows.append(
            (species, f"{lux:g}" if lux else "as it was", str(len(scores)), *(one.text() for one in rates))
            + tuple(number(v) for v in (*time, *strength, *noise))
        )
        data["groups"].append(
            {"species": species, "lux": lux, "takes": len(scores), "time": time, "strength": strength, "noise": noise}
            | dict(zip(("unavailable", "absent", "flat", "head", "either"), (one.json() for one in rates), strict=True))
        )
    result = Report("light", data, [table], errors=errors)
    result.notes.append(
        "The light is rendered: these are no takes of people before a screen. Shares are of all takes, those that cannot be told "
        "among them. For a head, absent is the BPCER of mode refer; for everything else it is what is referred."
    )
    result.plots = [("absent, by room light", lambda axes: _plot(axes, data["groups"]))]
    return result


def _percentiles(values: Sequence[float | None], at: tuple[int, ...]) -> list[float]:
    known = np.array([value for value in values if value is not None])
    return [float(np.percentile(known, p)) for p in at] if len(known) else [float("nan")] * len(at)


def _plot(axes: Any, groups: list[dict[str, Any]]) -> None:
    for species in dict.fromkeys(one["species"] for one in groups if one["lux"]):
        points = [(one["lux"], one["absent"]["value"]) for one in groups if one["species"] == species]
        axes.plot(*zip(*points, strict=True), marker="o", label=species)
    axes.set_xscale("log")
    axes.set_xlabel("room light, lux")
    axes.set_ylabel("share judged absent")
    axes.legend()
