"""A clock that jumps: when it is suspect, when rules may be relied on, what records say."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kiosk.domain.person import Person
from kiosk.domain.reasons import Reason
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


@pytest.mark.parametrize("year", [1970, 2019])
def test_a_clock_before_the_program_was_built_is_suspect_from_the_first_look(store, year):
    early = made.NOW.replace(year=year)
    assert see(store, early, 0).blocks_rules
    assert see(store, early + 90 * S, 90).blocks_rules
    assert not see(store, made.NOW, 100).suspect
    assert [one.kind for one in journal.entries_since(store, 0)] == ["clock-too-early", "clock-caught-up"]


def test_a_clock_before_its_rosters_issue_is_suspect_until_confirmed(store):
    see(store, made.NOW, 0)
    made.give_roster(store, made.entry(), at=made.NOW + 30 * DAY)
    told = service.look_up(store, Person("陈小芳", made.NUMBER), made.TODAY, now=made.NOW + 60 * S, monotonic_s=60.0)
    assert (told.clock_suspect, told.reason) == (True, Reason.CLOCK_SUSPECT)
    assert not any(one.may_pass for one in told.eligibilities)
    clock.confirm(store, "A1", made.NOW + 61 * S, 61)
    assert not see(store, made.NOW + 120 * S, 120, clock.boot_id()).blocks_rules
    made.give_roster(store, made.entry(), version=2, at=made.NOW + 40 * DAY)  # another word of the bureau: asked again
    assert see(store, made.NOW + 180 * S, 180, clock.boot_id()).blocks_rules
    assert not see(store, made.NOW + 40 * DAY, 200, clock.boot_id()).suspect


def test_a_roster_of_some_hours_ahead_disturbs_nobody(store):
    see(store, made.NOW, 0)
    made.give_roster(store, made.entry(), at=made.NOW + timedelta(hours=20))
    assert not see(store, made.NOW + 60 * S, 60).suspect


@pytest.mark.parametrize("boot", ["boot-1", "boot-2"])
def test_the_latest_time_ever_seen_never_falls(store, boot):
    """A correction by some seconds is let pass; the mark stays where it was, in the answer and in the database."""
    clock.observe(store, made.NOW, 100.0, "boot-1")
    later = made.NOW + timedelta(minutes=5)
    assert clock.observe(store, later, 400.0, "boot-1").high_water_utc == later
    back = later - timedelta(seconds=30)
    with store.transaction():  # as in a save, where it is always written
        state = clock.observe(store, back, 401.0, boot)
    assert (state.suspect, state.high_water_utc) == (False, later)
    assert clock.observe(store, later, 431.0, boot).high_water_utc == later
    assert store.db.execute("SELECT high_water FROM clock").fetchone()[0] == later.isoformat()


def test_the_mark_stays_when_the_clock_has_caught_up(store):
    clock.observe(store, made.NOW, 100.0, "boot-1")
    assert clock.observe(store, made.NOW - DAY, 101.0, "boot-1").suspect
    limit = timedelta(seconds=store.settings.rules.clock_jump_back_s)
    state = clock.observe(store, made.NOW - limit / 2, 102.0, "boot-1")
    assert (state.suspect, state.high_water_utc) == (False, made.NOW)
    assert store.db.execute("SELECT high_water FROM clock").fetchone()[0] == made.NOW.isoformat()
