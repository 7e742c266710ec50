"""Turns the visit's commands into calls, and answers of devices and services into its events. Thin: it decides nothing itself.

Built by `app`; lives in the GUI thread. Everything slow runs in a worker; whatever comes back late is dropped by the machine,
because each answer names the visit (and take) it belongs to.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import assert_never
from zoneinfo import ZoneInfo

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from kiosk.camera.frame import Frame
from kiosk.camera.mailbox import Mailbox
from kiosk.camera.worker import CameraDown, CameraUp
from kiosk.config import Settings
from kiosk.domain.fairness import Counted, Watched, failed_at
from kiosk.domain.outcome import Glasses, MatchResult
from kiosk.domain.reasons import Reason
from kiosk.domain.record import Outcome
from kiosk.domain.take_view import ScanView, TakeView
from kiosk.idcard_reader.events import CardArrived, CardRead, CardRemoved, CardTrouble, ReaderGone, ReaderReady
from kiosk.liveness.verdict import TakeOutcome
from kiosk.liveness.worker import TakeRequest
from kiosk.ocr.worker import ScanDone, ScanFailed
from kiosk.printer.slip import make_slip
from kiosk.printer.worker import PrintDone
from kiosk.store import clock, ledger, records, service
from kiosk.store.engine import journal
from kiosk.store.engine.database import Store
from kiosk.store.roster import lookup as roster
from kiosk.store.worker import StoreWorker
from kiosk.texts import requests
from kiosk.ui.prompts import prompt_for
from kiosk.ui.spoken.guide import CameraGuide
from kiosk.ui.window import KioskWindow
from kiosk.visit import commands as c
from kiosk.visit import events as e
from kiosk.visit import presence as p
from kiosk.visit import states as s
from kiosk.visit.machine import World, step
from kiosk.visit.recording import records_of

log = logging.getLogger(__name__)

_TICK_MS = 250
_FRAME_MS = 33


@dataclass(frozen=True, slots=True)
class Moved:
    """The visit went from one state to another (told to the desk, the demo and the tests)."""

    before: s.State
    event: e.Event
    after: s.State
    commands: tuple[c.Command, ...]


class VisitController(QObject):
    """The only place where the visit meets the devices."""

    moved = Signal(object)  # Moved
    saved = Signal(object)  # (record_ids, Outcome, Reason) after a save
    begin_take = Signal(object)  # -> VisionWorker
    swap_action = Signal()
    cancel_take = Signal()
    begin_scan = Signal(str)  # -> ScanWorker
    cancel_scan = Signal()
    watch_presence = Signal(bool)  # look whether somebody is there, outside a take
    vision_wanted = Signal(bool)  # keep the face models loaded, or let them go
    camera_wanted = Signal(bool)  # wake the camera, or let it sleep
    say = Signal(object)  # list of catalogue keys -> voice
    hush = Signal()
    print_slip = Signal(str, object)  # visit id, Slip -> PrintWorker
    nudge_sync = Signal()
    attendant_called = Signal(object)  # Reason
    desk_card = Signal(object)  # card events that belong to the desk, because it was open when the card was laid

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
        self._settings, self._window, self._store, self._mirror = settings, window, store, mirror
        self._clock = clock or (lambda: datetime.now(UTC))
        self._monotonic = monotonic
        self._zone = ZoneInfo(settings.station.timezone)
        self._state: s.State = s.Idle()
        self._reader_ready = False
        self._camera_ready = False
        self._take: TakeOutcome | None = None  # of this visit; wiped with it
        self._match: MatchResult | None = None
        self._chip_photos: dict[str, bytes] = {}  # of this visit's cards, by number
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
        self._shown_view: TakeView | None = None
        self._scan_hint: object = None
        self._guide = CameraGuide()  # of this take, for somebody who does not see it
        self._watched = Watched()  # of this take, for the fairness ledger
        self._counted: tuple[Counted, ...] = ()  # of this visit
        self._encoder_digest = ""
        self._card_is_desks = False
        self._ticker = QTimer(self)
        self._ticker.setInterval(_TICK_MS)
        self._ticker.timeout.connect(self._tick)
        self._frames = QTimer(self)
        self._frames.setInterval(_FRAME_MS)
        self._frames.timeout.connect(self._show_frame)
        window.touched.connect(self.on_touched)
        window.service.connect(self.on_service)
        store.answered.connect(self.on_store_answered)

    # --- life

    @property
    def state(self) -> s.State:
        """The visit's state."""
        return self._state

    @property
    def devices_ready(self) -> tuple[bool, bool]:
        """Whether the reader answers, and whether the camera delivers pictures (it sleeps between visits)."""
        return self._reader_ready, self._camera_ready

    @property
    def counted(self) -> tuple[Counted, ...]:
        """The takes of this visit as the fairness ledger counts them: the attendant's word may put their glasses right.

        A running take is among them as it will be counted when the attendant takes over.
        """
        state = self._state
        if not isinstance(state, s.Acting) or state.practice:
            return self._counted
        return *self._counted, self._count(state.case, Outcome.FAILED, Reason.CANCELLED)

    def start(self) -> None:
        """Show the first page and start the clocks."""
        self._window.show_state(self._state)
        self._ticker.start()

    def stop(self) -> None:
        """Stop the clocks and wipe whatever is held of a visit."""
        self._ticker.stop()
        self._frames.stop()
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
    def on_touched(self, event: e.Event) -> None:
        """A touch on a page."""
        self._somebody_is_here()
        if isinstance(event, requests.PrintSlip):
            self._print()
            return
        if isinstance(event, e.SwapTouched | e.BackTouched | e.CancelTouched):
            self.hush.emit()
        self.feed(event)

    @Slot(object)
    def on_service(self, wish: object) -> None:
        """A wish of the window that is no step of the visit."""
        self._somebody_is_here()
        if isinstance(wish, requests.Replay):
            self._speak()
        elif isinstance(wish, requests.Say) and not self._paused:
            self._say(list(wish.keys))

    @Slot(object)
    def on_reader(self, event: object) -> None:
        """An event of the card reader. A card belongs, until it is lifted, to whom it was laid for: the visit or the desk."""
        if isinstance(event, CardArrived):
            self._card_is_desks = self._paused
        if self._card_is_desks and isinstance(event, CardArrived | CardRead | CardTrouble | CardRemoved):
            self._card_is_desks = not isinstance(event, CardRemoved)
            self.desk_card.emit(event)
            return
        match event:
            case ReaderReady():
                self._reader_ready = True
                self.feed(e.ReaderCameUp())
            case ReaderGone(reason):
                self._reader_ready = False
                self.feed(e.ReaderWentDown(reason))
            case CardArrived():
                self._somebody_is_here()
                self.feed(e.CardLaid())
            case CardRead(card):
                self._somebody_is_here()
                person = card.to_person()
                if card.photo_rgb:
                    self._chip_photos[person.id_number] = card.photo_rgb
                self.feed(e.CardWasRead(person))
            case CardTrouble(reason, _, _):
                self._somebody_is_here()
                self.feed(e.CardTroubled(reason))
            case CardRemoved():
                self.feed(e.CardTaken())

    @Slot(object)
    def on_camera(self, status: object) -> None:
        """The camera came or went."""
        if isinstance(status, CameraUp) and not self._camera_ready:
            self._camera_ready = True
            if not self._paused:
                self.feed(e.CameraCameUp())
        elif isinstance(status, CameraDown) and self._camera_ready:
            self._camera_ready = False
            self.feed(e.CameraWentDown())

    @Slot()
    def on_stirred(self) -> None:
        """Somebody may be coming near the idle kiosk: invite them, aloud, now and then."""
        self._window.page.somebody_near()
        self._presently(p.Stirred())

    @Slot(object)
    def on_take_view(self, view: TakeView) -> None:
        """What the running take shows; a payload for one page."""
        if isinstance(self._state, s.Acting) and not self._paused:
            before = prompt_for(self._state, self._shown_view)
            self._shown_view = view
            self._presently(p.TakeShown(view.guidance is None))
            self._window.show_take(view)
            self._watched = self._watched.after(view.guidance, view.phase, view.action)
            if self._window.spoken.on:
                self._guide_by_ear(view)
                return
            now = prompt_for(self._state, view)
            if now and now != before:
                self._speak()

    def _guide_by_ear(self, view: TakeView) -> None:
        said = self._guide.step(self._monotonic(), view, view.box)
        if said:
            self._say(said)

    @Slot(object)
    def on_scan_view(self, view: ScanView) -> None:
        """What the running scan shows; each new hint is spoken."""
        if isinstance(self._state, s.ScanningCard) and view.visit_id == self._state.visit.visit_id and not self._paused:
            self._window.show_scan(view)
            if view.guidance != self._scan_hint:
                self._scan_hint = view.guidance
                self._somebody_is_here()
                self.hush.emit()
                self.say.emit([f"ocr.guidance.{view.guidance}.say"])

    @Slot(object)
    def on_scan_done(self, done: ScanDone) -> None:
        """A card was read from pictures."""
        self._somebody_is_here()
        self.feed(e.CardScanned(done.visit_id, done.person))

    @Slot(object)
    def on_scan_failed(self, failed: ScanFailed) -> None:
        """The scan ended without a person."""
        self.feed(e.ScanEnded(failed.visit_id, failed.reason))

    @Slot(object)
    def on_take_finished(self, outcome: TakeOutcome) -> None:
        """A take ended; its probe is kept for the match of this visit only."""
        state = self._state
        if not isinstance(state, s.Acting) or (outcome.visit_id, outcome.take_id) != (state.case.visit.visit_id, state.take_id):
            return
        self._somebody_is_here()
        self._take = outcome
        self._encoder_digest = outcome.model_digest or self._encoder_digest
        result = outcome.liveness
        missed = next((done.action for done in result.actions if done.seen_at_s is None), None)
        self.feed(e.TakeEnded(outcome.visit_id, state.take_id, result.passed, result.reason, missed))

    @Slot(object)
    def on_presence(self, present: bool) -> None:
        """A look: somebody stands before the camera, or nobody."""
        if present:
            self._presently(p.FaceSeen())

    @Slot(object)
    def on_vision_failed(self, reason: Reason) -> None:
        """The vision broke and is being rebuilt."""
        self._presently(p.VisionFailed(str(reason)))

    @Slot(object)
    def on_vision_ready(self, _digest: str) -> None:
        """The vision works."""
        self._presently(p.VisionReady())

    @Slot(object)
    def on_store_answered(self, answer: e.Event | _Saved) -> None:
        """An answer of the store is an event of the visit, or a finished save."""
        if isinstance(answer, _Saved):
            self.saved.emit((answer.event.record_ids, answer.outcome, answer.reason))
            self.feed(answer.event)
        else:
            self.feed(answer)

    @Slot(object)
    def on_stage_moved(self, event: e.StageMoved) -> None:
        """The sync moved a record's stage."""
        self.feed(event)

    @Slot(object)
    def on_model_digest(self, digest: str) -> None:
        """The encoder is loaded: templates of other models are refused from now on."""
        self._encoder_digest = digest

    def on_frozen(self, frozen: bool, why: Reason = Reason.SELF_SERVICE_FROZEN) -> None:
        """Self-service stops (after the visit under way), attended work goes on: the bureau was long out of reach, or said so."""
        self._presently(p.FreezeTold(frozen, why))

    # --- the machine

    def feed(self, event: e.Event) -> None:
        """Let one event happen."""
        world = World(uuid.uuid4().hex, self._reader_ready, self._camera_ready, self._settings.liveness.tries_per_visit)
        before = self._state
        self._state, commands = step(before, event, world)
        if self._state != before:
            self._entered(before)
        self.moved.emit(Moved(before, event, self._state, commands))
        for command in commands:
            self._do(command)
        self._presently(p.Settled())

    def _entered(self, before: s.State) -> None:
        state = self._state
        page_before = self._window.page_name
        if not isinstance(state, s.Acting) or not isinstance(before, s.Acting) or state.take_id != before.take_id:
            self._shown_view = None
        self._window.show_state(state)
        if isinstance(state, s.Acting | s.ScanningCard):
            self._frames.start()
        else:
            self._frames.stop()
            self._mirror.clear()
        self._presently(p.Changed(before, state))
        if s.visit_of(before) is None and s.visit_of(state) is not None:
            self.camera_wanted.emit(True)
        if s.visit_of(state) is None:
            self.camera_wanted.emit(False)
        scanning = isinstance(state, s.ScanningCard)  # a card held up hides its holder's face
        self.vision_wanted.emit(not scanning)
        self.watch_presence.emit(s.visit_of(state) is not None and not scanning and not isinstance(state, s.Acting))
        if self._window.page_name != page_before or type(state) is not type(before) or s.stays(state):
            self._speak()

    def _do(self, command: c.Command) -> None:
        match command:
            case c.LookUp(visit_id, person, mode):
                today, now, digest = self._today(), self._clock(), self._encoder_digest
                self._store.ask(
                    lambda store: _looked_up(
                        visit_id, person.id_number, service.look_up(store, person, today, mode.value, now=now, model_digest=digest)
                    ),
                    lambda _: e.LookedUp(visit_id, person.id_number, Reason.STORE_ERROR),
                )
            case c.OfferNames(visit_id, id_number):
                self._store.ask(
                    lambda store: e.NamesOffered(visit_id, id_number, service.names_to_choose(store, id_number)),
                    lambda _: e.NamesOffered(visit_id, id_number, (), Reason.STORE_ERROR),
                )
            case c.BeginScan(visit_id):
                self.begin_scan.emit(visit_id)
            case c.CancelScan():
                self.cancel_scan.emit()
            case c.BeginTake(visit_id, take_id, practice):
                self._take, self._match = None, None
                self._watched, self._guide = Watched(), CameraGuide()
                state = self._state
                photo = self._chip_photos.get(state.case.person.id_number, b"") if isinstance(state, s.Acting) else b""
                self.begin_take.emit(TakeRequest(visit_id, take_id, practice, chip_photo=photo))
            case c.SwapAction():
                self.swap_action.emit()
            case c.CancelTake():
                self.cancel_take.emit()
            case c.MatchFace(case):
                self.feed(e.FaceMatched(case.visit.visit_id, self._compare(case)))
            case c.SaveAttempt(case, outcome, reason):
                self._save(case, outcome, reason)
            case c.NoteRefusal(visit_id, reason):
                now = self._clock()
                self._store.ask(lambda store: service.note_refusal(store, visit_id, reason.value, now))
            case c.NudgeSync():
                self.nudge_sync.emit()
            case c.CallAttendant(reason):
                self._window.show_help_called(True)
                self.attendant_called.emit(reason)
                self._note("attendant-called", reason)
            case c.EndVisit():
                self._wipe()
            case _:
                assert_never(command)

    def _compare(self, case: s.Case) -> Reason:
        take = self._take
        if take is None or take.probe is None or case.entry.template is None:
            return Reason.NO_GOOD_FRAME
        from kiosk.face.compare import compare_with_chip

        self._match = compare_with_chip(
            take.probe, case.entry.template, take.chip_reference, self._settings.match, take.model_digest, take.frames_used
        )
        return self._match.reason

    def _save(self, case: s.Case, outcome: Outcome, reason: Reason) -> None:
        visit_id, now, monotonic_s = case.visit.visit_id, self._clock(), self._monotonic()
        liveness = self._take.liveness if self._take is not None else None
        match = self._match

        def work(store: Store) -> object:
            evidence = clock.evidence(store, now, monotonic_s)
            made = records_of(
                case, outcome, reason, evidence, self._settings.station.station_id, roster.version(store), liveness, match
            )
            ids = records.save_visit(store, made, now)
            stale = roster.is_stale(store, now)
            return _Saved(e.RecordsSaved(visit_id, ids, stale), outcome, reason)

        self._store.ask(work, lambda _: e.SaveFailed(visit_id))
        self._note_fairness(case, outcome, reason)

    def _note_fairness(self, case: s.Case, outcome: Outcome, reason: Reason) -> None:
        """Count whom the machine fails, not who. Apart from the save, which must not fail by it."""
        one = self._count(case, outcome, reason)
        self._counted = (*self._counted, one)

        def work(store: Store) -> None:
            ledger.count(store, one)

        self._store.ask(work)

    def _count(self, case: s.Case, outcome: Outcome, reason: Reason) -> Counted:
        take, today = self._take, self._today()
        actions = take.liveness.actions if take is not None else ()
        return Counted(
            today,
            ledger.age_band(case.entry.born, today),
            take.glasses if take is not None else Glasses.UNKNOWN,
            self._watched.light,
            failed_at(outcome, reason, self._watched, actions, self._match is not None),
            outcome.value,
            reason.value,
        )

    def _print(self) -> None:
        state = self._state
        if not isinstance(state, s.Finished):
            return
        station = self._settings.station
        slip = make_slip(
            self._window.strings,
            name=state.case.person.name,
            stage=state.stage,
            record_id=state.record_ids[0],
            station=station.name,
            hotline=station.hotline,
            printed_at=self._clock().astimezone(self._zone),
            next_from=state.next_from,
            next_to=state.next_to,
        )
        self._window.show_banner("slip.printing")
        self.print_slip.emit(state.case.visit.visit_id, slip)

    @Slot(object)
    def on_printed(self, done: PrintDone) -> None:
        """A slip came out, or not; the result stands all the same."""
        visit = s.visit_of(self._state)
        if visit is not None and visit.visit_id == done.visit_id:
            self._window.show_banner("slip.printed_done" if done.reason is Reason.OK else f"reason.{done.reason.value}.title")

    def _note(self, kind: str, reason: Reason) -> None:
        visit, now = s.visit_of(self._state), self._clock()
        data = {"reason": reason.value, "visit": visit.visit_id if visit else ""}

        def work(store: Store) -> None:
            journal.note(store, kind, data, now)

        self._store.ask(work)

    def _journal(self, kind: str, code: str) -> None:
        now = self._clock()

        def work(store: Store) -> None:
            journal.note(store, kind, {"code": code}, now)

        self._store.ask(work)

    def _wipe(self) -> None:
        self._take, self._match = None, None
        self._watched, self._counted = Watched(), ()
        self._chip_photos.clear()
        self._shown_view = None
        self._mirror.clear()
        self._window.show_help_called(False)
        self._window.show_banner(None)
        self.hush.emit()

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
        for wish in wishes:
            match wish:
                case p.Tell(told):
                    self.feed(told)
                case p.Speak():
                    self._speak()
                case p.ShowCountdown(left_s):
                    self._window.show_countdown(left_s)
                case p.Journal(kind, code):
                    self._journal(kind, code)
                case _:
                    assert_never(wish)

    @Slot()
    def _show_frame(self) -> None:
        frame = self._mirror.take()
        if frame is not None:
            # A copy in the order Qt wants; the camera reuses its buffer.
            self._window.show_frame(frame.image_bgr[:, :, ::-1].copy())

    def _speak(self) -> None:
        if self._paused:
            return
        self._say(self._window.spoken_key())

    def _say(self, keys: list[str]) -> None:
        self._presently(p.Spoke())
        self.hush.emit()
        if keys:
            self.say.emit(keys)

    def _today(self) -> date:
        return self._clock().astimezone(self._zone).date()


def _looked_up(visit_id: str, id_number: str, found: service.LookUp) -> e.LookedUp:
    return e.LookedUp(
        visit_id, id_number, found.reason, found.entry, found.eligibilities, found.stages, found.returned_reason, found.roster_stale
    )


@dataclass(frozen=True, slots=True)
class _Saved:
    event: e.RecordsSaved
    outcome: Outcome
    reason: Reason
