"""A clock that jumps: when it is suspect, when rules may be relied on, what records say."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kiosk.store import clock, service
from kiosk.store.engine import journal
from kiosk.store.opening import open_store
from tests.store import made

S = timedelta(seconds=1)
DAY = timedelta(days=1)


def see(store, at, counter, boot="b1"):
    return clock.observe(store, at, counter, boot)


def test_a_steady_clock_is_trusted(store):
    for n in range(0, 500, 50):
        assert not see(store, made.NOW + n * S, 100.0 + n).suspect


def test_small_corrections_are_let_pass(store):
    see(store, made.NOW, 0)
    assert not see(store, made.NOW - 119 * S, 0).suspect
    assert see(store, made.NOW - 121 * S, 0).suspect


def test_jump_back_is_suspect_until_confirmed(store):
    see(store, made.NOW, 100)
    state = see(store, made.NOW - 40 * DAY, 110)
    assert (state.suspect, state.blocks_rules, state.high_water_utc) == (True, True, made.NOW)
    assert see(store, made.NOW - 40 * DAY + 90 * S, 200).blocks_rules
    clock.confirm(store, "A1", made.NOW - 40 * DAY + 100 * S, 210)
    state = see(store, made.NOW - 40 * DAY + 200 * S, 310)
    # the counter of another boot id is not compared; what was confirmed holds, and is on record
    assert (state.suspect, state.blocks_rules, state.confirmed_by) == (True, False, "A1")


def test_a_second_jump_below_the_confirmed_date_is_noticed(store):
    see(store, made.NOW, 0)
    see(store, made.NOW - 10 * DAY, 1)
    clock.confirm(store, "A1", made.NOW - 10 * DAY, 2)
    state = see(store, made.NOW - 20 * DAY, 3, clock.boot_id())
    assert (state.blocks_rules, state.confirmed_by) == (True, "")


def test_it_ends_by_itself_when_the_clock_is_right_again(store):
    see(store, made.NOW, 0)
    assert see(store, made.NOW - 10 * DAY, 10).suspect
    state = see(store, made.NOW + 20 * S, 20)
    assert not state.suspect
    assert not see(store, made.NOW + 40 * S, 40).suspect
    assert [one.kind for one in journal.entries_since(store, 0)] == ["clock-jumped-back", "clock-caught-up"]


def test_dead_battery_after_a_restart(folder):
    with open_store(made.settings(folder), now=made.NOW) as store:
        see(store, made.NOW, 5000, "b1")
    with open_store(made.settings(folder), now=made.NOW) as store:
        assert see(store, made.NOW.replace(year=1970), 3, "b2").blocks_rules
        assert not see(store, made.NOW + 60 * S, 63, "b2").suspect  # the network gave the time back


def test_jump_below_the_counter_within_a_boot(store):
    """Back by an hour, yet above the last mark: only the monotonic counter can tell."""
    see(store, made.NOW, 0)
    see(store, made.NOW + 30 * S, 30)
    assert see(store, made.NOW + 60 * S, 3660).suspect


def test_jump_forward_is_journaled_and_the_way_back_is_suspect(store):
    see(store, made.NOW, 0)
    assert not see(store, made.NOW + 400 * DAY, 10).suspect
    assert [one.kind for one in journal.entries_since(store, 0)] == ["clock-jumped-forward"]
    assert see(store, made.NOW + 20 * S, 20).suspect
    clock.confirm(store, "A1", made.NOW + 30 * S, 30)
    assert not clock.observe(store, made.NOW + 40 * S, 40).blocks_rules


def test_a_jump_is_journaled_once(store):
    see(store, made.NOW, 0)
    for n in range(5):
        see(store, made.NOW - DAY + n * S, 1 + n)
    assert len(journal.entries_since(store, 0)) == 1


def test_look_ups_do_not_write_every_time(store):
    see(store, made.NOW, 0)
    before = store.db.conn.total_changes
    for n in range(1, 50):
        see(store, made.NOW + n * S, n)
    assert store.db.conn.total_changes == before


def test_no_date_rule_guesses(store):
    made.give_roster(store, made.entry())
    service.look_up(store, made.PERSON, made.TODAY, now=made.NOW, monotonic_s=0)
    back = made.NOW - 300 * DAY
    answer = service.look_up(store, made.PERSON, back.date(), now=back, monotonic_s=10)
    assert (answer.reason, answer.clock_suspect) == ("clock-suspect", True)
    assert not any(item.may_pass for item in answer.eligibilities)
    clock.confirm(store, "A1", back + S, 11)
    said = clock.evidence(store, back + 2 * S, 12)
    assert (said.suspect, said.confirmed_by) == (True, "A1")
    assert not service.look_up(store, made.PERSON, back.date(), now=back + 3 * S, monotonic_s=13).clock_suspect


@pytest.mark.parametrize("zone_hours", [-11, 0, 8, 13])
def test_time_zones_are_no_jumps(store, zone_hours):
    from datetime import timezone

    see(store, made.NOW, 0)
    assert not see(store, (made.NOW + S).astimezone(timezone(timedelta(hours=zone_hours))), 1).suspect
