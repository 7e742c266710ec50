"""Deaths of every kind, a part of what `kiosk bench crash` does. KIOSK_CRASH_POINTS raises the number of boundaries."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from kiosk import failpoints
from kiosk.config import ROOT

pytestmark = pytest.mark.skipif(os.name != "posix", reason="fork and SIGKILL")


def test_no_death_loses_or_doubles_a_record():
    points = int(os.environ.get("KIOSK_CRASH_POINTS", "30"))
    power = 18 if shutil.which("strace") else 0
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "kiosk",
            "bench",
            "crash",
            "--json",
            "--option",
            f"points={points}",
            "--option",
            "blind=6",
            "--option",
            "full=8",
            "--option",
            "damage=5",
            "--option",
            f"power={power}",
            "--option",
            f"failing={power // 6}",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)["crash"]
    assert found["wrong"] == {}
    assert (found["lost"], found["doubled"]) == (0, 0)
    assert found["boundary_kills"] >= points
    assert found["crash_points"] >= points + 19 + power
    assert found["records_acknowledged"] > points  # the lives did something before they ended
    assert found["disk_full_refused"] >= 1
    assert found["damages_recovered"] >= 1


def test_failpoints_do_not_exist_in_production():
    code = (
        "import sys, kiosk.failpoints as f\n"
        "f.hit('save.committed')\n"
        "try:\n    f.arm('x', 'kill')\nexcept RuntimeError:\n    print('refused', len(f.seen()))\n"
        "import dis, io, kiosk.store.records as r\n"
        "out = io.StringIO(); dis.dis(r.save_visit, file=out); print('failpoints' in out.getvalue())"
    )

    def ask(*flags):
        return subprocess.run(
            [sys.executable, *flags, "-c", code],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "KIOSK_FAILPOINTS": "save.committed=error", "PYTHONDONTWRITEBYTECODE": "1"},
        ).stdout

    assert ask("-O") == "refused 0\nFalse\n"
    with pytest.raises(subprocess.CalledProcessError):
        ask()  # armed, and hit


def test_an_armed_failpoint_acts_once_named():
    failpoints.arm("here", "oserror")
    failpoints.hit("elsewhere")
    with pytest.raises(OSError, match="no space"):
        failpoints.hit("here")
    assert {"here", "elsewhere"} <= failpoints.seen()
    failpoints.disarm()
    failpoints.hit("here")
