"""What of a visit is seen and heard beyond its pages: camera pictures, hints of a take or a scan, prompts, the slip.

Used by `visit_controller` alone, which tells it the state; it decides nothing about the visit.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from kiosk.camera.frame import Frame
from kiosk.camera.mailbox import Mailbox
from kiosk.config import Settings
from kiosk.domain.reasons import Reason
from kiosk.domain.take_view import ScanView, TakeView
from kiosk.printer.slip import Slip, make_slip
from kiosk.ui.prompts import prompt_for
from kiosk.ui.spoken.guide import CameraGuide
from kiosk.ui.window import KioskWindow
from kiosk.visit import states as s

_FRAME_MS, _SLOWEST_MS = 33, 200
_MOST, _LEAST = 0.3, 0.1  # of the processor, for what is shown: painted less often from the one on, more often below the other


class MirrorPace:
    """How often the mirror is painted: 30 times a second, and less often where that takes the processor from those who look.

    A slow processor that paints as fast as pictures come has no time left for the face in them: below four looks a second no turn
    of the head can be judged, and everybody would be sent to the attendant.
    """

    def __init__(self, busy: Callable[[], float] = time.thread_time, monotonic: Callable[[], float] = time.monotonic) -> None:
        """busy: seconds of a processor that this thread has used."""
        self._busy, self._monotonic = busy, monotonic
        self._looked = busy(), monotonic()
        self.interval_ms = _FRAME_MS

    def step(self) -> bool:
        """A picture is shown; return whether the interval has changed. Looked at every half second."""
        busy_s, now_s = self._busy(), self._monotonic()
        passed_s = now_s - self._looked[1]
        if passed_s < 0.5:
            return False
        share, before = (busy_s - self._looked[0]) / passed_s, self.interval_ms
        self._looked = busy_s, now_s
        if share > _MOST:
            self.interval_ms = min(_SLOWEST_MS, before * 2)
        elif share < _LEAST:
            self.interval_ms = max(_FRAME_MS, before // 2)
        return self.interval_ms != before


class VisitShowing(QObject):
    """The window and the voice, for the visit under way."""

    say = Signal(object)  # list of catalogue keys
    hush = Signal()
    spoke = Signal()  # something is said: nobody is asked whether they are there meanwhile

    def __init__(self, settings: Settings, window: KioskWindow, mirror: Mailbox[Frame], monotonic: Callable[[], float]) -> None:
        super().__init__()
        self._settings, self._window, self._mirror, self._monotonic = settings, window, mirror, monotonic
        self.silent = False  # the desk is open above the visit
        self._take: TakeView | None = None
        self._scan_hint: object = None
        self._guide = CameraGuide()  # of this take, for somebody who does not see it
        self._frames = QTimer(self)
        self._frames.setInterval(_FRAME_MS)
        self._frames.timeout.connect(self._show_frame)
        self._pace = MirrorPace()

    def stop(self) -> None:
        """Show no picture any more."""
        self._frames.stop()

    def enter(self, before: s.State, state: s.State) -> None:
        """Show the page of a state, with the camera's picture where it has one; `before` is left."""
        if not isinstance(state, s.Acting) or not isinstance(before, s.Acting) or state.take_id != before.take_id:
            self._take = None
        # Whoever goes on by face, or has passed, is not told any more to wait for somebody; the call stays at the desk.
        back_to_face = isinstance(before, s.Referred) and isinstance(state, s.Consenting | s.Instructing)
        passed = isinstance(state, s.Finished) and not isinstance(before, s.Finished)
        # The machine itself had called while it was shut: the next one there has called nobody.
        open_again = isinstance(before, s.OutOfService) and not isinstance(state, s.OutOfService)
        if back_to_face or passed or open_again:
            self._window.show_help_called(False)
        self._window.show_state(state)
        if isinstance(state, s.Acting | s.ScanningCard):
            self._frames.start()
        else:
            self._frames.stop()
            self._mirror.clear()

    def begin_take(self) -> None:
        """A take begins: who does not see is guided anew."""
        self._guide = CameraGuide()

    @property
    def shines(self) -> bool:
        """The page is seen, so that it can light a face: not behind the dark curtain, not below the desk."""
        return not self.silent and not self._window.dark

    def show_take(self, state: s.Acting, view: TakeView) -> None:
        """Show where the take stands, and say what is new of it."""
        before = prompt_for(state, self._take)
        self._take = view
        self._window.show_take(view)
        if self._window.spoken.on:
            said = self._guide.step(self._monotonic(), view, view.box)
            if said:
                self.say_keys(said)
            return
        now = prompt_for(state, view)
        if now and now != before:
            self.speak()

    def show_scan(self, view: ScanView) -> bool:
        """Show where the scan stands; each new hint is spoken. Returns whether it was a new one."""
        self._window.show_scan(view)
        if view.guidance == self._scan_hint:
            return False
        self._scan_hint = view.guidance
        self.hush.emit()
        self.say.emit([f"ocr.guidance.{view.guidance}.say"])
        return True

    def speak(self) -> None:
        """Say what is shown."""
        if not self.silent:
            self.say_keys(self._window.spoken_key())

    def say_keys(self, keys: list[str]) -> None:
        """Say these texts instead of what is being said."""
        self.spoke.emit()
        self.hush.emit()
        if keys:
            self.say.emit(keys)

    @Slot()
    def _show_frame(self) -> None:
        frame = self._mirror.take()
        if frame is not None:
            # A copy in the order Qt wants; the camera reuses its buffer.
            self._window.show_frame(frame.image_bgr[:, :, ::-1].copy())
        if self._pace.step():
            self._frames.setInterval(self._pace.interval_ms)

    def make_slip(self, state: s.Finished | s.ReviewSent, at: datetime) -> Slip:
        """Return the slip of a result or of a human review, and say on the screen that it is printed. at: the station's time."""
        station = self._settings.station
        self._window.show_banner("slip.printing")
        return make_slip(
            self._window.strings,
            name=state.case.person.name,
            stage=state.stage,
            record_id=state.record_ids[0],
            station=station.name,
            hotline=station.hotline,
            printed_at=at,
            next_from=state.next_from if isinstance(state, s.Finished) else None,
            next_to=state.next_to if isinstance(state, s.Finished) else None,
            own_code=state.slip_code if isinstance(state, s.Finished) else "",
            face_ageing=isinstance(state, s.Finished) and state.face_ageing,
            answer_by=state.answer_by if isinstance(state, s.ReviewSent) else None,
            verify_url=station.verify_url,
            far=[way for way in station.channels if way.far],
            large=self._settings.printer.large or self._window.wishes.large,
        )

    def show_printed(self, reason: Reason) -> None:
        """A slip came out, or not."""
        self._window.show_banner("slip.printed_done" if reason is Reason.OK else f"reason.{reason.value}.title")

    def wipe(self) -> None:
        """The visit ended: nothing of it stays on the screen or is said."""
        self._take = None
        self._mirror.clear()
        self._window.show_help_called(False)
        self._window.show_banner(None)
        self.hush.emit()
