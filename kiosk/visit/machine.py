"""The visit: `step(state, event, world) -> (state, commands)`. All decisions of a visit are here; no clock, no Qt, no device.

Called by `visit_controller` alone. A handler for each state, and a few events that mean the same everywhere. An event that
means nothing in a state leaves it as it is: late answers, double touches and chattering devices are harmless.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from kiosk.domain.eligibility import Eligibility
from kiosk.domain.person import IdentifiedBy, Person, RosterEntry
from kiosk.domain.reasons import Action, Reason
from kiosk.domain.record import Outcome, Stage
from kiosk.visit import commands as c
from kiosk.visit import events as e
from kiosk.visit import states as s


@dataclass(frozen=True, slots=True)
class World:
    """What a decision may depend on besides state and event."""

    new_visit_id: str
    reader_ready: bool = True
    camera_ready: bool = True
    tries_per_visit: int = 3


Step = tuple[s.State, tuple[c.Command, ...]]


def step(state: s.State, event: e.Event, world: World) -> Step:
    """Return the next state and what is to be done. Never raises for any order of events."""
    if isinstance(event, e.DeskClosed | e.VisionRested):  # what waited goes on with the camera as it is
        event = e.CameraCameUp() if world.camera_ready else e.CameraWentDown()
    for kind, everywhere in _EVERYWHERE:
        if isinstance(event, kind):
            answer = everywhere(state, event, world)
            if answer is not None:
                return answer
    return _HANDLERS[type(state)](state, event, world)


# --- events that mean the same in every state


def _help(state: s.State, event: e.HelpTouched, world: World) -> Step:
    return state, (c.CallAttendant(Reason.ATTENDANT_CALLED),)


def _no_face(state: s.State, event: e.NoFaceTouched, world: World) -> Step | None:
    if isinstance(state, s.Finished | s.TakingCard | s.Referred) or (isinstance(state, s.Checking) and state.saving):
        return state, (c.CallAttendant(Reason.ATTENDANT_CALLED),)  # nothing is left to do without the face
    visit = s.visit_of(state) or s.Visit(world.new_visit_id)
    return s.Referred(visit, Reason.NO_FACE_WANTED, case=_case_of(state), person=_person_of(state)), (
        *_abandon_take(state),
        c.CallAttendant(Reason.NO_FACE_WANTED),
    )


def _leave(state: s.State, event: e.CancelTouched | e.IdleExpired | e.WalkedAway, world: World) -> Step:
    visit = s.visit_of(state)
    if visit is None or (isinstance(state, s.Checking) and state.saving):
        return state, ()
    if isinstance(state, s.TakingCard):  # the card is asked for until it is taken; a card left for minutes is the attendant's
        if not isinstance(event, e.IdleExpired):
            return state, ()
        return s.Idle(Reason.CARD_LEFT_BEHIND), (c.CallAttendant(Reason.CARD_LEFT_BEHIND),)
    return _end(state, visit, {e.IdleExpired: Reason.IDLE_TIMEOUT, e.WalkedAway: Reason.WALKED_AWAY}.get(type(event)))


def _paused(state: s.State, event: e.ServicePaused, world: World) -> Step:
    visit = s.visit_of(state)
    wipe = () if visit is None else (*_stop_take(state), c.EndVisit(visit.visit_id))
    return s.OutOfService(event.reason), (*wipe, c.CallAttendant(event.reason))


def _took_over(state: s.State, event: e.AttendantTookOver, world: World) -> Step:
    visit = s.visit_of(state)
    return (state, ()) if visit is None else _end(state, visit, None, silent=True)


def _card_taken(state: s.State, event: e.CardTaken, world: World) -> Step | None:
    if isinstance(state, s.TakingCard):
        return s.Idle(state.notice), ()
    if isinstance(state, s.AwaitingCard):
        return None
    return _with_visit(state, lambda visit: replace(visit, card_present=False)), ()


def _other_card(state: s.State, event: e.CardWasRead, world: World) -> Step | None:
    """A different card in mid-visit ends the visit; the same card laid again changes nothing."""
    visit, person = s.visit_of(state), _person_of(state)
    if visit is None or person is None or isinstance(state, s.AwaitingCard | s.EnteringNumber | s.ChoosingName | s.ScanningCard):
        return None
    known = {person.id_number} | ({visit.helper.id_number} if visit.helper else set())
    if event.person.id_number in known:
        return _with_visit(state, lambda v: replace(v, card_present=True)), ()
    if isinstance(state, s.Checking) and state.saving:
        return state, ()
    here = replace(visit, card_present=True)
    return s.TakingCard(_bare(here), Reason.CARD_CHANGED), (*_stop_take(state), c.EndVisit(visit.visit_id))


_EVERYWHERE: tuple[tuple[Any, Callable[..., Step | None]], ...] = (
    (e.HelpTouched, _help),
    (e.NoFaceTouched, _no_face),
    (e.CancelTouched | e.IdleExpired | e.WalkedAway, _leave),
    (e.ServicePaused, _paused),
    (e.AttendantTookOver, _took_over),
    (e.CardTaken, _card_taken),
    (e.CardWasRead, _other_card),
)


# --- one handler a state


def _idle(state: s.Idle, event: e.Event, world: World) -> Step:
    visit = s.Visit(world.new_visit_id)
    match event:
        case e.Started():
            return s.ChoosingWho(visit), ()
        case e.QueryStarted():
            return s.AwaitingCard(replace(visit, mode=s.Mode.QUERY), reader_ready=world.reader_ready), ()
        case e.CardLaid():  # whoever lays the card first means themselves, and can say otherwise on the next page
            return s.AwaitingCard(replace(visit, card_present=True), reader_ready=True, reading=True), ()
        case e.CardTroubled(reason):
            return s.AwaitingCard(replace(visit, card_present=True), reader_ready=True, trouble=reason), ()
        case e.CardWasRead(person):
            return _look_up(replace(visit, card_present=True), person)
    return state, ()


def _choosing_who(state: s.ChoosingWho, event: e.Event, world: World) -> Step:
    match event:
        case e.SelfChosen() | e.OtherChosen():
            mode = s.Mode.SELF if isinstance(event, e.SelfChosen) else s.Mode.OTHER
            visit = replace(state.visit, mode=mode)
            if state.card is not None:
                return _look_up(visit, state.card) if mode is s.Mode.SELF else _helper_first(visit, state.card, world)
            whose = s.Whose.HELPER if mode is s.Mode.OTHER else s.Whose.BENEFICIARY
            return s.AwaitingCard(visit, whose, reader_ready=world.reader_ready, reading=visit.card_present), ()
        case e.CardLaid():
            return replace(state, visit=replace(state.visit, card_present=True)), ()
        case e.CardWasRead(person):
            return replace(state, visit=replace(state.visit, card_present=True), card=person), ()
        case e.BackTouched():
            return _end(state, state.visit, None)
    return state, ()


def _awaiting_card(state: s.AwaitingCard, event: e.Event, world: World) -> Step:
    here = replace(state.visit, card_present=True)
    match event:
        case e.CardLaid():
            return replace(state, visit=here, reading=True, trouble=None), ()
        case e.CardTroubled(reason):
            return replace(state, visit=here, reading=False, trouble=reason), ()
        case e.CardTaken():
            return replace(state, visit=replace(here, card_present=False), reading=False), ()
        case e.CardWasRead(person):
            if state.whose is s.Whose.HELPER:
                return _helper_known(state, here, person, world)
            if _is_helper(here, person):
                return replace(state, visit=here, reading=False, trouble=Reason.HELPER_IS_BENEFICIARY), ()
            return _look_up(here, person)
        case e.ReaderWentDown():
            gone = replace(state.visit, card_present=False)
            return replace(state, visit=gone, reader_ready=False, reading=False, trouble=None), ()
        case e.ReaderCameUp():
            return replace(state, reader_ready=True), ()
        case e.ManualChosen():
            return s.EnteringNumber(state.visit, state.whose, None, state.beneficiary, state.entry, state.eligibilities), ()
        case e.ScanChosen():
            scanning = s.ScanningCard(
                state.visit, state.whose, world.camera_ready, state.beneficiary, state.entry, state.eligibilities
            )
            return scanning, (c.BeginScan(state.visit.visit_id),) if world.camera_ready else ()
        case e.BackTouched():
            if state.whose is s.Whose.HELPER and state.beneficiary and state.entry:
                return s.Confirming(state.visit, state.beneficiary, state.entry, state.eligibilities), ()
            if state.visit.mode is s.Mode.QUERY:
                return _end(state, state.visit, None)
            if state.visit.helper is not None:
                return s.AwaitingCard(_bare(state.visit), s.Whose.HELPER, reader_ready=world.reader_ready), ()
            return s.ChoosingWho(state.visit), ()
    return state, ()


def _entering_number(state: s.EnteringNumber, event: e.Event, world: World) -> Step:
    match event:
        case e.NumberEntered(id_number) if state.whose is s.Whose.HELPER:
            typed = _typed("", id_number)
            if state.beneficiary and typed.id_number == state.beneficiary.id_number:
                return replace(state, problem=Reason.HELPER_IS_BENEFICIARY), ()
            if state.beneficiary is None:
                return _helper_first(state.visit, typed, world)
            return _after_helper(replace(state.visit, helper=typed), state.beneficiary, state.entry, state.eligibilities)
        case e.NumberEntered(id_number) if state.visit.helper is not None and state.visit.helper.id_number == id_number.upper():
            return replace(state, problem=Reason.HELPER_IS_BENEFICIARY), ()
        case e.NumberEntered(id_number):
            return state, (c.OfferNames(state.visit.visit_id, id_number),)
        case e.NamesOffered(visit_id, id_number, options, problem) if visit_id == state.visit.visit_id:
            if not options:
                return replace(state, problem=problem or Reason.NOT_IN_ROSTER), ()
            return s.ChoosingName(state.visit, state.whose, id_number, options), ()
        case e.CardLaid() | e.CardWasRead() | e.BackTouched():
            back = s.AwaitingCard(
                state.visit, state.whose, None, world.reader_ready, False, state.beneficiary, state.entry, state.eligibilities
            )
            return (back, ()) if isinstance(event, e.BackTouched) else _awaiting_card(back, event, world)
    return state, ()


def _choosing_name(state: s.ChoosingName, event: e.Event, world: World) -> Step:
    match event:
        case e.NameChosen(name) if name in state.options:
            return _look_up(state.visit, _typed(name, state.id_number))
        case e.BackTouched():
            return s.EnteringNumber(state.visit, state.whose), ()
        case e.CardLaid() | e.CardWasRead():
            back = s.AwaitingCard(state.visit, state.whose, reader_ready=True)
            return _awaiting_card(back, event, world)
    return state, ()


def _scanning_card(state: s.ScanningCard, event: e.Event, world: World) -> Step:
    back = s.AwaitingCard(
        state.visit, state.whose, None, world.reader_ready, False, state.beneficiary, state.entry, state.eligibilities
    )
    match event:
        case e.CardScanned(visit_id, person) if visit_id == state.visit.visit_id:
            if state.whose is s.Whose.HELPER:
                return _helper_known(back, state.visit, person, world)
            if _is_helper(state.visit, person):
                return replace(back, trouble=Reason.HELPER_IS_BENEFICIARY), ()
            if not person.name:  # a character that the camera does not know: the number is certain, the name is chosen
                return state, (c.OfferNames(visit_id, person.id_number),)
            return _look_up(state.visit, person)
        case e.NamesOffered(visit_id, id_number, options, problem) if visit_id == state.visit.visit_id:
            if not options:
                return replace(back, trouble=problem or Reason.NOT_IN_ROSTER), ()
            return s.ChoosingName(state.visit, state.whose, id_number, options, scanned=True), ()
        case e.ScanEnded(visit_id, reason) if visit_id == state.visit.visit_id:
            return replace(back, trouble=reason), ()
        case e.CameraWentDown():
            return replace(state, camera_ready=False), (c.CancelScan(),)
        case e.CameraCameUp() if not state.camera_ready:
            return replace(state, camera_ready=True), (c.BeginScan(state.visit.visit_id),)
        case e.BackTouched():
            return back, (c.CancelScan(),)
        case e.CardLaid() | e.CardWasRead() | e.CardTroubled():
            after, commands = _awaiting_card(back, event, world)
            return after, (c.CancelScan(), *commands)
    return state, ()


def _looking_up(state: s.LookingUp, event: e.Event, world: World) -> Step:
    match event:
        case e.LookedUp() if (event.visit_id, event.id_number) == (state.visit.visit_id, state.person.id_number):
            query = state.visit.mode is s.Mode.QUERY
            if event.reason is Reason.OK and event.entry is not None and not query:
                return s.Confirming(state.visit, state.person, event.entry, event.eligibilities), ()
            answered = s.Answered(
                state.visit,
                event.reason,
                event.eligibilities,
                state.person,
                event.stages,
                event.returned_reason,
                event.roster_stale,
            )
            # The person can do nothing more here alone: the attendant is rung for at once, not only offered.
            calls = (c.CallAttendant(event.reason),) if s.waits_for_staff(answered) else ()
            return answered, (c.NoteRefusal(state.visit.visit_id, event.reason), *calls)
        case e.SaveFailed() if event.visit_id == state.visit.visit_id:
            return s.Referred(state.visit, Reason.STORE_ERROR), (c.CallAttendant(Reason.STORE_ERROR),)
    return state, ()


def _confirming(state: s.Confirming, event: e.Event, world: World) -> Step:
    match event:
        case e.Confirmed():
            if state.visit.mode is s.Mode.OTHER and state.visit.helper is None:
                return s.AwaitingCard(
                    state.visit, s.Whose.HELPER, None, world.reader_ready, False, state.person, state.entry, state.eligibilities
                ), ()
            return _after_helper(state.visit, state.person, state.entry, state.eligibilities)
        case e.Denied() | e.BackTouched():
            return s.AwaitingCard(state.visit, reader_ready=world.reader_ready), ()
        case e.OtherChosen():
            return replace(state, visit=replace(state.visit, mode=s.Mode.OTHER)), ()
    return state, ()


def _choosing_benefits(state: s.ChoosingBenefits, event: e.Event, world: World) -> Step:
    match event:
        case e.BenefitsChosen(benefit_ids):
            chosen = tuple(item for item in state.due if item.benefit_id in benefit_ids)
            if not chosen:
                return state, ()
            return s.Consenting(s.Case(state.visit, state.person, state.entry, chosen)), ()
        case e.BackTouched():
            return s.Confirming(state.visit, state.person, state.entry, state.due), ()
    return state, ()


def _answered(state: s.Answered, event: e.Event, world: World) -> Step:
    match event:
        case e.StayTouched() if s.waits_for_staff(state):
            return replace(state, stayed=state.stayed + 1), (c.CallAttendant(state.reason),)
        case e.DoneTouched() | e.BackTouched():
            return _end(state, state.visit, None)
    return state, ()


def _consenting(state: s.Consenting, event: e.Event, world: World) -> Step:
    match event:
        case e.Agreed():
            # One consent a visit, named by it: it can be looked up, and withdrawn, by the visit's id.
            case = replace(state.case, consent_id=f"consent-{state.case.visit.visit_id}")
            return s.Instructing(case, world.camera_ready), ()
        case e.BackTouched():
            return s.Confirming(state.case.visit, state.case.person, state.case.entry, state.case.chosen), ()
    return state, ()


def _instructing(state: s.Instructing, event: e.Event, world: World) -> Step:
    match event:
        case e.BeginTouched():
            return _begin_take(state.case, False, world)
        case e.PractiseTouched():
            return _begin_take(state.case, True, world)
        case e.CameraWentDown():
            return replace(state, camera_ready=False), ()
        case e.CameraCameUp():
            return replace(state, camera_ready=True), ()
        case e.BackTouched():
            return s.Consenting(replace(state.case, consent_id="")), ()
    return state, ()


def _acting(state: s.Acting, event: e.Event, world: World) -> Step:
    match event:
        case e.TakeEnded() if (event.visit_id, event.take_id) == (state.case.visit.visit_id, state.take_id):
            if state.practice:
                return s.Instructing(state.case, world.camera_ready), ()
            case = _with_try(state.case)
            if event.passed:
                return s.Checking(case), (c.MatchFace(case),)
            if event.reason is Reason.LIVENESS_UNCERTAIN:  # no refusal, and no new try would say more: somebody looks
                return _to_attendant(case, event.reason)
            return _failed_try(case, event.reason, world, event.action)
        case e.SwapTouched():
            return state, (c.SwapAction(state.take_id),)
        case e.CameraWentDown() | e.DeskOpened() | e.VisionFailed() if not state.camera_ready:
            return state, ()
        case e.CameraWentDown() | e.DeskOpened() | e.VisionFailed():
            return _interrupted(state, world)
        case e.CameraCameUp() if not state.camera_ready:
            return _begin_take(state.case, state.practice, world)
        case e.BackTouched() if state.practice:
            return s.Instructing(state.case, world.camera_ready), (c.CancelTake(state.take_id),)
        case e.BackTouched(before_cue):
            return _rested(state, before_cue, world)
    return state, ()


def _checking(state: s.Checking, event: e.Event, world: World) -> Step:
    visit = state.case.visit
    match event:
        case e.FaceMatched() if event.visit_id == visit.visit_id and not state.saving:
            if event.reason is Reason.OK:
                return replace(state, saving=True), (c.SaveAttempt(state.case, Outcome.PASSED, Reason.OK),)
            if event.reason is Reason.FACE_MISMATCH:
                return _failed_try(state.case, event.reason, world)
            return _to_attendant(state.case, event.reason)
        case e.RecordsSaved() if event.visit_id == visit.visit_id and state.saving:
            chosen = state.case.chosen
            months = max((item.suspended_months for item in chosen), default=0)
            return s.Finished(
                state.case,
                event.record_ids,
                suspended_months=months,
                resumes=months > 0 or any(item.suspended for item in chosen),
                next_from=min((d.next_from for d in chosen if d.next_from), default=None),
                next_to=min((d.next_to for d in chosen if d.next_to), default=None),
                roster_stale=event.roster_stale,
            ), (c.NudgeSync(),)
        case e.SaveFailed() if event.visit_id == visit.visit_id and state.saving:
            return s.Referred(visit, Reason.STORE_ERROR, state.case), (c.CallAttendant(Reason.STORE_ERROR),)
    return state, ()


def _retrying(state: s.Retrying, event: e.Event, world: World) -> Step:
    match event:
        case e.BeginTouched():
            return _begin_take(state.case, False, world)
        case e.PractiseTouched():
            return _begin_take(state.case, True, world)
        case e.BackTouched():
            return s.Instructing(state.case, world.camera_ready), ()
    return state, ()


def _finished(state: s.Finished, event: e.Event, world: World) -> Step:
    match event:
        case e.DoneTouched() | e.BackTouched():
            return _end(state, state.case.visit, None)
        case e.StageMoved(record_id, stage) if record_id in state.record_ids:
            back = stage in (Stage.RETURNED, Stage.REFUSED) and state.stage is not stage
            return replace(state, stage=stage), (c.CallAttendant(Reason.ATTENDANT_CALLED),) if back else ()
    return state, ()


def _referred(state: s.Referred, event: e.Event, world: World) -> Step:
    match event:
        case e.RecordsSaved() if event.visit_id == state.visit.visit_id:
            return replace(state, record_ids=event.record_ids), (c.NudgeSync(),)
        case e.BackTouched() if (
            state.case is not None and state.reason is Reason.NO_FACE_WANTED and state.case.visit.tries < world.tries_per_visit
        ):
            if not state.case.consent_id:
                return s.Consenting(state.case), ()
            return s.Instructing(state.case, world.camera_ready), ()
        case e.StayTouched():
            return replace(state, stayed=state.stayed + 1), (c.CallAttendant(state.reason),)
        case e.DoneTouched() | e.BackTouched():
            return _end(state, state.visit, None)
    return state, ()


def _taking_card(state: s.TakingCard, event: e.Event, world: World) -> Step:
    match event:
        case e.DoneTouched() | e.ReaderWentDown():  # "I have it": a reader that still feels it must not trap anybody
            return s.Idle(state.notice), ()
    return state, ()


def _out_of_service(state: s.OutOfService, event: e.Event, world: World) -> Step:
    return (s.Idle(), ()) if isinstance(event, e.ServiceResumed) else (state, ())


_HANDLERS: dict[type, Callable[[Any, e.Event, World], Step]] = {
    s.Idle: _idle,
    s.ChoosingWho: _choosing_who,
    s.AwaitingCard: _awaiting_card,
    s.EnteringNumber: _entering_number,
    s.ChoosingName: _choosing_name,
    s.ScanningCard: _scanning_card,
    s.LookingUp: _looking_up,
    s.Confirming: _confirming,
    s.ChoosingBenefits: _choosing_benefits,
    s.Answered: _answered,
    s.Consenting: _consenting,
    s.Instructing: _instructing,
    s.Acting: _acting,
    s.Checking: _checking,
    s.Retrying: _retrying,
    s.Finished: _finished,
    s.Referred: _referred,
    s.TakingCard: _taking_card,
    s.OutOfService: _out_of_service,
}


# --- pieces


def _look_up(visit: s.Visit, person: Person) -> Step:
    return s.LookingUp(visit, person), (c.LookUp(visit.visit_id, person, visit.mode),)


def _is_helper(visit: s.Visit, person: Person) -> bool:
    return visit.helper is not None and visit.helper.id_number == person.id_number


def _helper_first(visit: s.Visit, helper: Person, world: World) -> Step:
    """The helper is known; now the card of whom they help. From here on the friend is the one who is spoken to."""
    return s.AwaitingCard(replace(visit, helper=helper), reader_ready=world.reader_ready), ()


def _helper_known(state: s.AwaitingCard, visit: s.Visit, helper: Person, world: World) -> Step:
    if state.beneficiary is None:
        return _helper_first(visit, helper, world)
    if helper.id_number == state.beneficiary.id_number:
        return replace(state, visit=visit, reading=False, trouble=Reason.HELPER_IS_BENEFICIARY), ()
    return _after_helper(replace(visit, helper=helper), state.beneficiary, state.entry, state.eligibilities)


def _after_helper(visit: s.Visit, person: Person | None, entry: RosterEntry | None, eligibilities: tuple[Eligibility, ...]) -> Step:
    due = tuple(item for item in eligibilities if item.may_pass)
    if person is None or entry is None or not due:
        return s.AwaitingCard(_bare(visit)), ()
    if len(due) > 1:
        return s.ChoosingBenefits(visit, person, entry, due), ()
    return s.Consenting(s.Case(visit, person, entry, due)), ()


# Practice and takes that a camera fault ended are no tries, but they are not endless either.
_TAKES_PER_TRY = 3


def _begin_take(case: s.Case, practice: bool, world: World) -> Step:
    take_id = case.visit.takes + 1
    if take_id > _TAKES_PER_TRY * (world.tries_per_visit + 1):
        return s.Referred(case.visit, Reason.TOO_MANY_TRIES, case), (c.CallAttendant(Reason.TOO_MANY_TRIES),)
    case = replace(case, visit=replace(case.visit, takes=take_id))
    state = s.Acting(case, practice, world.camera_ready, take_id)
    return state, (c.BeginTake(case.visit.visit_id, take_id, practice),) if world.camera_ready else ()


# So many takes a visit may be broken off by the camera's cable, a failed model or the opened desk without costing a try. Each
# new take brings a new challenge: without a limit an impostor would break off until one comes that fits.
_FREE_INTERRUPTIONS = 2


def _interrupted(state: s.Acting, world: World) -> Step:
    """Our fault, not theirs: the take begins anew when the camera is back."""
    visit = state.case.visit
    if state.practice or visit.interruptions < _FREE_INTERRUPTIONS:
        case = replace(state.case, visit=replace(visit, interruptions=visit.interruptions + (not state.practice)))
        return replace(state, case=case, camera_ready=False), (c.CancelTake(state.take_id),)
    after, calls = _failed_try(_with_try(state.case), Reason.CANCELLED, world)
    return after, (c.CancelTake(state.take_id), *calls)


def _rested(state: s.Acting, before_cue: bool, world: World) -> Step:
    """返回 in front of the camera: back to the instructions. Before the first cue it costs nothing, a few times."""
    visit = state.case.visit
    if before_cue and visit.interruptions < _FREE_INTERRUPTIONS:
        case = replace(state.case, visit=replace(visit, interruptions=visit.interruptions + 1))
        return s.Instructing(case, world.camera_ready, rested=True), (c.CancelTake(state.take_id),)
    after, calls = _failed_try(_with_try(state.case), Reason.CANCELLED, world)
    if isinstance(after, s.Retrying):
        after = s.Instructing(after.case, world.camera_ready, rested=True)
    return after, (c.CancelTake(state.take_id), *calls)


def _failed_try(case: s.Case, reason: Reason, world: World, action: Action | None = None) -> Step:
    """Every failed try is saved; after the last one the attendant is called. Nobody passes by trying often enough."""
    save = c.SaveAttempt(case, Outcome.FAILED, reason)
    left = world.tries_per_visit - case.visit.tries
    if left > 0:
        return s.Retrying(case, reason, left, action), (save,)
    return s.Referred(case.visit, reason, case), (save, c.CallAttendant(reason))


def _to_attendant(case: s.Case, reason: Reason) -> Step:
    """The machine cannot tell: the attendant decides with the person in sight."""
    return s.Referred(case.visit, reason, case), (c.SaveAttempt(case, Outcome.REFERRED, reason), c.CallAttendant(reason))


def _with_try(case: s.Case) -> s.Case:
    return replace(case, visit=replace(case.visit, tries=case.visit.tries + 1))


def _end(state: s.State, visit: s.Visit, notice: Reason | None, *, silent: bool = False) -> Step:
    """End a visit. Without a pass, and without an answer that is all there is to know, the next page says that it is still open.

    silent: the attendant has taken over, and says it.
    """
    wipe = (*_abandon_take(state), c.EndVisit(visit.visit_id))
    passed = isinstance(state, s.Finished) and state.stage not in (Stage.RETURNED, Stage.REFUSED)
    if passed or silent:
        notice = None  # it is done, also for who walks away from the result; or in the attendant's hands
    elif notice is None and not _told(state):
        notice = Reason.CANCELLED
    if visit.card_present:
        return s.TakingCard(_bare(visit), notice, passed), wipe
    return s.Idle(notice), wipe


def _told(state: s.State) -> bool:
    return isinstance(state, s.Answered) and state.reason in s.TOLD and not s.returned(state)


def _stop_take(state: s.State) -> tuple[c.Command, ...]:
    if isinstance(state, s.ScanningCard):
        return (c.CancelScan(),)
    return (c.CancelTake(state.take_id),) if isinstance(state, s.Acting) else ()


def _abandon_take(state: s.State) -> tuple[c.Command, ...]:
    """A take that is broken off counts as a try: else an impostor breaks off until a challenge comes that fits."""
    if not isinstance(state, s.Acting) or state.practice:
        return _stop_take(state)
    return *_stop_take(state), c.SaveAttempt(_with_try(state.case), Outcome.FAILED, Reason.CANCELLED)


def _typed(name: str, id_number: str) -> Person:
    return Person(name, id_number.strip().upper(), identified_by=IdentifiedBy.MANUAL)


def _bare(visit: s.Visit) -> s.Visit:
    """The visit without anybody's identity."""
    return replace(visit, helper=None)


def _case_of(state: s.State) -> s.Case | None:
    if isinstance(state, s.Acting) and not state.practice:
        return _with_try(state.case)
    if isinstance(state, s.Consenting | s.Instructing | s.Acting | s.Checking | s.Retrying | s.Finished | s.Referred):
        return state.case
    return None


def _person_of(state: s.State) -> Person | None:
    case = _case_of(state)
    if case is not None:
        return case.person
    return state.person if isinstance(state, s.LookingUp | s.Confirming | s.ChoosingBenefits | s.Answered) else None


def _with_visit(state: s.State, change: Callable[[s.Visit], s.Visit]) -> s.State:
    if isinstance(state, s.Idle | s.OutOfService):
        return state
    if isinstance(state, s.Consenting | s.Instructing | s.Acting | s.Checking | s.Retrying | s.Finished):
        return replace(state, case=replace(state.case, visit=change(state.case.visit)))
    if isinstance(state, s.Referred) and state.case is not None:
        return replace(state, visit=change(state.visit), case=replace(state.case, visit=change(state.case.visit)))
    return replace(state, visit=change(state.visit))
