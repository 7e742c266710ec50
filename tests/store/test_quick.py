"""The quick way back to the desk: who, how long, how often, and what ends it."""

from __future__ import annotations

import pytest

from kiosk.store.desk import quick, staff
from kiosk.store.opening import open_store
from tests.store import made

PIN, SHORT, CARD = "402917", "4829", quick.card_name(b"\x01\x02", "440305194806170016")


@pytest.fixture
def ann(store):
    staff.add(store, "A1", "测试员", staff.Role.ATTENDANT, PIN, made.NOW, by="test")
    quick.set_short_pin(store, "A1", SHORT, made.NOW)
    quick.bind_card(store, "A1", CARD, made.NOW, by="S1")
    return store


def enter(store, at=0.0, boot="b1"):
    assert staff.sign_in(store, "A1", PIN, made.NOW, monotonic_s=at, boot=boot).member is not None


def short(store, pin=SHORT, at=1.0, boot="b1"):
    return quick.by_short_pin(store, "A1", pin, made.NOW, monotonic_s=at, boot=boot)


def card(store, name=CARD, at=1.0, boot="b1"):
    return quick.by_card(store, name, made.NOW, monotonic_s=at, boot=boot)


def test_both_count_for_a_quarter_of_an_hour_after_a_full_sign_in(ann):
    assert short(ann).problem == "short-pin-over"
    assert card(ann).problem == "full-sign-in-first"
    enter(ann, at=100.0)
    for at in (100.0, 999.9):
        assert short(ann, at=at).member.staff_id == "A1"
        assert card(ann, at=at).member.staff_id == "A1"
        assert quick.offered(ann, monotonic_s=at, boot="b1").staff_id == "A1"
    assert (short(ann, at=1000.0).member, card(ann, at=1000.0).problem) == (None, "full-sign-in-first")
    assert quick.offered(ann, monotonic_s=1000.0, boot="b1") is None
    assert short(ann, at=200.0, boot="b2").problem == "short-pin-over", "the machine was restarted"
    assert short(ann, at=99.0).problem == "short-pin-over", "a counter that ran backwards is another boot's"


def test_coming_back_does_not_lengthen_the_time(ann):
    enter(ann)
    assert short(ann, at=899.0).member is not None
    assert short(ann, at=901.0).problem == "short-pin-over"


def test_three_wrong_ones_end_it_until_the_next_full_sign_in(ann):
    enter(ann)
    assert [(short(ann, "1357").problem, short(ann, "1357").tries_left)] == [("short-pin-wrong", 1)]
    assert short(ann).member is not None, "the right one begins the count anew"
    assert [short(ann, "9753").problem for _ in range(3)] == ["short-pin-wrong", "short-pin-wrong", "short-pin-over"]
    assert short(ann).problem == "short-pin-over", "the right one is not looked at"
    assert card(ann).problem == "full-sign-in-first"
    assert quick.offered(ann, monotonic_s=1.0, boot="b1") is None
    enter(ann, at=2.0)
    assert short(ann, at=3.0).member is not None


@pytest.mark.parametrize("pin", ["", "123", "1234", "9876", "7777", "1212", "48291", "48a9", "４８２９"])
def test_weak_short_pins_are_refused(ann, pin):
    with pytest.raises(staff.WeakPin):
        quick.set_short_pin(ann, "A1", pin, made.NOW)


def test_neither_pin_nor_card_can_be_read_from_the_store(ann):
    enter(ann)
    told = str([ann.db.execute(f"SELECT * FROM {table}").fetchall() for table in ("short_pins", "staff_cards", "journal")])
    assert "$argon2id$" in told
    assert "0102" not in told
    assert f"'{SHORT}'" not in told


@pytest.mark.parametrize(
    "end",
    [
        lambda store: staff.revoke(store, "A1", made.NOW, by="S1"),
        lambda store: staff.revoke_all(store, ["A1"], 1, made.NOW),
        lambda store: staff.take_bundle(store, [], ["A1"], 1, made.NOW),
    ],
)
def test_whoever_is_revoked_has_no_way_back_and_leaves_none_to_the_next_with_the_number(ann, end):
    enter(ann)
    end(ann)
    assert short(ann).member is None
    assert card(ann).problem == "staff-card-unknown"
    staff.add(ann, "A1", "另一位", staff.Role.ATTENDANT, "591726", made.NOW, by="S1")
    assert staff.sign_in(ann, "A1", "591726", made.NOW, monotonic_s=1.0, boot="b1").member is not None
    assert short(ann).problem == "short-pin-over"
    assert card(ann).problem == "staff-card-unknown"


def test_a_new_pin_ends_the_short_one_and_leaves_the_card(ann):
    enter(ann)
    staff.set_pin(ann, "A1", "591726", made.NOW, by="S1")
    assert (short(ann).problem, card(ann).problem) == ("short-pin-over", "full-sign-in-first")
    assert staff.sign_in(ann, "A1", "591726", made.NOW, monotonic_s=1.0, boot="b1").member is not None
    assert card(ann).member is not None


def test_a_new_pin_by_the_bureaus_bundle_ends_the_short_one(ann):
    enter(ann)
    row = {"staff_id": "A1", "name": "测试员", "role": "attendant", "pin_hash": staff.hashed("591726")}
    staff.take_bundle(ann, [row], [], 1, made.NOW)
    assert short(ann).problem == "short-pin-over"
    quick.set_short_pin(ann, "A1", SHORT, made.NOW)
    assert staff.sign_in(ann, "A1", "591726", made.NOW, monotonic_s=1.0, boot="b1").member is not None
    staff.take_bundle(ann, [row], [], 2, made.NOW)
    assert short(ann).member is not None, "the same PIN once more changes nothing"


def test_a_card_is_one_persons_and_a_person_has_one(ann):
    staff.add(ann, "B1", "另一位", staff.Role.ATTENDANT, "591726", made.NOW, by="S1")
    with pytest.raises(ValueError, match="somebody else"):
        quick.bind_card(ann, "B1", CARD, made.NOW, by="S1")
    with pytest.raises(ValueError, match="no such member"):
        quick.bind_card(ann, "C9", "chip:ff", made.NOW, by="S1")
    quick.bind_card(ann, "A1", "chip:ff", made.NOW, by="S1")
    enter(ann)
    assert (card(ann).problem, card(ann, "chip:ff").member.staff_id) == ("staff-card-unknown", "A1")
    assert quick.with_card(ann) == {"A1"}
    assert card(ann, "").problem == "staff-card-unknown"


def test_both_come_back_after_the_database_is_lost(ann, folder):
    ann.close()
    (folder / "kiosk.db").unlink()
    with open_store(made.settings(folder), now=made.NOW) as store:
        enter(store)
        assert short(store).member is not None
        assert card(store).member is not None
