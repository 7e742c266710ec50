"""Life with cards and faults, in simulated time: the driver's session against the emulator's chip."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.domain.reasons import Reason
from kiosk.emulators.reader_faults import COMMAND_NAMES, FAULTS
from kiosk.idcard_reader.asking import Lost, Memory
from kiosk.idcard_reader.events import CardArrived, CardRead, CardRemoved, CardTrouble, ReaderGone, ReaderReady
from kiosk.idcard_reader.session import BAUDS
from kiosk.idcard_reader.status import TABLE, Remedy, status_of
from tests.reader.sim import CARDS, Sim

SAM = "05.01-20240101-0001000001-0200000002"


def ready(*faults, **options) -> Sim:
    sim = Sim(**options)
    assert sim.run(3.0) == [ReaderReady(SAM)]
    sim.faults(*faults)
    return sim


@pytest.mark.parametrize("sticky", [False, True])
@pytest.mark.parametrize("key", sorted(CARDS))
def test_arrived_read_removed_once(key, sticky):
    sim = ready(sticky=sticky)
    sim.lay(key)
    arrived, read = sim.run(60.0)
    assert isinstance(arrived, CardArrived)
    assert isinstance(read, CardRead)
    assert read.card.raw_text == CARDS[key].text
    assert read.card.photo_wlt == CARDS[key].photo
    sim.lift()
    assert sim.run(30.0) == [CardRemoved()]
    sim.lay(key)
    assert sim.names(5.0) == ["CardArrived", "CardRead"]


@pytest.mark.parametrize("sticky", [False, True])
def test_another_card_in_mid_visit(sticky):
    sim = ready(sticky=sticky)
    sim.lay("chen")
    assert sim.names(5.0) == ["CardArrived", "CardRead"]
    sim.lay("li")
    removed, arrived, read = sim.run(5.0)
    assert (removed, arrived) == (CardRemoved(), CardArrived())
    assert read.card.name == "李建国"


@pytest.mark.parametrize("sticky", [False, True])
def test_another_card_in_mid_visit_that_cannot_be_read(sticky):
    sim = ready(sticky=sticky)
    sim.lay("chen")
    sim.run(5.0)
    sim.faults("sw3=31@read")
    sim.lay("li")
    assert sim.run(5.0) == [CardRemoved(), CardArrived(), CardTrouble(Reason.CARD_REFUSED_READER, 0x31, lift=True)]


@pytest.mark.parametrize("fault", ["silent@status", "bad-checksum@find*2", "sw3=10@find*2", "sw3=41@read", "always-91"])
def test_the_second_find_keeps_its_distance(fault):
    """After the first find of a session, which asks whether anybody is there; after a damaged one; after a failed read."""
    sim = Sim(fault, settings={"poll_interval_s": 0.3})
    sim.lay("chen")
    sim.run(12.0)
    finds = [at for at, name in sim.requests if name == "find"]
    assert len(finds) > 1
    assert min(b - a for a, b in zip(finds, finds[1:], strict=False)) >= 0.3


def test_finds_are_never_closer_than_the_reader_allows():
    sim = ready()
    for key in ("chen", "li", "wang"):
        sim.lay(key)
        sim.run(4.0)
        sim.lift()
        sim.run(2.3)
    sim.faults("sw3=41@read")  # and again in place after a failure
    sim.lay("chen")
    sim.run(4.0)
    sim.faults("bad-checksum@find*2")
    sim.run(4.0)
    finds = [at for at, name in sim.requests if name == "find"]
    assert len(finds) > 10
    assert min(b - a for a, b in zip(finds, finds[1:], strict=False)) >= 0.3


@pytest.mark.parametrize("sticky", [False, True])
@pytest.mark.parametrize("out_of_order", [0x34, 0x81, 0x41])
def test_presence_without_30_03(sticky, out_of_order):
    sim = ready("no-30-03", sticky=sticky, out_of_order=out_of_order)
    sim.lay("chen")
    assert sim.names(20.0) == ["CardArrived", "CardRead"]
    sim.lay("li")
    assert sim.names(20.0) == ["CardRemoved", "CardArrived", "CardRead"]
    sim.lift()
    assert sim.names(20.0) == ["CardRemoved"]


@pytest.mark.parametrize("sticky", [False, True])
def test_one_disturbed_answer_ends_no_visit(sticky):
    sim = ready(sticky=sticky)
    sim.lay("chen")
    sim.run(3.0)
    for fault in ("sw3=41", "silent", "corrupt", "truncated", "bad-checksum", "garbage", "sw3=10", "double", "late=1.0"):
        sim.faults(f"{fault}@newest-address*1")
        assert sim.run(8.0) == [], fault


@pytest.mark.parametrize("sticky", [False, True])
def test_a_reader_that_says_nothing_to_30_03(sticky):
    sim = ready("silent@newest-address", sticky=sticky)
    sim.lay("chen")
    assert sim.names(40.0) == ["CardArrived", "CardRead"]
    sim.lift()
    assert sim.names(40.0) == ["CardRemoved"]


def test_a_card_that_never_left_is_not_read_to_the_kiosk_again():
    sim = ready()
    sim.lay("chen")
    assert sim.names(3.0) == ["CardArrived", "CardRead"]
    sim.faults("sw3=41@newest-address*2")  # both probes fail: removed, or disturbed?
    assert sim.run(10.0) == []


def test_reader_back_with_the_same_card_or_another():
    memory = Memory()
    sim = Sim(memory=memory)
    sim.lay("chen")
    assert sim.names(4.0) == ["ReaderReady", "CardArrived", "CardRead"]
    memory.ready = False  # as the client does when the port goes
    again = Sim(memory=memory)
    again.lay("chen")
    assert again.names(4.0) == ["ReaderReady"]
    memory.ready = False
    other = Sim(memory=memory)
    other.lay("li")
    assert other.names(4.0) == ["ReaderReady", "CardRemoved", "CardArrived", "CardRead"]
    memory.ready = False
    empty = Sim(memory=memory)
    assert empty.names(4.0) == ["ReaderReady", "CardRemoved"]


# Faults that do no harm to any command, for ever.
HARMLESS = [
    "double",
    "split",
    "slow",
    "garbage",
    "garbage-after",
    "zeros",
    "foreign",
    "oversized",
    "huge",
    "echo",
    "sw12",
    "iin",
    "sam-id-first-wrong",
    "late",
    "no-30-03",
    "no-30-10",
    "always-91",
    "glued=80@find",
    "late=0.45",
    "garbage=300",
    "slow=0.01",
]


@pytest.mark.parametrize("sticky", [False, True])
@pytest.mark.parametrize("fault", HARMLESS)
def test_the_card_is_read_in_spite_of(fault, sticky):
    sim = Sim(fault, sticky=sticky)
    sim.run(15.0)
    sim.lay("hongkong")
    sim.run(60.0)
    sim.lift()
    sim.run(30.0)
    assert [type(event).__name__ for event in sim.events] == ["ReaderReady", "CardArrived", "CardRead", "CardRemoved"]


# Faults of single replies: asked again, in place, and read.
PASSING = [
    "silent",
    "corrupt",
    "corrupt=3",
    "corrupt=6",
    "corrupt=9",
    "bad-checksum",
    "short-length",
    "long-length",
    "truncated",
    "truncated=0.1",
    "stray-preamble",
    "flip=6",
    "flip=43",
    "flip=52",
    "lose=2",
    "lose=6",
    "lose=10",
    "loopback",
    "inner-length",
    "self-test",
    "unauthorised",
    "sw3=10",
    "sw3=11",
]


@pytest.mark.parametrize("command", ["find", "select", "read"])
@pytest.mark.parametrize("fault", PASSING)
def test_a_passing_fault_is_not_shown(fault, command):
    sim = ready(f"{fault}@{command}*1")
    sim.lay("macau")
    assert sim.names(15.0) == ["CardArrived", "CardRead"]


@pytest.mark.parametrize("fault", ["bad-checksum", "truncated", "sw3=10", "sw3=11", "inner-length", "corrupt=20"])
def test_a_damaged_exchange_is_repeated_without_a_new_find(fault):
    sim = ready()
    before = len(sim.requests)
    sim.faults(f"{fault}@read*1")
    sim.lay("chen")
    sim.run(5.0)
    names = [name for _, name in sim.requests[before:]]
    start = names.index("select")
    assert names[start : start + 4] == ["select", "read", "read", "newest-address"]


def test_a_slow_reader_is_given_time():
    sim = ready("late=0.9@find")
    sim.lay("chen")
    assert sim.names(20.0) == ["CardArrived", "CardRead"]


def test_every_fault_of_the_emulator_is_in_a_test():
    tested = {fault.split("=")[0].split("@")[0] for fault in HARMLESS + PASSING} | {
        "sw3",
        "rf-hang",
        "find-fails",
        "select-fails",
        "unplug-at",
    }  # below, and tests/reader/test_pty.py
    assert tested == set(FAULTS)


@pytest.mark.parametrize("sw3", [sw3 for sw3 in range(256) if sw3 != 0x90])
def test_every_status_while_reading(sw3):
    """A fault that stays is told once a lay, with its reason, and the kiosk recovers when it goes."""
    sim = ready(f"sw3={sw3:02X}@read")
    sim.lay("chen")
    events = sim.run(30.0)
    known = status_of(sw3)
    assert events[0] == CardArrived()
    expected = CardTrouble(known.reason, sw3, known.remedy is not Remedy.GIVE_UP)
    if sw3 == 0x9F:  # answers a find, never a read: waited out
        expected = CardTrouble(Reason.CARD_LIFT_AND_RETRY, None, lift=True)
    assert [e for e in events if isinstance(e, CardTrouble)] == [expected]
    assert not any(isinstance(e, CardRead) for e in events)
    sim.faults()
    sim.lift()
    sim.run(5.0)
    sim.lay("chen")
    assert sim.names(5.0)[-2:] == ["CardArrived", "CardRead"]


@pytest.mark.parametrize("sw3", sorted(set(TABLE) - {0x90, 0x9F, 0x80, 0x40}))
def test_every_status_while_looking(sw3):
    sim = ready(f"sw3={sw3:02X}@find")
    assert sim.run(20.0) == [ReaderGone(status_of(sw3).reason)]
    sim.faults()
    assert sim.run(12.0) == [ReaderReady(SAM)]
    sim.lay("chen")
    assert sim.names(5.0) == ["CardArrived", "CardRead"]


@pytest.mark.parametrize("sw3", [0x60, 0x66])
def test_an_ill_reader_is_told_once_and_gets_well(sw3):
    sim = Sim(f"sw3={sw3:02X}@status")
    assert sim.run(60.0) == [ReaderGone(status_of(sw3).reason)]
    sim.faults()
    assert sim.run(20.0) == [ReaderReady(SAM)]


def test_a_reader_that_falls_ill_is_told_soon():
    sim = ready()
    sim.faults("self-test")
    assert sim.run(1.5) == [ReaderGone(Reason.READER_SELF_TEST_FAILED)]


def test_a_bank_card():
    sim = ready("sw3=40@find")
    assert sim.run(20.0) == [CardTrouble(Reason.CARD_KIND_UNKNOWN, 0x40, lift=False)]
    sim.faults()
    assert sim.run(2.0) == [CardRemoved()]


def test_lift_and_retry_is_bounded():
    sim = ready("sw3=31@read", settings={"max_lift_and_retry": 3})
    for expected in (
        CardTrouble(Reason.CARD_REFUSED_READER, 0x31, lift=True),
        CardTrouble(Reason.CARD_REFUSED_READER, 0x31, lift=True),
        CardTrouble(Reason.CARD_UNREADABLE, 0x31, lift=False),
        CardTrouble(Reason.CARD_UNREADABLE, 0x31, lift=False),
    ):
        sim.lay("chen")
        assert sim.run(6.0) == [CardArrived(), expected]
        sim.lift()
        assert sim.run(2.0) == [CardRemoved()]
    sim.run(30.0)  # the next person
    sim.lay("chen")
    assert sim.run(6.0) == [CardArrived(), CardTrouble(Reason.CARD_REFUSED_READER, 0x31, lift=True)]


def test_a_hung_card_is_freed_by_a_reset():
    sim = ready("rf-hang@select", settings={"reset_after_failures": 3})
    sim.lay("chen")
    assert sim.names(5.0) == ["CardArrived", "CardTrouble"]
    sim.lift()
    sim.run(2.0)
    sim.lay("chen")
    assert sim.names(5.0) == ["CardArrived", "CardRead"]
    assert "reset" in [name for _, name in sim.requests]


@pytest.mark.parametrize("fault", ["find-fails", "select-fails"])
def test_lenient_reads_where_find_or_select_fails(fault):
    strict = ready(fault)
    strict.lay("chen")
    assert "CardRead" not in strict.names(10.0)
    lenient = ready(fault, settings={"lenient": True})
    lenient.run(5.0)
    lenient.lay("chen")
    assert lenient.names(10.0) == ["CardArrived", "CardRead"]
    lenient.lift()
    assert lenient.names(10.0) == ["CardRemoved"]


@pytest.mark.parametrize("baud", BAUDS)
def test_probing_finds_every_speed_and_never_sends_the_baud_command(baud):
    sim = Sim(baud=baud)
    sim.lay("chen")
    sim.run(30.0)
    assert [type(event).__name__ for event in sim.events] == ["ReaderReady", "CardArrived", "CardRead"]
    assert sim.baud == sim.session.baud == baud
    assert {name for _, name in sim.requests} <= set(COMMAND_NAMES.values())  # the baud command has no name there


def test_without_probing_a_wrong_speed_is_silence():
    sim = Sim(baud=9600, settings={"probe_bauds": False})
    sim.run(10.0)
    assert sim.lost == Lost(Reason.READER_SILENT)
    assert sim.requests == []


def test_nobody_there_and_babble():
    silent, babble = Sim("silent"), Sim("truncated=0.3")
    silent.run(10.0)
    babble.run(20.0)
    assert silent.lost == Lost(Reason.READER_SILENT)
    assert babble.lost == Lost(Reason.READER_GARBLED)
    assert silent.events == babble.events == []


def test_a_reader_that_falls_silent_is_lost():
    sim = ready()
    sim.faults("silent")
    sim.run(60.0)
    assert sim.lost == Lost(Reason.READER_SILENT)


def test_sam_id_needs_two_equal_answers():
    wrong_first = Sim("sam-id-first-wrong")
    assert wrong_first.run(3.0) == [ReaderReady(SAM)]
    assert [name for _, name in wrong_first.requests].count("sam-id") == 3
    none = Sim("sw3=21@sam-id")
    assert none.run(3.0) == [ReaderReady("")]


@pytest.mark.parametrize("mute", [["status"], ["sam-id"], ["status", "sam-id", "reset", "newest-address"]])
def test_readers_that_know_little_more_than_to_read(mute):
    sim = Sim(*(f"silent@{command}" for command in mute))
    sim.run(10.0)
    sim.lay("chen")
    sim.run(10.0)
    sim.lift()
    sim.run(20.0)
    assert [type(event).__name__ for event in sim.events] == ["ReaderReady", "CardArrived", "CardRead", "CardRemoved"]
    assert sim.events[0] == ReaderReady("" if "sam-id" in mute else SAM)


def test_everything_is_read_on_request():
    sim = Sim(everything=True)
    sim.lay("li")
    read = next(event for event in sim.run(10.0) if isinstance(event, CardRead))
    assert read.card.fingerprint == CARDS["li"].fingerprint
    assert len(read.card.fingerprint) == 1024
    assert read.card.chip_number == CARDS["li"].chip_number
    sim.lay("chen")
    read = next(event for event in sim.run(10.0) if isinstance(event, CardRead))
    assert read.card.newest_address.startswith("广东省深圳市南山区样板街道")
    assert read.card.fingerprint == b""


def test_polling_can_be_switched_off():
    sim = ready()
    sim.memory.polling = False
    sim.run(1.0)
    before = len(sim.requests)
    sim.lay("chen")
    assert sim.run(30.0) == []
    assert {name for _, name in sim.requests[before:]} == {"status"}
    sim.memory.polling = True
    assert sim.names(5.0) == ["CardArrived", "CardRead"]


moves = st.lists(
    st.one_of(
        st.sampled_from(["lift", *CARDS]),
        st.sampled_from([f"{fault}*{n}" for fault in FAULTS if fault not in ("unplug-at",) for n in (1, 3)]),
        st.floats(0.01, 6.0),
    ),
    max_size=25,
)


@settings(deadline=None)
@given(moves, st.booleans())
def test_no_order_of_cards_and_faults_breaks_the_story(steps, sticky):
    """Read only after arrived; removed only after read or trouble; never the same contact twice; and it ends well."""
    sim = Sim(sticky=sticky)
    for step in steps:
        if isinstance(step, float):
            sim.run(step)
        elif step == "lift":
            sim.lift()
        elif step in CARDS:
            sim.lay(step)
        else:
            sim.faults(step)
    sim.faults()
    sim.lift()
    sim.run(60.0)
    if sim.lost is None:
        sim.lay("chen")
        assert sim.names(20.0)[-2:] == ["CardArrived", "CardRead"]
    finds = [at for at, name in sim.requests if name == "find"]
    assert all(b - a >= 0.3 for a, b in zip(finds, finds[1:], strict=False))  # readers refuse a faster one (vendor manual)
    lying = arrived = False
    for event in sim.events:
        if isinstance(event, CardArrived):
            assert not lying
            arrived = True
        elif isinstance(event, CardRead):
            assert arrived
            lying, arrived = True, False
        elif isinstance(event, CardTrouble):
            arrived = False
        elif isinstance(event, CardRemoved):
            lying = False
