"""The report of `kiosk evaluate takes`: error rates per species, what passed, and how the checks' scores spread."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from kiosk.domain.outcome import CheckScore, LivenessResult
from kiosk.domain.reasons import Action, Reason
from kiosk.evaluate.metrics import Rate
from kiosk.evaluate.report import Report, Table, number

# random: a drawn challenge; answered: one that fits the recording, or an attacker who answers; shows-nothing: genuine, and it shows
# no challenge that the kiosk would draw, so a drawn one is tried
Kind = Literal["random", "answered", "shows-nothing"]


@dataclass(frozen=True, slots=True)
class Try:
    """One take on one clip."""

    name: str
    species: str
    bona_fide: bool
    result: LivenessResult
    challenge: tuple[Action, ...]
    kind: Kind = "random"
    started: bool = True  # the challenge began: the face was placed as the guidance wants it
    faceless: float = 0.0  # share of the clip's frames in which no face was seen

    def json(self) -> dict[str, Any]:
        """Return it for a line of JSON."""
        checks = {one.name: {"score": one.score, "flagged": one.flagged, "mode": one.mode} for one in self.result.checks}
        return {
            "file": self.name,
            "species": self.species,
            "bona_fide": self.bona_fide,
            "kind": self.kind,
            "challenge": [action.value for action in self.challenge],
            "passed": self.result.passed,
            "reason": self.result.reason.value,
            "started": self.started,
            "faceless": round(self.faceless, 3),
            "checks": checks,
        }


def report(done: list[Try], errors: list[tuple[str, str]], options: dict[str, Any]) -> Report:
    """Return the report of finished takes."""
    groups: dict[tuple[bool, str, Kind], list[Try]] = defaultdict(list)
    for item in done:
        groups[(item.bona_fide, item.species, item.kind)].append(item)
    head = ("species", "challenge", "clips", "takes", "never started", "wrongly decided", "referred", "why not passed (takes)")
    attacks, genuines = Table("Attacks (APCER)", head), Table("Genuine (BPCER)", head)
    data: dict[str, Any] = {"options": options, "species": {}, "answered": {}, "clips": {}}
    for (genuine, species, kind), items in sorted(groups.items()):
        passed = Rate(sum(item.result.passed for item in items), len(items))
        wrong = Rate(passed.trials - passed.hits, passed.trials) if genuine else passed
        reasons = Counter(item.result.reason.value for item in items if not item.result.passed)
        never = sum(not item.started for item in items)
        referred = reasons[Reason.LIVENESS_UNCERTAIN.value]
        (genuines if genuine else attacks).rows.append(
            (
                species,
                kind,
                str(len({i.name for i in items})),
                str(len(items)),
                str(never),
                wrong.text(),
                str(referred),
                ", ".join(f"{reason} {n}" for reason, n in reasons.most_common()),
            )
        )
        told = {
            "bona_fide": genuine,
            "bpcer" if genuine else "apcer": wrong.json(),
            "never_started": never,
            "referred": referred,
            "reasons": dict(reasons),
        }
        data["species" if kind == "random" or genuine else "answered"].setdefault(species, told)
    per_clip = []
    for genuine in (False, True):
        table = Table(
            f"Clips: {'genuine' if genuine else 'attacks'}",
            ("file", "species", "no face", "takes", "never started", "passed", "challenges passed", "flagged checks"),
        )
        for name in dict.fromkeys(item.name for item in done if item.bona_fide is genuine):
            items = [item for item in done if item.name == name and item.bona_fide is genuine]
            passing = [item for item in items if item.result.passed]
            flagged = Counter(c.name for item in items for c in item.result.checks if c.flagged)
            shown = Counter(f"{'+'.join(action.value for action in item.challenge)} ({item.kind})" for item in passing)
            never = sum(not item.started for item in items)
            table.rows.append(
                (
                    name,
                    items[0].species,
                    f"{items[0].faceless:.0%}",
                    str(len(items)),
                    str(never),
                    str(len(passing)),
                    _counts(shown),
                    _counts(flagged),
                )
            )
            data["clips"][name] = {
                "bona_fide": genuine,
                "takes": len(items),
                "never_started": never,
                "passed": len(passing),
                "faceless": items[0].faceless,
                "flagged": dict(flagged),
                "reasons": dict(Counter(i.result.reason.value for i in items)),
            }
        per_clip.append(table)
    result = Report("takes", data, [attacks, genuines, *per_clip, _check_table(done, data)], errors=errors)
    result.notes.append(
        "APCER: attacks that passed; BPCER: genuine takes turned away, to the attendant too (referred). Answered: the challenge "
        "fits the recording, so that only the checks can stop it. Intervals treat takes of one "
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
