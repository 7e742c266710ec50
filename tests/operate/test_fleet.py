"""The simulated day: what goes in comes out, more costs more, and what is too much is named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kiosk.bench import fleet
from kiosk.bench.fleet import Day, Measured

COST = Measured(190, 1600, 2200, 2000, 2000, 0.010, 0.0003, 0.015, 525)


def told(day=None, cost=COST, kiosks=200, visits=20, cores=4, uplink=1e6):
    return fleet.simulate(day or Day("x"), cost, kiosks, visits, cores, uplink, np.random.default_rng(1))


def test_an_ordinary_day_delivers_everything():
    one = told()
    assert one["records_left"] == 0
    assert one["breaks_first"].startswith("nothing")
    assert one["requests"] >= 200 * 288 * 5
    assert one["up_GB"] * 1e9 > 200 * 20 * COST.record_bytes


def test_a_bureau_that_was_away_gets_it_all_afterwards_and_at_once():
    away = told(Day("away", away=(43200, 50400)))
    assert away["records_left"] == 0
    assert away["requests"] < told()["requests"]
    assert away["requests_a_second_most"] > told()["requests_a_second_most"]


@pytest.mark.parametrize(
    ("change", "what"),
    [({"cost": replace(COST, poll_s=10.0)}, "the processor"), ({"day": Day("r", roster=(36000, 5e7))}, "the line")],
)
def test_what_is_too_much_is_named(change, what):
    assert told(**change)["breaks_first"].startswith(what)
