"""What follows after a face that did not do it: 送人工复核, and a home visit for the very old. Pure; called by `pages`.

The page and the prompts ask `to_do` which reason is told, since what is left to do is not always what went wrong.
"""

from __future__ import annotations

from dataclasses import replace

from kiosk.domain.reasons import TAKE_FAILED, Reason
from kiosk.domain.record import RecordStatus
from kiosk.visit import commands as c
from kiosk.visit import events as e
from kiosk.visit import states as s
from kiosk.visit.pieces import end
from kiosk.visit.world import Step, World

# What these say to do, is to be done in another try: words for where one is offered, and for no other page.
TRIED_AGAIN = TAKE_FAILED | {Reason.LIVENESS_FAILED, Reason.CANCELLED}


def to_do(state: s.Referred) -> Reason:
    """Return the reason whose words tell what to do now: after the last try that is to wait, not to try again."""
    return Reason.TOO_MANY_TRIES if state.reason in TRIED_AGAIN else state.reason


def offered(state: s.Referred, event: e.Event, world: World) -> Step | None:
    """Take up what the page of a failed face offers; None: the event is another."""
    case = s.failed_face(state)
    match event:
        case e.ReviewTouched() if case is not None and world.answer_by is not None:
            return s.ReviewConsenting(case, state, world.answer_by), ()
        case e.VisitTouched() if case is not None and s.visit_offered(state, world.visits_born_by):
            return s.VisitBooked(case), (c.BookHomeVisit(state.visit.visit_id, case.entry.person_id),)
    return None


def review_consenting(state: s.ReviewConsenting, event: e.Event, world: World) -> Step:
    """Agreed: it is saved. Not agreed: back to where it was offered."""
    visit = state.case.visit
    match event:
        case e.Agreed() if not state.saving:
            return replace(state, saving=True), (c.AskForReview(state.case, state.answer_by),)
        case e.ReviewSaved(visit_id, record_ids) if visit_id == visit.visit_id and state.saving:
            return s.ReviewSent(state.case, record_ids, state.answer_by), (c.NudgeSync(),)
        case e.SaveFailed() if event.visit_id == visit.visit_id and state.saving:
            return s.Referred(visit, Reason.STORE_ERROR, state.case), (c.CallAttendant(Reason.STORE_ERROR),)
        case e.RecordsSaved() if event.visit_id == visit.visit_id:  # of the last try, which is kept for its own sake
            return replace(state, back=replace(state.back, record_ids=event.record_ids)), (c.NudgeSync(),)
        case e.BackTouched() if not state.saving:
            return replace(state.back, visit=visit, case=state.case), ()
    return state, ()


def review_sent(state: s.ReviewSent, event: e.Event, world: World) -> Step:
    """Nothing more to do here; the stage moves while the person reads."""
    match event:
        case e.DoneTouched() | e.BackTouched():
            return end(state, state.case.visit, None)
        case e.RecordStatusMoved(record_id, stage) if record_id in state.record_ids:
            back = stage in (RecordStatus.RETURNED, RecordStatus.REFUSED) and state.stage is not stage
            return replace(state, stage=stage), (c.CallAttendant(Reason.REVIEW_RETURNED),) if back else ()
    return state, ()


def visit_booked(state: s.VisitBooked, event: e.Event, world: World) -> Step:
    """The visit stands on the list; a number that is wrong is the attendant's to change."""
    match event:
        case e.HomeVisitBooked(visit_id) if visit_id == state.case.visit.visit_id:
            return replace(state, saved=True), ()
        case e.SaveFailed() if event.visit_id == state.case.visit.visit_id and not state.saved:
            return s.Referred(state.case.visit, Reason.STORE_ERROR, state.case), (c.CallAttendant(Reason.STORE_ERROR),)
        case e.RecordsSaved() if event.visit_id == state.case.visit.visit_id:
            return state, (c.NudgeSync(),)
        case e.DoneTouched() | e.BackTouched():
            return end(state, state.case.visit, None)
    return state, ()
