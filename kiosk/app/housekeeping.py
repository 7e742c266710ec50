"""What a running kiosk does by the clock: what is old is erased, the start is journaled, the service manager is told that it lives.

Part of `composition`; lives in the GUI thread, the work itself runs in the store's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from PySide6.QtCore import QObject, QTimer, Slot

from kiosk import __version__
from kiosk.app import watchdog
from kiosk.app.settings_watch import SettingsWatch
from kiosk.config import Settings, resolve
from kiosk.domain.calendar_days import local_date
from kiosk.pilot import erasing
from kiosk.store import face_history, policies, records, reminders
from kiosk.store.engine import journal
from kiosk.store.engine.database import Store
from kiosk.store.home_visits import visits as home
from kiosk.store.roster import lookup as roster
from kiosk.store.worker import StoreWorker
from kiosk.support import falls

_RETAIN_MS = 6 * 3600 * 1000


def _retain(store: Store) -> None:
    now = datetime.now(UTC)
    records.retain(store, now)
    home.retain(store, now)
    face_history.retain(store, local_date(now, store.settings.station.timezone))
    reminders.retain(store, local_date(now, store.settings.station.timezone))
    roster.forget_visitors(store, now)


class Housekeeping(QObject):
    """Begins with `start`; after `stop` nothing of it runs."""

    def __init__(
        self, settings: Settings, store: StoreWorker, status: Callable[[], str], at: Callable[[], str], parent: QObject
    ) -> None:
        """status: what the service manager is told besides at every beat (`watchdog.status`). at: where somebody is."""
        super().__init__(parent)
        self._settings, self._store, self._status = settings, store, status
        self.settings_watch = SettingsWatch(settings, store, at, self)
        self._watchdog = QTimer(self)
        self._watchdog.timeout.connect(self._beat)
        self._retaining = QTimer(self)
        self._retaining.setInterval(_RETAIN_MS)
        self._retaining.timeout.connect(self._retain)

    def start(self) -> None:
        """The kiosk works: journal it, erase what is old now and every six hours, tell the service manager."""
        falls.began(resolve(self._settings.store.directory), datetime.now(UTC))
        self._store.ask(self.note_start)
        self._retain()
        self._retaining.start()
        self.settings_watch.start()
        watchdog.notify("READY=1")
        watchdog.notify(self._status())
        interval = watchdog.interval_s()
        if interval is not None:
            self._watchdog.start(int(interval * 1000))

    def stop(self) -> None:
        """The kiosk ends."""
        watchdog.notify("STOPPING=1")
        falls.ended(resolve(self._settings.store.directory))
        self._watchdog.stop()
        self._retaining.stop()
        self.settings_watch.stop()

    def note_start(self, store: Store) -> None:
        """Journal the start and which configuration and rules it is with: changed ones show as other digests."""
        text = self._settings.model_dump_json()
        journal.note(
            store,
            "kiosk-started",
            {
                "version": __version__,
                "settings": hashlib.sha256(text.encode()).hexdigest()[:16],
                "policies": policies.files_digest(self._settings.rules.policies),
            },
            datetime.now(UTC),
        )

    def journal(self, kind: str, code: str) -> None:
        """Tell the journal, and with it the bureau. `code`: a reason or the name of a type, never a text."""
        now = datetime.now(UTC)

        def work(store: Store) -> None:
            journal.note(store, kind, {"code": code}, now)

        self._store.ask(work)

    @Slot()
    def _retain(self) -> None:
        self._store.ask(_retain)
        kept, today = (
            erasing.folder_in(resolve(self._settings.store.directory)),
            datetime.now(ZoneInfo(self._settings.station.timezone)),
        )
        self._store.ask(lambda _: erasing.erase_due(kept, today.date()))

    @Slot()
    def _beat(self) -> None:
        watchdog.notify("WATCHDOG=1\n" + self._status())
