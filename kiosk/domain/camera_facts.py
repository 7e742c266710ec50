"""What was measured of this kiosk's camera at set-up: how it answers when it is steered, and its sensor's own pattern. Values only.

Measured by `kiosk camera measure`, kept by the store beside the pin, used by a take. Of another camera none of it holds.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

CONTROLS = ("exposure", "gain", "white-balance", "brightness")  # what may be steered, the nearest to the sensor first


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """One camera's answers. `control` "": none of its controls answers, so that it cannot be steered."""

    control: str = ""  # one of CONTROLS
    neutral: int = 0  # where it stands between the pulses
    unit: int = 0  # how far level 1 is from there
    delay_s: float = 0.0  # from the wish to the pixels
    response: float = 0.0  # what level 1 changes: of the brightness, or (white balance) of red against blue; a share
    noise: float = 0.0  # how much that differs from pulse to pulse before a scene that keeps still; a share
    size: tuple[int, int] = (0, 0)  # of the picture it was measured on: (width, height)
    pattern: bytes = field(default=b"", repr=False)  # the sensor's pattern (`liveness.camera_proof.sensor`); empty: not taken

    def to_json(self) -> str:
        """Return all but the pattern, as text."""
        told = asdict(self)
        told.pop("pattern")
        return json.dumps(told, sort_keys=True, separators=(",", ":"))


def from_json(text: str, pattern: bytes = b"") -> CameraFacts:
    """Return what `to_json` wrote, with its pattern."""
    told: dict[str, Any] = json.loads(text)
    return CameraFacts(**{**told, "size": tuple(told["size"])}, pattern=pattern)
