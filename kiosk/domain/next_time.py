"""When to come next, as one sentence with one date: which key of the catalogue's [next_time] fits, and which fixed text says it.

Pure. Used by the result and answer pages, the prompts and the slip, so that screen, voice, paper and code never disagree.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from kiosk.domain.calendar_days import month_end
from kiosk.domain.eligibility import Eligibility

# A window that opens this soon needs no first day: the last day alone is what a person has to remember.
_SOON = timedelta(days=62)


@dataclass(frozen=True, slots=True)
class NextTime:
    """`key`: of [next_time], filled with `first` and `last`. `spoken`: a key without places, for the voice."""

    key: str
    spoken: str
    first: date | None = None
    last: date | None = None


def next_time(first: date | None, last: date | None, today: date) -> NextTime | None:
    """Return the sentence for the window `first`..`last` (inclusive, what is known of it) as read on `today`; None: no date."""
    if last is None:
        return None if first is None else NextTime("next_time.from_day", "next_time.say_on_screen", first, first)
    whole_month = last == month_end(last)
    if first is None or first - today <= _SOON:
        if whole_month:
            return NextTime("next_time.before_month", _spoken("before", last, today), last, last)
        return NextTime("next_time.before_day", _spoken("in", last, today), last, last)
    if first.day == 1 and whole_month:
        if (first.year, first.month) == (last.year, last.month):
            return NextTime("next_time.in_month", _spoken("in", first, today), first, last)
        key = "between_months" if first.year == last.year else "between_months_years"
    else:
        key = "between" if first.year == last.year else "between_years"
    return NextTime(f"next_time.{key}", _spoken("from", first, today), first, last)


def next_window(passed: Iterable[Eligibility]) -> tuple[date | None, date | None]:
    """Return the next window of whoever has passed for these benefits: the earliest of each end."""
    passed = tuple(passed)
    firsts, lasts = [one.next_from for one in passed if one.next_from], [one.next_to for one in passed if one.next_to]
    return min(firsts, default=None), min(lasts, default=None)


def open_now(due: date | None, today: date) -> NextTime:
    """Return the sentence for somebody who may come today; `due`: the last day without consequences, if one is known."""
    if due is None or due < today:
        return NextTime("next_time.today", "page.answer.say_today")
    key = "next_time.today_month" if due == month_end(due) else "next_time.today_day"
    return NextTime(key, "page.answer.say_today", due, due)


def valid_until(due: date, today: date) -> NextTime:
    """Return the sentence for somebody who was certified by data match: until when, and nothing to do."""
    key = "next_time.valid_month" if due == month_end(due) else "next_time.valid_day"
    return NextTime(key, _spoken("until", due, today), due, due)


def _spoken(kind: str, day: date, today: date) -> str:
    year = {0: "this_year", 1: "next_year"}.get(day.year - today.year)
    return f"next_time.{year}.say_{kind}_{day.month}" if year else "next_time.say_on_screen"
