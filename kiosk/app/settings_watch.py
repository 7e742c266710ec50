"""The bureau's settings in a running kiosk: a new start when nobody is there, and the way back when the hour is over.

Built by `app.housekeeping`; lives in the GUI thread.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from kiosk import layers, settings_trial
from kiosk.config import Settings, resolve
from kiosk.errors import ConfigError
from kiosk.store.engine.database import Store
from kiosk.store.worker import StoreWorker
from kiosk.sync import remote_settings

log = logging.getLogger(__name__)
_LOOK_MS = 10_000


class SettingsWatch(QObject):
    """Looks every ten seconds, from `start` to `stop`."""

    restart_wanted = Signal()

    def __init__(self, settings: Settings, store: StoreWorker, at: Callable[[], str], parent: QObject) -> None:
        """at: where somebody is (idle, visit, desk): a restart waits for idle."""
        super().__init__(parent)
        self._folder, self._store, self._at = resolve(settings.store.directory), store, at
        self._with, self._version = self._bureaus(), settings_trial.read(self._folder).version
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self.look)

    def start(self) -> None:
        """Begin; what was undone before the store was open is told to the journal."""
        self._store.ask(self._tell_journal)
        self._timer.start()

    def stop(self) -> None:
        """End."""
        self._timer.stop()

    def _tell_journal(self, store: Store) -> None:
        remote_settings.tell_journal(store, datetime.now(UTC))

    @Slot()
    def on_changed(self) -> None:
        """New settings were taken: they are in force with the next start."""
        self.look()

    def _bureaus(self) -> Mapping[str, layers.Value]:
        return layers.read(self._folder, layers.Source.BUREAU).values

    @Slot()
    def look(self) -> None:
        """One look: is it too late, are others in force than lie there (by network, stick or a command), and is nobody there?"""
        try:
            settings_trial.undo_when_late(self._folder, datetime.now(UTC))
        except ConfigError as error:
            log.warning("settings cannot be undone", extra={"code": error.reason})
        here, held = self._bureaus(), settings_trial.read(self._folder)
        others = here != self._with or (held.state == "trial" and held.version != self._version)
        if others and self._at() == "idle":
            self._with, self._version = here, held.version
            self.restart_wanted.emit()
