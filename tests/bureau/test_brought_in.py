"""Two kiosks of one station deliver the same records at the same moment, to a bureau of two processes on PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from kiosk.bureau.process import BureauProcess
from kiosk.store import outbox
from kiosk.sync import delivery, protocol
from tests.sync.made import bureau_record, make_kiosk, record

ROUNDS, EACH = 3, 8


@pytest.fixture(scope="module")
def large(postgres, tmp_path_factory):
    with BureauProcess(data=tmp_path_factory.mktemp("large"), db=postgres.create(), workers=2) as bureau:
        yield bureau


def sealed(kiosk):
    rows = outbox.lease(kiosk.store.db, delivery.Clocks().utc(), EACH)
    assert len(rows) == EACH
    return delivery.pack(kiosk.store, kiosk.identity, rows, "network", delivery.Clocks())


def test_the_same_records_from_two_kiosks_at_once(large, tmp_path):
    """Whichever comes first: accepted once, duplicate once, no deadlock; and every decision reaches both, however it races."""
    one, two = make_kiosk(large, tmp_path / "a"), make_kiosk(large, tmp_path / "b")
    try:
        saved: list[str] = []
        for _ in range(ROUNDS):
            made = [record(n) for n in range(EACH)]
            saved += [each.record_id for each in made]
            one.save(*made)
            two.save(*reversed(made))
            batches = [sealed(one), sealed(two)]
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
        assert large.summary()["passes"] == len(saved)
    finally:
        one.close()
        two.close()


def decide(bureau, record_ids):
    """Confirm what is there already."""
    for each in record_ids:
        if bureau_record(bureau, each) is not None:
            bureau.decide(each, "confirmed")
