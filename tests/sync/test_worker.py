"""The worker in its own thread: signals for what moved, switches obeyed, never the store from its own thread, ends when told."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from PySide6.QtCore import Q_ARG, QMetaObject, Qt, QThread

from kiosk.bureau.process import BureauProcess
from kiosk.store import outbox, records
from kiosk.store.opening import open_store
from kiosk.sync import link, status
from kiosk.sync import worker as sync_worker
from kiosk.sync.provision import provision
from kiosk.sync.schedule import Hold, Trouble
from kiosk.sync.worker import SyncWorker
from tests.sync.made import STATION, record, settings


class Rig:
    """A store on its executor, and a worker in its QThread."""

    def __init__(self, chosen):
        self.chosen = chosen
        self.pool = ThreadPoolExecutor(max_workers=1)
        self.store = self.pool.submit(open_store, chosen).result()
        self.threads = set()
        self.thread = QThread()
        self.worker = None

    def run(self, work):
        self.threads.add(threading.get_ident())
        return self.pool.submit(work, self.store).result()

    def save(self, *made):
        for one in made:
            self.run(lambda store, one=one: records.save_visit(store, [one], datetime.now(UTC)))

    def start(self, news=None, **sync):
        self.worker = SyncWorker(self.chosen.sync.model_copy(update=sync), self.run, news=news)
        self.worker.moveToThread(self.thread)
        self.thread.started.connect(self.worker.start)
        self.thread.start()
        return self.worker

    def ask(self, slot):
        QMetaObject.invokeMethod(self.worker, slot, Qt.ConnectionType.QueuedConnection)

    def end(self):
        if self.worker is not None:
            self.worker.stop()
        self.thread.quit()
        assert self.thread.wait(10_000)
        self.pool.submit(self.store.close).result()
        self.pool.shutdown()


@pytest.fixture
def rig(bureau, tmp_path, qapp):
    chosen = settings(tmp_path, bureau.url)
    provision(chosen, bureau.url, bureau.enrolment_code(STATION))
    made = Rig(chosen)
    yield made
    made.end()


def test_it_delivers_by_itself_and_tells_each_step(bureau, rig, qtbot):
    one = record()
    rig.save(one)
    worker = rig.start()
    with qtbot.waitSignal(worker.status, timeout=10_000) as told:
        pass
    seen = told.args[0]
    assert (seen.unsent, seen.trouble, seen.online, seen.counts["received"]) == (0, None, True, 1)
    two = record()
    rig.save(two)
    with qtbot.waitSignal(worker.status_moved, timeout=10_000) as moved:
        rig.ask("nudge")
    assert (moved.args[0].record_id, moved.args[0].stage.value) == (two.record_id, "received")
    bureau.decide(two.record_id, "returned", "photo-unclear")
    with qtbot.waitSignal(worker.status_moved, timeout=10_000) as moved:
        rig.ask("nudge")
    one = moved.args[0]
    assert (one.record_id, one.stage.value, one.reason) == (two.record_id, "returned", "photo-unclear")


@pytest.mark.parametrize(
    ("switch", "by_hand", "hold", "unsent"),
    [
        ({"paused": True}, "send_now", Hold.PAUSED, 1),
        ({"night_only": True, "night_from_hour": 0, "night_to_hour": 0}, "nudge", Hold.NIGHT_ONLY, 1),
        ({"night_only": True, "night_from_hour": 0, "night_to_hour": 0}, "send_now", Hold.NONE, 0),
    ],
)
def test_switches_are_obeyed(rig, qtbot, switch, by_hand, hold, unsent):
    rig.save(record())
    worker = rig.start(**switch)
    with qtbot.waitSignal(worker.status, timeout=10_000) as told:
        pass
    assert (told.args[0].hold is not Hold.NONE, told.args[0].unsent) == (True, 1)
    with qtbot.waitSignal(worker.status, timeout=10_000) as told:
        rig.ask(by_hand)
    assert (told.args[0].hold, told.args[0].unsent) == (hold, unsent)


def test_a_pause_from_the_desk_holds_after_a_restart_until_somebody_lets_go(rig, qtbot):
    rig.save(record())
    rig.run(lambda store: outbox.put(store.db, status.PAUSED_BY, "1001"))
    worker = rig.start()
    with qtbot.waitSignal(worker.status, timeout=10_000) as told:
        pass
    assert (told.args[0].hold, told.args[0].unsent, told.args[0].paused_by) == (Hold.PAUSED, 1, "1001")
    with qtbot.waitSignal(worker.status, timeout=10_000) as told:
        QMetaObject.invokeMethod(worker, "set_paused", Qt.ConnectionType.QueuedConnection, Q_ARG(bool, False))
    assert (told.args[0].hold, told.args[0].unsent) == (Hold.NONE, 0)


def test_no_network_backs_off_and_a_nudge_tries_again(bureau, rig, qtbot):
    rig.save(record())
    worker = rig.start(bureau_url="http://127.0.0.1:1")
    with qtbot.waitSignal(worker.status, timeout=10_000) as told:
        pass
    assert (told.args[0].trouble, told.args[0].online, told.args[0].unsent) == (Trouble.UNREACHABLE, False, 1)
    assert told.args[0].next_try_in_s > 10
    with qtbot.waitSignal(worker.status, timeout=10_000) as again:
        rig.ask("nudge")
    assert again.args[0].next_try_in_s > told.args[0].next_try_in_s / 2


def test_it_tries_at_once_when_a_network_comes_back(bureau, rig, qtbot, monkeypatch):
    """The wait after a failure is long; a cable that is plugged in ends it. Whether a link counts is decided by `came_back`."""
    links = [frozenset()]
    monkeypatch.setattr(link, "links", lambda: links[0])
    monkeypatch.setattr(sync_worker, "_LOOK_MS", 50)
    rig.save(record())
    worker = rig.start(bureau_url="http://127.0.0.1:1")
    with qtbot.waitSignal(worker.status, timeout=10_000) as told:
        pass
    assert told.args[0].next_try_in_s > 10
    with qtbot.waitSignal(worker.status, timeout=8_000) as again:
        links[0] = frozenset({("eth0", "192.0.2.7")})
    assert again.args[0].trouble is Trouble.UNREACHABLE


def test_news_of_the_station_are_told_at_once(rig, qtbot, monkeypatch):
    """An update that ended waits for no round that is due in an hour."""
    told = ["0.1 ok"]
    monkeypatch.setattr(sync_worker, "_LOOK_MS", 50)
    worker = rig.start(news=lambda: told[0], interval_s=3600.0)
    with qtbot.waitSignal(worker.status, timeout=10_000) as first:
        pass
    assert first.args[0].next_try_in_s > 3000
    with qtbot.assertNotEmitted(worker.status, wait=300):
        pass
    with qtbot.waitSignal(worker.status, timeout=10_000) as again:
        told[0] = "0.2 went-back"
    assert (again.args[0].trouble, again.args[0].online) == (None, True)


def test_news_do_not_hurry_to_a_bureau_that_cannot_be_reached(rig, qtbot, monkeypatch):
    told = ["0.1 ok"]
    monkeypatch.setattr(sync_worker, "_LOOK_MS", 50)
    worker = rig.start(news=lambda: told[0], bureau_url="http://127.0.0.1:1", probe_s=0.0)
    with qtbot.waitSignal(worker.status, timeout=10_000) as first:
        pass
    assert (first.args[0].trouble, first.args[0].next_try_in_s > 10) == (Trouble.UNREACHABLE, True)
    with qtbot.assertNotEmitted(worker.status, wait=300):
        told[0] = "0.2 went-back"


def test_it_delivers_at_once_when_the_bureau_can_be_reached_again(tmp_path, qapp, qtbot, monkeypatch):
    """The interface was up all the time; it was the bureau, or the way there. Its port is looked at, and nobody else's."""
    met, connect = set(), socket.socket.connect
    monkeypatch.setattr(socket.socket, "connect", lambda self, address: (met.add(address), connect(self, address))[1])
    with BureauProcess(data=tmp_path / "bureau") as bureau:
        chosen = settings(tmp_path / "kiosk", bureau.url)
        provision(chosen, bureau.url, bureau.enrolment_code(STATION))
        rig = Rig(chosen)
        try:
            one = record()
            rig.save(one)
            bureau.stop()
            looked = threading.Event()
            real = link.opens
            monkeypatch.setattr(link, "opens", lambda url: (looked.set(), real(url))[1])
            worker = rig.start(probe_s=0.1)
            with qtbot.waitSignal(worker.status, timeout=10_000) as told:
                pass
            assert (told.args[0].trouble, told.args[0].next_try_in_s > 30) == (Trouble.UNREACHABLE, True)
            qtbot.waitUntil(looked.is_set, timeout=10_000)
            with qtbot.waitSignal(worker.status_moved, timeout=20_000) as moved:
                bureau.start()
            assert (moved.args[0].record_id, moved.args[0].stage.value) == (one.record_id, "received")
        finally:
            rig.end()
        assert met == {("127.0.0.1", bureau.port)}


@pytest.mark.parametrize("switch", ["paused", "metered", "night_only"])
def test_a_switch_ends_the_looking(rig, qtbot, monkeypatch, switch):
    looks = []
    monkeypatch.setattr(link, "opens", lambda url: looks.append(url) or False)
    hours = {"night_from_hour": 0, "night_to_hour": 0}
    worker = rig.start(bureau_url="http://127.0.0.1:1", probe_s=0.05, **{switch: True}, **hours)
    with qtbot.waitSignal(worker.status, timeout=10_000):
        pass
    with qtbot.waitSignal(worker.status, timeout=10_000):
        rig.ask("nudge")
    assert worker._probe.at_s is None
    assert looks == []


def test_a_port_that_is_shut_and_then_opens():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        assert not link.opens(url)
        server.listen()
        assert link.opens(url)
    assert not link.opens(url)
    assert not link.opens("https://" + "a" * 70 + ".example")


def test_what_counts_as_a_network_that_came_back():
    cable, wifi = ("eth0", "192.0.2.7"), ("wlan0", "192.0.2.9")
    assert link.came_back(frozenset(), frozenset({cable}))
    assert link.came_back(frozenset({cable}), frozenset({cable, wifi}))
    assert not link.came_back(frozenset({cable, wifi}), frozenset({cable}))
    assert not link.came_back(frozenset({cable}), frozenset({cable}))
    assert all(not address.startswith("127.") for _, address in link.links())


def test_an_unregistered_kiosk_waits_and_begins_once_it_is_registered(bureau, tmp_path, qtbot):
    chosen = settings(tmp_path, bureau.url)
    rig = Rig(chosen)
    try:
        rig.save(record())
        worker = rig.start()
        with qtbot.waitSignal(worker.status, timeout=10_000) as told:
            pass
        assert told.args[0].hold is Hold.NOT_PROVISIONED
        provision(chosen, bureau.url, bureau.enrolment_code(STATION))
        with qtbot.waitSignal(worker.status, timeout=10_000) as told:
            rig.ask("nudge")
        assert (told.args[0].hold, told.args[0].unsent) == (Hold.NONE, 0)
    finally:
        rig.end()


def test_a_revoked_kiosk_stops_and_says_so(bureau, rig, qtbot):
    from kiosk.sync.keys import load_pins

    rig.save(record())
    bureau.revoke(load_pins(rig.chosen.sync).kiosk_id)
    worker = rig.start()
    with qtbot.waitSignal(worker.status, timeout=10_000) as told:
        pass
    assert told.args[0].trouble is Trouble.REVOKED
    with qtbot.waitSignal(worker.status, timeout=10_000) as told:
        rig.ask("nudge")
    assert (told.args[0].hold, told.args[0].unsent) == (Hold.REVOKED, 1)


def test_status_as_json_has_what_the_attendant_needs(rig):
    rig.save(record())
    now = datetime.now(UTC)
    plain = rig.run(lambda store: status.collect(store, rig.chosen.sync, now).as_json(now))
    assert {"counts", "oldest_unsent", "last_receipt", "roster_version", "roster_age_s", "unsent", "level"} <= set(plain)
    assert (plain["unsent"], plain["counts"]["waiting"]) == (1, 1)


def test_a_store_that_fails_is_told_and_tried_again_later(rig, qtbot):
    """The sync's own tables cannot be read for a while: no crash, no busy loop, and it recovers."""
    rig.save(record())
    rig.run(lambda store: store.db.execute("ALTER TABLE outbox_batches RENAME TO away"))
    worker = rig.start()
    with qtbot.waitSignal(worker.status, timeout=10_000) as told:
        pass
    assert (told.args[0].trouble, told.args[0].why) == (Trouble.BROKEN, "store-error")
    assert told.args[0].next_try_in_s > 10
    rig.run(lambda store: store.db.execute("ALTER TABLE away RENAME TO outbox_batches"))
    with qtbot.waitSignal(worker.status, timeout=10_000) as told:
        rig.ask("nudge")
    assert (told.args[0].trouble, told.args[0].unsent) == (None, 0)
