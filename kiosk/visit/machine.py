"""The visit: `step(state, event, world) -> (state, commands)`. All decisions of a visit are here; no clock, no Qt, no device.

Called by `visit_controller` alone. A handler for each state, and a few events that mean the same everywhere. An event that
means nothing in a state leaves it as it is: late answers, double touches and chattering devices are harmless.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from kiosk.domain.reasons import Reason
from kiosk.visit import commands as c
from kiosk.visit import events as e
from kiosk.visit import states as s
from kiosk.visit.pages import HANDLERS
from kiosk.visit.pieces import (
    abandon_take,
    bare,
    begin_take,
    case_of,
    end,
    is_saving,
    may_vouch,
    person_of,
    stop_take,
    with_visit,
)
from kiosk.visit.world import Step
from kiosk.visit.world import World as World


def step(state: s.State, event: e.Event, world: World) -> Step:
    """Return the next state and what is to be done. Never raises for any order of events."""
    if isinstance(event, e.DeskClosed | e.VisionRested):  # what waited goes on with the camera as it is
        event = e.CameraCameUp() if world.camera_ready else e.CameraWentDown()
    for kind, everywhere in _EVERYWHERE:
        if isinstance(event, kind):
            answer = everywhere(state, event, world)
            if answer is not None:
                return answer
    return HANDLERS[type(state)](state, event, world)


# --- events that mean the same in every state


def _help(state: s.State, event: e.HelpTouched, world: World) -> Step:
    return state, (c.CallAttendant(Reason.ATTENDANT_CALLED),)


def _no_face(state: s.State, event: e.NoFaceTouched, world: World) -> Step | None:
    if s.nothing_left(state):  # who is done must not be told that it is still open
        return state, (c.CallAttendant(Reason.ATTENDANT_CALLED),)
    case = case_of(state)  # with the take that is left, which counts as a try
    visit = (case.visit if case is not None else s.visit_of(state)) or s.Visit(world.new_visit_id)
    return s.Referred(visit, Reason.NO_FACE_WANTED, case=case, person=person_of(state)), (
        *abandon_take(state),
        c.CallAttendant(Reason.NO_FACE_WANTED),
    )


def _leave(state: s.State, event: e.CancelTouched | e.IdleExpired | e.WalkedAway, world: World) -> Step:
    visit = s.visit_of(state)
    if visit is None or is_saving(state):
        return state, ()
    if isinstance(state, s.TakingCard):  # the card is asked for until it is taken; a card left for minutes is the attendant's
        if not isinstance(event, e.IdleExpired):
            return state, ()
        return s.Idle(Reason.CARD_LEFT_BEHIND), (c.CallAttendant(Reason.CARD_LEFT_BEHIND),)
    return end(state, visit, {e.IdleExpired: Reason.IDLE_TIMEOUT, e.WalkedAway: Reason.WALKED_AWAY}.get(type(event)))


def _paused(state: s.State, event: e.ServicePaused, world: World) -> Step:
    visit = s.visit_of(state)
    wipe = () if visit is None else (*stop_take(state), c.EndVisit(visit.visit_id))
    return s.OutOfService(event.reason), (*wipe, c.CallAttendant(event.reason))


def _took_over(state: s.State, event: e.AttendantTookOver, world: World) -> Step:
    visit, case = s.visit_of(state), may_vouch(state)
    if event.in_sight:
        return (state, ()) if case is None else begin_take(replace(case, in_sight=event.in_sight), False, world)
    return (state, ()) if visit is None else end(state, visit, None, silent=True)


def _card_taken(state: s.State, event: e.CardTaken, world: World) -> Step | None:
    if isinstance(state, s.TakingCard):
        return s.Idle(state.notice), ()
    if isinstance(state, s.AwaitingCard):
        return None
    return with_visit(state, lambda visit: replace(visit, card_present=False)), ()


def _other_card(state: s.State, event: e.CardWasRead, world: World) -> Step | None:
    """A different card in mid-visit ends the visit; the same card laid again changes nothing."""
    visit, person = s.visit_of(state), person_of(state)
    if visit is None or person is None or isinstance(state, s.AwaitingCard | s.EnteringNumber | s.ChoosingName | s.ScanningCard):
        return None
    known = {person.id_number} | ({visit.helper.id_number} if visit.helper else set())
    if event.person.id_number in known:
        return with_visit(state, lambda v: replace(v, card_present=True)), ()
    if is_saving(state):
        return state, ()
    here = replace(visit, card_present=True)
    return s.TakingCard(bare(here), Reason.CARD_CHANGED), (*stop_take(state), c.EndVisit(visit.visit_id))


_EVERYWHERE: tuple[tuple[Any, Callable[..., Step | None]], ...] = (
    (e.HelpTouched, _help),
    (e.NoFaceTouched, _no_face),
    (e.CancelTouched | e.IdleExpired | e.WalkedAway, _leave),
    (e.ServicePaused, _paused),
    (e.AttendantTookOver, _took_over),
    (e.CardTaken, _card_taken),
    (e.CardWasRead, _other_card),
)
