"""What reader, camera, vision and scan tell the visit: each answer as an event of its machine, or of presence.

Part of `visit_controller`. Answers that come late are dropped by the machine: each names the visit (and take) it belongs to.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, Slot

from kiosk.app.card_side import CardSide, as_touch, visit_event
from kiosk.app.visit_memory import VisitMemory
from kiosk.app.visit_showing import VisitShowing
from kiosk.camera.worker import CameraDown, CameraUp
from kiosk.domain.reasons import Reason
from kiosk.domain.take_view import ScanView, TakeView
from kiosk.idcard_reader.events import CardRead, ReaderEvent, ReaderGone, ReaderReady
from kiosk.liveness.verdict import TakeOutcome
from kiosk.ocr.worker import ScanDone, ScanFailed
from kiosk.ui.window import KioskWindow
from kiosk.visit import events as e
from kiosk.visit import presence as p
from kiosk.visit import states as s


class VisitDevices(QObject):
    """The slots of the devices' workers."""

    told = Signal(object)  # visit.events: the visit's
    noticed = Signal(object)  # visit.presence: presence's
    desk_card = Signal(object)  # ReaderEvent of a card that was laid while the desk was open

    def __init__(
        self,
        window: KioskWindow,
        memory: VisitMemory,
        showing: VisitShowing,
        state: Callable[[], s.State],
        paused: Callable[[], bool],
    ) -> None:
        """state, paused: the visit's state now, and whether the desk is open above it."""
        super().__init__()
        self._window, self._memory, self._showing = window, memory, showing
        self._state, self._paused = state, paused
        self._card_side = CardSide()
        self.reader_ready = False
        self.camera_ready = False
        self.camera_told: bool | None = None  # whether pictures come, also where it sleeps; None: it has said nothing yet
        self.sam = ""  # the reader's own number
        self.encoder_digest = ""  # of the model that made the last probe, or will make the next

    @property
    def ready(self) -> tuple[bool, bool]:
        """Whether the reader answers, and whether the camera delivers pictures."""
        return self.reader_ready, self.camera_ready

    @Slot(object)
    def on_reader(self, event: ReaderEvent) -> None:
        """An event of the card reader, for the visit or for the desk."""
        if self._card_side.is_desks(event, self._paused()):
            self.desk_card.emit(event)
            return
        if isinstance(event, ReaderReady | ReaderGone):
            self.reader_ready = isinstance(event, ReaderReady)
            self.sam = event.sam_id if isinstance(event, ReaderReady) else ""
        if as_touch(event):
            self.noticed.emit(p.Acted())
        told = visit_event(event)
        if isinstance(event, CardRead) and isinstance(told, e.CardWasRead) and event.card.photo_rgb:
            self._memory.chip_photos[told.person.id_number] = event.card.photo_rgb
        self.told.emit(told)

    @Slot(object)
    def on_camera(self, status: CameraUp | CameraDown) -> None:
        """The camera came or went."""
        self.camera_told = isinstance(status, CameraUp)
        if isinstance(status, CameraUp) and not self.camera_ready:
            self.camera_ready = True
            if not self._paused():
                self.told.emit(e.CameraCameUp())
        elif isinstance(status, CameraDown) and self.camera_ready:
            self.camera_ready = False
            self.told.emit(e.CameraWentDown())

    @Slot()
    def on_motion_seen(self) -> None:
        """Somebody may be coming near the idle kiosk: invite them, aloud, now and then."""
        self._window.page.somebody_near()
        self.noticed.emit(p.MotionSeen())

    @Slot(object)
    def on_take_view(self, view: TakeView) -> None:
        """What the running take shows; a payload for one page."""
        state = self._state()
        if isinstance(state, s.Acting) and not self._paused():
            self.noticed.emit(p.TakeShown(view.guidance is None))
            self._memory.watched = self._memory.watched.after(view.guidance, view.phase, view.action)
            self._showing.show_take(state, view)

    @Slot(object)
    def on_scan_view(self, view: ScanView) -> None:
        """What the running scan shows; each new hint is spoken."""
        state = self._state()
        if isinstance(state, s.ScanningCard) and view.visit_id == state.visit.visit_id and not self._paused():
            if self._showing.show_scan(view):
                self.noticed.emit(p.Acted())

    @Slot(object)
    def on_scan_done(self, done: ScanDone) -> None:
        """A card was read from pictures."""
        self.noticed.emit(p.Acted())
        self.told.emit(e.CardScanned(done.visit_id, done.person))

    @Slot(object)
    def on_scan_failed(self, failed: ScanFailed) -> None:
        """The scan ended without a person."""
        self.told.emit(e.ScanEnded(failed.visit_id, failed.reason))

    @Slot(object)
    def on_take_finished(self, outcome: TakeOutcome) -> None:
        """A take ended; its probe is kept for the match of this visit only."""
        state = self._state()
        if not isinstance(state, s.Acting) or (outcome.visit_id, outcome.take_id) != (state.case.visit.visit_id, state.take_id):
            return
        self.noticed.emit(p.Acted())
        self._memory.take = outcome
        self.encoder_digest = outcome.model_digest or self.encoder_digest
        result = outcome.liveness
        missed = next((done for done in result.actions if done.seen_at_s is None), None)
        action, early = (missed.action, missed.too_early > 0) if missed is not None else (None, False)
        self.told.emit(e.TakeEnded(outcome.visit_id, state.take_id, result.passed, result.reason, action, early))

    @Slot(object)
    def on_presence(self, present: bool) -> None:
        """A look: somebody stands before the camera, or nobody."""
        if present:
            self.noticed.emit(p.FaceSeen())

    @Slot(object)
    def on_vision_failed(self, reason: Reason) -> None:
        """The vision broke and is being rebuilt."""
        self.noticed.emit(p.VisionFailed(str(reason)))

    @Slot(object)
    def on_vision_ready(self, _digest: str) -> None:
        """The vision works."""
        self.noticed.emit(p.VisionReady())

    @Slot(object)
    def on_model_digest(self, digest: str) -> None:
        """The encoder is loaded: templates of other models are refused from now on."""
        self.encoder_digest = digest
