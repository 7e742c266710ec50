"""The start script: says what it can do, refuses what it cannot, and never names a package host."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = [ROOT / "run", ROOT / ".ci" / "run"]


def run(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ROOT / "run"), *args],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **env},
    )


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name + "-in-" + path.parent.name)
def test_scripts_are_executable_and_parse(script):
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0


def test_help_and_unknown_commands():
    assert "./run demo" in run("help").stdout
    wrong = run("frobnicate")
    assert wrong.returncode == 2
    assert "usage" in wrong.stderr


def test_lists_of_requirements_are_pinned_hashed_and_without_hosts():
    for path in (ROOT / "requirements").iterdir():
        name, text = path.name, path.read_text(encoding="utf-8")
        assert not re.search(r"https?://|--(extra-)?index-url|--find-links|--trusted-host|@ file", text), name
        if path.suffix == ".in":
            continue
        pins = [line for line in text.splitlines() if re.match(r"[a-zA-Z0-9]", line)]
        assert pins
        for line in pins:
            assert "==" in line, line
            assert line.endswith("\\"), f"{name}: {line} has no hash"


def pins(lock: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s;\\]+)", text, re.M))


def test_what_must_not_be_upgraded_is_pinned():
    """Versions that abort or send telemetry (requirements/kiosk.in says which and why)."""
    kiosk = pins("kiosk")
    assert (kiosk["pyside6-essentials"], kiosk["mediapipe"], kiosk["onnxruntime"]) == ("6.11.3", "0.10.31", "1.27.0")
    everywhere = {name for path in (ROOT / "requirements").glob("*.txt") for name in pins(path.stem)}
    assert everywhere.isdisjoint({"opencv-python-headless", "opencv-contrib-python"}), "they overwrite opencv-python"


def test_the_locks_agree_and_a_street_kiosk_gets_no_tools():
    """One environment takes all of them, so a package has one version; a station installs the kiosk's alone."""
    seen: dict[str, str] = {}
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        for name, version in pins(path.stem).items():
            assert seen.setdefault(name, version) == version, f"{name} in {path.name}"
    assert set(pins("kiosk")).isdisjoint(
        {"pytest", "hypothesis", "fastapi", "uvicorn", "sqlalchemy", "schemathesis", "mypy", "ruff", "typer"}
    )
    assert set(pins("bureau")).isdisjoint({"pyside6-essentials", "mediapipe", "onnxruntime", "opencv-python", "pytest"})


def test_without_root_it_names_what_to_install(tmp_path):
    """The set-up's package step, with dpkg and sudo played by stand-ins: nothing is installed, everything missing is named."""
    for name, body in (("dpkg-query", "exit 1"), ("apt-get", "echo touched >> $LOG"), ("sudo", "exit 1")):
        tool = tmp_path / name
        tool.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        tool.chmod(0o755)
    log = tmp_path / "log"
    script = (ROOT / "run").read_text(encoding="utf-8")
    functions = script[: script.index('command="${1:-help}"')].replace("[[ $EUID -eq 0 ]]", "false")
    probe = tmp_path / "probe"
    probe.write_text(functions + '\ninstall_packages "${packages[@]}"\n', encoding="utf-8")
    done = subprocess.run(
        ["bash", str(probe)],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "LOG": str(log), "HOME": str(tmp_path)},
    )
    assert done.returncode == 1
    assert "apt-get install libegl1" in done.stderr
    assert "espeak-ng" in done.stderr
    assert not log.exists()


@pytest.mark.parametrize(
    ("asked", "purposes"),
    [
        ("kiosk run", "kiosk"),
        ("kiosk doctor", "kiosk"),
        ("kiosk bureau", "kiosk bureau"),
        ("bureau serve", "bureau"),
        ("demo", "kiosk bureau"),
        ("demo --headless", "kiosk bureau"),
        ("test", "kiosk bureau dev"),
    ],
)
def test_a_command_installs_what_it_needs(tmp_path, asked, purposes):
    script = (ROOT / "run").read_text(encoding="utf-8")
    probe = tmp_path / "run"
    told = script[: script.index('command="${1:-help}"')] + '\npurposes_of "$@"; echo "${purposes[*]}"\n'
    probe.write_text(told, encoding="utf-8")
    done = subprocess.run(["bash", str(probe), *asked.split()], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == purposes
