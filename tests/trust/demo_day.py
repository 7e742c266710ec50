"""A day at one kiosk, as a program: several people one after the other, on one store, with one bureau and one reader.

Run by test_demo_day in a network namespace of its own (or under strace). Between kiosk and bureau is a line that keeps every
request as it travelled; at the end everything is put on a courier's stick as well. Prints one JSON object: how each visit ended,
what the namespace's counters say, what was seen in temporary files and process arguments meanwhile, what was sent, and the face
vectors of the day (which must be in none of it).
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import socket
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import psutil
from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QApplication

from kiosk import config, log
from kiosk.bench.badline import BadLine
from kiosk.demo import desk_person, people
from kiosk.demo.fixture import DemoFixture
from kiosk.demo.runner import Runner
from kiosk.demo.scenarios import SCENARIOS, Scenario
from kiosk.domain.record import Outcome
from kiosk.emulators.card_holder import CardHolder
from kiosk.emulators.puppet import PuppetSource
from kiosk.store import review_evidence

QUICK = {"reading_s": 0.1, "waits_s": 4.0}
DAY = (
    replace(SCENARIOS["photo"], habits={**QUICK, "keeps_trying": False}),
    replace(SCENARIOS["not-yet"], trouble="reader", habits=QUICK),  # its cable is pulled, and put back
    replace(SCENARIOS["unknown-person"], habits=QUICK),
    replace(SCENARIOS["other"], habits={**QUICK, "mode": "other"}),
    Scenario(
        "second-pass",
        "another person, another face, and the card held up to the camera",
        Outcome.PASSED,
        "ok",
        card="zhuang",
        trouble="camera",
        habits={**QUICK, "scan": True},
    ),
    replace(SCENARIOS["attendant-takeover"], card="hongkong"),
    SCENARIOS["enrol"],
    replace(SCENARIOS["proxy"], card="huang"),
)
KEYS = ("li", "chen", "wang", "zhuang", "hongkong", "huang")
FPS = 12.0  # pictures a second: three of a blink, and no more to draw and to look at than that
CRASH_BEFORE = "unknown-person"
REVIEW_CONSENT = "human-review-of-the-day"
REVIEW_PICTURE = bytes.fromhex("ffd8ffe000104a46494600010100000100010000") + bytes(range(256)) + bytes.fromhex("ffd9")  # nobody's


def markers() -> list[str]:
    """What must be found nowhere: names, numbers and addresses of everybody who came."""
    return [people.card(key)[field] for key in KEYS for field in ("name", "id_number", "address") if people.card(key).get(field)]


def forms(marker: str) -> set[bytes]:
    """A text as programs write it."""
    return {marker.encode(), marker.encode("utf-16-le"), marker.encode("gb18030"), json.dumps(marker)[1:-1].encode()}


@cache
def _any_form() -> re.Pattern[bytes]:
    return re.compile(b"|".join(re.escape(form) for marker in markers() for form in sorted(forms(marker))))


def holds(data: bytes) -> bool:
    """Whether any marker stands in the bytes."""
    return _any_form().search(data) is not None


class Bug(QObject):
    """A mistake of ours whose exception quotes what it choked on."""

    @Slot()
    def happen(self) -> None:
        card = people.card("li")
        raise ValueError(f"cannot handle {card['name']} {card['id_number']}")


class Tap(BadLine):
    """The line between kiosk and bureau: keeps every request as it travelled, byte for byte."""

    def __init__(self, target: str, folder: Path) -> None:
        super().__init__(target)
        self._folder, self.requests = folder, []
        folder.mkdir(parents=True)

    def _forward(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        number = len(self.requests)
        self.requests.append({"method": method, "path": path, "headers": headers, "file": f"{number:05d}.body"})
        (self._folder / f"{number:05d}.body").write_bytes(body)
        return super()._forward(method, path, headers, body)


class TappedFixture(DemoFixture):
    """A fixture where the kiosk meets the bureau through the tap, from its first request on."""

    tap: Tap | None = None

    def bureau_url(self) -> str:
        if self.tap is None:
            self.tap = Tap(self.bureau.url, self.folder / "sent")
            self.tap.__enter__()
        return self.tap.url

    def clear(self) -> None:
        super().clear()
        if self.tap is not None:
            self.tap.__exit__()


class Faces(QObject):
    """Every face vector that a take of the day made: an enrolled template is one of them."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    @Slot(object)
    def note(self, outcome: Any) -> None:
        if outcome.probe is not None:
            self.seen.append(outcome.probe.astype("<f4").tobytes().hex())


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


def send_for_review(settings: config.Settings, picture: bytes) -> tuple[str, list[str]]:
    """Send the bureau a picture for human review, with the consent that it needs, as the sync does it.

    Returns the record's id, and all consents to human review that the day's store holds: this one, kept here as a page would keep
    it, and the one that was given at the desk for the pages of a proxy.
    """
    from kiosk.store import outbox
    from kiosk.store.opening import open_store
    from kiosk.sync.client import Client
    from kiosk.sync.delivery import Delivery
    from kiosk.sync.keys import load_identity

    with open_store(settings) as store:
        row = store.db.execute("SELECT record_id, person_id FROM outbox WHERE state = 'received' ORDER BY created_at").fetchone()
        with store.transaction() as db:
            db.execute(
                "INSERT INTO consents (consent_id, person_id, kind, text_version, given_at, witness)"
                " VALUES (?, ?, 'human-review', '1', ?, 'self')",
                (REVIEW_CONSENT, row[1], outbox.iso(datetime.now(UTC))),
            )
            review_evidence.enqueue(db, row[0], REVIEW_CONSENT, "image/jpeg", picture)
        client = Client(settings.sync, load_identity(settings.sync))
        try:
            sender = Delivery(settings.sync, client, lambda work: work(store))
            if not sender.send_evidence():
                raise RuntimeError("a piece of evidence was to be sent")
            while sender.send_evidence():
                pass  # what the kiosk had not sent by itself yet
        finally:
            client.close()
        given = store.db.execute("SELECT consent_id FROM consents WHERE kind = 'human-review' ORDER BY 1").fetchall()
    return str(row[0]), [one for (one,) in given]


def carry_everything(settings: config.Settings, folder: Path) -> int:
    """Put the whole day on a courier's stick, as if no receipt had come: from a copy of the store, by the real export."""
    from kiosk.store import outbox
    from kiosk.store.opening import open_store
    from kiosk.sync import courier
    from kiosk.sync.delivery import journal_lines
    from kiosk.sync.keys import load_identity

    copy, medium = folder / "copy", folder / "courier"
    shutil.copytree(settings.store.directory, copy)
    medium.mkdir()
    there = settings.model_copy(update={"store": settings.store.model_copy(update={"directory": str(copy)})})
    with open_store(there) as store:
        store.db.execute("UPDATE outbox SET state = 'waiting'")
        outbox.put(store.db, "journal_sent", "0")
        done = courier.export(lambda work: work(store), load_identity(settings.sync), medium, journal_tail=journal_lines)
    shutil.rmtree(copy)
    return done.records


def templates() -> list[str]:
    """The face vectors of the day's roster."""
    entries = people.roster(datetime.now(UTC).date(), only=KEYS)
    return sorted({entry.template.vector.hex() for entry in entries if entry.template is not None})


def play(fixture: DemoFixture, scenario: Scenario, bug: Bug, faces: Faces) -> dict[str, Any]:
    """One visit in a kiosk of its own on the day's store."""
    fixture.scenario = scenario
    fixture.puppet = PuppetSource(fixture.portrait_of(scenario), mode=scenario.mode, fps=FPS)
    fixture.camera = CardHolder(fixture.puppet)
    runner = Runner(scenario, fixture, None, time.monotonic(), size=(540, 960))
    runner.kiosk.window.motion = False  # nobody watches
    runner.kiosk.vision.finished.connect(faces.note)
    if scenario.name == CRASH_BEFORE:
        QTimer.singleShot(0, bug.happen)  # before the person looks up: a visit that it ended would not be as the scenario says
    ended = runner.run(limit_s=75.0)
    fixture.plug("reader")  # who holds the card up to the camera has pulled its cable
    fixture.lift_card()
    return {**ended.result, "problems": list(ended.problems)}


def main(folder: Path) -> int:
    """Live through the day."""
    log.setup(folder / "store" / "log")
    qt = QApplication(["demo-day"])
    overrides: dict[str, Any] = {
        "ui": {"fullscreen": False},
        "liveness": {"actions": 1, "action_timeout_s": 9.0},
        "voice": {"enabled": True},
    }
    fixture = TappedFixture(replace(SCENARIOS["pass"], also=KEYS), folder, 0, overrides)
    watch, bug, faces, told = Watch(folder.parent / "tmp"), Bug(), Faces(), []
    setattr(desk_person, "_READ_MS", 120)  # noqa: B010  nobody reads along
    watch.start()
    try:
        fixture.prepare(lambda _: None)
        for scenario in DAY:
            began = time.monotonic()
            told.append({**play(fixture, scenario, bug, faces), "scenario": scenario.name, "seconds": time.monotonic() - began})
            qt.processEvents()
        heard = listeners()
        reviewed, consents = send_for_review(fixture.settings, REVIEW_PICTURE)
        carried = carry_everything(fixture.settings, folder)
    finally:
        fixture.clear()
        watch.end.set()
        watch.join()
    quiet = counters()
    call_elsewhere()
    print(
        json.dumps(
            {
                "visits": told,
                "counters": quiet,
                "counters_after_a_call": counters(),
                "listeners": heard,
                "bureau_port": int(fixture.bureau.url.rsplit(":", 1)[1]),
                "line_port": int(fixture.bureau_url().rsplit(":", 1)[1]),
                "requests": fixture.tap.requests if fixture.tap else [],
                "faces": faces.seen,
                "templates": templates(),
                "reviewed": reviewed,
                "consents": consents,
                "carried": carried,
                "temporary_files": sorted(watch.files),
                "programs": sorted(watch.programs),
                "found": sorted(watch.found),
                "watch_failed": watch.failed,
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
