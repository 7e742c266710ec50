"""The bureau as a child: the same address after a kill, and no orphan when its parent is killed."""

from __future__ import annotations

import subprocess
import sys
import time

import httpx

from kiosk.bureau.process import BureauProcess
from kiosk.config import ROOT


def answers(url):
    try:
        return httpx.get(f"{url}/v1/health", trust_env=False, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def test_killed_and_started_again_at_the_same_address(tmp_path):
    bureau = BureauProcess(data=tmp_path)
    url = bureau.start()
    code = bureau.enrolment_code("SZ-TEST-0001")
    bureau.kill()
    assert not bureau.running
    assert not answers(url)
    assert bureau.start() == url
    assert bureau.enrolment_code("SZ-TEST-0001") != code
    bureau.pause()
    assert not answers(url)
    bureau.resume()
    assert answers(url)
    bureau.stop()
    bureau.stop()
    assert not answers(url)


def test_it_ends_with_whoever_started_it(tmp_path):
    program = (
        f"from kiosk.bureau.process import BureauProcess; import time\n"
        f"print(BureauProcess(data={str(tmp_path)!r}).start(), flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        url = parent.stdout.readline().strip()
        assert answers(url)
        parent.kill()
        parent.wait()
    deadline = time.monotonic() + 30
    while answers(url) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not answers(url)
