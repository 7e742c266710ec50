"""What no other test of the visit walked: back from the scan, a friend with nothing due, and takes without end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from kiosk.domain.reasons import Reason
from kiosk.domain.record import ClockEvidence, Outcome, pass_key
from kiosk.visit import commands as c
from kiosk.visit import events as e
from kiosk.visit import states as s
from kiosk.visit.machine import World, step
from kiosk.visit.pieces import after_helper, begin_take
from kiosk.visit.recording import records_of
from tests.visit import samples as x

WORLD = World("v2", tries_per_visit=3)
VISIT = s.Visit("v1", card_present=True)
CASE = s.Case(VISIT, x.CHEN, x.entry_of(x.CHEN), (x.due(),), "consent-v1")


def test_a_scan_that_ends_without_a_card_says_why_on_the_cards_page():
    after, wanted = step(s.ScanningCard(s.Visit("v1")), e.ScanEnded("v1", Reason.CARD_UNREADABLE), WORLD)
    assert isinstance(after, s.AwaitingCard)
    assert (after.trouble, wanted) == (Reason.CARD_UNREADABLE, ())


def test_a_scan_goes_on_when_the_camera_comes_back():
    away, wanted = step(s.ScanningCard(s.Visit("v1")), e.CameraWentDown(), WORLD)
    assert (away.camera_ready, wanted) == (False, (c.CancelScan(),))
    back, wanted = step(away, e.CameraCameUp(), WORLD)
    assert (back.camera_ready, wanted) == (True, (c.BeginScan("v1"),))


def test_who_wanted_no_face_before_consenting_is_asked_for_it_on_the_way_back():
    shown = replace(CASE, consent_id="")
    after, wanted = step(s.Referred(VISIT, Reason.NO_FACE_WANTED, shown), e.BackTouched(), WORLD)
    assert (after, wanted) == (s.Consenting(shown), ())


def test_a_helper_of_somebody_with_nothing_due_is_back_at_the_card():
    visit = replace(VISIT, mode=s.Mode.OTHER, helper=x.LI)
    after, wanted = after_helper(visit, x.CHEN, CASE.entry, ())
    assert isinstance(after, s.AwaitingCard)
    assert after.visit.helper is None
    assert wanted == ()


def test_takes_that_are_no_tries_are_not_endless():
    """Practice and takes that a camera fault ended cost no try: three for each try, and the attendant looks."""
    last = replace(CASE, visit=replace(VISIT, takes=3 * (WORLD.tries_per_visit + 1) - 1))
    assert isinstance(begin_take(last, False, WORLD)[0], s.Acting)
    over = replace(CASE, visit=replace(VISIT, takes=3 * (WORLD.tries_per_visit + 1)))
    after, wanted = begin_take(over, False, WORLD)
    assert after == s.Referred(over.visit, Reason.TOO_MANY_TRIES, over)
    assert wanted == (c.CallAttendant(Reason.TOO_MANY_TRIES),)


def test_a_referral_waits_for_the_staff_and_a_plain_answer_does_not():
    assert s.waits_for_staff(s.Referred(VISIT, Reason.FACE_UNCERTAIN, CASE))
    assert not s.waits_for_staff(s.Answered(VISIT, Reason.NOT_YET, person=x.CHEN))
    assert not s.waits_for_staff(s.Idle())


def test_a_record_claims_the_pass_of_its_own_person_benefit_policy_and_period():
    evidence = ClockEvidence(datetime(2026, 11, 21, tzinfo=UTC), 12.5, "boot", None)
    (record,) = records_of(CASE, Outcome.PASSED, Reason.OK, evidence, "S-1", 1, None, None)
    assert record.pass_key == pass_key(
        CASE.entry.person_id, CASE.chosen[0].benefit_id, CASE.chosen[0].policy_id, CASE.chosen[0].period
    )


@pytest.mark.parametrize("event", [e.CameraWentDown(), e.DeskOpened(), e.VisionFailed()])
def test_a_take_whose_camera_is_away_already_is_not_cancelled_again(event):
    away = s.Acting(CASE, camera_ready=False, take_id=1)
    assert step(away, event, WORLD) == (away, ())
