"""The first page before everything else: shows the window, imports the rest behind it, hands over to `app`. For `kiosk run`.

What is touched meanwhile (less than a second) is kept and happens as soon as the rest is there: nobody touches in vain.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from kiosk.app import installation_file, screen
from kiosk.config import Settings
from kiosk.domain.reasons import Reason
from kiosk.log import describe
from kiosk.texts import requests
from kiosk.texts.strings import Strings
from kiosk.ui.window import KioskWindow
from kiosk.visit import events as e
from kiosk.visit import states as s

if TYPE_CHECKING:
    from kiosk.app.composition import KioskApp
    from kiosk.app.installation import Installation

log = logging.getLogger(__name__)

_FIRST_TEXTS = "pages.toml"  # all that the first page says
_AFTER_FIRST_PICTURE_MS = 60  # the import would take the interpreter from the first picture


class Startup(QObject):
    """Owns the window until `kiosk` is there, and that from then on."""

    imported = Signal(bool)  # whether the import went well

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self.window = KioskWindow(settings, Strings.load(settings.ui.language, first=_FIRST_TEXTS))
        self.kiosk: KioskApp | None = None
        self.installation: Installation | None = None
        self._early: list[e.Event | requests.Request] = []
        self.window.touched.connect(self._keep_touch)
        self.window.service.connect(self._keep_wish)
        self.imported.connect(self._take_over)
        self._later = QTimer(self, singleShot=True, interval=_AFTER_FIRST_PICTURE_MS)
        self._later.timeout.connect(self._begin_import)

    def start(self) -> None:
        """Show the first page and begin to load the rest; or the set-up, where the station is not set up."""
        screen.turn(self._settings.ui)
        if installation_file.wanted(self._settings):
            self._set_up()
            return
        self.window.show_state(s.Idle())
        self.window.take_over_screen()
        self._later.start()

    def stop(self) -> None:
        """Stop whatever runs."""
        self._later.stop()
        if self.installation is not None:
            self.installation.stop()
        if self.kiosk is not None:
            self.kiosk.stop()

    def _set_up(self) -> None:
        """Nobody is served meanwhile: what is touched before it is loaded is nothing that must be kept."""
        from kiosk.app.installation import Installation

        self.window.strings.complete()
        self.window.touched.disconnect(self._keep_touch)
        self.window.service.disconnect(self._keep_wish)
        self.installation = Installation(self._settings, self.window)
        self.installation.start()
        self.window.take_over_screen()

    @Slot()
    def _begin_import(self) -> None:
        threading.Thread(target=self._import, name="import", daemon=True).start()

    def _import(self) -> None:
        try:
            import kiosk.app.composition
        except Exception as error:  # a broken installation: say so on the screen, not only in the log
            log.critical("the kiosk cannot be loaded", extra={"code": describe(error)})
            self.imported.emit(False)
            return
        self.imported.emit(bool(kiosk.app))

    @Slot(object)
    def _keep_touch(self, event: e.Event | requests.PrintSlip) -> None:
        self._early.append(event)

    @Slot(object)
    def _keep_wish(self, wish: requests.Request) -> None:
        self._early.append(wish)

    @Slot(bool)
    def _take_over(self, well: bool) -> None:
        if not well:
            self.window.show_state(s.OutOfService(Reason.INTERNAL_ERROR))
            return
        from kiosk.app.composition import KioskApp

        self.window.strings.complete()
        self.window.touched.disconnect(self._keep_touch)
        self.window.service.disconnect(self._keep_wish)
        self.kiosk = KioskApp(self._settings, self.window)
        self.kiosk.start()
        early, self._early = self._early, []
        for what in early:
            if isinstance(what, requests.Request):
                self.window.service.emit(what)
            else:
                self.kiosk.visits.on_touched(what)
