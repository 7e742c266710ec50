"""Camera, vision and window of a pilot, put together. Used by `kiosk pilot run` and by the workbench's trial."""

from __future__ import annotations

from collections.abc import Callable

from kiosk.camera.frame import Frame, FrameSource
from kiosk.camera.mailbox import Mailbox
from kiosk.camera.worker import CameraWorker
from kiosk.config import Settings
from kiosk.liveness.worker import VisionWorker
from kiosk.pilot.book import Book
from kiosk.pilot.pictures import Album
from kiosk.pilot.window import PilotWindow
from kiosk.texts.strings import Strings


class Session:
    """`start`, show `window`, `stop`. No store is opened and nothing is sent."""

    def __init__(
        self, settings: Settings, book: Book, make_source: Callable[[], FrameSource] | None = None, album: Album | None = None
    ) -> None:
        """make_source: for trials; else the camera of the settings. album: for pictures that somebody agreed to."""
        strings = Strings.load(settings.ui.language)
        mirror: Mailbox[Frame] = Mailbox()
        frames: Mailbox[Frame] = Mailbox()
        self.camera = CameraWorker(settings.camera, [frames, mirror], make_source)
        self.vision = VisionWorker(settings, frames, steer=self.camera.steer, hold=self.camera.hold)
        self.window = PilotWindow(book, mirror, strings, album)
        self.window.begin_take.connect(self.vision.begin_take)
        self.window.cancel_take.connect(self.vision.cancel)
        self.window.camera_wanted.connect(self.camera.set_awake)
        self.vision.view.connect(self.window.on_view)
        self.vision.finished.connect(self.window.on_finished)

    def start(self) -> None:
        """Start both threads."""
        self.camera.start()
        self.vision.start()

    def stop(self) -> None:
        """End both threads."""
        self.vision.stop()
        self.camera.stop()
