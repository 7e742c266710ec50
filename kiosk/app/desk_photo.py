"""The desk's camera on an old photograph, or a card's own photo: a template from it, until a live face takes its place.

Built by `DeskController`; lives in the GUI thread. Looking runs in a thread of its own with models of
its own, which go when it ends.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from kiosk.app.desk_camera import DeskCamera, Probe
from kiosk.camera.frame import Frame
from kiosk.desk import commands as c
from kiosk.desk import events as e
from kiosk.domain import template_age
from kiosk.domain.reasons import Reason
from kiosk.errors import KioskError

if TYPE_CHECKING:
    from kiosk.liveness.photo import PhotoFace, PhotoReader

log = logging.getLogger(__name__)
_LIMIT_MS = 20_000  # ours: so long somebody moves a photo about under the camera
_ENOUGH = 3  # looks that agree


@dataclass(frozen=True, slots=True)
class _Seen:
    number: int
    face: PhotoFace | None = field(repr=False)  # None: the models do not work
    model_digest: str = ""


class DeskPhoto(QObject):
    """One photograph at a time."""

    _seen = Signal(object)  # _Seen, from the thread

    def __init__(self, camera: DeskCamera, answer: Callable[[e.Event], None]) -> None:
        """answer: told how it ended, in the GUI thread."""
        super().__init__()
        self._camera, self._answer = camera, answer
        self.chip_photos: dict[str, bytes] = {}  # of cards that were laid while the desk is open, by number
        self._command: c.BeginPhoto | None = None
        self._faces: list[PhotoFace] = []
        self._number, self._looking, self._flaw = 0, False, "no-face"
        self._reader: PhotoReader | None = None
        self._stopped = False
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="desk-photo")
        self._limit = QTimer(self, singleShot=True, interval=_LIMIT_MS)
        self._limit.timeout.connect(self._give_up)
        self._seen.connect(self._on_seen)
        camera.shown.connect(self.on_frame)

    def begin(self, command: c.BeginPhoto) -> None:
        """Begin to look."""
        self.end()
        self._number += 1
        self._command, self._faces, self._flaw = command, [], "no-face"
        if command.origin == template_age.CHIP:
            photo = self.chip_photos.get(command.id_number, b"")
            self._look(lambda reader: reader.look_at_chip(photo))
            return
        self._camera.look(True)
        self._limit.start()

    def end(self) -> None:
        """Look no more, and let the models go."""
        if self._command is not None and self._command.origin == template_age.PHOTO:
            self._camera.look(False)
        self._command, self._faces, self._looking = None, [], False
        self._limit.stop()
        self._pool.submit(self._close_reader)

    def forget(self) -> None:
        """The desk is closed: no card's photo is kept."""
        self.end()
        self.chip_photos.clear()

    def stop(self) -> None:
        """The kiosk stops; a second time it is stopped already."""
        if self._stopped:
            return
        self.forget()
        self._stopped = True
        self._pool.shutdown(wait=False)

    @Slot(object)
    def on_frame(self, frame: Frame) -> None:
        """The desk shows a picture: look at it, unless the one before is still looked at."""
        if self._command is not None and self._command.origin == template_age.PHOTO and not self._looking:
            image = frame.image_bgr
            self._look(lambda reader: reader.look(image))

    def _look(self, work: Callable[[PhotoReader], PhotoFace]) -> None:
        self._looking, number = True, self._number
        self._pool.submit(self._run, number, work)

    def _run(self, number: int, work: Callable[[PhotoReader], PhotoFace]) -> None:
        from kiosk.liveness.photo import PhotoReader

        try:
            if self._reader is None:
                self._reader = PhotoReader()
            self._seen.emit(_Seen(number, work(self._reader), self._reader.model_digest))
        except (KioskError, ValueError) as error:
            log.error("photo not read", extra={"code": type(error).__name__})
            self._seen.emit(_Seen(number, None))

    def _close_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    @Slot(object)
    def _on_seen(self, seen: _Seen) -> None:
        command = self._command
        if command is None or seen.number != self._number:
            return
        self._looking = False
        face = seen.face
        if face is None:
            self._finish(Reason.MODEL_ERROR.value)
        elif face.flaw:
            self._faces, self._flaw = [], face.flaw
            if command.origin == template_age.CHIP:
                self._give_up()
        else:
            self._take(command, face, seen.model_digest)

    def _take(self, command: c.BeginPhoto, face: PhotoFace, model_digest: str) -> None:
        from kiosk.face.compare import cosine, fuse
        from kiosk.liveness.photo import SAME

        if any(one.vector is None or face.vector is None or cosine(one.vector, face.vector) < SAME for one in self._faces):
            self._faces = []  # another photograph, or a hand in between
        self._faces.append(face)
        if len(self._faces) < (1 if command.origin == template_age.CHIP else _ENOUGH):
            return
        vectors = [np.asarray(one.vector) for one in self._faces]
        quality = sum(one.quality for one in self._faces) / len(self._faces)
        self._camera.hold(Probe(fuse(vectors), model_digest, command.origin, round(quality, 2)))
        self._finish("ok")

    @Slot()
    def _give_up(self) -> None:
        self._finish(f"photo-{self._flaw}")

    def _finish(self, reason: str) -> None:
        command = self._command
        self.end()
        if command is not None:
            self._answer(e.TakeEnded(command.by.session_id, command.take_id, reason))
