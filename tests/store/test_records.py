"""Saving visits: all or nothing, ids, tries, stages, retention proven in the raw file."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk import failpoints
from kiosk.domain.record import Channel, Outcome, RecordStatus
from kiosk.errors import StoreError
from kiosk.store import outbox, records, service
from kiosk.store.content import content_of
from kiosk.store.engine import journal
from tests.store import made
from tests.store.raw import plain_pages


def save(store, *some, at=made.NOW, **options):
    return records.save_visit(store, list(some), at, **options)


def settle(store, record_id, verdict="accepted", reason="", at=made.NOW):
    row = store.db.execute("SELECT content_digest FROM outbox WHERE record_id = ?", (record_id,)).fetchone()
    outbox.settle(store.db, f"r-{record_id}", "receipt", "signed", at, [outbox.RecordVerdict(record_id, row[0], verdict, reason)])


def test_a_visit_is_record_outbox_row_consent_and_journal_entry(store):
    one = made.record(consent_id="consent-v-1", helper_name="测试乙", helper_id_number="X", notes="理由")
    assert save(store, one) == (one.record_id,)
    (kept,) = records.of_person(store, "p-1")
    assert kept.record == one
    assert kept.progress.stage is RecordStatus.SAVED
    assert store.db.execute("SELECT count(*) FROM consents").fetchone()[0] == 1
    (entry,) = journal.entries_since(store, 0)
    assert (entry.kind, one.record_id in entry.body) == ("visit-saved", True)


def test_several_benefits_are_one_transaction(store):
    two = [made.record(), made.record(benefit_id="old-age-allowance")]
    assert save(store, *two) == (two[0].record_id, two[1].record_id)
    with pytest.raises(StoreError):
        save(store, made.record("v-2"), two[0])  # a known id: nothing of the visit stays
    assert len(records.of_person(store, "p-1")) == 2
    assert len(journal.entries_since(store, 0)) == 1
    with pytest.raises(ValueError, match="without records"):
        save(store)


@pytest.mark.parametrize("point", ["save.record", "save.before-commit"])
def test_what_fails_before_the_commit_leaves_nothing(store, point):
    failpoints.arm(point, "error")
    with pytest.raises(RuntimeError):
        save(store, made.record(consent_id="c"))
    for table in ("records", "outbox", "consents", "journal"):
        assert store.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 0, table
    assert list(store.mirror.read()) == []
    failpoints.disarm()
    save(store, made.record())


def test_separate_consent_is_kept_as_given(store):
    consent = records.Consent("c-9", "p-1", "human-review", "2026-01", "A1")
    save(store, made.record(consent_id="c-9"), consent=consent)
    assert store.db.execute("SELECT kind, text_version, witness FROM consents").fetchall() == [("human-review", "2026-01", "A1")]


clocks = st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))


scores = st.floats(-(2.0**53) + 1, 2.0**53 - 1)


@given(clocks, st.text(max_size=50), scores, st.booleans(), st.none() | st.dates())
def test_json_gives_the_record_back(at, text, score, flag, day):
    one = made.record(at=at, notes=text, helper_name=text, checks=(("depth", score, flag),), valid_from=day)
    assert records.from_json(content_of(one)) == one


@pytest.mark.parametrize("score", [float("nan"), float("inf"), 2.0**53, -1e300])
def test_a_score_that_is_no_number_everywhere_is_left_out(score):
    kept = records.from_json(content_of(made.record(checks=(("depth", score, True),))))
    assert kept.checks == (("depth", None, True),)


def test_newest_first_and_progress(store):
    ids = [save(store, made.record(f"v-{n}"), at=made.NOW + timedelta(minutes=n))[0] for n in range(3)]
    settle(store, ids[0])
    settle(store, ids[1], "rejected", "pass-key-unknown")
    found = records.of_person(store, "p-1")
    assert [one.record.record_id for one in found] == ids[::-1]
    assert [one.progress.stage for one in found] == [RecordStatus.SAVED, RecordStatus.REFUSED, RecordStatus.RECEIVED]
    assert service.status_of(store, ids[1]) is RecordStatus.REFUSED


def test_passes_count_until_the_bureau_says_no(store):
    (first,) = save(store, made.record())
    save(store, made.record(channel=Channel.ENROLMENT, benefit_id="none"))
    save(store, made.record(outcome=Outcome.FAILED, benefit_id="other"))
    assert records.passes_of(store, "p-1") == {"enterprise-employee": made.TODAY}
    settle(store, first)
    assert records.passes_of(store, "p-1") == {"enterprise-employee": made.TODAY}
    outbox.decide(store.db, [(first, "returned", "name-mismatch", made.NOW)], 1)
    assert records.passes_of(store, "p-1") == {}


def test_local_day_decides(store):
    late = made.NOW.replace(hour=16, minute=30)  # half past midnight of the 22nd in Shenzhen
    save(store, made.record(at=late), at=late)
    assert records.passes_of(store, "p-1") == {"enterprise-employee": date(2026, 11, 22)}


def test_tries_are_counted_a_person_and_day(store):
    for n in range(3):
        save(store, made.record(f"v-{n}", outcome=Outcome.FAILED), made.record(f"v-{n}", outcome=Outcome.FAILED, benefit_id="b"))
    assert records.tries_on(store, "p-1", made.TODAY) == 3  # a visit is one try, however many benefits
    assert records.count_try(store, "p-1", made.TODAY) == 4
    assert records.tries_on(store, "p-2", made.TODAY) == 0
    assert records.tries_on(store, "p-1", made.TODAY + timedelta(days=1)) == 0


def test_retention_takes_only_what_is_old_and_received(store):
    long_ago = made.NOW - timedelta(days=731)
    (old_sent,) = save(store, made.record("v-old-sent", at=long_ago), at=long_ago)
    (old_waiting,) = save(store, made.record("v-old-waiting", at=long_ago), at=long_ago)
    (young,) = save(store, made.record("v-young"), at=made.NOW)
    settle(store, old_sent, at=long_ago)
    settle(store, young)
    assert records.retain(store, made.NOW)["records"] == 1
    assert {one.record.record_id for one in records.of_person(store, "p-1")} == {old_waiting, young}
    assert records.retain(store, made.NOW)["records"] == 0
    assert journal.verify(store).ok


def test_old_entries_leave_and_the_chain_still_holds(store):
    for n in range(5):
        journal.note(store, "old", {"n": n}, made.NOW - timedelta(days=1200))
    save(store, made.record())
    save(store, made.record("v-2"))
    counts = records.retain(store, made.NOW)
    assert counts["entries"] == 5
    verdict = journal.verify(store)
    assert (verdict.ok, verdict.first_seq) == (True, 6)
    assert min(frame.seq for frame in store.mirror.read()) == 6


def test_nothing_is_left_in_the_raw_file(store):
    """The marker is there before, in clear once decrypted, and in no page, free page, log or mirror afterwards."""
    long_ago = made.NOW - timedelta(days=800)
    ids = [
        save(store, made.record(f"v-{n}", at=long_ago, helper_name="MARKER-NAME", notes="MARKER-NOTE " * 100), at=long_ago)[0]
        for n in range(20)
    ]
    for one in ids:
        settle(store, one, at=long_ago)
    save(store, made.record("v-young", notes="KEPT-NOTE"))

    def there(marker):
        return marker in plain_pages(store.path, store.key)

    def mirrored(marker):
        return any(marker in str(frame.rows) for frame in store.mirror.read())

    assert there(b"MARKER-NOTE")
    assert mirrored("MARKER-NAME")
    assert records.retain(store, made.NOW)["records"] == 20
    assert not there(b"MARKER-NOTE")
    assert not there(b"MARKER-NAME")
    assert not mirrored("MARKER-NAME")
    assert there(b"KEPT-NOTE")
    assert mirrored("KEPT-NOTE")


def test_what_was_put_aside_goes_after_a_while(store, folder):
    aside = [
        folder / "quarantine" / "old-kiosk.db",
        folder / "journal" / "2026-01.abcd.damaged",
        folder / "quarantine" / "new-kiosk.db",
    ]
    for path in aside:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
        age = 89 if path.name.startswith("new") else 91
        os.utime(path, (made.NOW.timestamp() - age * 86400,) * 2)
    records.retain(store, made.NOW)
    assert [path.exists() for path in aside] == [False, False, True]


def test_pass_key_is_kept_as_the_record_says(store):
    one = made.record()
    save(store, one)
    assert store.db.execute("SELECT pass_key FROM records").fetchone()[0] == one.pass_key
    assert one.pass_key == "p-1/enterprise-employee/deferred-month/2026-11"
    assert replace(one, station_id="S-2").pass_key == one.pass_key
