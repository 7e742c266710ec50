"""Whole visits as processes, through the real widgets, port, camera thread, models, database and bureau."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kiosk.demo import people
from tests.forms import WHOLE

ROOT = Path(__file__).resolve().parents[2]


def demo(tmp_path: Path, scenario: str, *prefix: str) -> tuple[subprocess.CompletedProcess[str], dict[str, object]]:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [
            *prefix,
            sys.executable,
            "-m",
            "kiosk",
            "demo",
            "--headless",
            "--scenario",
            scenario,
            "--size",
            "540x960",  # a quarter of the pixels to paint and to save
            "--fps",
            "12",
            "--out",
            str(tmp_path / "out"),
            "--folder",
            str(tmp_path / "files"),
        ],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    path = tmp_path / "out" / "visit.json"
    assert path.exists(), done.stdout + done.stderr
    return done, json.loads(path.read_text(encoding="utf-8"))


def test_a_visit_passes_speaks_to_the_bureau_alone_and_leaves_no_name_behind(tmp_path):
    trace = tmp_path / "trace"
    done, visit = demo(
        tmp_path,
        "pass",
        "strace",
        "-f",
        "--seccomp-bpf",
        "-qq",
        "-s",
        "4096",
        "-e",
        "trace=connect,sendto,sendmsg,execve",
        "-o",
        str(trace),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (visit["outcome"], visit["bureau_state"]) == ("passed", "accepted")
    assert visit["pages"][:3] == ["idle", "who", "card"]
    assert visit["pages"][-2:] == ["take-card", "idle"]
    text = trace.read_text(encoding="utf-8", errors="replace")

    port = (tmp_path / "files" / "bureau" / "url").read_text(encoding="utf-8").strip().rsplit(":", 1)[1]
    connects = re.findall(r"connect\(\d+, \{sa_family=(AF_INET6?), (.*?)\}", text)
    assert any(f"htons({port})" in rest for _, rest in connects), "the bureau was never called: is the trace whole?"
    elsewhere = [rest for _, rest in connects if f"htons({port})" not in rest or "127.0.0.1" not in rest]
    assert elsewhere == []
    assert "sa_family=AF_INET" not in "".join(line for line in text.splitlines() if "sendto(" in line or "sendmsg(" in line)

    card = people.card("li")
    markers = [card["name"], card["id_number"], card["address"]]
    for folder in ("store", "keys"):
        for path in (tmp_path / "files" / folder).rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                for marker in markers:
                    assert marker.encode() not in content, path
                    assert marker.encode("utf-16-le") not in content, path
                assert path.stat().st_mode & 0o077 == 0, f"{path}: others can read it"
    executed = "".join(line for line in text.splitlines() if "execve(" in line)
    escaped = "".join(f"\\{byte:o}" for byte in card["name"].encode())  # as strace shows it
    for marker in (*markers, escaped):
        assert marker not in executed
        assert marker not in done.stdout + done.stderr


# not-yet, unknown-person, other, some at the desk, and both cables pulled and put back: in the day of tests/trust/test_demo_day
ENDS = {
    "without-sight": ("passed", "ok"),
    "injected": ("failed", "liveness-failed"),
    "no-template": ("referred", "no-template"),
    "offline-then-online": ("passed", "ok"),
    "helper-face": ("failed", "face-mismatch"),
    "camera-swapped": ("passed", "ok"),
}
# Where the machine is so busy that it sees fewer than four pulses of the camera whole, nothing can be said of them, and somebody
# looks (seen). That the stranger's stream is found out at any other speed: tests/liveness/test_camera_proof.py, without a clock.
TOO_FEW_SEEN = ("injected", "referred", "liveness-uncertain")
if WHOLE:  # before a release: each takes half a minute
    ENDS |= {
        name: ("passed", "ok")
        for name in ("camera-unplugged", "reader-unplugged", "reminders", "visit-cancelled", "one-inch-photo")
    }


@pytest.fixture(scope="module")
def ended(tmp_path_factory) -> dict[str, dict[str, Any]]:
    """How each scenario ended. One process plays them one after the other: side by side one of them ran out of time."""
    folder = tmp_path_factory.mktemp("visits")
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.demo.several", str(folder), *ENDS],
        cwd=folder,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        printed, _ = child.communicate(timeout=600)
        assert child.returncode == 0, printed
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)  # bureaus and readers are children of its own
    told: dict[str, dict[str, Any]] = json.loads(printed.splitlines()[-1])
    return told


@pytest.mark.timeout(660)  # the first of them waits for all
@pytest.mark.parametrize("scenario", ENDS)
def test_scenario(ended, scenario):
    visit = ended[scenario]
    if (scenario, visit["outcome"], visit["reason"]) == TOO_FEW_SEEN:
        assert len(visit["problems"]) == 2, visit["problems"]  # the outcome and the reason, nothing else
        return
    assert visit["problems"] == []
    assert (visit["outcome"], visit["reason"]) == ENDS[scenario]
    if scenario == "without-sight":
        _heard_whole(visit["heard"])


def _heard_whole(heard):
    """Who does not see was told everything: who it is, what is asked, that it is done, until when, and to take the card."""
    for words in ("号码后四位", "镜头看您的脸", "认证通过了", "最晚到", "身份证还在机器上"):
        assert any(words in sentence for sentence in heard), words
    assert "findChild" not in (ROOT / "kiosk" / "demo" / "listener.py").read_text(encoding="utf-8"), "it looks at no widget"
