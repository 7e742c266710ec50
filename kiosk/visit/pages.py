"""What each state of the visit does with an event, one handler a state. Pure; called by `machine`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from kiosk.domain.next_time import next_window
from kiosk.domain.reasons import Reason
from kiosk.domain.record import Outcome, RecordStatus
from kiosk.visit import commands as c
from kiosk.visit import events as e
from kiosk.visit import states as s
from kiosk.visit.after_failure import offered, review_consenting, review_sent, visit_booked
from kiosk.visit.pieces import (
    after_helper,
    bare,
    begin_take,
    end,
    failed_try,
    helper_first,
    helper_known,
    interrupted,
    is_helper,
    look_up,
    rested,
    to_attendant,
    typed_person,
    with_try,
)
from kiosk.visit.world import Step, World


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
            return look_up(replace(visit, card_present=True), person)
    return state, ()


def _choosing_who(state: s.ChoosingWho, event: e.Event, world: World) -> Step:
    match event:
        case e.SelfChosen() | e.OtherChosen():
            mode = s.Mode.SELF if isinstance(event, e.SelfChosen) else s.Mode.OTHER
            visit = replace(state.visit, mode=mode)
            if state.card is not None:
                return look_up(visit, state.card) if mode is s.Mode.SELF else helper_first(visit, state.card, world)
            whose = s.Whose.HELPER if mode is s.Mode.OTHER else s.Whose.BENEFICIARY
            return s.AwaitingCard(visit, whose, reader_ready=world.reader_ready, reading=visit.card_present), ()
        case e.CardLaid():
            return replace(state, visit=replace(state.visit, card_present=True)), ()
        case e.CardWasRead(person):
            return replace(state, visit=replace(state.visit, card_present=True), card=person), ()
        case e.BackTouched():
            return end(state, state.visit, None)
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
                return helper_known(state, here, person, world)
            if is_helper(here, person):
                return replace(state, visit=here, reading=False, trouble=Reason.HELPER_IS_BENEFICIARY), ()
            return look_up(here, person)
        case e.ReaderWentDown():
            gone = replace(state.visit, card_present=False)
            return replace(state, visit=gone, reader_ready=False, reading=False, trouble=None), ()
        case e.ReaderCameUp():
            return replace(state, reader_ready=True), ()
        case e.ManualChosen():
            return s.EnteringNumber(state.visit, state.whose, None, state.beneficiary, state.entry, state.eligibilities), ()
        case e.ScanChosen() | e.CodeChosen():
            code = isinstance(event, e.CodeChosen)
            scanning = s.ScanningCard(
                state.visit, state.whose, world.camera_ready, state.beneficiary, state.entry, state.eligibilities, code
            )
            return scanning, (c.BeginScan(state.visit.visit_id, code),) if world.camera_ready else ()
        case e.BackTouched():
            if state.whose is s.Whose.HELPER and state.beneficiary and state.entry:
                return s.Confirming(state.visit, state.beneficiary, state.entry, state.eligibilities), ()
            if state.visit.mode is s.Mode.QUERY:
                return end(state, state.visit, None)
            if state.visit.helper is not None:
                return s.AwaitingCard(bare(state.visit), s.Whose.HELPER, reader_ready=world.reader_ready), ()
            return s.ChoosingWho(state.visit), ()
    return state, ()


def _entering_number(state: s.EnteringNumber, event: e.Event, world: World) -> Step:
    match event:
        case e.NumberEntered(id_number) if state.whose is s.Whose.HELPER:
            typed = typed_person("", id_number)
            if state.beneficiary and typed.id_number == state.beneficiary.id_number:
                return replace(state, problem=Reason.HELPER_IS_BENEFICIARY), ()
            if state.beneficiary is None:
                return helper_first(state.visit, typed, world)
            return after_helper(replace(state.visit, helper=typed), state.beneficiary, state.entry, state.eligibilities)
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
            return look_up(state.visit, typed_person(name, state.id_number))
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
                return helper_known(back, state.visit, person, world)
            if is_helper(state.visit, person):
                return replace(back, trouble=Reason.HELPER_IS_BENEFICIARY), ()
            if not person.name:  # a character that the camera does not know: the number is certain, the name is chosen
                return state, (c.OfferNames(visit_id, person.id_number),)
            return look_up(state.visit, person)
        case e.NamesOffered(visit_id, id_number, options, problem) if visit_id == state.visit.visit_id:
            if not options:
                return replace(back, trouble=problem or Reason.NOT_IN_ROSTER), ()
            return s.ChoosingName(state.visit, state.whose, id_number, options, scanned=True), ()
        case e.ScanEnded(visit_id, reason) if visit_id == state.visit.visit_id:
            return replace(back, trouble=reason), ()
        case e.CameraWentDown():
            return replace(state, camera_ready=False), (c.CancelScan(),)
        case e.CameraCameUp() if not state.camera_ready:
            return replace(state, camera_ready=True), (c.BeginScan(state.visit.visit_id, state.code),)
        case e.BackTouched():
            return back, (c.CancelScan(),)
        case e.CardLaid() | e.CardWasRead() | e.CardTroubled():
            after, commands = _awaiting_card(back, event, world)
            return after, (c.CancelScan(), *commands)
    return state, ()


def _looking_up(state: s.LookingUp, event: e.Event, world: World) -> Step:
    match event:
        case e.LookedUp() if (event.visit_id, event.id_number) == (state.visit.visit_id, state.person.id_number):
            if event.elsewhere and not state.elsewhere:
                asked = c.AskElsewhere(state.visit.visit_id, state.person, state.visit.mode)
                return replace(state, elsewhere=True), (asked,)
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
                answer_by=event.answer_by,
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
            return after_helper(state.visit, state.person, state.entry, state.eligibilities)
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
            return end(state, state.visit, None)
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
            return begin_take(state.case, False, world)
        case e.PractiseTouched():
            return begin_take(state.case, True, world)
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
                return s.Instructing(state.case, world.camera_ready, practised=event.passed), ()
            case = with_try(state.case)
            if event.passed:
                return s.Checking(case), (c.MatchFace(case),)
            if event.reason is Reason.LIVENESS_UNCERTAIN:  # no refusal, and no new try would say more: somebody looks
                return to_attendant(case, event.reason)
            return failed_try(case, event.reason, world, event.action, early=event.early)
        case e.SwapTouched():
            return state, (c.SwapAction(state.take_id),)
        case e.CameraWentDown() | e.DeskOpened() | e.VisionFailed() if not state.camera_ready:
            return state, ()
        case e.CameraWentDown() | e.DeskOpened() | e.VisionFailed():
            return interrupted(state, world)
        case e.CameraCameUp() if not state.camera_ready:
            return begin_take(state.case, state.practice, world)
        case e.BackTouched() if state.practice:
            return s.Instructing(state.case, world.camera_ready), (c.CancelTake(state.take_id),)
        case e.BackTouched(before_cue):
            return rested(state, before_cue, world)
    return state, ()


def _checking(state: s.Checking, event: e.Event, world: World) -> Step:
    visit = state.case.visit
    match event:
        case e.FaceMatched() if event.visit_id == visit.visit_id and not state.saving:
            if event.reason is Reason.OK:
                return replace(state, saving=True), (c.SaveAttempt(state.case, Outcome.PASSED, Reason.OK),)
            if event.reason is Reason.FACE_MISMATCH:
                return failed_try(state.case, event.reason, world)
            return to_attendant(state.case, event.reason)
        case e.RecordsSaved() if event.visit_id == visit.visit_id and state.saving:
            chosen = state.case.chosen
            months = max((item.suspended_months for item in chosen), default=0)
            next_from, next_to = next_window(chosen)
            return s.Finished(
                state.case,
                event.record_ids,
                suspended_months=months,
                resumes=months > 0 or any(item.suspended for item in chosen),
                next_from=next_from,
                next_to=next_to,
                roster_stale=event.roster_stale,
                slip_code=event.slip_code,
                face_ageing=event.face_ageing,
            ), (c.NudgeSync(),)
        case e.SaveFailed() if event.visit_id == visit.visit_id and state.saving:
            return s.Referred(visit, Reason.STORE_ERROR, state.case), (c.CallAttendant(Reason.STORE_ERROR),)
    return state, ()


def _retrying(state: s.Retrying, event: e.Event, world: World) -> Step:
    match event:
        case e.BeginTouched():
            return begin_take(state.case, False, world)
        case e.PractiseTouched():
            return begin_take(state.case, True, world)
        case e.BackTouched():
            return s.Instructing(state.case, world.camera_ready), ()
    return state, ()


def _finished(state: s.Finished, event: e.Event, world: World) -> Step:
    match event:
        case e.DoneTouched() | e.BackTouched():
            return end(state, state.case.visit, None)
        case e.StayTouched() if s.waits_for_staff(state):
            return replace(state, stayed=state.stayed + 1), (c.CallAttendant(Reason.ATTENDANT_CALLED),)
        case e.RecordStatusMoved(record_id, stage) if record_id in state.record_ids:
            back = stage in (RecordStatus.RETURNED, RecordStatus.REFUSED) and state.stage is not stage
            return replace(state, stage=stage), (c.CallAttendant(Reason.ATTENDANT_CALLED),) if back else ()
    return state, ()


def _referred(state: s.Referred, event: e.Event, world: World) -> Step:
    taken_up = offered(state, event, world)
    if taken_up is not None:
        return taken_up
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
            return end(state, state.visit, None)
    return state, ()


def _taking_card(state: s.TakingCard, event: e.Event, world: World) -> Step:
    match event:
        case e.DoneTouched() | e.ReaderWentDown():  # "I have it": a reader that still feels it must not trap anybody
            return s.Idle(state.notice), ()
    return state, ()


def _out_of_service(state: s.OutOfService, event: e.Event, world: World) -> Step:
    return (s.Idle(), ()) if isinstance(event, e.ServiceResumed) else (state, ())


HANDLERS: dict[type, Callable[[Any, e.Event, World], Step]] = {
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
    s.ReviewConsenting: review_consenting,
    s.ReviewSent: review_sent,
    s.VisitBooked: visit_booked,
    s.TakingCard: _taking_card,
    s.OutOfService: _out_of_service,
}
