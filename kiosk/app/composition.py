"""Composition root: builds, wires, starts and stops everything. Called by `kiosk run` and `kiosk demo`.

The first page is shown before any model, camera or port is touched: heavy imports and weights load in the workers' threads.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from PySide6.QtCore import QObject, QThread, QTimer, Signal, Slot
from PySide6.QtWidgets import QApplication

from kiosk import models
from kiosk.app import installation_file, watchdog
from kiosk.app.camera_guard import CameraGuard
from kiosk.app.code_lookup import CodeLookup
from kiosk.app.code_worker import CodeWorker, Scans
from kiosk.app.crash_hooks import CrashHooks
from kiosk.app.desk_controller import DeskController
from kiosk.app.housekeeping import Housekeeping
from kiosk.app.visit_controller import VisitController
from kiosk.camera.frame import Frame
from kiosk.camera.mailbox import Mailbox
from kiosk.camera.worker import CameraWorker
from kiosk.config import Settings, resolve
from kiosk.domain.reasons import Reason
from kiosk.errors import KioskError
from kiosk.idcard_reader.worker import ReaderWorker
from kiosk.liveness.worker import ENCODER, VisionWorker
from kiosk.microphone.ear import Ear
from kiosk.microphone.recogniser import ProcessRecogniser
from kiosk.microphone.source import open_source
from kiosk.ocr.worker import ScanWorker
from kiosk.printer.worker import PrintWorker
from kiosk.store import outbox
from kiosk.store.worker import StoreWorker
from kiosk.support import health
from kiosk.sync.keys import journal_signer
from kiosk.sync.status import SyncStatus
from kiosk.sync.worker import SyncWorker
from kiosk.texts import requests
from kiosk.texts.strings import Strings
from kiosk.ui.desk.frame import DeskView
from kiosk.ui.window import KioskWindow
from kiosk.visit import events as e
from kiosk.visit import states as s
from kiosk.voice import state as voice_state
from kiosk.voice.headphones import HeadphoneWatch, Plug
from kiosk.voice.sound_card import AlsaCard
from kiosk.voice.worker import VoiceWorker

_CRASH_REST_MS = 5000  # "out of service" stands so long after a bug of ours
_DESK_MS = 1500  # the desk's pages are made after the first page stands


class KioskApp(QObject):
    """Everything of one running kiosk. Build it after QApplication, call `start`, and `stop` before leaving."""

    headphones = Signal(object)  # Plug: in, or out; from the watch's thread

    def __init__(self, settings: Settings, window: KioskWindow | None = None) -> None:
        """window: one that `front` shows already; else one is made."""
        super().__init__()
        self.settings = settings
        self.window = window or KioskWindow(settings, Strings.load(settings.ui.language))
        self.mirror: Mailbox[Frame] = Mailbox()
        for_vision: Mailbox[Frame] = Mailbox()
        for_scan: Mailbox[Frame] = Mailbox()
        for_codes: Mailbox[Frame] = Mailbox()
        self.store = StoreWorker(settings, journal_signer)
        self.reader = ReaderWorker(settings.reader)
        self.camera = CameraWorker(settings.camera, [for_vision, for_scan, for_codes, self.mirror])
        ears = Ear(open_source(settings.liveness.microphone), ProcessRecogniser())
        self.vision = VisionWorker(settings, for_vision, steer=self.camera.steer, hold=self.camera.hold, ears=ears)
        self.scan = Scans(ScanWorker(for_scan), CodeWorker(for_codes, CodeLookup(settings, self.store)))
        self.printer = PrintWorker(settings.printer)
        self.voice = VoiceWorker(settings.voice, told=voice_state.teller(resolve(settings.store.directory)))
        self._headphones = HeadphoneWatch(
            AlsaCard(settings.voice.headphones_card),
            self.headphones.emit,
            self.voice.speaker.set_private,
            resolve(settings.store.directory),
            socket_silences=settings.voice.headphones_silence,
        )
        gather, zone = health.gatherer(self._live), ZoneInfo(settings.station.timezone)
        self.sync = SyncWorker(settings.sync, self.store.run, zone=zone, gather=gather, news=health.last_update)
        self.visits = VisitController(settings, self.window, self.store, self.mirror)
        self.desk = DeskController(settings, self.window, DeskView(self.window), self.store, self.visits, self.mirror)
        self.camera_guard = CameraGuard(self.store, self.visits.on_frozen)
        self.camera_guard.facts.connect(self.camera.use)
        self.camera_guard.facts.connect(self.vision.use_camera)
        self._sync_thread = QThread()
        self._sync_thread.setObjectName("sync")
        self.sync.moveToThread(self._sync_thread)
        self._sync_thread.started.connect(self.sync.start)
        self._house = Housekeeping(settings, self.store, self._status, lambda: self.visits.at, self)
        self._hooks = CrashHooks(self)
        self._hooks.crashed.connect(self._on_crash)
        # Timers of our own, not QTimer.singleShot: stop() stops them, and none fires into a kiosk that is gone.
        self._wake = QTimer(self, singleShot=True, interval=0)
        self._wake.timeout.connect(self._start_workers)
        self._resume_later = QTimer(self, singleShot=True, interval=_CRASH_REST_MS)
        self._resume_later.timeout.connect(self._resume)
        self._wire()

    def start(self) -> None:
        """Show the first page, then wake everything behind it."""
        self._hooks.install()
        self.visits.start()
        if not self.window.isVisible():
            self.window.take_over_screen()
        self._wake.start()

    def stop(self) -> None:
        """Stop the workers and wait for their threads. Finished records are safe at any instant, so nothing is waited for."""
        self._house.stop()
        self._wake.stop()
        self._resume_later.stop()
        self.desk.view.prepare_never()
        self._hooks.remove()
        self.desk.stop()
        self.visits.stop()
        self.sync.stop()
        for worker in (self.vision, self.scan.card, self.scan.code, self.camera, self.reader, self.voice):
            worker.stop()
        self._headphones.stop()  # after the voice: the loudspeaker may sound again
        self._sync_thread.quit()
        self._sync_thread.wait(int(self.settings.sync.timeout_s * 1000) + 1000)  # a request under way ends first
        self.store.stop()

    # --- wiring

    def _wire(self) -> None:
        visits, window = self.visits, self.window
        self.reader.event.connect(visits.devices.on_reader)
        self.camera.status.connect(visits.devices.on_camera)
        self.camera.motion_seen.connect(visits.devices.on_motion_seen)
        self.camera.identified.connect(self.camera_guard.on_seen)
        visits.camera_wanted.connect(self.camera.set_awake)
        self.vision.view.connect(visits.devices.on_take_view)
        self.vision.finished.connect(visits.devices.on_take_finished)
        self.vision.failed.connect(visits.devices.on_vision_failed)
        self.vision.ready.connect(visits.devices.on_vision_ready)
        self.vision.presence.connect(visits.devices.on_presence)
        visits.watch_presence.connect(self.vision.watch_presence)
        visits.vision_wanted.connect(self.vision.set_wanted)
        visits.print_slip.connect(self.printer.print_slip)
        self.printer.done.connect(visits.on_printed)
        self.desk.beside.printing.print_slip.connect(self.printer.print_slip)
        self.printer.done.connect(self.desk.beside.printing.on_printed)
        self.scan.card.view.connect(visits.devices.on_scan_view)
        self.scan.card.finished.connect(visits.devices.on_scan_done)
        self.scan.card.failed.connect(visits.devices.on_scan_failed)
        visits.begin_scan.connect(self.scan.card.begin)
        visits.cancel_scan.connect(self.scan.card.cancel)
        self.scan.code.finished.connect(visits.devices.on_scan_done)
        self.scan.code.failed.connect(visits.devices.on_scan_failed)
        visits.begin_code.connect(self.scan.code.begin)
        visits.cancel_scan.connect(self.scan.code.cancel)
        visits.begin_take.connect(self.vision.begin_take)
        visits.swap_action.connect(self.vision.swap_action)
        visits.cancel_take.connect(self.vision.cancel)
        visits.say.connect(self.voice.say)
        visits.hush.connect(self.voice.hush)
        visits.say.connect(window.show_caption)
        visits.hush.connect(window.captions.hush)
        window.service.connect(self.voice.on_wish)
        window.service.connect(self._on_service)
        self.headphones.connect(self._on_headphones)
        visits.nudge_sync.connect(self.sync.nudge)
        self.sync.status_moved.connect(self._on_status_moved)
        self.sync.status.connect(self._on_sync_status)
        self.sync.settings_changed.connect(self._house.settings_watch.on_changed)
        self._house.settings_watch.restart_wanted.connect(self._restart)
        self.store.opened.connect(self._on_store_opened)
        self._wire_desk()

    def _wire_desk(self) -> None:
        desk = self.desk
        self.vision.view.connect(desk.on_take_view)
        self.vision.finished.connect(desk.on_take_finished)
        self.vision.drowned.connect(desk.camera.on_drowned)
        desk.camera.begin_take.connect(self.vision.begin_take)
        desk.camera.cancel_take.connect(self.vision.cancel)
        desk.camera.camera_wanted.connect(self.camera.set_awake)
        desk.wish.connect(self.voice.on_wish)
        desk.send_now.connect(self.sync.send_now)
        desk.nudge_sync.connect(self.sync.nudge)
        desk.pause_sync.connect(self.sync.set_paused)
        desk.restart_wanted.connect(self._restart)
        desk.camera.confirmed.connect(self.camera_guard.look_again)
        self.sync.status_moved.connect(desk.on_status_moved)
        desk.status_moved.connect(self._on_status_moved)  # a stick says it as the network does
        desk.status_moved.connect(self.sync.nudge)  # counts and the freeze are looked at anew
        self.sync.status.connect(desk.on_sync_status)

    @Slot()
    def _start_workers(self) -> None:
        self.window.prepare()
        self.store.start()
        self.visits.devices.on_model_digest(models.digest(ENCODER))  # a template of another model is refused before the camera
        for worker in (self.reader, self.camera, self.vision, self.scan.card, self.scan.code, self.voice):
            worker.start()
        self._headphones.start(watch=self.settings.voice.headphones == "auto")
        if self.settings.voice.headphones == "always":
            self._headphones.by_key(True)
        self._sync_thread.start()
        self._house.start()
        self.desk.view.prepare_in(_DESK_MS)
        self.visits.on_frozen(installation_file.closed(self.settings), Reason.STATION_NOT_READY)

    def _status(self) -> str:
        devices = self.visits.devices
        return watchdog.status(at=self.visits.at, reader=devices.reader_ready, camera=devices.camera_told)

    def _live(self) -> health.Live:
        """What only the running kiosk knows of its devices; read in the sync's thread, plain values."""
        devices = self.visits.devices
        camera = {True: "yes", False: "no", None: ""}[devices.camera_told]
        return health.Live(camera, self.camera.fps, "yes" if devices.reader_ready else "no", devices.sam)

    @Slot(object)
    def _on_headphones(self, plug: Plug) -> None:
        self.window.spoken.headphones(plugged=plug.plugged, private=plug.private)
        self._headphones.answered()

    @Slot(object)
    def _on_service(self, wish: requests.Request) -> None:
        if isinstance(wish, requests.Headphones):
            self._headphones.by_key(wish.plugged)

    @Slot(object)
    def _on_status_moved(self, moved: outbox.Moved) -> None:
        self.visits.on_status_moved(e.RecordStatusMoved(moved.record_id, moved.stage))

    @Slot(object)
    def _on_sync_status(self, status: SyncStatus) -> None:
        self.visits.on_frozen(status.twin, Reason.KIOSK_DOUBLED)
        self.visits.on_frozen(status.frozen and not status.twin, Reason.SELF_SERVICE_FROZEN)

    @Slot(object)
    def _on_store_opened(self, failure: KioskError | None) -> None:
        if failure is not None:
            wrong_key = failure.reason == Reason.WRONG_KEY
            self.visits.feed(e.ServicePaused(Reason.WRONG_KEY if wrong_key else Reason.STORE_ERROR))
        else:  # whoever asks next (the sync does, every few minutes) makes the worker try again
            self._resume_from(Reason.STORE_ERROR)
            self._resume_from(Reason.WRONG_KEY)
            self.camera_guard.look_again()

    def _resume_from(self, reason: Reason) -> None:
        """Open again when it is for this reason that the kiosk is closed: each part lifts what it put up itself."""
        state = self.visits.state
        if isinstance(state, s.OutOfService) and state.reason is reason:
            self.visits.feed(e.ServiceResumed())

    # --- leaving, and our own bugs

    @Slot()
    def _restart(self) -> None:
        """The supervisor restarts the kiosk: leave with a status that the service manager answers with a new start."""
        QApplication.exit(watchdog.AGAIN)

    @Slot(str)
    def _on_crash(self, kind: str) -> None:
        self._house.journal("unexpected-error", kind)
        self.visits.feed(e.ServicePaused(Reason.INTERNAL_ERROR))
        self._resume_later.start()

    @Slot()
    def _resume(self) -> None:
        self._resume_from(Reason.INTERNAL_ERROR)
