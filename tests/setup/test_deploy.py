"""What docs/deploying.md deploys: the kiosk is watched, is started again whatever ends it, and writes nothing but its own folder.

Here a stand-in plays the service manager; the same was tried by hand under a real systemd with a real X server.
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
import signal
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kiosk import config
from kiosk.config import ROOT
from kiosk.store import outbox, records
from kiosk.store.engine import journal
from kiosk.store.opening import open_store
from tests.programs import program
from tests.setup import deployed
from tests.setup.deployed import DEPLOY
from tests.store import made

KIOSK, DISPLAY = "pension-kiosk.service", "pension-kiosk-display.service"
_GUIDE = (ROOT / "docs" / "deploying.md").read_text(encoding="utf-8")
STEPS = _GUIDE.split("## By hand, from the source tree\n")[1].split("\n## ")[0]
WATCHDOG_S = 3.0


def write_config(folder: Path) -> Path:
    """A kiosk without devices, everything it keeps in `folder`."""
    text = (ROOT / "config" / "kiosk.toml").read_text(encoding="utf-8")
    text = text.replace('"var', f'"{folder}/var').replace('source = "device:0"', 'source = "device:/dev/no-such-camera"')
    text = re.sub(r"^port = .*$", f'port = "{folder}/no-such-reader"', text, flags=re.MULTILINE)
    path = folder / "kiosk.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_native_crash_and_a_kill_lose_nothing_and_the_next_start_serves(tmp_path):
    """The unit's own command. Each new start is READY, everything acknowledged is there, the journal's chain holds."""
    path = write_config(tmp_path)
    settings = config.load(path)
    kept = []

    def save() -> None:  # beside the running kiosk, as its own thread does
        record = made.record(visit_id=f"v-{len(kept)}", at=datetime.now(UTC))
        with open_store(settings) as store:
            records.save_visit(store, [record], datetime.now(UTC))
        kept.append(record.record_id)

    save()
    with deployed.Manager(tmp_path, path, WATCHDOG_S) as manager:
        for number in (signal.SIGSEGV, signal.SIGKILL):
            pid = manager.start()
            assert manager.hear("READY=1", 60) == pid, "NotifyAccess=main hears the main process alone"
            assert manager.hear("WATCHDOG=1", WATCHDOG_S + 10) == pid
            save()
            assert manager.end(number) == -number, "the main process is the kiosk itself: its end is the service's"
        pid = manager.start()
        assert manager.hear("READY=1", 60) == pid
        assert manager.hear("WATCHDOG=1", WATCHDOG_S + 10) == pid
        assert manager.end(signal.SIGTERM) == 0
    with open_store(settings) as store:
        assert set(outbox.unsent_ids(store.db)) == set(kept)
        assert journal.verify(store).ok
        kinds = [entry.kind for entry in journal.entries_since(store, 0, 1000)]
    assert kinds.count("kiosk-started") == 3
    assert kinds.count("visit-saved") == len(kept) == 3
    folder = tmp_path / "var"
    assert all(not path.lstat().st_mode & 0o077 for path in (folder, *folder.rglob("*")) if path.is_file() or path == folder)
    assert not [path for path in folder.rglob("*") if path.is_symlink()]


def test_whatever_ends_the_kiosk_it_is_started_again():
    service, about = deployed.unit(KIOSK)["Service"], deployed.unit(KIOSK)["Unit"]
    assert service["Type"] == ["notify"]
    assert service["Restart"] == ["always"]
    assert about["StartLimitIntervalSec"] == ["0"], "else systemd gives up after five falls"
    assert not service.keys() & {"RestartPreventExitStatus", "SuccessExitStatus", "SuccessAction", "FailureAction"}
    assert 10 <= int(service["WatchdogSec"][0]) <= 60
    settings = config.load(ROOT / "config" / "kiosk.toml")
    assert int(service["TimeoutStopSec"][0]) > settings.sync.timeout_s + 5, "a request under way ends first"
    display = deployed.unit(DISPLAY)
    assert display["Service"]["Restart"] == ["always"]
    assert display["Unit"]["StartLimitIntervalSec"] == ["0"]
    assert DISPLAY in about["Requires"]
    assert "BindsTo" not in about, "a screen that falls must not stop the kiosk for good"


def test_the_kiosks_word_reaches_the_manager():
    """A login session moves its processes out of the unit: neither NotifyAccess=all nor the unit's limits would reach them."""
    service = deployed.unit(KIOSK)["Service"]
    assert "PAMName" not in service
    assert deployed.unit(DISPLAY)["Service"]["PAMName"] == ["login"]
    assert service["NotifyAccess"] == ["main"]
    session = (DEPLOY / "session").read_text(encoding="utf-8").rstrip().splitlines()
    assert session[-1] == 'exec "$root/run" kiosk run'
    assert re.search(r'^become_kiosk\(\) \{.*exec "\$python"', (ROOT / "run").read_text(encoding="utf-8"), re.MULTILINE)


def test_hardening_stands_and_locks_no_device_out():
    service = deployed.unit(KIOSK)["Service"]
    for key, value in {
        "LimitCORE": "0",
        "MemorySwapMax": "0",
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "UMask": "0077",
        "PrivateTmp": "yes",
        "CapabilityBoundingSet": "",
        "StateDirectoryMode": "0700",
        "User": "kiosk",
    }.items():
        assert service[key] == [value], key
    assert [path.lstrip("-") for path in service["ReadWritePaths"]] == ["/media"], "and the state folder: nothing of the program"
    assert {"video", "audio", "dialout"} <= set(service["SupplementaryGroups"][0].split())
    assert "systemd-journal" not in service["SupplementaryGroups"][0], "what it needs of it, machine-words leaves for it"
    # Kinds of devices are looked up once, at the start: a reader that is plugged in later would be refused.
    assert not service.keys() & {"DevicePolicy", "DeviceAllow", "ProtectClock", "PrivateDevices"}
    # onnxruntime and MediaPipe make code; ProtectHome hides the sound server's socket.
    assert not service.keys() & {"MemoryDenyWriteExecute", "ProtectHome"}
    assert deployed.unit(DISPLAY)["Service"]["NoNewPrivileges"] == ["yes"]


def test_kiosk_and_screen_agree():
    cookie = deployed.environment(KIOSK)["XAUTHORITY"]
    (folder,) = deployed.unit(DISPLAY)["Service"]["RuntimeDirectory"]
    display = (DEPLOY / "display").read_text(encoding="utf-8")
    assert cookie == f"/run/{folder}/cookie"
    assert 'cookie="$RUNTIME_DIRECTORY/cookie"' in display
    terminal = re.search(r" vt(\d+) ", display)[1]
    assert deployed.unit(DISPLAY)["Service"]["TTYPath"] == [f"/dev/tty{terminal}"]
    assert f"\nchvt {terminal}\n" in display, "logind lends a paused screen to a session that is not in front"
    assert f" {deployed.environment(KIOSK)['DISPLAY']} vt" in display
    assert {"-nocursor", "-keeptty", "-auth"} <= set(display.split())
    own = deployed.environment(KIOSK)["HOME"]
    assert own == "/run/" + deployed.unit(KIOSK)["Service"]["RuntimeDirectory"][0], "not beside the database"


def test_as_kiosk_is_what_the_service_is():
    """The administrator's commands meet the same user, groups, limits, configuration and keys."""
    text = (DEPLOY / "as-kiosk").read_text(encoding="utf-8")
    service = deployed.unit(KIOSK)["Service"]
    for key in ("User", "StateDirectory", "StateDirectoryMode", "UMask", "LimitCORE", "MemorySwapMax", "NoNewPrivileges"):
        assert f"-p {key}={service[key][0]} " in text, key
    assert f'-p SupplementaryGroups="{service["SupplementaryGroups"][0]}"' in text
    assert f"-E KIOSK_CONFIG={deployed.environment(KIOSK)['KIOSK_CONFIG']} " in text
    assert "LoadCredential" in text


def test_a_keyboard_leads_nowhere():
    """Keys of a keyboard that somebody plugs in neither end the X server nor switch to a console, where a login waits."""
    text = (DEPLOY / "70-pension-kiosk.conf").read_text(encoding="utf-8")
    flags = dict(re.findall(r'^    Option "(\w+)" "(\w+)"$', text, re.MULTILINE))
    assert flags["DontVTSwitch"] == flags["DontZap"] == "true"
    assert {flags[name] for name in ("BlankTime", "StandbyTime", "SuspendTime", "OffTime")} == {"0"}
    assert "cp assets/deploy/70-pension-kiosk.conf /etc/X11/xorg.conf.d/" in STEPS
    assert deployed.start_command(KIOSK).endswith("/session")
    assert not re.search(r"\b(xterm|openbox|metacity|dbus-launch)\b", (DEPLOY / "session").read_text(encoding="utf-8"))


ADAPTERS = ["1a86:7523", "1a86:7522", "1a86:55d4", "10c4:ea60", "10c4:ea70", "0403:6001", "0403:6015", "067b:2303", "067b:23a3"]


def udev(device: dict[str, str]) -> tuple[set[str], dict[str, str]]:
    """Play the rules on one device, as far as they are `==`, `=` and `+=`; return the links and properties that they give it."""
    links, known = set(), dict(device)
    for line in (DEPLOY / "70-pension-kiosk.rules").read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        parts = re.findall(r'(\w+(?:\{[^}]+\})?)(==|\+=|=)"([^"]*)"(?:, |$)', line)
        assert ", ".join(f'{key}{sign}"{value}"' for key, sign, value in parts) == line
        wanted = [(key, value) for key, sign, value in parts if sign == "=="]
        if not all(any(fnmatch.fnmatchcase(known.get(key, ""), one) for one in value.split("|")) for key, value in wanted):
            continue
        for key, sign, value in parts:
            filled = re.sub(r"\$env\{([^}]+)\}", lambda found: known[f"ENV{{{found[1]}}}"], value)
            if sign == "=":
                known[key] = filled
            elif key == "SYMLINK" and sign == "+=":
                links.add(filled)
    return links, known


@pytest.mark.parametrize("adapter", ADAPTERS)
@pytest.mark.parametrize("number", ["", "1"])
def test_the_usual_adapters_get_a_name_and_one_of_their_socket(adapter, number):
    """As `udevadm test` said on an emulated bus; two alike differ by their socket alone."""
    vendor, product = adapter.split(":")
    found = []
    for socket in ("usb-0_1_1_0", "usb-0_2_1_0"):
        device = {"SUBSYSTEM": "tty", "ATTRS{idVendor}": vendor, "ATTRS{idProduct}": product, "ENV{ID_PATH_TAG}": socket}
        links, known = udev(device | ({"ENV{.ID_PORT}": number} if number else {}))
        assert links == {"idcard-reader", f"idcard-reader-at-{socket}" + (f"-port{number}" if number else "")}
        assert (known["GROUP"], known["MODE"], known["ENV{ID_MM_PORT_IGNORE}"]) == ("dialout", "0660", "1")
        found.append(links)
    assert found[0] & found[1] == {"idcard-reader"}


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_neither_modemmanager_nor_brltty_takes_an_adapter(adapter):
    vendor, product = adapter.split(":")
    plugged = {"SUBSYSTEM": "usb", "ENV{DEVTYPE}": "usb_device", "ENV{PRODUCT}": f"{vendor}/{product}/100".replace("/0", "/")}
    links, known = udev(plugged | {"ATTR{idVendor}": vendor, "ATTR{idProduct}": product})
    assert links == set()
    assert known["ENV{ID_MM_DEVICE_IGNORE}"] == "1"
    assert "/" not in known["ENV{PRODUCT}"]  # what brltty's rules know its displays by
    other = plugged | {"ATTR{idVendor}": "1d6b", "ATTR{idProduct}": "0002"}
    assert udev(other)[1] == other


def test_nothing_on_a_stick_can_be_run():
    """The rules mount it (nobody else does without a desktop), for the kiosk's user alone, where the desk looks."""
    rules = (DEPLOY / "70-pension-kiosk.rules").read_text(encoding="utf-8")
    (mount,) = re.findall(r"^[^#\n]*systemd-mount.*$", rules, re.MULTILINE)
    options = re.search(r"--options=(\S+)", mount)[1].split(",")
    assert {"nosuid", "nodev", "noexec", "umask=0077"} <= set(options)
    assert f"--owner={deployed.unit(KIOSK)['Service']['User'][0]} " in mount
    assert 'ENV{ID_BUS}=="usb"' in mount
    assert re.search(r"/media/[^/\"]+\"$", mount), "where kiosk.removable.files.find_media looks"
    assert "-/media" in deployed.unit(KIOSK)["Service"]["ReadWritePaths"]


@pytest.mark.parametrize("name", ["session", "display", "as-kiosk", "seal-keys"])
def test_scripts_parse_and_may_be_run(name):
    assert os.access(DEPLOY / name, os.X_OK)
    assert subprocess.run(["sh", "-n", str(DEPLOY / name)], check=False).returncode == 0


def test_what_the_readme_copies_is_there_and_its_settings_load(tmp_path):
    """The document's own line makes the kiosk's settings: they load, lie in the state folder, and name the rules' reader."""
    for path in re.findall(r"cp (?:/opt/pension-kiosk/)?(assets/\S+)", STEPS):
        assert list(ROOT.glob(path)), path
    packages = re.search(r"apt-get install (.*)", STEPS)[1].split()
    scripts = "".join((DEPLOY / name).read_text(encoding="utf-8") for name in ("session", "display"))
    for name, package in {"xauth": "xauth", "chvt": "kbd", "xset": "x11-xserver-utils", "Xorg": "xserver-xorg-core"}.items():
        assert re.search(rf"\b{name} ", scripts)
        assert package in packages
    line = re.search(r"^\s+(sed .*config/kiosk\.toml) > /etc/pension-kiosk/kiosk\.toml$", STEPS, re.MULTILINE)[1]
    made_of_it = subprocess.run(["sh", "-c", line], cwd=ROOT, capture_output=True, check=True).stdout
    path = tmp_path / "kiosk.toml"
    path.write_bytes(made_of_it)
    settings = config.load(path)
    state = "/var/lib/" + deployed.unit(KIOSK)["Service"]["StateDirectory"][0]
    for place in (settings.store.directory, settings.store.key_file, settings.sync.key_file):
        assert place == state or place.startswith(state + "/")
    rules = (DEPLOY / "70-pension-kiosk.rules").read_text(encoding="utf-8")
    assert f'SYMLINK+="{settings.reader.port.removeprefix("/dev/")}"' in rules
    assert f"--home-dir {state} " in STEPS
    assert deployed.environment(KIOSK)["KIOSK_CONFIG"] == "/etc/pension-kiosk/kiosk.toml"
    sealed = deployed.unit(KIOSK)["Service"]["LoadCredentialEncrypted"]
    sealer = (DEPLOY / "seal-keys").read_text(encoding="utf-8")
    assert sealed == ["pension-kiosk.database.key", "pension-kiosk.kiosk.json"]  # without a path: one that is not there is no error
    assert "for name in database.key kiosk.json; do" in sealer
    assert KIOSK in deployed.unit("pension-kiosk-keys.service")["Unit"]["Before"]
    writes = deployed.unit("pension-kiosk-keys.service")["Service"]["ReadWritePaths"]
    assert "/var/lib/systemd" in writes[0].split(), "a fresh system has no credential.secret yet: systemd-creds makes it there"
    assert "pension-kiosk-keys.service" in deployed.unit(KIOSK)["Unit"]["After"][0].split()


def test_systemd_finds_nothing_wrong_with_the_units(tmp_path):
    analyze = program("systemd-analyze", "systemd")
    for path in DEPLOY.glob("*.service"):  # the programs they name are looked for
        text = path.read_text(encoding="utf-8").replace(deployed.HOME, str(ROOT)).replace("/usr/lib/pension-kiosk/", f"{DEPLOY}/")
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [analyze, "verify", "--man=no", *map(str, tmp_path.glob("*.service"))],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    ours = [line for line in done.stderr.splitlines() if "pension-kiosk" in line]
    assert ours == []


def test_a_start_by_somebody_who_may_not_set_up_says_who_should(tmp_path):
    """An update without set-up must not make the kiosk's user install packages: it cannot, and the administrator is told."""
    script = (ROOT / "run").read_text(encoding="utf-8")
    functions = script[: script.index('command="${1:-help}"')].replace('[[ -w "$root" ]]', "false")
    probe = tmp_path / "run"
    probe.write_text(functions + "\nis_set_up || set_up\n", encoding="utf-8")
    done = subprocess.run(["bash", str(probe)], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 1
    assert f"As its owner: {tmp_path}/run" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["run"], "nothing was begun"


@pytest.mark.parametrize(("asked", "fetches"), [("kiosk run ", True), ("kiosk models import", False)])
def test_weights_that_are_carried_by_hand_need_no_network(tmp_path, asked, fetches):
    """The set-up with everything but its order played: `models import` must not fail for what it is about to bring."""
    script = (ROOT / "run").read_text(encoding="utf-8")
    played = (
        f"wanted_stamp() {{ echo x; }}; models_there() {{ false; }}; install_packages() {{ :; }}; pip_install() {{ :; }}\n"
        f'kiosk() {{ echo "kiosk $*" >&2; }}; python=/bin/true; asked="{asked}"\nis_set_up || set_up\n'
    )
    (tmp_path / ".venv").mkdir()
    probe = tmp_path / "run"
    probe.write_text(script[: script.index('command="${1:-help}"')] + played, encoding="utf-8")
    done = subprocess.run(["bash", str(probe)], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    assert ("kiosk models fetch" in done.stderr) is fetches


def test_of_the_journal_the_kiosk_gets_words_of_devices_and_of_the_service_manager(tmp_path):
    """machine-words with a journal played: nothing that a program printed, and no more than is counted or shown."""
    lines = [
        {"MESSAGE": "usb 1-1: reset high-speed USB device number 4 using xhci_hcd"},
        {"MESSAGE": "usb 1-2: USB disconnect, device number 5"},
        {"MESSAGE": "audit: somebody's secret"},
    ]
    units = [{"_PID": "1", "UNIT": KIOSK, "MESSAGE": "Started."}, {"_PID": "77", "MESSAGE": "王秀英 440305195107220242"}]
    told = {"kernel": lines, "units": units}
    for name, entries in told.items():
        (tmp_path / f"{name}.json").write_text("".join(f"{json.dumps(one, separators=(',', ':'))}\n" for one in entries), "utf-8")
    tool = tmp_path / "bin" / "journalctl"
    tool.parent.mkdir()
    played = 'case "$*" in "-k "*) cat kernel.json ;; *) cat units.json ;; esac'
    tool.write_text(f"#!/bin/sh\ncd {tmp_path}\n{played}\n", "utf-8")
    tool.chmod(0o755)
    left = tmp_path / "left"
    left.mkdir()
    env = {"PATH": f"{tool.parent}:{os.environ['PATH']}", "RUNTIME_DIRECTORY": str(left)}
    subprocess.run([str(DEPLOY / "machine-words")], check=True, env=env)
    assert (left / "usb-resets").read_text() == "2\n"
    assert [json.loads(line) for line in (left / "kernel").read_text("utf-8").splitlines()] == lines[:2]
    assert [json.loads(line) for line in (left / "units").read_text("utf-8").splitlines()] == units[:1]
    assert {path.name for path in left.iterdir()} == {"usb-resets", "kernel", "units"}
    assert all(path.stat().st_mode & 0o007 == 0 for path in left.iterdir())
    assert deployed.unit("pension-kiosk-words.service")["Service"]["Group"] == ["kiosk"]
