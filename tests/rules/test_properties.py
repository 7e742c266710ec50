"""Properties of every policy: no gap, no overlap, the next date is always reachable, a pass never shortens validity."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from kiosk.domain.calendar_days import add_months, months_counted
from kiosk.domain.person import Benefit, RosterStatus
from kiosk.domain.policy import Policy, PolicyBook, PolicyKind
from kiosk.domain.reasons import Reason
from kiosk.domain.renewal import Standing, after_pass, decide, standing
from tests.rules.made import person

DAY = timedelta(days=1)
BORN = person().born
days = st.dates(date(2016, 1, 1), date(2035, 12, 31))


@st.composite
def policies(draw, start: date = date(2010, 1, 1)) -> Policy:
    kind = draw(st.sampled_from(list(PolicyKind)))
    pay = draw(st.integers(1, 28))
    if kind is PolicyKind.CAMPAIGN:
        yearly = st.dates(date(2024, 1, 1), date(2024, 12, 31)).map(lambda day: (day.month, day.day))
        deadline, opens = draw(st.tuples(yearly, yearly).filter(lambda two: two[0] != two[1] and two[0][1] < 29 > two[1][1]))
        return Policy("p", kind, "", start, deadline=deadline, opens=opens, payment_day=pay)
    if kind in (PolicyKind.ROTATION, PolicyKind.HALF_YEARLY):
        months = draw(st.sampled_from([0, 6, 12]))
        return Policy(
            "p",
            kind,
            "",
            start,
            cycle_days=0 if months else 365,
            cycle_months=months,
            payment_day=pay,
            grace_days=draw(st.sampled_from([0, 15])),
            repeat_after_days=draw(st.integers(1, 60)),
        )
    # The person of these tests is born on 1950-01-01: younger than both ages, between them, past both.
    early = draw(st.sampled_from([(), ((80, 3),), ((70, 1), (80, 5))])) if kind is PolicyKind.ANNUAL_WINDOW else ()
    grace = draw(st.sampled_from([0, 15]))
    return Policy("p", kind, "", start, grace_days=grace, payment_day=pay, early_months_from_age=early)


@st.composite
def books(draw) -> PolicyBook:
    first = draw(policies())
    if not draw(st.booleans()):
        return PolicyBook([first])
    return PolicyBook([first, draw(policies(draw(days)))])


dues = st.none() | days


@given(books(), days, dues)
@settings(max_examples=25, deadline=None)
def test_days_after_a_pass_form_one_line_without_gap_or_overlap(book, passed_on, due):
    """Day by day for three years: too early, open, grace, suspended, each once and in this order."""
    held = Benefit("b", "k", "p", passed_on, due)
    versions = {book.at("p", passed_on)} | {book.at("p", passed_on + DAY * n) for n in range(0, 1100)}
    seen = []
    for n in range(0, 1100, 1 if len(versions) == 1 else 7):
        today = passed_on + DAY * n
        answer = decide(book, held, person(), today)
        stands = standing(answer, today)
        seen.append((answer.may_pass, stands))
        assert answer.suspended_from is not None
        assert answer.due is not None
        assert answer.suspended_from == (answer.grace_to or answer.due) + DAY
        assert answer.may_pass is (answer.reason is Reason.OK)
        if stands in (Standing.GRACE, Standing.SUSPENDED):
            assert answer.may_pass  # whoever is overdue may always pass
        assert answer.period
    if len(versions) == 1:
        order = [(False, Standing.VALID), (True, Standing.VALID), (True, Standing.GRACE), (True, Standing.SUSPENDED)]
        ranks = [order.index(state) for state in seen]
        assert ranks == sorted(ranks)


@given(books(), days, dues, st.integers(0, 900))
@settings(max_examples=300, deadline=None)
def test_next_date_is_always_reachable(book, passed_on, due, later):
    today = passed_on + DAY * later
    held = Benefit("b", "k", "p", passed_on, due)
    answer = decide(book, held, person(), today)
    if answer.may_pass:
        assert answer.next_from is not None
        assert answer.next_to is not None
        assert today < answer.next_from <= answer.next_to
        return
    assert answer.earliest_next is not None
    assert answer.due is not None
    assert today < answer.earliest_next <= answer.due
    if book.at("p", today) == book.at("p", answer.earliest_next):
        assert decide(book, held, person(), answer.earliest_next).may_pass
        before = decide(book, held, person(), answer.earliest_next - DAY)
        assert not before.may_pass
        assert before.reason in (Reason.NOT_YET, Reason.ALREADY_DONE)


@given(books(), days, dues, st.integers(0, 900))
@settings(max_examples=300, deadline=None)
def test_a_pass_never_shortens_validity_and_keeps_its_promise(book, passed_on, due, later):
    today = passed_on + DAY * later
    held = Benefit("b", "k", "p", passed_on, due)
    answer = decide(book, held, person(), today)
    if not answer.may_pass:
        return
    assert answer.due is not None
    assert answer.if_passed_to is not None
    assert answer.if_passed_to >= answer.due
    assert answer.if_passed_to > today
    again = decide(book, after_pass(book, held, today, BORN), person(), today)
    assert again.valid_to == answer.if_passed_to  # what the result page said is what the rules say afterwards
    assert again.earliest_next == answer.next_from
    assert not again.may_pass  # and one pass is enough
    assert again.reason in (Reason.NOT_YET, Reason.ALREADY_DONE)


@given(policies(), days, st.lists(st.integers(1, 500), min_size=1, max_size=6))
@settings(max_examples=200, deadline=None)
def test_each_pass_has_its_own_period(policy, first, waits):
    """Passes that count never share a pass key, so the bureau can merge by it."""
    book = PolicyBook([policy])
    held, today, periods = Benefit("b", "k", "p", None), first, []
    for wait in waits:
        answer = decide(book, held, person(), today)
        if answer.may_pass:
            periods.append(answer.period)
            held = after_pass(book, held, today, BORN)
        today += DAY * wait
    assert len(periods) == len(set(periods))


@given(policies(), days, st.integers(0, 900))
@settings(max_examples=100, deadline=None)
def test_data_match_delays_but_never_blocks(policy, passed_on, later):
    held = Benefit("b", "k", "p", passed_on)
    matched = replace(person(), status=RosterStatus.DATA_MATCHED)
    answer = decide(policy, held, matched, passed_on + DAY * later)
    if not answer.may_pass:
        assert answer.earliest_next is not None
        assert decide(policy, held, matched, answer.earliest_next).may_pass


@given(days, st.integers(-400, 400), st.integers(1, 28))
@example(date(2026, 2, 2), 27, 1)  # begins the day after the one that counts
def test_months_counted_counts_days(first, length, day):
    last = first + DAY * length
    assert months_counted(first, last, day) == sum((first + DAY * n).day == day for n in range(length + 1))


@given(days, st.integers(-60, 60))
def test_add_months_stays_in_the_month_asked_for(day, months):
    moved = add_months(day, months)
    assert (moved.year * 12 + moved.month) - (day.year * 12 + day.month) == months
    assert moved.day == day.day or (moved.day < day.day and (moved + DAY).day == 1)
