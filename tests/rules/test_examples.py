"""Every example of the programme's sources (docs/programme.md), and the boundaries around it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from kiosk.domain.person import Benefit, RosterEntry, RosterStatus
from kiosk.domain.reasons import Reason
from kiosk.domain.renewal import PolicyBook, Standing, after_pass, decide, load_policy, message_of, standing
from tests.rules.made import BOOK, benefit, person


def d(text: str) -> date:
    return date.fromisoformat(text)


def ask(policy: str, last: str | None, today: str, **changes):
    return decide(BOOK, benefit(policy, d(last) if last else None, **changes), person(), d(today))


def test_deferred_month_example():
    again = ask("deferred-month", "2026-03-15", "2026-03-31")
    assert (again.may_pass, again.reason) == (False, Reason.NOT_YET)
    assert (again.valid_from, again.valid_to) == (d("2026-04-01"), d("2027-03-31"))
    assert again.earliest_next == d("2026-04-01")
    said = message_of(again, d("2026-03-31"))
    assert (said.key, said.first) == ("not-yet-month", d("2026-04-01"))
    assert ask("deferred-month", "2026-03-15", "2026-04-01").may_pass


def test_deferred_month_here_is_good_news():
    answer = decide(BOOK, benefit("deferred-month", d("2026-03-15")), person(), d("2026-03-15"), passed_here=True)
    assert answer.reason is Reason.ALREADY_DONE
    assert message_of(answer, d("2026-03-15")).key == "already-done-month"


def test_deferred_month_overdue():
    assert ask("deferred-month", "2026-03-15", "2027-03-31").suspended_months == 0
    late = ask("deferred-month", "2026-03-15", "2027-06-10")
    assert late.may_pass
    assert late.suspended_from == d("2027-04-01")
    assert late.suspended_months == 3  # April, May, June
    assert (late.if_passed_from, late.if_passed_to) == (d("2027-07-01"), d("2028-06-30"))
    assert message_of(late, d("2027-06-10")).key == "ok-suspended"


def test_annual_window_example():
    early = ask("annual-window", "2026-03-15", "2026-12-14")
    assert (early.may_pass, early.reason) == (False, Reason.NOT_YET)
    said = message_of(early, d("2026-12-14"))
    assert (said.key, said.first, said.last) == ("not-yet-window", d("2026-12-15"), d("2027-03-15"))
    assert ask("annual-window", "2026-03-15", "2026-12-15").may_pass
    assert ask("annual-window", "2026-03-15", "2027-03-15").suspended_from == d("2027-03-16")


def test_annual_window_second_try_is_good_news():
    assert ask("annual-window", "2026-03-15", "2026-03-20").reason is Reason.ALREADY_DONE
    assert ask("annual-window", "2026-03-15", "2026-06-15").reason is Reason.ALREADY_DONE
    assert ask("annual-window", "2026-03-15", "2026-06-16").reason is Reason.NOT_YET


def test_annual_window_of_a_due_date_fixed_by_the_bureau():
    fixed = d("2026-08-31")
    early = ask("annual-window", "2025-08-01", "2026-05-30", due=fixed)
    assert (early.may_pass, early.reason) == (False, Reason.NOT_YET)
    assert ask("annual-window", "2025-08-01", "2026-05-31", due=fixed).may_pass
    after = after_pass(BOOK, benefit("annual-window", d("2025-08-01"), due=fixed), d("2026-06-10"))
    assert (after.last_pass, after.due) == (d("2026-06-10"), d("2027-08-31"))  # an early pass loses nothing
    assert ask("annual-window", "2026-06-10", "2026-07-01", due=fixed).due == d("2027-08-31")


def test_whoever_is_eighty_may_come_earlier_and_the_pass_keeps_its_key():
    """Born 1946-11-20: 80 before the window to 2027-03-15 opens for all (2026-12-15), after it could for the old."""
    policy = replace(BOOK.at("annual-window", d("2026-03-15")), early_months_from_age=((80, 3),))
    old, younger = (person(born=d(day), id_number="") for day in ("1940-01-01", "1946-11-20"))
    held = benefit("annual-window", d("2026-03-15"))

    def refused(who: RosterEntry, day: str) -> tuple[bool, Reason]:
        answer = decide(policy, held, who, d(day))
        return answer.may_pass, answer.reason

    assert refused(old, "2026-09-14") == (False, Reason.ALREADY_DONE)  # in the window of the last one, for whom it is longer
    assert decide(policy, held, old, d("2026-09-15")).may_pass
    assert refused(younger, "2026-11-19") == (False, Reason.NOT_YET)
    assert decide(policy, held, younger, d("2026-11-20")).may_pass  # the birthday
    assert refused(person(), "2026-12-14") == (False, Reason.NOT_YET)
    told = message_of(decide(policy, held, old, d("2026-08-01")), d("2026-08-01"))
    assert (told.first, told.last) == (d("2026-09-15"), d("2027-03-15"))
    keys = {decide(policy, held, one, d("2026-12-20")).period for one in (old, younger, person())}
    keys.add(decide(replace(policy, window_months=2, early_months_from_age=()), held, old, d("2027-02-01")).period)
    assert keys == {"due/2027-03-15"}
    by_number = decide(policy, held, person(born=None, id_number="440300194001010018"), d("2026-09-15"))
    assert by_number.may_pass  # the roster need not say the birthday
    assert {version.policy_id: version.early_months_from_age for version in BOOK.all() if version.early_months_from_age} == {
        "annual-window": ((80, 3),)  # what is shipped
    }


def test_rotation_example():
    answer = ask("rotation", "2026-03-15", "2027-03-15")
    assert (answer.due, answer.grace_to, answer.suspended_from) == (d("2027-03-15"), d("2027-03-30"), d("2027-03-31"))
    assert standing(answer, d("2027-03-15")) is Standing.VALID
    assert standing(answer, d("2027-03-16")) is Standing.GRACE
    assert standing(answer, d("2027-03-30")) is Standing.GRACE
    assert standing(answer, d("2027-03-31")) is Standing.SUSPENDED
    assert not ask("rotation", "2026-03-15", "2027-03-30").suspended
    first = ask("rotation", "2026-03-15", "2027-03-31")
    assert (first.suspended, first.suspended_months) == (True, 0)  # no payment day was missed yet
    second = ask("rotation", "2026-03-15", "2027-04-01")
    assert (second.suspended, second.suspended_months) == (True, 1)
    assert message_of(ask("rotation", "2026-03-15", "2027-03-20"), d("2027-03-20")).key == "ok-grace"


def test_rotation_counts_365_days_over_a_leap_day_and_months_where_asked():
    assert ask("rotation", "2027-03-15", "2027-05-01").due == d("2028-03-14")
    by_month = load_policy(
        {"id": "rotation", "kind": "rotation", "effective_from": d("2025-01-01"), "parameters": {"cycle_months": 12}}
    )
    answer = decide(by_month, benefit("rotation", d("2028-02-29")), person(), d("2028-05-01"))
    assert (answer.due, answer.grace_to) == (d("2029-02-28"), d("2029-03-15"))


def test_rotation_repeat_is_good_news():
    assert ask("rotation", "2026-03-15", "2026-03-15").reason is Reason.ALREADY_DONE
    assert ask("rotation", "2026-03-15", "2026-04-13").reason is Reason.ALREADY_DONE
    assert ask("rotation", "2026-03-15", "2026-04-14").may_pass


def test_half_yearly_month_end_and_no_grace():
    answer = ask("half-yearly", "2026-08-31", "2027-03-01")
    assert (answer.due, answer.grace_to, answer.suspended_from) == (d("2027-02-28"), None, d("2027-03-01"))
    assert answer.suspended_months == 1


def test_campaign_example():
    answer = ask("campaign", "2017-05-01", "2018-06-20")
    assert answer.may_pass
    assert (answer.due, answer.grace_to, answer.suspended_from) == (d("2018-06-20"), d("2018-06-30"), d("2018-07-01"))
    assert ask("campaign", "2017-05-01", "2018-06-30").suspended_months == 0
    assert ask("campaign", "2017-05-01", "2018-07-01").suspended_months == 1
    late = ask("campaign", "2017-05-01", "2018-09-10")
    assert (late.suspended_months, late.period, late.if_passed_to) == (3, "2018", d("2019-06-20"))
    done = ask("campaign", "2018-02-01", "2018-03-01")
    assert (done.reason, done.earliest_next, done.due) == (Reason.ALREADY_DONE, d("2019-01-01"), d("2019-06-20"))


def test_first_pass_has_no_debts():
    for policy in BOOK.ids:
        answer = ask(policy, None, "2026-07-15")
        assert answer.may_pass, policy
        assert answer.suspended_months == 0
        assert answer.due is None


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (RosterStatus.DECEASED, Reason.DECEASED),
        (RosterStatus.WITHDRAWN, Reason.WITHDRAWN),
        (RosterStatus.ABNORMAL, Reason.ROSTER_ABNORMAL),
    ],
)
def test_status_forbids(status, reason):
    answer = decide(BOOK, benefit("deferred-month", d("2025-03-15")), person(status=status), d("2026-03-15"))
    assert (answer.may_pass, answer.reason) == (False, reason)


def test_suspended_by_the_bureau_is_resumed():
    answer = decide(BOOK, benefit("deferred-month", None), person(status=RosterStatus.SUSPENDED), d("2026-03-15"))
    assert (answer.may_pass, answer.suspended_months) == (True, 1)


def test_data_match_is_shown_as_done_until_the_last_months():
    matched = person(status=RosterStatus.DATA_MATCHED)
    done = decide(BOOK, benefit("deferred-month", d("2026-03-15")), matched, d("2026-11-01"))
    assert (done.may_pass, done.reason, done.earliest_next) == (False, Reason.DATA_MATCHED, d("2026-12-31"))
    said = message_of(done, d("2026-11-01"))
    assert (said.key, said.first) == ("data-matched-until", d("2027-03-31"))
    assert decide(BOOK, benefit("deferred-month", d("2026-03-15")), matched, d("2026-12-31")).may_pass


def test_scope_is_a_switch():
    away = person(local_resident=False)
    assert decide(BOOK, benefit("annual-window", None), away, d("2026-03-15")).reason is Reason.OUT_OF_SCOPE
    assert decide(BOOK, benefit("deferred-month", None), away, d("2026-03-15")).may_pass


def test_not_of_retirement_age():
    man = person(born=d("1976-03-16"), id_number="440300197603160019")
    woman = person(born=d("1976-03-16"), id_number="440300197603160027")
    assert decide(BOOK, benefit("deferred-month", None), man, d("2026-03-15")).reason is Reason.NO_QUALIFICATION
    assert decide(BOOK, benefit("deferred-month", None), man, d("2026-03-16")).may_pass
    assert decide(BOOK, benefit("deferred-month", None), woman, d("2026-03-15")).may_pass


@pytest.mark.parametrize(
    ("born", "number"),
    [
        ("1971-03-16", "440300197103160019"),  # 特殊工种: men from 55
        ("1981-03-15", "440300198103150027"),  # 特殊工种, 病退: women from 45
        ("1976-03-15", "440300197603150019"),  # 病退: men from 50
    ],
)
def test_early_retirement_is_not_refused_by_age(born, number):
    for status in (RosterStatus.ACTIVE, RosterStatus.SUSPENDED, RosterStatus.GRACE):
        early = person(born=d(born), id_number=number, status=status)
        assert decide(BOOK, benefit("deferred-month", None), early, d("2026-03-16")).may_pass


def test_whom_the_bureau_pays_is_of_age_whatever_the_age():
    young = person(born=d("1990-03-16"), id_number="440300199003160019")
    held = benefit("deferred-month", None)
    assert decide(BOOK, held, young, d("2026-03-15")).reason is Reason.NO_QUALIFICATION
    assert decide(BOOK, replace(held, paid_since=d("2026-02-01")), young, d("2026-03-15")).may_pass
    assert decide(BOOK, replace(held, paid_since=d("2026-04-01")), young, d("2026-03-15")).reason is Reason.NO_QUALIFICATION
    assert decide(BOOK, replace(held, last_pass=d("2025-03-01")), young, d("2026-03-15")).may_pass
    assert decide(BOOK, held, replace(young, status=RosterStatus.SUSPENDED), d("2026-03-15")).may_pass


def test_suspect_clock_gives_no_date():
    answer = decide(BOOK, benefit("rotation", d("2020-01-01")), person(), d("2026-03-15"), clock_suspect=True)
    assert (answer.may_pass, answer.reason, answer.suspended_months, answer.if_passed_to) == (False, Reason.CLOCK_SUSPECT, 0, None)
    assert ask("rotation", "2026-03-16", "2026-03-15").reason is Reason.CLOCK_SUSPECT  # a pass to come


def test_change_of_policy_between_two_passes():
    old = load_policy({"id": "p", "kind": "deferred-month", "effective_from": d("2020-01-01")})
    new = load_policy({"id": "p", "kind": "half-yearly", "effective_from": d("2027-01-01")})
    book = PolicyBook([new, old])
    held = Benefit("b", "enterprise-employee", "p", d("2026-03-15"))
    before = decide(book, held, person(), d("2026-12-31"))
    after = decide(book, held, person(), d("2027-01-01"))
    assert before.due == after.due == d("2027-03-31")  # what was granted stays
    assert after.may_pass
    passed = after_pass(book, held, d("2027-01-10"))
    assert decide(book, passed, person(), d("2027-02-15")).due == d("2027-07-10")
    early = after_pass(book, replace(held, last_pass=d("2026-12-30")), d("2027-02-01"))
    assert decide(book, early, person(), d("2027-03-05")).due == d("2027-12-31")


def test_versions_must_follow_each_other():
    def version(start, end=None):
        return load_policy(
            {"id": "p", "kind": "deferred-month", "effective_from": d(start), **({"effective_to": d(end)} if end else {})}
        )

    PolicyBook([version("2020-01-01", "2026-12-31"), version("2027-01-01")])
    for end in ("2026-12-30", "2027-01-01"):
        with pytest.raises(ValueError, match="2026-12-31"):
            PolicyBook([version("2020-01-01", end), version("2027-01-01")])


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"kind": "rotation", "effective_from": d("2025-01-01")}, "id"),
        ({"id": "p", "kind": "often", "effective_from": d("2025-01-01")}, "often"),
        ({"id": "p", "kind": "rotation", "effective_from": "2025-01-01"}, "effective_from"),
        ({"id": "p", "kind": "rotation", "effective_from": d("2025-01-01"), "parameters": {"grace": 15}}, "grace"),
        ({"id": "p", "kind": "rotation", "effective_from": d("2025-01-01"), "parameters": {"grace_days": -1}}, "grace_days"),
        ({"id": "p", "kind": "rotation", "effective_from": d("2025-01-01"), "parameters": {"grace_days": True}}, "grace_days"),
        ({"id": "p", "kind": "campaign", "effective_from": d("2025-01-01")}, "deadline"),
        ({"id": "p", "kind": "campaign", "effective_from": d("2025-01-01"), "parameters": {"deadline": "02-30"}}, "deadline"),
        ({"id": "p", "kind": "rotation", "effective_from": d("2025-01-01"), "who": {"scope": "mars"}}, "scope"),
        ({"id": "p", "kind": "rotation", "effective_from": d("2025-01-01"), "effect": 1}, "effect"),
    ],
)
def test_a_wrong_policy_file_is_refused_by_key(data, said):
    with pytest.raises(ValueError, match=said):
        load_policy(data)


def test_entry_is_not_changed():
    entry: RosterEntry = person()
    decide(BOOK, benefit("rotation", None), entry, d("2026-03-15"))
    assert entry == person()
