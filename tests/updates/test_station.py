"""The station under systemd, the commands, and which version runs the updater."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from kiosk.app import watchdog
from kiosk.commands import release as release_command
from kiosk.commands import update as update_command
from kiosk.config import ROOT
from kiosk.errors import ConfigError
from kiosk.updates import system
from kiosk.updates.plan import Health
from tests.updates import made

DEPLOY = ROOT / "assets" / "deploy"


class Systemctl:
    """Plays systemctl, and the version's self-test."""

    def __init__(self, state: str = "active", status: str = "at=idle reader=yes camera=yes") -> None:
        self.state, self.status, self.called = state, status, []
        self.answers: dict[str, tuple[int, str]] = {}
        self.limits: dict[str, float] = {}

    def __call__(self, command: list[str], timeout_s: float) -> subprocess.CompletedProcess[str]:
        self.called.append(command)
        self.limits[command[1]] = timeout_s
        if command[:2] == ["systemctl", "show"]:
            return subprocess.CompletedProcess(command, 0, f"ActiveState={self.state}\nStatusText={self.status}\n", "")
        code, out = self.answers.get(command[1], (0, ""))
        return subprocess.CompletedProcess(command, code, out, "")


def station(systemctl: Systemctl, home: Path = Path("/nowhere")) -> system.SystemdStation:
    return system.SystemdStation(home, "Asia/Shanghai", call=systemctl, wait=lambda _: None)


@pytest.mark.parametrize(
    ("state", "status", "visit", "desk"),
    [
        ("active", "at=idle reader=yes camera=yes", False, False),
        ("active", "at=visit reader=yes camera=yes", True, False),
        ("active", "at=desk reader=yes camera=no", False, True),
        ("active", "", True, False),
        ("failed", "", False, False),
        ("activating", "", True, False),
    ],
)
def test_a_kiosk_that_does_not_say_so_is_not_taken_to_be_alone(state, status, visit, desk):
    moment = station(Systemctl(state, status)).moment()
    assert (moment.visit, moment.desk) == (visit, desk)


def test_health_is_what_the_kiosk_says_and_a_camera_that_showed_no_picture_is_not_back():
    assert station(Systemctl()).health() == Health(True, True, True)
    assert station(Systemctl(status="at=idle reader=no camera=no")).health() == Health(True, False, False)
    assert station(Systemctl(status="at=idle reader=yes camera=unknown")).health() == Health(True, False, True)
    assert station(Systemctl("failed", "at=idle reader=yes camera=yes")).health().ready is False


def test_what_the_app_tells_is_what_the_updater_reads():
    told = watchdog.status(at="visit", reader=False, camera=True).partition("STATUS=")[2]
    assert station(Systemctl(status=told)).moment().visit
    assert station(Systemctl(status=told)).health() == Health(True, True, False)


def test_a_service_that_does_not_stop_or_start_is_told():
    systemctl = Systemctl()
    systemctl.answers = {"stop": (1, ""), "start": (1, "")}
    with pytest.raises(system.StationError, match="does not stop"):
        station(systemctl).stop()
    assert station(systemctl).start() is False


def test_a_slow_machine_gets_more_time_for_all_that_is_waited_for():
    """[update] ready_s: what an ordinary machine does in 90 s, this one does in 900."""
    asked = {}
    for ready_s in (90.0, 900.0):
        systemctl = Systemctl(status="at=idle reader=no camera=yes")
        slow = system.SystemdStation(Path("/nowhere"), "Asia/Shanghai", ready_s=ready_s, call=systemctl, wait=lambda _: None)
        slow.start()
        slow.self_test("0.2.0")
        assert not slow.devices_back(Health(True, True, True))
        asked[ready_s] = (systemctl.limits["start"], systemctl.limits["self-test"], len(systemctl.called))
    assert asked[90.0][:2] == (95.0, 300.0)
    assert asked[900.0][:2] == (905.0, 3000.0)
    assert asked[900.0][2] > 9 * asked[90.0][2]


def test_devices_are_waited_for_and_then_given_up():
    systemctl = Systemctl(status="at=idle reader=no camera=yes")
    assert not station(systemctl).devices_back(Health(True, True, True))
    assert len([call for call in systemctl.called if call[1] == "show"]) > 50
    assert station(systemctl).devices_back(Health(True, True, False))


@pytest.mark.parametrize(
    ("said", "result"),
    [
        ('modules\n{"good": true, "changes": false, "told": "ok"}\n', (True, False, "ok")),
        ('{"good": false, "changes": true, "told": "store: broken"}\n', (False, True, "store: broken")),
        ("Killed\n", (False, True, "said nothing that can be read (JSONDecodeError)")),
        ("", (False, True, "said nothing that can be read (IndexError)")),
    ],
)
def test_a_self_test_that_says_nothing_is_a_failed_one(said, result):
    systemctl = Systemctl()
    systemctl.answers = {"self-test": (0, said)}
    assert station(systemctl).self_test("0.2.0") == result
    assert systemctl.called[-1] == ["/nowhere/versions/0.2.0/assets/deploy/as-kiosk", "self-test"]


def test_during_a_trial_the_version_before_runs_the_updater(tmp_path):
    home, state = tmp_path / "home", tmp_path / "state.json"
    for version in ("0.1.0", "0.2.0"):
        run = home / "versions" / version / "run"
        run.parent.mkdir(parents=True)
        run.write_text(f'#!/bin/sh\necho {version} "$@"\n', encoding="utf-8")
        run.chmod(0o755)
    (home / "current").symlink_to("versions/0.2.0")
    env = {**os.environ, "KIOSK_HOME": str(home), "KIOSK_UPDATE_STATE": str(state)}

    def asked() -> str:
        return subprocess.run([str(DEPLOY / "update"), "--recover"], capture_output=True, text=True, check=True, env=env).stdout

    assert asked() == "0.2.0 kiosk update --recover\n"
    state.write_text(json.dumps({"phase": "trial", "old": "0.1.0", "new": "0.2.0"}), encoding="utf-8")
    assert asked() == "0.1.0 kiosk update --recover\n"
    state.write_text(json.dumps({"phase": "idle", "old": "", "new": ""}), encoding="utf-8")
    assert asked() == "0.2.0 kiosk update --recover\n"
    shutil.rmtree(home / "versions" / "0.1.0")
    state.write_text(json.dumps({"phase": "trial", "old": "0.1.0", "new": "0.2.0"}), encoding="utf-8")
    assert asked() == "0.2.0 kiosk update --recover\n"


def test_the_owners_and_the_bureaus_commands_make_a_release_that_a_station_takes_from_a_stick(tmp_path, monkeypatch, capsys):
    """init, add, publish, stage by the command line with keys in files; update --stick by the command line, systemd played."""
    phrase = tmp_path / "phrase"
    phrase.write_text("correct horse battery\n", encoding="utf-8")
    repository, keys = tmp_path / "repository", tmp_path / "keys"
    common = ["--repository", str(repository), "--keys", str(keys), "--passphrase-file", str(phrase)]
    assert release_command.main([*common, "init"]) == 0
    names = [path.name[:-6] for path in sorted(keys.iterdir())]
    assert names == ["rollout", "root", "root", "root", "snapshot", "targets", "targets", "timestamp"]
    assert all(path.stat().st_mode & 0o077 == 0 and b"ENCRYPTED" in path.read_bytes() for path in keys.iterdir())
    tree = made.version_tree(tmp_path, "0.2.0", 3)
    assert release_command.main([*common, "add", "0.2.0", str(tree)]) == 0
    assert release_command.main([*common, "publish"]) == 0
    assert release_command.main([*common, "stage", "0.2.0", "--share", "0", "--canary", made.STATION]) == 0

    places = made.places(tmp_path)
    made.installed(places.home, made.version_tree(tmp_path, "0.1.0", 3), "0.1.0")
    fake = made.FakeStation(places)
    fake.start()
    monkeypatch.setattr(system, "SystemdStation", lambda *_, **__: fake)
    config = tmp_path / "kiosk.toml"
    config.write_text(f'[station]\nstation_id = "{made.STATION}"\n[store]\ndirectory = "{places.store}"\n', encoding="utf-8")
    monkeypatch.setenv("KIOSK_CONFIG", str(config))
    asked = ["--home", str(places.home), "--own", str(places.own), "--root-file", str(repository / "metadata" / "1.root.json")]
    assert update_command.main([*asked, "--stick", str(repository)]) == 0
    assert fake.running == "0.2.0"
    assert update_command.main([*asked, "--status"]) == 0
    assert "in force: 0.2.0; phase: idle; last: 0.2.0: ok" in capsys.readouterr().out
    with pytest.raises(ConfigError, match="no bureau"):
        update_command.main(asked)


def test_a_wrong_passphrase_signs_nothing(tmp_path):
    phrase = tmp_path / "phrase"
    phrase.write_text("correct horse battery", encoding="utf-8")
    common = ["--repository", str(tmp_path / "r"), "--keys", str(tmp_path / "k"), "--passphrase-file", str(phrase)]
    release_command.main([*common, "init"])
    phrase.write_text("wrong horse battery", encoding="utf-8")
    with pytest.raises(ConfigError, match="another passphrase"):
        release_command.main([*common, "publish"])
    phrase.write_text("short", encoding="utf-8")
    with pytest.raises(ConfigError, match="8 characters"):
        release_command.main(["--repository", str(tmp_path / "r2"), "--keys", str(tmp_path / "k2"), *common[4:], "init"])
