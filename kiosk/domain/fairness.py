"""Which groups a take counts for in the fairness ledger: whom does the machine fail? Groups and codes, nobody's name.

Pure. Made by `visit_controller` at the end of each take, counted by `store.ledger`; the desk corrects the glasses by the
attendant's word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from kiosk.domain.outcome import ActionRecord, Glasses
from kiosk.domain.reasons import Action, Guidance, Reason
from kiosk.domain.record import Outcome
from kiosk.domain.take_view import Phase

UNKNOWN = "unknown"
WHOLE, POSITION, CHECKS, MATCH = "all", "position", "checks", "match"  # groups of "action" that are no action

_CHECKED = frozenset({Reason.LIVENESS_FAILED, Reason.LIVENESS_UNCERTAIN, Reason.FACE_CHANGED})
_BEFORE_ACTIONS, _ENDED = frozenset({"positioning", "baseline", "light"}), frozenset({"done", "failed"})


@dataclass(frozen=True, slots=True)
class Counted:
    """One take as it is counted. `day` is the finest time there is."""

    day: date
    age_band: str
    glasses: Glasses
    light: str  # good | dark | backlit | unknown
    action: str  # what failed: an action, "position", "checks", "match"; "all": the take as a whole
    outcome: str  # passed | failed | referred
    reason: str


@dataclass(frozen=True, slots=True)
class Watched:
    """What a running take has shown so far, as far as it matters here."""

    seen: bool = False
    dark: bool = False
    backlit: bool = False
    stage: str = WHOLE

    def after(self, hint: Guidance | None, phase: Phase, action: Action | None) -> Watched:
        """Return what is known after one more view of the take (`take_view`)."""
        stage = action.value if action is not None else POSITION if phase in _BEFORE_ACTIONS else WHOLE
        if phase in _ENDED:  # the last view of a take: it failed where it stood before
            stage = self.stage
        return replace(
            self,
            seen=True,
            dark=self.dark or hint is Guidance.TOO_DARK,
            backlit=self.backlit or hint is Guidance.BACKLIT,
            stage=stage,
        )

    @property
    def light(self) -> str:
        """How the light was."""
        return "dark" if self.dark else "backlit" if self.backlit else "good" if self.seen else UNKNOWN


def failed_at(outcome: Outcome, reason: Reason, watched: Watched, actions: Sequence[ActionRecord], compared: bool) -> str:
    """Return what a take failed at. compared: the faces were compared, so the take itself had passed."""
    if outcome is Outcome.PASSED:
        return WHOLE
    if compared:
        return MATCH
    missed = next((one.action.value for one in actions if one.seen_at_s is None), None)
    if missed is not None:
        return missed
    if reason in _CHECKED:
        return CHECKS
    return POSITION if reason is Reason.NO_GOOD_FRAME else watched.stage


def corrected(counted: Sequence[Counted], machine: Glasses, word: Glasses) -> list[tuple[Counted, Counted]]:
    """Return (as counted, as it should be) for the takes of a visit whose glasses the attendant's word puts right.

    machine: what the machine said last, and the form showed. A word that agrees with it fills in what was unknown; another
    one is a correction of all of them. People take glasses off between two takes: what the machine told for each then stands.
    """
    if word is Glasses.UNKNOWN:
        return []
    wrong = [one for one in counted if one.glasses is not word and (word is not machine or one.glasses is Glasses.UNKNOWN)]
    return [(one, replace(one, glasses=word)) for one in wrong]
