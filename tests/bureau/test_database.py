"""The schema that migrations build is the one the code means; the same rules hold on SQLite and PostgreSQL."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from kiosk.bureau import database, months, tables
from kiosk.bureau.process import BureauProcess
from kiosk.config import ROOT
from kiosk.store import outbox
from kiosk.sync import delivery, protocol
from tests.sync.made import bureau_record, make_kiosk, record

ROUNDS, EACH = 3, 8  # of two kiosks that bring the same records


def differences(url):
    database.upgrade(url)
    database.upgrade(url)  # again: nothing to do
    engine = database.open_engine(url)
    with engine.connect() as connection:

        def ours(name, kind, _parents):
            return not (kind == "table" and (name in months.names(connection) or name.endswith("_rest")))

        options = {"compare_type": True, "include_name": ours}
        found = compare_metadata(MigrationContext.configure(connection, opts=options), tables.Base.metadata)
    engine.dispose()
    return found


def test_migrations_build_what_the_tables_say(tmp_path):
    assert differences(f"sqlite:///{tmp_path / 'bureau.db'}") == []


def test_migrations_build_it_on_postgresql_too(postgres):
    assert differences(postgres.create()) == []


def test_two_bureaus_that_start_at_once(postgres):
    url = postgres.create()
    program = f"from kiosk.bureau.database import upgrade; upgrade({url!r})"
    both = [subprocess.Popen([sys.executable, "-c", program], cwd=ROOT) for _ in range(2)]
    assert [one.wait(60) for one in both] == [0, 0]
    assert differences(url) == []


@pytest.fixture(scope="module")
def large(postgres, tmp_path_factory):
    """A bureau of two processes on PostgreSQL."""
    with BureauProcess(data=tmp_path_factory.mktemp("large"), db=postgres.create(), workers=2) as bureau:
        yield bureau


def sealed(kiosk, count):
    """Return the kiosk's next records as they travel."""
    rows = outbox.lease(kiosk.store.db, delivery.Clocks().utc(), count)
    assert len(rows) == count
    return delivery.pack(kiosk.store, kiosk.identity, rows, "network", delivery.Clocks())


def test_postgresql_several_workers_the_same_batch_at_once(large, tmp_path):
    """Sixteen deliveries of the same bytes race on two processes: one batch, one receipt, every record once."""
    kiosk = make_kiosk(large, tmp_path)
    saved = kiosk.save(*(record(n) for n in range(20)))
    packed = sealed(kiosk, 20)
    gate = threading.Barrier(16)

    def post(client):
        gate.wait()
        return client.post("/v1/batches", content=packed.sealed, headers={"Content-Type": protocol.MEDIA_TYPE})

    with ExitStack() as open_clients, ThreadPoolExecutor(16) as pool:
        trusts = httpx.create_ssl_context()  # once: each costs more than all the posts
        made = (httpx.Client(base_url=large.url, trust_env=False, timeout=30, verify=trusts) for _ in range(16))
        answers = list(pool.map(post, [open_clients.enter_context(one) for one in made]))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert large.summary()["batches"] == 1
    assert all(bureau_record(large, one)["verdict"] == "accepted" for one in saved)
    kiosk.close()


def test_postgresql_two_kiosks_race_for_the_same_passes(large, tmp_path):
    """Both offline with the same people, both delivering at the same moment in opposite orders: no deadlock, one pass each."""
    stations = ["SZ-PG-0001", "SZ-PG-0002"]
    kiosks = [make_kiosk(large, tmp_path / station, station) for station in stations]
    people = [f"P-race-{n:03d}" for n in range(60)]
    passes = large.summary()["passes"]
    for kiosk, station, order in zip(kiosks, stations, (people, people[::-1]), strict=True):
        kiosk.save(*(record(person=one, station=station) for one in order))
    gate = threading.Barrier(2)

    def deliver(kiosk):
        from kiosk.store.opening import open_store

        kiosk.store.close()
        kiosk.store = open_store(kiosk.settings)  # a connection belongs to its thread
        gate.wait()
        done = kiosk.round(20)
        counts = kiosk.counts()
        kiosk.close()
        return done.failure, counts

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(deliver, kiosks)) == [(None, {"received": 60})] * 2
    summary = large.summary()
    assert summary["passes"] == passes + 60
    verdicts = [one["verdict"] for one in large.records() if one["person_id"].startswith("P-race")]
    assert sorted(verdicts) == ["accepted"] * 60 + ["duplicate-pass"] * 60
    assert large.running


def test_postgresql_goes_through_the_same_stages(large, tmp_path):
    kiosk = make_kiosk(large, tmp_path, "SZ-PG-0003")
    one = record(station="SZ-PG-0003")
    kiosk.save(one)
    assert kiosk.round().failure is None
    large.decide(one.record_id, "returned", "photo-unclear")
    assert kiosk.round().failure is None
    assert kiosk.counts() == {"received": 1, "returned": 1}
    large.message("你好")
    assert kiosk.feed()
    kiosk.close()


def test_the_same_records_from_two_kiosks_at_once(large, tmp_path):
    """Whichever comes first: accepted once, duplicate once, no deadlock; and every decision reaches both, however it races."""
    one, two = make_kiosk(large, tmp_path / "a"), make_kiosk(large, tmp_path / "b")
    passes = large.summary()["passes"]
    try:
        saved: list[str] = []
        for _ in range(ROUNDS):
            made = [record(n) for n in range(EACH)]
            saved += [each.record_id for each in made]
            one.save(*made)
            two.save(*reversed(made))
            batches = [sealed(one, EACH), sealed(two, EACH)]
            with ThreadPoolExecutor(3) as pool:
                sent = [
                    pool.submit(kiosk.client.send, "/v1/batches", batch.sealed, protocol.Receipt)
                    for kiosk, batch in zip((one, two), batches, strict=True)
                ]
                deciding = pool.submit(decide, large, saved[-EACH:])  # while they arrive
                receipts = [each.result() for each in sent]
                deciding.result()
            verdicts = [{said.record_id: said.verdict for said in receipt.verdicts} for receipt, _ in receipts]
            for each in made:
                assert sorted(told[each.record_id] for told in verdicts) == ["accepted", "duplicate"]
            for kiosk, (receipt, signed) in zip((one, two), receipts, strict=True):
                delivery.accept_receipt(kiosk.store.db, receipt, signed)
        decide(large, saved)
        for kiosk in (one, two):
            assert kiosk.round().failure is None
            assert kiosk.counts() == {"received": len(saved), "confirmed": len(saved)}
        assert all(bureau_record(large, each)["decision"] == "confirmed" for each in saved)
        assert large.summary()["passes"] == passes + len(saved)
    finally:
        one.close()
        two.close()


def decide(bureau, record_ids):
    """Confirm what is there already."""
    for each in record_ids:
        if bureau_record(bureau, each) is not None:
            bureau.decide(each, "confirmed")
