"""When a photograph's template is replaced, and when a face has aged away from its template before a match fails."""

from __future__ import annotations

import struct
from datetime import date, timedelta

import pytest

from kiosk.domain import template_age

FIRST = date(2022, 3, 1)
ACCEPT = 0.424


def passes(*scores, apart=365):
    return [(FIRST + timedelta(days=apart * n), score) for n, score in enumerate(scores)]


@pytest.mark.parametrize(
    ("scores", "falls"),
    [
        ((), False),
        ((0.5,), False),
        ((0.62, 0.62, 0.61), False),
        ((0.62, 0.57, 0.52), False),  # still good for years
        ((0.62, 0.54, 0.47), True),
        ((0.58, 0.47), True),
        ((0.47, 0.58), False),
        ((0.50, 0.46), False),  # less than a fall
        ((0.70, 0.48, 0.60), False),  # one bad day
    ],
)
def test_a_match_that_falls_over_the_years_is_seen_before_it_fails(scores, falls):
    assert template_age.falling(passes(*scores), ACCEPT) is falls


def test_a_fall_within_months_is_chance():
    assert not template_age.falling(passes(0.62, 0.43, apart=100), ACCEPT)


@pytest.mark.parametrize(("score", "is_strong"), [(None, False), (0.424, False), (0.483, False), (0.484, True), (0.9, True)])
def test_only_a_strong_match_replaces_a_photograph(score, is_strong):
    assert template_age.strong(score, ACCEPT) is is_strong


def test_likeness_of_stored_templates():
    one, other, none = (struct.pack("<4f", *values) for values in ((1, 0, 0, 0), (1, 1, 0, 0), (0, 0, 0, 0)))
    assert template_age.likeness(one, one) == pytest.approx(1.0)
    assert template_age.likeness(one, other) == pytest.approx(0.5**0.5)
    assert template_age.likeness(one, none) == 0.0
    assert template_age.likeness(one, b"") == 0.0
    assert template_age.likeness(one, one[:8]) == 0.0
    assert template_age.likeness(b"abc", b"abc") == 0.0
