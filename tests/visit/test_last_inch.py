"""Where one step more or less would let somebody through: bounds, cards laid again, and what leads away from the last page."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from kiosk.domain.reasons import Reason
from kiosk.domain.record import RecordStatus
from kiosk.visit import commands as c
from kiosk.visit import events as e
from kiosk.visit import states as s
from kiosk.visit.after_failure import TRIED_AGAIN, to_do
from kiosk.visit.machine import World, step
from tests.visit import samples as x

WORLD = World("v2", tries_per_visit=3)
VISIT = s.Visit("v1", card_present=True)


def case(**visit) -> s.Case:
    return s.Case(replace(VISIT, **visit), x.CHEN, x.entry_of(x.CHEN), (x.due(),), "consent-v1")


@pytest.mark.parametrize(("tries", "back"), [(0, s.Instructing), (2, s.Instructing), (3, s.TakingCard), (4, s.TakingCard)])
def test_back_to_the_face_is_offered_while_a_try_is_left(tries, back):
    """Whoever asked for no face and comes back has the tries that were left, and not one more."""
    shown = case(tries=tries)
    after, _ = step(s.Referred(shown.visit, Reason.NO_FACE_WANTED, shown), e.BackTouched(), WORLD)
    assert isinstance(after, back)


@pytest.mark.parametrize("reason", sorted(set(Reason) - {Reason.NO_FACE_WANTED}))
def test_nobody_goes_back_to_the_face_from_another_referral(reason):
    shown = case(tries=0)
    after, wanted = step(s.Referred(shown.visit, reason, shown), e.BackTouched(), WORLD)
    assert isinstance(after, s.TakingCard)
    assert wanted == (c.EndVisit("v1"),)


@pytest.mark.parametrize("event", [e.CancelTouched(), e.WalkedAway()])
def test_the_card_is_asked_for_until_it_is_taken(event):
    """Neither a touch nor an empty chair gives up the page that asks for the card."""
    waiting = s.TakingCard(VISIT, Reason.CANCELLED)
    assert step(waiting, event, WORLD) == (waiting, ())


def test_a_card_left_for_minutes_is_the_attendants():
    after, wanted = step(s.TakingCard(VISIT, None), e.IdleExpired(), WORLD)
    assert after == s.Idle(Reason.CARD_LEFT_BEHIND)
    assert wanted == (c.CallAttendant(Reason.CARD_LEFT_BEHIND),)


HELPED = case(helper=x.LI, mode=s.Mode.OTHER, card_present=False)
IN_MID_VISIT = [
    s.LookingUp(HELPED.visit, x.CHEN),
    s.Confirming(HELPED.visit, x.CHEN, HELPED.entry, HELPED.chosen),
    s.ChoosingBenefits(HELPED.visit, x.CHEN, HELPED.entry, HELPED.chosen),
    s.Consenting(HELPED),
    s.Instructing(HELPED),
    s.Acting(HELPED, take_id=1),
    s.Checking(HELPED),
    s.Retrying(HELPED, Reason.LIVENESS_FAILED, 2),
    s.Finished(HELPED, ("r1",)),
    s.Referred(HELPED.visit, Reason.FACE_UNCERTAIN, HELPED),
    s.ReviewConsenting(HELPED, s.Referred(HELPED.visit, Reason.FACE_UNCERTAIN, HELPED), date(2026, 12, 3)),
    s.ReviewSent(HELPED, ("r1",), date(2026, 12, 3)),
    s.VisitBooked(HELPED),
]


@pytest.mark.parametrize("state", IN_MID_VISIT, ids=lambda state: type(state).__name__)
@pytest.mark.parametrize("card", [x.LI, x.CHEN], ids=["helper", "friend"])
def test_the_cards_of_both_may_be_laid_again(state, card):
    """The helper laid theirs first: laying it again is no other card. Only that one lies there is noted."""
    after, wanted = step(state, e.CardWasRead(card), WORLD)
    assert wanted == ()
    assert type(after) is type(state)
    assert s.visit_of(after) == replace(HELPED.visit, card_present=True)


@pytest.mark.parametrize("state", IN_MID_VISIT, ids=lambda state: type(state).__name__)
def test_a_third_card_ends_the_visit(state):
    other = replace(x.LI, id_number="110105194912310029")
    after, wanted = step(state, e.CardWasRead(other), WORLD)
    assert isinstance(after, s.TakingCard)
    assert after.notice is Reason.CARD_CHANGED
    assert c.EndVisit("v1") in wanted


# --- nothing is forgotten when a state, an event or a touch is added --------------------------------------------------------


CASES = {type(state): state for state in IN_MID_VISIT} | {
    s.Answered: s.Answered(VISIT, Reason.NOT_YET, person=x.CHEN),
}


def with_fields(name: str) -> set[type]:
    return {state for state in s.State.__args__ if name in state.__dataclass_fields__}


@pytest.mark.parametrize("state", sorted(with_fields("case"), key=lambda state: state.__name__))
def test_no_face_keeps_the_case_of_every_state_that_has_one(state):
    """pieces.case_of: a state left out of it would lose case and person on the way to the attendant."""
    after, _ = step(CASES[state], e.NoFaceTouched(), WORLD)
    if isinstance(after, s.Referred):
        assert after.case is not None
        assert after.case.person == x.CHEN
    else:
        assert after == CASES[state]  # finished: nothing is left to do without the face


@pytest.mark.parametrize("state", sorted(with_fields("person"), key=lambda state: state.__name__))
def test_no_face_keeps_the_person_of_every_state_that_has_one(state):
    before = CASES[state]
    if isinstance(before, s.Answered):  # not due: nothing is left to do without the face. What is open waits for an attendant
        before = replace(before, reason=Reason.NO_TEMPLATE)
    after, _ = step(before, e.NoFaceTouched(), WORLD)
    assert isinstance(after, s.Referred)
    assert after.case is not None or after.person == x.CHEN


@pytest.mark.parametrize("reason", sorted(s.TOLD | s.ELSEWHERE))
def test_who_has_nothing_to_do_here_is_not_told_that_it_is_still_open(reason):
    """不刷脸办理 beside "you are certified already" calls somebody, and leaves the good news where it is."""
    answer = s.Answered(s.Visit("v1"), reason, person=x.CHEN)
    assert step(answer, e.NoFaceTouched(), WORLD) == (answer, (c.CallAttendant(Reason.ATTENDANT_CALLED),))


def test_who_may_be_certified_today_can_have_it_done_without_the_face():
    due = s.Answered(s.Visit("v1", s.Mode.QUERY), Reason.OK, (x.due(),), x.CHEN)
    after, _ = step(due, e.NoFaceTouched(), WORLD)
    assert isinstance(after, s.Referred)


def test_what_the_centre_sent_back_keeps_the_person_until_somebody_comes():
    back, _ = step(CASES[s.Finished], e.RecordStatusMoved(CASES[s.Finished].record_ids[0], RecordStatus.RETURNED), WORLD)
    assert s.waits_for_staff(back)
    stayed, commands = step(back, e.StayTouched(), WORLD)
    assert s.stays(stayed)
    assert commands == (c.CallAttendant(Reason.ATTENDANT_CALLED),)


def test_the_samples_hold_every_event():
    """The properties over any order of events see only the events that are in the samples."""
    sampled = {type(event) for event in [*x.touches(), *x.device_events(), *x.answers("v1", 1)]}
    assert sampled == set(e.Event.__args__)


def test_after_the_last_try_the_words_say_to_wait_and_a_refusal_keeps_its_own():
    shown = case()
    for reason in TRIED_AGAIN:
        assert to_do(s.Referred(shown.visit, reason, shown)) is Reason.TOO_MANY_TRIES
    assert to_do(s.Referred(shown.visit, Reason.NO_TEMPLATE, shown)) is Reason.NO_TEMPLATE


@pytest.mark.parametrize("begin", [e.IdleExpired(), e.WalkedAway()])
def test_whoever_walks_away_from_an_answer_is_not_told_that_nothing_was_done(begin):
    """A booked home visit, a review under way, good news: 这次没有办 on the next page would take it back."""
    shown = case(card_present=True)
    told = (s.VisitBooked(shown, saved=True), s.ReviewSent(shown, ("r1",), date(2026, 12, 3)))
    for state in told:
        after, _ = step(state, begin, WORLD)
        assert isinstance(after, s.TakingCard)
        assert after.notice is None
    after, _ = step(s.Referred(shown.visit, Reason.FACE_UNCERTAIN, shown), begin, WORLD)
    assert after.notice is {e.IdleExpired: Reason.IDLE_TIMEOUT, e.WalkedAway: Reason.WALKED_AWAY}[type(begin)]
