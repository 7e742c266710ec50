"""A second machine beside the first: a copy of it from one stage on, in a network name space of its own.

Two processors are there, and a machine takes one. What follows the common stages needs no order. The second machine has its own
bureau at the same address, and notices nothing. It is a process of its own (`python -m tests.vm ... --second`), which first makes
the owner's versions and then waits until the first machine was kept.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

from kiosk.config import ROOT
from tests.vm import states
from tests.vm.machine import DISK, VmError
from tests.vm.trial import Trial

COMMON_UNTIL = "answered"  # from here on there are two
STAGES = ("self", "by-network", "broken")  # the second's: half of what is left to do
_THERE = "handed-over"
_LONGEST_S = 3600.0  # until the first machine is as far


def folder(work: Path) -> Path:
    """Return where the second machine lives."""
    return work / "second"


def hand_over(trial: Trial) -> None:
    """Keep the first machine, and give a copy to the second."""
    trial.keep(COMMON_UNTIL)
    into = folder(trial.work)
    with trial.machine.frozen():
        (into / "machine").mkdir(parents=True, exist_ok=True)
        disk = Path("machine") / DISK
        subprocess.run(["cp", "--reflink=auto", "--sparse=always", str(trial.work / disk), str(into / disk)], check=True)
    states.copy(trial.work, COMMON_UNTIL, into)
    (into / _THERE).touch()


def taken_over(trial: Trial) -> None:
    """Wait for the copy, and go on with it. Raises VmError."""
    began, parent = time.monotonic(), os.getppid()
    while not (trial.work / _THERE).exists():
        if time.monotonic() - began > _LONGEST_S or os.getppid() != parent:
            raise VmError("the first machine did not come so far")
        time.sleep(1.0)
    trial.wake(COMMON_UNTIL)


class Second:
    """The process with the second machine."""

    def __init__(self, deb: Path, work: Path, out: Path) -> None:
        """Begin with what can be made before there is a machine."""
        shutil.rmtree(folder(work), ignore_errors=True)
        again = (sys.executable, "-P", "-m", "tests.vm", str(deb), "--work", str(work), "--out", str(out), "--second")
        # QEMU's user network leads to this host's own addresses: in a name space of its own a second bureau has the first one's.
        own = ("unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(
            [*own, *again], cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._teller = threading.Thread(target=self._tell, name="second", daemon=True)
        self._teller.start()

    def _tell(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            print(f"second machine | {line}", end="", flush=True)

    def result(self) -> int:
        """Wait for its end; return its exit status."""
        status = self._process.wait()
        self._teller.join()
        return status

    def close(self) -> None:
        """End it, and what it started."""
        if self._process.poll() is None:
            self._process.terminate()
            self.result()
