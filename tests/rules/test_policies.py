"""A policy file, key by key: the bounds of every number, what stands for what is left out, versions that follow each other."""

from __future__ import annotations

import re
from datetime import date, datetime

import pytest

from kiosk.domain.policy import PolicyBook, load_policy
from tests.rules.made import BOOK

START = date(2026, 1, 1)
NUMBERS = [
    ("deferred-month", "payment_day", 1, 28),
    ("deferred-month", "grace_days", 0, 366),
    ("deferred-month", "valid_months", 1, 60),
    ("rotation", "repeat_after_days", 1, 180),
    ("rotation", "cycle_days", 30, 1830),  # no shorter than a repeat; 0 would leave no cycle at all
    ("rotation", "cycle_months", 2, 60),
    ("half-yearly", "cycle_months", 2, 60),
]


def load(kind: str, parameters: dict | None = None, **more):
    return load_policy({"id": "p", "kind": kind, "effective_from": START, "parameters": parameters or {}, **more})


@pytest.mark.parametrize(("kind", "name", "low", "high"), NUMBERS)
def test_every_number_has_its_bounds(kind, name, low, high):
    for good in (low, high):
        assert getattr(load(kind, {name: good}), name) == good
    for wrong in (low - 1, high + 1, "7", True, 7.0, None):
        with pytest.raises(ValueError, match=r"^parameters"):
            load(kind, {name: wrong})


@pytest.mark.parametrize(
    ("kind", "parameters", "told"),
    [
        ("deferred-month", {"window_months": 3}, "parameters.window_months: not a parameter of deferred-month"),
        ("campaign", {"deadline": "06-30", "grace_days": 3}, "parameters.grace_days: not a parameter of campaign"),
        ("deferred-month", {"valid_months": 61}, "parameters.valid_months: a number from 1 to 60 expected"),
        ("rotation", {"cycle_days": 1831}, "parameters.cycle_days: a number from 0 to 1830 expected"),
        ("half-yearly", {"cycle_months": 61}, "parameters.cycle_months: a number from 0 to 60 expected"),
        ("rotation", {"cycle_days": 0}, "parameters: either cycle_days or cycle_months"),
        ("half-yearly", {"cycle_months": 0}, "parameters: either cycle_days or cycle_months"),
        ("rotation", {"cycle_days": 100, "cycle_months": 6}, "parameters: either cycle_days or cycle_months"),
        ("rotation", {"cycle_days": 29}, "parameters.repeat_after_days: longer than the cycle"),
        ("half-yearly", {"cycle_months": 1}, "parameters.repeat_after_days: longer than the cycle"),
        ("annual-window", {"valid_months": 6, "window_months": 6}, "window_months must be shorter than valid_months"),
        ("annual-window", {"early_months_from_age": {"80": 9}}, "early_months_from_age: with window_months, it must be shorter"),
        ("campaign", {}, "parameters.deadline is missing"),
        ("campaign", {"deadline": "02-30"}, "parameters.deadline: 'MM-DD' expected"),
        ("campaign", {"deadline": "06-30", "opens": "6"}, "parameters.opens: 'MM-DD' expected"),
        ("campaign", {"deadline": "06-30", "opens": "06-30"}, "parameters.opens and deadline must differ"),
    ],
)
def test_what_does_not_fit_is_named(kind, parameters, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        load(kind, parameters)


def test_what_only_just_fits():
    assert load("annual-window", {"valid_months": 6, "window_months": 5}).window_months == 5
    assert load("annual-window", {"early_months_from_age": {"90": 3, "80": 8}}).early_months_from_age == ((80, 8), (90, 3))
    early = load("annual-window", {"early_months_from_age": {"80": 8}, "valid_months": 24})
    assert (early.early_months_from_age, early.valid_months) == (((80, 8),), 24)
    leap = load("campaign", {"deadline": "02-29", "opens": "02-28"})
    assert (leap.deadline, leap.opens) == ((2, 29), (2, 28))
    assert load("rotation", {"cycle_months": 6, "cycle_days": 0}).cycle_days == 0
    assert load("rotation", {"cycle_months": 6}).cycle_days == 0


@pytest.mark.parametrize("ages", [{"50": 1}, {"120": 8}])
def test_ages_of_an_earlier_opening(ages):
    ((age, months),) = load("annual-window", {"early_months_from_age": ages}).early_months_from_age
    assert {str(age): months} == ages


@pytest.mark.parametrize(
    "ages", [{"49": 1}, {"121": 1}, {"８０": 1}, {"-80": 1}, {"80": 0}, {"80": 12}, {"80": True}, {"80": "1"}, 80, "80", [80]]
)
def test_other_ages_are_refused(ages):
    with pytest.raises(ValueError, match=r"^parameters.early_months_from_age: \{ 80 = 2 \} expected"):
        load("annual-window", {"early_months_from_age": ages})


def test_what_is_left_out():
    rotation, half, plain = load("rotation"), load("half-yearly"), load("deferred-month")
    assert (rotation.cycle_days, rotation.cycle_months, rotation.grace_days, rotation.repeat_after_days) == (365, 0, 15, 30)
    assert (half.cycle_days, half.cycle_months, half.grace_days) == (0, 6, 0)
    assert (plain.title, plain.effective_to, plain.valid_months, plain.payment_day) == ("p", None, 12, 1)
    assert (plain.local_residents_only, plain.min_ages, plain.refuse_expired_card) == (False, (), False)
    assert load("deferred-month", title="名").title == "名"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"colour": 1, "zeal": 2}, "unknown key 'colour'"),
        ({"id": ""}, "id: a name expected"),
        ({"id": 7}, "id: a name expected"),
        ({"effective_from": "2026-01-01"}, "effective_from: a date expected"),
        ({"effective_from": datetime(2026, 1, 1)}, "effective_from: a date expected"),
        ({"effective_to": "2026-01-01"}, "effective_to: a date expected"),
        ({"effective_to": date(2025, 12, 31)}, "effective_to lies before effective_from"),
        ({"who": {"scope": "some"}}, "who.scope: 'all' or 'local' expected"),
        ({"who": {"expired_card": ""}}, "who.expired_card: 'tell' or 'refuse' expected"),
        ({"who": {"min_age": {"k": {"men": 60}}}}, "who.min_age.k: men and women expected"),
        ({"who": {"min_age": {"k": 60}}}, "who.min_age.k: men and women expected"),
        ({"who": {"min_age": {"k": {"men": "x", "women": 55}}}}, "who.min_age.k: men and women expected"),
        ({"who": {"zeal": 1, "hair": 2}}, "unknown key who.hair"),
    ],
)
def test_a_file_with_a_wrong_key_is_refused_by_its_name(changes, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        load("deferred-month", **changes)


@pytest.mark.parametrize("name", ["id", "kind", "effective_from"])
def test_what_must_be_there(name):
    given = {"id": "p", "kind": "deferred-month", "effective_from": START}
    del given[name]
    with pytest.raises(ValueError, match=f"key '{name}' is missing"):
        load_policy(given)


def test_who_it_is_for():
    ages = {"b": {"men": "63", "women": 58}, "a": {"men": 60, "women": 55}}
    one = load("deferred-month", who={"scope": "local", "min_age": ages, "expired_card": "refuse"}, effective_to=START)
    assert (one.local_residents_only, one.refuse_expired_card) == (True, True)
    assert one.min_ages == (("a", 60, 55), ("b", 63, 58))
    assert one.effective_to == START  # in force for one day


def test_versions_follow_each_other_without_gap_and_without_overlap():
    first = load("deferred-month", title="1")

    def version(day: date, until: date | None = None):
        return load("deferred-month", title="2", effective_from=day, effective_to=until)

    second = version(date(2027, 1, 1))
    book = PolicyBook([second, load("deferred-month", title="1", effective_to=date(2026, 12, 31))])
    assert [one.title for one in book.all()] == ["1", "2"]
    assert [one.title for one in PolicyBook([second, first]).all()] == ["1", "2"]
    assert "p" in book
    assert "q" not in book
    for until in (date(2026, 12, 30), date(2027, 1, 1)):
        early = load("deferred-month", effective_to=until)
        with pytest.raises(ValueError, match="p: version 1 must end on 2026-12-31, the day before the next begins"):
            PolicyBook([second, early])
    with pytest.raises(ValueError, match="p: version 2 must end on 2026-12-31"):
        PolicyBook([version(date(2027, 1, 1)), first, version(date(2027, 1, 1))])
    assert BOOK.ids == tuple(sorted(BOOK.ids))
