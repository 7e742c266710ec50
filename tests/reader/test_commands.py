"""`kiosk read-card` and `kiosk emulate-reader` as people run them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.commands import read_card
from kiosk.config import Reader
from kiosk.emulators.reader import ReaderEmulator
from kiosk.idcard_reader import transport
from tests.reader.sim import CARDS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def emulator(tmp_path):
    emulator = ReaderEmulator(CARDS, tmp_path / "reader")
    emulator.start()
    yield emulator
    emulator.stop()


def read(emulator, *options: str) -> int:
    return read_card.main(["--port", str(emulator.link), *options])


def test_one_object_a_card(emulator, capsys):
    emulator.lay("permanent2023")
    assert read(emulator, "--json", "--all") == 0
    out = capsys.readouterr().out.splitlines()
    card = json.loads(out[0])
    assert len(out) == 1
    assert (card["card_type"], card["name"], card["old_number"]) == ("Y", "马格丽", "AUS440155082108")
    assert card["old_number"] == CARDS["permanent2017"].text[122:152].decode("utf-16-le")  # the same person's card before
    assert len(bytes.fromhex(card["photo_wlt"])) == 1024


def test_without_json_nothing_personal_is_printed(emulator, capsys):
    emulator.lay("chen")
    assert read(emulator) == 0
    assert capsys.readouterr().out == "resident 陈 * 芳 ...0028\n"
    emulator.lay("oddities")
    assert read(emulator) == 0
    assert "flagged: birth-date, check-digit" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("fault", "status", "message"),
    [
        ("sw3=31@read", 4, "card: card-refused-reader (SW3 31); lift it"),
        ("sw3=40@find", 4, "card: card-kind-unknown (SW3 40)\n"),
        ("self-test", 3, "reader: reader-self-test-failed"),
        ("truncated", 3, "reader: reader-garbled"),
    ],
)
def test_what_failed_is_said(emulator, capsys, fault, status, message):
    emulator.lay("chen")
    emulator.set_faults(fault)
    assert read(emulator) == status
    assert message in capsys.readouterr().err


def test_no_reader_and_no_card(emulator, capsys, tmp_path):
    assert read_card.main(["--port", str(tmp_path / "none")]) == 3
    assert "reader-unplugged" in capsys.readouterr().err
    assert read(emulator, "--timeout", "0.8") == 5
    assert "no card within 0.8 s" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "status", "out"),
    [
        ("status", 0, "sw3=90"),
        ("reset", 0, "sw3=90"),
        ("rf-size=80", 0, "sw3=90"),
        ("find", 4, "reason=card-not-found"),
        ("select", 4, "sw3=81"),
        ("sam-id", 0, "sam_id=05.01-20240101-0001000001-0200000002 sam_id_plain=05012024010100010000010200000002"),
        ("chip-number", 4, "sw3=41"),
        ("newest-address", 4, "sw3=41"),
        ("read", 4, "sw3=41"),
        ("read-fingerprint", 4, "sw3=41"),
    ],
)
def test_single_commands(emulator, capsys, name, status, out):
    assert read(emulator, "--command", name) == status
    assert out in capsys.readouterr().out


def test_a_command_finds_the_speed(tmp_path, capsys):
    emulator = ReaderEmulator(CARDS, tmp_path / "reader", baud=19200)
    emulator.start()
    try:
        assert read(emulator, "--command", "status") == 0
        assert read(emulator, "--command", "status", "--baud", "19200") == 0
    finally:
        emulator.stop()
    assert capsys.readouterr().out.count("sw3=90") == 2


def test_commands_that_fail(emulator, capsys, tmp_path):
    assert read(emulator, "--command", "explode") == 2
    assert read(emulator, "--command", "rf-size=900") == 2
    assert read_card.main(["--port", str(tmp_path / "none"), "--command", "status"]) == 3
    emulator.set_faults("silent")
    assert read(emulator, "--command", "status") == 3
    emulator.set_faults("bad-checksum")
    assert read(emulator, "--command", "status") == 3
    err = capsys.readouterr().err
    assert "[reader-unplugged]" in err
    assert "[reader-silent]" in err
    assert "[reader-garbled]" in err


def test_two_processes_with_a_script(tmp_path):
    """emulate-reader in one process, read-card --watch in another; first a script, then typing."""
    link, script = tmp_path / "reader", tmp_path / "script"
    script.write_text("\nfault late=0.1@status*1\nsleep 0.1\nlay li   # a comment\n")
    kiosk = [sys.executable, "-m", "kiosk"]
    with subprocess.Popen(
        [*kiosk, "emulate-reader", "--link", str(link), "--script", str(script), "--sticky"],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as emulator:
        assert emulator.stdout is not None
        assert emulator.stdin is not None

        def type_in(text: str) -> None:
            emulator.stdin.write(text)
            emulator.stdin.flush()

        assert emulator.stdout.readline().startswith(f"reader on {link}")
        with subprocess.Popen(
            [*kiosk, "read-card", "--port", str(link), "--watch", "--json"],
            cwd=ROOT,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        ) as reader:

            def said() -> str:
                return reader.stderr.readline().split(None, 1)[-1].strip()

            assert json.loads(reader.stdout.readline())["name"] == "李建国"
            assert said() == "ready 05.01-20240101-0001000001-0200000002"
            assert said() == "CardArrived"
            type_in("lift\n")
            assert said() == "CardRemoved"
            type_in("fault sw3=32@read\nlay taiwan\n")
            assert said() == "CardArrived"
            assert said() == "reader-refused-card (SW3 32); lift it and lay it again"
            reader.terminate()
        type_in("lay nobody\nfault nonsense\ndance\ncards\nquit\n")
        rest = emulator.stdout.read()
        assert "no such card: 'nobody'" in rest
        assert "unknown fault" in rest
        assert "? dance" in rest
        assert emulator.wait(10) == 0
    assert not link.is_symlink()


class Listed:
    def __init__(self, device: str, vid: int | None = None, pid: int | None = None) -> None:
        self.device, self.vid, self.pid = device, vid, pid


def test_where_readers_are_looked_for(tmp_path):
    for name in ("ttyUSB3", "ttyUSB1", "ttyACM0"):
        (tmp_path / name).touch()
    listed = [Listed("COM7", 0x1A86, 0x7523), Listed("COM3", 0x0403, 0x6001), Listed("COM1")]

    def names(**settings) -> list[str]:
        return transport.candidates(Reader(**settings), lambda: listed)

    assert names(port=str(tmp_path / "gone")) == []
    assert names(port="COM1") == ["COM1"]
    assert names(port="socket://10.0.0.7:4001") == ["socket://10.0.0.7:4001"]
    assert names(port="", port_patterns=[str(tmp_path / "ttyUSB*")]) == [str(tmp_path / "ttyUSB1"), str(tmp_path / "ttyUSB3")]
    assert names(port="", port_patterns=["COM*"]) == ["COM1", "COM3", "COM7"]
    assert names(port="COM1", usb_ids=["1A86:7523", "0403:6001"]) == ["COM1", "COM3", "COM7"]
    assert names(port=str(tmp_path / "ttyACM0"), port_patterns=[str(tmp_path / "tty*")])[0] == str(tmp_path / "ttyACM0")


def test_it_ends_with_whoever_started_it_and_takes_the_port_along(tmp_path):
    link = tmp_path / "reader"
    starter = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import subprocess, sys, time; "
            f"subprocess.Popen([sys.executable, '-m', 'kiosk', 'emulate-reader', '--until-eof', '--link', {str(link)!r}], "
            "stdin=subprocess.PIPE, stdout=sys.stdout); time.sleep(600)",
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert starter.stdout is not None
    assert "reader on" in starter.stdout.readline()
    assert link.is_symlink()
    starter.kill()  # -9: nothing of it can tidy up
    assert starter.stdout.read() == ""  # ends when the last writer, the emulator, has ended
    starter.wait()
    starter.stdout.close()
    assert not link.is_symlink()
