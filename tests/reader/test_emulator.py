"""The emulated reader with other people's clients: raw bytes in, what a reader would say out."""

from __future__ import annotations

import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.emulators.reader import ReaderEmulator
from kiosk.emulators.reader_chip import Chip, RequestReader
from kiosk.errors import ConfigError
from tests.reader.sim import CARDS

FIND, SELECT = bytes.fromhex("AAAAAA96690003200122"), bytes.fromhex("AAAAAA96690003200221")
READ, ADDRESS = bytes.fromhex("AAAAAA96690003300132"), bytes.fromhex("AAAAAA96690003300330")
STATUS = bytes.fromhex("AAAAAA9669000311FFED")


class Client:
    """Sends bytes, collects status bytes; time only passes when told."""

    def __init__(self, key: str = "", **options) -> None:
        self.chip, self.reader, self.now = Chip(**options), RequestReader(), 0.0
        self.chip.lay(CARDS[key] if key else None)

    def __call__(self, text: str | bytes, later_s: float = 0.0) -> list[str]:
        self.now += later_s
        data = bytes.fromhex(text) if isinstance(text, str) else text
        return [f"{self.chip.answer(request)[9]:02X}" for request in self.reader.take(data, self.now)]


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        ("AAAAAA96690003200122", ["80"]),  # find, no card
        ("AAAAAA96690003200121", ["10"]),  # wrong checksum, as one published client has it
        ("AAAAAA96690003200023", ["21"]),  # find with parameter 00, likewise
        ("AAAAAA9669000301FFFD", ["21"]),  # reset as command 01, likewise
        ("AAAAAA9669000311FFED", ["90"]),
        ("AAAAAA9669000310FFEC", ["90"]),
        ("AAAAAA9669000461FF50CA", ["90"]),
        ("AAAAAA9669000361FF9D", ["11"]),  # RF size without its byte
        ("AAAAAA966900042001AA8F", ["11"]),  # find with a byte too many
        ("AAAAAA96690002AAA8", ["11"]),  # a length that cannot be
        ("AAAAAA9669FFFF", ["11"]),
        ("AAAAAA9669C0FF0102", ["21"]),  # a vendor's beep with its impossible length
        ("AAAAAA966900 03 DC 00 DF", ["21"]),
        ("AAAAAA9669000380018 2".replace(" ", ""), ["21"]),
        ("AAAAAA96690003A003A0", ["21"]),
        ("AAAAAA9669000360006 3".replace(" ", ""), ["90"]),  # baud
        ("AAAAAA96690003600566", ["21"]),
        ("AAAAAA96690003200221", ["81"]),
        ("AAAAAA96690003300132", ["41"]),
        ("AAAAAA96690003300330", ["41"]),
        ("0000AAAA00FF", []),
        ("", []),  # noise
        ("AA" + "AAAAAA96690003200122", ["80"]),  # noise that begins like a frame
        ("AAAAAA96690003200122" * 3, ["80", "80", "80"]),
        ("AAAAAA96690003 20 AAAAAA96690003200122", ["80"]),  # half a frame, then a whole one
        ("AAAAAA966900" + "AAAAAA96690003200122", ["80"]),
    ],
)
def test_what_a_reader_says_without_a_card(sent, answered):
    assert Client()(sent) == answered


@pytest.mark.parametrize("code", [0x34, 0x81, 0x41])
def test_out_of_order_as_configured(code):
    client = Client("chen", out_of_order=code)
    assert client(SELECT + READ + ADDRESS) == [f"{code:02X}"] * 3
    assert client(FIND + SELECT + READ + ADDRESS) == ["9F", "90", "90", "90"]


def test_sticky_and_not():
    for sticky in (False, True):
        client = Client("li", sticky=sticky)
        assert client(FIND + SELECT + READ) == ["9F", "90", "90"]
        assert client(FIND) == ["80" if sticky else "9F"]
        client.chip.lay(None)
        assert client(FIND + ADDRESS) == ["80", "41"]
        client.chip.lay(CARDS["li"])
        assert client(FIND + SELECT + READ + ADDRESS) == ["9F", "90", "90", "91"]


def test_slow_bytes_and_half_frames():
    client = Client()
    assert [client(bytes([byte]), 0.25) for byte in STATUS][-1] == ["90"]  # 0.25 s a byte: slow, not cut
    assert client(STATUS[:8]) == []
    assert client(b"", 0.2) == []
    assert client(b"", 0.2) == ["11"]  # cut off: length error
    assert client(STATUS) == ["90"]
    assert client(STATUS[:4]) == []
    assert client(b"", 1.0) == []  # not even a header: noise
    assert client(STATUS) == ["90"]


@given(st.lists(st.binary(max_size=300), max_size=6))
def test_any_bytes_then_silence_then_a_request(pieces):
    client = Client()
    for piece in pieces:
        client(piece)
    for _ in range(700):  # 512 bytes can hold that many false beginnings
        client(b"", 1.0)
    assert client(STATUS) == ["90"]


def reply_over(link, request: bytes, size: int) -> tuple[bytes, float]:
    """A client that knows nothing of terminals: opens the file, writes, reads."""
    line = os.open(link, os.O_RDWR | os.O_NOCTTY)
    try:
        begun, got = time.monotonic(), b""
        os.write(line, request)
        while len(got) < size:
            got += os.read(line, 4096)
        return got, time.monotonic() - begun
    finally:
        os.close(line)


def test_a_plain_client_on_the_pty_and_the_pace_of_the_line(tmp_path):
    emulator = ReaderEmulator(CARDS, tmp_path / "reader")
    emulator.start()
    try:
        emulator.lay("chen")
        assert reply_over(emulator.link, FIND, 15)[0].hex() == "aaaaaa9669000800009f0000000097"
        assert reply_over(emulator.link, SELECT, 19)[0].hex() == "aaaaaa9669000c0000900000000000000000" + "9c"
        got, took_s = reply_over(emulator.link, READ, 1295)
        assert got[10:14].hex() == "01000400"
        assert took_s >= 1295 * 10 / 115200  # never faster than the wire
        emulator.set_faults("sw3=32")
        assert reply_over(emulator.link, READ, 11)[0].hex() == "aaaaaa96690004000032" + "36"
        assert emulator.link.is_symlink()
    finally:
        emulator.stop()
    assert not emulator.link.is_symlink()


def test_the_baud_command_switches(tmp_path):
    emulator = ReaderEmulator(CARDS, tmp_path / "reader")
    emulator.start()
    try:
        assert reply_over(emulator.link, bytes.fromhex("AAAAAA96690003600467"), 11)[0][9] == 0x90
        deadline = time.monotonic() + 10
        while emulator.baud != 9600:
            assert time.monotonic() < deadline
    finally:
        emulator.stop()


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "late@nowhere",
        "late*x",
        "",
        "Late",
        "late=",
        "late=soon",
        "late=-1",
        "late=nan",
        "garbage=1.5",
        "garbage=99999",
        "sw3=XX",
        "sw3=100",
        "sw12=A5",
        "iin=",
        "silent=1",
    ],
)
def test_mistakes_in_faults_are_named(text):
    with pytest.raises(ConfigError, match="fault"):
        ReaderEmulator(CARDS, "unused", faults=[text])
