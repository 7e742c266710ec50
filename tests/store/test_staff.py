"""PINs, roles, lock-out, revocation, the bureau's bundle."""

from __future__ import annotations

import dataclasses

import pytest

from kiosk.store.desk import staff
from kiosk.store.engine import journal
from kiosk.store.opening import open_store
from tests.store import made

PIN = "402917"


def add(store, staff_id="A1", role=staff.Role.ATTENDANT, pin=PIN):
    return staff.add(store, staff_id, "测试员", role, pin, made.NOW, by="test")


def enter(store, pin, at=0.0, staff_id="A1", boot="b1"):
    return staff.sign_in(store, staff_id, pin, made.NOW, monotonic_s=at, boot=boot)


def test_right_pin_signs_in_and_wrong_one_does_not(store):
    add(store, role=staff.Role.SUPERVISOR)
    assert enter(store, PIN).member == staff.Member("A1", "测试员", staff.Role.SUPERVISOR, active=True)
    assert enter(store, "402918").member is None
    assert enter(store, "").member is None


def test_pin_is_kept_as_argon2id_only(store, folder):
    add(store)
    assert store.db.execute("SELECT pin_hash FROM staff").fetchone()[0].startswith("$argon2id$")
    assert (staff._HASHER.memory_cost, staff._HASHER.time_cost) == (19456, 3)  # a station's; the tests' own is tests/conftest.py's
    assert PIN not in str(store.db.execute("SELECT * FROM staff").fetchall())
    assert PIN not in str(store.db.execute("SELECT * FROM journal").fetchall())


@pytest.mark.parametrize("pin", ["12345", "123456", "654321", "111111", "890123", "121212", "abcdef", "４０２９１７", ""])
def test_weak_pins_are_refused(store, pin):
    with pytest.raises(staff.WeakPin):
        add(store, pin=pin)


def test_lock_grows_and_survives_restarts_and_clock_games(store, folder):
    add(store)
    for left in (4, 3, 2, 1):
        assert enter(store, "999999", at=10).tries_left == left
    assert enter(store, "999999", at=10).wait_s == 30.0
    held = enter(store, PIN, at=20)
    assert (held.member, held.wait_s) == (None, 20.0)  # the right PIN does not help, and costs no try
    store.close()
    with open_store(made.settings(folder), now=made.NOW) as store:
        assert enter(store, PIN, at=1, boot="b2").wait_s == 30.0  # a restart begins the lock anew
        assert enter(store, PIN, at=30, boot="b2").wait_s == 1.0
        assert enter(store, "999999", at=31.5, boot="b2").wait_s == 60.0
        assert enter(store, "999999", at=92, boot="b2").wait_s == 120.0
        assert enter(store, PIN, at=212.5, boot="b2").member is not None
        assert enter(store, "999999", at=213, boot="b2").tries_left == 4  # and then starts afresh


def test_lock_has_a_ceiling(store):
    add(store)
    at, waits = 0.0, []
    for _ in range(20):
        answer = enter(store, "999999", at=at)
        waits.append(answer.wait_s)
        at += answer.wait_s + 0.001
    assert max(waits) == waits[-1] == 3600.0
    assert waits == sorted(waits)


def test_unknown_numbers_look_like_known_ones(store):
    add(store)
    known = [dataclasses.astuple(enter(store, "999999")) for _ in range(6)]
    unknown = [dataclasses.astuple(enter(store, "999999", staff_id="nobody")) for _ in range(6)]
    assert known == unknown
    for n in range(300):
        store.db.execute("INSERT INTO sign_in VALUES (?, 1, 0, 'b', 0)", (f"guess-{n}",))
    enter(store, "999999", staff_id="one-more")
    assert store.db.execute("SELECT count(*) FROM sign_in").fetchone()[0] <= 202  # bounded


def test_revoked_member_is_out_at_once_and_the_journal_knows(store):
    add(store)
    assert staff.revoke(store, "A1", made.NOW, by="boss")
    assert not staff.revoke(store, "A1", made.NOW, by="boss")
    assert enter(store, PIN).member is None
    with pytest.raises(ValueError, match="no such member"):
        staff.set_pin(store, "A1", PIN, made.NOW, by="boss")
    kinds = [entry.kind for entry in journal.entries_since(store, 0)]
    assert kinds == ["staff-added", "staff-revoked", "staff-sign-in-failed"]
    add(store)  # may come back
    assert enter(store, PIN).member is not None
    with pytest.raises(ValueError, match="taken"):
        add(store)


def test_staff_survive_a_damaged_database(folder):
    with open_store(made.settings(folder), now=made.NOW) as store:
        add(store)
        add(store, "B2")
        staff.revoke(store, "B2", made.NOW, by="x")
    (folder / "kiosk.db").write_bytes(b"damaged" * 5000)
    with open_store(made.settings(folder), now=made.NOW) as store:
        assert store.recovered is not None
        assert [one.active for one in staff.members(store)] == [True, False]
        assert enter(store, PIN).member is not None


def test_bundle_of_the_bureau(store):
    add(store, "LOCAL")
    add(store, "GONE")
    with open_store(made.settings(store.folder), now=made.NOW) as guest:
        pin_hash = guest.db.execute("SELECT pin_hash FROM staff WHERE staff_id = 'LOCAL'").fetchone()[0]
    row = {"staff_id": "B1", "name": "中心甲", "role": "supervisor", "pin_hash": pin_hash}
    assert staff.take_bundle(store, [row], ["GONE", "never-was"], 3, made.NOW)
    assert enter(store, PIN, staff_id="B1").member.role is staff.Role.SUPERVISOR
    assert enter(store, PIN, staff_id="GONE").member is None
    assert enter(store, PIN, staff_id="LOCAL").member is not None
    assert not staff.take_bundle(store, [{**row, "role": "attendant"}], [], 3, made.NOW)  # an old bundle again
    assert enter(store, PIN, staff_id="B1").member.role is staff.Role.SUPERVISOR
    for wrong in ({**row, "role": "king"}, {**row, "pin_hash": "md5:1"}, {"staff_id": "x"}, {**row, "name": 3}):
        with pytest.raises(ValueError, match=r".+"):
            staff.take_bundle(store, [row, wrong], [], 4, made.NOW)
    assert staff.find(store, "B1") is not None
