"""A line that misbehaves and a bureau that dies: what the kiosk believes afterwards is true, and the next try ends well."""

from __future__ import annotations

import contextlib
import json
import random
import sqlite3
import threading
from datetime import UTC, datetime

import pytest

from kiosk.bench.badline import BadLine
from kiosk.bureau.process import BureauProcess
from kiosk.config import CONFIG
from kiosk.errors import StoreError
from kiosk.store import outbox
from kiosk.store.roster import lookup as roster
from kiosk.sync import roster_feed
from kiosk.sync.roster_feed import Feed
from kiosk.sync.schedule import Trouble
from tests.sync.made import bureau_record, make_kiosk, record


def only(deed, where="/v1/batches", times=1):
    """Do `deed` with the first `times` requests to a path."""
    left = [times]

    def choose(method, path):
        if path.startswith(where) and left[0]:
            left[0] -= 1
            return deed
        return "ok"

    return choose


@pytest.fixture
def line(bureau, kiosk):
    kiosk.save(record())
    kiosk.round()  # the very first requests of a bureau are slow
    for table in ("outbox", "outbox_batches", "receipts", "records"):
        kiosk.store.db.execute(f"DELETE FROM {table}")
    kiosk.moved.clear()
    with BadLine(bureau.url, delay_s=1.8) as made:
        kiosk.settings = kiosk.settings.model_copy(update={"sync": kiosk.settings.sync.model_copy(update={"timeout_s": 1.2})})
        kiosk.point_at(made.url)
        yield made
        kiosk.settings = kiosk.settings.model_copy(update={"sync": kiosk.settings.sync.model_copy(update={"timeout_s": 5.0})})


@pytest.mark.parametrize(
    ("deed", "trouble", "state", "arrived"),
    [
        ("lose-request", Trouble.UNKNOWN, "unknown", False),
        ("lose-answer", Trouble.UNKNOWN, "unknown", True),
        ("delay", Trouble.UNKNOWN, "unknown", True),
        ("truncate", Trouble.UNKNOWN, "unknown", True),
        ("garble", Trouble.FORGED, "unknown", True),
        ("after:500", Trouble.BROKEN, "unknown", True),
        ("status:500", Trouble.BROKEN, "unknown", False),
        ("status:503", Trouble.BUSY, "unknown", False),
        ("status:429", Trouble.BUSY, "unknown", False),
        ("status:413", Trouble.TOO_LARGE, "waiting", False),
    ],
)
def test_one_misdeed_ends_the_round_and_the_next_one_ends_well(bureau, kiosk, line, deed, trouble, state, arrived):
    one, two = record(1), record(2)
    kiosk.save(one, two)
    line.choose = only(deed)
    done = kiosk.round(limit=2 if deed == "status:413" else 1)
    assert done.failure.trouble is trouble
    assert line.done[deed] == 1, "the first failure ends the round"
    assert kiosk.counts() == {state: 1, "waiting": 1} if state != "waiting" else {"waiting": 2}
    assert (bureau_record(bureau, one.record_id) is not None) is arrived
    if trouble is Trouble.BUSY:
        assert done.failure.retry_after_s == 1.0
    batches = bureau.summary()["batches"]
    again = kiosk.round()
    assert again.failure is None
    assert kiosk.counts() == {"received": 2}
    assert again.asked == (0 if state == "waiting" else 1), "what is unknown is asked for before anything is sent again"
    assert again.sent == (1 if arrived else 2)
    assert bureau.summary()["batches"] == batches + 1
    verdicts = kiosk.store.db.execute("SELECT DISTINCT verdict FROM outbox").fetchall()
    assert verdicts == [("accepted",)], "nothing was sent twice"


def test_a_doubled_request_is_no_harm(bureau, kiosk, line):
    kiosk.save(record())
    line.choose = only("double")
    assert kiosk.round().failure is None
    assert kiosk.counts() == {"received": 1}


def test_the_answer_to_another_batch(bureau, kiosk, line):
    kiosk.save(record(1))
    assert kiosk.round().failure is None
    kiosk.save(record(2))
    line.choose = only("other-answer")
    done = kiosk.round()
    assert (done.failure.trouble, done.failure.why) == (Trouble.FORGED, "other-batch")
    assert kiosk.counts() == {"received": 1, "unknown": 1}
    line.choose = only("other-answer", "/v1/reconcile")
    assert kiosk.round().failure is None, "no earlier answer to swap in"
    assert kiosk.counts() == {"received": 2}


def test_the_answer_to_another_question(bureau, kiosk, line):
    kiosk.save(record(1), record(2))
    line.choose = only("lose-answer")
    kiosk.round(limit=1)
    kiosk.round(limit=1)  # asks about the first: the line remembers that answer
    kiosk.save(record(3))
    line.choose = only("lose-answer")
    kiosk.round()
    line.choose = only("other-answer", "/v1/reconcile")
    done = kiosk.round()
    assert (done.failure.trouble, done.failure.why) == (Trouble.FORGED, "other-question")
    assert "unknown" in kiosk.counts()
    assert kiosk.round().failure is None
    assert set(kiosk.counts()) == {"received"}


def test_nobody_there(bureau, kiosk):
    kiosk.save(record())
    kiosk.point_at("http://127.0.0.1:1")
    done = kiosk.round()
    assert done.failure.trouble is Trouble.UNREACHABLE
    assert kiosk.counts() == {"waiting": 1}


def test_a_single_record_that_is_too_large_does_not_hold_up_the_others(bureau, kiosk, line):
    one, two = record(1), record(2)
    kiosk.save(one, two)
    line.choose = only("status:413")
    assert kiosk.round(limit=1).failure.trouble is Trouble.TOO_LARGE
    assert outbox.lease(kiosk.store.db, datetime.now(UTC), 10)[0].record_id == two.record_id


def test_disk_full_on_the_kiosk_loses_nothing(bureau, kiosk):
    """The database may not grow by a page (SQLITE_FULL): a save that cannot be kept says so, a round may fail, nothing is lost."""
    db = kiosk.store.db
    saved = kiosk.save(record())
    db.execute(f"PRAGMA max_page_count = {db.execute('PRAGMA page_count').fetchone()[0]}").fetchall()
    try:
        with contextlib.suppress(StoreError):
            for _ in range(10_000):
                saved += kiosk.save(record())
        assert len(saved) < 10_000, "the disk was full"
        with contextlib.suppress(StoreError):
            for _ in range(5):
                assert kiosk.round(limit=1).failure is None
    finally:
        db.execute("PRAGMA max_page_count = 1073741823").fetchall()
    outbox.expire_leases(db, datetime.now(UTC), everything=True)
    assert kiosk.round().failure is None
    assert kiosk.counts() == {"received": len(saved)}
    assert all(bureau_record(bureau, one) for one in saved)


@pytest.fixture(scope="module")
def mortal(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mortal")
    armed = folder / "armed"
    bureau = BureauProcess(data=folder / "bureau", environment={"KIOSK_BUREAU_FAILPOINTS": f"@{armed}"})
    bureau.start()
    kiosk = make_kiosk(bureau, folder / "kiosk")
    yield bureau, kiosk, armed
    kiosk.close()
    bureau.kill()


@pytest.mark.parametrize(
    ("point", "arrived"),
    [
        ("ingest=full", False),
        ("ingest=die", False),
        ("before-commit=die", False),
        ("after-commit=die", True),
    ],
)
def test_the_bureau_dies_before_during_and_after_its_commit(mortal, point, arrived):
    bureau, kiosk, armed = mortal
    one = record()
    kiosk.save(one)
    armed.write_text(point)
    done = kiosk.round()
    assert done.failure.trouble is (Trouble.BUSY if "full" in point else Trouble.UNKNOWN)
    if "full" in point:
        assert done.failure.why == "bureau-full"
        assert done.failure.retry_after_s == 60.0
    assert outbox.status_of(kiosk.store.db, one.record_id).stage == "sending"
    if "die" in point:  # the line breaks before the process is gone
        bureau._child.wait(timeout=60)
        bureau.start()
    again = kiosk.round()
    assert (again.failure, again.asked, again.sent) == (None, 1, 0 if arrived else 1)
    assert bureau_record(bureau, one.record_id)["verdict"] == "accepted"


def test_a_roster_is_fetched_on_where_it_stopped(bureau, tmp_path):
    rng = random.Random(3)
    people = tmp_path / "people.jsonl"
    people.write_text(
        "".join(
            json.dumps(
                {
                    "person_id": f"P{n}",
                    "name": rng.randbytes(20).hex(),
                    "id_number": f"{n:018d}",
                    "status": "active",
                    "benefits": [],
                }
            )
            + "\n"
            for n in range(15000)
        )
    )
    version = bureau.issue_roster(people)
    kiosk = make_kiosk(bureau, tmp_path / "resume", "SZ-TEST-0400")
    try:
        stop = threading.Event()
        fetch = kiosk.client.fetch
        ranges = []

        def interrupted(path, target, size):
            for have in fetch(path, target, size):
                ranges.append(have)
                stop.set()  # as if the kiosk was switched off after the first block
                yield have

        kiosk.client.fetch = interrupted
        feed = Feed(kiosk.settings.sync, kiosk.client, kiosk.run)
        assert feed.pull(stop) == []
        assert 0 < ranges[-1]
        part = next(kiosk.store.folder.glob("*.fetching")).stat().st_size
        kiosk.client.fetch = fetch
        seen = []
        exchange = kiosk.client._http.stream
        kiosk.client._http.stream = lambda *a, **k: (seen.append(k.get("headers") or {}), exchange(*a, **k))[1]
        assert feed.pull(threading.Event()) == [f"roster {version}"]
        assert f"bytes={part}-" in [headers.get("Range") for headers in seen]
        assert not list(kiosk.store.folder.glob("*.fetching"))
        bureau_people = people.read_text().splitlines()
        people.write_text("\n".join(bureau_people[:-1] + [bureau_people[-1].replace("active", "deceased")]) + "\n")
        newer = bureau.issue_roster(people)
        sizes = []
        kiosk.client.fetch = lambda path, target, size: (sizes.append(size), fetch(path, target, size))[1]
        assert feed.pull(threading.Event()) == [f"roster {newer}"]
        assert sizes[0] < 1000, "a delta, not the whole"
        assert roster.find_person(kiosk.store, "P14999").status == "deceased"
    finally:
        kiosk.close()


def test_policies_staff_and_messages_come_down(bureau, kiosk):
    bureau.message("明天系统维护", kiosk.settings.station.station_id)
    bureau.message("别站的消息", "SZ-ELSEWHERE")
    assert kiosk.feed()[0].startswith("bundle")
    assert [one["text"] for one in roster_feed.messages(kiosk.store, datetime.now(UTC))] == ["明天系统维护"]
    assert kiosk.feed() == []


def some_people(tmp_path, count):
    rng = random.Random(count)
    path = tmp_path / f"people-{count}.jsonl"
    path.write_text(
        "".join(
            json.dumps(
                {
                    "person_id": f"P{n}",
                    "name": rng.randbytes(40).hex(),
                    "id_number": f"{n:018d}",
                    "status": "active",
                    "benefits": [],
                }
            )
            + "\n"
            for n in range(count)
        )
    )
    return path


def issue_as_a_newer_bureau(bureau, **content):
    """Issue what this version's bureau would refuse."""
    with contextlib.closing(sqlite3.connect(bureau.data / "bureau.db", isolation_level=None, timeout=10)) as db:
        (version,) = db.execute("SELECT coalesce(max(version), 0) + 1 FROM bundles").fetchone()
        db.execute("INSERT INTO counters VALUES ('bundle-version', ?) ON CONFLICT DO UPDATE SET value = excluded.value", (version,))
        at = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}"
        db.execute("INSERT INTO bundles (version, created_at, content) VALUES (?, ?, ?)", (version, at, json.dumps(content)))
    return version


def test_a_bad_bundle_does_not_keep_the_roster_away(bureau, tmp_path):
    kiosk = make_kiosk(bureau, tmp_path / "bundle", "SZ-TEST-0401")
    try:
        version = bureau.issue_roster(some_people(tmp_path, 10))
        bundle = issue_as_a_newer_bureau(bureau, policies={"broken": "this is no policy"})
        assert kiosk.feed() == [f"bundle {bundle}", f"roster {version}"]
        assert roster_feed.refused_parts(kiosk.store)[0].startswith("policies/broken")
        assert kiosk.store.db.execute("SELECT name FROM policies").fetchall() == []
        text = (CONFIG / "policies" / "deferred-month.toml").read_text(encoding="utf-8")
        bureau.issue_bundle(policies={"deferred-month": text})
        assert kiosk.feed()[0].startswith("bundle")
        assert kiosk.store.db.execute("SELECT name FROM policies").fetchall() == [("deferred-month",)]
    finally:
        kiosk.close()


def test_on_a_metered_line_large_rosters_wait(bureau, tmp_path):
    kiosk = make_kiosk(bureau, tmp_path / "metered", "SZ-TEST-0402")
    try:
        version = bureau.issue_roster(some_people(tmp_path, 16_000))
        feed = Feed(kiosk.settings.sync, kiosk.client, kiosk.run)
        assert [one for one in feed.pull(threading.Event(), metered=True) if one.startswith("roster")] == []
        assert roster.version(kiosk.store) == 0
        assert f"roster {version}" in feed.pull(threading.Event())
    finally:
        kiosk.close()
