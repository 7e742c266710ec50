"""Working days, for a promise such as "answered within three working days". Standard library only; pure.

Weekends and the public holidays of a fixed date are always off. What the State Council moves each year (Spring Festival and the
others by the moon, weekends that are worked) is given by the caller: `[review]` of the settings.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

_FIXED = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})  # (month, day), of the regulation of 2024
_SATURDAY = 5


def is_working(day: date, holidays: Collection[date] = (), worked: Collection[date] = ()) -> bool:
    """Return whether offices work on a day. holidays: further days off; worked: weekends that are worked."""
    if day in worked:
        return True
    return day.weekday() < _SATURDAY and (day.month, day.day) not in _FIXED and day not in holidays


def working_days_after(day: date, count: int, holidays: Collection[date] = (), worked: Collection[date] = ()) -> date:
    """Return the `count`-th working day after a day, which does not count itself."""
    while count > 0:
        day += timedelta(days=1)
        count -= is_working(day, holidays, worked)
    return day
