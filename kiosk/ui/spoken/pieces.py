"""Numbers and dates as recorded pieces: one key a piece, a + before what is joined to the one before."""

from __future__ import annotations

from datetime import date


def joined(pieces: list[str]) -> list[str]:
    """Return pieces that are said as one word."""
    return [piece if number == 0 else f"+{piece}" for number, piece in enumerate(pieces)]


def digits(text: str) -> list[str]:
    """Return the pieces that say a row of digits (and the X of a check character), one by one."""
    return joined([f"spoken.digit.say_{char.lower()}" for char in text if char.isdigit() or char in "xX"])


def day_said(day: date, english: bool) -> list[str]:
    """Return the pieces that say a date."""
    year = [f"spoken.digit.say_{char}" for char in f"{day.year:04d}"]
    month, number = f"spoken.date.say_month_{day.month}", f"spoken.date.say_day_{day.day}"
    return joined([number, month, *year] if english else [*year, "spoken.date.say_year", month, number])


def after(pieces: list[str]) -> list[str]:
    """Return pieces that are said without a pause after what is before them."""
    return [f"+{pieces[0]}", *pieces[1:]] if pieces else []
