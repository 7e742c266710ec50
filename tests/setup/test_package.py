"""The Debian packages: what is left out is not needed, the scripts set up and take away what they say, keys are sealed.

A whole package is built and installed in fresh Debian 12 and 13 systems by `./run test-package`, outside CI.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from kiosk import config
from kiosk.app import installation_file
from kiosk.commands import provision
from kiosk.config import ROOT
from kiosk.errors import ConfigError, StoreError
from kiosk.installation.progress import SetupProgress
from kiosk.packaging import contents, description, stage
from kiosk.store.engine.keys import database_key
from kiosk.sync import keys as keyfiles
from kiosk.sync import seal
from tests.setup.deployed import DEPLOY
from tests.sources import statements, tree_of

SCRIPTS = DEPLOY / "package"
SITE = Path(sysconfig.get_paths()["purelib"])


def test_qt_modules_that_pages_import_are_kept():
    used = set()
    for path in (ROOT / "kiosk").rglob("*.py"):
        if path.relative_to(ROOT / "kiosk").parts[0] in contents.WORKBENCH:
            continue
        for node in statements(tree_of(path)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("PySide6."):
                used.add(node.module.split(".")[1])
    assert {"QtCore", "QtGui", "QtWidgets"} <= used
    for module in used:
        assert not contents.left_out(f"PySide6/{module}.abi3.so"), module


def needed(library: Path) -> set[str]:
    listed = subprocess.run(["readelf", "-d", str(library)], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"\(NEEDED\).*\[(.*?)\]", listed))


@pytest.mark.skipif(shutil.which("readelf") is None and "KIOSK_CI" not in os.environ, reason="no readelf here")
def test_no_kept_library_of_qt_needs_one_that_is_left_out():
    qt = SITE / "PySide6" / "Qt"
    kept = [
        path
        for path in (*(SITE / "PySide6").glob("*.so*"), *(qt / "lib").glob("*.so*"), *(qt / "plugins").rglob("*.so"))
        if not any(contents.left_out(Path(*path.relative_to(SITE).parts[:depth]).as_posix()) for depth in range(1, 6))
    ]
    assert len(kept) > 20
    missing = {
        (path.name, name)
        for path in kept
        for name in needed(path)
        if (qt / "lib" / name).exists() and contents.left_out(f"PySide6/Qt/lib/{name}")
    }
    assert missing == set()


def test_tests_and_stubs_are_left_out_and_what_is_imported_by_that_name_is_not():
    assert contents.left_out("PIL/Image.pyi")
    assert contents.left_out("shapely/tests")
    assert contents.left_out("pip")
    assert not contents.left_out("numpy/testing")
    assert not contents.left_out("mediapipe/tasks")
    assert not contents.left_out("PySide6/Qt/lib/libQt6Core.so.6")


def test_a_station_carries_no_tool_of_who_measures_and_no_picture_of_a_person():
    names = stage.tracked(contents.KIOSK_PARTS)
    rooms = {Path(name).parts[1] for name in names if name.startswith("kiosk/") and name.count("/") > 1}
    assert set(contents.WORKBENCH) < rooms  # they are there, and `program` passes over them
    assert not any(name.startswith("assets/demo-faces/") for name in names)


def described(purpose: contents.Purpose, work: Path) -> dict[str, object]:
    tree = work / "tree"
    tree.mkdir()
    return description.package(purpose, "9.9.9", tree, work, "2026-01-01T00:00:00Z")


def test_units_in_the_package_go_through_the_version_in_force(tmp_path):
    told = described(contents.KIOSK, tmp_path)
    places = {entry["dst"]: entry for entry in told["contents"]}
    for name in ("pension-kiosk", "pension-kiosk-display", "pension-kiosk-keys"):
        text = Path(places[f"/lib/systemd/system/{name}.service"]["src"]).read_text(encoding="utf-8")
        assert "/opt/pension-kiosk/current/" in text or name == "pension-kiosk"
        assert not re.search(r"/opt/pension-kiosk/(?!current/)", text.replace("WorkingDirectory=/opt/pension-kiosk\n", ""))
    assert places["/opt/pension-kiosk/versions/9.9.9"]["type"] == "tree"
    assert places["/etc/pension-kiosk/kiosk.toml"]["type"] == "config|noreplace"
    assert "libxcb-cursor0" in told["depends"]
    assert "fonts-noto-cjk" in told["depends"]
    assert Path(told["scripts"]["postinstall"]).read_text(encoding="utf-8").count("version=9.9.9") == 1


def test_the_bureaus_units_run_the_packages_own_python(tmp_path):
    told = described(contents.BUREAU, tmp_path)
    places = {entry["dst"]: entry for entry in told["contents"]}
    for name in ("pension-bureau", "pension-bureau-work"):
        text = Path(places[f"/lib/systemd/system/{name}.service"]["src"]).read_text(encoding="utf-8")
        assert "ExecStart=/opt/pension-kiosk-bureau/current/run kiosk bureau" in text
        assert "/opt/pension-kiosk/" not in text
        assert "WorkingDirectory=/opt/pension-kiosk-bureau/current/\n" in text
        user = re.search(r"^User=(.*)$", text, re.M)[1]
        assert f"passwd {user} " in (SCRIPTS / "postinst.bureau").read_text(encoding="utf-8")
    rollout = Path(places["/lib/systemd/system/pension-bureau-rollout.service"]["src"]).read_text(encoding="utf-8")
    assert "ExecStart=/opt/pension-kiosk-bureau/current/run kiosk release --repository" in rollout
    assert "python" not in " ".join(told["depends"])


def test_the_packages_settings_load_and_lie_where_the_service_may_write():
    settings = config.load(SCRIPTS / "kiosk.toml")
    assert settings.store.directory == "/var/lib/pension-kiosk"
    assert settings.store.key_file.startswith("/var/lib/pension-kiosk/")
    assert settings.sync.key_file.startswith("/var/lib/pension-kiosk/")
    assert settings.reader.port == "/dev/idcard-reader"


def test_a_station_that_nobody_knows_shows_its_set_up_and_serves_nobody(tmp_path):
    settings = config.load(
        SCRIPTS / "kiosk.toml", {"store": {"directory": str(tmp_path)}, "sync": {"key_file": str(tmp_path / "k.json")}}
    )
    assert installation_file.wanted(settings)
    assert installation_file.closed(settings)
    installation_file.keep(settings, SetupProgress(wanted=False))
    assert not installation_file.wanted(settings)
    assert installation_file.closed(settings), "until it is registered"
    (tmp_path / "k.pins.json").write_text("{}", encoding="utf-8")
    assert not installation_file.closed(settings)


# ---- maintainer scripts, in a folder of their own with stand-ins for what they call


@pytest.fixture
def machine(tmp_path):
    """A made-up machine: its root folder, and stand-ins that write down how they were called."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("useradd", "userdel", "systemctl", "udevadm", "chgrp"):
        (tools / name).write_text(f'#!/bin/sh\necho "{name} $*" >> "{tmp_path}/calls"\n', encoding="utf-8")
    (tools / "getent").write_text("#!/bin/sh\nexit 2\n", encoding="utf-8")
    (tools / "install").write_text('#!/bin/sh\nfor last; do :; done\nmkdir -p "$last"\n', encoding="utf-8")
    for tool in tools.iterdir():
        tool.chmod(0o755)
    root = tmp_path / "root"
    (root / "etc" / "pension-kiosk").mkdir(parents=True)
    shutil.copy(SCRIPTS / "kiosk.toml", root / "etc" / "pension-kiosk")

    def run(script: str, *args: str, version: str = "0.2.0") -> str:
        text = (SCRIPTS / script).read_text(encoding="utf-8").replace("@VERSION@", version)
        for place in ("/opt/", "/etc/", "/var/lib/", "/run/systemd/", "/usr/share/debconf/"):
            text = text.replace(place, f"{root}{place}")
        (root / "opt" / "pension-kiosk" / "versions" / version).mkdir(parents=True, exist_ok=True)
        path = tmp_path / script
        path.write_text(text, encoding="utf-8")
        done = subprocess.run(
            ["sh", str(path), *args],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"},
        )
        assert done.returncode == 0, done.stderr
        return done.stderr

    run.root = root
    run.calls = lambda: (tmp_path / "calls").read_text(encoding="utf-8") if (tmp_path / "calls").exists() else ""
    return run


@pytest.mark.parametrize("script", sorted(path.name for path in SCRIPTS.iterdir() if path.suffix in (".kiosk", ".bureau")))
def test_scripts_parse(script):
    if not script.startswith("templates"):
        assert subprocess.run(["sh", "-n", str(SCRIPTS / script)], check=False).returncode == 0


def test_installing_makes_the_user_and_puts_the_version_in_force(machine):
    machine("postinst.kiosk", "configure")
    current = machine.root / "opt/pension-kiosk/current"
    assert os.readlink(current) == "versions/0.2.0"
    assert "useradd --system" in machine.calls()
    enabled = next(line for line in machine.calls().splitlines() if "enable" in line).split()
    assert set(enabled[3:]) == {
        "pension-kiosk-keys.service",
        "pension-kiosk-recover.service",
        "pension-kiosk-update.timer",
        "pension-kiosk-clock.path",
        "pension-kiosk-words.timer",
        "pension-kiosk.service",
    }
    assert (machine.root / "etc/pension-kiosk/kiosk.toml").stat().st_mode & 0o007 == 0


@pytest.mark.skipif(shutil.which("dpkg") is None, reason="no dpkg here")
def test_a_newer_version_that_an_update_brought_stays_in_force(machine):
    machine("postinst.kiosk", "configure", version="0.3.0")
    said = machine("postinst.kiosk", "configure", "0.1.0", version="0.2.0")
    assert os.readlink(machine.root / "opt/pension-kiosk/current") == "versions/0.3.0"
    assert "0.3.0 stays in force" in said


def test_removal_and_purge_without_an_answer_leave_records_and_keys(machine):
    machine("postinst.kiosk", "configure")
    record = machine.root / "var/lib/pension-kiosk/kiosk.db"
    record.write_bytes(b"records")
    machine("prerm.kiosk", "remove")
    machine("postrm.kiosk", "remove")
    assert not (machine.root / "opt/pension-kiosk/current").exists()
    said = machine("postrm.kiosk", "purge")
    assert record.read_bytes() == b"records"
    assert (machine.root / "etc/pension-kiosk/kiosk.toml").exists()
    assert "records and keys are left" in said
    assert "userdel" not in machine.calls()


def test_purge_with_a_clear_yes_deletes_them(machine):
    machine("postinst.kiosk", "configure")
    (machine.root / "var/lib/pension-kiosk/kiosk.db").write_bytes(b"records")
    confmodule = machine.root / "usr/share/debconf/confmodule"
    confmodule.parent.mkdir(parents=True)
    confmodule.write_text(
        "db_version() { :; }; db_fset() { :; }; db_input() { :; }; db_go() { :; }; db_purge() { :; }; db_stop() { :; }\n"
        "db_get() { RET=true; }\n",
        encoding="utf-8",
    )
    machine("postrm.kiosk", "purge")
    assert not (machine.root / "var/lib/pension-kiosk").exists()
    assert not (machine.root / "etc/pension-kiosk").exists()


# ---- the start script of a package


def test_the_launcher_starts_its_own_python_optimised_and_without_fault_injection(tmp_path):
    shutil.copy(SCRIPTS / "run", tmp_path / "run")
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$@"\necho "$PYTHONPATH $PYTHONOPTIMIZE ${KIOSK_FAILPOINTS:-none}"\n', encoding="utf-8")
    python.chmod(0o755)
    (tmp_path / "run").chmod(0o755)
    env = {**os.environ, "KIOSK_FAILPOINTS": "save"}
    said = subprocess.run([str(tmp_path / "run"), "kiosk", "doctor"], capture_output=True, text=True, check=True, env=env).stdout
    assert said.splitlines() == ["-P -m kiosk doctor", f"{tmp_path} 1 none"]
    wrong = subprocess.run([str(tmp_path / "run"), "test"], capture_output=True, text=True, check=False)
    assert (wrong.returncode, "usage" in wrong.stderr) == (2, True)


# ---- keys


@pytest.fixture
def sealer(tmp_path):
    """seal-keys with a stand-in for systemd-creds, which turns the bytes round; and none for the kiosk's user."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "setpriv").write_text('#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nshift\nexec "$@"\n', encoding="utf-8")
    (tools / "systemd-creds").write_text(
        "#!/bin/sh\n"
        'case "$1" in\n'
        '    encrypt) [ -z "$BROKEN" ] || { echo rubbish > "$4"; exit 0; }; base64 > "$4" ;;\n'
        '    decrypt) base64 -d "$3" ;;\n'
        "esac\n",
        encoding="utf-8",
    )
    for tool in tools.iterdir():
        tool.chmod(0o755)
    keys, sealed = tmp_path / "keys", tmp_path / "sealed"
    keys.mkdir()

    def run(**env: str) -> str:
        done = subprocess.run(
            [str(DEPLOY / "seal-keys")],
            capture_output=True,
            text=True,
            check=False,
            env={
                **os.environ,
                "PATH": f"{tools}:{os.environ['PATH']}",
                "KIOSK_KEYS": str(keys),
                "KIOSK_SEALED": str(sealed),
                "BROKEN": "",
                **env,
            },
        )
        return done.stderr

    run.keys, run.sealed = keys, sealed
    return run


def test_a_key_file_goes_only_when_its_sealed_copy_opens_to_the_same_bytes(sealer):
    key = sealer.keys / "database.key"
    key.write_text("ab" * 32 + "\n", encoding="ascii")
    said = sealer(BROKEN="yes")
    assert "did not come back the same" in said
    assert key.exists()
    assert not (sealer.sealed / "pension-kiosk.database.key").exists()
    sealer()
    assert not key.exists()
    assert (sealer.sealed / "pension-kiosk.database.key").stat().st_mode & 0o077 == 0
    assert sealer() == "", "nothing to do"


def test_another_database_key_never_takes_the_place_of_the_sealed_one(sealer):
    key = sealer.keys / "database.key"
    key.write_text("ab" * 32 + "\n", encoding="ascii")
    sealer()
    before = (sealer.sealed / "pension-kiosk.database.key").read_bytes()
    key.write_text("cd" * 32 + "\n", encoding="ascii")
    said = sealer()
    assert "another database.key" in said
    assert key.exists()
    assert (sealer.sealed / "pension-kiosk.database.key").read_bytes() == before


def test_new_keys_of_a_registration_take_the_place_of_the_sealed_ones(sealer):
    key = sealer.keys / "kiosk.json"
    for text in ("{1}", "{2}"):
        key.write_text(text, encoding="ascii")
        sealer()
        assert not key.exists()
    assert (
        subprocess.run(["base64", "-d", str(sealer.sealed / "pension-kiosk.kiosk.json")], capture_output=True, check=True).stdout
        == b"{2}"
    )


def test_the_kiosk_finds_its_sealed_keys_without_a_setting(tmp_path, monkeypatch):
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "pension-kiosk.database.key").write_text("ab" * 32 + "\n", encoding="ascii")
    keys = keyfiles.Keys(*seal.new_keys())
    (folder / "pension-kiosk.kiosk.json").write_text(keyfiles.dump_keys(keys), encoding="utf-8")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    store = config.Store(key_file=str(tmp_path / "none" / "database.key"))
    sync = config.Sync(key_file=str(tmp_path / "none" / "kiosk.json"))
    assert database_key(store, data_there=True) == bytes.fromhex("ab" * 32)
    assert keyfiles.load_keys(sync).public == keys.public
    assert not (tmp_path / "none").exists(), "no key was made beside it"


def test_without_file_and_credential_data_is_never_given_a_new_key(tmp_path, monkeypatch):
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(StoreError, match="no key") as caught:
        database_key(config.Store(key_file=str(tmp_path / "database.key")), data_there=True)
    assert caught.value.reason == "wrong-key"


def test_a_station_without_a_number_is_not_registered(monkeypatch):
    monkeypatch.setenv("KIOSK_CONFIG", str(SCRIPTS / "kiosk.toml"))
    with pytest.raises(ConfigError, match="UNSET"):
        provision.main(["--bureau", "https://127.0.0.1:1", "--code-file", "/dev/null"])
