"""When to try, how much at a time, when too much waits: decided without clock, network or Qt."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.config import Sync
from kiosk.sync import schedule
from kiosk.sync.schedule import Hold, Level, Trouble

SYNC = Sync()
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MIDNIGHT = NOON.replace(hour=0)


@given(st.lists(st.sampled_from(list(Trouble)), max_size=60), st.integers())
def test_waits_stay_between_now_and_an_hour_and_batches_stay_sendable(troubles, seed):
    pace, rng = schedule.begin(SYNC), random.Random(seed)
    for trouble in troubles:
        pace = schedule.after_trouble(pace, trouble, SYNC, 1000.0, rng, retry_after_s=10.0**9 if trouble is Trouble.BUSY else 0.0)
        assert 1000.0 <= pace.next_try_s <= 1000.0 + SYNC.backoff_max_s
        assert 1 <= pace.batch_limit <= SYNC.batch_size


def test_backoff_grows_to_the_hour_and_success_ends_it():
    pace, rng = schedule.begin(SYNC), random.Random(1)
    waits = []
    for _ in range(12):
        pace = schedule.after_trouble(pace, Trouble.UNREACHABLE, SYNC, 0.0, rng)
        waits.append(pace.next_try_s)
    assert waits[0] <= 75.0
    assert waits[-1] >= SYNC.backoff_max_s / 2
    assert len(set(waits)) == len(waits), "jitter: a fleet must not come back at the same second"
    assert schedule.after_success(pace, SYNC, 0.0, more=False) == schedule.Pace(SYNC.batch_size, 0, SYNC.interval_s, None)


class Longest(random.Random):
    """Draws the upper end: the longest wait that jitter allows."""

    def uniform(self, a, b):
        return b


def test_waits_double_from_a_quarter_of_the_interval():
    pace, waits = schedule.begin(SYNC), []
    for _ in range(6):
        pace = schedule.after_trouble(pace, Trouble.UNREACHABLE, SYNC, 0.0, Longest())
        waits.append(pace.next_try_s)
    assert waits == [SYNC.interval_s * 2.0**n / 4 for n in range(6)]


def test_after_a_round_the_next_is_soon_only_when_more_waits():
    assert schedule.after_success(schedule.begin(SYNC), SYNC, 100.0, more=False).next_try_s == 100.0 + SYNC.interval_s
    assert schedule.after_success(schedule.begin(SYNC), SYNC, 100.0, more=True).next_try_s == 100.0 + schedule.HURRY_S


@pytest.mark.parametrize(("limit", "after"), [(1, 2), (2, 3), (3, 4), (8, 10), (16, 20), (19, 20), (20, 20)])
def test_a_batch_grows_by_a_quarter_and_by_one_at_least(limit, after):
    assert schedule.after_success(schedule.Pace(limit), SYNC, 0.0, more=False).batch_limit == after


@pytest.mark.parametrize(("limit", "after"), [(20, 10), (5, 2), (3, 1), (1, 1)])
def test_half_of_an_odd_size_is_whole(limit, after):
    pace = schedule.after_trouble(schedule.Pace(limit), Trouble.TOO_LARGE, SYNC, 0.0, random.Random(1))
    assert pace.batch_limit == after
    assert isinstance(pace.batch_limit, int)


def test_a_probe_remembers_whether_it_was_answered():
    pace, rng = unreachable()
    for answered in (True, False):
        after = schedule.probe_after_round(pace, SYNC, Hold.NONE, 0.0, rng, answered=answered)
        assert after.silent is (not answered)
    probe, wake = schedule.probe_after_try(schedule.ReachabilityProbe(1.0, silent=True), pace, SYNC, 1.0, rng, answered=True)
    assert (probe, wake) == (schedule.ReachabilityProbe(None, silent=False), True)


def test_a_look_after_the_next_try_is_not_worth_it():
    at = SYNC.probe_s * 1.25
    for next_try_s, at_s in ((at, None), (at + 0.001, at)):
        pace = schedule.Pace(1, 1, next_try_s, Trouble.UNREACHABLE)
        assert schedule.probe_after_round(pace, SYNC, Hold.NONE, 0.0, Longest(), answered=False).at_s == at_s


def test_a_probe_of_a_second_is_one():
    pace = schedule.Pace(1, 1, 100.0, Trouble.UNREACHABLE)
    assert schedule.probe_after_round(pace, Sync(probe_s=1.0), Hold.NONE, 0.0, Longest(), answered=False).at_s == 1.25


@pytest.mark.parametrize("trouble", [Trouble.TOO_LARGE, Trouble.UNKNOWN])
def test_size_is_halved_and_grows_back_slowly(trouble):
    pace = schedule.after_trouble(schedule.begin(SYNC), trouble, SYNC, 0.0, random.Random(1))
    assert pace.batch_limit == 10
    assert schedule.after_success(pace, SYNC, 0.0, more=False).batch_limit == 12


def test_too_large_is_tried_again_at_once_until_one_record_is_too_large_alone():
    pace, rng, waits = schedule.begin(SYNC), random.Random(1), []
    for _ in range(6):
        pace = schedule.after_trouble(pace, Trouble.TOO_LARGE, SYNC, 0.0, rng)
        waits.append(pace.next_try_s)
    assert waits[:4] == [0.0] * 4
    assert pace.batch_limit == 1
    assert waits[5] > 0.0


def test_retry_after_is_obeyed_even_when_somebody_is_in_a_hurry():
    pace = schedule.after_trouble(schedule.begin(SYNC), Trouble.BUSY, SYNC, 0.0, random.Random(1), retry_after_s=600.0)
    assert pace.next_try_s == 600.0
    assert schedule.hurry(pace, 1.0).next_try_s == 600.0
    offline = schedule.after_trouble(schedule.begin(SYNC), Trouble.UNREACHABLE, SYNC, 0.0, random.Random(1))
    assert schedule.hurry(offline, 1.0).next_try_s == 1.0


def unreachable(seed=1, failures=6):
    pace, rng = schedule.begin(SYNC), random.Random(seed)
    for _ in range(failures):
        pace = schedule.after_trouble(pace, Trouble.UNREACHABLE, SYNC, 0.0, rng)
    return pace, rng


def test_while_the_bureau_cannot_be_reached_its_port_is_looked_at():
    pace, rng = unreachable()
    probe = schedule.probe_after_round(pace, SYNC, Hold.NONE, 0.0, rng, answered=False)
    looks = []
    for _ in range(20):
        looks.append(probe.at_s)
        probe, wake = schedule.probe_after_try(probe, pace, SYNC, probe.at_s, rng, answered=False)
        assert not wake
    waits = [after - before for before, after in zip([0.0, *looks], looks, strict=False)]
    assert all(SYNC.probe_s * 0.75 <= one <= SYNC.probe_s * 1.25 for one in waits)
    assert len(set(waits)) == len(waits), "jitter"
    probe, wake = schedule.probe_after_try(probe, pace, SYNC, looks[-1], rng, answered=True)
    assert wake
    assert probe.at_s is None, "the round that follows decides whether to look on"


def test_a_port_that_answers_and_leads_nowhere_does_not_break_the_back_off():
    pace, rng = unreachable()
    probe = schedule.probe_after_round(pace, SYNC, Hold.NONE, 0.0, rng, answered=True)
    for _ in range(5):
        probe, wake = schedule.probe_after_try(probe, pace, SYNC, 10.0, rng, answered=True)
        assert not wake
    probe, wake = schedule.probe_after_try(probe, pace, SYNC, 10.0, rng, answered=False)
    assert not wake
    assert schedule.probe_after_try(probe, pace, SYNC, 10.0, rng, answered=True)[1], "silent in between: now it says something"


@pytest.mark.parametrize(
    ("change", "held", "trouble"),
    [
        ({"metered": True}, Hold.NONE, Trouble.UNREACHABLE),
        ({"probe_s": 0.0}, Hold.NONE, Trouble.UNREACHABLE),
        ({"paused": True}, Hold.PAUSED, Trouble.UNREACHABLE),
        ({"night_only": True}, Hold.NIGHT_ONLY, Trouble.UNREACHABLE),
        ({}, Hold.REVOKED, Trouble.UNREACHABLE),
        ({}, Hold.NONE, None),
        ({}, Hold.NONE, Trouble.BUSY),
        ({}, Hold.NONE, Trouble.UNKNOWN),
        ({}, Hold.NONE, Trouble.FORGED),
        ({"probe_s": 4000.0}, Hold.NONE, Trouble.UNREACHABLE),
    ],
)
def test_when_nobody_looks(change, held, trouble):
    pace, rng = unreachable()
    pace = schedule.Pace(pace.batch_limit, pace.failures, pace.next_try_s, trouble)
    assert schedule.probe_after_round(pace, Sync(**change), held, 0.0, rng, answered=False).at_s is None


@pytest.mark.parametrize(
    ("change", "local", "given", "hold"),
    [
        ({}, NOON, {}, Hold.NONE),
        ({}, NOON, {"provisioned": False}, Hold.NOT_PROVISIONED),
        ({}, NOON, {"revoked": True}, Hold.REVOKED),
        ({"paused": True}, NOON, {}, Hold.PAUSED),
        ({"paused": True}, NOON, {"by_hand": True}, Hold.PAUSED),
        ({"night_only": True}, NOON, {}, Hold.NIGHT_ONLY),
        ({"night_only": True}, NOON, {"by_hand": True}, Hold.NONE),
        ({"night_only": True}, MIDNIGHT, {}, Hold.NONE),
        ({"night_only": True}, NOON.replace(hour=22), {}, Hold.NONE),
        ({"night_only": True}, NOON.replace(hour=6), {}, Hold.NIGHT_ONLY),
        ({"night_only": True, "night_from_hour": 1, "night_to_hour": 5}, NOON.replace(hour=5), {}, Hold.NIGHT_ONLY),
        ({"night_only": True, "night_from_hour": 1, "night_to_hour": 5}, NOON.replace(hour=4), {}, Hold.NONE),
        ({"night_only": True, "night_from_hour": 1, "night_to_hour": 5}, NOON.replace(hour=1), {}, Hold.NONE),
        ({"night_only": True, "night_from_hour": 1, "night_to_hour": 5}, MIDNIGHT, {}, Hold.NIGHT_ONLY),
        ({"night_only": True, "night_from_hour": 3, "night_to_hour": 3}, NOON.replace(hour=3), {}, Hold.NIGHT_ONLY),
    ],
)
def test_switches(change, local, given, hold):
    assert schedule.hold(Sync(**change), local, **{"provisioned": True, "revoked": False, **given}) is hold


@pytest.mark.parametrize(
    ("hours", "level"),
    [
        (23.9, Level.OK),
        (24, Level.BANNER),
        (71.9, Level.BANNER),
        (72, Level.SUPERVISOR),
        (359.9, Level.SUPERVISOR),
        (360, Level.FROZEN),
        (-8760, Level.OK),
    ],
)
def test_freeze_thresholds(hours, level):
    assert schedule.level(SYNC, NOON - timedelta(hours=hours), NOON) is level


def test_nothing_waits_nothing_freezes():
    assert schedule.level(SYNC, None, NOON) is Level.OK
