"""What a pilot keeps: numbers of takes, one a line, in a file of the station's own. No picture, no template, no name, no time."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kiosk.errors import ConfigError


@dataclass(frozen=True, slots=True)
class PilotTake:
    """One take. `person`: a number drawn for the pilot. `kind`: genuine, or an instrument. `answers`: what the person said."""

    person: str
    kind: str
    answers: dict[str, str]
    passed: bool
    reason: str
    checks: dict[str, tuple[float | None, float, bool, str]]  # score, limit, flagged, mode
    actions: tuple[tuple[str, float, float | None, float], ...]  # action, cued, seen (seconds of the take), strength
    duration_s: float
    light: dict[str, float] = field(default_factory=dict)  # strength, noise, delay_s


class Book:
    """The file. One process writes it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, take: PilotTake) -> None:
        """Append one take; it is on the disk when this returns."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(file, "a", encoding="utf-8") as out:
            out.write(json.dumps(asdict(take), ensure_ascii=False) + "\n")
            out.flush()
            os.fsync(out.fileno())

    def takes(self) -> list[PilotTake]:
        """Return all takes; a last line that a power cut broke off is passed over. Raises ConfigError for another file."""
        if not self.path.is_file():
            return []
        lines = self.path.read_text(encoding="utf-8").splitlines()
        out = []
        for number, line in enumerate(lines):
            try:
                out.append(_take(json.loads(line)))
            except (ValueError, TypeError, KeyError) as error:
                if number == len(lines) - 1:
                    break
                raise ConfigError(f"{self.path}: line {number + 1} is no take of a pilot: {error}") from error
        return out

    def erase(self) -> None:
        """Forget the pilot."""
        self.path.unlink(missing_ok=True)


def _take(value: dict[str, Any]) -> PilotTake:
    checks = {str(name): (one[0], float(one[1]), bool(one[2]), str(one[3])) for name, one in value["checks"].items()}
    actions = tuple((str(one[0]), float(one[1]), one[2], float(one[3])) for one in value["actions"])
    return PilotTake(**{**value, "checks": checks, "actions": actions})
