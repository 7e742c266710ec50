"""人在眼前: staff that has the person in sight answers for one more take, by one touch; the record bears their number."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from kiosk.domain.reasons import Reason
from kiosk.domain.record import ClockEvidence, Outcome
from kiosk.visit import commands as c
from kiosk.visit import events as e
from kiosk.visit import states as s
from kiosk.visit.machine import step
from kiosk.visit.recording import records_of
from tests.visit.test_table import CASE, VISIT, WORLD

SEEN = e.AttendantTookOver("1001")


def referred(reason: Reason, case: s.Case | None = CASE) -> s.Referred:
    return s.Referred(VISIT, reason, case)


@pytest.mark.parametrize("reason", [Reason.LIVENESS_UNCERTAIN, Reason.ACTION_TIMEOUT, Reason.NO_GOOD_FRAME, Reason.FACE_LOST])
def test_too_little_was_seen_and_somebody_looks(reason: Reason) -> None:
    after, wanted = step(referred(reason), SEEN, WORLD)
    assert isinstance(after, s.Acting)
    assert (after.case.in_sight, after.practice) == ("1001", False)
    assert wanted == (c.BeginTake("v1", after.take_id, False, True),)


@pytest.mark.parametrize(
    "state",
    [
        referred(Reason.LIVENESS_FAILED),
        referred(Reason.FACE_MISMATCH),
        referred(Reason.FACE_UNCERTAIN),
        referred(Reason.TOO_MANY_TRIES),
        referred(Reason.NO_FACE_WANTED),
        referred(Reason.LIVENESS_UNCERTAIN, None),
        s.Acting(CASE, practice=True, take_id=1),
        s.Checking(CASE),
        s.Consenting(CASE),
        s.Idle(),
    ],
    ids=lambda state: f"{type(state).__name__}-{getattr(state, 'reason', '')}",
)
def test_whatever_looks_like_an_attack_or_has_no_consent_stays_as_it_is(state: s.State) -> None:
    assert step(state, SEEN, WORLD) == (state, ())


@pytest.mark.parametrize("state", [s.Instructing(CASE), s.Acting(CASE, take_id=1), s.Retrying(CASE, Reason.ACTION_TIMEOUT, 2)])
def test_who_is_called_meanwhile_need_not_wait_for_the_last_try(state: s.State) -> None:
    after, wanted = step(state, SEEN, WORLD)
    assert isinstance(after, s.Acting)
    assert wanted[-1].attended


def test_it_is_good_for_one_take() -> None:
    acting, _ = step(referred(Reason.LIVENESS_UNCERTAIN), SEEN, WORLD)
    assert isinstance(acting, s.Acting)
    after, wanted = step(acting, e.TakeEnded("v1", acting.take_id, False, Reason.ACTION_TIMEOUT), WORLD)
    assert isinstance(after, s.Retrying)
    assert after.case.in_sight == ""
    assert wanted == (c.SaveAttempt(replace(acting.case, visit=after.case.visit), Outcome.FAILED, Reason.ACTION_TIMEOUT),)
    again, begun = step(after, e.BeginTouched(), WORLD)
    assert isinstance(again, s.Acting)
    assert begun == (c.BeginTake("v1", again.take_id, False, False),)


def test_the_record_bears_the_number_of_who_answers_for_it() -> None:
    clock = ClockEvidence(datetime(2026, 11, 30, 9, tzinfo=UTC), 1.0, "boot", None)
    for case, author in ((CASE, "self"), (replace(CASE, in_sight="1001"), "1001")):
        (made,) = records_of(case, Outcome.PASSED, Reason.OK, clock, "SZ-1", 1)
        assert made.author == author
