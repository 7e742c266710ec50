"""What a pilot keeps: numbers of takes, one a line, in a file of the station's own, and beside it each take's trace by frames.
No picture, no mesh, no template, no name, no time of day."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kiosk.errors import ConfigError
from kiosk.liveness.trace import COLUMNS, Row


@dataclass(frozen=True, slots=True)
class PilotTake:
    """One take. `person`, `take`: drawn for the pilot. `kind`: genuine, or an instrument. `answers`: what the person said."""

    person: str
    kind: str
    answers: dict[str, str]
    passed: bool
    reason: str
    checks: dict[str, tuple[float | None, float, bool, str]]  # score, limit, flagged, mode
    actions: tuple[tuple[str, float, float | None, float], ...]  # action, cued, seen (seconds of the take), strength
    duration_s: float
    light: dict[str, float] = field(default_factory=dict)  # strength, noise, delay_s
    take: str = ""  # under which its trace stands, and its pictures where somebody agreed to these


class Book:
    """The file. One process writes it."""

    def __init__(self, path: Path) -> None:
        self.path, self.traces = path, path.with_name("traces.jsonl")

    def add(self, take: PilotTake, trace: Sequence[Row] = ()) -> None:
        """Append one take; it is on the disk when this returns. trace: COLUMNS of each frame (`liveness.trace`)."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if trace:
            _append(self.traces, {"take": take.take, "columns": COLUMNS, "rows": trace})
        _append(self.path, asdict(take))

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
        for path in (self.path, self.traces):
            path.unlink(missing_ok=True)


def _append(path: Path, value: object) -> None:
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(file, "a", encoding="utf-8") as out:
        out.write(json.dumps(value, ensure_ascii=False) + "\n")
        out.flush()
        os.fsync(out.fileno())


def _take(value: dict[str, Any]) -> PilotTake:
    checks = {str(name): (one[0], float(one[1]), bool(one[2]), str(one[3])) for name, one in value["checks"].items()}
    actions = tuple((str(one[0]), float(one[1]), one[2], float(one[3])) for one in value["actions"])
    return PilotTake(**{**value, "checks": checks, "actions": actions})
