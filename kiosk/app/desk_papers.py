"""The desk's camera on papers: the outline while somebody lays the sheet down, and one page at a touch.

Built by `DeskController`; lives in the GUI thread. It opens no device: it looks at the frames that `DeskCamera` shows, the last
few of which it holds while papers are photographed. Finding, straightening and judging run in a thread of their own; a page that
can be read goes from there straight into the encrypted store. One that cannot is held in memory until the attendant decides.
"""

from __future__ import annotations

import hashlib
import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from kiosk.app.desk_camera import DeskCamera
from kiosk.camera.frame import Frame
from kiosk.desk import commands as c
from kiosk.desk import events as e
from kiosk.desk.values import Document
from kiosk.domain import documents
from kiosk.ocr import paper
from kiosk.store.desk import paper_pages
from kiosk.store.worker import StoreWorker
from kiosk.ui.desk.frame import DeskView

log = logging.getLogger(__name__)

_AGENTS_PAPER = "agent-id"  # on which a passport is looked for
_FRAMES = 6  # a quarter of a second: the sharpest of them is taken


@dataclass(frozen=True, slots=True)
class _Outlined:
    quad: tuple[tuple[float, float], ...]  # shares of the frame


@dataclass(frozen=True, slots=True)
class _Shown:
    """A page to look at, and the answer of its command."""

    image_rgb: np.ndarray | None = field(repr=False)
    answer: e.PageSeen | e.PageKept | e.PassportRead


class DeskPapers(QObject):
    """Photographs papers."""

    _done = Signal(object)  # _Outlined | _Shown, from the thread

    def __init__(
        self,
        view: DeskView,
        store: StoreWorker,
        camera: DeskCamera,
        answer: Callable[[e.Event], None],
        today: Callable[[], date],
    ) -> None:
        """camera: of the desk. answer: told what became of a page, in the GUI thread. today: at the station."""
        super().__init__()
        self._view, self._store, self._look, self._answer = view, store, camera.look, answer
        self._today = today
        self._frames: deque[Frame] = deque(maxlen=_FRAMES)
        self._on = self._outlining = False
        self._held: bytes = b""
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="desk-papers")
        self._done.connect(self._on_done)
        camera.shown.connect(self.on_frame)

    def stop(self) -> None:
        """Take no more pages."""
        self._forget()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def do(self, command: c.WatchPapers | c.ShootPage | c.KeepPage) -> None:
        """Do a command of the desk."""
        match command:
            case c.WatchPapers(_, on):
                self._forget()
                self._on = on
                self._look(on)
            case c.ShootPage(by, shot, wanted):
                self._held = b""
                frames = [frame.image_bgr for frame in self._frames]
                self._run(by.session_id, shot, lambda: self._shoot(by.session_id, shot, wanted, frames))
            case c.KeepPage(by, shot, wanted):
                held, self._held = self._held, b""
                self._run(by.session_id, shot, lambda: _Shown(None, self._keep(by.session_id, shot, wanted, held)))

    @Slot(object)
    def on_frame(self, frame: Frame) -> None:
        """The desk shows a picture."""
        if not self._on:
            return
        self._frames.append(frame)
        if not self._outlining:
            self._outlining = True
            self._pool.submit(self._outline, frame.image_bgr)

    def _forget(self) -> None:
        self._frames.clear()
        self._on, self._held = False, b""

    # --- in the thread

    def _outline(self, image_bgr: np.ndarray) -> None:
        quad: np.ndarray | None = None
        try:
            quad = paper.find(image_bgr)
        except Exception as error:  # the picture is shown all the same
            log.error("outline not looked for", extra={"code": type(error).__name__})
        height, width = image_bgr.shape[:2]
        self._done.emit(_Outlined(() if quad is None else tuple((float(x) / width, float(y) / height) for x, y in quad)))

    def _shoot(self, session_id: int, shot: int, wanted: str, frames: list[np.ndarray]) -> _Shown:
        page = paper.take(frames)
        if page is None:
            return _Shown(None, e.PageSeen(session_id, shot, (paper.Flaw.NO_PAPER.value,)))
        shown, data = np.ascontiguousarray(page.image_bgr[:, :, ::-1]), paper.encode(page.image_bgr)
        if page.flaws:
            self._held = data
            return _Shown(shown, e.PageSeen(session_id, shot, tuple(flaw.value for flaw in page.flaws)))
        if wanted == _AGENTS_PAPER:
            self._pool.submit(self._read_passport, session_id, page.image_bgr)
        return _Shown(shown, self._keep(session_id, shot, wanted, data))

    def _read_passport(self, session_id: int, page_bgr: np.ndarray) -> None:
        """Look for the MRZ of a passport on a page; nothing is said where there is none. The models go at once."""
        from kiosk.ocr.recogniser import RapidRecogniser

        try:
            lines = [one.text for one in RapidRecogniser().lines(page_bgr)]
        except Exception as error:  # the attendant types the number as without it
            log.error("no text read", extra={"code": type(error).__name__})
            return
        mrz = documents.mrz_of(lines, self._today())
        if mrz:
            self._done.emit(_Shown(None, e.PassportRead(session_id, mrz)))

    def _keep(self, session_id: int, shot: int, wanted: str, data: bytes) -> e.PageKept:
        if not data:  # forgotten meanwhile
            return e.PageKept(session_id, shot, None)
        page_id = self._store.run(lambda store: paper_pages.keep(store, data))
        return e.PageKept(session_id, shot, Document(f"{wanted}.jpg", hashlib.sha256(data).hexdigest(), page_id=page_id))

    def _run(self, session_id: int, shot: int, work: Callable[[], _Shown]) -> None:
        def run() -> None:
            try:
                self._done.emit(work())
            except Exception as error:  # whatever it was, the page must get an answer
                log.error("page not taken", extra={"code": type(error).__name__})
                self._done.emit(_Shown(None, e.PageKept(session_id, shot, None)))

        self._pool.submit(run)

    @Slot(object)
    def _on_done(self, told: _Outlined | _Shown) -> None:
        if isinstance(told, _Outlined):
            self._outlining = False
            if self._on:
                self._view.show_outline(told.quad)
            return
        if told.image_rgb is not None and self._on:
            self._view.show_taken(told.image_rgb)
        if not self._on:
            self._held = b""
        self._answer(told.answer)
