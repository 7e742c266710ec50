"""The desk's use of the camera: the take of an enrolment, the preview of maintenance, papers; and the probe until it is kept.

Built by `DeskController`; lives in the GUI thread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from kiosk.camera.frame import Frame
from kiosk.camera.mailbox import Mailbox
from kiosk.domain import template_age
from kiosk.domain.reasons import Reason
from kiosk.face.compare import pack
from kiosk.liveness.verdict import TakeOutcome
from kiosk.liveness.worker import TakeRequest
from kiosk.ui.desk.frame import DeskView

_FRAME_MS = 40


@dataclass(frozen=True, slots=True)
class Probe:
    """What a template is made from. `origin`, `quality`: as of `domain.person.Template`."""

    vector: np.ndarray = field(repr=False)
    model_digest: str
    origin: str = template_age.LIVE
    quality: float = 0.0


class DeskCamera(QObject):
    """Wakes the camera for the desk, shows its picture, and holds the one probe of an enrolment."""

    begin_take = Signal(object)  # TakeRequest -> VisionWorker
    cancel_take = Signal()
    camera_wanted = Signal(bool)
    confirmed = Signal()  # a supervisor answers for the camera that is there
    shown = Signal(object)  # Frame: the desk shows it

    def __init__(self, view: DeskView, mirror: Mailbox[Frame], wanted_below: Callable[[], bool]) -> None:
        """wanted_below: whether the visit under the desk wants the camera, asked when the desk lets it go."""
        super().__init__()
        self._view, self._mirror, self._wanted_below = view, mirror, wanted_below
        self._probe: Probe | None = None  # of an enrolment; wiped with its page
        self.previewing = False
        self.drowned = False
        self._frames = QTimer(self)
        self._frames.setInterval(_FRAME_MS)
        self._frames.timeout.connect(self._show_frame)

    def stop(self) -> None:
        """Show nothing more and forget a probe."""
        self._frames.stop()
        self._probe = None

    def enrol(self, name: str, take_id: int) -> None:
        """Begin the take of an enrolment; an earlier probe is forgotten."""
        self._probe = None
        self.look(True)
        self.begin_take.emit(TakeRequest(name, take_id, attended=True))

    def preview(self, name: str) -> None:
        """Begin a practice round: guidance is shown, nothing is kept."""
        self.previewing = True
        self.look(True)
        self.begin_take.emit(TakeRequest(name, "preview", practice=True))

    def end(self) -> None:
        """Drop the take and its probe."""
        self._probe = None
        self.cancel_take.emit()
        self.look(False)

    def keep(self, outcome: TakeOutcome) -> Reason:
        """Hold a finished take's probe, if it is good for a template; return OK or why it is not."""
        good = outcome.liveness.passed and outcome.probe is not None
        self._probe = Probe(outcome.probe, outcome.model_digest) if good and outcome.probe is not None else None
        self.look(False)
        if good:
            return Reason.OK
        return Reason.NO_GOOD_FRAME if outcome.liveness.passed else outcome.liveness.reason

    def hold(self, probe: Probe) -> None:
        """Hold what a photograph gave."""
        self._probe = probe

    def packed(self) -> tuple[bytes, Probe | None]:
        """Return (template bytes, the probe that is held); empty without one, which the store refuses."""
        return (b"", None) if self._probe is None else (pack(self._probe.vector), self._probe)

    def look(self, on: bool) -> None:
        """Wake the camera and show its picture, or let it be as the visit below wants it."""
        if on:
            self.camera_wanted.emit(True)
            self._frames.start()
            return
        self.previewing = False
        if self._frames.isActive():
            self.camera_wanted.emit(self._wanted_below())
        self._frames.stop()

    @Slot(bool)
    def on_drowned(self, drowned: bool) -> None:
        """Whether other light drowns the screen's own: the desk's first page says so."""
        self.drowned = drowned

    @Slot()
    def _show_frame(self) -> None:
        frame = self._mirror.take()
        if frame is not None:
            self._view.show_frame(frame.image_bgr[:, :, ::-1].copy())
            self.shown.emit(frame)
