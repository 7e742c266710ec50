"""What no other test of the rules walked: the bureau's first due date, a record's key, a camera's facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from kiosk.domain.camera_facts import CameraFacts, from_json
from kiosk.domain.next_time import next_time
from kiosk.domain.policy import PolicyBook, PolicyKind
from kiosk.domain.record import pass_key
from kiosk.domain.renewal import decide, term_after
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
