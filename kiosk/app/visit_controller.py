"""Turns the visit's commands into calls, and lets its events happen. Thin: it decides nothing itself.

Built by `app`; lives in the GUI thread. Everything slow runs in a worker; whatever comes back late is dropped by the machine,
because each answer names the visit (and take) it belongs to.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from kiosk.app.elsewhere_worker import ElsewhereWorker
from kiosk.app.visit_devices import VisitDevices
from kiosk.app.visit_memory import VisitMemory
from kiosk.app.visit_records import SavedVisit, VisitRecords
from kiosk.app.visit_showing import VisitShowing
from kiosk.camera.frame import Frame
from kiosk.camera.mailbox import Mailbox
from kiosk.config import Settings
from kiosk.domain.fairness import Counted
from kiosk.domain.reasons import Reason
from kiosk.domain.record import Outcome
from kiosk.liveness.worker import TakeRequest
from kiosk.printer.worker import PrintDone
from kiosk.store.worker import StoreWorker
from kiosk.texts import requests
from kiosk.ui.window import KioskWindow
from kiosk.visit import commands as c
from kiosk.visit import events as e
from kiosk.visit import presence as p
from kiosk.visit import states as s
from kiosk.visit.machine import World, step

_TICK_MS = 250


@dataclass(frozen=True, slots=True)
class VisitMoved:
    """The visit went from one state to another (told to the desk, the demo and the tests)."""

    before: s.State
    event: e.Event
    after: s.State
    commands: tuple[c.Command, ...]


class VisitController(QObject):
    """The only place where the visit meets the devices."""

    moved = Signal(object)  # VisitMoved
    saved = Signal(object)  # (record_ids, Outcome, Reason) after a save
    begin_take = Signal(object)  # -> VisionWorker
    swap_action = Signal()
    cancel_take = Signal()
    begin_scan = Signal(str)  # -> ScanWorker
    begin_code = Signal(str)  # -> CodeWorker
    cancel_scan = Signal()  # -> both
    watch_presence = Signal(bool)  # look whether somebody is there, outside a take
    vision_wanted = Signal(bool)  # keep the face models loaded, or let them go
    camera_wanted = Signal(bool)  # wake the camera, or let it sleep
    say = Signal(object)  # list of catalogue keys -> voice
    hush = Signal()
    print_slip = Signal(str, object)  # visit id, Slip -> PrintWorker
    nudge_sync = Signal()
    attendant_called = Signal(object)  # Reason

    def __init__(
        self,
        settings: Settings,
        window: KioskWindow,
        store: StoreWorker,
        mirror: Mailbox[Frame],
        clock: Callable[[], datetime] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._settings, self._window = settings, window
        self._monotonic = monotonic
        self._records = VisitRecords(settings, store, clock, monotonic)
        self._memory = VisitMemory()
        self._showing = VisitShowing(settings, window, mirror, monotonic)
        self._showing.setParent(self)
        self._showing.say.connect(self.say)
        self._showing.hush.connect(self.hush)
        self._showing.spoke.connect(self._on_spoke)
        self._state: s.State = s.Idle()
        self.devices = VisitDevices(window, self._memory, self._showing, lambda: self._state, lambda: self._paused)
        self.devices.setParent(self)
        self.devices.told.connect(self.feed)
        self.devices.noticed.connect(self._presently)
        ui = settings.ui
        times = p.Times(
            ui.idle_timeout_s,
            ui.idle_countdown_s,
            ui.result_timeout_s,
            ui.walk_away_s,
            ui.take_card_reminder_s,
            ui.stay_timeout_s,
            ui.call_again_s,
        )
        self._presence = p.start(times, monotonic())
        self._stopped = False
        self._ticker = QTimer(self)
        self._ticker.setInterval(_TICK_MS)
        self._ticker.timeout.connect(self._tick)
        window.touched.connect(self.on_touched)
        window.service.connect(self.on_service)
        store.answered.connect(self.on_store_answered)
        self.elsewhere = ElsewhereWorker()
        self.elsewhere.answered.connect(self.on_store_answered)

    # --- life

    @property
    def state(self) -> s.State:
        """The visit's state."""
        return self._state

    @property
    def at(self) -> str:
        """Where somebody is: "desk", "visit", or "idle" for nobody."""
        return "desk" if self._paused else "idle" if s.visit_of(self._state) is None else "visit"

    @property
    def counted(self) -> tuple[Counted, ...]:
        """The takes of this visit as the fairness ledger counts them: the attendant's word may put their glasses right.

        A running take is among them as it will be counted when the attendant takes over.
        """
        state, counted = self._state, self._memory.counted
        if not isinstance(state, s.Acting) or state.practice:
            return counted
        return *counted, self._memory.count(state.case, Outcome.FAILED, Reason.CANCELLED, self._records.today())

    def start(self) -> None:
        """Show the first page and start the clocks."""
        self._window.show_state(self._state)
        self._ticker.start()

    def stop(self) -> None:
        """Stop the clocks, wipe whatever is held of a visit, and take in nothing more: the window may be gone."""
        self._stopped = True
        self._ticker.stop()
        self.elsewhere.stop()
        self._showing.stop()
        self._wipe()

    def pause(self) -> None:
        """The desk is open above the visit: no time runs out, nothing is said, a running take waits, new cards are the desk's."""
        self.hush.emit()
        self._presently(p.DeskOpened())

    def resume(self) -> None:
        """The desk is closed: the visit goes on exactly where it was."""
        self.camera_wanted.emit(s.visit_of(self._state) is not None)
        self._presently(p.DeskClosed())

    # --- events in

    @Slot(object)
    def on_touched(self, event: e.Event | requests.PrintSlip) -> None:
        """A touch on a page."""
        self._somebody_is_here()
        if isinstance(event, requests.PrintSlip):
            if isinstance(self._state, s.Finished | s.ReviewSent):
                slip = self._showing.make_slip(self._state, self._records.local())
                self.print_slip.emit(self._state.case.visit.visit_id, slip)
            return
        if isinstance(event, e.SwapTouched | e.BackTouched | e.CancelTouched):
            self.hush.emit()
        self.feed(event)

    @Slot(object)
    def on_service(self, wish: requests.Request) -> None:
        """A wish of the window that is no step of the visit."""
        self._somebody_is_here()
        if isinstance(wish, requests.Replay):
            self._showing.speak()
        elif isinstance(wish, requests.Say) and not self._paused:
            self._showing.say_keys(list(wish.keys))

    @Slot(object)
    def on_store_answered(self, answer: e.Event | SavedVisit) -> None:
        """An answer of the store is an event of the visit, or a finished save."""
        if isinstance(answer, SavedVisit):
            self.saved.emit((answer.event.record_ids, answer.outcome, answer.reason))
            self.feed(answer.event)
        else:
            self.feed(answer)

    @Slot(object)
    def on_status_moved(self, event: e.RecordStatusMoved) -> None:
        """The sync moved a record's stage."""
        self.feed(event)

    def on_frozen(self, frozen: bool, why: Reason = Reason.SELF_SERVICE_FROZEN) -> None:
        """Self-service stops (after the visit under way), attended work goes on: the bureau was long out of reach, or said so."""
        self._presently(p.FreezeTold(frozen, why))

    # --- the machine

    def feed(self, event: e.Event) -> None:
        """Let one event happen; none after stop()."""
        if self._stopped:
            return
        world = World(
            uuid.uuid4().hex,
            self.devices.reader_ready,
            self.devices.camera_ready,
            self._settings.liveness.tries_per_visit,
            self._records.answer_by(),
            self._records.visits_born_by(),
        )
        before = self._state
        self._state, commands = step(before, event, world)
        if self._state != before:
            self._entered(before)
        self.moved.emit(VisitMoved(before, event, self._state, commands))
        for command in commands:
            self._do(command)
        self._presently(p.Settled())

    def _entered(self, before: s.State) -> None:
        state = self._state
        page_before = self._window.page_name
        self._showing.enter(before, state)
        self._presently(p.Changed(before, state))
        if s.visit_of(before) is None and s.visit_of(state) is not None:
            self.camera_wanted.emit(True)
        if s.visit_of(state) is None:
            self.camera_wanted.emit(False)
        scanning = isinstance(state, s.ScanningCard)  # a card held up hides its holder's face
        self.vision_wanted.emit(not scanning)
        self.watch_presence.emit(s.visit_of(state) is not None and not scanning and not isinstance(state, s.Acting))
        if self._window.page_name != page_before or type(state) is not type(before) or s.stays(state):
            self._showing.speak()

    def _do(self, command: c.Command) -> None:
        match command:
            case c.LookUp(visit_id, person, mode):
                self._records.look_up(visit_id, person, mode.value, self.devices.encoder_digest)
            case c.AskElsewhere(visit_id, person, mode):
                self.elsewhere.ask(self._records.asked_elsewhere(visit_id, person, mode.value, self.devices.encoder_digest))
            case c.OfferNames(visit_id, id_number):
                self._records.offer_names(visit_id, id_number)
            case c.BeginScan(visit_id, code):
                (self.begin_code if code else self.begin_scan).emit(visit_id)
            case c.CancelScan():
                self.cancel_scan.emit()
            case c.BeginTake(visit_id, take_id, practice, attended):
                self._memory.begin_take()
                self._showing.begin_take()
                state = self._state
                photo = self._memory.chip_photos.get(state.case.person.id_number, b"") if isinstance(state, s.Acting) else b""
                shines = self._showing.shines
                request = TakeRequest(visit_id, take_id, practice, attended=attended, shines=shines, chip_photo=photo)
                self.begin_take.emit(request)
            case c.SwapAction():
                self.swap_action.emit()
            case c.CancelTake():
                self.cancel_take.emit()
            case c.MatchFace(case):
                self.feed(e.FaceMatched(case.visit.visit_id, self._memory.compare(case, self._settings.match)))
            case c.SaveAttempt(case, outcome, reason):
                self._records.save(case, outcome, reason, self._memory)
            case c.AskForReview(case, answer_by):
                self._records.ask_for_review(case, answer_by, self._memory)
            case c.BookHomeVisit(visit_id, person_id):
                self._records.book_home_visit(visit_id, person_id)
            case c.NoteRefusal(visit_id, reason):
                self._records.note_refusal(visit_id, reason)
            case c.NudgeSync():
                self.nudge_sync.emit()
            case c.CallAttendant(reason):
                self._window.show_help_called(True)
                self.attendant_called.emit(reason)
                visit = s.visit_of(self._state)
                self._records.journal("attendant-called", {"reason": reason.value, "visit": visit.visit_id if visit else ""})
            case c.EndVisit(visit_id):
                self.elsewhere.over()
                self._records.visit_over(visit_id)
                self._wipe()
            case _:
                assert_never(command)

    @Slot(object)
    def on_printed(self, done: PrintDone) -> None:
        """A slip came out, or not; the result stands all the same."""
        visit = s.visit_of(self._state)
        if visit is not None and visit.visit_id == done.visit_id:
            self._showing.show_printed(done.reason)

    def _wipe(self) -> None:
        self._memory.wipe()
        self._showing.wipe()

    # --- time

    @property
    def _paused(self) -> bool:
        return self._presence.desk_open

    def _somebody_is_here(self) -> None:
        self._presently(p.Acted())

    @Slot()
    def _tick(self) -> None:
        self._presently(p.Ticked())

    def _presently(self, event: p.Event) -> None:
        """Let presence take in an event, and do what it wishes."""
        self._presence, wishes = p.step(self._presence, event, self._monotonic())
        self._showing.silent = self._paused
        for wish in wishes:
            match wish:
                case p.Tell(told):
                    self.feed(told)
                case p.Speak():
                    self._showing.speak()
                case p.ShowCountdown(left_s):
                    self._window.show_countdown(left_s)
                case p.Journal(kind, code):
                    self._records.journal(kind, {"code": code})
                case _:
                    assert_never(wish)

    @Slot()
    def _on_spoke(self) -> None:
        self._presently(p.Spoke())
