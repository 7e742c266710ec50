"""Small pure rules: what a screen shows of an address, working days, shares with intervals, the light's colours, sentences."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from kiosk.domain import contact, light_pattern, rate
from kiosk.domain.calendar_days import months_counted
from kiosk.domain.next_time import valid_until
from kiosk.domain.person import Person
from kiosk.domain.policy import PolicyKind
from kiosk.domain.reasons import Reason
from kiosk.domain.record import new_record_id
from kiosk.domain.renewal import after_pass, decide, message_of, period_today
from kiosk.domain.working_days import is_working, working_days_after
from tests.rules import made


@pytest.mark.parametrize(
    ("phone", "tail"),
    [("0755-8123 4567", "4567"), ("0755 8123 45-67", "4567"), ("12345", "2345"), ("1234", ""), ("", ""), ("none", "")],
)
def test_only_the_end_of_a_number_that_is_one_is_said(phone, tail):
    assert contact.phone_tail(phone) == tail


def test_no_number_of_an_address_can_be_read():
    assert contact.masked_address("莲花街道1203栋8号") == "莲花街道*栋*号"


def test_a_weekend_that_is_worked_counts_and_a_holiday_does_not():
    saturday, monday = date(2026, 10, 10), date(2026, 10, 12)
    assert not is_working(saturday)
    assert is_working(saturday, worked=(saturday,))
    assert not is_working(monday, holidays=(monday,))
    assert not is_working(date(2027, 1, 1))
    assert working_days_after(date(2026, 10, 9), 1) == monday
    assert working_days_after(date(2026, 10, 9), 1, worked=(saturday,)) == saturday


def test_whoever_is_named_is_named_in_the_normal_form():
    given = Person(" 王　芳", "110105-49 1231 002")
    entry = made.person(name=" 王　芳", id_number="110105-49 1231 002")
    for one in (given, entry):
        assert (one.name, one.id_number) == ("王芳", "11010519491231002X")


@pytest.mark.parametrize(
    ("first", "last", "day", "months"),
    [
        ((2026, 4, 1), (2026, 6, 10), 1, 3),
        ((2026, 4, 10), (2026, 4, 14), 15, 0),
        ((2026, 4, 10), (2026, 4, 15), 15, 1),
        ((2026, 4, 15), (2026, 4, 15), 15, 1),
        ((2026, 4, 16), (2026, 4, 20), 15, 0),
        ((2026, 12, 15), (2027, 1, 20), 15, 2),
        ((2027, 1, 20), (2026, 12, 15), 15, 0),
    ],
)
def test_payment_days_between_two_days_both_included(first, last, day, months):
    assert months_counted(date(*first), date(*last), day) == months


def test_no_two_records_have_one_id():
    one, two = UUID(new_record_id()), UUID(new_record_id())
    assert one != two
    assert one.version == two.version == 4


def test_shares_come_with_their_interval():
    assert rate.interval(0, 0) == (0.0, 1.0)
    low, high = rate.interval(3, 300)
    assert (round(low, 4), round(high, 4)) == (0.0034, 0.0290)
    assert rate.needed(0.01) == 300
    assert rate.interval(0, 1)[1] == pytest.approx(0.7934507)  # one trial says something
    assert rate.interval(300, 300)[1] == 1.0
    assert rate.told(150, 300) == "50.0 % (150/300; 44.4-55.6)"
    assert rate.told(0, 0) == "-"
    assert rate.told(3, 300) == "1.0 % (3/300; 0.3-2.9)"


def test_the_light_lies_between_its_two_colours():
    assert light_pattern.colour(1.0) == pytest.approx(light_pattern.WARM)
    assert light_pattern.colour(3.0) == pytest.approx(light_pattern.WARM)
    assert light_pattern.colour(-3.0) == pytest.approx(light_pattern.COOL)
    assert light_pattern.colour(0.5) == pytest.approx((0.8375, 0.645, 0.4375))  # three quarters of the way
    assert light_pattern.level_at((0.5, 0.25, 0.125), 0.5, -0.5) == pytest.approx(0.4375)
    assert light_pattern.level_at((0.5, 0.25, 0.125), 1.0, -1.0) == pytest.approx(0.375)


def test_until_when_a_data_match_counts():
    today = date(2026, 11, 30)
    assert valid_until(date(2027, 11, 30), today).key == "next_time.valid_month"
    assert valid_until(date(2027, 11, 12), today).key == "next_time.valid_day"


def test_a_period_of_before_is_named_as_today():
    assert period_today(PolicyKind.ANNUAL_WINDOW, "2026-12-01/2027-11-30") == "due/2027-11-30"
    assert period_today(PolicyKind.ANNUAL_WINDOW, "due/2027-11-30") == "due/2027-11-30"


def test_a_pass_that_the_roster_knows_already_changes_nothing():
    known = made.benefit("annual-window", date(2026, 11, 20))
    assert after_pass(made.BOOK, known, date(2026, 11, 20)) is known
    assert after_pass(made.BOOK, replace(known, last_pass=date(2026, 11, 21)), date(2026, 11, 20)).last_pass == date(2026, 11, 21)


def test_an_answer_without_its_dates_names_none():
    answer = decide(made.BOOK, made.benefit("annual-window", date(2026, 11, 20)), made.person(), date(2026, 11, 30))
    for lacking in ({"earliest_next": None}, {"due": None}):
        said = message_of(replace(answer, reason=Reason.ALREADY_DONE, **lacking), date(2026, 11, 30))
        assert (said.key, said.first) == ("already-done", None)
