"""Who is to be reminded: suspended first, then whoever is due within thirty days; nobody whose pass would not count."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from kiosk.domain.reminding import Urgency, Urgent, urgent
from tests.visit import samples as x

TODAY = date(2026, 11, 21)


def answer(days, *, suspended=False, may_pass=True):
    due = None if days is None else TODAY + timedelta(days=days)
    return replace(x.due(0), due=due, suspended=suspended, may_pass=may_pass)


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ((), None),
        ((answer(31),), None),
        ((answer(None),), None),
        ((answer(3, may_pass=False),), None),
        ((answer(30),), (Urgency.DUE, 30)),
        ((answer(-3),), (Urgency.DUE, -3)),  # in the days of grace
        ((answer(20), answer(5)), (Urgency.DUE, 5)),
        ((answer(1), answer(None, suspended=True)), (Urgency.SUSPENDED, None)),
        ((answer(-80, suspended=True), answer(-90, suspended=True)), (Urgency.SUSPENDED, -90)),
    ],
)
def test_the_most_urgent_benefit_decides(answers, said):
    found = urgent(answers, TODAY)
    if said is None:
        assert found is None
    else:
        kind, days = said
        due = None if days is None else TODAY + timedelta(days=days)
        assert found == Urgent(kind, due, answers[0].benefit_kind)
