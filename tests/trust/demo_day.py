"""A day at one kiosk, as a program: several people one after the other, on one store, with one bureau and one reader.

Run by test_demo_day in a network namespace of its own (or under strace). Prints one JSON object: how each visit ended, what the
namespace's counters say, and what was seen in temporary files and process arguments meanwhile.
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QApplication

from kiosk import log
from kiosk.demo import people
from kiosk.demo.runner import Runner
from kiosk.demo.scenarios import SCENARIOS, Scenario
from kiosk.demo.stage import Stage
from kiosk.domain.record import Outcome
from kiosk.emulators.card_holder import CardHolder
from kiosk.emulators.puppet import PuppetSource

QUICK = {"reading_s": 0.1, "waits_s": 4.0}
DAY = (
    replace(SCENARIOS["photo"], habits={**QUICK, "keeps_trying": False}),
    replace(SCENARIOS["not-yet"], habits=QUICK),
    replace(SCENARIOS["unknown-person"], habits=QUICK),
    replace(SCENARIOS["other"], habits={**QUICK, "mode": "other"}),
    Scenario("second-pass", "another person, another face", Outcome.PASSED, "ok", card="zhuang", portrait="astronaut.png",
             habits=QUICK),
)
KEYS = ("li", "chen", "wang", "zhuang")
CRASH_BEFORE = "unknown-person"


def markers() -> list[str]:
    """What must be found nowhere: names, numbers and addresses of everybody who came."""
    return [people.card(key)[field] for key in KEYS for field in ("name", "id_number", "address") if people.card(key).get(field)]


def forms(marker: str) -> set[bytes]:
    """A text as programs write it."""
    return {marker.encode(), marker.encode("utf-16-le"), marker.encode("gb18030"), json.dumps(marker)[1:-1].encode()}


def holds(data: bytes) -> bool:
    """Whether any marker stands in the bytes."""
    return any(form in data for marker in markers() for form in forms(marker))


class Bug(QObject):
    """A mistake of ours whose exception quotes what it choked on."""

    @Slot()
    def happen(self) -> None:
        card = people.card("li")
        raise ValueError(f"cannot handle {card['name']} {card['id_number']}")


class Watch(threading.Thread):
    """Looks at temporary files and at the arguments of this process and its children, many times a second."""

    def __init__(self, temporary: Path) -> None:
        super().__init__(daemon=True)
        self._temporary, self.end = temporary, threading.Event()
        self.files: set[str] = set()
        self.programs: set[str] = set()
        self.found: set[str] = set()
        self.failed: list[str] = []

    def run(self) -> None:
        """Look until told to stop."""
        while not self.end.wait(0.1):
            try:
                self.look()
            except Exception as error:  # told in the result: a watch that died saw nothing
                self.failed.append(repr(error))
                return

    def look(self) -> None:
        """One look."""
        for path in list(self._temporary.rglob("*")):
            with contextlib.suppress(OSError):
                if path.is_file():
                    self.files.add(path.name)
                    if holds(str(path).encode() + path.read_bytes()):
                        self.found.add(f"temporary file {path.name}")
        me = psutil.Process()
        for process in (me, *me.children(recursive=True)):
            with contextlib.suppress(OSError, psutil.Error):
                arguments = Path(f"/proc/{process.pid}/cmdline").read_bytes() + Path(f"/proc/{process.pid}/environ").read_bytes()
                self.programs.add(" ".join(process.cmdline()[:4]))
                if holds(arguments):
                    self.found.add("process arguments")


def counters() -> dict[str, int]:
    """What left or tried to leave, by the kernel's count for this network namespace."""
    rows: dict[str, int] = {}
    lines = Path("/proc/self/net/snmp").read_text(encoding="ascii").splitlines()
    for names, values in zip(lines[::2], lines[1::2], strict=True):
        kind = names.split(":")[0]
        rows |= {f"{kind}.{name}": int(value) for name, value in zip(names.split()[1:], values.split()[1:], strict=True)}
    six = dict(line.split() for line in Path("/proc/self/net/snmp6").read_text(encoding="ascii").splitlines())
    wanted = ("Ip.OutNoRoutes", "Udp.OutDatagrams", "Icmp.OutMsgs", "Tcp.ActiveOpens", "Tcp.PassiveOpens")
    return {**{name: rows[name] for name in wanted}, **{name: int(six[name]) for name in ("Ip6OutNoRoutes", "Udp6OutDatagrams")}}


def listeners() -> list[int]:
    """Ports that somebody listens at in this network namespace."""
    found = set()
    for name in ("tcp", "tcp6"):
        for line in Path(f"/proc/self/net/{name}").read_text(encoding="ascii").splitlines()[1:]:
            parts = line.split()
            if parts[3] == "0A":
                found.add(int(parts[1].rsplit(":", 1)[1], 16))
    return sorted(found)


def call_elsewhere() -> None:
    """What a package that calls home does: the counters must show it, or they prove nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
        probe.connect(("192.0.2.1", 53))


def play(stage: Stage, scenario: Scenario, bug: Bug) -> dict[str, Any]:
    """One visit in a kiosk of its own on the day's store."""
    stage.scenario = scenario
    stage.puppet = PuppetSource(scenario.portrait, mode=scenario.mode, fps=20.0)
    stage.camera = CardHolder(stage.puppet)
    runner = Runner(scenario, stage, None, time.monotonic(), size=(540, 960))
    if scenario.name == CRASH_BEFORE:
        QTimer.singleShot(0, bug.happen)   # before the person looks up: a visit that it ended would not be as the scenario says
    ended = runner.run(limit_s=75.0)
    return {**ended.result, "problems": list(ended.problems)}


def main(folder: Path) -> int:
    """Live through the day."""
    log.setup(folder / "store" / "log")
    qt = QApplication(["demo-day"])
    overrides: dict[str, Any] = {
        "ui": {"fullscreen": False}, "liveness": {"actions": 1, "action_timeout_s": 9.0},
        "voice": {"enabled": True}}
    stage = Stage(replace(SCENARIOS["pass"], also=KEYS), folder, 0, overrides)
    watch, bug, told = Watch(folder.parent / "tmp"), Bug(), []
    watch.start()
    try:
        stage.prepare(lambda _: None)
        for scenario in DAY:
            told.append(play(stage, scenario, bug))
            qt.processEvents()
        heard = listeners()
    finally:
        stage.clear()
        watch.end.set()
        watch.join()
    quiet = counters()
    call_elsewhere()
    print(json.dumps({
        "visits": told, "counters": quiet, "counters_after_a_call": counters(), "listeners": heard,
        "bureau_port": int(stage.bureau.url.rsplit(":", 1)[1]), "temporary_files": sorted(watch.files),
        "programs": sorted(watch.programs), "found": sorted(watch.found), "watch_failed": watch.failed}))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
