"""The corners of the rules that no example of the sources walks through: refusals of a policy file, dates, short names."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from kiosk.domain.calendar_days import local_date
from kiosk.domain.identity import last_four, mask_name, number_of_15
from kiosk.domain.next_time import next_time
from kiosk.domain.person import RosterStatus
from kiosk.domain.policy import PolicyBook, UnknownPolicy, load_policy
from kiosk.domain.reasons import Reason
from kiosk.domain.renewal import after_pass, decide
from tests.rules.made import BOOK, benefit, person

START = date(2025, 1, 1)
CAMPAIGN = {"id": "p", "kind": "campaign", "effective_from": START}


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"kind": "campaign", "effective_from": START}, "'id' is missing"),
        (CAMPAIGN | {"id": ""}, "id: a name expected"),
        (CAMPAIGN | {"id": 7}, "id: a name expected"),
        (CAMPAIGN | {"effective_to": date(2024, 12, 31), "parameters": {"deadline": "06-30"}}, "effective_to lies before"),
        (CAMPAIGN | {"parameters": {"deadline": "06-30"}, "who": {"colour": "red"}}, "unknown key who.colour"),
        (CAMPAIGN | {"parameters": {"deadline": "06-30", "opens": "06-30"}}, "opens and deadline must differ"),
        (
            {"id": "p", "kind": "annual-window", "effective_from": START, "parameters": {"window_months": 12, "valid_months": 12}},
            "window_months must be shorter",
        ),
        *(
            (
                {"id": "p", "kind": "annual-window", "effective_from": START, "parameters": {"early_months_from_age": early}},
                "early_months_from_age",
            )
            for early in (3, {"eighty": 3}, {"80": 0}, {"80": 9}, {"20": 1}, {"80": True})
        ),
        (
            {"id": "p", "kind": "rotation", "effective_from": START, "parameters": {"early_months_from_age": {"80": 1}}},
            "not a parameter of rotation",
        ),
        (
            {"id": "p", "kind": "rotation", "effective_from": START, "parameters": {"cycle_days": 90, "cycle_months": 3}},
            "either cycle_days or cycle_months",
        ),
        (CAMPAIGN | {"parameters": {"deadline": "06-30"}, "who": {"min_age": {"x": {"men": 60}}}}, "who.min_age.x"),
        (CAMPAIGN | {"parameters": {"deadline": "06-30"}, "who": {"expired_card": "eat"}}, "who.expired_card"),
    ],
)
def test_a_policy_file_is_refused_with_the_key_that_is_wrong(data, told):
    with pytest.raises(ValueError, match=told):
        load_policy(data)


def test_a_policy_nobody_wrote():
    with pytest.raises(UnknownPolicy):
        PolicyBook([]).at("no-such-policy", START)


def test_the_local_date_is_that_of_the_zone():
    late = datetime(2026, 11, 30, 16, 0, tzinfo=UTC)
    assert local_date(late) == date(2026, 12, 1)
    assert local_date(late.replace(hour=15, minute=59)) == date(2026, 11, 30)
    assert local_date(late, "Asia/Urumqi") == date(2026, 11, 30)
    with pytest.raises(ValueError, match="aware"):
        local_date(late.replace(tzinfo=None))
    with pytest.raises(ValueError, match="Atlantis"):
        local_date(late, "Europe/Atlantis")


@pytest.mark.parametrize(
    ("name", "shown"), [("", "*"), ("王", "*"), (" 王 ", "*"), ("王芳", "* 芳"), ("陈小芳", "陈 * 芳"), ("欧阳小芳", "欧 * 芳")]
)
def test_names_are_masked(name, shown):
    assert mask_name(name) == shown


def test_numbers_as_they_were_and_as_they_are_shown():
    assert number_of_15("440305195603150028") == "440305560315002"
    assert number_of_15("440305200003150028") == ""
    assert number_of_15("440305560315002") == ""
    assert last_four("440305195603150028") == "0028"


def test_a_window_with_one_end():
    assert next_time(None, None, START) is None
    from_day = next_time(date(2027, 1, 1), None, START)
    assert (from_day.key, from_day.first, from_day.last) == ("next_time.from_day", date(2027, 1, 1), date(2027, 1, 1))
    before = next_time(None, date(2027, 1, 15), START)
    assert (before.key, before.last) == ("next_time.before_day", date(2027, 1, 15))
    month = next_time(date(2027, 3, 1), date(2027, 3, 31), START)
    assert (month.key, month.first, month.last) == ("next_time.in_month", date(2027, 3, 1), date(2027, 3, 31))


def test_a_pass_from_before_the_known_one_changes_nothing():
    held = benefit("deferred-month", date(2026, 5, 10))
    assert after_pass(BOOK, held, date(2026, 5, 10)) is held
    assert after_pass(BOOK, held, date(2026, 5, 9)) is held


@pytest.mark.parametrize(
    ("kind", "status", "reason"),
    [
        ("enterprise-employee", RosterStatus.ACTIVE, Reason.OK),
        ("resident", RosterStatus.ACTIVE, Reason.NO_QUALIFICATION),
        ("resident", RosterStatus.GRACE, Reason.OK),  # said of nobody who is not paid already
    ],
)
def test_age_is_asked_only_where_a_policy_says_one_for_this_benefit(kind, status, reason):
    ages = {"min_age": {"resident": {"men": 60, "women": 60}}}
    aged = load_policy(CAMPAIGN | {"parameters": {"deadline": "06-30", "opens": "03-01"}, "who": ages})
    young = person(born=date(2000, 1, 1), status=status)
    assert decide(PolicyBook([aged]), replace(benefit("p", None), kind=kind), young, date(2026, 4, 1)).reason is reason
