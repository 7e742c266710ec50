"""The last inch of the rules: first days, first years, and the one number beyond which something else is true."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from kiosk.domain.identity import IdNumber, check_digit_pr
from kiosk.domain.person import RosterStatus
from kiosk.domain.reasons import Reason
from kiosk.domain.renewal import PolicyBook, decide, load_policy
from tests.rules.made import BOOK, benefit, person

START = date(2027, 1, 1)


def policy(**changes):
    return load_policy({"id": "deferred-month", "kind": "deferred-month", "effective_from": date(2020, 1, 1), **changes})


def test_a_new_version_is_in_force_from_its_first_day():
    old, new = policy(), policy(effective_from=START, title="new")
    book = PolicyBook([new, old])
    assert book.at("deferred-month", START - timedelta(days=1)).title == "deferred-month"
    assert book.at("deferred-month", START).title == "new"
    assert book.at("deferred-month", date(1999, 1, 1)).title == "deferred-month"  # no day is without a rule


@pytest.mark.parametrize(("year", "born"), [("25", 2025), ("26", 2026), ("27", 1927)])
def test_the_century_of_a_birth_year_of_two_digits(year, born):
    """The card of 2017 has no century: this year's is still this century's, next year's is the last one's."""
    first14 = "PAK3100" + year + "01010"
    assert IdNumber.parse(first14 + check_digit_pr(first14), today=date(2026, 11, 30)).born == date(born, 1, 1)


def test_a_repeat_is_shorter_than_the_cycle_of_the_shortest_months():
    """A month has 28 days at least, and no more can be counted on."""
    cycle = {"cycle_months": 6, "repeat_after_days": 168}
    half = {"id": "h", "kind": "half-yearly", "effective_from": date(2020, 1, 1)}
    assert load_policy(half | {"parameters": cycle}).repeat_after_days == 168
    with pytest.raises(ValueError, match="repeat_after_days: longer than the cycle"):
        load_policy(half | {"parameters": cycle | {"repeat_after_days": 169}})


@pytest.mark.parametrize(
    ("opens", "deadline", "day", "year"),
    [
        ("03-01", "06-30", date(2026, 2, 28), "2025"),  # before this year's begins, last year's goes on
        ("03-01", "06-30", date(2026, 3, 1), "2026"),
        ("11-01", "02-28", date(2026, 10, 31), "2026"),  # over the turn of the year: named by its deadline
        ("11-01", "02-28", date(2026, 11, 1), "2027"),
        ("11-01", "02-28", date(2027, 2, 28), "2027"),
    ],
)
def test_a_campaign_is_named_by_the_year_of_its_deadline(opens, deadline, day, year):
    campaign = policy(id="c", kind="campaign", parameters={"opens": opens, "deadline": deadline})
    answer = decide(campaign, benefit("another", None), person(), day)
    assert (answer.period, answer.policy_id) == (year, "c")  # of the policy that was asked


# --- an expired card ---------------------------------------------------------------------------------------------------

TODAY = date(2027, 3, 1)
STRICT = PolicyBook([policy(who={"expired_card": "refuse"})])


@pytest.mark.parametrize("who", [{}, {"expired_card": "tell"}])
def test_an_expired_card_stops_nobody_unless_the_policy_says_so(who):
    lenient = PolicyBook([policy(who=who)])
    answer = decide(lenient, benefit("deferred-month", None), person(), TODAY, card_expired=True)
    assert (answer.may_pass, answer.reason, answer.card_expired) == (True, Reason.OK, True)
    answer = decide(lenient, benefit("deferred-month", None), person(), TODAY)
    assert (answer.may_pass, answer.card_expired) == (True, False)


def test_where_the_policy_refuses_it_the_reason_is_the_card():
    answer = decide(STRICT, benefit("deferred-month", None), person(), TODAY, card_expired=True)
    assert (answer.may_pass, answer.reason) == (False, Reason.CARD_EXPIRED)
    assert decide(STRICT, benefit("deferred-month", None), person(), TODAY).may_pass


def test_what_is_refused_or_done_anyway_is_not_laid_to_the_card():
    dead = replace(person(), status=RosterStatus.DECEASED)
    assert decide(STRICT, benefit("deferred-month", None), dead, TODAY, card_expired=True).reason is Reason.DECEASED
    early = decide(STRICT, benefit("deferred-month", TODAY), person(), TODAY, passed_here=True, card_expired=True)
    assert early.reason is Reason.ALREADY_DONE


def test_the_switch_has_two_positions_and_the_policies_shipped_tell():
    with pytest.raises(ValueError, match="expired_card"):
        policy(who={"expired_card": "yes"})
    assert not any(version.refuse_expired_card for version in BOOK.all())
