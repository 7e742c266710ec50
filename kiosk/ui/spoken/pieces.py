"""Numbers and dates as recorded pieces: one key a piece, marked by how it hangs on the one before (`kiosk.texts.said`)."""

from __future__ import annotations

from datetime import date

from kiosk.texts.said import JOINED, SPELLED

WHOLE_YEARS = range(2026, 2041)


def joined(pieces: list[str], mark: str = JOINED) -> list[str]:
    """Return pieces that are said as one word, or one by one."""
    return [piece if number == 0 else f"{mark}{piece}" for number, piece in enumerate(pieces)]


def digits(text: str) -> list[str]:
    """Return the pieces that say a row of digits (and the X of a check character), one by one."""
    return joined([f"spoken.digit.say_{char.lower()}" for char in text if char.isdigit() or char in "xX"], SPELLED)


def record(number: str) -> list[str]:
    """Return the pieces that say a record's number, digits and letters one by one."""
    return joined([f"spoken.{'digit' if char.isdigit() else 'letter'}.say_{char.lower()}" for char in number], SPELLED)


def day_said(day: date, english: bool) -> list[str]:
    """Return the pieces that say a date; a year of its own recording is said more clearly than digit by digit."""
    if day.year in WHOLE_YEARS:
        year = [f"spoken.date.say_year_{day.year}"]
    else:
        year = [f"spoken.digit.say_{char}" for char in f"{day.year:04d}"] + ([] if english else ["spoken.date.say_year"])
    month, number = f"spoken.date.say_month_{day.month}", f"spoken.date.say_day_{day.day}"
    return joined([number, month, *year] if english else [*year, month, number])


def after(pieces: list[str], mark: str = JOINED) -> list[str]:
    """Return pieces that belong to what is said before them: without a pause, or after a moment of quiet."""
    return [f"{mark}{pieces[0]}", *pieces[1:]] if pieces else []
