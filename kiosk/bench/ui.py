"""`kiosk bench ui`: how long an event waits for the GUI thread during visits: every page, transitions, mirror, moving drawings.

A thread posts a time stamp every few milliseconds; the GUI thread notes when it arrives. Bounds: p99 16 ms, never 50 ms.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from dataclasses import dataclass
from typing import Any

P99_BOUND_MS, MOST_BOUND_MS = 16.0, 50.0
POST_EVERY_S = 0.004
PAGE_MS = 400
FRAME_MS = 33
BASELINE_MS = 3000
BUSY_MS = 4.0


@dataclass(slots=True)
class _Slowest:
    page: str = ""
    ms: float = 0.0


def run(
    visits: int = 2, width: int = 1080, height: int = 1920, page_ms: int = PAGE_MS, baseline_ms: int = BASELINE_MS
) -> dict[str, Any]:
    """Walk through all scenes `visits` times with motion; return latencies in milliseconds.

    Beside them what does not depend on other programs: the latencies of an empty event loop in the same minute, and the
    processor time of the costliest single event.
    """
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QEvent, QObject, QTimer, Signal, Slot
    from PySide6.QtWidgets import QApplication

    from kiosk.gallery.scenes import sample_settings, scenes
    from kiosk.gallery.stage import drawn_frame, make_window, show_scene

    class Application(QApplication):
        costliest_ms = 0.0

        def notify(self, receiver: QObject, event: QEvent) -> bool:
            began = time.thread_time()
            done = super().notify(receiver, event)
            self.costliest_ms = max(self.costliest_ms, (time.thread_time() - began) * 1000)
            return done

    class Probe(QObject):
        posted = Signal(float)

        def __init__(self) -> None:
            super().__init__()
            self.waited_ms: list[float] = []
            self.posted.connect(self.arrived)

        @Slot(float)
        def arrived(self, sent: float) -> None:
            self.waited_ms.append((time.perf_counter() - sent) * 1000)

    app = Application(sys.argv[:1])
    window = make_window(sample_settings())
    window.motion = True
    window.resize(width, height)
    window.show()
    probe, stop = Probe(), threading.Event()
    frame = drawn_frame(720)
    todo = [scene for _ in range(visits) for scene in scenes()]
    pages, slowest = len(todo), _Slowest()

    def post() -> None:
        while not stop.wait(POST_EVERY_S):
            probe.posted.emit(time.perf_counter())

    def next_page() -> None:
        if not todo:
            app.quit()
            return
        scene = todo.pop(0)
        began = time.thread_time()
        show_scene(window, scene)
        took = (time.thread_time() - began) * 1000
        if took > slowest.ms:
            slowest.page, slowest.ms = scene.name, took

    pages_timer, frames_timer = QTimer(), QTimer()
    pages_timer.timeout.connect(next_page)
    frames_timer.timeout.connect(lambda: window.show_frame(frame))
    for scene in scenes():  # every page once beforehand: fonts and icons are loaded while nobody waits
        show_scene(window, scene)
    thread = threading.Thread(target=post, daemon=True)
    thread.start()
    window.hide()
    QTimer.singleShot(baseline_ms, app, app.quit)
    app.exec()
    app.costliest_ms = 0.0
    idle, probe.waited_ms = sorted(probe.waited_ms), []  # what the machine itself adds: other programs, the scheduler
    window.show()
    pages_timer.start(page_ms)
    frames_timer.start(FRAME_MS)
    app.exec()
    stop.set()
    thread.join()
    window.close()
    waited = sorted(probe.waited_ms)
    p99, most = waited[int(len(waited) * 0.99)], waited[-1]
    return {
        "pages": pages,
        "events": len(waited),
        "p50_ms": waited[len(waited) // 2],
        "p99_ms": p99,
        "most_ms": most,
        "slowest_page": slowest.page,
        "slowest_page_cpu_ms": slowest.ms,
        "costliest_event_cpu_ms": app.costliest_ms,
        "empty_loop_p99_ms": idle[int(len(idle) * 0.99)],
        "empty_loop_most_ms": idle[-1],
        # On a machine that makes an empty loop wait, nothing can be said either way.
        "within_bounds": None if idle[int(len(idle) * 0.99)] > BUSY_MS else p99 <= P99_BOUND_MS and most <= MOST_BOUND_MS,
    }
