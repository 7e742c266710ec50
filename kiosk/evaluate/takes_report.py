"""The report of `kiosk evaluate takes`: error rates per species, what passed, and how the checks' scores spread."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from kiosk.domain.outcome import CheckScore, LivenessResult
from kiosk.domain.reasons import Action
from kiosk.evaluate.metrics import Rate
from kiosk.evaluate.report import Report, Table, number


@dataclass(frozen=True, slots=True)
class Try:
    """One take on one clip."""

    name: str
    species: str
    bona_fide: bool
    result: LivenessResult
    challenge: tuple[Action, ...]


def report(done: list[Try], errors: list[tuple[str, str]], options: dict[str, Any]) -> Report:
    """Return the report of finished takes."""
    by_species: dict[tuple[bool, str], list[Try]] = defaultdict(list)
    for item in done:
        by_species[(item.bona_fide, item.species)].append(item)
    table = Table("Takes", ("species", "clips", "takes", "passed", "why not (takes)"))
    data: dict[str, Any] = {"options": options, "species": {}, "clips": {}}
    for (genuine, species), items in sorted(by_species.items()):
        passed = Rate(sum(item.result.passed for item in items), len(items))
        reasons = Counter(item.result.reason.value for item in items if not item.result.passed)
        wrong = Rate(passed.trials - passed.hits, passed.trials) if genuine else passed
        name = f"{species} ({'BPCER' if genuine else 'APCER'})"
        table.rows.append(
            (
                name,
                str(len({i.name for i in items})),
                str(len(items)),
                wrong.text(),
                ", ".join(f"{reason} {n}" for reason, n in reasons.most_common()),
            )
        )
        data["species"][species] = {"bona_fide": genuine, "bpcer" if genuine else "apcer": wrong.json(), "reasons": dict(reasons)}
    table.head = ("species", "clips", "takes", "wrongly decided", "why not passed (takes)")
    per_clip = Table("Clips", ("file", "species", "takes", "passed", "challenges passed", "flagged checks"))
    for name in dict.fromkeys(item.name for item in done):
        items = [item for item in done if item.name == name]
        passing = [item for item in items if item.result.passed]
        flagged = Counter(c.name for item in items for c in item.result.checks if c.flagged)
        shown = Counter("+".join(action.value for action in item.challenge) for item in passing)
        per_clip.rows.append((name, items[0].species, str(len(items)), str(len(passing)), _counts(shown), _counts(flagged)))
        data["clips"][name] = {
            "takes": len(items),
            "passed": len(passing),
            "flagged": dict(flagged),
            "reasons": dict(Counter(i.result.reason.value for i in items)),
        }
    result = Report("takes", data, [table, per_clip, _check_table(done, data)], errors=errors)
    result.notes.append(
        "APCER: attacks that passed; BPCER: genuine takes turned away. Intervals treat takes of one "
        "clip as independent, which they are not: read them as optimistic."
    )
    checks = sorted({check.name for item in done for check in item.result.checks})
    result.plots = [(f"check: {name}", _spread(name, done)) for name in checks]
    return result


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {n}" for name, n in counter.most_common())


def _check_table(done: list[Try], data: dict[str, Any]) -> Table:
    table = Table("Check scores", ("check", "species", "scored", "lowest", "median", "highest", "limit", "flagged"))
    data["checks"] = {}
    groups: dict[tuple[str, str], list[CheckScore]] = defaultdict(list)
    for item in done:
        for check in item.result.checks:
            if check.score is not None:
                groups[(check.name, item.species)].append(check)
    for (name, species), checks in sorted(groups.items()):
        scores = np.array([c.score for c in checks], float)
        low, middle, high = float(scores.min()), float(np.median(scores)), float(scores.max())
        flagged, limit = sum(c.flagged for c in checks), checks[0].limit
        table.rows.append((name, species, str(len(scores)), number(low), number(middle), number(high), number(limit), str(flagged)))
        data["checks"].setdefault(name, {})[species] = {
            "scores": len(scores),
            "lowest": low,
            "median": middle,
            "highest": high,
            "limit": limit,
            "flagged": flagged,
        }
    return table


def _spread(name: str, done: list[Try]) -> Callable[[Any], None]:
    groups: dict[str, list[float]] = defaultdict(list)
    limit = 0.0
    for item in done:
        for check in item.result.checks:
            if check.name == name and check.score is not None:
                groups[item.species].append(check.score)
                limit = check.limit

    def draw(axes: Any) -> None:
        if groups:
            axes.boxplot(list(groups.values()), orientation="horizontal")
            axes.set_yticks(range(1, len(groups) + 1), list(groups))
        axes.axvline(limit, color="#444", linestyle="--")

    return draw
