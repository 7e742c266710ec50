"""kiosk doctor: each part found right, wrong, or not in use, with what to do; nothing is changed by looking."""

import ast
import json
import os
import re
import shutil
import string
import sys
from datetime import UTC, datetime

import pytest

from kiosk import config
from kiosk.commands import doctor as command
from kiosk.doctor import checks as doctor
from kiosk.doctor import finding, sound, storage
from kiosk.doctor import security as doctor_security
from kiosk.errors import ModelError
from kiosk.sync import keys as sync_keys
from kiosk.sync import seal, suites
from kiosk.texts.strings import Strings
from kiosk.voice.sound import Trouble
from kiosk.voice.state import Noted


@pytest.fixture
def settings(tmp_path):
    return config.Settings.model_validate(
        {
            "store": {"directory": str(tmp_path / "var"), "key_file": str(tmp_path / "var" / "keys" / "database.key")},
            "sync": {"key_file": str(tmp_path / "var" / "keys" / "kiosk.json")},
            "camera": {"source": f"file:{tmp_path / 'none.mp4'}"},
            "reader": {"port": str(tmp_path / "ttyNone")},
        }
    )


def one(settings, part):
    (finding,) = doctor.examine(settings, (part,))
    assert finding.part == part
    return finding


def test_looking_changes_nothing(settings, tmp_path):
    doctor.examine(settings, ("database", "clock", "disk", "bureau", "reader", "camera"))
    assert list(tmp_path.iterdir()) == []


def test_what_is_missing_is_bad_and_says_what_to_do(settings):
    for part in ("camera", "reader"):
        finding = one(settings, part)
        assert finding.state == "bad"
        assert finding.remedy


def test_what_is_not_set_up_is_not_bad(settings):
    assert one(settings, "database").state == "idle"
    assert one(settings, "bureau").state == "idle"


def test_models(settings, monkeypatch):
    def broken(*_names):
        raise ModelError("net.onnx is altered; run: ./run kiosk models fetch")

    monkeypatch.setattr(doctor.models, "require", broken)
    finding = one(settings, "models")
    assert finding.state == "bad"
    assert "models fetch" in finding.what


def test_database_with_and_without_its_key(settings, tmp_path):
    from kiosk.store.opening import open_store

    open_store(settings).close()
    finding = one(settings, "database")
    assert finding.state == "ok", finding
    (tmp_path / "var" / "keys" / "database.key").write_text("ab" * 32 + "\n", encoding="ascii")
    assert one(settings, "database").state == "bad"
    (tmp_path / "var" / "keys" / "database.key").unlink()
    finding = one(settings, "database")
    assert finding.state == "bad"
    assert "key" in finding.what
    assert not (tmp_path / "var" / "keys" / "database.key").exists(), "the doctor must not make a new key"


def test_devices_of_a_running_kiosk_are_left_alone(settings):
    from kiosk.store.opening import open_store

    store = open_store(settings)
    try:
        assert one(settings, "reader").state == "idle"
    finally:
        store.close()
    assert one(settings, "reader").state == "bad"


def test_a_full_disk(settings, monkeypatch):
    usage = storage.shutil.disk_usage("/")
    monkeypatch.setattr(storage.shutil, "disk_usage", lambda _: usage._replace(free=50_000_000))
    assert one(settings, "disk").state == "bad"
    monkeypatch.setattr(storage.shutil, "disk_usage", lambda _: usage._replace(free=5_000_000_000))
    assert one(settings, "disk").state == "ok"


def test_an_unknown_time_zone(settings):
    wrong = settings.model_copy(update={"station": config.Station(timezone="Mars/Olympus")})
    assert one(wrong, "clock").state == "bad"


def test_no_display_is_said(settings, monkeypatch):
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    finding = one(settings, "screen")
    assert finding.state == "idle"
    assert "off screen" in finding.what


@pytest.mark.skipif(sys.platform != "linux", reason="espeak-ng is the engine on Linux")
def test_voice_without_engine_or_player(settings, monkeypatch):
    monkeypatch.setattr(sound.shutil, "which", lambda _: None)
    assert "espeak-ng" in one(settings, "voice").remedy
    quiet = settings.model_copy(update={"voice": config.Voice(enabled=False)})
    assert one(quiet, "voice").state == "idle"


def test_a_check_that_breaks_is_a_finding(settings, monkeypatch):
    def broken(_settings):
        raise ZeroDivisionError("oops")

    monkeypatch.setitem(doctor.CHECKS, "disk", broken)
    finding = one(settings, "disk")
    assert finding.state == "bad"
    assert "ZeroDivisionError" in finding.what


def test_the_command_prints_json_and_its_status_tells(settings, monkeypatch, capsys):
    monkeypatch.setattr(config, "load", lambda *_: settings)
    assert command.main(["--json", "reader", "disk"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert {item["part"] for item in found} == {"reader", "disk"}
    assert all(set(item) == {"part", "state", "what", "remedy"} for item in found)
    assert command.main(["disk", "--language", "en"]) == 0
    assert capsys.readouterr().out.startswith("✓ disk")
    assert command.main(["disk"]) == 0
    assert capsys.readouterr().out.startswith("✓ 磁盘：空间够用\n    细节：")
    assert command.main(["reader"]) == 1
    told = capsys.readouterr().out
    assert told.startswith("✗ 读卡器：没有应答")
    assert "    办法：" in told
    with pytest.raises(SystemExit):
        command.main(["carburettor"])


# ---- security


def safe(settings, part, **changes):
    changed = settings
    for section, values in changes.items():
        changed = changed.model_copy(update={section: getattr(changed, section).model_copy(update=values)})
    (finding,) = doctor.examine(changed, (part,), doctor_security.CHECKS)
    return finding.state


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_files_that_others_may_read(settings, tmp_path):
    from kiosk.store.opening import open_store

    assert safe(settings, "files") == "idle"
    open_store(settings).close()
    assert safe(settings, "files") == "ok"
    key = tmp_path / "var" / "keys" / "database.key"
    key.chmod(0o644)
    assert safe(settings, "files") == "bad"
    key.chmod(0o600)
    (tmp_path / "var" / "elsewhere").symlink_to("/etc/hostname")
    assert safe(settings, "files") == "bad"
    (tmp_path / "var" / "elsewhere").unlink()
    (tmp_path / "var").chmod(0o755)
    assert safe(settings, "files") == "bad"


def test_the_suite_and_where_its_keys_lie(settings, tmp_path):
    """What an assessment asks first: named when it is known, bad when keys and registration do not fit."""
    assert safe(settings, "suite") == "idle"
    chosen = settings
    told = doctor_security.check_suite(chosen)
    assert told.what.endswith("keys will lie in a file")
    keys = {one.name: sync_keys.Keys(*seal.new_keys(one)) for one in (suites.STD_1, suites.GM_1)}
    path = config.resolve(chosen.sync.key_file)
    for name, words in (("std-1", "Ed25519"), ("gm-1", "国密")):
        pins = sync_keys.Pins(suite=name, kiosk_id="k", station_id="s", bureau_id="b", bureau=keys[name].public)
        sync_keys.write_private(path, sync_keys.dump_keys(keys[name]))
        sync_keys.write_private(sync_keys.pins_path(chosen.sync), pins.model_dump_json())
        found = doctor_security.check_suite(chosen)
        assert (found.state, words in found.what, "in a file" in found.what) == ("ok", True, True), found
    sync_keys.write_private(path, sync_keys.dump_keys(keys["std-1"]))
    assert doctor_security.check_suite(chosen).state == "bad"


def test_keys_beside_the_data(settings):
    assert safe(settings, "keys") == "bad"
    assert safe(settings, "keys", store={"key_command": "cat key"}, sync={"key_command": "cat key"}) == "ok"


def test_ways_out_besides_the_bureau_are_named(settings):
    assert safe(settings, "ways-out") == "ok"
    assert safe(settings, "ways-out", printer={"kind": "network", "target": "192.0.2.7:9100"}) == "bad"
    assert safe(settings, "ways-out", reader={"port": "socket://192.0.2.8:4001"}) == "bad"


def test_a_camera_that_is_no_device(settings):
    assert safe(settings, "camera", camera={"source": "puppet:biden"}) == "bad"
    assert safe(settings, "camera", camera={"source": "device:0", "refuse_names": ()}) == "bad"
    assert safe(settings, "camera", camera={"source": "device:0"}) == "ok"


def test_weakened_checks(settings):
    assert safe(settings, "liveness") == "ok"
    weaker = settings.liveness.checks.model_copy(update={"depth": "record"})
    assert safe(settings, "liveness", liveness={"checks": weaker}) == "bad"
    assert safe(settings, "liveness", liveness={"actions": 1}) == "bad"
    assert safe(settings, "liveness", match={"accept": 0.3}) == "bad"


def test_the_way_to_the_bureau(settings):
    assert safe(settings, "bureau") == "idle"
    assert safe(settings, "bureau", sync={"bureau_url": "http://127.0.0.1:8000"}) == "bad"
    assert safe(settings, "bureau", sync={"bureau_url": "https://bureau.example"}) == "idle"
    assert safe(settings, "bureau", sync={"bureau_url": "https://bureau.example", "ca_file": "ca.pem"}) == "ok"


def test_packages_that_call_home_and_armed_failpoints(settings, monkeypatch):
    monkeypatch.delenv("KIOSK_FAILPOINTS", raising=False)
    assert safe(settings, "packages") == "ok", "what is installed here must not call home"
    monkeypatch.setenv("KIOSK_FAILPOINTS", "save.committed=kill")
    assert safe(settings, "packages") == "bad"
    monkeypatch.delenv("KIOSK_FAILPOINTS")
    monkeypatch.setattr(doctor_security.importlib.metadata, "version", lambda _: "1.30.0")
    assert safe(settings, "packages") == "bad"


def test_memory_that_reaches_the_disk(settings, monkeypatch, tmp_path):
    limits = tmp_path / "limits"
    head = "Limit                     Soft Limit           Hard Limit           Units     \n"
    limits.write_text(head + "Max core file size        unlimited            unlimited            bytes     \n", encoding="ascii")
    monkeypatch.setattr(doctor_security, "_LIMITS", limits)
    (finding,) = doctor.examine(settings, ("memory",), doctor_security.CHECKS)
    assert finding.state == "bad"
    assert "core dumps are on" in finding.what
    limits.write_text(head + "Max core file size        0                    unlimited            bytes     \n", encoding="ascii")
    (finding,) = doctor.examine(settings, ("memory",), doctor_security.CHECKS)
    assert "core dumps are on" not in finding.what


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_every_part_is_told_in_the_stations_language(language):
    strings = Strings.load(language)
    for part in doctor.CHECKS:
        for key in ("name", "ok", "bad", "idle"):
            assert strings.text(f"doctor.{part}.{key}")


def test_what_is_open_to_thieves_is_never_told_in_the_words_of_another_check(settings, monkeypatch, capsys):
    monkeypatch.setattr(config, "load", lambda *_: settings)
    command.main(["--security", "camera", "--language", "zh_CN"])
    assert "camera" in capsys.readouterr().out.splitlines()[0]


def test_the_security_command(settings, monkeypatch, capsys):
    monkeypatch.setattr(config, "load", lambda *_: settings)
    assert command.main(["--security", "keys"]) == 1
    assert "key_command" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        command.main(["--security", "reader"])


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
def test_doctor_says_which_voice_speaks_and_what_the_kiosk_noted(settings, monkeypatch, tmp_path):
    monkeypatch.setattr(sound.Path, "exists", lambda self: True)
    monkeypatch.setattr(sound.Path, "read_text", lambda self, **_: " 0 [PCH]: a card")
    monkeypatch.setattr(sound.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(sound, "_natural", lambda _: "")
    monkeypatch.setattr(sound.voice_state, "last", lambda _: Noted())
    assert "请 is read as Mandarin" in one(settings, "voice").what
    monkeypatch.setattr(sound.voice_state, "last", lambda _: Noted(before={Trouble.SWEPT: "2026-11-29T08:00:00+00:00"}))
    finding = one(settings, "voice")
    assert (finding.state, "at 2026-11-29T08:00:00+00:00 its temporary folder was swept away" in finding.what) == ("ok", True)
    assert "/tmp" in finding.remedy
    monkeypatch.setattr(sound.voice_state, "last", lambda _: Noted(Trouble.BUSY, "2026-11-30T08:00:00+00:00"))
    finding = one(settings, "voice")
    assert (finding.state, "held by another program" in finding.what) == ("idle", True)
    english = "(en)kI55NTr'i:55"
    monkeypatch.setattr(sound, "_espeak", lambda *arguments: english if "-x" in arguments else "head\ncmn\n")
    finding = one(settings, "voice")
    assert (finding.state, "reads 请 as English letters" in finding.what) == ("idle", True)


def test_which_camera_it_is(settings, tmp_path, monkeypatch):
    from kiosk.camera import sysfs
    from kiosk.doctor import camera
    from kiosk.emulators import usb_tree

    root = tmp_path / "sys"
    assert "no device" in one(settings, "camera-identity").what
    monkeypatch.setattr(sysfs.sys, "platform", "win32")
    assert camera.identity_told("device:0", root) == (
        "idle",
        "unavailable: this system does not tell which camera it is; another one would not be noticed",
    )
    monkeypatch.setattr(sysfs.sys, "platform", "linux")
    usb_tree.plug(root, usb_tree.WEBCAM)
    assert camera.identity_told("device:0", root) == (
        "ok",
        "1d6b:0102 serial KC0001 at 1-1.2, uvcvideo, 3 modes, 12 controls",
    )
    assert camera.identity_told("device:4", root)[0] == "bad"
    usb_tree.load_loopback(root, "video4")
    odd = sysfs.identify("4", root)
    assert camera.identity_told("device:4", root, pinned=odd)[0] == "ok", "somebody answered for it"
    assert camera.identity_told("device:4", root, pinned=sysfs.identify("0", root))[0] == "bad"
    assert camera.identity_told("device:4", root) == (
        "bad",
        ": serial - at -, no driver: it is no device that is plugged in: a program may be playing a camera; "
        "its driver is not that of a USB camera (uvcvideo); "
        "there is another source of pictures",
    )


def test_the_doctor_knows_that_somebody_answered_for_an_odd_camera(settings, tmp_path, monkeypatch):
    from kiosk.camera import sysfs
    from kiosk.doctor import storage
    from kiosk.emulators import usb_tree
    from kiosk.store import camera_pin
    from kiosk.store.opening import open_store

    usb_tree.load_loopback(tmp_path / "sys", "video4")
    odd = sysfs.identify("4", tmp_path / "sys")
    monkeypatch.setattr("kiosk.doctor.camera.sysfs.identify", lambda *_: odd)
    monkeypatch.setattr("kiosk.doctor.camera.sysfs.readable", lambda *_: True)
    settings = settings.model_copy(update={"camera": settings.camera.model_copy(update={"source": "device:4"})})
    assert storage.pinned_camera(settings) is None
    assert one(settings, "camera-identity").state == "bad"
    now = datetime.now(UTC)
    store = open_store(settings)
    try:
        assert not camera_pin.see(store, odd, now).believed
        assert one(settings, "camera-identity").state == "bad"
        assert camera_pin.confirm(store, "900001", "replaced", now).believed
    finally:
        store.close()
    assert storage.pinned_camera(settings) == odd
    assert one(settings, "camera-identity").state == "ok"


def test_everything_the_doctor_says_is_told_in_chinese():
    """Each English sentence of the room stands in both catalogues, with the same places; nothing else is said."""
    english, chinese = Strings.load("en"), Strings.load("zh_CN")
    said, bare = set(), []
    for path in sorted((config.ROOT / "kiosk" / "doctor").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Phrase" and path.name != "finding.py":
                said.add(ast.literal_eval(node.args[0]))
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "Finding":
                bare += [ast.unparse(one) for one in node.args[2:] if isinstance(one, ast.JoinedStr)]
                bare += [one.value for one in node.args[2:] if isinstance(one, ast.Constant) and one.value]
    assert bare == []
    for template in said:
        key = finding.key_of(template)
        assert english.text(key) == template
        places = [name for _, name, _, _ in string.Formatter().parse(template) if name]
        assert sorted(places) == sorted(name for _, name, _, _ in string.Formatter().parse(chinese.text(key)) if name), template
    assert {key for key in english.keys() if key.startswith("doctor.said.")} == {finding.key_of(one) for one in said}


def test_chinese_holds_no_english_sentence(settings, monkeypatch, capsys):
    """What is left in Latin letters are names: of settings, files, devices and programs."""
    monkeypatch.setattr(config, "load", lambda *_: settings)
    for options in (["database", "disk", "clock", "bureau", "reader", "camera"], ["--security"]):
        command.main([*options, "--language", "zh_CN"])
        for line in capsys.readouterr().out.splitlines():
            told = re.sub(r"（.*?）", "", line)  # an error's own words, for whoever repairs it
            assert not re.search(r" (the|is|are|not|and|of|to|in) ", told), line
