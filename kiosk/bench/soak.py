"""A long day in compressed form: thousands of visits with random faults in one process; memory, files and threads must not grow.

Everything is real but the length of a take: real frames go through the real landmarker and encoder, and the take is then called
passed. (A real take lasts ten seconds by design.)
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

_BOUND = 0.05
_FAULT_EVERY = 7  # visits between two faults
_FRAMES = 3  # real frames a take looks at


def run(visits: int = 2000, seed: int = 0) -> dict[str, Any]:
    """Play `visits` visits with faults; compare the process after the first fifth with the end."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    from kiosk import memory

    memory.stay_small()
    from kiosk.demo.fixture import DemoFixture
    from kiosk.demo.runner import Runner
    from kiosk.demo.scenarios import SCENARIOS

    qt = QApplication.instance() or QApplication(["bench"])
    habits: dict[str, object] = {"visits": visits, "reading_s": 0.0, "waits_s": 0.0, "look_ms": 10}
    scenario = replace(SCENARIOS["pass"], habits=habits)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="kiosk-soak-") as folder:
        overrides = {"ui": {"fullscreen": False}, "voice": {"enabled": False}, "reader": {"poll_interval_s": 0.3}}
        fixture = DemoFixture(scenario, Path(folder), seed, overrides, crowd=visits)
        try:
            fixture.prepare(lambda _: None)
            runner = Runner(scenario, fixture, None, time.monotonic(), size=(1080, 1920))
            kiosk = runner.kiosk
            quick = QuickVision(kiosk)
            kiosk.visits.begin_take.disconnect(kiosk.vision.begin_take)
            kiosk.visits.begin_take.connect(quick.begin)
            faults = Faults(fixture, random.Random(seed), quick)
            meter = Meter(visits)
            kiosk.visits.moved.connect(meter.on_moved)
            meter.visit_ended.connect(faults.on_visit)
            runner.run(limit_s=12.0 * visits)
        finally:
            fixture.clear()
    qt.processEvents()
    took = time.monotonic() - began
    return {**meter.result(), "faults": faults.count, "seconds": took, "bound": _BOUND}


class QuickVision(QObject):
    """Passes a take after a few real frames through the real models, in the vision thread's place."""

    done = Signal(object)

    def __init__(self, kiosk: Any) -> None:
        super().__init__()
        from kiosk import models
        from kiosk.face.encoder import Encoder
        from kiosk.liveness.landmarks import Landmarker
        from kiosk.liveness.worker import ENCODER, FACE_LANDMARKER

        self._kiosk = kiosk
        self._landmarker = Landmarker(models.path(FACE_LANDMARKER), frame_width=640)
        self._encoder = Encoder(models.path(ENCODER))
        self._request: Any = None
        self._probes: list[Any] = []
        self._timer = QTimer(self)
        self._timer.setInterval(5)
        self._timer.timeout.connect(self._look)
        self.done.connect(kiosk.visits.devices.on_take_finished)
        self.fail_next = False

    @Slot(object)
    def begin(self, request: Any) -> None:
        """Begin a take."""
        self._request, self._probes = request, []
        self._timer.start()

    @Slot()
    def _look(self) -> None:
        from kiosk.domain.outcome import LivenessResult
        from kiosk.domain.reasons import Reason
        from kiosk.face.align import align
        from kiosk.face.compare import fuse
        from kiosk.liveness.verdict import TakeOutcome

        frame = self._kiosk.mirror.take()
        if frame is None or self._request is None:
            return
        seen = self._landmarker.observe(frame)
        if seen.points is not None:
            self._probes.append(self._encoder.embed(align(frame.image_bgr, seen.points)))
        if len(self._probes) < _FRAMES:
            return
        self._timer.stop()
        request, self._request = self._request, None
        passed, self.fail_next = not self.fail_next, False
        result = LivenessResult(passed, Reason.OK if passed else Reason.LIVENESS_FAILED)
        self.done.emit(
            TakeOutcome(
                request.visit_id,
                result,
                request.take_id,
                fuse(self._probes) if passed else None,
                len(self._probes),
                self._encoder.model_digest,
            )
        )


class Faults(QObject):
    """Pulls a cable, stops the bureau, lifts the card, or fails a take now and then, and puts it right again."""

    def __init__(self, fixture: Any, rng: random.Random, quick: QuickVision) -> None:
        super().__init__()
        self._fixture, self._rng, self._quick = fixture, rng, quick
        self.count: dict[str, int] = {}

    @Slot(int)
    def on_visit(self, number: int) -> None:
        """After each visit, perhaps cause trouble in the next one."""
        if number % _FAULT_EVERY:
            return
        kind = self._rng.choice(("reader", "camera", "bureau", "take", "card"))
        self.count[kind] = self.count.get(kind, 0) + 1
        delay = self._rng.randrange(0, 900)
        if kind in ("reader", "camera"):
            QTimer.singleShot(delay, self, lambda: self._fixture.unplug(kind))
            QTimer.singleShot(delay + 700, self, lambda: self._fixture.plug(kind))
        elif kind == "bureau":
            self._fixture.bureau.pause()
            QTimer.singleShot(delay + 2000, self, self._fixture.bureau.resume)
        elif kind == "take":
            self._quick.fail_next = True
        else:
            QTimer.singleShot(delay, self, self._fixture.lift_card)


class Meter(QObject):
    """Reads memory, files, sockets and threads of the process after every visit."""

    visit_ended = Signal(int)

    def __init__(self, visits: int) -> None:
        super().__init__()
        import psutil

        self._process = psutil.Process()
        self._visits = visits
        self.readings: list[tuple[float, int, int]] = []
        self.passed = 0

    @Slot(object)
    def on_moved(self, moved: Any) -> None:
        """Count finished visits."""
        from kiosk.visit import states as s

        if isinstance(moved.after, s.Finished) and not isinstance(moved.before, s.Finished):
            self.passed += 1
        if s.visit_of(moved.before) is not None and s.visit_of(moved.after) is None:
            memory = self._process.memory_info().rss / 2**20
            self.readings.append((memory, self._process.num_fds(), self._process.num_threads()))
            if len(self.readings) % 100 == 0:
                print(f"  {len(self.readings)} visits, {memory:.0f} MB", flush=True)
            self.visit_ended.emit(len(self.readings))

    def result(self) -> dict[str, Any]:
        """Compare a tenth of the visits after warming up with the last tenth, by medians."""
        from statistics import median

        part = max(1, len(self.readings) // 10)
        early, late = self.readings[2 * part : 3 * part], self.readings[-part:]
        if not early or not late:
            return {"visits": len(self.readings), "within_bounds": False}
        before, after = ([median(column) for column in zip(*rows, strict=True)] for rows in (early, late))
        growth = after[0] / before[0] - 1
        return {
            "visits": len(self.readings),
            "passed": self.passed,
            "memory_mb_early": before[0],
            "memory_mb_late": after[0],
            "memory_growth": growth,
            "files_early": before[1],
            "files_late": after[1],
            "threads_early": before[2],
            "threads_late": after[2],
            "within_bounds": (
                growth < _BOUND and after[1] <= before[1] + 2 and after[2] <= before[2] + 1 and len(self.readings) >= self._visits
            ),
        }
