"""The programme's rules: (policy, benefit, person, today) -> Eligibility. Pure; standard library only.

Called by `store.service` for every look-up, by `kiosk policy explain`, and at the bureau by `reminders`, `periods` and the clerks'
preview of a rule. Dates are local (Asia/Shanghai), boundary days inclusive.
The state after a pass is a line of days without gap or overlap: not yet | open, up to the due date | grace | suspended.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from kiosk.domain.calendar_days import add_months, in_year, month_end, month_start, months_counted
from kiosk.domain.eligibility import Eligibility
from kiosk.domain.identity import IdNumber
from kiosk.domain.person import Benefit, RosterEntry, RosterStatus
from kiosk.domain.policy import Policy, PolicyBook, PolicyKind, UnknownPolicy, load_policy
from kiosk.domain.reasons import Reason

__all__ = [
    "Policy",
    "PolicyBook",
    "PolicyKind",
    "RuleMessage",
    "Standing",
    "Term",
    "UnknownPolicy",
    "after_pass",
    "birthday",
    "decide",
    "load_policy",
    "message_of",
    "opens",
    "period_today",
    "standing",
    "term_after",
]

_DAY = timedelta(days=1)
_DATA_MATCH_OPENS_MONTHS = 3  # ours: who was certified by data match is asked for only this long before the due date
_STATUS_REASONS = {
    RosterStatus.DECEASED: Reason.DECEASED,
    RosterStatus.WITHDRAWN: Reason.WITHDRAWN,
    RosterStatus.ABNORMAL: Reason.ROSTER_ABNORMAL,
}
_PAID = frozenset({RosterStatus.GRACE, RosterStatus.SUSPENDED, RosterStatus.DATA_MATCHED})  # said of nobody else


class Standing(StrEnum):
    """How payment stands on a day, as far as the dates say."""

    OPEN_ENDED = "open-ended"  # no pass and no due date known: nothing can be overdue
    VALID = "valid"
    GRACE = "grace"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class Term:
    """What one pass gives. `next_from`..`due` is the window of the next one."""

    valid_from: date
    due: date  # last day of validity
    next_from: date
    grace_to: date | None
    suspended_from: date


@dataclass(frozen=True, slots=True)
class RuleMessage:
    """What a rule has to say: a key of the catalogue's [rule] table, and the values its text names."""

    key: str
    first: date | None = None
    last: date | None = None
    months: int = 0


def opens(policy: Policy, due: date, born: date | None) -> date:
    """Return the first day of an annual window that ends on `due`, for somebody born then.

    Whoever reaches the age of an earlier opening only after that day may come from the birthday on: so the day depends on policy
    and person alone, never on the day on which it is asked for.
    """
    first = add_months(due, -policy.window_months)
    if born is None:
        return first
    early = (
        max(add_months(due, -policy.window_months - months), add_months(born, age * 12))
        for age, months in policy.early_months_from_age
    )
    return min([first, *early])


def term_after(
    policy: Policy, passed_on: date, *, anchor: date | None = None, at_least: date | None = None, born: date | None = None
) -> Term:
    """Return the term a pass on `passed_on` opens.

    anchor: a due date fixed by the bureau (annual-window: its yearly returns are the due dates). at_least: validity already
    granted, which a pass never shortens. born: the person's birthday, for windows that open earlier from an age on.
    """
    if policy.kind is PolicyKind.DEFERRED_MONTH:
        valid_from = add_months(month_start(passed_on), 1)
        due, next_from = add_months(valid_from, policy.valid_months) - _DAY, valid_from
    elif policy.kind is PolicyKind.ANNUAL_WINDOW:
        valid_from, due = passed_on, add_months(passed_on, policy.valid_months)
        if anchor is not None:
            due, turns = anchor, 0
            while opens(policy, due, born) <= passed_on:
                turns += 1
                due = add_months(anchor, turns * policy.valid_months)  # from the anchor: a 29 February must not drift
        next_from = opens(policy, due, born)
    elif policy.kind is PolicyKind.CAMPAIGN:
        valid_from, year = passed_on, _campaign_year(policy, passed_on) + 1
        due, next_from = in_year(year, *policy.deadline), _campaign_opens(policy, year)
    else:
        valid_from = passed_on
        due = passed_on + timedelta(days=policy.cycle_days) if policy.cycle_days else add_months(passed_on, policy.cycle_months)
        next_from = passed_on + timedelta(days=policy.repeat_after_days)
    if at_least is not None and at_least > due:
        due = at_least
        if policy.kind is PolicyKind.ANNUAL_WINDOW:
            next_from = opens(policy, due, born)
    return _term(policy, valid_from, due, next_from)


def _term(policy: Policy, valid_from: date, due: date, next_from: date) -> Term:
    if policy.kind is PolicyKind.CAMPAIGN:
        end = month_end(due)  # "payment stops from the following month" (S2)
    else:
        end = due + timedelta(days=policy.grace_days)
    return Term(valid_from, due, next_from, end if end > due else None, end + _DAY)


def _campaign_opens(policy: Policy, year: int) -> date:
    opens = in_year(year, *policy.opens)
    return opens if opens <= in_year(year, *policy.deadline) else in_year(year - 1, *policy.opens)


def _campaign_year(policy: Policy, day: date) -> int:
    """Return the year whose campaign `day` belongs to: from its opening to the day before the next opening."""
    # Last year's opens last year or the year before, so one of the three has begun.
    return next(year for year in (day.year + 1, day.year, day.year - 1) if _campaign_opens(policy, year) <= day)


def decide(
    policies: PolicyBook | Policy,
    benefit: Benefit,
    entry: RosterEntry,
    today: date,
    *,
    clock_suspect: bool = False,
    passed_here: bool = False,
    card_expired: bool = False,
) -> Eligibility:
    """Return what the rules say about one benefit of one person on `today`.

    policies: all of them (the version in force at the last pass gives its validity, the version of today everything else, and
    validity once granted is never shortened), or one policy. clock_suspect: no date rule guesses. passed_here: this kiosk holds
    the pass that makes today too early, so the answer is good news. card_expired: the card shown is past its last day, which stops
    nobody but where the policy says so. Raises UnknownPolicy.

    Checks in this order: clock, status, scope, qualification, window, card.
    """
    book = policies if isinstance(policies, PolicyBook) else PolicyBook([policies])
    policy_id = benefit.policy_id if isinstance(policies, PolicyBook) else policies.policy_id
    policy = book.at(policy_id, today)
    last = benefit.last_pass
    term = None if last is None else _current_term(book.at(policy_id, last), policy, benefit, last, birthday(entry))
    if clock_suspect or (last is not None and last > today):
        return _dated(benefit, policy_id, Reason.CLOCK_SUSPECT, term)
    answer = replace(_window(policy, benefit, entry, today, term, passed_here=passed_here), card_expired=card_expired)
    refused = _STATUS_REASONS.get(entry.status)
    if refused is None and policy.local_residents_only and not entry.local_resident:
        refused = Reason.OUT_OF_SCOPE
    if refused is None and not _of_age(policy, benefit, entry, today):
        refused = Reason.NO_QUALIFICATION
    if refused is None and answer.may_pass and card_expired and policy.refuse_expired_card:
        refused = Reason.CARD_EXPIRED
    return answer if refused is None else replace(answer, may_pass=False, reason=refused)


def birthday(entry: RosterEntry) -> date | None:
    """Return when somebody was born, as the roster or else the number says."""
    return entry.born or IdNumber.parse(entry.id_number).born


def _current_term(then: Policy, now: Policy, benefit: Benefit, last: date, born: date | None) -> Term:
    due = benefit.due
    anchor = due if now.kind is PolicyKind.ANNUAL_WINDOW else None
    granted = term_after(then, last, anchor=due if then.kind is PolicyKind.ANNUAL_WINDOW else None, born=born)
    # A due date before the last pass was met by it; one after it can only give the person more time.
    floor = max(granted.due, due) if due is not None and due >= last and anchor is None else granted.due
    term = term_after(now, last, anchor=anchor, at_least=floor, born=born)
    return replace(term, valid_from=granted.valid_from)


def _window(
    policy: Policy, benefit: Benefit, entry: RosterEntry, today: date, term: Term | None, *, passed_here: bool
) -> Eligibility:
    born = birthday(entry)
    if term is None and benefit.due is not None:
        first = opens(policy, benefit.due, born) if policy.kind is PolicyKind.ANNUAL_WINDOW else date.min
        term = _term(policy, date.min, benefit.due, first)
    next_from = date.min if term is None else term.next_from
    may_pass, reason = today >= next_from, Reason.OK
    if not may_pass:
        reason = Reason.ALREADY_DONE if passed_here or _is_repeat(policy, benefit, today, born) else Reason.NOT_YET
    if entry.status is RosterStatus.DATA_MATCHED:
        asked = date.max if term is None else max(next_from, add_months(term.due, -_DATA_MATCH_OPENS_MONTHS))
        if today < asked:
            may_pass, reason = False, Reason.DATA_MATCHED
            term = None if term is None else replace(term, next_from=asked)
    months = 0 if term is None else months_counted(term.suspended_from, today, policy.payment_day)
    if entry.status is RosterStatus.SUSPENDED and may_pass:
        months = max(1, months)  # the bureau says so, whatever the dates here; one month at least is missing
    suspended = months > 0 or (term is not None and today >= term.suspended_from)
    after = term_after(policy, today, anchor=benefit.due, at_least=None if term is None else term.due, born=born)
    answer = _dated(benefit, policy.policy_id, reason, term)
    return replace(
        answer,
        may_pass=may_pass,
        period=_period(policy, benefit, term, today),
        suspended_months=months,
        suspended=suspended,
        earliest_next=today if answer.earliest_next is None and may_pass else answer.earliest_next,
        if_passed_from=after.valid_from,
        if_passed_to=after.due,
        next_from=after.next_from,
        next_to=after.due,
    )


def _dated(benefit: Benefit, policy_id: str, reason: Reason, term: Term | None) -> Eligibility:
    """An answer that holds only what the last pass gave."""
    first = None if term is None or benefit.last_pass is None else term
    return Eligibility(
        benefit_id=benefit.benefit_id,
        benefit_kind=benefit.kind,
        policy_id=policy_id,
        may_pass=False,
        reason=reason,
        period="",
        earliest_next=None if term is None or term.next_from == date.min else term.next_from,
        valid_from=first.valid_from if first else None,
        valid_to=first.due if first else None,
        due=term.due if term else None,
        grace_to=term.grace_to if term else None,
        suspended_from=term.suspended_from if term else None,
        suspended_months=0,
        if_passed_from=None,
        if_passed_to=None,
        next_from=None,
        next_to=None,
    )


def _is_repeat(policy: Policy, benefit: Benefit, today: date, born: date | None) -> bool:
    """True when today lies in the very window the last pass was made in: people come again to make sure (S1)."""
    last = benefit.last_pass
    if last is None or policy.kind is PolicyKind.DEFERRED_MONTH:
        return False  # in the same month S0 answers "尚未到验证时间"
    if policy.kind is PolicyKind.ANNUAL_WINDOW:
        early = (months for age, months in policy.early_months_from_age if born is not None and add_months(born, age * 12) <= last)
        return today <= add_months(last, policy.window_months + max(early, default=0))
    return True


def _period(policy: Policy, benefit: Benefit, term: Term | None, today: date) -> str:
    if policy.kind is PolicyKind.DEFERRED_MONTH:
        return f"{today:%Y-%m}"
    if policy.kind is PolicyKind.CAMPAIGN:
        return str(_campaign_year(policy, today))
    if term is None:
        return f"first/{today:%Y}"
    if policy.kind is PolicyKind.ANNUAL_WINDOW:
        return f"due/{term.due}"  # never the window's opening: it moves with the policy and with age
    return f"{benefit.last_pass or 'first'}/{term.due}"


def _of_age(policy: Policy, benefit: Benefit, entry: RosterEntry, today: date) -> bool:
    """False only when nothing but age could speak for the person.

    A pass, a due date, a day of first payment, or a status that only who is paid can have mean that the bureau pays already:
    early retirement (特殊工种, 病退) is not the kiosk's to judge.
    """
    if benefit.paid_since is not None:
        return benefit.paid_since <= today
    if benefit.last_pass is not None or benefit.due is not None or entry.born is None or entry.status in _PAID:
        return True
    for kind, men, women in policy.min_ages:
        if kind == benefit.kind:
            sex = entry.id_number[16:17] if len(entry.id_number) == 18 else ""
            years = (women if int(sex) % 2 == 0 else men) if sex.isdecimal() else min(men, women)
            return add_months(entry.born, years * 12) <= today
    return True


_BEFORE_DUE = re.compile(r"\d{4}-\d\d-\d\d/(\d{4}-\d\d-\d\d)")


def period_today(kind: PolicyKind, period: str) -> str:
    """Return a period as it is named today: up to 0.1.0 that of an annual window was "opening/due" (docs/changing.md)."""
    old = _BEFORE_DUE.fullmatch(period) if kind is PolicyKind.ANNUAL_WINDOW else None
    return period if old is None else f"due/{old[1]}"


def after_pass(policies: PolicyBook, benefit: Benefit, passed_on: date, born: date | None = None) -> Benefit:
    """Return the benefit as it stands after a pass the roster does not know yet (made on this kiosk, still on its way).

    born: see `birthday`. A due date stays in it only where the pass alone does not give it: fixed by the bureau, or granted longer
    before.
    """
    last = benefit.last_pass
    if last is not None and last >= passed_on:
        return benefit
    policy = policies.at(benefit.policy_id, passed_on)
    granted = benefit.due
    if last is not None:
        granted = _current_term(policies.at(benefit.policy_id, last), policy, benefit, last, born).due
    after = term_after(policy, passed_on, anchor=benefit.due, at_least=granted, born=born)
    due = None if after.due == term_after(policy, passed_on).due else after.due
    return replace(benefit, last_pass=passed_on, due=due)


def standing(answer: Eligibility, today: date) -> Standing:
    """Return how payment stands on `today`, by the dates of an answer."""
    if answer.due is None or answer.suspended_from is None:
        return Standing.OPEN_ENDED
    if today <= answer.due:
        return Standing.VALID
    return Standing.GRACE if today < answer.suspended_from else Standing.SUSPENDED


def message_of(answer: Eligibility, today: date) -> RuleMessage:
    """Return the message of an answer as data: a key of the catalogue's [rule] table and its values."""
    if answer.reason in (Reason.NOT_YET, Reason.ALREADY_DONE):
        first, last = answer.earliest_next, answer.due
        if first is None or last is None:
            return RuleMessage(str(answer.reason))
        if first.day == 1 and last == month_end(last) and last > add_months(first, 6):  # any month will do: name the first
            return RuleMessage(f"{answer.reason}-month", first)
        return RuleMessage(f"{answer.reason}-window", first, last)
    if answer.reason is Reason.DATA_MATCHED and answer.due is not None:
        return RuleMessage("data-matched-until", answer.due)
    if answer.reason is Reason.OK:
        if answer.suspended_months:
            return RuleMessage("ok-suspended", answer.suspended_from, months=answer.suspended_months)
        stands = standing(answer, today)
        if stands is Standing.SUSPENDED:  # since a few days: no payment day was missed yet
            return RuleMessage("ok-suspended-now", answer.suspended_from)
        if stands is not Standing.OPEN_ENDED:
            return RuleMessage(f"ok-{stands}", answer.due, answer.grace_to)
    return RuleMessage(str(answer.reason))
