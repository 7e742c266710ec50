"""The states of an outbox row that no receipt covers stand once, with a name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kiosk.domain.record import RecordStatus
from kiosk.store import outbox, outbox_table, records
from kiosk.store.outbox_table import UNSETTLED, Step
from tests.store import made

KIOSK = Path(__file__).resolve().parents[2] / "kiosk"
LISTED = re.compile(r"['\"]unknown['\"],\s*['\"]carried['\"]")


def test_no_other_list_of_them_stands_anywhere():
    """One place may join two of them: what is asked after before anything is sent again."""
    found = {
        path.relative_to(KIOSK).as_posix(): len(LISTED.findall(path.read_text(encoding="utf-8"))) for path in KIOSK.rglob("*.py")
    }
    assert {name: n for name, n in found.items() if n} == {"store/outbox_table.py": 1, "store/outbox/rows.py": 2}


def test_settled_are_the_two_that_a_receipt_makes():
    assert set(Step) - set(UNSETTLED) == {Step.RECEIVED, Step.REFUSED}


@pytest.mark.parametrize("step", list(Step))
def test_every_look_at_what_waits_agrees(store, step):
    made.give_roster(store, made.entry())
    (record_id,) = records.save_visit(store, [made.record()], made.NOW)
    store.db.execute("UPDATE outbox SET state = ?", (step.value,))
    waits = step in UNSETTLED
    assert outbox.unsent_ids(store.db) == [record_id] * waits
    assert outbox.unsent_count(store.db) == waits
    assert [one.record_id for one in outbox.unsent(store.db, [record_id])] == [record_id] * waits
    assert (outbox.oldest_unsent(store.db) is not None) == waits
    assert outbox_table.waiting(outbox.counts(store.db)) == waits
    progress = outbox.status_of(store.db, record_id)
    assert progress is not None
    assert (progress.stage in (RecordStatus.RECEIVED, RecordStatus.REFUSED)) != waits
