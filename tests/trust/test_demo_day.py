"""A whole day at one kiosk speaks to the bureau alone, leaves no name anywhere (files, logs, arguments, temporary files), and sends
no picture, face vector or identity number: every sealed batch of the day is opened and looked into.

In a network namespace that has nothing but loopback, where the kernel counts every attempt to leave; without the right to make
one, under strace. Never skipped.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from kiosk.config import ROOT
from tests.sync import inspector
from tests.trust import demo_day, sent

pytestmark = pytest.mark.timeout(330)  # the first test waits for the whole day: 75 s on two quiet cores
LOOPBACK_ALONE = ("unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")


@cache
def may_unshare() -> bool:
    try:
        done = subprocess.run([*LOOPBACK_ALONE, "true"], capture_output=True, check=False, timeout=30)
    except OSError:
        return False
    return done.returncode == 0


@pytest.fixture(scope="module")
def day(tmp_path_factory) -> tuple[Path, dict[str, Any], str, str]:
    """The folder, what the day told, all it printed, and the trace (empty in a name space)."""
    folder = tmp_path_factory.mktemp("day")
    for name in ("tmp", "home"):
        (folder / name).mkdir(mode=0o700)
    trace = folder / "trace"
    prefix = (
        LOOPBACK_ALONE
        if may_unshare()
        else ("strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=connect,sendto,sendmsg", "-o", str(trace))
    )
    environment = {key: value for key, value in os.environ.items() if not key.startswith("XDG_")}
    environment |= {
        "QT_QPA_PLATFORM": "offscreen",
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": str(folder / "tmp"),
        "HOME": str(folder / "home"),
    }
    child = subprocess.Popen(
        [*prefix, sys.executable, "-m", "tests.trust.demo_day", str(folder / "files")],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        printed, complained = child.communicate(timeout=300)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)  # bureau and reader are children of the day
    assert child.returncode == 0, printed + complained
    told = json.loads(printed.splitlines()[-1])
    traced = trace.read_text(encoding="utf-8", errors="replace") if trace.exists() else ""
    trace.unlink(missing_ok=True)
    return folder, told, printed + complained, traced


def test_the_day_went_as_it_should(day):
    _, told, printed, _ = day
    for visit in told["visits"]:
        assert visit["problems"] == [], visit
    assert [visit["outcome"] for visit in told["visits"]] == ["failed", "refused", "refused", *["passed"] * 5]
    assert "out-of-service" in told["visits"][2]["pages"], "the bug was not met: then its text proves nothing"


def test_nobody_but_the_bureau_is_spoken_to(day):
    _, told, _, traced = day
    if traced:
        ports = {f"htons({told[name]})" for name in ("bureau_port", "line_port")}
        connects = re.findall(r"connect\(\d+, \{sa_family=AF_INET6?, (.*?)\}", traced)
        ours = [rest for rest in connects if any(port in rest for port in ports) and "127.0.0.1" in rest]
        assert ours, "the bureau was never called: is the trace whole?"
        assert [rest for rest in connects if rest not in ours and "192.0.2.1" not in rest] == []
        assert any("192.0.2.1" in rest for rest in connects), "the call on purpose was not seen"
        return
    quiet, after = told["counters"], told["counters_after_a_call"]
    assert quiet["Tcp.ActiveOpens"] > 5, "the bureau was never called"
    assert quiet["Tcp.PassiveOpens"] > 5
    assert told["listeners"] == sorted((told["bureau_port"], told["line_port"])), "whoever connected, connected to the bureau"
    outward = ("Ip.OutNoRoutes", "Udp.OutDatagrams", "Icmp.OutMsgs", "Ip6OutNoRoutes", "Udp6OutDatagrams")
    left = {name: quiet[name] for name in outward}
    assert left == dict.fromkeys(left, 0), "somebody tried to leave"
    assert after["Ip.OutNoRoutes"] > 0, "a call on purpose was not counted: the counters prove nothing"


def test_no_picture_vector_or_number_in_anything_that_was_sent(day):
    """Every request and every file on the stick, opened with the bureau's keys: schema, list of fields, content."""
    folder, told, _, _ = day
    known = sent.known(told)
    windows = known.windows()
    documents = list(sent.everything(folder / "files", told))
    wrong = {where: found for where, kind, plain in documents if (found := inspector.look(kind, plain, known, windows))}
    assert wrong == {}
    kinds = [kind for _, kind, _ in documents]
    assert {"token", "batch", "enrolment", "evidence", "have"} <= set(kinds)
    assert kinds.count("evidence") == 3, "the one of the day, and two pages of a proxy, each with a consent"
    assert len(told["consents"]) == 2
    for way in ("network", "stick"):
        batches = [json.loads(plain) for _, kind, plain in documents if kind == "batch" and json.loads(plain)["way"] == way]
        records = [one for batch in batches for one in batch["records"]]
        assert {one["channel"] for one in records} >= {
            "self-face",
            "helped-face",
            "face-to-face",
            "family-proxy",
            "enrolment",
            "declaration",
        }
        assert {one["outcome"] for one in records} == {"passed", "failed"}
        assert any(one["checks"] for one in records)
        assert any('"strokes"' in one["notes"] for one in records)
        assert any('"principal-proof.jpg"' in one["notes"] for one in records)
        assert any(one["helper_id_number"] for one in records)
        lines = {line["kind"] for batch in batches for line in batch["journal_tail"]}
        assert lines >= {"visit-saved", "template-enrolled", "declared", "unexpected-error", "visit-refused"}
    assert told["carried"] == len(records), "the stick held the whole day"


def test_what_the_day_knew_would_have_been_found(day):
    """The same search, with this day's own photo, vectors and person put into this day's own batch."""
    folder, told, _, _ = day
    known = sent.known(told)
    assert len(told["faces"]) >= 3, "two passes and an enrolment made vectors"
    batch = next(
        json.loads(plain)
        for _, kind, plain in sent.everything(folder / "files", told)
        if kind == "batch" and json.loads(plain)["records"]
    )
    plants = [
        f"photo {known.photos[0][200:224].hex()}",
        *(f"face {one[:24].hex()}" for one in known.vectors),
        known.numbers[1],
        f"a note about {known.names[0]}",
    ]
    for planted in plants:
        batch["records"][0]["notes"] = json.dumps({"note": planted}, ensure_ascii=False)
        found = inspector.look("batch", json.dumps(batch).encode(), known)
        assert [one.split()[1] for one in found] == ["batch.records.notes.note"], planted[:5]


def test_no_name_in_any_file(day):
    folder, _, _, _ = day
    looked, in_bureau = 0, 0
    for path in folder.rglob("*"):
        if not path.is_file():
            continue
        if "bureau" in path.relative_to(folder).parts:
            in_bureau += demo_day.holds(path.read_bytes())  # the bureau has them by right: so the search does find names
            continue
        looked += 1
        assert not demo_day.holds(str(path).encode() + path.read_bytes()), path
    assert looked > 5
    assert in_bureau > 0


def test_no_name_in_the_log_though_an_exception_quoted_one(day):
    folder, _, printed, _ = day
    lines = [
        json.loads(line)
        for path in (folder / "files" / "store" / "log").iterdir()
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    crash = [line for line in lines if line["msg"] == "unexpected error"]
    assert len(crash) == 1
    assert crash[0]["code"].startswith("builtins.ValueError at demo_day.py:")
    assert not demo_day.holds(json.dumps(lines, ensure_ascii=False).encode())
    assert not demo_day.holds(printed.encode())


def test_no_name_in_arguments_or_temporary_files(day):
    _, told, _, _ = day
    assert told["watch_failed"] == []
    assert told["found"] == []
    assert any("bureau" in program for program in told["programs"]), "the watch saw no process"
    assert any("emulate-reader" in program for program in told["programs"])
