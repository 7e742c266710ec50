"""After a face that did not do it: the human review from its consent to its record, and to whom a home visit is offered."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from kiosk.domain.reasons import Reason
from kiosk.domain.record import Channel, ClockEvidence, Outcome, RecordStatus
from kiosk.visit import commands as c
from kiosk.visit import events as e
from kiosk.visit import states as s
from kiosk.visit.machine import step
from kiosk.visit.recording import Review, records_of
from tests.visit import samples as x
from tests.visit.test_table import CASE, VISIT, WORLD

DAY = date(2026, 12, 8)
OFFERED = s.Referred(VISIT, Reason.FACE_MISMATCH, CASE)
CONSENTING = s.ReviewConsenting(CASE, OFFERED, DAY)
SAVING = replace(CONSENTING, saving=True)
SENT = s.ReviewSent(CASE, ("r1",), DAY)
NUDGE, BROKEN, RETURNED = c.NudgeSync(), c.CallAttendant(Reason.STORE_ERROR), c.CallAttendant(Reason.REVIEW_RETURNED)


def moved(stage: RecordStatus, record_id: str = "r1") -> e.RecordStatusMoved:
    return e.RecordStatusMoved(record_id, stage)


@pytest.mark.parametrize(
    ("state", "event", "after", "commands"),
    [
        (CONSENTING, e.Agreed(), SAVING, (c.AskForReview(CASE, DAY),)),
        (SAVING, e.Agreed(), SAVING, ()),
        (SAVING, e.ReviewSaved("v1", ("r1",)), SENT, (NUDGE,)),
        (SAVING, e.ReviewSaved("v2", ("r1",)), SAVING, ()),
        (SAVING, e.SaveFailed("v1"), s.Referred(VISIT, Reason.STORE_ERROR, CASE), (BROKEN,)),
        # the last try is kept for its own sake, and the page that offered the review knows of it
        (CONSENTING, e.RecordsSaved("v1", ("r0",)), replace(CONSENTING, back=replace(OFFERED, record_ids=("r0",))), (NUDGE,)),
        (CONSENTING, e.RecordsSaved("v2", ("r0",)), CONSENTING, ()),
        (CONSENTING, e.BackTouched(), OFFERED, ()),
        (SAVING, e.BackTouched(), SAVING, ()),
        (SENT, moved(RecordStatus.RECEIVED), replace(SENT, stage=RecordStatus.RECEIVED), ()),
        (SENT, moved(RecordStatus.RETURNED), replace(SENT, stage=RecordStatus.RETURNED), (RETURNED,)),
        (SENT, moved(RecordStatus.REFUSED), replace(SENT, stage=RecordStatus.REFUSED), (RETURNED,)),
        (replace(SENT, stage=RecordStatus.RETURNED), moved(RecordStatus.RETURNED), replace(SENT, stage=RecordStatus.RETURNED), ()),
        (SENT, moved(RecordStatus.RETURNED, "r9"), SENT, ()),
    ],
)
def test_what_follows_when_a_review_is_asked_for(state, event, after, commands):
    assert step(state, event, WORLD) == (after, commands)


def test_the_page_that_offered_it_comes_back_with_the_visit_as_it_is_now():
    gone = replace(CASE, visit=replace(VISIT, card_present=False))
    after, _ = step(replace(CONSENTING, case=gone), e.BackTouched(), WORLD)
    assert after == replace(OFFERED, visit=gone.visit, case=gone)


def test_a_review_is_recorded_with_its_own_consent_and_the_day_of_its_answer():
    clock = ClockEvidence(datetime(2026, 11, 21, tzinfo=UTC), 12.5, "boot", None)
    given = Review("consent-2", DAY)
    (made,) = records_of(CASE, Outcome.REFERRED, Reason.FACE_MISMATCH, clock, "SZ-1", 3, review=given)
    assert (made.channel, made.consent_id, made.answer_by) == (Channel.HUMAN_REVIEW, "consent-2", DAY)
    assert (made.valid_from, made.valid_to) == (CASE.chosen[0].if_passed_from, CASE.chosen[0].if_passed_to)
    (plain,) = records_of(CASE, Outcome.REFERRED, Reason.FACE_MISMATCH, clock, "SZ-1", 3)
    assert (plain.channel, plain.consent_id, plain.answer_by, plain.valid_from) == (Channel.SELF_FACE, CASE.consent_id, None, None)


OLD = replace(CASE, entry=replace(CASE.entry, born=date(1946, 11, 21)))


@pytest.mark.parametrize(
    ("state", "born_by", "is_offered"),
    [
        (replace(OFFERED, case=OLD), date(1946, 11, 21), True),
        (replace(OFFERED, case=OLD), date(1946, 11, 20), False),
        (replace(OFFERED, case=OLD), None, False),
        (replace(OFFERED, case=replace(OLD, entry=replace(OLD.entry, home_visit=True))), date(1946, 11, 21), False),
        (s.Referred(VISIT, Reason.STORE_ERROR, OLD), date(1946, 11, 21), False),  # not the face: nobody need come home for it
        (s.Referred(VISIT, Reason.FACE_MISMATCH), date(1946, 11, 21), False),
    ],
)
def test_to_whom_a_home_visit_is_offered(state, born_by, is_offered):
    assert s.visit_offered(state, born_by) is is_offered


@pytest.mark.parametrize(
    ("reason", "stages", "told"),
    [
        (Reason.ALREADY_DONE, (RecordStatus.RETURNED, RecordStatus.CONFIRMED), True),
        (Reason.NOT_YET, (RecordStatus.REFUSED,), True),
        (Reason.ALREADY_DONE, (RecordStatus.CONFIRMED, RecordStatus.RETURNED), False),  # an older one
        (Reason.ALREADY_DONE, (), False),
        (Reason.DECEASED, (RecordStatus.RETURNED,), False),  # there is more to say than that
    ],
)
def test_that_the_centre_returned_the_last_record_is_told_whatever_the_dates(reason, stages, told):
    assert s.returned(s.Answered(VISIT, reason, person=x.CHEN, stages=stages)) is told
