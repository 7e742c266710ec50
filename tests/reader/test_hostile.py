"""A wire that lies: frames inside damaged frames, glued frames, echoes, a probe that always agrees, readings that differ."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kiosk.config import Reader
from kiosk.domain.reasons import Reason
from kiosk.emulators.reader_chip import reply
from kiosk.idcard_reader.card import Payload, looks_damaged, parse_card, parse_payload
from kiosk.idcard_reader.codec import Command, Damage, Reply, encode_request
from kiosk.idcard_reader.events import CardArrived, CardRead, CardRemoved, CardTrouble
from kiosk.idcard_reader.exchange import Exchange
from tests.reader.driving import Driven
from tests.reader.sim import CARDS, Sim

LI = CARDS["li"]


def read_reply(text: bytes, photo: bytes) -> bytes:
    """The reply to 30 01."""
    lengths = len(text).to_bytes(2, "big") + len(photo).to_bytes(2, "big")
    return reply(0x90, lengths + text + photo)


INNER = {
    "a whole card": read_reply(LI.text, b"WL"),  # 256 bytes of somebody else and a photo of two
    "read failed": reply(0x41),
    "found": reply(0x9F, bytes(4)),
    "done": reply(0x90),
}


def hiding(inner: bytes, at: int) -> bytes:
    """A photo of 1024 bytes with the bytes of a frame in it; at -1: at its very end."""
    head = bytes.fromhex("574C66007E00320000FF")
    noise = bytes((7 * n + 13) % 251 + 1 for n in range(1024))
    at = 1024 - len(inner) if at < 0 else min(at, 1024 - len(inner))
    return (head + noise)[:at] + inner + noise[at + len(inner) :]


def ask(command: Command, pieces: list[bytes], *, pause_s: float = 0.0, later: tuple[float, bytes] = (0.0, b"")):
    """Play one exchange: pieces arrive pause_s apart, `later` after so many seconds. Returns the answer and when it was given."""
    exchange, now = Exchange(command, Reader(), 115200, 0.0), 0.001
    arrivals = [(now + n * pause_s, piece) for n, piece in enumerate(pieces) if piece]
    if later[1]:
        arrivals.append(later)
    for _ in range(10_000):
        if exchange.done:
            return exchange.answer, now
        if arrivals and arrivals[0][0] <= exchange.wake_at:
            now, piece = arrivals.pop(0)
            exchange.advance(now, piece)
        else:
            now = exchange.wake_at
            exchange.advance(now, b"")
    raise AssertionError("never done")


def damaged(frame: bytes, how: str, at: int, bit: int) -> bytes:
    out = bytearray(frame)
    if how == "flip":
        out[at] ^= 1 << bit
    else:
        del out[at]
    return bytes(out)


@pytest.mark.parametrize("what", INNER)
@pytest.mark.parametrize("place", [10, 400, -1])
@pytest.mark.parametrize("how", ["flip", "lose"])
def test_no_frame_inside_a_damaged_reply_is_its_answer(what, place, how):
    """F1: each bit of the head flipped, each byte of the head lost, whole and in pieces."""
    whole = read_reply(CARDS["chen"].text, hiding(INNER[what], place))
    for at in range(12):
        for bit in range(8 if how == "flip" else 1):
            bad = damaged(whole, how, at, bit)
            for pieces in ([bad], [bad[n : n + 62] for n in range(0, len(bad), 62)]):
                answer, _ = ask(Command.READ, pieces, pause_s=0.006)
                assert isinstance(answer, Damage), (at, bit)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(INNER)),
    st.integers(-1, 1023),
    st.sampled_from(["flip", "lose"]),
    st.integers(0, 1294),
    st.integers(0, 7),
    st.integers(1, 200),
)
def test_no_single_damage_anywhere_lets_an_inner_frame_answer(what, place, how, at, bit, size):
    photo = hiding(INNER[what], place)
    whole = read_reply(CARDS["chen"].text, photo)
    bad = damaged(whole, how, at, bit)
    answer, _ = ask(Command.READ, [bad[n : n + size] for n in range(0, len(bad), size)], pause_s=0.002)
    assert isinstance(answer, Damage)


def test_the_tail_of_a_reply_that_began_before_we_listened_is_no_answer():
    """The head was dropped with what had arrived unasked; the first thing that comes is the frame inside the photo."""
    tail = hiding(INNER["found"], 700)[690:]
    answer, _ = ask(Command.FIND, [tail])
    assert isinstance(answer, Damage)
    answer, _ = ask(Command.FIND, [tail, reply(0x9F, bytes(4))], pause_s=0.1)
    assert answer == Reply(0x9F, bytes(4))


def test_a_damaged_reply_is_asked_for_again_and_the_right_person_is_read():
    card = replace(CARDS["chen"], photo=hiding(INNER["a whole card"], 300))
    for fault in ("flip=3", "flip=43", "flip=44", "flip=50", "lose=1", "lose=5", "lose=6", "lose=60", "corrupt=200"):
        sim = Sim()
        assert sim.names(3.0) == ["ReaderReady"]
        sim.faults(f"{fault}@read*1")
        sim.chip.lay(card)
        arrived, read = sim.run(20.0)
        assert arrived == CardArrived()
        assert read.card.name == "陈小芳", fault


@pytest.mark.parametrize("pause_s", [0.0, 0.01, 0.04])
def test_a_find_that_is_glued_to_an_older_one_counts(pause_s):
    """F6."""
    for older in (0x80, 0x81, 0x41, 0x91):
        answer, _ = ask(Command.FIND, [reply(older), reply(0x9F, bytes(4))], pause_s=pause_s)
        assert answer == Reply(0x9F, bytes(4)), hex(older)


def test_the_fault_counts_when_nothing_better_follows():
    assert ask(Command.FIND, [reply(0x80)]) == (Reply(0x80), pytest.approx(0.051))
    assert ask(Command.FIND, [reply(0x80) + b"\x00noise" + reply(0x9F, bytes(4))])[0] == Reply(0x80)  # not glued: noise between
    answer, at = ask(Command.FIND, [reply(0x80)] * 40, pause_s=0.02)
    assert answer == Reply(0x80)
    assert at < 0.1  # a stream of faults does not hold it up


def test_a_good_answer_needs_no_waiting():
    for before in (b"", bytes(5), encode_request(Command.FIND), encode_request(Command.FIND) * 2 + bytes(2)):
        assert ask(Command.FIND, [before + reply(0x9F, bytes(4))]) == (Reply(0x9F, bytes(4)), 0.001)


def test_a_frame_behind_noise_counts_when_it_is_the_last_thing_that_comes():
    answer, at = ask(Command.FIND, [b"\x55\x66" + reply(0x9F, bytes(4))])
    assert (answer, at) == (Reply(0x9F, bytes(4)), pytest.approx(0.801))
    assert isinstance(ask(Command.FIND, [b"\x55\x66" + reply(0x9F, bytes(4)) + b"\x00"])[0], Damage)
    assert isinstance(ask(Command.FIND, [b"\x55\x66" + reply(0x9F, bytes(4)), b"\xaa\xaa"], pause_s=0.7)[0], Damage)


def test_only_an_echo_is_no_answer():
    """F11: TX and RX bridged, or the port of something that sends back what it gets."""
    for command in Command:
        exchange = Exchange(command, Reader(), 115200, 0.0, b"P" if command is Command.RF_SIZE else b"")
        exchange.advance(0.01, exchange.request)
        assert not exchange.done
        exchange.advance(exchange.wake_at, b"")
        assert exchange.answer is Damage.ECHO


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([Command.FIND, Command.STATUS, Command.SELECT, Command.READ]),
    st.lists(st.one_of(st.binary(max_size=30), st.sampled_from(list(INNER.values()))), max_size=8),
    st.sampled_from([0.0, 0.03, 0.3, 1.0]),
)
@example(Command.FIND, [b"\x01"] * 8, 1.0)
def test_every_exchange_ends_in_time_whatever_comes(command, pieces, pause_s):
    exchange = Exchange(command, Reader(), 115200, 0.0)
    _, at = ask(command, pieces, pause_s=pause_s)
    assert at <= exchange.wake_at + 10.0  # nothing arrived there: wake_at is the deadline


# --- presence ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sticky", [False, True])
@pytest.mark.parametrize("memory", [None, "card at start"])
def test_a_probe_that_always_agrees(sticky, memory):
    """F2: 30 03 answers 91 with and without a card; the lift is seen and the next person is read."""
    sim = Sim("always-91", sticky=sticky)
    if memory:
        sim.lay("chen")
    sim.run(3.0)
    if not memory:
        sim.lay("chen")
        sim.run(3.0)
    assert [type(event).__name__ for event in sim.events] == ["ReaderReady", "CardArrived", "CardRead"]
    assert sim.run(60.0) == []  # a card that stays is not reported twice
    sim.lift()
    assert sim.run(8.0) == [CardRemoved()]
    sim.lay("li")
    assert sim.names(5.0) == ["CardArrived", "CardRead"]
    sim.lay("wang")  # exchanged between two probes
    assert sim.names(8.0) == ["CardRemoved", "CardArrived", "CardRead"]


def test_an_honest_probe_is_left_alone_most_of_the_time():
    sim = Sim()
    sim.run(2.0)
    sim.lay("chen")
    sim.run(2.0)
    sim.lift()  # both say so: proven
    assert sim.run(3.0) == [CardRemoved()]
    sim.lay("chen")
    sim.run(2.0)
    before = len(sim.requests)
    assert sim.run(15.0) == []
    assert {name for _, name in sim.requests[before:]} == {"newest-address"}
    assert sim.run(10.0) == []
    assert "find" in {name for _, name in sim.requests[before:]}


def test_a_probe_that_agrees_and_a_find_that_is_disturbed_end_no_visit():
    for fault in ("sw3=80@find*1", "sw3=41@read*1", "silent@find*1", "sw3=81@select*1", "bad-checksum@read*2"):
        sim = Sim("always-91")
        sim.run(2.0)
        sim.lay("chen")
        assert sim.names(2.0) == ["CardArrived", "CardRead"]
        sim.faults("always-91", fault)
        assert sim.run(30.0) == [], fault


# --- readings that cannot be right ---------------------------------------------------------------------------------------


class Flipping(Sim):
    """Alters what the chip holds for single readings, as two flips in one column do: the checksum stays right."""

    def __init__(self, *readings: dict[int, int]) -> None:
        super().__init__()
        self.run(3.0)
        self._readings = list(readings)
        obey = self.chip._obey

        def altered(request, name):
            if name != "read" or not self._readings:
                return obey(request, name)
            card, flips = self.chip.card, self._readings.pop(0)
            text, photo = bytearray(card.text), bytearray(card.photo)
            for at, bits in flips.items():
                if at < 256:
                    text[at] ^= bits
                else:
                    photo[at - 256] ^= bits
            self.chip.card = replace(card, text=bytes(text), photo=bytes(photo))
            try:
                return obey(request, name)
            finally:
                self.chip.card = card

        self.chip._obey = altered

    def read(self, key: str = "chen"):
        self.lay(key)
        return self.run(3.0)[-1]

    def reads(self) -> int:
        return [name for _, name in self.requests].count("read")


IN_NUMBER = {122: 1, 126: 1}
OTHER = {124: 2, 128: 2}
IN_PHOTO = {256: 4, 300: 4}
IN_BIRTH = {50: 1, 120: 1}
IN_SEX = {30: 3, 70: 3}


@pytest.mark.parametrize("flips", [IN_NUMBER, OTHER, IN_PHOTO, IN_BIRTH, IN_SEX])
def test_two_flips_in_a_column_are_read_again(flips):
    sim = Flipping(flips)
    event = sim.read()
    assert isinstance(event, CardRead)
    assert (event.card.raw_text, event.card.photo_wlt) == (CARDS["chen"].text, CARDS["chen"].photo)
    assert sim.reads() == 2


def test_two_wrong_readings_that_differ_want_a_third():
    sim = Flipping(IN_NUMBER, OTHER)
    assert sim.read().card.raw_text == CARDS["chen"].text
    sim = Flipping(IN_NUMBER, OTHER, OTHER)
    event = sim.read()
    assert not event.card.number_ok
    assert sim.reads() == 3
    both = [IN_NUMBER, OTHER, IN_NUMBER | OTHER]
    sim = Flipping(*both, *both)  # and once more in place
    assert sim.read() == CardTrouble(Reason.READER_GARBLED, None, lift=True)
    assert sim.reads() == 6


def test_a_card_that_is_odd_is_read_twice_and_believed():
    sim = Flipping()
    event = sim.read("oddities")
    assert isinstance(event, CardRead)
    assert not event.card.number_ok
    assert sim.reads() == 2


def test_a_reader_that_reads_a_card_only_once_is_no_reason_to_refuse_it():
    sim = Sim()
    sim.run(3.0)
    sim.lay("oddities")
    obey, reads = sim.chip._obey, []

    def once(request, name):
        reads.extend([name] if name == "read" else [])
        return (0x41, b"") if len(reads) == 2 and name == "read" else obey(request, name)

    sim.chip._obey = once
    assert isinstance(sim.run(3.0)[-1], CardRead)


@pytest.mark.parametrize("key", sorted(set(CARDS) - {"oddities"}))
def test_a_sound_card_is_read_once(key):
    assert not looks_damaged(Payload(CARDS[key].text, CARDS[key].photo))
    assert looks_damaged(Payload(CARDS[key].text, b"\0" * 1024))


# --- layouts and texts ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "kind"), [("permanent2017", "I"), ("permanent2023", "Y"), ("hongkong", "J")])
@pytest.mark.parametrize("letter", [" ", "\x00", "?", "\uffff"])
def test_a_layout_without_its_letter_is_known_by_the_number(key, kind, letter):
    """F7."""
    text = bytearray(CARDS[key].text)
    assert text[248:250].decode("utf-16-le") == kind
    text[248:250] = letter.encode("utf-16-le")
    bare, whole = parse_card(Payload(bytes(text), b"")), parse_card(Payload(CARDS[key].text, b""))
    assert replace(bare, card_type=kind, raw_text=whole.raw_text) == whole
    assert whole.number_ok


@pytest.mark.parametrize("stray", ["\x00", "\x00\x00", "\x07", "\ufeff", "\uffff"])
def test_what_is_no_character_is_in_no_name(stray):
    """F12."""
    text = bytearray(CARDS["chen"].text)
    text[0:30] = f"{stray}陈{stray}小芳".ljust(15).encode("utf-16-le")
    assert parse_card(Payload(bytes(text), b"")).name == "陈小芳"


def test_blocks_of_an_address_are_joined_without_their_padding():
    blocks = ["广东省深圳市南山区样板街道1号", "2栋", "", "303房"]
    raw = "".join(block.ljust(35) for block in blocks).encode("utf-16-le")
    assert len(raw) == 280
    empty = Payload(b" \0" * 128, b"")
    assert parse_card(empty, raw).newest_address == "".join(blocks)
    full = "甲" * 35 + "乙街 3号"
    assert parse_card(empty, full.ljust(70).encode("utf-16-le")).newest_address == full


@settings(max_examples=100)
@given(st.binary(min_size=256, max_size=256), st.binary(max_size=40))
def test_any_payload_is_weighed(text, photo):
    assert looks_damaged(Payload(text, photo)) in (True, False)
    assert parse_payload(read_reply(text, photo)[10:-1], with_fingerprint=False) == Payload(text, photo)


# --- the real port -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["flip=43@read*1", "flip=3@read*1", "lose=6@read*1"])
def test_on_a_real_port_the_person_inside_the_photo_is_not_read(tmp_path, fault):
    card = replace(CARDS["chen"], photo=hiding(INNER["a whole card"], 300))
    with Driven(tmp_path, faults=[fault]) as it:
        it.emulator.cards["hidden"] = card
        it.emulator.lay("hidden")
        assert it.until("CardRead")[-1].card.name == "陈小芳"


def test_on_a_real_port_a_probe_that_always_agrees(tmp_path):
    with Driven(tmp_path, faults=["always-91"]) as it:
        it.emulator.lay("chen")
        assert it.names(3) == ["ReaderReady", "CardArrived", "CardRead"]
        it.emulator.lift()
        assert it.names(1) == ["CardRemoved"]
        it.emulator.lay("li")
        assert it.until("CardRead")[-1].card.name == "李建国"


def test_on_a_real_port_glued_finds_are_read(tmp_path):
    with Driven(tmp_path, faults=["glued=80@find"]) as it:
        it.emulator.lay("chen")
        assert it.names(3) == ["ReaderReady", "CardArrived", "CardRead"]
