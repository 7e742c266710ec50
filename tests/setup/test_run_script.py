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
    for name in ("requirements.txt", "requirements-nodeps.txt"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert not re.search(r"https?://|--(extra-)?index-url|--find-links|--trusted-host|@ file", text), name
        pins = [line for line in text.splitlines() if re.match(r"[a-zA-Z0-9]", line)]
        assert pins
        for line in pins:
            assert "==" in line, line
            assert line.endswith("\\"), f"{name}: {line} has no hash"


def test_what_must_not_be_upgraded_is_pinned():
    """Versions that abort or send telemetry (requirements.in says which and why)."""
    pins = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.M))
    assert pins["pyside6-essentials"] == "6.11.3"
    assert pins["mediapipe"] == "0.10.31"
    assert {"opencv-python-headless", "opencv-contrib-python"}.isdisjoint(pins), "they overwrite opencv-python"


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
