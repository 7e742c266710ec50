"""A database of protocol version 1, numbers as Python writes them: its journal holds, and what waits is written anew."""

from __future__ import annotations

import hashlib
import json

import pytest

from kiosk.canonical import canonical
from kiosk.store import content, outbox, records
from kiosk.store.engine import journal
from kiosk.store.opening import open_store
from tests.store import made

CHECKS = (("depth", 1.0, False), ("glare", 1e-7, True))


def as_written_then(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


@pytest.fixture
def old(folder, monkeypatch):
    """A store with one record that waits, one received, and a journal entry with a whole float; closed."""
    with monkeypatch.context() as then, open_store(made.settings(folder), now=made.NOW) as store:
        then.setattr(journal, "canonical", as_written_then)
        then.setattr(content, "canonical", as_written_then)
        waits, received = made.record(checks=CHECKS), made.record("v-2", checks=CHECKS)
        records.save_visit(store, [waits], made.NOW)
        records.save_visit(store, [received], made.NOW)
        journal.note(store, "thing", {"drift_s": 2.0}, made.NOW)
        ((digest,),) = store.db.execute("SELECT content_digest FROM outbox WHERE record_id = ?", (received.record_id,)).fetchall()
        outbox.settle(
            store.db, "r-1", "receipt", "signed", made.NOW, [outbox.RecordVerdict(received.record_id, digest, "accepted")]
        )
        store.db.execute("DELETE FROM migrations WHERE module = 'outbox' AND name = 'rewrite_numbers'")
    return waits, received


def test_what_no_receipt_covers_takes_the_new_form(folder, old):
    waits, received = old
    with open_store(made.settings(folder), now=made.NOW) as store:
        rows = {
            record_id: (content, digest)
            for record_id, content, digest in store.db.execute("SELECT record_id, content, content_digest FROM outbox").fetchall()
        }
        kept = records.of_person(store, "p-1")
    content, digest = rows[waits.record_id]
    assert '["depth",1,false],["glare",1e-7,true]' in content
    assert content.encode() == canonical(json.loads(content))
    assert digest == hashlib.sha256(content.encode()).hexdigest()
    content, digest = rows[received.record_id]
    assert '["depth",1.0,false],["glare",1e-07,true]' in content, "a receipt speaks of these bytes"
    assert digest == hashlib.sha256(content.encode()).hexdigest()
    assert {one.record for one in kept} == {waits, received}


def test_its_journal_still_verifies_and_goes_on(folder, old):
    with open_store(made.settings(folder), now=made.NOW) as store:
        journal.note(store, "thing", {"drift_s": 2.0}, made.NOW)
        verdict = journal.verify(store)
        bodies = [one.body for one in journal.entries_since(store, 2)]
    assert (verdict.ok, verdict.entries, verdict.unsigned) == (True, 4, 0)
    assert ['"drift_s":2.0' in body for body in bodies] == [True, False]
