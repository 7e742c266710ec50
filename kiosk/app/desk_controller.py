"""Turns the desk's commands into calls, and answers of store, reader, vision and sync into its events. Thin: it decides nothing.

Built by `app`; lives in the GUI thread. The store's work is in `desk_backend.commands`; the rules of the desk are in `kiosk.desk`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from kiosk.app.visit_controller import VisitController
from kiosk.camera.frame import Frame
from kiosk.camera.mailbox import Mailbox
from kiosk.config import Settings, resolve
from kiosk.desk import boards_data as boards
from kiosk.desk import commands as c
from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.desk.machine import World, step
from kiosk.desk.values import Call, Place, VisitGlance
from kiosk.desk_backend import commands as work
from kiosk.desk_backend import home_visits as desk_home
from kiosk.desk_backend.boards import Seen, load, tallies
from kiosk.desk_backend.moment import Moment
from kiosk.domain.fairness import Counted
from kiosk.domain.reasons import Reason
from kiosk.idcard_reader.events import CardRead, CardTrouble
from kiosk.liveness.verdict import TakeOutcome
from kiosk.liveness.worker import TakeRequest
from kiosk.removable import files
from kiosk.store.desk import staff
from kiosk.store.engine.database import Store
from kiosk.store.worker import StoreWorker
from kiosk.sync.status import SyncStatus
from kiosk.texts import requests
from kiosk.ui.desk.frame import DeskView
from kiosk.ui.window import KioskWindow
from kiosk.visit import events as ve
from kiosk.visit import states as vs

log = logging.getLogger(__name__)

_TICK_MS = 500
_FRAME_MS = 40


@dataclass(frozen=True, slots=True)
class DeskMoved:
    """The desk went from one state to another (told to the demo and the tests)."""

    before: s.State
    event: e.Event
    after: s.State
    commands: tuple[c.Command, ...]


@dataclass(frozen=True, slots=True)
class _Tallied:
    tallies: boards.Tallies


@dataclass(frozen=True, slots=True)
class _Checked:
    lines: tuple[tuple[str, str, str], ...]


class DeskController(QObject):
    """The only place where the desk meets store, devices and the visit below."""

    moved = Signal(object)  # DeskMoved
    begin_take = Signal(object)  # -> VisionWorker
    cancel_take = Signal()
    camera_wanted = Signal(bool)
    send_now = Signal()  # -> SyncWorker
    pause_sync = Signal(bool)
    nudge_sync = Signal()
    stage_moved = Signal(object)  # outbox.Moved: what a stick brought back
    wish = Signal(object)  # requests.VolumeUp / VolumeDown -> voice
    restart_wanted = Signal()
    _answered = Signal(object)  # from the store's thread

    def __init__(
        self,
        settings: Settings,
        window: KioskWindow,
        view: DeskView,
        store: StoreWorker,
        conductor: VisitController,
        mirror: Mailbox[Frame],
        clock: Callable[[], datetime] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        sticks: Callable[[], Sequence[Path]] | None = None,
    ) -> None:
        super().__init__()
        self._settings, self._window, self._view, self._store = settings, window, view, store
        self._conductor, self._mirror = conductor, mirror
        self._clock, self._monotonic = clock or (lambda: datetime.now(UTC)), monotonic
        self._sticks = sticks or (lambda: _find_sticks(settings.desk.stick_folders))
        self._zone = ZoneInfo(settings.station.timezone)
        self._state: s.State = s.Closed()
        self._sessions = 0
        self._calls: list[Call] = []
        self._tallies = boards.Tallies()
        self._sync: SyncStatus | None = None
        self._probe: TakeOutcome | None = None  # of an enrolment; wiped with its page
        self._paused_sync = settings.sync.paused
        self._maintenance = boards.MaintenanceData()
        self._outside = ThreadPoolExecutor(max_workers=1, thread_name_prefix="desk")  # sticks and checks, which may be slow
        self._ticker, self._frames = QTimer(self), QTimer(self)
        self._ticker.setInterval(_TICK_MS)
        self._ticker.timeout.connect(self._tick)
        self._frames.setInterval(_FRAME_MS)
        self._frames.timeout.connect(self._show_frame)
        self._answered.connect(self._on_answer)
        self.stage_moved.connect(self.on_stage_moved)
        view.sent.connect(self.feed)
        window.service.connect(self.on_service)
        conductor.desk_card.connect(self.on_card)
        conductor.attendant_called.connect(self.on_called)

    @property
    def view(self) -> DeskView:
        """The desk's widget."""
        return self._view

    @property
    def state(self) -> s.State:
        """The desk's state."""
        return self._state

    def use_sticks(self, sticks: Callable[[], Sequence[Path]]) -> None:
        """Look for sticks another way (demonstrations and tests: a folder)."""
        self._sticks = sticks

    def stop(self) -> None:
        """Stop the clocks and forget a probe."""
        self._ticker.stop()
        self._frames.stop()
        self._probe = None
        self._outside.shutdown(wait=False, cancel_futures=True)

    # --- events in

    @Slot(object)
    def on_service(self, wish: object) -> None:
        """The staff's button."""
        if isinstance(wish, requests.OpenDesk):
            self.feed(e.Opened())

    @Slot(object)
    def on_card(self, event: object) -> None:
        """A card that was laid while the desk is open."""
        if isinstance(event, CardRead):
            self.feed(e.CardRead(event.card.to_person()))
        elif isinstance(event, CardTrouble):
            self.feed(e.CardTroubled(event.reason.value))

    @Slot(object)
    def on_called(self, reason: Reason) -> None:
        """Somebody at the kiosk wants help."""
        visit = vs.visit_of(self._conductor.state)
        self._calls = [*self._calls, Call(self._clock(), reason, visit.visit_id if visit else "")][-20:]
        self._view.show_calls(len(self._calls))
        if isinstance(self._state, s.Open) and isinstance(self._state.page, s.Board) and self._state.page.place is Place.HOME:
            self._load(Place.HOME, self._state.session)

    @Slot(object)
    def on_stage_moved(self, event: object) -> None:
        """A record went on at the centre (outbox.Moved)."""
        self.feed(e.StageMoved(event.record_id, event.stage, getattr(event, "reason", "")))  # type: ignore[attr-defined]
        self._tally()

    @Slot(object)
    def on_sync_status(self, status: SyncStatus) -> None:
        """The sync looked at itself."""
        self._sync = status
        if isinstance(self._state, s.Open):
            self._tally()
            page = self._state.page
            if isinstance(page, s.Board) and page.place is Place.SYNC:
                self._load(page.place, self._state.session)

    @Slot(object)
    def on_take_view(self, view: object) -> None:
        """What the enrolment's take shows."""
        if self._is_ours(view):
            self._view.show_take(view)

    @Slot(object)
    def on_take_finished(self, outcome: TakeOutcome) -> None:
        """The enrolment's take ended; its probe waits here, and only here, until it is kept or dropped."""
        if not self._is_ours(outcome) or not isinstance(self._state, s.Open) or outcome.practice:
            return
        good = outcome.liveness.passed and outcome.probe is not None
        self._probe = outcome if good else None
        reason = Reason.OK if good else outcome.liveness.reason if not outcome.liveness.passed else Reason.NO_GOOD_FRAME
        self._look(False)
        self.feed(e.TakeEnded(self._state.session.session_id, int(outcome.take_id), reason.value))

    def _is_ours(self, told: object) -> bool:
        page = self._state.page if isinstance(self._state, s.Open) else None
        looks = isinstance(page, s.Enrolling) or (isinstance(page, s.Board) and page.place is Place.MAINTENANCE)
        return looks and getattr(told, "visit_id", "") == self._take_name()

    def _take_name(self) -> str:
        return f"desk-{self._state.session.session_id}" if isinstance(self._state, s.Open) else ""

    # --- the machine

    @Slot(object)
    def feed(self, event: e.Event) -> None:
        """Let one event happen."""
        world = World(self._monotonic(), self._today(), self._sessions + 1, self._settings.desk.sign_out_s, self._glance())
        before = self._state
        self._state, commands = step(before, event, world)
        if isinstance(self._state, s.Open):
            self._sessions = self._state.session.session_id
        if _shown(self._state) != _shown(before):
            self._view.show_state(self._state, self._tallies)
        if isinstance(before, s.Closed) != isinstance(self._state, s.Closed):
            self._ticker.stop() if isinstance(self._state, s.Closed) else self._ticker.start()
        for command in commands:
            self._do(command)
        self.moved.emit(DeskMoved(before, event, self._state, commands))

    def _do(self, command: c.Command) -> None:
        match command:
            case c.PauseVisit():
                self._conductor.pause()
                self._tally()
            case c.ResumeVisit():
                self._look(False)
                self._conductor.resume()
            case c.NoteSignOut(by, automatic):
                self._ask_quietly(lambda store, at: staff.sign_out(store, by.staff_id, at.now, automatic=automatic))
            case c.Load(by, place):
                self._load(place, by)
            case c.TakeVisit():
                self._answer_calls()
                self._conductor.feed(ve.AttendantTookOver())
            case c.AnswerCall():
                self._answer_calls()
            case c.BeginEnrolment(_, take_id):
                self._probe = None
                self._look(True)
                self.begin_take.emit(TakeRequest(self._take_name(), take_id, attended=True))
            case c.EndEnrolment():
                self._probe = None
                self.cancel_take.emit()
                self._look(False)
            case c.NudgeSync():
                self.nudge_sync.emit()
                self._tally()
            case c.SyncNow():
                self.send_now.emit()
            case c.PauseSync(by, on):
                self._paused_sync = on
                self.pause_sync.emit(on)
                self._ask(lambda store, at: work.note_pause(store, by, on, at), lambda error: work.failed(command, error))
            case c.Courier(by, direction, folder):
                settings, run, moved = self._settings.sync, self._store.run, self.stage_moved.emit
                self._do_outside(
                    lambda: work.carry(by, direction, folder, settings, run, moved), lambda error: work.failed(command, error)
                )
            case c.LendHomeVisits() | c.CarryHomeVisits():
                carried, settings, run, at = command, self._settings.sync, self._store.run, self._moment()
                self._do_outside(lambda: desk_home.carry(carried, settings, run, at), lambda error: work.failed(command, error))
            case c.Maintain(by, what):
                self._maintain(by, what)
            case _:
                self._in_store(command)

    def _in_store(self, command: c.Command) -> None:
        """Commands that are a piece of `desk_backend.commands`; two of them need something that only this thread has."""

        def run(store: Store, at: Moment) -> e.Event | None:
            match command:
                case c.KeepTemplate():
                    return work.keep_template(store, command, at, vector, digest)
                case c.Export():
                    return work.export(command, words)
            piece = work.WORK.get(type(command))
            return piece(store, command, at) if piece is not None else None

        vector, digest = self._packed() if isinstance(command, c.KeepTemplate) else (b"", "")
        words = self._problem_words()
        self._ask(run, lambda error: work.failed(command, error))

    def _ask(self, todo: Callable[[Store, Moment], object], on_error: Callable[[BaseException], object]) -> None:
        """Run in the store's thread; the answer comes back by `_answered`, never through the visit's signal."""
        at = self._moment()

        def run(store: Store) -> None:
            self._tell(todo(store, at))

        self._store.ask(run, lambda error: self._tell(on_error(error)))

    def _ask_quietly(self, todo: Callable[[Store, Moment], object]) -> None:
        def silent(store: Store, at: Moment) -> None:
            todo(store, at)

        self._ask(silent, lambda _: None)

    def _tell(self, answer: object) -> None:
        if answer is not None:
            self._answered.emit(answer)

    @Slot(object)
    def _on_answer(self, answer: object) -> None:
        if isinstance(answer, _Checked):
            self._maintenance = replace(self._maintenance, lines=answer.lines, checking=False)
            if isinstance(self._state, s.Open):
                self.feed(e.Loaded(self._state.session.session_id, Place.MAINTENANCE, self._devices()))
        elif isinstance(answer, _Tallied):
            self._tallies = answer.tallies
            if not isinstance(self._state, s.Closed):
                self._view.show_tallies(self._tallies)
        else:
            self.feed(answer)  # type: ignore[arg-type]

    def _answer_calls(self) -> None:
        self._calls = []
        self._view.show_calls(0)
        self._window.show_help_called(False)

    # --- boards

    def _load(self, place: Place, by: s.Session) -> None:
        seen = Seen(tuple(self._calls), self._glance(), self._sync, self._paused_sync, self._devices())
        self._ask(
            lambda store, at: e.Loaded(by.session_id, place, load(store, at, place, seen)),
            lambda error: e.Acted(by.session_id, place, problem=work.code_of(error), data=()),
        )

    def _tally(self) -> None:
        level = self._sync.level.value if self._sync else "ok"
        self._ask(lambda store, at: _Tallied(tallies(store, at, level)), lambda _: None)

    # --- devices

    def _maintain(self, by: s.Session, what: str) -> None:
        if what in ("louder", "quieter"):
            self.wish.emit(requests.VolumeUp() if what == "louder" else requests.VolumeDown())
        elif what in ("camera-on", "camera-off"):
            on = what == "camera-on"
            self._maintenance = replace(self._maintenance, preview=on)
            self._look(on)
            if on:  # a practice round: guidance is shown, nothing is kept
                self.begin_take.emit(TakeRequest(self._take_name(), "preview", practice=True))
            else:
                self.cancel_take.emit()
        elif what == "doctor":
            settings = self._settings
            self._maintenance = replace(self._maintenance, checking=True)
            self._do_outside(lambda: _Checked(work.examine(settings)), lambda _: _Checked(()))
        elif what == "restart":
            self.restart_wanted.emit()
        self.feed(e.Loaded(by.session_id, Place.MAINTENANCE, self._devices()))

    def _devices(self) -> boards.MaintenanceData:
        reader, camera = self._conductor.devices_ready
        return replace(self._maintenance, reader="ready" if reader else "away", camera="ready" if camera else "asleep")

    def _do_outside(self, todo: Callable[[], object], on_error: Callable[[BaseException], object]) -> None:
        """Run something slow that is not the store's, in a thread of its own; the answer comes back by `_answered`."""

        def run() -> None:
            try:
                self._tell(todo())
            except Exception as error:  # whatever it was, the page must get an answer
                log.error("desk work failed", extra={"code": type(error).__name__})
                self._tell(on_error(error))

        self._outside.submit(run)

    def _look(self, on: bool) -> None:
        """Wake the camera and show its picture, or let it be as the visit below wants it."""
        if on:
            self.camera_wanted.emit(True)
            self._frames.start()
        else:
            self._maintenance = replace(self._maintenance, preview=False)
            if self._frames.isActive():
                self.camera_wanted.emit(vs.visit_of(self._conductor.state) is not None)
            self._frames.stop()

    @Slot()
    def _show_frame(self) -> None:
        frame = self._mirror.take()
        if frame is not None:
            self._view.show_frame(frame.image_bgr[:, :, ::-1].copy())

    def _packed(self) -> tuple[bytes, str]:
        from kiosk.face.compare import pack

        if self._probe is None or self._probe.probe is None:
            return b"", ""  # the store refuses it
        return pack(self._probe.probe), self._probe.model_digest

    # --- small things

    @Slot()
    def _tick(self) -> None:
        self.feed(e.TimePassed())
        self._view.tick(self._monotonic(), self._settings.desk.sign_out_s)

    def _moment(self) -> Moment:
        return Moment(self._clock(), self._today(), self._monotonic(), lambda: tuple(str(path) for path in self._sticks()))

    def _today(self) -> date:
        return self._clock().astimezone(self._zone).date()

    def _problem_words(self) -> Callable[[str], str]:
        strings = self._window.strings

        def words(code: str) -> str:
            return (
                strings.text("desk.unit.saved")
                if not code
                else strings.any_of(f"desk.problem.{code}", f"reason.{code}.attendant", "desk.problem.unknown")
            )

        return words

    def _glance(self) -> VisitGlance | None:
        return glance(self._conductor.state, self._window.page_name, self._conductor.counted)


def glance(state: vs.State, page: str, counted: tuple[Counted, ...] = ()) -> VisitGlance | None:
    """Return what the desk may see of a visit, None where there is none."""
    visit = vs.visit_of(state)
    if visit is None or isinstance(state, vs.TakingCard):
        return None
    case = getattr(state, "case", None)
    person = case.person if case is not None else getattr(state, "person", None) or getattr(state, "beneficiary", None)
    reason = getattr(state, "reason", None) if isinstance(state, vs.Referred | vs.Retrying | vs.Answered) else None
    return VisitGlance(visit.visit_id, page, visit.mode.value, visit.tries, person, visit.helper, reason, counted)


def _shown(state: s.State) -> object:
    """What is worth drawing anew: not the time of the last touch."""
    return (state.session.session_id, state.page) if isinstance(state, s.Open) else state


def _find_sticks(folders: Sequence[str]) -> list[Path]:
    return [*(one.path for one in files.find_media() if one.writable), *(path for path in map(resolve, folders) if path.is_dir())]
