"""The set-up by touch, running: devices, store and bureau behind the pure machine of `kiosk.installation`. Built by `app.startup`.

One thing at a time has the machine's devices: the kiosk is not built while the set-up stands. When it ends the program starts anew.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QApplication

from kiosk.app import installation_file, watchdog
from kiosk.app import installation_work as work
from kiosk.app.crash_hooks import CrashHooks
from kiosk.app.installation_devices import SetupDevices
from kiosk.app.installation_ports import SetupPorts
from kiosk.config import Settings
from kiosk.errors import ConfigError, KioskError
from kiosk.installation import commands as c
from kiosk.installation import events as e
from kiosk.installation import machine
from kiosk.installation import states as s
from kiosk.installation.progress import SetupProgress, SetupStep
from kiosk.store.engine.database import Store
from kiosk.store.worker import StoreWorker
from kiosk.sync import keys
from kiosk.ui.installation.frame import SetupView
from kiosk.ui.window import KioskWindow

log = logging.getLogger(__name__)

TRIAL_MS = 20_000  # nobody touched the corners: the picture goes back
LOCKED_S = 180.0  # nobody signs in: a station that is registered serves its people again
_TICK_MS = 1000


@dataclass(frozen=True, slots=True)
class _Opened:
    """The store was asked who is there. `problem`: why it could not be."""

    supervised: bool
    problem: str = ""


def _reason_of(error: BaseException) -> str:
    return error.reason if isinstance(error, KioskError) else "store-error"


@dataclass(frozen=True, slots=True)
class _Copied:
    """A certificate lies at the station now."""

    path: str
    by: str


class Installation(QObject):
    """Everything of a running set-up. `start`, and `stop` before leaving."""

    _answered = Signal(object)  # an event of the set-up, from threads

    def __init__(self, settings: Settings, window: KioskWindow, ports: SetupPorts | None = None) -> None:
        super().__init__()
        self.settings, self.window = settings, window
        self.ports = ports or SetupPorts()
        self.view = SetupView(window)
        self.devices = SetupDevices(self.ports)
        self.store = StoreWorker(settings, keys.journal_signer)
        self.state: s.State | None = None
        self._zone = ZoneInfo(settings.station.timezone)
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="set-up")
        self._touched_s = time.monotonic()
        self._trial = QTimer(self, singleShot=True, interval=TRIAL_MS)
        self._ticking = QTimer(self, interval=_TICK_MS)
        self._alive = QTimer(self)
        self._hooks = CrashHooks(self)
        self._connect()

    def _connect(self) -> None:
        self.view.sent.connect(self.feed)
        self.view.watch.hand.connect(self._hand)
        self.devices.told.connect(self.feed)
        self.devices.frame.connect(self.view.show_frame)
        self._answered.connect(self.feed)
        self.store.answered.connect(self.feed)
        self._trial.timeout.connect(self._end_trial)
        self._ticking.timeout.connect(self._tick)
        self._alive.timeout.connect(self._beat)
        self._hooks.crashed.connect(self._on_crash)

    def start(self) -> None:
        """Open the store, then show the step that was reached."""
        self._hooks.install()
        self.store.start()
        # Who cannot look must not let anybody in.
        self.store.ask(
            self._open,
            lambda error: _Opened(supervised=True, problem=_reason_of(error)),
        )
        self._ticking.start()
        watchdog.notify("READY=1")
        self._beat()
        interval = watchdog.interval_s()
        if interval is not None:
            self._alive.start(int(interval * 1000))

    def stop(self) -> None:
        """Let devices and store go."""
        for timer in (self._trial, self._ticking, self._alive):
            timer.stop()
        watchdog.notify("STOPPING=1")
        self.view.sent.disconnect(self.feed)
        self.view.close_for_good()
        self.devices.stop()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self.store.stop()
        self._hooks.remove()

    @Slot(object)
    def feed(self, event: e.Event | _Opened | _Copied) -> None:
        """Take in one event and do what follows."""
        if isinstance(event, _Opened):
            self._begin(event)
            return
        if isinstance(event, _Copied):
            self._keep({"sync.ca_file": event.path}, event.by)
            return
        if self.state is None or isinstance(self.state, s.Over):
            return
        if isinstance(event, e.SettingsKept):
            self.settings = work.checked(self.settings, event.values)
        self._take_on(*machine.step(self.state, event))

    def _take_on(self, state: s.State, commands: tuple[c.Command, ...]) -> None:
        changed, self.state = state != self.state, state
        if changed and not isinstance(state, s.Over):
            self.view.show_state(state)
        for command in commands:
            self._do(command)

    # --- opening

    def _open(self, store: Store) -> _Opened:
        return _Opened(supervised=work.has_supervisor(store))

    def _begin(self, opened: _Opened) -> None:
        progress = installation_file.read(self.settings) or SetupProgress()
        kiosk_id = ""
        try:
            kiosk_id = keys.load_pins(self.settings.sync).kiosk_id
        except ConfigError:
            log.info("not registered yet")
        self.view.open()
        values = work.values_of(self.settings)
        self._take_on(*machine.opened(progress, values, supervised=opened.supervised, kiosk_id=kiosk_id))
        if opened.problem:
            self.feed(e.UnlockAnswered("", opened.problem))

    # --- doing

    def _do(self, command: c.Command) -> None:
        match command:
            case c.KeepProgress(progress):
                self._keep_progress(progress)
            case c.KeepSettings(values, by):
                self._keep(dict(values), by)
            case c.CheckSupervisor(staff_id, pin):
                self._ask(
                    lambda store: work.check_supervisor(store, staff_id, pin, datetime.now(UTC)), e.UnlockAnswered("", "unknown")
                )
            case c.UseDevices(step, scanning):
                self.devices.use(step, self.settings, scanning=scanning)
            case c.LookForDevices(step):
                self._outside(lambda: e.Offered(step, tuple(self._offers(step))), e.Offered(step, ()))
            case c.TurnPicture(turn):
                if not self.ports.turn_picture(turn) and self._on_trial(turn):
                    self.feed(e.TrialEnded())
                    self.feed(e.SettingsRefused("screen-refused"))
            case c.TurnTouch(turn):
                self.ports.turn_touch(turn)
            case c.StartTrial():
                self._trial.start()
            case c.SetClock(to):
                self._outside(lambda: e.ClockAnswered(self.ports.set_clock(to)), e.ClockAnswered("clock-refused"))
            case c.PlayPrompt():
                self.devices.say()
            case c.PrintTestSlip():
                self.devices.print_slip(self.settings, self.window.strings.text, datetime.now(self._zone))
            case _:
                self._do_at_bureau(command)

    def _do_at_bureau(self, command: c.Command) -> None:
        settings = self.settings
        match command:
            case c.TakeCertificate(key, by):
                self._outside(
                    lambda: _Copied(work.certificate_of(key, work.directory_of(settings)), by),
                    e.SettingsRefused("certificate-unfit"),
                )
            case c.AskBureau():
                self._outside(lambda: work.ask_bureau(settings), e.AddressTold("unreachable"))
            case c.RegisterStation(code):
                self._outside(lambda: work.register(settings, code), e.RegisterTold("", "unknown"))
            case c.AddFirstSupervisor(staff_id, name, pin):
                self._ask(lambda store: work.add_first(store, staff_id, name, pin, datetime.now(UTC)), e.FirstTold("", "unknown"))
            case c.AskDoctor():
                self._outside(lambda: self._examined(settings), e.DoctorTold(()))
            case c.HandOver():
                QApplication.exit(watchdog.AGAIN)

    def _keep_progress(self, progress: SetupProgress) -> None:
        try:
            installation_file.keep(self.settings, progress)
        except OSError as error:
            log.error("the set-up's progress cannot be kept", extra={"code": type(error).__name__})
            self._answered.emit(e.SettingsRefused("disk-full"))

    def _keep(self, values: dict[str, s.Value], by: str) -> None:
        try:
            work.checked(self.settings, values)
        except (ConfigError, ValueError):
            self._answered.emit(e.SettingsRefused("address-wrong" if "sync.bureau_url" in values else "not-kept"))
            return
        before, directory = self.settings, work.directory_of(self.settings)

        self._ask(lambda store: work.keep(store, before, values, by, directory), e.SettingsRefused("not-journaled"))

    def _ask(self, do: Callable[[Store], object], failed: e.Event) -> None:
        self.store.ask(do, lambda _: failed)

    def _outside(self, do: Callable[[], object], failed: e.Event) -> None:
        def job() -> None:
            try:
                answer = do()
            except Exception as error:  # whatever it was, the page must get an answer
                known = isinstance(error, KioskError)
                log.error(
                    "set-up work failed", extra={"code": error.reason if isinstance(error, KioskError) else type(error).__name__}
                )
                answer = failed if known or not isinstance(failed, e.SettingsRefused) else e.SettingsRefused("unknown")
            self._answered.emit(answer)

        self._pool.submit(job)

    def _offers(self, step: SetupStep) -> list[s.SetupOffer]:
        match step:
            case SetupStep.CAMERA:
                return self.ports.cameras(self.settings.camera)
            case SetupStep.READER:
                return self.ports.ports(self.settings.reader)
            case SetupStep.PRINTER:
                return self.ports.printers(self.settings.printer)
            case SetupStep.NETWORK:
                return self.ports.certificates()
        return []

    def _examined(self, settings: Settings) -> e.DoctorTold:
        """The doctor opens the devices itself: they must be free."""
        self.devices.wait()
        return self.ports.doctor(settings, self.view.strings)

    def _on_trial(self, turn: int) -> bool:
        page = self.state.page if isinstance(self.state, s.Installing) else None
        return isinstance(page, s.ScreenStep) and page.turn == turn

    # --- time

    @Slot()
    def _hand(self) -> None:
        self._touched_s = time.monotonic()

    @Slot()
    def _tick(self) -> None:
        self.view.tick()
        patience_s = LOCKED_S if isinstance(self.state, s.Locked) else self.settings.desk.sign_out_s
        if time.monotonic() - self._touched_s > patience_s:
            self._touched_s = time.monotonic()
            self.feed(e.LeftAlone())

    @Slot()
    def _end_trial(self) -> None:
        self.feed(e.TrialEnded())

    @Slot(str)
    def _on_crash(self, kind: str) -> None:
        """A bug of ours: the step says that it did not work, and can be tried again or skipped."""
        self.feed(e.SettingsRefused("unknown"))

    @Slot()
    def _beat(self) -> None:
        watchdog.notify("WATCHDOG=1\n" + watchdog.status(at="set-up", reader=False, camera=None))
