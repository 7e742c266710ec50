"""Where the desk's work is done: in the store's thread, or in threads for what may take its time. Answers come back as a signal.

Built by `DeskController`; lives in the GUI thread. A removable medium is never touched in the store's thread or in the GUI's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal, Slot

from kiosk.desk import boards_data as boards
from kiosk.desk import commands as c
from kiosk.desk import events as e
from kiosk.desk.values import Place
from kiosk.desk_backend.commands import may_maintain
from kiosk.desk_backend.media import Media, look
from kiosk.desk_backend.moment import Moment
from kiosk.removable.files import Medium
from kiosk.store.engine.database import Store
from kiosk.store.worker import StoreWorker

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tallied:
    """What the foot of every page says, counted anew."""

    tallies: boards.Tallies


@dataclass(frozen=True, slots=True)
class Checked:
    """The doctor's lines."""

    lines: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class MayMaintain:
    """The store knows who asks as a supervisor: it may be done."""

    command: c.Maintain


@dataclass(frozen=True, slots=True)
class _Found:
    session_id: int
    media: Media


Answer = e.Event | Tallied | Checked | MayMaintain


class DeskWork(QObject):
    """Hands work to the threads that may do it."""

    answered = Signal(object)  # Answer, in the GUI thread
    _done = Signal(object)  # Answer | _Found, from the threads

    def __init__(self, store: StoreWorker, moment: Callable[[], Moment], mounted: Callable[[], Sequence[Medium]]) -> None:
        """moment: reads the clocks, in any thread. mounted: the removable media that are there; it may take its time."""
        super().__init__()
        self.moment, self.mounted = moment, mounted
        self._store = store
        self._acts = ThreadPoolExecutor(max_workers=1, thread_name_prefix="desk")  # one after the other: they share a medium
        self._looks = ThreadPoolExecutor(max_workers=1, thread_name_prefix="desk-media")
        self._looking = False
        self._stopped = False
        self._media = Media()
        self._done.connect(self._on_done)

    @property
    def media(self) -> tuple[str, ...]:
        """Removable media that can be written, as they were seen last."""
        return self._media.writable

    def stop(self) -> None:
        """Take no more work; what is under way ends by itself, and its answer is told to nobody: the page may be gone."""
        self._stopped = True
        for pool in (self._acts, self._looks):
            pool.shutdown(wait=False, cancel_futures=True)

    def in_store(self, todo: Callable[[Store, Moment], Answer | None], on_error: Callable[[BaseException], Answer | None]) -> None:
        """Run in the store's thread; the answer never goes through the visit's signal."""
        at = self.moment()

        def run(store: Store) -> None:
            self._tell(todo(store, at))

        self._store.ask(run, lambda error: self._tell(on_error(error)))

    def outside(self, todo: Callable[[], Answer], on_error: Callable[[BaseException], Answer | None]) -> None:
        """Run something slow in a thread of its own, in the order it was asked for."""

        def run() -> None:
            try:
                self._tell(todo())
            except Exception as error:  # whatever it was, the page must get an answer
                log.error("desk work failed", extra={"code": type(error).__name__})
                self._tell(on_error(error))

        self._acts.submit(run)

    def ask_to_maintain(self, command: c.Maintain) -> None:
        """Ask the store whether somebody may; answered by MayMaintain, or by what they are told."""
        no, yes = e.Acted(command.by.session_id, Place.MAINTENANCE, problem="store-error"), MayMaintain(command)
        # A restart is for the day when nothing else works: a store that cannot answer does not keep it back.
        unasked = yes if command.what == "restart" else no
        self.in_store(lambda store, _: may_maintain(store, command) or yes, lambda _: unasked)

    def look_for_media(self, session_id: int) -> None:
        """Look what is plugged in; answered by MediaSeen. One search at a time: a medium that does not answer holds up no other."""
        if self._looking:
            return
        self._looking = True
        mounted = self.mounted

        def run() -> None:
            media = Media()
            try:
                media = look(mounted())
            except Exception as error:  # a medium that is pulled while it is looked at
                log.warning("media not found", extra={"code": type(error).__name__})
            self._done.emit(_Found(session_id, media))

        self._looks.submit(run)

    def _tell(self, answer: Answer | None) -> None:
        if answer is not None:
            self._done.emit(answer)

    @Slot(object)
    def _on_done(self, answer: Answer | _Found) -> None:
        """Boards from the store know no media: they are shown with those that were seen last."""
        if self._stopped:
            return
        match answer:
            case _Found(session_id, media):
                self._looking, self._media = False, media
                self.answered.emit(e.MediaSeen(session_id, media.writable, media.lists, media.papers))
            case e.Loaded(session_id, place, data):
                self.answered.emit(e.Loaded(session_id, place, self._with_media(data)))
            case e.Acted(session_id, place, notice, problem, detail, data):
                self.answered.emit(e.Acted(session_id, place, notice, problem, detail, self._with_media(data)))
            case _:
                self.answered.emit(answer)

    def _with_media(self, data: object) -> object:
        return boards.with_media(data, self._media.writable, self._media.lists)


def devices(reader: bool, camera: bool, checks: Checked | None, media: tuple[str, ...], *, preview: bool) -> boards.MaintenanceData:
    """Return what the page of the devices shows. checks: None while the doctor is at work."""
    return boards.MaintenanceData(
        reader="ready" if reader else "away",
        camera="ready" if camera else "asleep",
        lines=checks.lines if checks else (),
        checking=checks is None,
        preview=preview,
        media=media,
    )
