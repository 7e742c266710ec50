"""A bureau that was restored from an older backup is sent anew what it had signed for and lost, by itself, and only that."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from kiosk.store import outbox
from kiosk.store.engine import journal
from kiosk.sync import protocol, standing
from tests.sync.made import bureau_record, make_kiosk, record

STATION = "SZ-TEST-0900"


@pytest.fixture
def kiosk(bureau, tmp_path):
    made = make_kiosk(bureau, tmp_path / "kiosk", STATION)
    yield made
    made.close()


def copied(source, target):
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)


def told(kiosk):
    return [json.loads(one.body)["data"] for one in journal.entries_since(kiosk.store, 0, 500) if one.kind == "bureau-restored"]


def lines_at(bureau, kiosk):
    with closing(sqlite3.connect(bureau.data / "bureau.db")) as db:
        sql = "SELECT seq FROM journal WHERE kiosk_id = ? ORDER BY seq"
        return [seq for (seq,) in db.execute(sql, (kiosk.identity.pins.kiosk_id,))]


def test_what_a_restored_bureau_lost_comes_again(bureau, kiosk, tmp_path):
    (first,) = kiosk.save(record(1, station=STATION))
    assert kiosk.round().failure is None
    bureau.decide(first, "confirmed")
    assert kiosk.round().failure is None
    copied(bureau.data / "bureau.db", tmp_path / "backup.db")
    second, third = kiosk.save(record(2, station=STATION), record(3, station=STATION))
    assert kiosk.round().failure is None
    bureau.decide(second, "confirmed")
    bureau.decide(third, "returned", "photo-unclear")
    assert kiosk.round().failure is None
    assert kiosk.counts() == {"received": 3, "confirmed": 2, "returned": 1}
    assert told(kiosk) == []

    copied(tmp_path / "backup.db", bureau.data / "bureau.db")
    assert bureau_record(bureau, second) is None
    assert kiosk.round().failure is None  # is told of it at its end
    assert [one["records"] for one in told(kiosk)] == [2]
    done = kiosk.round()
    assert (done.failure, done.asked) == (None, 2)
    assert {bureau_record(bureau, one)["verdict"] for one in (first, second, third)} == {"accepted"}
    assert kiosk.counts() == {"received": 3, "confirmed": 1}, "what the bureau no longer knows is no decision"
    bureau.decide(second, "returned", "photo-unclear")
    bureau.decide(third, "confirmed")
    for _ in range(2):
        assert kiosk.round().failure is None
    assert kiosk.counts() == {"received": 3, "confirmed": 2, "returned": 1}, "its decisions are heard, whatever their numbers"
    assert len(told(kiosk)) == 1
    seen = lines_at(bureau, kiosk)
    assert seen == list(range(seen[0], seen[-1] + 1)), "no line of the journal is missing there"
    assert bureau.summary()["journal_conflicts"] == 0


def test_an_older_word_and_an_earlier_registration_are_no_restored_bureau(bureau, kiosk):
    kiosk.save(record(1, station=STATION))
    before = datetime.now(UTC) - timedelta(minutes=5)
    assert kiosk.round().failure is None
    outbox.put(kiosk.store.db, "standing", "{}")
    two = {"bureau_id": kiosk.identity.pins.bureau_id, "kiosk_id": kiosk.identity.pins.kiosk_id}
    # From a stick that was written before this batch came.
    standing.take(kiosk.store, protocol.Standing(at=before, state="good", batches=0, **two), before)
    standing.take(kiosk.store, protocol.Standing(at=before + timedelta(seconds=1), state="good", **two), before)
    assert told(kiosk) == []
    outbox.put(kiosk.store.db, outbox.BATCHES_FROM, outbox.get(kiosk.store.db, "seq"))
    standing.take(kiosk.store, protocol.Standing(at=datetime.now(UTC), state="good", batches=0, **two), before)
    assert told(kiosk) == []
    assert kiosk.counts() == {"received": 1}
