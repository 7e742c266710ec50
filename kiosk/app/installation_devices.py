"""The devices of the set-up: only those of the step that is shown run, with the settings of now. Built by `app.installation`.

Lives in the GUI thread. What is left is closed in a thread of its own: a driver that hangs must not hold up the next step.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from kiosk.app.installation_ports import SetupPorts
from kiosk.camera.frame import Frame
from kiosk.camera.mailbox import Mailbox
from kiosk.camera.worker import CameraDown, CameraUp, CameraWorker
from kiosk.config import Reader, Settings
from kiosk.domain.reasons import Reason
from kiosk.errors import ConfigError, KioskError
from kiosk.idcard_reader.events import CardRead, CardTrouble, ReaderEvent, ReaderGone, ReaderReady
from kiosk.idcard_reader.worker import ReaderWorker
from kiosk.installation import events as e
from kiosk.installation.progress import SetupStep
from kiosk.printer.slip import Slip
from kiosk.printer.worker import PrintDone, PrintWorker
from kiosk.voice.worker import VoiceWorker

_FRAME_MS = 40
_LOOK_S = 0.15  # so often a frame is looked into: the picture itself is smoother
_PROMPT = "page.card.say"


class SetupDevices(QObject):
    """One step's devices at a time."""

    told = Signal(object)  # an event of the set-up
    frame = Signal(object)  # np.ndarray, RGB, copied
    _seen = Signal(object, object)  # the Eyes that saw it, an event

    def __init__(self, ports: SetupPorts) -> None:
        super().__init__()
        self._ports = ports
        self._mirror: Mailbox[Frame] = Mailbox()
        self._for_eyes: Mailbox[Frame] = Mailbox()
        self._camera: CameraWorker | None = None
        self._reader: ReaderWorker | None = None
        self._voice: VoiceWorker | None = None
        self._printer: PrintWorker | None = None
        self._eyes: _Eyes | None = None
        self._leaving: list[tuple[threading.Thread, QObject]] = []
        self._frames = QTimer(self)
        self._frames.setInterval(_FRAME_MS)
        self._frames.timeout.connect(self._show_frame)
        self._seen.connect(self._on_seen)

    def use(self, step: SetupStep, settings: Settings, *, scanning: bool) -> None:
        """Run what a step needs, anew."""
        self._let_go()
        if step is SetupStep.CAMERA or (step is SetupStep.REGISTER and scanning):
            self._open_camera(settings, self._ports.code if scanning else None)
        elif step is SetupStep.READER:
            self._reader = self._ports.reader(_anywhere(settings.reader, [one.key for one in self._ports.ports(settings.reader)]))
            self._reader.event.connect(self._on_reader)
            self._reader.start()
        elif step is SetupStep.SOUND:
            self._voice = self._ports.voice(settings.voice)
            self._voice.start()
            self.told.emit(e.SoundTold(self._ports.speaker_trouble(settings.voice)))

    def say(self) -> None:
        """Say a sentence that the people hear too."""
        if self._voice is not None:
            self._voice.say([_PROMPT])

    def print_slip(self, settings: Settings, text: Callable[[str], str], now: datetime) -> None:
        """Print a test slip; told is SlipTold."""
        try:
            self._printer = self._ports.printer(settings.printer)
        except ConfigError:
            self.told.emit(e.SlipTold(Reason.PRINTER_UNAVAILABLE))
            return
        self._printer.done.connect(self._on_printed)
        rows = ((text("setup.printer.slip_made"), f"{now:%Y-%m-%d %H:%M}"), (text("slip.station"), settings.station.name))
        note = text("setup.printer.slip_note")
        slip = Slip(text("setup.printer.slip_title"), rows, (note,), note, "", settings.station.name, settings.printer.large)
        self._printer.print_slip("set-up", slip)

    def stop(self) -> None:
        """Let everything go and wait for it, so that the kiosk finds its devices free."""
        self._let_go()
        self.wait()
        self._leaving = []

    def wait(self) -> None:
        """Wait until what was let go is free. From any thread."""
        for thread, _ in tuple(self._leaving):
            thread.join(timeout=5.0)

    def _let_go(self) -> None:
        self._frames.stop()
        if self._eyes is not None:
            self._eyes.stop.set()
            self._eyes = None
        if self._camera is not None:
            self._camera.status.disconnect(self._on_camera)
        if self._reader is not None:
            self._reader.event.disconnect(self._on_reader)
        self._leaving = [(thread, worker) for thread, worker in self._leaving if thread.is_alive()]
        for worker in (self._camera, self._reader, self._voice):
            if worker is not None:
                thread = threading.Thread(target=worker.stop, name="set-up-leaving", daemon=True)
                thread.start()
                self._leaving.append((thread, worker))
        self._camera = self._reader = self._voice = None
        self._mirror.clear()
        self._for_eyes.clear()

    def _open_camera(self, settings: Settings, code: Callable[[], Callable[[Frame], str]] | None) -> None:
        for thread, worker in self._leaving:  # the same device must be free again, as a rule it is
            if isinstance(worker, CameraWorker):
                thread.join(timeout=0.5)
        self._mirror, self._for_eyes = Mailbox(), Mailbox()
        self._camera = self._ports.camera(settings.camera, [self._mirror, self._for_eyes])
        self._camera.status.connect(self._on_camera)
        self._camera.set_awake(True)
        self._camera.start()
        made = (lambda text: e.CodeScanned(text)) if code is not None else (lambda hint: e.FacePlaced(hint))
        self._eyes = _Eyes(self._for_eyes, code or self._ports.judge, made, quiet=code is not None)
        self._eyes.begin(self._seen.emit)
        self._frames.start()

    @Slot()
    def _show_frame(self) -> None:
        frame = self._mirror.take()
        if frame is not None:
            self.frame.emit(frame.image_bgr[:, :, ::-1].copy())

    @Slot(object)
    def _on_camera(self, status: CameraUp | CameraDown) -> None:
        self.told.emit(e.CameraTold("up" if isinstance(status, CameraUp) else status.reason.value))
        if self._eyes is not None:
            self._eyes.tell_anew.set()  # the page forgot what was seen; a camera that is back at once shows no gap to the eyes

    @Slot(object, object)
    def _on_seen(self, eyes: _Eyes, event: e.Event) -> None:
        if eyes is self._eyes:
            self.told.emit(event)

    @Slot(object)
    def _on_reader(self, event: ReaderEvent) -> None:
        match event:
            case ReaderReady(sam_id):
                self.told.emit(e.ReaderTold("ready", event.port, sam_id))
            case ReaderGone(reason):
                self.told.emit(e.ReaderTold(reason.value))
            case CardRead():
                self.told.emit(e.CardTold("read"))  # whose it is, the set-up need not know
            case CardTrouble(reason):
                self.told.emit(e.CardTold(reason.value))

    @Slot(object)
    def _on_printed(self, done: PrintDone) -> None:
        self.told.emit(e.SlipTold("printed" if done.reason is Reason.OK else done.reason.value))


class _Eyes:
    """Looks into frames in a thread of its own: for a face in the circle, or for a code."""

    def __init__(
        self, frames: Mailbox[Frame], make: Callable[[], Callable[[Frame], str]], event: Callable[[str], e.Event], *, quiet: bool
    ) -> None:
        """quiet: an empty answer is no news."""
        self._frames, self._make, self._event, self._quiet = frames, make, event, quiet
        self.stop, self.tell_anew = threading.Event(), threading.Event()

    def begin(self, tell: Callable[[object, object], None]) -> None:
        """Begin to look."""
        threading.Thread(target=self._look, args=(tell,), name="set-up-eyes", daemon=True).start()

    def _look(self, tell: Callable[[object, object], None]) -> None:
        try:
            see = self._make()
            last: str | None = None
            while not self.stop.wait(_LOOK_S):
                frame = self._frames.take(0.2)
                if self.tell_anew.is_set():
                    self.tell_anew.clear()
                    last = None
                seen = see(frame) if frame is not None else None
                if seen is not None and seen != last and (seen or not self._quiet) and not self.stop.is_set():
                    tell(self, self._event(seen))
                last = seen  # None: the picture was away, and what comes then is told anew
        except KioskError:
            tell(self, e.SettingsRefused("eyes-failed"))


def _anywhere(settings: Reader, ports: list[str]) -> Reader:
    """Return settings by which the reader is found at any port that one may be at, the configured one first."""
    names = [*settings.port_patterns, *(port for port in ports if port != settings.port)]
    return settings.model_copy(update={"port_patterns": tuple(dict.fromkeys(names))})
