"""Whole puppet visits in one kiosk: how much of a visit the machine makes people wait, rather than read or act."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

_BOUND = 0.05


def run(visits: int = 50) -> dict[str, Any]:
    """Play `visits` visits of different people, one after the other. Waiting: reading the card, looking up, the camera's first
    picture, checking and saving; the rest is reading and acting, the challenge's own pauses included."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    from kiosk.demo.fixture import DemoFixture
    from kiosk.demo.runner import Runner
    from kiosk.demo.scenarios import SCENARIOS

    qt = QApplication.instance() or QApplication(["bench"])
    scenario = replace(SCENARIOS["pass"], habits={"visits": visits, "reading_s": 2.0, "waits_s": 1.0})
    with tempfile.TemporaryDirectory(prefix="kiosk-bench-") as folder:
        fixture = DemoFixture(scenario, Path(folder), 0, {"ui": {"fullscreen": False}, "voice": {"enabled": False}}, crowd=visits)
        try:
            fixture.prepare(lambda _: None)
            runner = Runner(scenario, fixture, None, time.monotonic(), size=(1080, 1920))
            watch = _Watch()
            runner.kiosk.visits.moved.connect(watch.on_moved)
            runner.kiosk.vision.view.connect(watch.on_view)
            runner.run(limit_s=60.0 * visits)
        finally:
            fixture.clear()
    qt.processEvents()
    shares = [waited / total for waited, total in watch.visits]
    share = sum(w for w, _ in watch.visits) / max(sum(t for _, t in watch.visits), 1e-9)
    return {
        "visits": len(watch.visits),
        "passed": watch.passed,
        "waiting_share": share,
        "waiting_share_worst": max(shares, default=1.0),
        "visit_median_s": statistics.median(t for _, t in watch.visits) if watch.visits else None,
        "waiting_median_s": statistics.median(w for w, _ in watch.visits) if watch.visits else None,
        "waits_by_part_s": {k: round(v / max(len(watch.visits), 1), 3) for k, v in watch.parts.items()},
        "bound": _BOUND,
        "within_bounds": share <= _BOUND and len(watch.visits) == visits,
    }


class _Watch:
    """Adds up the time in which a visit waits for the machine."""

    def __init__(self) -> None:
        self.visits: list[tuple[float, float]] = []
        self.parts: dict[str, float] = {}
        self.passed = 0
        self._began = self._waited = 0.0
        self._waiting: tuple[str, float] | None = None

    def on_moved(self, moved: Any) -> None:
        """Take down one step of the visit."""
        from kiosk.visit import states as s

        now = time.monotonic()
        if s.visit_of(moved.before) is None and s.visit_of(moved.after) is not None:
            self._began, self._waited = now, 0.0
        kind = self._kind(moved.after)
        if self._waiting is not None and self._waiting[0] != kind:
            self._end(now)
        if kind and self._waiting is None and (kind == "card" or type(moved.after) is not type(moved.before)):
            self._waiting = (kind, now)
        if isinstance(moved.after, s.Finished) and not isinstance(moved.before, s.Finished):
            self.passed += 1
            self.visits.append((self._waited, now - self._began))

    def on_view(self, _: Any) -> None:
        """The camera's picture is understood: from now on the person acts."""
        if self._waiting is not None and self._waiting[0] == "camera":
            self._end(time.monotonic())

    def _end(self, now: float) -> None:
        if self._waiting is not None:
            kind, since = self._waiting
            self.parts[kind] = self.parts.get(kind, 0.0) + now - since
            self._waited += now - since
            self._waiting = None

    @staticmethod
    def _kind(state: Any) -> str:
        from kiosk.visit import states as s

        if isinstance(state, s.AwaitingCard) and state.reading:
            return "card"
        return {s.LookingUp: "looking-up", s.Acting: "camera", s.Checking: "checking"}.get(type(state), "")
