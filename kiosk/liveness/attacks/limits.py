"""The limit of each attack check, and on which side of it an attack lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kiosk.liveness.light.answer import ANSWERED, RELIEF


@dataclass(frozen=True, slots=True)
class Rule:
    """A limit, and on which side of it an attack lies."""

    limit: float
    attack: Literal["below", "above"]

    def flags(self, score: float | None) -> bool:
        """Say whether a score looks like an attack; no score never does."""
        if score is None:
            return False
        return score < self.limit if self.attack == "below" else score > self.limit


# measured: docs/measurements.md (genuine turns of the development clips, synthetic prints and screens of evaluate/attacks_synth.py)
RULES: dict[str, Rule] = {
    "depth": Rule(1.0, "below"),
    "background": Rule(0.25, "above"),
    "bent_print": Rule(0.05, "below"),
    "screen": Rule(4.2, "above"),
    "cutout": Rule(0.08, "above"),
    "stillness": Rule(0.0012, "below"),
    "repeated_frames": Rule(0.02, "above"),
    "loop": Rule(0.80, "above"),
    "light_time": Rule(ANSWERED, "below"),  # rendered: docs/measurements.md, "Light that answers"
    "light_shape": Rule(RELIEF, "below"),
    "light_room": Rule(0.6, "above"),
    "reflection": Rule(0.5, "below"),  # not measured on people: no recordings before a coloured screen were at hand
}
