"""What a bureau takes of a batch, field by field: in this process, on a database that is made once and copied."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from kiosk.bureau import ingest, tables
from kiosk.bureau.rings import Ring, bureau_id
from kiosk.canonical import canonical
from kiosk.sync import limits, protocol, seal, suites
from kiosk.sync.keys import Keys
from tests.bureau import copied
from tests.bureau.copied import CLOCK, NOW, SENT, change, kiosk_row, opening, refused, rows, told, verdicts
from tests.bureau.made import STATION, Kiosk, record, register


@pytest.fixture
def opened(tmp_path, monkeypatch):
    yield from copied.opened(tmp_path, monkeypatch)


@pytest.fixture
def context(opened):
    return opened()


# --- who sends -----------------------------------------------------------------------------------------------------------


def test_who_is_turned_away_and_why(context):
    kiosk = register(context)
    good = kiosk.sealed([])
    assert refused(ingest.take_batch, context, b"x") == (400, "truncated", "")
    assert refused(ingest.take_batch, context, b"x" * (limits.MAX_SEALED + 1)) == (413, "too-large", "")
    assert refused(ingest.answer, context, good) == (400, "wrong-kind", "")
    unknown = Kiosk(context, "kiosk-unknown", kiosk.keys)
    assert refused(ingest.take_batch, context, unknown.sealed([])) == (401, "unknown-kiosk", "")
    forged = Kiosk(context, kiosk.kiosk_id, Keys(*seal.new_keys()))
    assert refused(ingest.take_batch, context, forged.sealed([])) == (400, "bad-signature", "")
    other = kiosk.sealed([], kiosk_id="kiosk-other")
    assert refused(ingest.take_batch, context, other) == (403, "wrong-signer", kiosk.kiosk_id)
    change(context, kiosk, suite="gm-1")
    assert refused(ingest.take_batch, context, good) == (400, "other-suite", "")
    change(context, kiosk, suite="std-1", revoked_at=NOW)
    assert refused(ingest.take_batch, context, good) == (403, "revoked", kiosk.kiosk_id)
    assert rows(context, tables.Batch) == []


def test_a_kiosk_whose_key_is_of_another_suite_than_its_letter_is_refused(context):
    """Sealed under std-1 and signed by a kiosk of gm-1: the row says std-1, the key does not."""
    kiosk = register(context)
    keys = seal.new_keys(suites.GM_1)
    change(context, kiosk, sign_key=seal.public_keys(*keys).sign, seal_key=seal.public_keys(*keys).seal)
    assert refused(ingest.take_batch, context, kiosk.sealed([])) == (400, "other-suite", "")


def test_who_is_answered_by_which_keys(context):
    """A kiosk that tells of the new keys is answered by them, whatever it wrote to; one that was told of them, too."""
    old, new, coming = context.keys, Keys(*seal.new_keys()), Keys(*seal.new_keys())
    held = replace(context, keys=new, rings={**context.rings, "std-1": Ring(new, following=coming, before=old)})
    assert held.bureau_id == bureau_id(new)
    kiosk = register(context)  # it writes to the old ones

    def answered(**changes: Any) -> str:
        signed = ingest.take_batch(held, kiosk.sealed([], **changes))
        return next(bureau_id(one) for one in (old, new, coming) if verified(signed, one, protocol.Receipt))

    def verified(signed: str, keys: Keys, model: Any) -> bool:
        try:
            document = seal.verify(signed, seal.verify_key(keys.public), bureau_id(keys), model)
        except seal.Refused:
            return False
        return document.bureau_id == bureau_id(keys)

    assert answered() == bureau_id(old)
    assert answered(believes=bureau_id(new)) == bureau_id(new)
    assert answered() == bureau_id(new)  # it is remembered
    assert answered(believes=bureau_id(old)) == bureau_id(old)
    assert answered(believes=bureau_id(coming)) == bureau_id(new)
    question = protocol.Question(question_id="q", kiosk_id=kiosk.kiosk_id, record_ids=("r",))
    sealed = kiosk.sealed_plain(canonical(question.model_dump(mode="json")), "question")
    assert verified(ingest.answer(held, sealed), new, protocol.Answer)
    change(context, kiosk, bureau_id="")
    assert verified(ingest.answer(held, sealed), old, protocol.Answer)


# --- a batch -------------------------------------------------------------------------------------------------------------


def test_what_is_written_of_a_batch(context):
    kiosk, one = register(context), record(clock=CLOCK, valid_to="2027-11-30")
    sealed = kiosk.sealed([one], batch_id="b-1", clock=SENT, backlog=3, roster_version=7, software="0.1.0")
    receipt = opening(context, ingest.take_batch(context, sealed), protocol.Receipt)
    digest = context.suite.digest(canonical(one))
    assert receipt == protocol.Receipt(
        bureau_id=context.bureau_id,
        kiosk_id=kiosk.kiosk_id,
        batch_id="b-1",
        batch_digest=context.suite.digest(sealed),
        received_at=NOW,
        verdicts=(protocol.Verdict(record_id=one["record_id"], content_digest=digest, verdict="accepted"),),
    )
    (batch,) = rows(context, tables.Batch, "receipt")
    assert batch == {
        "batch_id": "b-1",
        "kiosk_id": kiosk.kiosk_id,
        "seq": 1,
        "digest": context.suite.digest(sealed),
        "received_at": NOW,
        "records": 1,
    }
    (written,) = rows(context, tables.Record)
    assert written == {
        "record_id": one["record_id"],
        "kiosk_id": kiosk.kiosk_id,
        "batch_id": "b-1",
        "content_digest": digest,
        "content": canonical(one).decode(),
        "person_id": "P1",
        "pass_key": protocol.Record.model_validate(one).pass_key,
        "channel": "self-face",
        "outcome": "passed",
        "reason": "ok",
        "captured_at": datetime(2026, 11, 30, 7, 58, 20, tzinfo=UTC),
        "corrected_at": NOW - timedelta(seconds=100),
        "clock_suspect": False,
        "received_at": NOW,
        "verdict": "accepted",
        "decision": "",
        "decision_reason": "",
        "answer_by": None,
    }
    assert rows(context, tables.Pass) == [{"pass_key": written["pass_key"], "record_id": one["record_id"], "created_at": NOW}]
    ((known),) = rows(context, tables.RecordId)
    assert (known["record_id"], known["received_at"], known["content_digest"]) == (
        one["record_id"],
        NOW,
        suites.STD_1.digest(canonical(one)),
    )
    assert told(context) == {
        **told(context),
        "verdicts": {"accepted/pending": 1},
        "passes": 1,
        "batches": 1,
        "journal_conflicts": 0,
    }
    with context.session.begin() as session:  # in the kiosk's own shard: no two transactions wait for one row
        assert set(session.scalars(select(tables.Count.shard).where(tables.Count.value != 0))) == {kiosk.kiosk_id}


def test_the_same_bytes_get_the_same_receipt_and_other_ones_none(context):
    kiosk, other = register(context), register(context, 2)
    sealed = kiosk.sealed([record()], batch_id="b-1")
    receipt = ingest.take_batch(context, sealed)
    assert ingest.take_batch(context, sealed) == receipt
    assert told(context)["batches"] == 1
    assert refused(ingest.take_batch, context, kiosk.sealed([], batch_id="b-1")) == (409, "batch-conflict", kiosk.kiosk_id)
    assert refused(ingest.take_batch, context, other.sealed([], batch_id="b-1")) == (409, "batch-conflict", other.kiosk_id)
    with context.session.begin() as session:  # the same bytes, which another one is said to have sent
        session.get_one(tables.Batch, "b-1").kiosk_id = other.kiosk_id
    assert refused(ingest.take_batch, context, sealed) == (409, "batch-conflict", kiosk.kiosk_id)


@pytest.mark.parametrize(
    ("way", "seq", "after"),
    [
        ("stick", 6, (6, 2, 8, "new", None, None)),
        ("stick", 5, (5, 1, 7, "old", None, None)),  # a stick comes late: the newest speaks
        ("stick", 4, (5, 1, 7, "old", None, None)),
        ("network", 4, (5, 2, 8, "new", NOW, 30.0)),  # the network is now
        ("network", 9, (9, 2, 8, "new", NOW, 30.0)),
    ],
)
def test_what_is_known_of_a_kiosk_after_a_batch(context, way, seq, after):
    kiosk = register(context)
    change(context, kiosk, last_seq=5, backlog=1, roster_version=7, software="old")
    kiosk.send(seq=seq, way=way, clock=SENT, backlog=2, roster_version=8, software="new")
    names = ("last_seq", "backlog", "roster_version", "software", "last_contact", "clock_offset_s")
    assert kiosk_row(context, kiosk, *names) == after
    assert kiosk_row(context, kiosk, "bureau_id", "follows_keys") == ("", False)


def test_whose_keys_a_kiosk_believes_is_kept(context):
    kiosk = register(context)
    kiosk.send(believes="b" * 130)
    assert kiosk_row(context, kiosk, "bureau_id", "follows_keys") == ("b" * 128, True)
    kiosk.send(seq=1, way="stick", believes="late")
    kiosk.send()
    assert kiosk_row(context, kiosk, "bureau_id", "follows_keys") == ("b" * 128, True)


def test_the_verdict_on_what_came_before(context):
    kiosk, one = register(context), record()
    changed = {**one, "roster_version": 2}
    assert verdicts(kiosk.send(one, one, changed)) == [("accepted", ""), ("duplicate", ""), ("rejected", "conflict")]
    assert verdicts(kiosk.send(one, changed)) == [("duplicate", ""), ("rejected", "conflict")]
    assert verdicts(kiosk.send(changed, one)) == [("rejected", "conflict"), ("duplicate", "")]
    receipt = kiosk.send(changed)
    assert verdicts(receipt) == [("rejected", "conflict")]
    assert receipt.verdicts[0].record_id == one["record_id"]
    assert receipt.verdicts[0].content_digest == context.suite.digest(canonical(changed))
    assert [one["record_id"] for one in rows(context, tables.Record)] == [one["record_id"]]


def test_the_verdict_on_a_second_pass(context):
    kiosk, one, two, three = register(context), record(record_id="r-1"), record(record_id="r-2"), record(record_id="r-3")
    other = record(record_id="r-0", benefit_id="other")
    sent = kiosk.send(two, other, one, two)
    # Of one batch the smaller id has the pass: whoever sorts them else may wait for another in a circle.
    assert verdicts(sent) == [("duplicate-pass", ""), ("accepted", ""), ("accepted", ""), ("duplicate", "")]
    assert verdicts(kiosk.send(three)) == [("duplicate-pass", "")]
    assert {row["record_id"] for row in rows(context, tables.Pass)} == {"r-0", "r-1"}
    kept = {row["record_id"]: row["verdict"] for row in rows(context, tables.Record)}
    assert kept == {"r-0": "accepted", "r-1": "accepted", "r-2": "duplicate-pass", "r-3": "duplicate-pass"}
    assert told(context)["passes"] == 2
    assert told(context)["verdicts"] == {"accepted/pending": 2, "duplicate-pass/pending": 2}


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": "failed"},
        {"outcome": "referred"},
        {"channel": "enrolment"},
        {"channel": "declaration"},
        {"channel": "human-review", "outcome": "referred"},
    ],
)
def test_what_claims_no_pass(context, changes):
    kiosk = register(context)
    assert verdicts(kiosk.send(record(**changes), record(**changes))) == [("accepted", ""), ("accepted", "")]
    assert rows(context, tables.Pass) == []


def test_until_when_an_answer_was_promised_is_kept_of_reviews_alone(context):
    kiosk = register(context)
    asked = {"answer_by": "2026-12-03", "outcome": "referred"}
    kiosk.send(record(record_id="r-1", channel="human-review", **asked), record(record_id="r-2", **asked))
    assert {row["record_id"]: row["answer_by"] for row in rows(context, tables.Record)} == {"r-1": date(2026, 12, 3), "r-2": None}


def test_what_is_refused_alone(context):
    kiosk, good = register(context), record()
    short = {"record_id": "r-1", "station_id": STATION}
    elsewhere = record(station_id="SZ-OTHER-0001")
    unnamed, strange = {"x": 1}, {"record_id": "no id\n"}
    receipt = kiosk.send(short, good, elsewhere, unnamed, strange)
    assert [(one.record_id, one.verdict, one.reason) for one in receipt.verdicts] == [
        ("r-1", "rejected", "malformed"),
        (good["record_id"], "accepted", ""),
        (elsewhere["record_id"], "rejected", "wrong-station"),
        ("None", "rejected", "malformed"),
        ("unnamed", "rejected", "malformed"),
    ]
    digests = [context.suite.digest(canonical(one)) for one in (short, good, elsewhere, unnamed, strange)]
    assert [one.content_digest for one in receipt.verdicts] == digests
    assert len(rows(context, tables.Record)) == 1
    with context.session.begin() as session:
        assert session.scalars(select(tables.Batch.records)).all() == [5]


def test_half_a_character_is_no_text(context):
    """Written as an escape it passes every parser, and has no bytes of which a digest could be taken."""
    kiosk, one = register(context), record(record_id="r-1")
    plain = {
        "schema_version": protocol.SCHEMA_VERSION, "kind": "batch", "batch_id": "b-1", "kiosk_id": kiosk.kiosk_id, "seq": 1,
        "created_at": NOW.isoformat(), "way": "network", "clock": SENT, "records": [one],
    }  # fmt: skip
    sealed = kiosk.sealed_plain(canonical(plain).replace(b'"reason":"ok"', b'"reason":"\\ud800"'))
    (verdict,) = opening(context, ingest.take_batch(context, sealed), protocol.Receipt).verdicts
    assert (verdict.record_id, verdict.verdict, verdict.reason) == ("r-1", "rejected", "malformed")
    assert verdict.content_digest == context.suite.digest(b"")


def test_a_pass_is_claimed_by_the_name_that_its_period_has_today(context, monkeypatch):
    kiosk = register(context)
    monkeypatch.setattr(ingest.periods, "keys_today", lambda session, records: {"r-1": f"renamed {len(records)}"})
    kiosk.send(record(record_id="r-1"), record(record_id="r-2", benefit_id="other"), {"record_id": "r-3"})
    keys = {row["record_id"]: row["pass_key"] for row in rows(context, tables.Record)}
    assert keys["r-1"] == "renamed 2"
    assert {row["pass_key"] for row in rows(context, tables.Pass)} == set(keys.values())


def test_who_else_is_told_of_a_batch(context, monkeypatch):
    """Each of them by the kiosk's own row, with the journal as it came; and where a test may kill the bureau."""
    kiosk, asked = register(context), dict[str, tuple[Any, ...]]()
    for hook in ("standing.look", "reminders.note_calls", "visit_changes.note", "decisions.note_carrier"):
        room, _, name = hook.partition(".")
        noted = partial(lambda name, session, row, *given: asked.update({name: (row.kiosk_id, *given)}), name)
        monkeypatch.setattr(getattr(ingest, room), name, noted)
    points: list[str] = []
    monkeypatch.setattr(ingest.failpoints, "hit", points.append)
    sealed = kiosk.sealed([one := record()], journal_tail=[{"seq": 1, "kind": "visit", "digest": "a" * 64, "body": "{}"}])
    ingest.take_batch(context, sealed)
    (_, batch, digest, now) = asked.pop("look")
    assert (digest, now, batch.journal_tail[0].seq) == (context.suite.digest(sealed), NOW, 1)
    assert asked == dict.fromkeys(("note_calls", "note"), (kiosk.kiosk_id, batch.journal_tail, NOW))
    assert points == ["ingest", "before-commit", "after-commit"]
    points.clear()
    ingest.take_batch(context, sealed)  # known already: nothing is written
    assert points == ["ingest"]
    kiosk.send(record(), one)
    assert asked["note_carrier"] == (kiosk.kiosk_id, [one["record_id"]])


def test_a_kiosk_that_is_erased_while_its_batch_is_opened_is_unknown(context, monkeypatch):
    kiosk = register(context)
    monkeypatch.setattr(ingest.database, "lock_kiosk", lambda session, kiosk_id: None)
    assert refused(ingest.take_batch, context, kiosk.sealed([])) == (401, "unknown-kiosk", "")


# --- its clock -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("way", "sent", "captured", "seconds"),
    [
        ("network", ("boot-1", 100.0), ("boot-1", 40.0), 60.0),
        ("network", ("boot-1", 100.0), ("boot-1", 100.0), 0.0),
        ("network", ("boot-1", 100.0), ("boot-1", 100.5), None),  # it runs backwards
        ("network", ("boot-1", 366 * 86400.0), ("boot-1", 0.0), None),
        ("network", ("boot-1", 366 * 86400.0), ("boot-1", 0.5), 366 * 86400 - 0.5),
        ("network", ("boot-1", 100.0), ("boot-2", 40.0), None),
        ("network", ("", 100.0), ("", 40.0), None),
        ("stick", ("boot-1", 100.0), ("boot-1", 40.0), None),
    ],
)
def test_when_a_record_was_really_made(way, sent, captured, seconds):
    batch = SimpleNamespace(way=way, clock=SimpleNamespace(boot_id=sent[0], monotonic_s=sent[1]))
    one = SimpleNamespace(clock=SimpleNamespace(boot_id=captured[0], monotonic_s=captured[1]))
    assert ingest._corrected(batch, one, NOW) == (None if seconds is None else NOW - timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("captured", "suspect", "doubtful"),
    [
        (NOW - timedelta(seconds=100), False, False),
        (NOW - timedelta(seconds=100), True, True),
        (NOW - timedelta(days=1, seconds=100), False, False),
        (NOW - timedelta(days=1, seconds=101), False, True),
        (NOW + timedelta(days=1, seconds=-100), False, False),
        (NOW + timedelta(days=1, seconds=-99), False, True),
    ],
)
def test_which_clock_is_in_doubt(context, captured, suspect, doubtful):
    kiosk = register(context)
    kiosk.send(record(clock={**CLOCK, "captured_at_utc": captured.isoformat(), "suspect": suspect}), clock=SENT)
    assert [row["clock_suspect"] for row in rows(context, tables.Record)] == [doubtful]


# --- what a rule decides -------------------------------------------------------------------------------------------------


def test_what_needs_no_clerk_is_confirmed_at_once(opened):
    context = opened(auto_confirm=True)
    kiosk = register(context)
    change(context, kiosk, decision_seq=4)
    sent = {
        "r-1": record(record_id="r-1", benefit_id="b", clock=CLOCK),
        "r-2": record(record_id="r-2", benefit_id="a", clock=CLOCK),
        "r-3": record(record_id="r-3", benefit_id="a", clock=CLOCK),
        "r-4": record(record_id="r-4", benefit_id="0", clock={**CLOCK, "suspect": True}),
        "r-5": record(record_id="r-5", channel="human-review", outcome="referred", clock=CLOCK),
    }
    kiosk.send(*sent.values(), clock=SENT)
    kept = {row["record_id"]: (row["verdict"], row["decision"], row["decision_reason"]) for row in rows(context, tables.Record)}
    assert kept == {
        "r-1": ("accepted", "confirmed", ""),
        "r-2": ("accepted", "confirmed", ""),
        "r-3": ("duplicate-pass", "confirmed", "duplicate-pass"),
        "r-4": ("accepted", "", ""),
        "r-5": ("accepted", "", ""),
    }
    assert rows(context, tables.Decision) == [
        {"kiosk_id": kiosk.kiosk_id, "seq": seq, "record_id": one, "decided": "confirmed", "reason": why, "decided_at": NOW}
        for seq, one, why in ((5, "r-2", ""), (6, "r-3", "duplicate-pass"), (7, "r-1", ""))  # in the order of their passes' keys
    ]
    assert kiosk_row(context, kiosk, "decision_seq") == (7,)
    assert told(context)["verdicts"] == {"accepted/confirmed": 2, "accepted/pending": 2, "duplicate-pass/confirmed": 1}


def test_a_confirmed_attempt_takes_the_pass_from_one_that_waits(opened):
    context = opened(auto_confirm=True)
    kiosk = register(context)
    waiting = record(record_id="r-1", clock={**CLOCK, "suspect": True})
    kiosk.send(waiting, clock=SENT)
    assert [row["record_id"] for row in rows(context, tables.Pass)] == ["r-1"]
    kiosk.send(record(record_id="r-2", clock=CLOCK), clock=SENT)
    assert [row["record_id"] for row in rows(context, tables.Pass)] == ["r-2"]
    assert {row["record_id"]: row["verdict"] for row in rows(context, tables.Record)} == {
        "r-1": "duplicate-pass",
        "r-2": "accepted",
    }
