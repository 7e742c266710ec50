"""`kiosk evaluate replays CSV`: recordings against random challenges where nothing but the actions decides.

CSV as of `takes`; its attack rows that are clips are played, each against `tries` challenges, from anywhere, looped. Every check is
off, the light is not asked, and faces are not compared: what is left is whether order and time of the gestures can be met by luck.
Recordings whose people turn their heads are counted apart: what holds for talking heads says nothing of them.
"""

from __future__ import annotations

import random
import zlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from kiosk.config import Liveness, Settings
from kiosk.domain.reasons import Action
from kiosk.errors import ModelError
from kiosk.evaluate.clips import ClipError, Progress, is_still, read_rows
from kiosk.evaluate.metrics import Rate
from kiosk.evaluate.report import Report, Table
from kiosk.evaluate.takes import Played, play, take_once
from kiosk.liveness.challenge import draw_challenge
from kiosk.liveness.landmarks import Landmarker
from kiosk.liveness.take import Take

MOVES_DEG = 15.0  # yaw from the 5th to the 95th percentile of a clip
_CLIP_LIMIT_S = 30.0


@dataclass(frozen=True, slots=True)
class Replay:
    """One challenge on one recording. first: it did what is asked of everybody; more: an action more was asked for."""

    name: str
    moves: bool
    challenge: tuple[Action, ...]
    first: bool
    more: bool
    passed: bool
    reason: str

    def json(self) -> dict[str, Any]:
        """Return it for a line of JSON."""
        told = {"file": self.name, "moves": self.moves, "challenge": [action.value for action in self.challenge]}
        return {**told, "first": self.first, "more": self.more, "passed": self.passed, "reason": self.reason}


def run(
    csv: Path,
    settings: Settings,
    make: Callable[[], Landmarker],
    *,
    tries: int,
    seed: int,
    on_take: Callable[[Replay], None] = lambda _: None,
) -> Report:
    """Return the report. on_take: told of each."""
    rows = [row for row in read_rows(csv, ("file", "label")) if row["label"] == "attack" and not is_still(Path(row["file"]))]
    errors: list[tuple[str, str]] = []
    done: list[Replay] = []
    progress = Progress("clip", len(rows))
    for index, row in enumerate(rows):
        progress.at(index, row["file"])
        try:
            clip = play(csv.parent / row["file"], make, fit=True, limit_s=_CLIP_LIMIT_S)
        except (ClipError, ModelError) as error:
            errors.append((row["file"], str(error)))
            continue
        for number in range(tries):
            one = replayed(row["file"], clip, settings.liveness, seed, number)
            on_take(one)
            done.append(one)
    progress.done()
    return report(done, errors, {"tries": tries, "seed": seed})


def replayed(name: str, clip: Played, liveness: Liveness, seed: int, number: int) -> Replay:
    """Play a recording against one random challenge."""
    base = [seed, zlib.crc32(name.encode()), number]
    rng = random.Random(repr(base))
    checks = liveness.checks.model_copy(update=dict.fromkeys(type(liveness.checks).model_fields, "off"))
    bare = liveness.model_copy(update={"checks": checks})
    challenge = draw_challenge(bare, rng=rng)
    take = Take(replace(challenge, light_code=None, lights=()), bare)
    result = take_once(clip, take, np.random.default_rng(base), 0.0, rng.randrange(len(clip.pictures)))
    asked = len(challenge.steps)
    records = () if result is None else result.actions
    met = sum(record.seen_at_s is not None for record in records)
    passed = result is not None and result.passed
    return Replay(
        name,
        yaw_spread(clip) >= MOVES_DEG,
        tuple(step.action for step in challenge.steps),
        passed or met >= asked,
        len(records) > asked,
        passed,
        "action-timeout" if result is None else result.reason.value,
    )


def yaw_spread(clip: Played) -> float:
    """Return how far the head of a recording goes left and right, degrees; 0 without a face."""
    yaw = [seen.yaw_deg for seen in clip.observations if seen.points is not None]
    return float(np.ptp(np.percentile(yaw, (5, 95)))) if yaw else 0.0


def report(done: list[Replay], errors: list[tuple[str, str]], options: dict[str, Any]) -> Report:
    """Return the report: recordings that move apart from those that keep still."""
    head = ("recordings", "clips", "challenges", "did what is asked of everybody", "one more asked for", "pass")
    table = Table("Recordings against random challenges, by the actions alone", head)
    clips = Table("Clips", ("file", "moves", *head[2:]))
    data: dict[str, Any] = {"options": options, "moves_deg": MOVES_DEG, "groups": {}, "clips": {}}
    for moves, group in ((True, "move"), (False, "keep still")):
        chosen = [one for one in done if one.moves is moves]
        names = dict.fromkeys(one.name for one in chosen)
        table.rows.append((group, str(len(names)), *_cells(chosen)))
        data["groups"][group] = {"clips": len(names), **_told(chosen)}
        for name in names:
            own = [one for one in chosen if one.name == name]
            clips.rows.append((name, "yes" if moves else "no", *_cells(own)))
            data["clips"][name] = {"moves": moves, **_told(own)}
    note = (
        f"Recordings move whose yaw spreads by {MOVES_DEG:g} degrees and more. Checks, light and comparison stop nothing here. "
        "Intervals treat challenges of one clip as independent, which they are not."
    )
    return Report("replays", data, [table, clips], [note], errors=errors)


def _cells(done: list[Replay]) -> tuple[str, ...]:
    first = Rate(sum(one.first for one in done), len(done))
    return str(len(done)), first.text(), str(sum(one.more for one in done)), Rate(sum(one.passed for one in done), len(done)).text()


def _told(done: list[Replay]) -> dict[str, Any]:
    reasons: dict[str, int] = defaultdict(int)
    for one in done:
        reasons[one.reason] += 1
    return {
        "first": Rate(sum(one.first for one in done), len(done)).json(),
        "more_asked": sum(one.more for one in done),
        "passed": Rate(sum(one.passed for one in done), len(done)).json(),
        "reasons": dict(reasons),
    }
