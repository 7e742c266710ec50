"""Turns the desk's commands into calls, and answers of store, reader, vision and sync into its events. Thin: it decides nothing.

Built by `app`; lives in the GUI thread. The store's work is in `desk_backend.commands`; the rules of the desk are in `kiosk.desk`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from kiosk.app import desk_media, installation_file
from kiosk.app.desk_camera import DeskCamera
from kiosk.app.desk_papers import DeskPapers
from kiosk.app.desk_photo import DeskPhoto
from kiosk.app.desk_print import DeskPrint
from kiosk.app.desk_work import Answer, Checked, DeskWork, MayMaintain, Tallied, devices
from kiosk.app.visit_controller import VisitController
from kiosk.app.visit_glance import glance
from kiosk.camera.frame import Frame
from kiosk.camera.mailbox import Mailbox
from kiosk.config import Settings
from kiosk.desk import boards_data as boards
from kiosk.desk import commands as c
from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.desk.machine import DeskWorld, step
from kiosk.desk.values import Call, Place, VisitGlance
from kiosk.desk_backend import commands as work
from kiosk.desk_backend import media, people
from kiosk.desk_backend.boards import Seen, load, tallies
from kiosk.desk_backend.moment import Moment
from kiosk.domain.reasons import Reason
from kiosk.domain.take_view import TakeView
from kiosk.idcard_reader.events import CardRead, CardTrouble
from kiosk.liveness.verdict import TakeOutcome
from kiosk.removable.files import Medium
from kiosk.store import outbox
from kiosk.store.desk.quick import card_name
from kiosk.store.worker import StoreWorker
from kiosk.sync.status import SyncStatus
from kiosk.texts import requests
from kiosk.texts.strings import Strings
from kiosk.ui.desk.frame import DeskView
from kiosk.ui.window import KioskWindow
from kiosk.visit import events as ve
from kiosk.visit import states as vs

_TICK_MS = 500
_WITH_MEDIA = (Place.HOME_VISITS, Place.UNIT_LIST, Place.FAIRNESS, Place.SYNC, Place.MAINTENANCE, Place.REMINDERS)


@dataclass(frozen=True, slots=True)
class DeskMoved:
    """The desk went from one state to another (told to the demo and the tests)."""

    before: s.State
    event: e.Event
    after: s.State
    commands: tuple[c.Command, ...]


@dataclass(frozen=True, slots=True)
class Beside:
    """What the desk does besides, by itself."""

    photo: DeskPhoto
    printing: DeskPrint


class DeskController(QObject):
    """The only place where the desk meets store, devices and the visit below."""

    moved = Signal(object)  # DeskMoved
    send_now = Signal()  # -> SyncWorker
    pause_sync = Signal(bool)
    nudge_sync = Signal()
    status_moved = Signal(object)  # outbox.Moved: what a stick brought back
    wish = Signal(object)  # requests.VolumeUp / VolumeDown -> voice
    restart_wanted = Signal()

    def __init__(
        self,
        settings: Settings,
        window: KioskWindow,
        view: DeskView,
        store: StoreWorker,
        visits: VisitController,
        mirror: Mailbox[Frame],
        clock: Callable[[], datetime] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        media_folders: Callable[[], Sequence[Path]] | None = None,
    ) -> None:
        """sticks: where media are looked for instead of those that are mounted (demonstrations and tests: a folder)."""
        super().__init__()
        self._settings, self._window, self._view, self._store = settings, window, view, store
        self._visits = visits
        self._clock, self._monotonic = clock or (lambda: datetime.now(UTC)), monotonic
        self._zone = ZoneInfo(settings.station.timezone)
        self.camera = DeskCamera(view, mirror, lambda: vs.visit_of(visits.state) is not None)
        self.papers = DeskPapers(view, store, self.camera, self.feed, self._today)
        self.beside = Beside(DeskPhoto(self.camera, self.feed), DeskPrint(settings, lambda: window.strings, self.feed))
        self._work = DeskWork(store, self._moment, lambda: media.mounted(settings.desk.stick_folders))
        if media_folders is not None:
            self.use_media_folders(media_folders)
        self._state: s.State = s.Closed()
        self._sessions = 0
        self._calls: list[Call] = []
        self._tallies = boards.Tallies()
        self._sync: SyncStatus | None = None
        self._paused_sync = settings.sync.paused
        self._checks: Checked | None = Checked(())  # None: the doctor is at work
        self._ticker = QTimer(self, interval=_TICK_MS)
        self._ticker.timeout.connect(self._tick)
        self._work.answered.connect(self._on_answer)
        self.status_moved.connect(self.on_status_moved)
        view.sent.connect(self.feed)
        window.service.connect(self.on_service)
        visits.devices.desk_card.connect(self.on_card)
        visits.attendant_called.connect(self.on_called)

    @property
    def view(self) -> DeskView:
        """The desk's widget."""
        return self._view

    @property
    def state(self) -> s.State:
        """The desk's state."""
        return self._state

    def use_media_folders(self, media_folders: Callable[[], Sequence[Path]]) -> None:
        """Look for media another way (demonstrations and tests: a folder)."""
        self._work.mounted = lambda: [Medium(path, writable=True) for path in media_folders()]

    def stop(self) -> None:
        """Stop the clocks and forget a probe."""
        self._ticker.stop()
        self.camera.stop()
        self.papers.stop()
        self.beside.photo.stop()
        self._work.stop()

    # --- events in

    @Slot(object)
    def on_service(self, wish: requests.Request) -> None:
        """The staff's button."""
        if isinstance(wish, requests.OpenDesk):
            self.feed(e.Opened())

    @Slot(object)
    def on_card(self, event: CardRead | CardTrouble) -> None:
        """A card that was laid while the desk is open."""
        match event:
            case CardRead(card=card):
                person = card.to_person()
                if card.photo_rgb:
                    self.beside.photo.chip_photos[person.id_number] = card.photo_rgb
                self.feed(e.CardRead(person, card_name(card.chip_number, card.id_number), bool(card.photo_rgb)))
            case CardTrouble(reason=reason):
                self.feed(e.CardTroubled(reason.value))

    @Slot(object)
    def on_called(self, reason: Reason) -> None:
        """Somebody at the kiosk wants help."""
        visit = vs.visit_of(self._visits.state)
        self._calls = [*self._calls, Call(self._clock(), reason, visit.visit_id if visit else "")][-20:]
        self._view.show_calls(len(self._calls))
        if isinstance(self._state, s.Open) and self._board() is Place.HOME:
            self._load(Place.HOME, self._state.session)

    @Slot(object)
    def on_status_moved(self, moved: outbox.Moved) -> None:
        """A record went on at the centre."""
        self.feed(e.RecordStatusMoved(moved.record_id, moved.stage, moved.reason))
        self._tally()

    @Slot(object)
    def on_sync_status(self, status: SyncStatus) -> None:
        """The sync looked at itself."""
        self._sync = status
        if isinstance(self._state, s.Open):
            self._tally()
            if self._board() is Place.SYNC:
                self._load(Place.SYNC, self._state.session)

    @Slot(object)
    def on_take_view(self, view: TakeView) -> None:
        """What the enrolment's take shows."""
        if self._is_ours(view.visit_id):
            self._view.show_take(view)

    @Slot(object)
    def on_take_finished(self, outcome: TakeOutcome) -> None:
        """The enrolment's take ended; its probe waits with the camera, and only there, until it is kept or dropped."""
        if not self._is_ours(outcome.visit_id) or not isinstance(self._state, s.Open) or outcome.practice:
            return
        reason = self.camera.keep(outcome)
        self.feed(e.TakeEnded(self._state.session.session_id, int(outcome.take_id), reason.value))

    def _is_ours(self, take_name: str) -> bool:
        page = self._state.page if isinstance(self._state, s.Open) else None
        return (isinstance(page, s.Enrolling) or self._board() is Place.MAINTENANCE) and take_name == self._take_name()

    def _take_name(self) -> str:
        return f"desk-{self._state.session.session_id}" if isinstance(self._state, s.Open) else ""

    def _board(self) -> Place | None:
        page = self._state.page if isinstance(self._state, s.Open) else None
        return page.place if isinstance(page, s.Board) else None

    # --- the machine

    @Slot(object)
    def feed(self, event: e.Event) -> None:
        """Let one event happen."""
        world = DeskWorld(self._monotonic(), self._today(), self._sessions + 1, self._settings.desk.sign_out_s, self._glance())
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
                self._visits.pause()
                self._tally()
            case c.ResumeVisit():
                self.beside.photo.forget()
                self.camera.look(False)
                self._visits.resume()
            case c.TakeVisit() | c.VouchVisit():
                self._answer_calls()
                self._visits.feed(ve.AttendantTookOver(command.by.staff_id if isinstance(command, c.VouchVisit) else ""))
            case c.AnswerCall():
                self._answer_calls()
            case c.BeginPhoto():
                self.beside.photo.begin(command)
            case c.BeginEnrolment(_, take_id):
                self.camera.enrol(self._take_name(), take_id)
            case c.EndEnrolment():
                self.beside.photo.end()
                self.camera.end()
            case c.NudgeSync():
                self.nudge_sync.emit()
                self._tally()
            case c.LookAtCamera():
                self.camera.confirmed.emit()
            case c.PrintReminders():
                self.beside.printing.do(command, self._clock().astimezone(self._zone))
            case c.SyncNow():
                self.send_now.emit()
            case c.Load(by, place):
                self._load(place, by)
            case c.Maintain():
                self._work.ask_to_maintain(command)
            case c.LookForMedia(by):
                self._work.look_for_media(by.session_id)
            case c.WatchPapers() | c.ShootPage() | c.KeepPage():
                self.papers.do(command)
            case c.FindPerson(elsewhere=True):
                ask = partial(people.find_elsewhere, command, self._settings.sync, self._store.run, self._moment)
                self._work.outside(ask, lambda error: work.failed(command, error))
            case c.RegisterScan() | c.TakeUnitList() | c.Export() | c.Courier() | c.ExportHomeVisits() | c.CarryHomeVisits():
                self._on_media(command)
            case c.SaveAssisted() if command.form.review:
                self._on_media(command)
            case _:
                self._in_store(command)

    def _in_store(self, command: c.InStore) -> None:
        """Commands that are a piece of work in the store's thread; one of them needs what only this thread has."""
        if isinstance(command, c.PauseSync):
            self._paused_sync = command.on
            self.pause_sync.emit(command.on)
        vector, probe = self.camera.packed() if isinstance(command, c.KeepTemplate) else (b"", None)
        taken = work.Taken(vector, probe.model_digest, probe.origin, probe.quality) if probe is not None else work.Taken()
        self._work.in_store(lambda store, at: work.in_store(store, command, at, taken), lambda error: work.failed(command, error))

    def _on_media(self, command: c.OnMedia | c.SaveAssisted) -> None:
        """Commands that read or write removable media, which take their time."""
        words, here = _problem_words(self._window.strings), self._clock().astimezone(self._zone)
        given = desk_media.Given(self._settings, self._store.run, self._moment, self.status_moved.emit, words, here)
        self._work.outside(lambda: desk_media.work(command, given), lambda error: work.failed(command, error))

    @Slot(object)
    def _on_answer(self, answer: Answer) -> None:
        match answer:
            case Checked():
                self._checks = answer
                if isinstance(self._state, s.Open):
                    self.feed(e.Loaded(self._state.session.session_id, Place.MAINTENANCE, self._devices()))
            case MayMaintain(c.Maintain(by, what)):
                self._maintain(by, what)
            case Tallied():
                self._tallies = answer.tallies
                if not isinstance(self._state, s.Closed):
                    self._view.show_tallies(self._tallies)
            case _:
                self.feed(answer)

    def _answer_calls(self) -> None:
        self._calls = []
        self._view.show_calls(0)
        self._window.show_help_called(False)

    # --- boards

    def _load(self, place: Place, by: s.Session) -> None:
        seen = Seen(tuple(self._calls), self._glance(), self._sync, self._paused_sync, self._devices(), self.camera.drowned)
        self._work.in_store(
            lambda store, at: e.Loaded(by.session_id, place, load(store, at, place, seen)),
            lambda error: e.Acted(by.session_id, place, problem=work.code_of(error), data=()),
        )
        if place in _WITH_MEDIA:
            self._work.look_for_media(by.session_id)

    def _tally(self) -> None:
        level = self._sync.level.value if self._sync else "ok"
        self._work.in_store(lambda store, at: Tallied(tallies(store, at, level)), lambda _: None)

    # --- devices

    def _maintain(self, by: s.Session, what: str) -> None:
        match what:
            case "louder":
                self.wish.emit(requests.VolumeUp())
            case "quieter":
                self.wish.emit(requests.VolumeDown())
            case "camera-on":
                self.camera.preview(self._take_name())
            case "camera-off":
                self.camera.end()
            case "doctor":
                settings, self._checks = self._settings, None
                self._work.outside(lambda: Checked(work.examine(settings)), lambda _: Checked(()))
            case "restart" | "install":  # the set-up has the devices for itself: the kiosk starts anew into it
                if what == "restart" or installation_file.wish(self._settings):
                    self.restart_wanted.emit()
        self.feed(e.Loaded(by.session_id, Place.MAINTENANCE, self._devices()))

    def _devices(self) -> boards.MaintenanceData:
        return devices(*self._visits.devices.ready, self._checks, self._work.media, preview=self.camera.previewing)

    @Slot()
    def _tick(self) -> None:
        self.feed(e.TimePassed())
        self._view.tick(self._monotonic(), self._settings.desk.sign_out_s)

    def _moment(self) -> Moment:
        return Moment(self._clock(), self._today(), self._monotonic())

    def _today(self) -> date:
        return self._clock().astimezone(self._zone).date()

    def _glance(self) -> VisitGlance | None:
        visit = self._visits
        return glance(visit.state, self._window.page_name, visit.counted, camera=visit.devices.ready[1])


def _shown(state: s.State) -> object:
    """What is worth drawing anew: not the time of the last touch."""
    return (state.session.session_id, state.page) if isinstance(state, s.Open) else state


def _problem_words(strings: Strings) -> Callable[[str], str]:
    def words(code: str) -> str:
        return (
            strings.text("desk.unit.saved")
            if not code
            else strings.any_of(f"desk.problem.{code}", f"reason.{code}.attendant", "desk.problem.unknown")
        )

    return words
