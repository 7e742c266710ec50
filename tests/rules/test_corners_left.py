"""What no other test of the rules walked: the bureau's first due date, a record's key, a camera's facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from kiosk.domain.camera_facts import CameraFacts, from_json
from kiosk.domain.next_time import next_time
from kiosk.domain.person import Benefit
from kiosk.domain.policy import PolicyBook, PolicyKind
from kiosk.domain.reasons import Reason
from kiosk.domain.record import pass_key
from kiosk.domain.renewal import RuleMessage, after_pass, decide, message_of, term_after
from tests.rules import made


def test_a_due_date_of_the_bureau_opens_its_window_before_any_pass():
    """Never passed, but the bureau says when: the window opens `window_months` before, not a day sooner."""
    due = date(2026, 12, 31)
    opens = due - timedelta(days=92)  # three months
    told = {
        day: decide(made.BOOK, made.benefit("annual-window", None, due), made.person(), day)
        for day in (opens - timedelta(days=1), opens, due)
    }
    assert [one.may_pass for one in told.values()] == [False, True, True]
    assert {one.due for one in told.values() if one.may_pass} <= {due, None}


def test_validity_once_granted_is_never_shortened_and_the_window_moves_with_it():
    policy = made.BOOK.at("annual-window", date(2026, 11, 29))
    plain, longer = (term_after(policy, date(2026, 11, 29), at_least=day) for day in (None, date(2028, 6, 30)))
    assert plain.due == date(2027, 11, 29)
    assert (longer.due, longer.next_from) == (date(2028, 6, 30), date(2028, 3, 30))


def test_a_pass_on_the_first_day_of_a_window_is_that_windows_pass():
    """The day before, it is still early: the due date stays; on the first day it moves on by a year."""
    policy, due = made.BOOK.at("annual-window", date(2026, 11, 29)), date(2027, 3, 31)
    first = date(2026, 12, 31)
    assert term_after(policy, first - timedelta(days=1), anchor=due).due == due
    assert term_after(policy, first, anchor=due).due == date(2028, 3, 31)


def test_validity_once_granted_moves_the_window_of_the_very_old_too():
    """From 80 on the window opens earlier, and so does the one that belongs to validity granted before."""
    policy = replace(made.BOOK.at("annual-window", date(2026, 11, 29)), early_months_from_age=((80, 2),))
    granted, passed = date(2028, 6, 30), date(2026, 11, 29)
    young, old = (term_after(policy, passed, at_least=granted, born=born) for born in (date(1960, 1, 1), date(1940, 1, 1)))
    assert young.next_from == date(2028, 3, 30)
    assert old.next_from == date(2028, 1, 30)


def test_what_the_bureaus_date_granted_outlives_a_new_version_that_grants_less():
    """A pass early in the window of 15 March is good until the next 15 March, whatever a later version says of months."""
    then = replace(
        made.BOOK.at("annual-window", date(2026, 11, 29)), effective_from=date(2025, 1, 1), effective_to=date(2026, 12, 31)
    )
    now = replace(then, effective_from=date(2027, 1, 1), effective_to=None, valid_months=6)
    last, due = date(2026, 2, 1), date(2026, 3, 15)
    told = decide(PolicyBook([then, now]), made.benefit("annual-window", last, due), made.person(), date(2027, 1, 10))
    assert (told.due, told.valid_from) == (date(2027, 3, 15), last)


def test_a_campaign_of_one_day_in_a_common_year():
    policy = replace(made.BOOK.at("annual-window", date(2026, 11, 29)), kind=PolicyKind.CAMPAIGN, opens=(2, 28), deadline=(2, 29))
    assert term_after(policy, date(2026, 2, 28)).due == date(2027, 2, 28)
    assert term_after(policy, date(2026, 2, 27)).due == date(2026, 2, 28)


@pytest.mark.parametrize(
    ("policy", "last", "due", "today", "first"),
    [
        ("rotation", None, None, date(2026, 11, 29), date(2026, 11, 29)),  # nothing is known: from today on
        ("campaign", None, date(2027, 11, 30), date(2026, 11, 29), date(2026, 11, 29)),  # a due date alone opens no window
        ("annual-window", date(2026, 2, 1), None, date(2026, 12, 1), date(2026, 11, 1)),  # the window that is open
    ],
)
def test_from_which_day_a_pass_counts_where_it_counts_today(policy, last, due, today, first):
    told = decide(made.BOOK, made.benefit(policy, last, due), made.person(), today)
    assert (told.may_pass, told.reason, told.earliest_next) == (True, Reason.OK, first)


def test_validity_begins_as_the_version_of_its_day_says_whatever_kind_came_after():
    then = replace(made.BOOK.at("deferred-month", date(2026, 11, 29)), policy_id="p", effective_to=date(2026, 12, 31))
    now = replace(made.BOOK.at("rotation", date(2026, 11, 29)), policy_id="p", effective_from=date(2027, 1, 1))
    told = decide(PolicyBook([then, now]), made.benefit("p", date(2026, 11, 29)), made.person(), date(2027, 1, 10))
    assert told.valid_from == date(2026, 12, 1)


def test_an_answer_names_the_benefit_and_the_policy_that_it_is_about():
    held = Benefit("b-1", "other-basic", "rotation", date(2026, 11, 29))
    for suspect in (True, False):
        told = decide(made.BOOK, held, made.person(), date(2026, 11, 29), clock_suspect=suspect)
        assert (told.benefit_id, told.benefit_kind, told.policy_id) == ("b-1", "other-basic", "rotation")


def test_the_first_period_of_whom_the_bureau_gave_a_day_is_named_by_it():
    told = decide(made.BOOK, made.benefit("rotation", None, date(2027, 3, 15)), made.person(), date(2026, 11, 29))
    assert told.period == "first/2027-03-15"


@pytest.mark.parametrize(("men", "women"), [(60, 50), (50, 60)])
@pytest.mark.parametrize(("born", "reason"), [(date(1976, 11, 29), Reason.OK), (date(1976, 11, 30), Reason.NO_QUALIFICATION)])
def test_where_a_number_tells_no_sex_the_lower_age_counts(men, women, born, reason):
    aged = replace(made.BOOK.at("rotation", date(2026, 11, 29)), min_ages=(("enterprise-employee", men, women),))
    stranger = made.person(born=born, id_number="E12345678")
    assert decide(aged, made.benefit("rotation", None), stranger, date(2026, 11, 29)).reason is reason


def test_a_pass_in_the_longer_window_of_the_very_old_is_that_windows_pass():
    then = replace(made.BOOK.at("annual-window", date(2026, 11, 29)), early_months_from_age=((80, 3),))
    held, born = made.benefit("annual-window", date(2025, 3, 1), date(2026, 3, 15)), date(1940, 1, 1)
    day = date(2025, 10, 1)  # of the early months
    assert after_pass(PolicyBook([then]), held, day, born).due == date(2027, 3, 15)
    assert after_pass(PolicyBook([then]), held, day).due == date(2026, 3, 15)
    # A version that gives less does not shorten what such a pass has granted.
    now = replace(then, effective_from=date(2025, 10, 2), valid_months=6)
    book = PolicyBook([replace(then, effective_to=date(2025, 10, 1)), now])
    assert after_pass(book, replace(held, last_pass=day), date(2025, 10, 2), born).due == date(2027, 3, 15)


def test_a_pass_that_gives_its_own_day_leaves_none_of_the_bureaus():
    assert after_pass(made.BOOK, made.benefit("rotation", date(2026, 1, 1)), date(2026, 11, 29)).due is None


def d(text: str) -> date:
    return date.fromisoformat(text)


DONE = {"may_pass": False, "reason": Reason.ALREADY_DONE}
LATE = {"due": d("2026-10-31"), "suspended_from": d("2026-11-01")}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (DONE | {"earliest_next": d("2027-03-01"), "due": d("2027-09-30")}, ("already-done-month", d("2027-03-01"))),
        (
            DONE | {"earliest_next": d("2027-03-01"), "due": d("2027-08-31")},
            ("already-done-window", d("2027-03-01"), d("2027-08-31")),
        ),
        (
            DONE | {"earliest_next": d("2027-03-01"), "due": d("2027-10-01")},
            ("already-done-window", d("2027-03-01"), d("2027-10-01")),
        ),
        (
            DONE | {"earliest_next": d("2027-03-02"), "due": d("2027-10-31")},
            ("already-done-window", d("2027-03-02"), d("2027-10-31")),
        ),
        (LATE | {"suspended_months": 1}, ("ok-suspended", d("2026-11-01"), None, 1)),
        (LATE | {"suspended_months": 0}, ("ok-suspended-now", d("2026-11-01"))),
        (
            {"due": d("2026-10-31"), "grace_to": d("2026-12-31"), "suspended_from": d("2027-01-01")},
            ("ok-grace", d("2026-10-31"), d("2026-12-31")),
        ),
        ({"due": d("2026-11-29"), "grace_to": None, "suspended_from": d("2026-11-30")}, ("ok-valid", d("2026-11-29"))),
        ({"due": None, "suspended_from": None}, ("ok",)),
        ({"reason": Reason.DATA_MATCHED, "due": d("2026-12-31")}, ("data-matched-until", d("2026-12-31"))),
        ({"reason": Reason.DATA_MATCHED, "due": None}, ("data-matched",)),
    ],
)
def test_what_a_rule_says_with_its_days(answer, said):
    today = date(2026, 11, 29)
    plain = decide(made.BOOK, made.benefit("rotation", date(2026, 1, 1)), made.person(), today)
    assert message_of(replace(plain, **({"reason": Reason.OK, "suspended_months": 0} | answer)), today) == RuleMessage(*said)


def test_two_different_passes_never_have_one_key():
    assert pass_key("p", "a/b", "c", "2026") == "p/a%2Fb/c/2026"
    assert pass_key("p", "a", "b/c", "2026") != pass_key("p", "a/b", "c", "2026")
    assert pass_key("p%2F", "a", "b", "c") == "p%252F/a/b/c"


def test_a_window_within_one_month_is_told_by_the_month():
    told = next_time(date(2027, 3, 1), date(2027, 3, 31), date(2026, 11, 29))
    assert told is not None
    assert (told.key, told.first, told.last) == ("next_time.in_month", date(2027, 3, 1), date(2027, 3, 31))
    told = next_time(date(2027, 3, 1), date(2027, 5, 31), date(2026, 11, 29))
    assert told is not None
    assert told.key == "next_time.between_months"
    told = next_time(date(2027, 11, 1), date(2028, 1, 31), date(2026, 11, 29))
    assert told is not None
    assert told.key == "next_time.between_months_years"


def test_what_is_kept_of_a_camera_comes_back_with_its_pattern():
    facts = CameraFacts(delay_s=0.2, response=0.03, noise=0.001, size=(1280, 720), pattern=b"\x01\x02")
    assert from_json(facts.to_json(), facts.pattern) == facts
    assert "pattern" not in facts.to_json()


def test_a_first_pass_grants_what_the_rule_grants():
    """Nothing was granted before: neither a pass nor a date of the bureau's."""
    day = date(2026, 5, 9)
    after = after_pass(made.BOOK, made.benefit("annual-window", None), day)
    assert (after.last_pass, after.due) == (day, None)
    kept = after_pass(made.BOOK, made.benefit("annual-window", None, due=date(2028, 1, 31)), day)
    assert (kept.last_pass, kept.due) == (day, date(2028, 1, 31))
