"""Which port is the reader's, and what is wrong when none is: told apart by the driver, `kiosk doctor` and `kiosk read-card`."""

from __future__ import annotations

import errno
import os
import queue
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest
import serial

from kiosk.commands import read_card
from kiosk.config import Reader, Settings
from kiosk.doctor import checks
from kiosk.doctor.reader import REMEDIES, look
from kiosk.domain.reasons import Reason
from kiosk.emulators.reader import ReaderEmulator
from kiosk.emulators.reader_line import PtyLine
from kiosk.errors import ReaderBusy, ReaderDenied, ReaderUnavailable
from kiosk.idcard_reader import transport
from kiosk.idcard_reader.client import ReaderClient
from kiosk.idcard_reader.codec import Command
from kiosk.idcard_reader.events import ReaderGone, ReaderReady
from kiosk.idcard_reader.transport import Port
from tests.reader.driving import FAST
from tests.reader.sim import CARDS


@pytest.fixture
def plugged(tmp_path):
    """Make emulated readers: plugged(name, *faults)."""
    made = []

    def plug(name: str, *faults: str) -> str:
        made.append(ReaderEmulator(CARDS, tmp_path / name, faults=faults))
        made[-1].start()
        return str(made[-1].link)

    yield plug
    for emulator in made:
        emulator.stop()


def settings(**options) -> Reader:
    return Reader(**{**FAST, "probe_bauds": False, **options})


def first_event(reader: Reader):
    stop = threading.Event()
    for event in ReaderClient(reader).events(stop):
        stop.set()
        return event
    return None


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("self-test", Reason.READER_SELF_TEST_FAILED), ("unauthorised", Reason.READER_NOT_AUTHORISED)],
)
def test_a_reader_that_says_it_is_ill_is_not_well(plugged, fault, reason):
    """F3."""
    port = plugged("reader", fault)
    state, what, remedy = look(settings(port=port))
    assert (state, what.split(" says ")[0]) == ("bad", f"the reader at {port}")
    assert reason in what
    assert remedy == REMEDIES[reason]
    finding = checks.check_reader(Settings(reader=settings(port=port)))
    assert (finding.part, finding.state) == ("reader", "bad")


def test_a_reader_that_knows_no_status_still_answers(plugged):
    port = plugged("reader", "sw3=21@status")
    state, what, _ = look(settings(port=port))
    assert state == "ok"
    assert f"answers at {port}, though not to the question how it is" in what


def test_a_port_that_another_program_holds(plugged, capsys):
    """F4: driver, doctor and read-card say so, and say whose it may be."""
    name = plugged("reader")
    port = Port(name, 115200)
    try:
        with pytest.raises(ReaderBusy):
            Port(name, 115200)
        assert first_event(settings(port=name)) == ReaderGone(Reason.READER_BUSY)
        state, what, remedy = look(settings(port=name))
        assert (state, what) == ("bad", f"{name}: in use by another program")
        assert "ModemManager" in remedy
        assert "brltty" in remedy
        assert read_card.main(["--port", name]) == 3
        assert read_card.main(["--port", name, "--command", "status"]) == 3
        said = capsys.readouterr().err.splitlines()
        assert [("reader-busy" in line, "ModemManager" in line) for line in said] == [(True, True)] * 2
    finally:
        port.close()
    assert look(settings(port=name))[0] == "ok"


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_the_program_that_holds_the_port_is_named(plugged):
    name = plugged("reader", "silent")
    holder = subprocess.Popen(["/bin/sh", "-c", f"exec 3<>{name}; echo; read wait"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        holder.stdout.readline()
        state, what, _ = look(settings(port=name))
        assert state == "bad"
        assert what.endswith(f"also open in sh ({holder.pid})")
    finally:
        holder.communicate(b"\n")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (serial.SerialException(errno.EBUSY, "could not open port"), ReaderBusy),
        (serial.SerialException(errno.EAGAIN, "Could not exclusively lock port"), ReaderBusy),
        (serial.SerialException(errno.EACCES, "could not open port"), ReaderDenied),
        (serial.SerialException(errno.EPERM, "could not open port"), ReaderDenied),
        (serial.SerialException(errno.ENOENT, "could not open port"), ReaderUnavailable),
        (serial.SerialException(errno.EIO, "could not open port"), ReaderUnavailable),
        (ValueError("invalid URL"), ReaderUnavailable),
    ],
)
def test_why_a_port_does_not_open(monkeypatch, capsys, error, kind):
    def refuse(*_args, **_options):
        raise error

    monkeypatch.setattr(transport, "serial", SimpleNamespace(serial_for_url=refuse))
    with pytest.raises(ReaderUnavailable) as raised:
        Port("COM9", 115200)
    assert type(raised.value) is kind
    assert first_event(settings(port="COM9")) == ReaderGone(Reason(kind.reason))
    state, _, remedy = look(settings(port="COM9"))
    assert (state, remedy) == ("bad", REMEDIES[Reason(kind.reason)])
    assert read_card.main(["--port", "COM9"]) == 3
    assert capsys.readouterr().err == f"reader: {kind.reason}; {remedy}\n"


def test_on_windows_a_port_that_is_open_elsewhere_is_busy(monkeypatch):
    error = serial.SerialException("could not open port 'COM3': PermissionError(13, 'Access is denied.', None, 5)")
    assert type(transport._why_closed("COM3", error)) is ReaderUnavailable
    monkeypatch.setattr(transport, "os", SimpleNamespace(name="nt", path=os.path))
    assert type(transport._why_closed("COM3", error)) is ReaderBusy


def test_the_second_port_is_the_reader(plugged, tmp_path):
    """F5: and nothing is said about a port that does not exist."""
    plugged("reader0", "silent")
    second = plugged("reader1")
    some = settings(port=str(tmp_path / "gone"), port_patterns=(str(tmp_path / "reader?"),))
    assert look(some) == ("ok", f"a reader answers at {second}", "")
    assert ReaderClient(some).command(Command.STATUS).sw3 == 0x90


@pytest.mark.parametrize("first", ["silent", "loopback", "truncated=0.3"])
def test_what_is_wrong_with_the_best_port_is_told(plugged, tmp_path, first):
    best = plugged("reader0", first)
    plugged("reader1", "silent")
    state, what, _ = look(settings(port="", port_patterns=(str(tmp_path / "reader?"),)))
    assert (state, what.split(": ")[0]) == ("bad", best)


def test_a_busy_port_and_a_reader_beside_it(plugged, tmp_path):
    held, free = plugged("reader0"), plugged("reader1")
    port = Port(held, 115200)
    try:
        some = settings(port="", port_patterns=(str(tmp_path / "reader?"),))
        assert look(some)[:2] == ("ok", f"a reader answers at {free}")
        assert isinstance(first_event(some), ReaderReady)
    finally:
        port.close()


def test_only_an_echo_is_no_reader(plugged):
    """F11."""
    port = plugged("reader", "loopback")
    state, what, remedy = look(settings(port=port))
    assert (state, what) == ("bad", f"{port}: sends back what it gets, and nothing else")
    assert "bridged" in remedy
    assert first_event(settings(port=port)) == ReaderGone(Reason.READER_GARBLED)


def test_no_port_is_set():
    """F12."""
    state, what, remedy = look(settings(port=""))
    assert (state, what) == ("bad", "no port is set")
    assert "[reader] port" in remedy
    state, what, _ = look(settings(port="", port_patterns=("/nowhere/tty*",), usb_ids=("10c4:ea60",)))
    assert (state, what) == ("bad", "no reader among /nowhere/tty*, 10c4:ea60")


class Chatter(threading.Thread):
    """Something else on the port: it talks all the time and listens to nobody."""

    def __init__(self, line: PtyLine, words: bytes) -> None:
        super().__init__(daemon=True)
        self._line, self._words, self.stop = line, words, queue.Queue()

    def run(self) -> None:
        while self.stop.empty():
            self._line.read(0.0)
            self._line.write(self._words)
            threading.Event().wait(0.02)


@pytest.mark.parametrize(
    "words", [b"$GPGGA,123519,4807.038,N*47\r\n", b"\xaa\xaa\xaa\x96\x69\xff\xff", b"\xaa\xaa\xaa\x96\x69\x00\x20"]
)
def test_garbage_on_the_port(tmp_path, words):
    """F13: a satellite receiver, a scale, a reader of another kind."""
    line = PtyLine(tmp_path / "reader", 115200)
    chatter = Chatter(line, words)
    chatter.start()
    try:
        state, what, remedy = look(settings(port=str(line.link)))
        assert (state, what) == ("bad", f"{line.link}: garbled answer to status")
        assert remedy == REMEDIES[Reason.READER_GARBLED]
        assert first_event(settings(port=str(line.link))) == ReaderGone(Reason.READER_GARBLED)
    finally:
        chatter.stop.put(True)
        chatter.join()
        line.close()
