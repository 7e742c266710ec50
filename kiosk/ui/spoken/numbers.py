"""A number that is entered by keys, as it is said: so far, what is missing, what is wrong. Pure; used by `plan` and `session`."""

from __future__ import annotations

from datetime import date

from kiosk.domain.identity import check_digit
from kiosk.texts.said import SPELLED
from kiosk.ui.spoken.pieces import after, digits

NUMBER_LENGTH = 18


def number_fault(number: str) -> str:
    """Return what is wrong with a number: "" (nothing), left, wrong_date or wrong_digit."""
    if len(number) < NUMBER_LENGTH:
        return "left"
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return "wrong_date"
    return "" if check_digit(number[:17]) == number[17] else "wrong_digit"


def number_said(number: str) -> list[str]:
    """Return what is said about the number so far."""
    if not number:
        return ["spoken.number.say_nothing_yet"]
    return ["spoken.number.say_so_far", *after(digits(number), SPELLED), *number_advice(number)]


def number_advice(number: str) -> list[str]:
    """Return how many places are missing, or what is wrong, or that it is complete."""
    fault = number_fault(number)
    if fault == "left":
        return [f"spoken.number.say_left_{NUMBER_LENGTH - len(number)}"]
    return [f"spoken.number.say_{fault or 'complete'}"]
