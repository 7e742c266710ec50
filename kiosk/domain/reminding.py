"""Who is to be reminded, and how urgently: the same rule at the bureau, which makes the list, and at the kiosk, which shows it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from kiosk.domain.eligibility import Eligibility

WITHIN_DAYS = 30  # before the due date


class Urgency(StrEnum):
    """How payment stands."""

    SUSPENDED = "suspended"
    DUE = "due"  # within so many days, or in the days of grace


@dataclass(frozen=True, slots=True)
class Urgent:
    """Why somebody is to be reminded. `due`: the earliest, where a date is known."""

    urgency: Urgency
    due: date | None
    benefit_kind: str


def urgent(answers: Iterable[Eligibility], today: date, within_days: int = WITHIN_DAYS) -> Urgent | None:
    """Return the most urgent of a person's benefits; None: nobody needs to be called, a pass would not count or is not due yet."""
    last = today + timedelta(days=within_days)
    found = [
        Urgent(Urgency.SUSPENDED if one.suspended else Urgency.DUE, one.due, one.benefit_kind)
        for one in answers
        if one.may_pass and (one.suspended or (one.due is not None and one.due <= last))
    ]
    return min(found, key=lambda one: (one.urgency is Urgency.DUE, one.due or date.min), default=None)
