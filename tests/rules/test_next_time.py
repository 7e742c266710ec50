"""One date, in the sentence that fits the policy: the last day alone where any day will do, the window where it opens later."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.domain.next_time import NextTime, next_time, next_window, open_now, valid_until
from kiosk.domain.policy import Policy, PolicyKind
from kiosk.domain.renewal import term_after
from kiosk.texts.strings import CATALOGUES, Strings

TODAY = date(2026, 11, 29)
ALL = [Strings.load(language) for language in CATALOGUES]


@pytest.mark.parametrize(
    ("policy", "says", "spoken"),
    [
        (Policy("p", PolicyKind.DEFERRED_MONTH, "", TODAY), "2027年11月底前，再来办一次", "next_year.say_before_11"),
        (
            Policy("p", PolicyKind.ANNUAL_WINDOW, "", TODAY),
            "2027年8月29日到11月29日，来办一次",
            "next_year.say_from_8",
        ),
        (Policy("p", PolicyKind.ROTATION, "", TODAY, cycle_days=365), "2027年11月29日前，再来办一次", "next_year.say_in_11"),
        (Policy("p", PolicyKind.HALF_YEARLY, "", TODAY, cycle_months=6), "2027年5月29日前，再来办一次", "next_year.say_in_5"),
        (
            Policy("p", PolicyKind.CAMPAIGN, "", TODAY, deadline=(6, 20), opens=(3, 1)),
            "2027年3月1日到6月20日，来办一次",
            "next_year.say_from_3",
        ),
    ],
)
def test_each_kind_of_policy_has_its_sentence(policy, says, spoken):
    term = term_after(policy, TODAY)
    found = next_time(term.next_from, term.due, TODAY)
    assert found is not None
    assert Strings.load("zh_CN").dated(found.key, found.first, found.last) == says
    assert found.spoken == f"next_time.{spoken}"


def test_the_same_date_two_days_later_and_in_the_new_year():
    term = term_after(Policy("p", PolicyKind.DEFERRED_MONTH, "", TODAY), TODAY)
    for today in (TODAY, TODAY + timedelta(days=2)):
        found = next_time(term.next_from, term.due, today)
        assert found is not None
        assert (found.key, found.spoken) == ("next_time.before_month", "next_time.next_year.say_before_11")
    found = next_time(term.next_from, term.due, date(2027, 3, 1))
    assert found is not None
    assert found.spoken == "next_time.this_year.say_before_11"


def test_who_may_come_today_is_told_so_and_until_when():
    assert open_now(None, TODAY).key == "next_time.today"
    assert open_now(date(2026, 11, 28), TODAY).key == "next_time.today"  # overdue: no date that is past
    assert open_now(date(2026, 11, 30), TODAY).key == "next_time.today_month"
    assert open_now(date(2026, 12, 5), TODAY).key == "next_time.today_day"


SOON, LATER = TODAY + timedelta(days=62), TODAY + timedelta(days=63)


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [
        (None, None, None),
        (LATER, None, ("from_day", "say_on_screen", LATER, LATER)),
        (SOON, date(2027, 5, 30), ("before_day", "next_year.say_in_5", date(2027, 5, 30), date(2027, 5, 30))),
        (None, date(2027, 5, 31), ("before_month", "next_year.say_before_5", date(2027, 5, 31), date(2027, 5, 31))),
        (LATER, date(2027, 5, 30), ("between", "next_year.say_from_1", LATER, date(2027, 5, 30))),
        (LATER, date(2028, 5, 30), ("between_years", "next_year.say_from_1", LATER, date(2028, 5, 30))),
        (date(2027, 3, 1), date(2027, 3, 31), ("in_month", "next_year.say_in_3", date(2027, 3, 1), date(2027, 3, 31))),
        (date(2027, 3, 1), date(2027, 3, 30), ("between", "next_year.say_from_3", date(2027, 3, 1), date(2027, 3, 30))),
        (date(2028, 3, 1), date(2028, 4, 30), ("between_months", "say_on_screen", date(2028, 3, 1), date(2028, 4, 30))),
        (
            date(2027, 3, 1),
            date(2028, 3, 31),
            ("between_months_years", "next_year.say_from_3", date(2027, 3, 1), date(2028, 3, 31)),
        ),
    ],
)
def test_each_window_has_its_sentence_its_voice_and_its_dates(first, last, told):
    assert next_time(first, last, TODAY) == (told and NextTime(f"next_time.{told[0]}", f"next_time.{told[1]}", *told[2:]))


def test_today_has_a_sentence_with_the_last_day_where_one_is_known():
    said = "page.answer.say_today"
    assert open_now(None, TODAY) == NextTime("next_time.today", said)
    assert open_now(TODAY - timedelta(days=1), TODAY) == NextTime("next_time.today", said)
    assert open_now(TODAY, TODAY) == NextTime("next_time.today_day", said, TODAY, TODAY)
    end = date(2026, 11, 30)
    assert open_now(end, TODAY) == NextTime("next_time.today_month", said, end, end)
    assert valid_until(end, TODAY) == NextTime("next_time.valid_month", "next_time.this_year.say_until_11", end, end)
    assert valid_until(TODAY, TODAY) == NextTime("next_time.valid_day", "next_time.this_year.say_until_11", TODAY, TODAY)


@given(st.dates(date(2024, 1, 1), date(2030, 12, 31)), st.integers(-400, 900), st.integers(0, 800))
def test_every_window_has_a_sentence_in_every_language(today, opens, lasts):
    first = today + timedelta(days=opens)
    found = next_time(first, first + timedelta(days=lasts), today)
    assert found is not None
    for strings in ALL:
        assert found.spoken in strings
        sentence = strings.dated(found.key, found.first, found.last)
        assert str(first.year) in sentence or str((first + timedelta(days=lasts)).year) in sentence
        assert "{" not in sentence


def test_of_several_benefits_the_earliest_date_counts():
    assert next_window(()) == (None, None)
    early, late, open_ended = (
        SimpleNamespace(next_from=first, next_to=last)
        for first, last in ((date(2026, 12, 1), date(2027, 11, 30)), (date(2027, 1, 1), date(2027, 6, 30)), (None, None))
    )
    assert next_window((late, early, open_ended)) == (date(2026, 12, 1), date(2027, 6, 30))
