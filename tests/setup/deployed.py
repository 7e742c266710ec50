"""What is deployed, read from its files; and a service manager that plays systemd for the program that the unit starts."""

from __future__ import annotations

import os
import re
import signal
import socket
import struct
import subprocess
import time
from collections import defaultdict
from pathlib import Path
from types import TracebackType

from kiosk.config import ROOT

DEPLOY = ROOT / "assets" / "deploy"
HOME = "/opt/pension-kiosk"  # where docs/deploying.md puts the project


def unit(name: str) -> dict[str, dict[str, list[str]]]:
    """Return section -> key -> values of a unit file, as systemd reads it: a key may come again."""
    sections: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    section = ""
    for line in (DEPLOY / name).read_text(encoding="utf-8").replace("\\\n", "").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith(("#", ";")):
            key, _, value = line.partition("=")
            sections[section][key].append(value.strip())
    return sections


def environment(name: str) -> dict[str, str]:
    """Return what the unit's Environment= lines set."""
    words = " ".join(unit(name)["Service"]["Environment"]).split()
    return dict(word.split("=", 1) for word in words)


def start_command(name: str) -> str:
    """Return the program of ExecStart=, found in this tree."""
    (line,) = unit(name)["Service"]["ExecStart"]
    return re.sub(f"^{HOME}", str(ROOT), line)


class Manager:
    """Starts the unit's program, hears what it notifies and from which process, and ends it."""

    def __init__(self, folder: Path, config: Path, watchdog_s: float) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._socket.bind(str(folder / "notify"))
        (folder / "home").mkdir()
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("XDG_", "KIOSK_", "PYTHON"))}
        self._environment = {
            **kept,
            "NOTIFY_SOCKET": str(folder / "notify"),
            "WATCHDOG_USEC": str(int(watchdog_s * 1_000_000)),
            "KIOSK_CONFIG": str(config),
            "QT_QPA_PLATFORM": "offscreen",
            "HOME": str(folder / "home"),
            "KIOSK_NO_APT": "1",
        }
        self._complaints = folder / "stderr"
        self.main: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Manager:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.clear()
        self._socket.close()

    def start(self) -> int:
        """Start the program as the unit does; return the main process's id."""
        with self._complaints.open("ab") as complaints:
            self.main = subprocess.Popen(
                [start_command("pension-kiosk.service")],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=complaints,
                stderr=complaints,
                start_new_session=True,
            )
        return self.main.pid

    def hear(self, message: str, timeout_s: float) -> int:
        """Wait until `message` is notified; return the sender's process id."""
        assert self.main is not None
        ends, heard = time.monotonic() + timeout_s, []
        while (left := ends - time.monotonic()) > 0 and self.main.poll() is None:
            self._socket.settimeout(min(left, 0.5))
            try:
                data, extra, _, _ = self._socket.recvmsg(4096, socket.CMSG_SPACE(struct.calcsize("3i")))
            except TimeoutError:
                continue
            heard.append(data.decode())
            if message in heard[-1].splitlines():
                return int(struct.unpack("3i", extra[0][2][: struct.calcsize("3i")])[0])
        raise AssertionError(
            f"{message} was not heard (but {heard}, status {self.main.poll()}): "
            + self._complaints.read_text(encoding="utf-8", errors="replace")[-2000:]
        )

    def end(self, number: int) -> int:
        """Send a signal to the main process, wait for its end, clear the rest away as systemd does; return its status."""
        assert self.main is not None
        self.main.send_signal(number)
        status = self.main.wait(timeout=30)
        self.clear()
        self._socket.setblocking(False)
        try:
            while True:  # what the dead one still said
                self._socket.recv(4096)
        except BlockingIOError:
            return status

    def clear(self) -> None:
        """End what is left of the unit's processes."""
        if self.main is not None:
            try:
                os.killpg(self.main.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.main.wait(timeout=30)
