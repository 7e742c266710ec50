"""人工复核 as a kiosk tells it: pending, late, returned, passed; and what ends it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from kiosk.domain.person import RosterStatus
from kiosk.domain.reasons import Reason
from kiosk.domain.record import Channel, Outcome
from kiosk.domain.working_days import working_days_after
from kiosk.store import outbox, records, service
from tests.store import made

BY = date(2026, 11, 25)  # the 21st is a Saturday


def ask(store, today=made.TODAY, **options):
    return service.look_up(store, made.PERSON, today, now=made.NOW, model_digest=made.DIGEST, **options)


def wish(store, **changes):
    review = made.record(
        "v-r",
        Outcome.REFERRED,
        reason="review-wanted",
        channel=Channel.HUMAN_REVIEW,
        consent_id="review-v-r",
        answer_by=BY,
        **changes,
    )
    return records.save_visit(store, [review], made.NOW, consent=records.Consent("review-v-r", "p-1", "human-review"))[0]


def test_a_promise_counts_working_days():
    assert working_days_after(date(2026, 11, 30), 3) == date(2026, 12, 3)
    assert working_days_after(date(2026, 11, 27), 3) == date(2026, 12, 2)  # a Friday
    assert working_days_after(date(2026, 12, 31), 1) == date(2027, 1, 4)  # New Year's Day, a weekend
    assert working_days_after(date(2027, 2, 4), 3, {date(2027, 2, 5), date(2027, 2, 8)}, {date(2027, 2, 6)}) == date(2027, 2, 10)


def test_a_review_is_told_when_the_card_lies_there_again(store):
    made.give_roster(store, made.entry())
    wish(store)
    pending = ask(store)
    assert (pending.reason, pending.answer_by) == (Reason.REVIEW_PENDING, BY)
    assert ask(store, mode="query").reason is Reason.REVIEW_PENDING
    assert ask(store, today=BY).reason is Reason.REVIEW_PENDING  # the last day is one
    assert ask(store, today=BY + timedelta(days=1)).reason is Reason.REVIEW_OVERDUE
    row = store.db.execute("SELECT kind, witness FROM consents WHERE consent_id = 'review-v-r'").fetchone()
    assert row == ("human-review", "self")


@pytest.mark.parametrize(("decided", "told"), [("confirmed", Reason.REVIEW_PASSED), ("returned", Reason.REVIEW_RETURNED)])
def test_the_answer_comes_back(store, decided, told):
    made.give_roster(store, made.entry())
    record_id = wish(store)
    outbox.decide(store.db, [(record_id, decided, "identity-unclear" if decided == "returned" else "", made.NOW)], 1)
    answer = ask(store)
    assert answer.reason is told
    assert answer.answer_by is None
    assert (answer.returned_reason == "identity-unclear") is (decided == "returned")
    if decided == "confirmed":  # a pass like any other: the next window, and no second one
        assert not any(item.may_pass for item in answer.eligibilities)
        assert ask(store, today=date(2027, 1, 5)).eligibilities[0].may_pass


def test_whoever_is_certified_otherwise_needs_no_answer_any_more(store):
    made.give_roster(store, made.entry())
    wish(store)
    records.save_visit(store, [made.record("v-2", channel=Channel.FACE_TO_FACE)], made.NOW + timedelta(minutes=1))
    assert ask(store).reason is Reason.ALREADY_DONE
    content = store.db.execute("SELECT content FROM outbox LIMIT 1").fetchone()[0]
    before = content.replace('"answer_by":"2026-11-25",', "")
    assert before != content
    assert records.from_json(before).answer_by is None  # a record of before the field


def test_death_comes_before_any_review(store):
    made.give_roster(store, made.entry(status=RosterStatus.DECEASED))
    wish(store)
    assert ask(store).reason is Reason.DECEASED
