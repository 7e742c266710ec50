"""What the set-up asks of the machine itself: lists of devices, the screen's tools, the clock, a certificate."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from kiosk.app import installation_ports, screen
from kiosk.app import installation_work as work
from kiosk.camera import sysfs
from kiosk.camera.source import cameras
from kiosk.config import ROOT
from kiosk.domain.camera_identity import CameraIdentity
from kiosk.errors import ConfigError
from kiosk.idcard_reader.transport import usb_ports
from kiosk.printer.devices import found_printers
from kiosk.store import camera_pin
from kiosk.store.opening import open_store
from kiosk.texts.strings import Strings
from tests.store import made


def tree(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def test_cameras_are_offered_by_their_first_node_and_never_a_refused_one(tmp_path):
    names = tree(
        tmp_path,
        {
            "video0/index": "0\n", "video0/name": "HD Webcam\n",
            "video1/index": "1\n", "video1/name": "HD Webcam\n",  # its metadata
            "video10/index": "0\n", "video10/name": "OBS Virtual Camera\n",
            "video2/index": "0\n", "video2/name": "\n",
            "video3/name": "half a tree\n",
        },
    )  # fmt: skip
    assert cameras(("obs",), names) == [("0", "HD Webcam"), ("2", "video2")]


def test_the_summary_looks_at_camera_and_reader_though_the_set_up_has_the_store(tmp_path):
    """The doctor of a station leaves the devices of a running kiosk alone, and took the set-up itself for one: nothing was red."""
    gone = {"camera": {"source": f"device:{tmp_path}/no-camera"}, "reader": {"port": f"{tmp_path}/no-reader"}}
    settings = made.settings(tmp_path / "var", **gone)
    with open_store(settings, now=made.NOW):
        told = {line.part: line for line in work.examine(settings, Strings.load("zh_CN")).lines}
    assert (told["camera"].state, told["reader"].state) == ("bad", "bad")
    assert "正被使用" not in told["camera"].what + told["reader"].what


def test_the_summary_tells_of_a_camera_that_waits_for_a_word_until_somebody_has_answered_for_it(tmp_path, monkeypatch):
    """A set-up in the virtual machine said that all was well, and then the station served nobody."""
    odd = CameraIdentity(driver="vivid")
    monkeypatch.setattr(sysfs, "readable", lambda *_: True)
    monkeypatch.setattr(sysfs, "identify", lambda *_: odd)
    settings = made.settings(tmp_path / "var", camera={"source": "device:0"})

    def told():
        lines = {line.part: line for line in work.examine(settings, Strings.load("zh_CN")).lines}
        return lines["camera-identity"]

    with open_store(settings, now=made.NOW) as store:
        camera_pin.see(store, odd, made.NOW)
        before = told()
        camera_pin.confirm(store, "9001", "added", made.NOW)
        after = told()
    assert (before.state, after.state) == ("bad", "ok")
    assert before.what


def test_printers_and_ports_that_are_plugged_in_are_offered(tmp_path):
    device = "lp0/device/.."
    tree(
        tmp_path,
        {"lp0/device/x": "", "lp0/idVendor": "0416\n", "lp0/idProduct": "5011\n", "lp0/product": "POS58\n", "lp1/device/x": ""},
    )
    assert (tmp_path / device / "idVendor").exists()
    assert found_printers(tmp_path) == [("usb", "0416:5011", "USB 0416:5011 · POS58")]
    listed = [
        SimpleNamespace(device="/dev/ttyS0", vid=None),
        SimpleNamespace(device="/dev/ttyUSB3", vid=0x1A86, description="CH340"),
    ]
    assert ("/dev/ttyUSB3", "/dev/ttyUSB3 · CH340") in usb_ports(lambda: listed)
    assert all(name != "/dev/ttyS0" for name, _ in usb_ports(lambda: listed)), "a modem or a console is left alone"


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """Stand-ins for programs of the system, which write down how they were called."""
    folder = tmp_path / "tools"
    folder.mkdir()

    def make(name, body):
        path = folder / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >> "{tmp_path}/calls"\n{body}\n', encoding="utf-8")
        path.chmod(0o755)

    monkeypatch.setenv("PATH", str(folder), prepend=":")
    make.calls = lambda: (tmp_path / "calls").read_text(encoding="utf-8").splitlines()
    return make


def test_picture_and_touch_are_turned_by_the_x_servers_tools(tools):
    tools("xrandr", 'if [ "$1" = --query ]; then echo "HDMI-1 connected primary 1920x1080"; fi')
    tools("xinput", 'case "$2" in --id-only) printf "2\\n9\\n";; 9) echo "XITouchClass";; esac')
    assert screen.turn_picture(90)
    assert screen.turn_touch(270)
    assert "xrandr --output HDMI-1 --rotate right" in tools.calls()
    assert "xinput set-prop 9 Coordinate Transformation Matrix 0 1 0 -1 0 1 0 0 1" in tools.calls()
    assert not any(call.startswith("xinput set-prop 2 ") for call in tools.calls()), "a mouse is left alone"
    tools("xrandr", "exit 1")
    tools("xinput", "exit 1")
    assert not screen.turn_picture(90)
    assert not screen.turn_touch(90)


@pytest.mark.parametrize("wish", ["2026-11-21 01:30:00\n", "2026-11-21 01:30:00; reboot\n", "$(reboot)\n", "", "99999999\n"])
def test_root_takes_a_time_of_day_and_nothing_else(tools, tmp_path, wish):
    tools("setpriv", 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"')
    tools("date", "")
    tools("hwclock", "")
    (tmp_path / "clock").write_text(wish, encoding="ascii")
    done = subprocess.run(  # noqa: S603
        [str(ROOT / "assets" / "deploy" / "set-clock")],
        env={"PATH": f"{tmp_path}/tools:/usr/bin:/bin", "KIOSK_CLOCK_WISH": str(tmp_path / "clock")},
        capture_output=True, check=False,
    )  # fmt: skip
    good = wish == "2026-11-21 01:30:00\n"
    assert (done.returncode == 0) is good
    assert ("date -u -s 2026-11-21 01:30:00" in tools.calls()) is good


def test_a_clock_that_nobody_sets_says_so(tools, tmp_path, monkeypatch):
    tools("timedatectl", "echo no")
    monkeypatch.setattr(installation_ports, "CLOCK_WISH", tmp_path / "away" / "clock")
    now = datetime.now(UTC)
    assert installation_ports.set_clock(now) == "clock-refused"
    monkeypatch.setattr(installation_ports, "CLOCK_WISH", tmp_path / "clock")
    monkeypatch.setattr(installation_ports, "CLOCK_WAIT_S", 0.3)
    assert installation_ports.set_clock(now + timedelta(hours=3)) == "clock-refused"
    assert (tmp_path / "clock").read_text(encoding="ascii") == f"{now + timedelta(hours=3):%Y-%m-%d %H:%M:%S}\n"
    assert installation_ports.set_clock(now) == ""
    tools("timedatectl", "echo yes")
    assert installation_ports.set_clock(now) == "clock-automatic"


def certificate(*, ca: bool) -> x509.Certificate:
    key, name, now = ec.generate_private_key(ec.SECP256R1()), x509.Name([]), datetime.now(UTC)
    build = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
    build = build.not_valid_before(now).not_valid_after(now + timedelta(days=1))
    return build.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True).sign(key, hashes.SHA256())


@pytest.mark.parametrize("encoding", [serialization.Encoding.PEM, serialization.Encoding.DER])
@pytest.mark.parametrize("ca", [True, False], ids=["authority", "signed by itself"])
def test_a_certificate_of_a_stick_is_copied_to_the_station(tmp_path, encoding, ca):
    (tmp_path / "ca.crt").write_bytes(certificate(ca=ca).public_bytes(encoding))
    path = work.certificate_of(str(tmp_path / "ca.crt"), tmp_path / "var")
    (tmp_path / "ca.crt").unlink()
    assert x509.load_pem_x509_certificate(Path(path).read_bytes()).serial_number == 7


@pytest.mark.parametrize(
    "data",
    [b"", bytes(100_000), b"-----BEGIN PRIVATE KEY-----\n", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
)
def test_what_is_no_certificate_is_refused(tmp_path, data):
    (tmp_path / "ca.pem").write_bytes(data)
    with pytest.raises(ConfigError):
        work.certificate_of(str(tmp_path / "ca.pem"), tmp_path / "var")
    with pytest.raises(ConfigError):
        work.certificate_of(str(tmp_path / "away.pem"), tmp_path / "var")
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize(
    ("sync", "told"),
    [({"bureau_url": "https://127.0.0.1:9"}, "unreachable"), ({"bureau_url": "http://example.com"}, "address-wrong"),
     ({"bureau_url": "https://["}, "address-wrong"), ({"bureau_url": "https://127.0.0.1:9", "ca_file": "/no/such"}, "certificate")],
)  # fmt: skip
def test_an_address_without_a_bureau_is_told_by_what_is_wrong(tmp_path, sync, told):
    keys = {"key_file": str(tmp_path / "keys" / "kiosk.json"), "timeout_s": 2}
    assert work.ask_bureau(made.settings(tmp_path, sync={**keys, **sync})).status == told
