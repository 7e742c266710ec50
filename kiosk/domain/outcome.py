"""What liveness and match found out about one visit: values that explain a decision. Standard library only.

Built by `kiosk.liveness` and `kiosk.face`, carried by the visit into the record and the journal. The scores are for the attendant,
never for the retiree's screen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from kiosk.domain.reasons import Action, Reason


@dataclass(frozen=True, slots=True)
class CheckScore:
    """One attack check. `flagged` means "looks like an attack": it fails the take when `mode` is enforce, and sends the person to
    the attendant when it is refer.

    `score` is None when the check had nothing to look at (no turn, too few frames), which never flags.
    """

    name: str
    score: float | None
    limit: float
    mode: Literal["off", "record", "refer", "enforce"]
    flagged: bool


@dataclass(frozen=True, slots=True)
class ActionRecord:
    """One action of a take: when it was asked and when it was seen (seconds since the take began), and how strongly."""

    action: Action
    cued_at_s: float
    seen_at_s: float | None = None
    strength: float = 0.0  # the peak over the baseline: blendshape units, or degrees for head movements
    too_early: int = 0  # times it was begun before its cue, which did not count


@dataclass(frozen=True, slots=True)
class LivenessResult:
    """The verdict of one take."""

    passed: bool
    reason: Reason
    actions: tuple[ActionRecord, ...] = ()
    swapped: tuple[Action, ...] = ()
    checks: tuple[CheckScore, ...] = ()
    duration_s: float = 0.0
    frames: int = 0


class Glasses(StrEnum):
    """Whether glasses are worn, for the fairness ledger alone: no verdict and no record knows it."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class MatchDecision(StrEnum):
    """What a comparison says. `uncertain` goes to the attendant (转人工)."""

    ACCEPT = "accept"
    UNCERTAIN = "uncertain"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class MatchResult:
    """The verdict of one 1:1 comparison. `comparison_score` is None when nothing could be compared (template of another model)."""

    decision: MatchDecision
    reason: Reason
    comparison_score: float | None = field(default=None)
    threshold: float = 0.0
    model_digest: str = ""
    frames_used: int = 0
