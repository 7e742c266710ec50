"""What reaches the printer: Chinese in GB 18030, a code that a scanner reads, and errors that end nobody's visit."""

from __future__ import annotations

import os
import socket
import threading
from dataclasses import replace

import cv2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.config import Printer
from kiosk.errors import ConfigError, DeviceError
from kiosk.printer import printer as printer_module
from kiosk.printer.commands import slip_bytes
from kiosk.printer.devices import find_usb
from kiosk.printer.printer import THROW_AWAY, open_printer
from kiosk.printer.slip import layout
from tests.printer.escpos_reader import read
from tests.printer.samples import slip

ASK = b"\x10\x04\x04"


def scanned(picture):
    return cv2.QRCodeDetector().detectAndDecode(cv2.copyMakeBorder(picture, 20, 20, 20, 20, cv2.BORDER_CONSTANT, value=255))[0]


@pytest.mark.parametrize("language", ["zh_CN", "en"])
@pytest.mark.parametrize("width_mm", [58, 80])
def test_dummy_prints_text_and_a_code_that_can_be_scanned(language, width_mm):
    one = slip(language)
    printer = open_printer(Printer(kind="dummy", width_mm=width_mm))
    printer.print(one)
    paper = read(printer.printed)
    wanted = [line.text for line in layout(one, width_mm) if not line.qr]
    assert [line for line in paper.lines if line][: len(wanted)] == wanted
    assert all(paper.chinese_lines[: len(wanted)])
    assert [scanned(picture) for picture in paper.pictures] == [one.qr_text]
    assert paper.pictures[0].shape[1] <= {58: 384, 80: 576}[width_mm]
    assert paper.cuts == 1


def test_file_device_gets_the_same_bytes(tmp_path):
    target = tmp_path / "lp0"
    target.touch()
    config = Printer(kind="file", target=str(target))
    open_printer(config).print(slip())
    assert target.read_bytes() == slip_bytes(slip(), config)
    assert scanned(read(target.read_bytes()).pictures[0]) == slip().qr_text


def test_native_code_holds_the_same_text():
    paper = read(slip_bytes(slip(), Printer(kind="dummy", native_qr=True)))
    assert paper.qr_data == [slip().qr_text]
    assert not paper.pictures


def test_without_a_cutter_the_paper_is_fed():
    paper = read(slip_bytes(slip(), Printer(kind="dummy", cut=False)))
    assert paper.cuts == 0
    assert paper.lines[-5:] == [""] * 5


def test_printer_without_chinese_gets_pictures():
    paper = read(slip_bytes(slip(), Printer(kind="dummy", text="image", width_mm=58)))
    assert not any(paper.lines)
    assert len(paper.pictures) == 3  # text, code, text
    assert scanned(paper.pictures[1]) == slip().qr_text
    for picture in (paper.pictures[0], paper.pictures[2]):
        assert picture.shape[1] == 384
        assert 0.01 < (picture == 0).mean() < 0.5


@pytest.mark.parametrize("width_mm", [58, 80])
def test_large_print_reaches_the_printer_as_text_and_as_a_picture(width_mm):
    large = slip(large=True)
    data = slip_bytes(large, Printer(kind="dummy", width_mm=width_mm))
    paper, lines = read(data), [line for line in layout(large, width_mm) if not line.qr]
    assert [line for line in paper.lines if line][: len(lines)] == [line.text for line in lines]
    words = sum(set(line.text) != {"-"} for line in lines)
    assert data.count(b"\x1d!\x11\x1c!\x0c") == words  # double width and height, for narrow and Chinese characters
    ink = [
        _ink(read(slip_bytes(one, Printer(kind="dummy", text="image", width_mm=width_mm))).pictures[0]) for one in (slip(), large)
    ]
    assert ink[0] < 26 < 35 < ink[1]  # dots from top to bottom of a line


def _ink(picture):
    """The height of the usual line of a picture of text; the rule (two dots) and the title are few."""
    rows = "".join("#" if dark else " " for dark in (picture == 0).any(axis=1)).split()
    return sorted(map(len, rows))[len(rows) // 2]


def test_a_rare_name_becomes_a_picture_instead_of_a_wrong_character():
    one = slip(name="陈小𬭚")  # in GB 18030's four bytes only: no printer holds it
    paper = read(slip_bytes(one, Printer(kind="dummy")))
    assert len(paper.pictures) == 2  # the part with the name, and the code
    assert not any("姓名" in line for line in paper.lines)
    assert "请保存好这张单子" in paper.lines  # the rest stays text


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=30))
def test_no_name_makes_the_printer_do_anything_else(name):
    config = Printer(kind="dummy", native_qr=True)  # a small slip, so that many can be tried
    paper = read(slip_bytes(slip(name=name, station=name), config))  # raises on a command it does not know
    assert paper.cuts == 1


@pytest.mark.parametrize(
    "config",
    [
        Printer(kind="file", target="no-such-folder/lp0"),
        Printer(kind="serial", target="no-such-port"),
        Printer(kind="usb", target="dead:beef"),
        Printer(kind="network", target="127.0.0.1:9", timeout_s=0.5),
    ],
    ids=lambda config: config.kind,
)
def test_an_absent_printer_is_a_device_error(config):
    with pytest.raises(DeviceError) as caught:
        open_printer(config).print(slip())
    assert caught.value.reason == "printer-unavailable"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no such device on this system")
def test_a_device_that_refuses_bytes_is_a_device_error():
    with pytest.raises(DeviceError) as caught:
        open_printer(Printer(kind="file", target="/dev/full")).print(slip())
    assert caught.value.reason == "printer-unavailable"


class NetworkPrinter:
    """A printer on a socket: answers the questions for paper with `answers`, the last one again and again; gathers the rest."""

    def __init__(self, *answers):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.server.settimeout(20)
        self.target = f"127.0.0.1:{self.server.getsockname()[1]}"
        self.got, self.answers = b"", list(answers)
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        with self.server, self.server.accept()[0] as line:
            line.settimeout(20)
            while part := line.recv(65536):
                asked, self.got = self.got.count(ASK), self.got + part
                for _ in range(self.got.count(ASK) - asked):
                    line.sendall(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])


@pytest.mark.parametrize(
    ("answer", "prints"),
    [(b"\x12", True), (b"\x1e", True), (b"\x72", False), (b"", True)],
    ids=["paper", "paper-near-end", "no-paper", "silent"],
)
def test_paper_is_asked_for_first(answer, prints):
    machine = NetworkPrinter(answer)
    config = Printer(kind="network", target=machine.target, timeout_s=0.5 if not answer else 10)
    if prints:
        open_printer(config).print(slip())
    else:
        with pytest.raises(DeviceError) as caught:
            open_printer(config).print(slip())
        assert caught.value.reason == "printer-no-paper"
    machine.thread.join(20)
    data = slip_bytes(slip(), config)
    assert machine.got == ASK + (THROW_AWAY if not prints else data + ASK if answer else data)


def test_paper_that_ends_within_a_slip_throws_the_rest_away():
    machine = NetworkPrinter(b"\x12", b"\x72")
    config = Printer(kind="network", target=machine.target, timeout_s=10)
    with pytest.raises(DeviceError) as caught:
        open_printer(config).print(slip())
    machine.thread.join(20)
    assert caught.value.reason == "printer-no-paper"
    assert machine.got == ASK + slip_bytes(slip(), config) + ASK + THROW_AWAY


class Stopping:
    """A device that takes `room` bytes and then none, as one without paper does."""

    def __init__(self, room):
        self.got, self.room = b"", room

    def write(self, data):
        if len(self.got) + len(data) > self.room:
            raise TimeoutError
        self.got += data

    def read(self):
        return b""

    def close(self):
        pass


def test_a_slip_that_was_given_up_does_not_come_out_before_the_next_persons(monkeypatch):
    config = Printer(kind="serial", target="COM9", ask_paper=False)
    devices = [Stopping(300), Stopping(10**6), Stopping(10**6)]
    waiting = iter(devices)
    monkeypatch.setattr(printer_module, "open_device", lambda _: next(waiting))
    printer = open_printer(config)
    with pytest.raises(DeviceError) as caught:
        printer.print(slip())
    assert caught.value.reason == "printer-unavailable"
    printer.print(slip())
    printer.print(slip())
    data = slip_bytes(slip(), config)
    assert [one.got for one in devices[1:]] == [THROW_AWAY + data, data]


def test_the_rest_of_a_slip_that_nobody_waits_for_is_not_sent(monkeypatch):
    config = Printer(kind="serial", target="COM9", ask_paper=False)
    device = Stopping(10**6)
    monkeypatch.setattr(printer_module, "open_device", lambda _: device)
    patience = iter([False, True])
    with pytest.raises(DeviceError):
        open_printer(config).print(slip(), lambda: next(patience))
    assert device.got == slip_bytes(slip(), config)[:256] + THROW_AWAY


def test_none_is_no_printer_and_bad_targets_are_told_at_once():
    assert open_printer(Printer()) is None
    for config in (Printer(kind="file"), Printer(kind="usb", target="printer"), Printer(kind="network", target="host:lots")):
        with pytest.raises(ConfigError, match=r"printer\.target"):
            open_printer(config)


def test_a_printer_on_a_serial_line(tmp_path):
    """Asked for paper first; what it answers counts, and then everything arrives."""
    pty = pytest.importorskip("pty")
    tty = pytest.importorskip("tty")
    machine, line = pty.openpty()
    tty.setraw(line)
    config = Printer(kind="serial", target=os.ttyname(line), timeout_s=10)
    got = bytearray()

    def serve():
        while b"\x1dV\x00" not in got:
            got.extend(os.read(machine, 65536))
            if got == ASK:
                os.write(machine, b"\x12")
        os.write(machine, b"\x12")  # asked once more, behind the slip

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        open_printer(config).print(slip())
        thread.join(20)
        assert bytes(got).removesuffix(ASK) == ASK + slip_bytes(slip(), config)
    finally:
        os.close(line)
        os.close(machine)


def test_usb_printers_are_told_apart_by_their_ids(tmp_path):
    """The folders of Linux' usbmisc, made up: lp0 another printer, lp1 without ids (being unplugged), lp2 ours."""
    for name, ids in (("lp0", ("04b8", "0202")), ("lp1", None), ("lp2", ("0416", "5011"))):
        interface = tmp_path / "devices" / name / "1-1:1.0"
        interface.mkdir(parents=True)
        for file, text in zip(("idVendor", "idProduct"), ids or (), strict=False):
            (interface.parent / file).write_text(text + "\n", encoding="ascii")
        (tmp_path / "usbmisc" / name).mkdir(parents=True)
        (tmp_path / "usbmisc" / name / "device").symlink_to(interface, target_is_directory=True)
    assert find_usb(0x0416, 0x5011, tmp_path / "usbmisc").as_posix() == "/dev/usb/lp2"
    with pytest.raises(FileNotFoundError):
        find_usb(0xDEAD, 0xBEEF, tmp_path / "usbmisc")
    with pytest.raises(FileNotFoundError):
        find_usb(0x0416, 0x5011, tmp_path / "no-such-folder")


def test_a_tall_picture_goes_in_strips_that_a_buffer_holds():
    one = replace(slip(), rows=tuple((f"行 {at}", "值" * 20) for at in range(40)))
    paper = read(slip_bytes(one, Printer(kind="dummy", text="image", width_mm=58)))
    heights = [picture.shape[0] for picture in paper.pictures]
    assert max(heights) == 960
    assert len(heights) > 3
    assert scanned(next(picture for picture in paper.pictures if picture.shape[1] < 384)) == one.qr_text


def test_the_old_setting_of_a_profile_still_loads():
    old = Printer.model_validate({"kind": "dummy", "profile": "TM-T20II"})
    assert slip_bytes(slip(), old) == slip_bytes(slip(), Printer(kind="dummy"))
