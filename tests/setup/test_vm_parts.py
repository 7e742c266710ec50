"""What of the trial in a virtual machine can be tried without one: its settings, its words on the screen, the versions it makes."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from kiosk.config import ROOT, Settings
from kiosk.domain.reasons import Action
from kiosk.texts.strings import Strings
from tests.vm import image, owner, screen, states
from tests.vm.machine import Answer, Machine, VmError
from tests.vm.set_up import station_settings
from tests.vm.visits import asked_for


@pytest.mark.parametrize("hour", range(24))
def test_the_trials_settings_are_a_stations_and_let_an_update_in_at_any_hour(hour):
    data = tomllib.loads(station_settings(datetime(2026, 11, 30, hour, 30)))
    update = Settings.model_validate({**data, "station": {"station_id": "SZ-VM-0001"}}).update
    night = update.from_hour <= hour < update.to_hour
    assert night if update.from_hour <= update.to_hour else hour >= update.from_hour or hour < update.to_hour


def test_of_several_lines_the_one_that_is_the_text_alone_is_touched():
    words = screen.Screen.__new__(screen.Screen)
    words.seen = [screen.Word("请按开始认证", 1, 1), screen.Word("开始 认证", 2, 2), screen.Word("结果", 3, 3)]
    assert words.find("没有", "开始认证") == screen.Word("开始 认证", 2, 2)
    assert words.find("没有") is None


def test_what_is_being_said_is_read_and_not_touched():
    """The strip names a button before its page has faded in: a touch went there and brought nothing."""
    words = screen.Screen.__new__(screen.Screen)
    said = screen.Word("今天给谁办？给自己办，请按左边的图。", 360.0, 27.5)
    words.seen = [said, screen.Word("VM", 65.0, 29.0)]
    assert words.find("给自己办") is said
    assert words.find("给自己办", said=False) is None
    button = screen.Word("给自己办", 410.0, 607.0)
    words.seen = [*words.seen, button, screen.Word("工作人员", 1170.0, 47.0)]
    assert words.find("给自己办", said=False) is button
    assert words.find("工作人员", said=False) is not None


def test_a_version_is_the_package_with_another_number_and_a_broken_one_ends_at_its_start(tmp_path):
    tree = tmp_path / "tree" / "opt" / "pension-kiosk" / "versions" / "0.1.0"
    for name, text in {
        "kiosk/__init__.py": '__version__ = "0.1.0"\n',
        "venv/pyvenv.cfg": "home = /opt/pension-kiosk/versions/0.1.0/python/bin\nversion = 3.11\n",
        "assets/deploy/session": "#!/bin/sh\nexec kiosk\n",
    }.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text, encoding="utf-8")
    (tree / "large").write_bytes(b"the same")
    made = owner.Owner(tmp_path, tmp_path / "updates", Path("none.deb"))
    assert owner.later("0.1.0", 3) == "0.1.3"
    good, bad = made.version("0.1.1", "0.1.0"), made.version("0.1.2", "0.1.0", broken=True)
    assert (tree / "kiosk" / "__init__.py").read_text(encoding="utf-8") == '__version__ = "0.1.0"\n', "the package's own stays"
    assert (tree / "assets" / "deploy" / "session").read_text(encoding="utf-8") == "#!/bin/sh\nexec kiosk\n"
    assert (tree / "large").stat().st_ino == (good / "large").stat().st_ino == (bad / "large").stat().st_ino
    assert (good / "kiosk" / "__init__.py").read_text(encoding="utf-8") == '__version__ = "0.1.1"\n'
    assert "versions/0.1.1/python" in (good / "venv" / "pyvenv.cfg").read_text(encoding="utf-8")
    assert list((good / "kiosk" / "__pycache__").glob("*.opt-1.pyc"))
    assert "exit 1" not in (good / "assets" / "deploy" / "session").read_text(encoding="utf-8")
    assert (bad / "assets" / "deploy" / "session").read_text(encoding="utf-8") == "#!/bin/sh\nexit 1\nexec kiosk\n"


def test_what_a_package_depends_on_is_installed_before_it(monkeypatch):
    told = "libc6 (>= 2.36), libdb5.3 | libdb5.3t64, udev"
    monkeypatch.setattr(image.subprocess, "run", lambda *_, **__: type("Done", (), {"stdout": told}))
    assert image.depends(Path("some.deb")) == ["libc6", "libdb5.3", "udev"]


def test_what_is_asked_before_the_camera_is_known_by_the_pages_own_words():
    texts = Strings.load("zh_CN")
    for action in Action:
        if action is Action.READ_DIGITS:
            continue  # it is not asked for without a microphone
        now, ready = texts.text(f"action.{action.value}.now"), texts.text(f"action.{action.value}.ready")
        assert asked_for(["请看圆圈里的自己", now]) is action
        assert asked_for([ready]) is None


def test_a_state_that_was_kept_comes_back_and_what_lies_apart_stays(tmp_path):
    town = tmp_path / "town" / "bureau"
    objects = town / "updates" / "objects" / "ab"
    objects.mkdir(parents=True)
    (town / "db").write_text("one", encoding="ascii")
    assert not states.saved(tmp_path, "visit")
    states.save(tmp_path, "visit")
    (town / "db").write_text("two", encoding="ascii")
    (town / "db-wal").write_text("later", encoding="ascii")
    (objects / "x.zst").write_text("object", encoding="ascii")
    states.load(tmp_path, "visit")
    assert states.saved(tmp_path, "visit")
    assert (town / "db").read_text(encoding="ascii") == "one"
    assert not (town / "db-wal").exists()
    assert (objects / "x.zst").exists()


def test_what_the_owner_makes_meanwhile_is_not_kept_before_it_is_used_and_made_anew(tmp_path):
    for name in ("town/db", "town/bureau/updates/metadata/1.root.json", "release/keys/root-1.pem"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("one", encoding="ascii")
    states.save(tmp_path, "visit", owners=False)
    states.save(tmp_path, "by-stick")
    states.load(tmp_path, "by-stick")
    assert (tmp_path / "release" / "keys" / "root-1.pem").exists()
    states.load(tmp_path, "visit")
    assert (tmp_path / "town" / "db").exists()
    assert not (tmp_path / "release").exists()
    assert not (tmp_path / "town" / "bureau" / "updates").exists()


def test_a_file_is_put_into_the_machine_by_lines_that_a_terminal_takes(monkeypatch, tmp_path):
    said = []
    machine = Machine(image.Image(tmp_path, tmp_path, tmp_path), tmp_path)
    monkeypatch.setattr(machine, "run", lambda command, timeout_s=0.0: said.append(command) or Answer(len(said) - 1, "full"))
    machine.put("/etc/some", bytes(range(256)) * 20)
    assert max(len(line) for line in said[0].splitlines()) < 255
    with pytest.raises(VmError, match="/etc/some: full"):
        machine.put("/etc/some", b"again")


def test_every_text_that_the_trial_looks_for_stands_on_a_page():
    strings = Strings.load("zh_CN")
    told = [strings.text(key).replace(" ", "") for key in strings.keys()]
    sought = set()
    for name in ("set_up", "visits", "trial", "updating"):
        tree = ast.parse((ROOT / "tests" / "vm" / f"{name}.py").read_text(encoding="utf-8"))
        constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
        sought.update(
            part
            for text in constants
            if not re.search(r"[A-Za-z]", text)
            for part in text.split("|")
            if re.search(r"[一-龥]", part)
        )
    assert len(sought) > 40
    assert [text for text in sorted(sought) if not any(text in one for one in told)] == []


def test_the_owner_signs_from_wherever_the_trial_was_started(tmp_path, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.chdir(tmp_path)
    made = owner.Owner(tmp_path / "release", tmp_path / "updates", Path("none.deb"))
    made.folder.mkdir()
    (made.folder / "phrase").write_text(owner.PHRASE, encoding="ascii")
    made._release("init")
    assert made.root.is_file()
    with pytest.raises(VmError, match="kiosk release init: .*is there already"):
        made._release("init")


def test_the_processors_time_of_the_machine_is_counted_beyond_its_end(tmp_path):
    machine = Machine(image.Image(tmp_path, tmp_path, tmp_path), tmp_path)
    assert machine.processor_s == 0.0
    machine._process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    while machine.processor_s < 0.05:
        time.sleep(0.01)
    machine.cut()
    assert machine.processor_s >= 0.05


@dataclass
class Asked:
    """As rapidocr's reader of lines is asked."""

    img: list[np.ndarray]


@dataclass
class Told:
    """As it answers."""

    imgs: list[np.ndarray]
    txts: tuple[str, ...]
    scores: tuple[float, ...]
    word_results: tuple[None, ...]


def test_a_line_that_was_read_is_not_read_again_and_reads_the_same():
    read = []

    def reads(asked):
        read.append(len(asked.img))
        texts = tuple(f"{picture.shape[1]}-{picture.max()}" for picture in asked.img)
        return Told(asked.img, texts, (0.5,) * len(texts), (None,) * len(texts))

    reader = screen.Remembered(reads)
    lines = [np.full((9, width, 3), value, np.uint8) for width, value in ((20, 1), (20, 2), (30, 1))]
    assert reader(Asked(lines[:2])).txts == ("20-1", "20-2")
    again = reader(Asked([lines[2], lines[1], lines[0], lines[1]]))
    assert (again.txts, again.scores) == (("30-1", "20-2", "20-1", "20-2"), (0.5,) * 4)
    assert read == [2, 1]
    assert reader(Asked(lines)).txts == ("20-1", "20-2", "30-1")
    assert read == [2, 1]
