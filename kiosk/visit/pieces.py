"""Pieces that several pages of the visit share: looking up, takes and their tries, the ways out, who and what a state holds.

Pure; called by `pages`, `after_failure` and `machine`; the desk asks who the visit below it is about (`app.visit_glance`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from kiosk.domain.eligibility import Eligibility
from kiosk.domain.person import IdentifiedBy, Person, RosterEntry
from kiosk.domain.reasons import Action, Reason
from kiosk.domain.record import Outcome, RecordStatus
from kiosk.visit import commands as c
from kiosk.visit import states as s
from kiosk.visit.world import Step, World


def look_up(visit: s.Visit, person: Person) -> Step:
    """Ask roster and rules about a person."""
    return s.LookingUp(visit, person), (c.LookUp(visit.visit_id, person, visit.mode),)


def is_helper(visit: s.Visit, person: Person) -> bool:
    """Return whether somebody is the helper of this visit."""
    return visit.helper is not None and visit.helper.id_number == person.id_number


def helper_first(visit: s.Visit, helper: Person, world: World) -> Step:
    """The helper is known; now the card of whom they help. From here on the friend is the one who is spoken to."""
    return s.AwaitingCard(replace(visit, helper=helper), reader_ready=world.reader_ready), ()


def helper_known(state: s.AwaitingCard, visit: s.Visit, helper: Person, world: World) -> Step:
    """The helper is identified; whose turn comes next."""
    if state.beneficiary is None:
        return helper_first(visit, helper, world)
    if helper.id_number == state.beneficiary.id_number:
        return replace(state, visit=visit, reading=False, trouble=Reason.HELPER_IS_BENEFICIARY), ()
    return after_helper(replace(visit, helper=helper), state.beneficiary, state.entry, state.eligibilities)


def after_helper(visit: s.Visit, person: Person | None, entry: RosterEntry | None, eligibilities: tuple[Eligibility, ...]) -> Step:
    """Both are identified: go on with what is due to the beneficiary."""
    due = tuple(item for item in eligibilities if item.may_pass)
    if person is None or entry is None or not due:
        return s.AwaitingCard(bare(visit)), ()
    if len(due) > 1:
        return s.ChoosingBenefits(visit, person, entry, due), ()
    return s.Consenting(s.Case(visit, person, entry, due)), ()


# Practice and takes that a camera fault ended are no tries, but they are not endless either.
_TAKES_PER_TRY = 3


def begin_take(case: s.Case, practice: bool, world: World) -> Step:
    """Begin a take, or send somebody to the attendant who has begun too many."""
    take_id = case.visit.takes + 1
    if take_id > _TAKES_PER_TRY * (world.tries_per_visit + 1):
        return s.Referred(case.visit, Reason.TOO_MANY_TRIES, case), (c.CallAttendant(Reason.TOO_MANY_TRIES),)
    case = replace(case, visit=replace(case.visit, takes=take_id))
    state = s.Acting(case, practice, world.camera_ready, take_id)
    attended = bool(case.in_sight) and not practice
    return state, (c.BeginTake(case.visit.visit_id, take_id, practice, attended),) if world.camera_ready else ()


# What a person in sight of the staff may try again: the machine saw too little, but nothing that looks like an attack.
_TOO_LITTLE = frozenset({Reason.LIVENESS_UNCERTAIN, Reason.ACTION_TIMEOUT, Reason.NO_GOOD_FRAME, Reason.FACE_LOST})


def may_vouch(state: s.State) -> s.Case | None:
    """Return the case for which staff that has the person in sight may answer for one take; None where there is none."""
    if isinstance(state, s.Instructing | s.Retrying) or (isinstance(state, s.Acting) and not state.practice):
        return state.case
    return state.case if isinstance(state, s.Referred) and state.reason in _TOO_LITTLE else None


# So many takes a visit may be broken off by the camera's cable, a failed model or the opened desk without costing a try. Each
# new take brings a new challenge: without a limit an impostor would break off until one comes that fits.
_FREE_INTERRUPTIONS = 2


def interrupted(state: s.Acting, world: World) -> Step:
    """Our fault, not theirs: the take begins anew when the camera is back."""
    visit = state.case.visit
    if state.practice or visit.interruptions < _FREE_INTERRUPTIONS:
        case = replace(state.case, visit=replace(visit, interruptions=visit.interruptions + (not state.practice)))
        return replace(state, case=case, camera_ready=False), (c.CancelTake(state.take_id),)
    after, calls = failed_try(with_try(state.case), Reason.CANCELLED, world)
    return after, (c.CancelTake(state.take_id), *calls)


def rested(state: s.Acting, before_cue: bool, world: World) -> Step:
    """返回 in front of the camera: back to the instructions. Before the first cue it costs nothing, a few times."""
    visit = state.case.visit
    if before_cue and visit.interruptions < _FREE_INTERRUPTIONS:
        case = replace(state.case, visit=replace(visit, interruptions=visit.interruptions + 1))
        return s.Instructing(case, world.camera_ready, rested=True), (c.CancelTake(state.take_id),)
    after, calls = failed_try(with_try(state.case), Reason.CANCELLED, world)
    if isinstance(after, s.Retrying):
        after = s.Instructing(after.case, world.camera_ready, rested=True)
    return after, (c.CancelTake(state.take_id), *calls)


def failed_try(case: s.Case, reason: Reason, world: World, action: Action | None = None, *, early: bool = False) -> Step:
    """Every failed try is saved; after the last one the attendant is called. Nobody passes by trying often enough."""
    save = c.SaveAttempt(case, Outcome.FAILED, reason)
    case = replace(case, in_sight="")  # it was good for this take
    left = world.tries_per_visit - case.visit.tries
    if left > 0:
        return s.Retrying(case, reason, left, action, early), (save,)
    return s.Referred(case.visit, reason, case), (save, c.CallAttendant(reason))


def to_attendant(case: s.Case, reason: Reason) -> Step:
    """The machine cannot tell: the attendant decides with the person in sight."""
    return s.Referred(case.visit, reason, case), (c.SaveAttempt(case, Outcome.REFERRED, reason), c.CallAttendant(reason))


def with_try(case: s.Case) -> s.Case:
    """Return the case with one more try counted."""
    return replace(case, visit=replace(case.visit, tries=case.visit.tries + 1))


_GONE = (Reason.IDLE_TIMEOUT, Reason.WALKED_AWAY)


def end(state: s.State, visit: s.Visit, notice: Reason | None, *, silent: bool = False) -> Step:
    """End a visit. Without a pass, and without an answer that is all there is to know, the next page says that it is still open.

    silent: the attendant has taken over, and says it.
    """
    wipe = (*abandon_take(state), c.EndVisit(visit.visit_id))
    passed = isinstance(state, s.Finished) and state.stage not in (RecordStatus.RETURNED, RecordStatus.REFUSED)
    if passed or silent or (is_told(state) and notice in _GONE):
        notice = None  # done or answered, also for who walks away from it; or in the attendant's hands
    elif notice is None and not is_told(state):
        notice = Reason.CANCELLED
    if visit.card_present:
        return s.TakingCard(bare(visit), notice, passed), wipe
    return s.Idle(notice), wipe


def is_told(state: s.State) -> bool:
    """Return whether the page that is shown has answered what was asked, or goes on without the person."""
    if isinstance(state, s.ReviewSent | s.VisitBooked):
        return True
    return isinstance(state, s.Answered) and state.reason in s.TOLD and not s.returned(state)


def is_saving(state: s.State) -> bool:
    """Return whether something is on its way to the disk: what happens meanwhile must not drop it."""
    return isinstance(state, s.Checking | s.ReviewConsenting) and state.saving


def stop_take(state: s.State) -> tuple[c.Command, ...]:
    """Return what stops a take or a scan that is under way."""
    if isinstance(state, s.ScanningCard):
        return (c.CancelScan(),)
    return (c.CancelTake(state.take_id),) if isinstance(state, s.Acting) else ()


def abandon_take(state: s.State) -> tuple[c.Command, ...]:
    """A take that is broken off counts as a try: else an impostor breaks off until a challenge comes that fits."""
    if not isinstance(state, s.Acting) or state.practice:
        return stop_take(state)
    return *stop_take(state), c.SaveAttempt(with_try(state.case), Outcome.FAILED, Reason.CANCELLED)


def typed_person(name: str, id_number: str) -> Person:
    """Return an identity as the person typed it."""
    return Person(name, id_number.strip().upper(), identified_by=IdentifiedBy.MANUAL)


def bare(visit: s.Visit) -> s.Visit:
    """The visit without anybody's identity."""
    return replace(visit, helper=None)


def case_of(state: s.State) -> s.Case | None:
    """Return the case that a state holds; leaving a take counts as a try."""
    if isinstance(state, s.Acting) and not state.practice:
        return with_try(state.case)
    if isinstance(state, (*s.WITH_CASE, s.Referred)):
        return state.case
    return None


def person_of(state: s.State) -> Person | None:
    """Return who a state knows the visit is about."""
    case = case_of(state)
    if case is not None:
        return case.person
    return state.person if isinstance(state, s.LookingUp | s.Confirming | s.ChoosingBenefits | s.Answered) else None


def with_visit(state: s.State, change: Callable[[s.Visit], s.Visit]) -> s.State:
    """Return a state with its visit changed."""
    if isinstance(state, s.Idle | s.OutOfService):
        return state
    if isinstance(state, s.WITH_CASE):
        return replace(state, case=replace(state.case, visit=change(state.case.visit)))
    if isinstance(state, s.Referred) and state.case is not None:
        return replace(state, visit=change(state.visit), case=replace(state.case, visit=change(state.case.visit)))
    return replace(state, visit=change(state.visit))
