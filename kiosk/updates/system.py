"""The station under systemd, as the updater sees it: the kiosk's unit, what it says of itself, and a version that tests itself."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from kiosk.errors import KioskError
from kiosk.updates.plan import DEVICES_S, READY_S, Health, Moment, as_well_as

UNIT = "pension-kiosk.service"
SELF_TEST_S = 300.0  # on a machine that is READY in time; a slower one gets more in proportion
Run = Callable[[list[str], float], "subprocess.CompletedProcess[str]"]


class StationError(KioskError):
    """The service manager did not do what it was asked for."""

    reason = "update-refused"


def run(command: list[str], timeout_s: float) -> subprocess.CompletedProcess[str]:
    """Run a command of the system."""
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)  # noqa: S603


class SystemdStation:
    """`Station` by systemctl. Needs root, as everything that changes the program."""

    def __init__(
        self,
        home: Path,
        timezone: str,
        *,
        ready_s: float = READY_S,
        call: Run = run,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        """ready_s: how long a start may take here ([update] ready_s)."""
        self._home, self._zone = home, ZoneInfo(timezone)
        self._ready_s, self._slower = ready_s, max(1.0, ready_s / READY_S)
        self._call, self._wait = call, wait

    def _show(self) -> dict[str, str]:
        told = self._call(["systemctl", "show", "-p", "ActiveState", "-p", "StatusText", UNIT], 30.0).stdout
        return dict(line.split("=", 1) for line in told.splitlines() if "=" in line)

    def _words(self) -> dict[str, str]:
        return dict(word.split("=", 1) for word in self._show().get("StatusText", "").split() if "=" in word)

    def moment(self) -> Moment:
        """Return what the station is doing. A kiosk that runs and does not say counts as somebody being there."""
        hour = datetime.now(self._zone).hour
        if self._show().get("ActiveState") not in ("active", "activating", "reloading"):
            return Moment(hour, visit=False, desk=False)
        at = self._words().get("at", "")
        return Moment(hour, visit=at not in ("idle", "desk"), desk=at == "desk")

    def health(self) -> Health:
        """Return what the running kiosk says. The camera answers once a picture has come, which it does where it sleeps too."""
        words = self._words()
        return Health(
            self._show().get("ActiveState") == "active" and bool(words), words.get("camera") == "yes", words.get("reader") == "yes"
        )

    def stop(self) -> None:
        """Stop the kiosk; a request to the bureau under way ends first."""
        if self._call(["systemctl", "stop", UNIT], 60.0).returncode != 0:
            raise StationError(f"{UNIT} does not stop")

    def start(self) -> bool:
        """Start the kiosk. The unit is of type notify: the call comes back when it is READY, or has failed."""
        try:
            return self._call(["systemctl", "start", UNIT], self._ready_s + 5.0).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def devices_back(self, before: Health) -> bool:
        """Wait until the devices answer as before, looking every two seconds."""
        for _ in range(int(DEVICES_S * self._slower / 2)):
            if as_well_as(before, self.health()):
                return True
            self._wait(2.0)
        return as_well_as(before, self.health())

    def self_test(self, version: str) -> tuple[bool, bool, str]:
        """Let a version test itself as the kiosk's user, with the kiosk's keys, in a process of its own (`kiosk self-test`)."""
        tool = self._home / "versions" / version / "assets" / "deploy" / "as-kiosk"
        try:
            done = self._call([str(tool), "self-test"], SELF_TEST_S * self._slower)
            told = json.loads(done.stdout.strip().splitlines()[-1])
            return bool(told["good"]), bool(told["changes"]), str(told["told"])
        except subprocess.TimeoutExpired:
            return False, True, "took too long"
        except (ValueError, KeyError, IndexError, TypeError, OSError) as error:
            return False, True, f"said nothing that can be read ({type(error).__name__})"
