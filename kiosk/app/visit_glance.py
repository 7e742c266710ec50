"""What the desk may see of the visit that stands below it. Called by `app.desk_controller`; pure."""

from __future__ import annotations

from kiosk.desk.values import VisitGlance
from kiosk.domain.fairness import Counted
from kiosk.domain.person import Person
from kiosk.domain.reasons import Reason
from kiosk.domain.record import Outcome
from kiosk.visit import states as s
from kiosk.visit.pieces import may_vouch, person_of


def glance(state: s.State, page: str, counted: tuple[Counted, ...] = (), *, camera: bool = False) -> VisitGlance | None:
    """Return what the desk may see of a visit, None where there is none.

    camera: pictures come; a take that waits for the camera then waits for the desk to be closed.
    """
    visit = s.visit_of(state)
    if visit is None or isinstance(state, s.TakingCard):
        return None
    why, again = _why(state, counted, camera), may_vouch(state) is not None
    return VisitGlance(visit.visit_id, page, visit.mode.value, visit.tries, _person(state), visit.helper, why, counted, again)


def _why(state: s.State, counted: tuple[Counted, ...], camera: bool) -> Reason | None:
    """Why it was not done by face so far: what the page says, a camera that is away, or what the last take came to."""
    if isinstance(state, s.Referred | s.Retrying | s.Answered):
        return state.reason
    if isinstance(state, s.Instructing | s.Acting) and not state.camera_ready and not camera:
        return Reason.CAMERA_UNPLUGGED
    failed = [one.reason for one in counted if one.outcome != Outcome.PASSED and one.reason != Reason.CANCELLED]
    return Reason(failed[-1]) if failed else None


def _person(state: s.State) -> Person | None:
    """Return whom a visit is about, as far as the state knows: a beneficiary too, whose helper is asked for a card."""
    if isinstance(state, s.AwaitingCard | s.EnteringNumber | s.ChoosingName | s.ScanningCard):
        return state.beneficiary
    return person_of(state) or (state.person if isinstance(state, s.Referred) else None)
