"""Runs one scenario from the first page to the last: fixture, kiosk, person, recorder. Called by `kiosk demo` and by tests."""

from __future__ import annotations

import functools
import logging
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEventLoop, QObject, QTimer, Slot

from kiosk.app.composition import KioskApp
from kiosk.app.visit_controller import VisitMoved
from kiosk.demo import desk_scripts, people
from kiosk.demo.desk_person import DeskPerson
from kiosk.demo.fixture import DemoFixture
from kiosk.demo.listener import Listener, wishes_for, with_headphones, words_of
from kiosk.demo.recorder import Recorder
from kiosk.demo.scenarios import Scenario
from kiosk.domain.record import RecordStatus
from kiosk.domain.take_view import TakeView
from kiosk.emulators.person import DemoPerson, Habits
from kiosk.visit import events as e
from kiosk.visit import states as s

log = logging.getLogger(__name__)

LIMIT_S = 600.0  # a demonstration that takes longer has failed; on a busy machine the person waits for the pictures
SETTLE_S = 30.0  # for a record to arrive once there is a network


@dataclass(frozen=True, slots=True)
class Ended:
    """How a demonstration ended. `problems`: what was not as the scenario should be; empty when all was."""

    result: dict[str, Any]
    problems: tuple[str, ...]


class Runner(QObject):
    """One scenario in one kiosk. `run` blocks in its own event loop until the person has left."""

    def __init__(
        self,
        scenario: Scenario,
        fixture: DemoFixture,
        out: Path | None,
        started_s: float,
        pace: float = 1.0,
        size: tuple[int, int] | None = None,
    ) -> None:
        """pace: how slowly the person goes about it. size: of the window in pixels, None to fill the screen."""
        super().__init__()
        self.scenario, self.fixture, self._out, self._size = scenario, fixture, out, size
        self.kiosk = KioskApp(with_headphones(fixture.settings) if scenario.by_ear else fixture.settings)
        window = self.kiosk.window
        window.motion = pace > 1.0 or not fixture.settings.ui.fullscreen
        desk = self.kiosk.desk
        self.recorder = Recorder(
            window,
            lambda: f"desk-{desk.view.page_name}" if desk.view.page_name else window.page_name,
            scenario.name,
            started_s,
            out,
        )
        pulls = scenario.trouble if scenario.trouble in ("reader", "camera") else ""
        card = people.card(scenario.card)
        habits: dict[str, Any] = {
            "reading_s": 0.6 * pace,
            "stays_s": 6.0 if pace > 1.0 else 0.0,
            "pulls": pulls,
            "number": card["id_number"],
            "name": card["name"],
            **scenario.habits,
        }
        self.person: DemoPerson | DeskPerson | Listener
        if scenario.desk:
            desk_scripts.prepare(scenario.desk, fixture)
            self.person = DeskPerson(self.kiosk, fixture, desk_scripts.SCRIPTS[scenario.desk], self.recorder)
        elif scenario.by_ear:
            strings = window.strings
            self.person = Listener(window, fixture, wishes_for(strings), words_of(strings))
            self.kiosk.visits.say.connect(self.person.on_said)
            self.recorder.heard = self.person.heard
        else:
            self.person = DemoPerson(window, fixture, Habits(**habits))
            self.person.lost.connect(self._on_lost)
        self._loop = QEventLoop()
        self._left = False
        self._starting: threading.Thread | None = None
        self.kiosk.visits.moved.connect(self.recorder.on_moved)
        self.kiosk.visits.moved.connect(self._on_moved)
        desk.moved.connect(self.recorder.on_desk_moved)
        self.kiosk.vision.view.connect(self.recorder.on_take_view)
        self.kiosk.vision.view.connect(self._on_take_view)
        self.person.left.connect(self._on_left)

    def run(self, limit_s: float = LIMIT_S) -> Ended:
        """Play the scenario; return how it ended."""
        self.kiosk.start()
        if self._size is not None:
            self.kiosk.window.resize(*self._size)
        self.recorder.first_page()
        self.person.start()
        QTimer.singleShot(int(limit_s * 1000), self._loop, self._loop.quit)
        self._loop.exec()
        self.person.stop()
        problems = [] if self._left else [f"not home after {limit_s:.0f} s: page {self.kiosk.window.page_name}"]
        state = self._settle()
        if self._out is not None:
            result = self.recorder.write(self._out / "visit.json", state)
        else:
            result = self.recorder.result(state)
        self.kiosk.stop()
        return Ended(result, tuple(problems + self.fixture.problems + self._differences(result)))

    def _settle(self) -> str:
        """Give the outbox a moment when the record has not arrived yet; return the bureau's word."""
        record_id = self.recorder.record_ids[0] if self.recorder.record_ids else None
        while self._starting is not None and self._starting.is_alive():  # the network comes back slowly on a busy machine
            self._pause(200)
        deadline = time.monotonic() + SETTLE_S
        state = self.fixture.bureau_state(record_id)
        while state == "waiting" and time.monotonic() < deadline:
            self._pause(200)
            state = self.fixture.bureau_state(record_id)
        return state

    def _pause(self, milliseconds: int) -> None:
        loop = QEventLoop()
        QTimer.singleShot(milliseconds, loop, loop.quit)
        loop.exec()

    @Slot()
    def _on_left(self) -> None:
        self._left = True
        self._loop.quit()

    @Slot(str)
    def _on_lost(self, page: str) -> None:
        """A page that the person does not know: no use in waiting out the limit."""
        self.fixture.problems.append(f"the demo's person does not know the page {page!r}: it needs a handler, or a place in WAITS")
        self._loop.quit()

    @Slot(object)
    def _on_moved(self, moved: VisitMoved) -> None:
        if isinstance(moved.after, s.ReviewSent) and isinstance(moved.event, e.RecordStatusMoved):
            self._answer_review(moved.after)
        if not isinstance(moved.after, s.Finished):
            return
        if self.scenario.trouble == "offline" and self._starting is None:
            # The network comes back once the person has read that the result is saved here.
            self._starting = threading.Thread(target=self._bring_network, name="bureau-start", daemon=True)
            QTimer.singleShot(1500, self, self._starting.start)
        if moved.after.stage in (RecordStatus.RECEIVED, RecordStatus.CONFIRMED):
            QTimer.singleShot(500, self.recorder, self.recorder.reshoot)

    def _answer_review(self, sent: s.ReviewSent) -> None:
        """A clerk at the centre looks, and confirms; the kiosk hears of it like of any decision."""
        if sent.stage is RecordStatus.RECEIVED:
            self.recorder.reshoot()
            work = functools.partial(self.fixture.bureau.decide, sent.record_ids[0], "confirmed")
            threading.Thread(target=work, name="clerk", daemon=True).start()
            QTimer.singleShot(1500, self, self.kiosk.visits.nudge_sync.emit)
        elif sent.stage is RecordStatus.CONFIRMED:
            QTimer.singleShot(300, self, lambda: self.recorder.keep("review-answered"))

    @Slot(object)
    def _on_take_view(self, view: TakeView) -> None:
        self.fixture.shine(view)

    def _bring_network(self) -> None:
        self.fixture.bureau.start()
        self.kiosk.visits.nudge_sync.emit()

    def _differences(self, result: dict[str, Any]) -> list[str]:
        wanted = self.scenario
        found = []
        if result["outcome"] != wanted.outcome.value:
            found.append(f"outcome {result['outcome']}, expected {wanted.outcome.value}")
        if wanted.reason != "*" and result["reason"] != wanted.reason:
            found.append(f"reason {result['reason']}, expected {wanted.reason}")
        expected = "accepted" if wanted.delivered else "none"
        if result["bureau_state"] != expected:
            found.append(f"bureau_state {result['bureau_state']}, expected {expected}")
        return found
