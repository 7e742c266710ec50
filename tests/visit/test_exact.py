"""Steps of the visit that the table does not tell: what is handed on to the next page, whole."""

from __future__ import annotations

from dataclasses import replace

from kiosk.domain.person import Person
from kiosk.domain.reasons import Action, Reason
from kiosk.domain.record import Outcome
from kiosk.visit import commands as c
from kiosk.visit import events as e
from kiosk.visit import states as s
from kiosk.visit.machine import step
from kiosk.visit.pieces import after_helper
from tests.visit import samples as x
from tests.visit.test_table import CASE, HELPED, VISIT, WORLD

ENTRY = x.entry_of(x.CHEN)


def test_the_helpers_own_card_again_is_read_no_longer():
    waiting = s.AwaitingCard(HELPED.visit, reader_ready=True, reading=True)
    assert step(waiting, e.CardWasRead(x.LI), WORLD) == (
        replace(waiting, visit=replace(HELPED.visit, card_present=True), reading=False, trouble=Reason.HELPER_IS_BENEFICIARY),
        (),
    )


def test_the_helpers_number_is_known_in_small_letters_too():
    helper = Person("王五", "11010119500307123X")
    entering = s.EnteringNumber(replace(VISIT, mode=s.Mode.OTHER, helper=helper))
    for typed in ("11010119500307123x", "11010119500307123X"):
        assert step(entering, e.NumberEntered(typed), WORLD) == (replace(entering, problem=Reason.HELPER_IS_BENEFICIARY), ())


def test_who_only_asks_is_answered_and_not_led_on():
    asking = s.LookingUp(replace(VISIT, mode=s.Mode.QUERY), x.CHEN)
    after, wanted = step(asking, x.looked_up("v1", x.CHEN), WORLD)
    assert isinstance(after, s.Answered)
    assert (after.reason, after.person, after.eligibilities) == (Reason.OK, x.CHEN, (x.due(),))
    assert wanted == (c.NoteRefusal("v1", Reason.OK),)


def test_who_helps_is_asked_for_a_card_after_the_confirmation():
    visit = replace(VISIT, mode=s.Mode.OTHER)
    confirming = s.Confirming(visit, x.CHEN, ENTRY, (x.due(),))
    after, wanted = step(confirming, e.Confirmed(), WORLD)
    assert (after, wanted) == (
        s.AwaitingCard(visit, s.Whose.HELPER, None, True, False, x.CHEN, ENTRY, (x.due(),)),
        (),
    )
    assert isinstance(after, s.AwaitingCard)
    assert after.reading is False


def test_what_is_chosen_goes_on_with_everything_that_is_known():
    due = (x.due(0), x.due(1))
    assert after_helper(VISIT, x.CHEN, ENTRY, (*due, x.due(2, may_pass=False))) == (
        s.ChoosingBenefits(VISIT, x.CHEN, ENTRY, due),
        (),
    )
    choosing = s.ChoosingBenefits(VISIT, x.CHEN, ENTRY, due)
    assert step(choosing, e.BenefitsChosen(("b1",)), WORLD) == (s.Consenting(s.Case(VISIT, x.CHEN, ENTRY, (x.due(1),))), ())


def tried(case: s.Case) -> s.Case:
    return replace(case, visit=replace(case.visit, tries=case.visit.tries + 1))


def test_an_uncertain_take_goes_to_the_attendant_with_its_case():
    acting = s.Acting(CASE, take_id=1)
    assert step(acting, e.TakeEnded("v1", 1, False, Reason.LIVENESS_UNCERTAIN), WORLD) == (
        s.Referred(tried(CASE).visit, Reason.LIVENESS_UNCERTAIN, tried(CASE)),
        (
            c.SaveAttempt(tried(CASE), Outcome.REFERRED, Reason.LIVENESS_UNCERTAIN),
            c.CallAttendant(Reason.LIVENESS_UNCERTAIN),
        ),
    )


def test_what_was_not_seen_is_told_before_the_next_try():
    after, _ = step(s.Acting(CASE, take_id=1), e.TakeEnded("v1", 1, False, Reason.ACTION_TIMEOUT, Action.NOD, early=True), WORLD)
    assert isinstance(after, s.Retrying)
    assert (after.case, after.reason, after.action, after.early) == (tried(CASE), Reason.ACTION_TIMEOUT, Action.NOD, True)


def test_a_take_begins_again_when_the_camera_is_back():
    waiting = s.Acting(CASE, take_id=1, camera_ready=False)
    after, wanted = step(waiting, e.CameraCameUp(), WORLD)
    assert isinstance(after, s.Acting)
    assert (after.camera_ready, after.practice, after.take_id) == (True, False, CASE.visit.takes + 1)
    assert after.case == replace(CASE, visit=replace(CASE.visit, takes=CASE.visit.takes + 1))
    assert [type(one) for one in wanted] == [c.BeginTake]


def test_who_rests_before_the_cue_loses_nothing_a_few_times():
    acting = s.Acting(CASE, take_id=1)
    for before, after in ((0, 1), (1, 2)):
        case = replace(CASE, visit=replace(CASE.visit, interruptions=before))
        rested = replace(case, visit=replace(case.visit, interruptions=after))
        assert step(replace(acting, case=case), e.BackTouched(before_cue=True), WORLD) == (
            s.Instructing(rested, True, rested=True),
            (c.CancelTake(1),),
        )
    case = replace(CASE, visit=replace(CASE.visit, interruptions=2))
    for event in (e.BackTouched(before_cue=True), e.CameraWentDown()):
        after, wanted = step(replace(acting, case=case), event, WORLD)
        assert after.case == tried(case)  # type: ignore[union-attr]
        assert wanted[0] == c.CancelTake(1)
        assert [(one.case, one.reason) for one in wanted if isinstance(one, c.SaveAttempt)] == [(tried(case), Reason.CANCELLED)]


def test_that_a_face_ages_is_told_with_the_result():
    after, _ = step(s.Checking(CASE, saving=True), e.RecordsSaved("v1", ("r1",), True, "slip", face_ageing=True), WORLD)
    assert isinstance(after, s.Finished)
    assert (after.roster_stale, after.slip_code, after.face_ageing, after.record_ids) == (True, "slip", True, ("r1",))
