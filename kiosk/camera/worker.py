"""The camera's own thread: opens the source, puts each frame into the mailboxes, and comes back by itself after a fault.

Built by `kiosk.app`; signals may be connected to slots of any thread. A driver can block in a read for ever: a guard
notices, says so, and leaves the blocked thread behind, which cleans up after itself should it ever return.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QObject, Signal, Slot

from kiosk.camera.frame import Frame, FrameSource, Holdable, Identified, Steerable
from kiosk.camera.mailbox import Mailbox
from kiosk.camera.meter import RateMeter
from kiosk.camera.motion import MotionDetector
from kiosk.camera.source import open_source
from kiosk.config import Camera
from kiosk.domain.camera_facts import CameraFacts
from kiosk.domain.camera_identity import CameraIdentity
from kiosk.domain.reasons import Reason
from kiosk.errors import CameraUnavailable, ConfigError, KioskError

log = logging.getLogger(__name__)

Fault = Literal["unavailable", "stalled", "config", "ended", "bug"]

OPEN_TIMEOUT_S = 30.0  # some drivers take so long to open
ASLEEP_PERIOD_S = 0.5  # asleep: one frame so often, thrown away, to notice an unplugging and to keep the exposure right
IDENTITY_PERIOD_S = 5.0  # so often it is looked whether it is still this camera, and the only one
STALE_S = 0.15  # awake again: a driver's buffer still holds pictures of before


@dataclass(frozen=True, slots=True)
class CameraUp:
    """Frames arrive. `name`: the source's; size in pixels."""

    name: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class CameraDown:
    """No frames. `reason` is for people, `fault` for the log; it tries again by itself unless a clip has ended."""

    reason: Reason = Reason.CAMERA_UNPLUGGED
    fault: Fault = "unavailable"


@dataclass(frozen=True, slots=True)
class CameraSeen:
    """Which camera delivers; `identity` None: the source or the system does not tell."""

    identity: CameraIdentity | None


class CameraWorker(QObject):
    """Delivers frames into mailboxes while awake. `start` and `stop` may be called again and again."""

    status = Signal(object)  # CameraUp | CameraDown, at every change
    identified = Signal(object)  # CameraSeen, when it was opened and whenever the answer changes
    motion_seen = Signal()  # asleep: something moved before the camera, somebody may be coming

    def __init__(
        self, settings: Camera, mailboxes: Sequence[Mailbox[Frame]], make_source: Callable[[], FrameSource] | None = None
    ) -> None:
        """mailboxes: each gets every frame (the same arrays: look, do not write). make_source: for tests; else by settings."""
        super().__init__()
        self._settings = settings
        self._mailboxes = tuple(mailboxes)
        self._make_source = make_source or (lambda: open_source(settings.source, settings))
        self._awake = threading.Event()
        self._lock = threading.Lock()
        self._run: _Run | None = None
        self._guard: threading.Thread | None = None
        self._stop = threading.Event()
        self._last: CameraUp | CameraDown | None = None
        self._identity: CameraSeen | None = None
        self._facts: CameraFacts | None = None
        self._level = 0.0
        self._meter = RateMeter()

    @property
    def fps(self) -> float | None:
        """Pictures a second while it was last awake; None: not long enough yet. From any thread."""
        return self._meter.fps

    @Slot()
    def start(self) -> None:
        """Begin to open the camera; nothing happens when it runs already."""
        if self._guard is not None and self._guard.is_alive():
            return
        self._stop = threading.Event()
        self._guard = threading.Thread(target=self._watch, args=(self._stop,), name="camera-guard", daemon=True)
        self._guard.start()

    @Slot()
    def stop(self) -> None:
        """Close the camera; waits for its thread, but not for a driver that hangs."""
        self._stop.set()
        with self._lock:
            run = self._run
        if run is not None:
            run.end.set()
        guard, self._guard = self._guard, None
        if guard is not None and guard is not threading.current_thread():
            guard.join(timeout=3.0)
        self._last = self._identity = None
        for box in self._mailboxes:
            box.clear()

    @Slot(bool)
    def set_awake(self, awake: bool) -> None:
        """Deliver frames, or just keep the camera warm. Asleep, no picture is kept anywhere."""
        if awake:
            self._awake.set()
        else:
            self._awake.clear()
            self.steer(0.0)
            self.hold(False)
            for box in self._mailboxes:
                box.clear()

    def use(self, facts: CameraFacts | None) -> None:
        """Steer the camera by what was measured of it; None: not at all. From any thread."""
        with self._lock:
            self._facts = facts if facts is not None and facts.control else None

    def steer(self, level: float) -> None:
        """Move the measured control to a level, -1 to 1, at once; 0 is where it stands at rest. From any thread."""
        with self._lock:
            facts, run, before = self._facts, self._run, self._level
            self._level = level
        if facts is None or run is None or level == before:
            return
        run.steer(facts.control, facts.neutral + round(level * facts.unit))

    def hold(self, on: bool) -> bool:
        """Let exposure and white balance stand still, or go on; True while they do stand still. From any thread."""
        with self._lock:
            source = self._run.source if self._run is not None else None
        return isinstance(source, Holdable) and source.stand_still(on)

    # ---- the guard's thread

    def _watch(self, stop: threading.Event) -> None:
        while not stop.is_set():
            run = _Run(self, self._make_source, stop)
            with self._lock:
                self._run = run
            run.start()
            while not run.wait(0.1):
                if stop.is_set():
                    run.wait(2.0)
                    return
                if run.idle_s() > (self._settings.stall_timeout_s if run.opened else OPEN_TIMEOUT_S):
                    run.end.set()
                    self._tell(run, CameraDown(fault="stalled"))
                    break
            if run.over:
                return
            stop.wait(self._settings.reopen_delay_s)

    # ---- called from the run's thread

    def _tell(self, run: _Run, status: CameraUp | CameraDown) -> None:
        with self._lock:
            if run is not self._run or status == self._last or self._stop.is_set():
                return  # a run that was given up has nothing to say any more
            self._last = status
        if isinstance(status, CameraUp):
            log.info("camera-up")
        else:
            log.warning("camera-down", extra={"code": status.fault})
            for box in self._mailboxes:
                box.clear()
        with contextlib.suppress(RuntimeError):  # the application is closing: the QObject may be gone
            self.status.emit(status)

    def _rest(self, run: _Run) -> None:
        """A kiosk that died in the middle of a pulse left the control where it was."""
        with self._lock:
            facts, self._level = self._facts, 0.0
        if facts is not None:
            run.steer(facts.control, facts.neutral)

    def _look_who(self, run: _Run, source: FrameSource) -> None:
        """Tell which camera it is, where that changed. Reads some small files: a millisecond."""
        seen = CameraSeen(source.identity() if isinstance(source, Identified) else None)
        with self._lock:
            if run is not self._run or seen == self._identity or self._stop.is_set():
                return
            self._identity = seen
        with contextlib.suppress(RuntimeError):
            self.identified.emit(seen)

    def _deliver(self, run: _Run, frame: Frame) -> None:
        with self._lock:
            if run is not self._run or run.end.is_set():
                return
            if not self._awake.is_set():
                return
            self._meter.picture(time.monotonic())
            for box in self._mailboxes:
                box.put(frame)


class _Run:
    """One life of the source, from open to fault, in a thread of its own."""

    def __init__(self, worker: CameraWorker, make_source: Callable[[], FrameSource], stop: threading.Event) -> None:
        self._worker, self._make_source, self._stop = worker, make_source, stop
        self._thread = threading.Thread(target=self._live, name="camera", daemon=True)
        self._beat_s = time.monotonic()
        self.end = threading.Event()
        self.opened = False
        self.source: object = None  # a FrameSource, while it is open
        self.over = False  # nothing more will ever come: a clip has ended, or the configuration is wrong

    def start(self) -> None:
        self._thread.start()

    def wait(self, timeout_s: float) -> bool:
        """Wait for the thread; True when it has ended."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def steer(self, control: str, value: int) -> None:
        """Set a control, where the source has any."""
        if isinstance(self.source, Steerable):
            self.source.steer(control, value)

    def idle_s(self) -> float:
        """Seconds since it last came back from the driver."""
        return time.monotonic() - self._beat_s

    def _live(self) -> None:
        tell = self._worker._tell
        source: FrameSource | None = None
        try:
            source = self._make_source()
            source.open()
            self.source, self.opened = source, True
            self._worker._rest(self)
            self._beat_s = time.monotonic()
            self._worker._look_who(self, source)
            self._read(source)
        except CameraUnavailable:
            tell(self, CameraDown())
        except ConfigError:
            tell(self, CameraDown(fault="config"))
            self.over = True
        except KioskError as error:
            tell(self, CameraDown(reason=Reason(error.reason)))
        except Exception:  # a driver's own kind of error: to the person it is the same as a pulled plug
            log.exception("camera-failed")
            tell(self, CameraDown(fault="bug"))
        finally:
            if source is not None:
                with contextlib.suppress(Exception):
                    source.close()

    def _read(self, source: FrameSource) -> None:
        awake = self._worker._awake
        woke_s, was_awake, told = 0.0, False, False
        motion, looked_s = MotionDetector(), time.monotonic()
        while not self.end.is_set() and not self._stop.is_set():
            frame = source.read()
            now_s = self._beat_s = time.monotonic()
            if frame is None:
                self._worker._tell(self, CameraDown(fault="ended"))
                self.over = True
                return
            if not told:
                height, width = frame.image_bgr.shape[:2]
                self._worker._tell(self, CameraUp(source.name, width, height))
                told = True
            if now_s - looked_s >= IDENTITY_PERIOD_S or (awake.is_set() and not was_awake):
                looked_s = now_s
                self._worker._look_who(self, source)
            if awake.is_set():
                if not was_awake:
                    woke_s, was_awake = now_s, True
                if now_s - woke_s >= STALE_S:
                    self._worker._deliver(self, frame)
            else:
                if was_awake:
                    motion = MotionDetector()
                was_awake = False
                if motion.look(frame.image_bgr):
                    with contextlib.suppress(RuntimeError):
                        self._worker.motion_seen.emit()
                awake.wait(ASLEEP_PERIOD_S)
                self._beat_s = time.monotonic()
