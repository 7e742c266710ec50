"""From the save to the bureau's confirmation: each step by a signed word of the bureau, each refusal with its reason."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kiosk.canonical import canonical
from kiosk.domain.record import Outcome, RecordStatus
from kiosk.store import outbox, review_evidence
from kiosk.store.content import content_of
from kiosk.sync import batches, protocol, seal
from kiosk.sync.delivery import Clocks
from kiosk.sync.keys import load_identity
from kiosk.sync.provision import ProvisionRefused, provision
from kiosk.sync.schedule import Trouble
from tests.suite import bureau_keys
from tests.sync import inspector
from tests.sync.made import bureau_record, make_kiosk, record


def test_a_record_goes_through_its_stages(bureau, kiosk):
    one = record()
    kiosk.save(one)
    assert outbox.status_of(kiosk.store.db, one.record_id).stage is RecordStatus.SAVED
    done = kiosk.round()
    assert (done.sent, done.failure) == (1, None)
    assert outbox.status_of(kiosk.store.db, one.record_id).stage is RecordStatus.RECEIVED
    bureau.decide(one.record_id, "returned", "photo-unclear")
    kiosk.round()
    seen = outbox.status_of(kiosk.store.db, one.record_id)
    assert (seen.stage, seen.reason) == (RecordStatus.RETURNED, "photo-unclear")
    assert [one.record_id for one in outbox.needing_attention(kiosk.store.db)] == [one.record_id]
    bureau.decide(one.record_id, "confirmed")
    kiosk.round()
    assert outbox.status_of(kiosk.store.db, one.record_id).stage is RecordStatus.CONFIRMED
    assert [moved.stage for moved in kiosk.moved] == [RecordStatus.RECEIVED, RecordStatus.RETURNED, RecordStatus.CONFIRMED]


def test_what_arrives_is_byte_for_byte_what_was_saved(bureau, kiosk):
    one = replace(
        record(),
        notes='他说:"好" — \\ 𠮷',
        checks=(("depth", 0.1 + 0.2, False), ("screen", float("nan"), True)),
        valid_from=datetime(2026, 12, 1).date(),
        helper_name="李四",
    )
    kiosk.save(one)
    assert kiosk.round().failure is None
    assert bureau_record(bureau, one.record_id)["content_digest"] == kiosk.identity.suite.digest(content_of(one).encode())


def test_canonical_form_is_the_same_at_both_ends():
    one = replace(record(), notes="𠮷 \u2028 é", checks=(("depth", 1e-7, False),))
    assert content_of(one).encode() == canonical(json.loads(content_of(one)))
    protocol.Record.model_validate_json(content_of(one))


def test_a_decision_that_comes_before_its_receipt_is_kept(bureau, kiosk):
    one = record()
    kiosk.save(one)
    told = protocol.Decisions(
        bureau_id=kiosk.identity.pins.bureau_id,
        kiosk_id=kiosk.identity.pins.kiosk_id,
        after=0,
        decisions=(
            protocol.Decision(
                seq=int(outbox.get(kiosk.store.db, "decisions_after", "0")) + 1,
                record_id=one.record_id,
                decided="confirmed",
                decided_at=datetime.now(UTC),
            ),
        ),
    )
    with kiosk.store.db.atomic():
        batches.accept_decisions(kiosk.store.db, told)
        assert outbox.status_of(kiosk.store.db, one.record_id).stage is RecordStatus.CONFIRMED
        assert kiosk.counts() == {"waiting": 1, "confirmed": 1}, "and it is still delivered"
    outbox.put(kiosk.store.db, "decisions_after", str(told.decisions[0].seq - 1))  # the bureau itself never gave that number
    assert kiosk.round().failure is None
    assert kiosk.counts() == {"received": 1, "confirmed": 1}


def test_twice_is_once(bureau, kiosk):
    ids = kiosk.save(*(record(n) for n in range(3)))
    kiosk.round()
    kiosk.store.db.execute("UPDATE outbox SET state = 'waiting', verdict = ''")  # as after a restored backup
    assert kiosk.round().failure is None
    rows = kiosk.store.db.execute("SELECT DISTINCT state, verdict FROM outbox").fetchall()
    assert rows == [("received", "duplicate")]
    assert all(bureau_record(bureau, one) for one in ids)


def test_other_content_under_a_known_id_is_refused_for_good(bureau, kiosk):
    one = record()
    kiosk.save(one)
    kiosk.round()
    before = bureau_record(bureau, one.record_id)
    kiosk.store.db.execute("DELETE FROM outbox")
    with kiosk.store.db.atomic():
        outbox.enqueue(kiosk.store.db, replace(one, outcome=Outcome.FAILED), datetime.now(UTC))
    assert kiosk.round().failure is None
    seen = outbox.status_of(kiosk.store.db, one.record_id)
    assert (seen.stage, seen.reason) == (RecordStatus.REFUSED, "conflict")
    assert bureau_record(bureau, one.record_id) == before


def test_two_kiosks_one_pass(bureau, kiosk, tmp_path):
    other = make_kiosk(bureau, tmp_path / "other", "SZ-TEST-0002")
    try:
        first, second = record(person="P-both"), record(person="P-both", station="SZ-TEST-0002")
        kiosk.save(first)
        other.save(second)
        passes = bureau.summary()["passes"]
        assert kiosk.round().failure is None
        assert other.round().failure is None
        assert bureau.summary()["passes"] == passes + 1
        assert bureau_record(bureau, first.record_id)["verdict"] == "accepted"
        assert bureau_record(bureau, second.record_id)["verdict"] == "duplicate-pass"
        assert outbox.status_of(other.store.db, second.record_id).stage is RecordStatus.RECEIVED
    finally:
        other.close()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"station_id": "SZ-OTHER"}, "wrong-station"),
        ({"notes": "x" * 3000}, "malformed"),
        ({"person_id": "\x00"}, "malformed"),
        ({"reason": "Not A Code"}, "malformed"),
    ],
)
def test_a_bad_record_is_refused_alone_with_its_reason(bureau, kiosk, change, why):
    bad, good = replace(record(1), **change), record(2)
    kiosk.save(bad, good)
    assert kiosk.round().failure is None
    seen = outbox.status_of(kiosk.store.db, bad.record_id)
    assert (seen.stage, seen.reason) == (RecordStatus.REFUSED, why)
    assert outbox.status_of(kiosk.store.db, good.record_id).stage is RecordStatus.RECEIVED
    assert bureau_record(bureau, bad.record_id) is None


@pytest.mark.parametrize("days", [365, -365])
def test_clock_a_year_wrong(bureau, kiosk, days):
    """The kiosk believes it is a year earlier, or later: records still arrive, and the bureau sees what the time really was."""
    year = timedelta(days=days)
    clocks = Clocks(utc=lambda: datetime.now(UTC) - year, monotonic_s=lambda: 2000.0)
    one = record(now=datetime.now(UTC) - year)
    kiosk.save(one)
    done = kiosk.round(clocks=clocks)
    assert (done.failure, done.sent) == (None, 1)
    seen = bureau_record(bureau, one.record_id)
    assert seen["clock_suspect"] is True
    corrected = datetime.fromisoformat(seen["corrected_at"])
    assert abs(datetime.now(UTC) - timedelta(seconds=1000) - corrected) < timedelta(minutes=1)
    station = next(s for s in bureau.summary()["stations"] if s["kiosk_id"] == kiosk.identity.pins.kiosk_id)
    assert abs(station["clock_offset_s"] - year.total_seconds()) < 60


def test_a_lease_or_a_next_try_in_the_far_future_is_a_jumped_clock(kiosk):
    kiosk.save(record(1), record(2))
    db = kiosk.store.db
    now = datetime.now(UTC)
    assert len(outbox.lease(db, now + timedelta(days=365), 1)) == 1
    outbox.release(db, outbox.unsent_ids(db)[1:], now + timedelta(days=365))
    assert outbox.expire_leases(db, now) == 1
    assert len(outbox.lease(db, now, 10)) == 1


def test_a_kiosk_that_is_revoked_is_told_so_and_stops(bureau, tmp_path):
    kiosk = make_kiosk(bureau, tmp_path / "revoked", "SZ-TEST-0009")
    try:
        kiosk.save(record(station="SZ-TEST-0009"))
        bureau.revoke(kiosk.identity.pins.kiosk_id, "stolen")
        done = kiosk.round()
        assert done.failure.trouble is Trouble.REVOKED
        assert outbox.get(kiosk.store.db, "revoked") == kiosk.identity.pins.kiosk_id
        assert kiosk.counts() == {"waiting": 1}
        code = bureau.enrolment_code("SZ-TEST-0009")
        with pytest.raises(ProvisionRefused, match="keys-revoked"):
            provision(kiosk.settings, bureau.url, code)
        again = provision(kiosk.settings, bureau.url, code, new_keys=True)
        assert again.pins.kiosk_id != kiosk.identity.pins.kiosk_id
        assert load_identity(kiosk.settings.sync).keys.public == again.keys.public
        kiosk.identity = again
        kiosk.point_at(bureau.url)
        assert kiosk.round().failure is None
        assert kiosk.counts() == {"received": 1}, "what the old keys could not deliver goes with the new ones"
    finally:
        kiosk.close()


def test_evidence_needs_its_own_consent_and_leaves_the_kiosk_when_it_was_received(bureau, kiosk):
    one = record()
    with pytest.raises(ValueError, match="consent"):
        review_evidence.enqueue(kiosk.store.db, one.record_id, "", "image/jpeg", b"x")
    review_evidence.enqueue(kiosk.store.db, one.record_id, "consent-review", "image/jpeg", b"\xff\xd8picture")
    assert kiosk.delivery().send_evidence() is False, "not before its record"
    kiosk.save(one)
    kiosk.round()
    assert kiosk.delivery().send_evidence() is True
    assert kiosk.store.db.execute("SELECT state, content FROM outbox_evidence").fetchall() == [("received", None)]
    assert kiosk.delivery().send_evidence() is False


def test_evidence_that_nobody_will_review_is_erased(bureau, kiosk):
    unsent, refused, young = record(), record(), record()
    kiosk.save(unsent, refused, young)
    for one in (unsent, refused, young):
        review_evidence.enqueue(kiosk.store.db, one.record_id, "consent-review", "image/jpeg", b"\xff\xd8picture")
    kiosk.store.db.execute("UPDATE outbox SET state = 'refused' WHERE record_id = ?", (refused.record_id,))
    kiosk.store.db.execute("UPDATE outbox SET created_at = '2020-01-01' WHERE record_id = ?", (unsent.record_id,))
    outbox.purge(kiosk.store.db, datetime.now(UTC) - timedelta(days=30))
    kept = dict(kiosk.store.db.execute("SELECT record_id, content FROM outbox_evidence").fetchall())
    assert kept == {unsent.record_id: None, refused.record_id: None, young.record_id: b"\xff\xd8picture"}


def test_the_journal_travels_and_a_rewritten_one_is_noticed(bureau, kiosk):
    kiosk.save(record())
    kiosk.round()
    sent = int(outbox.get(kiosk.store.db, "journal_sent"))
    assert sent >= 1
    before = bureau.summary()["journal_conflicts"]
    outbox.put(kiosk.store.db, "journal_sent", "0")
    kiosk.round()
    assert bureau.summary()["journal_conflicts"] == before, "the same lines again are no conflict"
    kiosk.store.db.execute("UPDATE journal SET digest = ? WHERE seq = 1", ("0" * 64,))
    outbox.put(kiosk.store.db, "journal_sent", "0")
    kiosk.round()
    assert bureau.summary()["journal_conflicts"] == before + 1


def test_nothing_is_deleted_before_a_receipt(kiosk):
    kiosk.save(record(1))
    outbox.purge(kiosk.store.db, datetime.now(UTC) + timedelta(days=4000))
    assert kiosk.store.db.execute("SELECT count(*) FROM outbox WHERE content <> ''").fetchone() == (1,)
    kiosk.round()
    outbox.purge(kiosk.store.db, datetime.now(UTC) + timedelta(days=1))
    assert kiosk.store.db.execute("SELECT count(*), max(content) FROM outbox").fetchone() == (1, "")


def test_no_image_and_no_embedding_in_a_sealed_batch(bureau, kiosk):
    """Opened with the bureau's own key, a batch holds the known fields and nothing long. Of a whole day: trust/test_demo_day."""
    kiosk.save(*(record(n) for n in range(5)))
    seen = []
    send = kiosk.client.send
    kiosk.client.send = lambda path, sealed, model: (seen.append((path, sealed)), send(path, sealed, model))[1]
    kiosk.round()
    keys = bureau_keys(bureau.data)
    batches = [sealed for path, sealed in seen if path == "/v1/batches"]
    assert batches
    for sealed in batches:
        compact = seal.decrypt(sealed, keys.seal, kiosk.identity.pins.bureau_id)
        plain = seal.verify_bytes(compact, kiosk.identity.keys.sign, kiosk.identity.pins.kiosk_id, "batch")
        assert len(json.loads(plain)["records"]) == 5
        assert inspector.look("batch", plain) == []
