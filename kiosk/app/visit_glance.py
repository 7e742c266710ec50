"""What the desk may see of the visit that stands below it. Called by `app.desk_controller`; pure."""

from __future__ import annotations

from kiosk.desk.values import VisitGlance
from kiosk.domain.fairness import Counted
from kiosk.domain.person import Person
from kiosk.visit import states as s
from kiosk.visit.pieces import person_of


def glance(state: s.State, page: str, counted: tuple[Counted, ...] = ()) -> VisitGlance | None:
    """Return what the desk may see of a visit, None where there is none."""
    visit = s.visit_of(state)
    if visit is None or isinstance(state, s.TakingCard):
        return None
    reason = state.reason if isinstance(state, s.Referred | s.Retrying | s.Answered) else None
    return VisitGlance(visit.visit_id, page, visit.mode.value, visit.tries, _person(state), visit.helper, reason, counted)


def _person(state: s.State) -> Person | None:
    """Return whom a visit is about, as far as the state knows: a beneficiary too, whose helper is asked for a card."""
    if isinstance(state, s.AwaitingCard | s.EnteringNumber | s.ChoosingName | s.ScanningCard):
        return state.beneficiary
    return person_of(state) or (state.person if isinstance(state, s.Referred) else None)
