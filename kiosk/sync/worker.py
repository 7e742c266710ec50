"""The sync in its own QThread: rounds with the bureau at the pace of `schedule`, and what moved told by signals.

Made by `app`: `worker.moveToThread(thread)`, `thread.started.connect(worker.start)`. The store is reached through `run_in_store`.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from PySide6.QtCore import QMetaObject, QObject, Qt, QThread, QTimer, Signal, Slot

from kiosk.config import Station, Sync
from kiosk.errors import ConfigError, KioskError
from kiosk.store import outbox
from kiosk.sync import link, schedule, status
from kiosk.sync.client import Client, Failure
from kiosk.sync.delivery import Clocks, Delivery, JournalTail, RunInStore, guarded, journal_lines
from kiosk.sync.keys import load_identity
from kiosk.sync.reports import Gather
from kiosk.sync.roster_feed import Feed
from kiosk.sync.schedule import Hold, Trouble

log = logging.getLogger(__name__)
_LOOK_MS = 10_000
_HELD_S = 60.0  # how often a reason not to send is looked at again


class _Around:
    """What is looked at between two rounds, as it was at the last look."""

    def __init__(self, news: Callable[[], object]) -> None:
        self._news = news
        self._links, self._known = link.links(), news()

    def look(self) -> tuple[bool, bool]:
        """Return whether a network came back, and whether there is something new to tell."""
        links, known = link.links(), self._news()
        found = link.came_back(self._links, links), known != self._known
        self._links, self._known = links, known
        return found


class SyncWorker(QObject):
    """Delivers what waits. `nudge` after a save or when the network came back; `stop` from any thread."""

    status_moved = Signal(object)  # outbox.Moved: record_id, stage, reason
    status = Signal(object)  # status.SyncStatus, after every round
    settings_changed = Signal()  # the bureau's settings: in force with the next start

    def __init__(
        self,
        settings: Sync,
        run_in_store: RunInStore,
        *,
        journal_tail: JournalTail | None = journal_lines,
        clocks: Clocks | None = None,
        zone: tzinfo | None = None,
        gather: Gather | None = None,
        news: Callable[[], object] | None = None,
    ) -> None:
        """gather: what is reported of the station itself; news: a glance at what of that is to be told at once when it changes.
        zone: the station's, whose night counts; that of a station without settings by default, never the host's."""
        super().__init__()
        self._zone = zone or ZoneInfo(Station().timezone)
        self._settings, self._run, self._journal_tail = settings, guarded(run_in_store), journal_tail
        self._clocks, self._gather = clocks or Clocks(), gather
        self._stopping = threading.Event()
        self._pace = schedule.begin(settings)
        self._rng = random.SystemRandom()
        self._timer: QTimer | None = None
        self._watch: QTimer | None = None
        self._probe_timer: QTimer | None = None
        self._probe, self._woken = schedule.ReachabilityProbe(), False
        self._around = _Around(news or (lambda: None))
        self._client: Client | None = None
        self._delivery: Delivery | None = None
        self._feed: Feed | None = None
        self._by_hand = False
        self._switched = False  # whether the desk's switch is known: from the store, once, or by its touch

    @Slot()
    def start(self) -> None:
        """Begin; runs in the worker's thread."""
        # Emitted in the thread itself as its last act: nothing stays open however the thread is ended.
        self.thread().finished.connect(self._close, Qt.ConnectionType.DirectConnection)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._tick)
        self._timer.start(0)
        self._watch = QTimer(self)
        self._watch.timeout.connect(self._look_around)
        self._watch.start(_LOOK_MS)
        self._probe_timer = QTimer(self)
        self._probe_timer.setSingleShot(True)
        self._probe_timer.timeout.connect(self._run_probe)

    @Slot()
    def _look_around(self) -> None:
        """The network came back, or an update ended: the wait is over at once."""
        came_back, something_new = self._around.look()
        trouble = self._pace.trouble
        if came_back and trouble in (Trouble.UNREACHABLE, Trouble.UNKNOWN):
            self.nudge()
        if something_new and trouble is None:  # else the back-off goes on: it waits for the bureau, not for news
            self.nudge()

    @Slot()
    def _run_probe(self) -> None:
        """The bureau can be reached again, as far as its port tells: the wait is over."""
        held = schedule.hold(self._settings, datetime.now(self._zone), provisioned=self._client is not None, revoked=False)
        if self._stopping.is_set() or self._client is None or held is not Hold.NONE:
            return  # the next round sees to it
        answered = link.opens(self._client.url)
        self._probe, self._woken = schedule.probe_after_try(
            self._probe, self._pace, self._settings, time.monotonic(), self._rng, answered=answered
        )
        if self._woken:
            self.nudge()
        self._arm_probe()

    def _arm_probe(self) -> None:
        if self._probe_timer is None or self._stopping.is_set():
            return
        if self._probe.at_s is None:
            self._probe_timer.stop()
        else:
            self._probe_timer.start(max(0, int((self._probe.at_s - time.monotonic()) * 1000)))

    @Slot()
    def nudge(self) -> None:
        """Try soon: a record was saved, or the network came back. Call by a queued signal or `QMetaObject.invokeMethod`."""
        self._pace = schedule.hurry(self._pace, time.monotonic())
        self._arm()

    @Slot()
    def send_now(self) -> None:
        """An attendant asks: overrides the night switch and waiting times, not a pause."""
        self._by_hand = True
        self.nudge()

    @Slot(bool)
    def set_paused(self, paused: bool) -> None:
        """The desk pauses sending, or lets it go on."""
        self._switched = True
        self._settings = self._settings.model_copy(update={"paused": paused})
        self.nudge()

    @Slot()
    def stop(self) -> None:
        """End after the request under way (at most `timeout_s`). Safe from any thread."""
        self._stopping.set()
        if QThread.currentThread() is self.thread():
            self._close()
        else:
            QMetaObject.invokeMethod(self, "_close", Qt.ConnectionType.QueuedConnection)

    @Slot()
    def _close(self) -> None:
        for timer in (self._timer, self._watch, self._probe_timer):
            if timer is not None:
                timer.stop()
        self._forget()

    def _forget(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = self._delivery = self._feed = None

    @Slot()
    def _tick(self) -> None:
        if self._stopping.is_set():
            return
        try:
            self._try_round()
        except BaseException:
            # Our own bug: the except hook hears of it; we go on, but not in a busy loop.
            self._pace = schedule.after_trouble(self._pace, Trouble.BROKEN, self._settings, time.monotonic(), self._rng)
            raise
        finally:
            self._by_hand = False
            self._arm()

    def _arm(self) -> None:
        if self._timer is not None and not self._stopping.is_set():
            self._timer.start(max(0, int((self._pace.next_try_s - time.monotonic()) * 1000)))

    def _try_round(self) -> None:
        why = ""
        held, trouble = Hold.NONE, None
        try:
            if not self._switched:
                self._settings = self._run(lambda store: status.switches(store, self._settings))
                self._switched = True
            provisioned = self._open()
            revoked_id = self._run(lambda store: outbox.get(store.db, "revoked"))
            revoked = self._client is not None and self._client.identity.pins.kiosk_id == revoked_id
            held = schedule.hold(
                self._settings,
                datetime.now(self._zone),
                provisioned=provisioned,
                revoked=revoked and not self._by_hand,
                by_hand=self._by_hand,
            )
            if held is Hold.REVOKED:
                self._forget()  # it may be registered anew meanwhile: keys and pins are read again next time
            if held is not Hold.NONE:
                self._pace = schedule.Pace(self._pace.batch_limit, next_try_s=time.monotonic() + _HELD_S)
            else:
                trouble, why = self._round()
        except KioskError as error:  # the store or the configuration; nothing was lost, the next round tries again
            trouble, why = Trouble.BROKEN, error.reason
            log.warning("sync round failed", extra={"code": error.reason})
            self._pace = schedule.after_trouble(self._pace, Trouble.BROKEN, self._settings, time.monotonic(), self._rng)
        self._probe = schedule.probe_after_round(
            self._pace, self._settings, held, time.monotonic(), self._rng, answered=self._woken or why == "certificate"
        )
        self._woken = False
        self._arm_probe()
        self._tell(held, trouble, why)

    def _round(self) -> tuple[Trouble | None, str]:
        if self._delivery is None or self._feed is None:
            return None, ""
        done = self._delivery.round(self._pace.batch_limit, by_hand=self._by_hand)
        failure = done.failure
        if failure is None:
            try:
                changed = self._feed.pull(self._stopping, metered=self._settings.metered and not self._by_hand)
                if any(one.startswith("settings ") for one in changed):
                    self.settings_changed.emit()
                while not self._settings.metered and not self._stopping.is_set() and self._delivery.send_evidence():
                    pass
            except Failure as feed_failure:
                failure = feed_failure
        now_s = time.monotonic()
        if failure is None:
            self._pace = schedule.after_success(self._pace, self._settings, now_s, more=done.more)
            return None, ""
        log.info("sync stopped", extra={"code": failure.trouble.value})
        self._pace = schedule.after_trouble(self._pace, failure.trouble, self._settings, now_s, self._rng, failure.retry_after_s)
        return failure.trouble, failure.why

    def _open(self) -> bool:
        """Make client and delivery when the kiosk is provisioned; it may become so while we run."""
        if self._delivery is not None:
            return True
        try:
            identity = load_identity(self._settings)
        except ConfigError:
            return False
        client = Client(self._settings, identity)
        delivery = Delivery(
            self._settings,
            client,
            self._run,
            clocks=self._clocks,
            on_moved=self.status_moved.emit,
            journal_tail=self._journal_tail,
            stop=self._stopping,
            gather=self._gather,
        )
        try:
            delivery.start()
        except KioskError:
            client.close()
            raise
        self._client, self._delivery = client, delivery
        self._feed = Feed(self._settings, client, self._run, clocks=self._clocks)
        return True

    def _tell(self, held: Hold, trouble: Trouble | None, why: str) -> None:
        wait = max(0.0, self._pace.next_try_s - time.monotonic())
        try:
            self.status.emit(
                self._run(
                    lambda store: status.collect(
                        store, self._settings, datetime.now(UTC), hold=held, trouble=trouble, why=why, next_try_in_s=wait
                    )
                )
            )
        except KioskError as error:
            log.warning("sync status failed", extra={"code": error.reason})
