"""Days and months of the local calendar, for the rules. Standard library only; time arrives as an argument, never from a clock."""

from __future__ import annotations

import calendar
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")  # no summer time since 1991


def add_months(day: date, months: int) -> date:
    """Return the same day `months` later (earlier when negative); a day the month lacks becomes its last (31 Aug + 6 = 28 Feb)."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def month_start(day: date) -> date:
    """Return the first day of the month of `day`."""
    return day.replace(day=1)


def month_end(day: date) -> date:
    """Return the last day of the month of `day`."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def in_year(year: int, month: int, day: int) -> date:
    """Return a yearly date in `year`; 29 February becomes the 28th where there is none."""
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


def months_counted(first: date, last: date, day_of_month: int) -> int:
    """Return how often the `day_of_month` (1..28) falls into first..last, both included; 0 when last lies before first."""

    def passed(day: date) -> int:
        return day.year * 12 + day.month - (day.day < day_of_month)

    return max(0, passed(last) - passed(first - timedelta(days=1)))


def local_date(moment_utc: datetime, timezone_name: str = "Asia/Shanghai") -> date:
    """Return the local date of an aware moment. Raises ValueError on a naive moment or an unknown time zone."""
    if moment_utc.tzinfo is None:
        raise ValueError("an aware moment expected")
    if timezone_name == "Asia/Shanghai":
        return moment_utc.astimezone(_CHINA).date()
    try:
        return moment_utc.astimezone(ZoneInfo(timezone_name)).date()
    except ZoneInfoNotFoundError as error:
        raise ValueError(f"unknown time zone {timezone_name!r}") from error
