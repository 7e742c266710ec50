"""Any bytes in any split give frames or damages, never an exception; the next good frame is found; memory is bounded."""

from __future__ import annotations

from functools import reduce
from operator import xor as xor_of
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kiosk.idcard_reader.codec import (
    HEADER_SIZE,
    MAX_LENGTH,
    PREAMBLE,
    Command,
    Damage,
    Decoder,
    Reply,
    encode_request,
    xor,
)

VECTORS = Path(__file__).resolve().parents[1] / "vectors"


def frame(sw3: int, data: bytes = b"", sw1: int = 0, sw2: int = 0) -> bytes:
    """A reply, made here and not by the code under test."""
    body = (len(data) + 4).to_bytes(2, "big") + bytes([sw1, sw2, sw3]) + data
    return b"\xaa\xaa\xaa\x96\x69" + body + bytes([reduce(xor_of, body)])


frames = st.builds(frame, st.integers(0, 255), st.binary(max_size=300), st.integers(0, 255), st.integers(0, 255))
# bytes that look like beginnings are much likelier here than in random noise
lookalikes = st.lists(
    st.one_of(
        st.binary(max_size=8), st.sampled_from([PREAMBLE, PREAMBLE[:3], b"\xaa", PREAMBLE + b"\x00\x04", PREAMBLE + b"\x0f\xff"])
    ),
    max_size=12,
).map(b"".join)


def in_pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    at = sorted({c % (len(data) + 1) for c in cuts} | {0, len(data)})
    return [data[a:b] for a, b in zip(at, at[1:], strict=False)]


def read_vectors(name: str) -> list[tuple[bytes, list[str]]]:
    found = []
    for line in (VECTORS / name).read_text(encoding="utf-8").splitlines():
        code, _, words = line.partition("|")
        if code.strip() and not code.lstrip().startswith("#"):
            found.append((bytes.fromhex(code), words.split()))
    return found


@pytest.mark.parametrize(("data", "words"), read_vectors("requests.hex"))
def test_requests_as_in_the_sources(data, words):
    command = Command[words[0].upper().replace("-", "_")]
    assert encode_request(command, bytes.fromhex("".join(words[1:]))) == data


def test_every_command_has_a_vector():
    assert {words[0] for _, words in read_vectors("requests.hex")} == {command.label for command in Command}


@pytest.mark.parametrize(("data", "words"), read_vectors("replies.hex"))
def test_replies_as_in_the_sources(data, words):
    sw3, expected = int(words[0], 16), bytes.fromhex("".join(words[1:]))
    assert Decoder().feed(data) == [Reply(sw3, expected)]


@given(st.binary(max_size=5000))
def test_xor_is_the_xor_of_all_bytes(data):
    assert xor(data) == reduce(xor_of, data, 0)


@given(st.lists(st.one_of(frames, lookalikes), max_size=5).map(b"".join), st.lists(st.integers(0, 4000)))
def test_any_split_gives_the_same(data, cuts):
    whole, split = Decoder(), Decoder()
    expected = whole.feed(data)
    found = [item for piece in in_pieces(data, cuts) for item in split.feed(piece)]
    assert found == expected
    assert split.silence() == whole.silence()
    assert split.pending == whole.pending == 0


@given(st.lists(st.binary(max_size=600)))
def test_any_bytes_never_raise_and_memory_is_bounded(pieces):
    decoder = Decoder()
    for piece in pieces:
        for item in decoder.feed(piece):
            assert isinstance(item, Reply | Damage)
        assert decoder.pending < HEADER_SIZE + MAX_LENGTH


@given(lookalikes, frames)
@example(b"\xaa", frame(0x90))
@example(b"\xaa\xaa\xaa\xaa\xaa", frame(0x90))
@example(PREAMBLE, frame(0x90))
@example(PREAMBLE + b"\xff\xff", frame(0x90))
@example(b"\x00" * 50 + b"\xaa\xaa\xaa\x69\x96\x00\x04", frame(0x41, sw1=0xA5))
def test_after_garbage_the_next_good_frame_is_found(garbage, good):
    decoder = Decoder()
    found = decoder.feed(garbage + good) + decoder.silence()
    expected = Decoder().feed(good)[0]
    # Garbage that announces a frame swallows what comes inside its span; the frame after the silence is found in any case.
    assert expected in found or PREAMBLE in garbage + good[: len(PREAMBLE) - 1]
    assert decoder.feed(good) == [expected]


@given(st.binary(max_size=30), frames, st.binary(max_size=30), st.data())
def test_a_frame_inside_a_damaged_one_is_never_returned(before, inner, behind, draw):
    outer = bytearray(frame(0x90, before + inner + behind))
    at = draw.draw(st.integers(HEADER_SIZE, len(outer) - 1))
    outer[at] ^= draw.draw(st.integers(1, 255))
    decoder = Decoder()
    found = decoder.feed(bytes(outer)) + decoder.silence()
    assert [item for item in found if isinstance(item, Reply)] == []


@given(frames, st.integers(0, 5), frames)
def test_zeros_count_as_noise_only_behind_something(one, zeros, two):
    found = Decoder().feed(bytes(zeros) + one + bytes(zeros) + two)
    assert [item for item in found if isinstance(item, Damage)] == ([Damage.NOISE] if zeros else [])
    assert len([item for item in found if isinstance(item, Reply)]) == 2


@given(st.sampled_from(list(Command)), st.integers(0, 3), frames, st.lists(st.integers(0, 400)))
def test_our_own_request_is_no_reply(command, times, reply, cuts):
    request = encode_request(command, b"P" if command is Command.RF_SIZE else b"")
    decoder = Decoder(request)
    found = [item for piece in in_pieces(request * times + reply, cuts) for item in decoder.feed(piece)]
    assert found == Decoder().feed(reply)
    assert decoder.echoed is (times > 0)


@given(st.lists(frames, min_size=1, max_size=4), st.lists(st.integers(0, 2000)))
def test_all_frames_of_a_row_are_found(row, cuts):
    decoder = Decoder()
    found = [item for piece in in_pieces(b"".join(row), cuts) for item in decoder.feed(piece)]
    assert found == [Decoder().feed(one)[0] for one in row]


@given(st.binary(min_size=1, max_size=60), st.data())
def test_one_altered_byte_never_passes_for_another_reply(data, draw):
    good = frame(0x90, data)
    at = draw.draw(st.integers(HEADER_SIZE, len(good) - 1))  # in the length, one byte of XOR cannot always tell
    bad = bytearray(good)
    bad[at] ^= draw.draw(st.integers(1, 255))
    decoder = Decoder()
    found = decoder.feed(bytes(bad)) + decoder.silence()
    assert not [item for item in found if isinstance(item, Reply)]
    assert found


@given(st.binary(max_size=40), st.integers(0, 255))
def test_every_reply_survives_the_round(data, sw3):
    assert Decoder().feed(frame(sw3, data, 0xA5, 0x5A)) == [Reply(sw3, data, 0xA5, 0x5A)]


def test_lengths_that_cannot_be():
    for length in (0, 1, 2, 3, MAX_LENGTH + 1, 0xFFFF):
        assert Decoder().feed(PREAMBLE + length.to_bytes(2, "big")) == [Damage.LENGTH]


def test_what_follows_a_damage_is_found_in_the_same_bytes():
    """The damage is named, what belongs to it is not told again, and the frame behind it need not wait for more bytes."""
    good, reply = frame(0x90), Reply(0x90)
    assert Decoder().feed(PREAMBLE + b"\xff\xff" + good) == [Damage.LENGTH, reply]
    wrong = frame(0x41)[:-1] + b"\x00"
    assert Decoder().feed(wrong + good) == [Damage.CHECKSUM, reply]
    assert Decoder().feed(wrong + b"\x07" + good + b"\x07" + good) == [Damage.CHECKSUM, reply, Damage.NOISE, reply]


def test_what_never_came_to_its_end_is_told_once_and_noise_anew_after_a_silence():
    decoder = Decoder()
    assert decoder.feed(b"\x07") + decoder.feed(b"\x08") == [Damage.NOISE]
    assert decoder.silence() == []
    assert decoder.feed(b"\x07") == [Damage.NOISE]
    decoder.silence()
    assert decoder.feed(PREAMBLE + b"\x00\x04") == []
    assert (decoder.in_frame, decoder.pending) == (True, HEADER_SIZE)
    assert decoder.silence() == [Damage.CUT]
    assert (decoder.in_frame, decoder.pending) == (False, 0)
    assert decoder.feed(PREAMBLE[:2]) == []
    assert decoder.silence() == [Damage.NOISE]  # the beginning of a preamble, and nothing more


def test_a_request_without_data_ends_with_its_command():
    assert encode_request(Command.FIND) == encode_request(Command.FIND, b"")


def test_without_an_echo_there_is_nothing_to_leave_out():
    decoder = Decoder()
    assert decoder.feed(b"XXXX") == [Damage.NOISE]
    assert (decoder.echoed, decoder.pending) == (False, 0)


def test_the_longest_frame_passes():
    longest = frame(0x90, bytes(MAX_LENGTH - 4))
    decoder = Decoder()
    assert decoder.feed(longest[:-1]) == []
    assert decoder.pending == HEADER_SIZE + MAX_LENGTH - 1
    assert decoder.feed(longest[-1:]) == [Reply(0x90, bytes(MAX_LENGTH - 4))]


def test_a_megabyte_of_false_beginnings_is_worked_off():
    decoder = Decoder()
    for _ in range(200):
        decoder.feed((PREAMBLE + b"\x0f\xff") * 100)
        assert decoder.pending <= HEADER_SIZE + MAX_LENGTH
    decoder.silence()
    assert decoder.feed(frame(0x90)) == [Reply(0x90)]
