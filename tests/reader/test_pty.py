"""Driver against emulator over real lines: every card kind, every fault, every status, and a cable pulled at every byte.

KIOSK_FULL_TESTS=1 pulls the cable at each of the 1296 places of a reply instead of some seventy.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from kiosk.domain.reasons import Reason
from kiosk.emulators.reader import ReaderEmulator
from kiosk.emulators.reader_faults import FAULTS
from kiosk.emulators.reader_line import PtyLine
from kiosk.errors import ReaderUnavailable
from kiosk.idcard_reader.events import CardArrived, CardRead, CardTrouble, ReaderGone
from kiosk.idcard_reader.status import TABLE, Remedy, status_of
from kiosk.idcard_reader.transport import Port
from tests.reader.driving import Driven
from tests.reader.sim import CARDS

AT_ONCE = 12  # lines at a time: almost all of a driver's time is waiting


def all_at_once(play, items, folder) -> None:
    """Play every item on a line of its own; name all that went wrong."""

    def one(numbered):
        number, item = numbered
        place = folder / str(number)
        place.mkdir()
        try:
            play(item, place)
        except Exception as error:  # noqa: BLE001 - collected
            return f"{item}: {type(error).__name__} {error}"
        return ""

    with ThreadPoolExecutor(AT_ONCE) as pool:
        wrong = [text for text in pool.map(one, enumerate(items)) if text]
    assert not wrong, "\n".join(wrong)


def test_every_kind_of_card(tmp_path):
    def play(key, place):
        with Driven(place, everything=True) as it:
            assert it.names(1) == ["ReaderReady"]
            it.emulator.lay(key)
            assert it.next() == CardArrived()
            card, laid = it.next().card, CARDS[key]
            assert (card.raw_text, card.photo_wlt, card.fingerprint) == (laid.text, laid.photo, laid.fingerprint)
            it.emulator.lift()
            assert it.names(1) == ["CardRemoved"]

    all_at_once(play, CARDS, tmp_path)


@pytest.mark.parametrize("sticky", [False, True])
def test_a_card_is_reported_once(tmp_path, sticky):
    with Driven(tmp_path, sticky=sticky) as it:
        it.emulator.lay("chen")
        assert it.names(3) == ["ReaderReady", "CardArrived", "CardRead"]
        assert it.nothing_more(1.5)
        it.emulator.lay("li")
        assert it.names(3) == ["CardRemoved", "CardArrived", "CardRead"]


# fault -> what is seen: the card all the same, trouble, or a reader that is gone
SEEN = dict.fromkeys(
    [
        "late=0.2",
        "double",
        "split=0.002",
        "slow=0.0005",
        "garbage",
        "garbage-after",
        "zeros",
        "foreign",
        "oversized",
        "huge=200",
        "echo",
        "sw12",
        "iin",
        "no-30-03",
        "no-30-10",
        "sam-id-first-wrong",
        "always-91",
        "glued=80@find",
        "stray-preamble@read*1",
        "loopback@read*1",
        "flip=43@read*1",
        "lose=100@read*1",
        "find-fails@find*1",
        "rf-hang@select*1",
        "silent@read*1",
        "corrupt=20@read*1",
        "bad-checksum@read*1",
        "short-length@read*1",
        "long-length@read*1",
        "truncated@read*1",
        "inner-length@read*1",
        "late=1.0@read*1",
        "unplug-at=700@read*1",
        "self-test@status*1",
        "unauthorised@status*1",
    ],
    "CardRead",
)
SEEN |= dict.fromkeys(["select-fails", "sw3=31@read", "bad-checksum@read", "silent@select"], "CardTrouble")
SEEN |= dict.fromkeys(
    ["silent", "bad-checksum", "corrupt", "truncated", "stray-preamble", "loopback", "self-test", "unauthorised"], "ReaderGone"
)


def test_every_fault(tmp_path):
    assert {text.split("=")[0].split("@")[0] for text in SEEN} | {"sw3"} == set(FAULTS)

    def play(fault, place):
        with Driven(place, faults=[fault]) as it:
            it.emulator.lay("taiwan")
            if fault.startswith("unplug-at"):
                it.until("ReaderGone")
                it.emulator.plug()
            last = it.until(SEEN[fault])[-1]
            if isinstance(last, CardRead):
                assert last.card.raw_text == CARDS["taiwan"].text

    all_at_once(play, SEEN, tmp_path)


def test_every_status(tmp_path):
    def play(sw3, place):
        with Driven(place, faults=[f"sw3={sw3:02X}@read"]) as it:
            it.emulator.lay("macau")
            trouble = it.until("CardTrouble")[-1]
            assert trouble == CardTrouble(status_of(sw3).reason, sw3, status_of(sw3).remedy is not Remedy.GIVE_UP)
            it.emulator.set_faults()
            it.emulator.lift()
            it.wait_for_find()
            it.emulator.lay("macau")
            assert it.until("CardRead")[-1].card.raw_text == CARDS["macau"].text

    all_at_once(play, [sw3 for sw3 in TABLE if sw3 not in (0x90, 0x9F)], tmp_path)


def test_unplugged_at_any_byte_and_back_under_another_name(tmp_path):
    everywhere = os.environ.get("KIOSK_FULL_TESTS") == "1"
    places = range(1296) if everywhere else sorted({*range(24), *range(24, 1296, 43), *range(1285, 1296)})

    def play(at, place):
        with Driven(place, faults=[f"unplug-at={at}@read*1"]) as it:
            it.emulator.lay("hongkong")
            before = it.until("ReaderGone")
            assert before[-1] == ReaderGone(Reason.READER_UNPLUGGED)
            it.emulator.plug(place / "reader-elsewhere")
            after = it.until("ReaderReady")
            if not any(isinstance(event, CardRead) for event in before):  # the last byte may just have arrived
                assert it.until("CardRead")[-1].card.raw_text == CARDS["hongkong"].text
            assert len(after) == 1

    all_at_once(play, places, tmp_path)


def test_unplugged_while_idle_and_while_a_card_lies(tmp_path):
    with Driven(tmp_path) as it:
        assert it.names(1) == ["ReaderReady"]
        it.emulator.unplug()
        assert it.next() == ReaderGone(Reason.READER_UNPLUGGED)
        assert it.nothing_more(0.6)  # told once, however often it is looked for
        it.emulator.plug()
        assert it.names(1) == ["ReaderReady"]
        it.emulator.lay("chen")
        assert it.names(2) == ["CardArrived", "CardRead"]
        it.emulator.unplug()
        assert it.names(1) == ["ReaderGone"]
        it.emulator.plug(tmp_path / "reader7")
        assert it.names(1) == ["ReaderReady"]
        assert it.nothing_more(1.0)  # the same card, still lying: not read to the kiosk again
        it.emulator.lift()
        assert it.names(1) == ["CardRemoved"]


def test_no_reader_at_the_start(tmp_path):
    with Driven(tmp_path) as it:
        it.emulator.unplug()
        it.until("ReaderGone")
        it.emulator.plug()
        it.emulator.lay("chen")
        assert it.until("CardRead")[-1].card.name == "陈小芳"


def test_the_right_one_of_two_ports(tmp_path):
    other = ReaderEmulator(CARDS, tmp_path / "reader0", faults=["silent"])  # some other device, first by name
    other.start()
    try:
        with Driven(tmp_path, settings={"port": "", "probe_bauds": False}) as it:
            it.emulator.plug(tmp_path / "reader1")
            it.emulator.lay("chen")
            assert it.until("CardRead")[-1].card.name == "陈小芳"
    finally:
        other.stop()


def test_one_of_two_readers_is_unplugged(tmp_path):
    other = ReaderEmulator(CARDS, tmp_path / "reader2")
    other.start()
    try:
        with Driven(tmp_path) as it:
            assert it.names(1) == ["ReaderReady"]
            it.emulator.unplug()
            assert it.names(2) == ["ReaderGone", "ReaderReady"]  # told, although the next one is at hand
            other.lay("li")
            assert it.until("CardRead")[-1].card.name == "李建国"
    finally:
        other.stop()


def test_what_arrived_unasked_is_dropped_before_asking(tmp_path):
    line = PtyLine(tmp_path / "reader", 115200)
    port = Port(str(line.link), 115200)
    try:
        line.write(b"late and doubled replies")
        deadline = time.monotonic() + 10
        while not port._serial.in_waiting:
            assert time.monotonic() < deadline
        port.send(b"request")
        assert port.read() == b""
        assert line.read(10.0) == b"request"
    finally:
        port.close()
        line.close()
    with pytest.raises(ReaderUnavailable):
        Port(str(line.link), 115200)


@pytest.mark.parametrize("baud", [57600, 9600])
def test_another_speed_is_probed(tmp_path, baud):
    with Driven(tmp_path, baud=baud, settings={"read_timeout_s": 1.0}) as it:
        it.emulator.lay("chen")
        assert it.names(3) == ["ReaderReady", "CardArrived", "CardRead"]
        assert it.emulator.baud == baud  # nobody sent the baud command


def test_the_same_frames_over_tcp(tmp_path):
    with Driven(tmp_path, url=True) as it:
        it.emulator.lay("permanent2023")
        assert it.names(2) == ["ReaderReady", "CardArrived"]
        card = it.next().card
        assert (card.raw_text, card.old_number[:5]) == (CARDS["permanent2023"].text, "AUS44")
        it.emulator.lift()
        assert it.names(1) == ["CardRemoved"]
        it.emulator.unplug()
        assert it.next() == ReaderGone(Reason.READER_UNPLUGGED)


def test_a_silent_line_stops_at_once_when_asked(tmp_path):
    with Driven(tmp_path, faults=["silent"]) as it:
        it.until("ReaderGone")  # leaving the block checks that the driver's thread ends
