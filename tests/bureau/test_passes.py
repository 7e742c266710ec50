"""One pass for a confirmed person, in whatever order attempts come, come again, are confirmed and returned."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace

import pytest
from alembic import command
from alembic.config import Config
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, event, select

from kiosk.bureau import counts, database, decisions, ingest, tables
from kiosk.domain.record import pass_key
from kiosk.sync import protocol, seal
from tests.bureau.made import opened, record, register


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    made = opened(tmp_path_factory.mktemp("bureau"))
    yield made
    made.engine.dispose()


def emptied(context):
    with context.session.begin() as session:
        for table in (
            tables.Decision,
            tables.Carrier,
            tables.Pass,
            tables.Record,
            tables.RecordId,
            tables.Batch,
            tables.Finding,
            tables.Count,
        ):
            session.execute(delete(table))


def passes(context):
    with context.session.begin() as session:
        return [(one.pass_key, one.record_id) for one in session.scalars(select(tables.Pass))]


def states(context):
    with context.session.begin() as session:
        return {one.record_id: (one.decision, one.verdict) for one in session.scalars(select(tables.Record))}


def test_confirmed_returned_confirmed_again_keeps_the_pass(context):
    emptied(context)
    kiosk, one = register(context), record()
    kiosk.send(one)
    for decided in ("confirmed", "returned", "confirmed"):
        decisions.decide(context, one["record_id"], decided, "")
    assert [holder for _, holder in passes(context)] == [one["record_id"]]


def test_whoever_asks_what_became_of_a_duplicate_is_told_so(context):
    """A kiosk whose receipt was lost asks: the answer is the receipt's, or the retiree reads that the centre accepted both."""
    emptied(context)
    kiosk, one, two = register(context), record(), record()
    kiosk.send(one)
    kiosk.send(two)
    question = protocol.Question(question_id="q", kiosk_id=kiosk.kiosk_id, record_ids=(one["record_id"], two["record_id"], "r-0"))
    signed = seal.sign(question, kiosk.keys.sign, kiosk.kiosk_id)
    sealed = seal.encrypt(signed, seal.recipient_key(context.keys.public), context.bureau_id)
    told = seal.verify(ingest.answer(context, sealed), seal.verify_key(context.keys.public), context.bureau_id, protocol.Answer)
    assert {known.record_id: known.verdict for known in told.known} == {
        one["record_id"]: "accepted",
        two["record_id"]: "duplicate-pass",
    }
    assert told.unknown == ("r-0",)


def test_returning_the_first_of_two_attempts_gives_the_pass_to_the_other(context):
    emptied(context)
    kiosk, one, two = register(context), record(), record()
    kiosk.send(one)
    kiosk.send(two)
    assert states(context)[two["record_id"]] == ("", "duplicate-pass")
    decisions.decide(context, two["record_id"], "confirmed", "")
    decisions.decide(context, one["record_id"], "returned", "photo-unclear")
    assert [holder for _, holder in passes(context)] == [two["record_id"]]
    assert states(context)[two["record_id"]] == ("confirmed", "accepted")
    decisions.decide(context, two["record_id"], "returned", "deceased")
    assert passes(context) == []


STEPS = st.lists(
    st.tuples(st.sampled_from(["accept", "again", "confirm", "return"]), st.integers(0, 3)),
    min_size=1,
    max_size=14,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS)
def test_every_order_of_accept_duplicate_confirm_and_return(context, steps):
    emptied(context)
    kiosks = [register(context, 1), register(context, 2)]
    attempts = [record() for _ in range(4)]
    sent = set()
    for what, number in steps:
        one = attempts[number]
        if what == "accept" and number not in sent:
            kiosks[number % 2].send(one)
            sent.add(number)
        elif what == "again" and number in sent:
            assert kiosks[number % 2].send(one).verdicts[0].verdict == "duplicate"
        elif what in ("confirm", "return") and number in sent:
            decisions.decide(context, one["record_id"], "confirmed" if what == "confirm" else "returned", "")
        there, held = states(context), passes(context)
        standing = {key for key, (decision, _) in there.items() if decision != "returned"}
        confirmed = {key for key, (decision, _) in there.items() if decision == "confirmed"}
        assert len(held) == (1 if standing else 0)
        if confirmed:
            assert held[0][1] in confirmed, "a confirmed person has exactly one pass, and it is a confirmed one"
        elif standing:
            assert held[0][1] in standing
        assert {key for key in standing if there[key][1] == "accepted"} == {holder for _, holder in held}
    kept, counted = kept_and_counted(context)
    assert kept == counted


def kept_and_counted(context):
    """The counts as they were kept, and as they are when everything is counted."""
    with context.session.begin() as session:
        kept = counts.read(session)
        counts.recount(session)
        return kept, counts.read(session)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.lists(st.tuples(st.integers(0, 2), st.booleans(), st.booleans()), min_size=1, max_size=5), min_size=1, max_size=4)
)
def test_the_rule_in_statements_gives_the_pass_as_one_by_one(context, batches):
    """People, clocks that are in doubt, attempts that failed, in batches of two kiosks, confirmed by rule."""
    emptied(context)
    by_rule = replace(context, settings=context.settings.model_copy(update={"auto_confirm": True}))
    kiosks = [register(by_rule, 1), register(by_rule, 2)]
    sent = {}
    for number, batch in enumerate(batches):
        made = []
        for person, doubtful, passed in batch:
            one = record(person_id=f"P{person}", outcome="passed" if passed else "failed")
            one["clock"] = {**one["clock"], "suspect": doubtful, "boot_id": "another"}
            made.append(one)
            sent[one["record_id"]] = (person, doubtful, passed)
        told = kiosks[number % 2].send(*made)
        assert {one.verdict for one in told.verdicts} <= {"accepted", "duplicate-pass"}
    there, held = states(context), passes(context)
    assert {key: decision for key, (decision, _) in there.items()} == {
        key: "" if doubtful else "confirmed" for key, (_, doubtful, _) in sent.items()
    }
    for person in {person for person, _, passed in sent.values() if passed}:
        mine = {key: doubtful for key, (whose, doubtful, passed) in sent.items() if whose == person and passed}
        (holder,) = [record_id for _, record_id in held if record_id in mine]
        assert not mine[holder] or all(mine.values()), "a confirmed attempt before an undecided one"
        assert [key for key in mine if there[key][1] == "accepted"] == [holder]
    with context.session.begin() as session:
        rows = session.execute(select(tables.Decision.kiosk_id, tables.Decision.seq).order_by(tables.Decision.seq)).all()
    for kiosk in kiosks:
        numbers = [seq for whose, seq in rows if whose == kiosk.kiosk_id]
        assert numbers == list(range(1, len(numbers) + 1))
    kept, counted = kept_and_counted(context)
    assert kept == counted


def test_a_batch_costs_as_many_statements_with_a_hundred_records_as_with_two(context):
    emptied(context)
    by_rule = replace(context, settings=context.settings.model_copy(update={"auto_confirm": True}))
    kiosk = register(by_rule)
    seen = []
    event.listen(context.engine, "after_cursor_execute", lambda _c, _k, statement, *_: seen.append(" ".join(statement.split()[:3])))
    told = []
    for number in (2, 100):
        seen.clear()
        kiosk.send(*(record(person_id=f"{number}-{n}") for n in range(number)))
        told.append(list(seen))
    assert told[0] == told[1]
    assert len(told[0]) < 20


PART = st.text(alphabet="ab/%2F5:@", min_size=1, max_size=6)


@settings(max_examples=300, deadline=None)
@given(st.tuples(PART, PART, PART, PART), st.tuples(PART, PART, PART, PART))
def test_two_passes_never_have_one_key(one, two):
    assert (pass_key(*one) == pass_key(*two)) == (one == two)


def test_a_key_of_plain_parts_is_as_it_was(context):
    assert pass_key("P1", "b:1", "p@x", "2026-11") == "P1/b:1/p@x/2026-11"
    emptied(context)
    kiosk = register(context)
    told = kiosk.send(record(person_id="a/b", benefit_id="c"), record(person_id="a", benefit_id="b/c"))
    assert [one.verdict for one in told.verdicts] == ["accepted", "accepted"]


def test_the_migration_parts_keys_that_were_one(tmp_path):
    url = f"sqlite:///{tmp_path / 'bureau.db'}"
    config = Config()
    config.set_main_option("script_location", str(database.MIGRATIONS))
    config.set_main_option("sqlalchemy.url", url)
    command.upgrade(config, "0002")
    db = sqlite3.connect(tmp_path / "bureau.db")
    db.execute(
        "INSERT INTO kiosks (kiosk_id, station_id, name, sign_key, seal_key, created_at, revoked_reason, last_seq, backlog,"
        " roster_version, software, decision_seq) VALUES ('k', 'S', '', 'a', 'b', '2026-11-01', '', 0, 0, 0, '', 0)"
    )
    for record_id, person, benefit in (("r1", "a/b", "c"), ("r2", "plain", "c")):
        old = f"{person}/{benefit}/p/2026"
        content = json.dumps({"person_id": person, "benefit_id": benefit, "policy_id": "p", "policy_period": "2026"})
        db.execute(
            "INSERT INTO records (record_id, kiosk_id, batch_id, content_digest, content, person_id, pass_key, channel, outcome,"
            " reason, captured_at, clock_suspect, received_at, verdict, decision, decision_reason)"
            " VALUES (?, 'k', 'b', 'd', ?, ?, ?, 'self-face', 'passed', 'ok', '2026-11-01', 0, '2026-11-01', 'accepted', '', '')",
            (record_id, content, person, old),
        )
        db.execute("INSERT INTO passes VALUES (?, ?, '2026-11-01')", (old, record_id))
    db.commit()
    db.close()
    database.upgrade(url)
    db = sqlite3.connect(tmp_path / "bureau.db")
    for table in ("records", "passes"):
        assert dict(db.execute(f"SELECT record_id, pass_key FROM {table}").fetchall()) == {
            "r1": "a%2Fb/c/p/2026",
            "r2": "plain/c/p/2026",
        }
    db.close()


def test_a_kiosk_of_before_claims_the_same_annual_pass(context):
    """Its period names the window's opening; a rotation's period looks alike and is left alone."""
    emptied(context)
    kiosk = register(context)
    annual = {"policy_id": "annual-window", "person_id": "A"}
    old, new = record(policy_period="2026-12-15/2027-03-15", **annual), record(policy_period="due/2027-03-15", **annual)
    told = kiosk.send(old, new, record(policy_id="rotation", policy_period="2026-03-15/2027-03-15"))
    assert sorted(one.verdict for one in told.verdicts) == ["accepted", "accepted", "duplicate-pass"]
    assert {key for key, _ in passes(context)} == {
        "A/enterprise-employee/annual-window/due%2F2027-03-15",
        "P1/enterprise-employee/rotation/2026-03-15%2F2027-03-15",
    }


def test_the_migration_takes_openings_out_of_keys_and_merges_what_becomes_one(tmp_path):
    url = f"sqlite:///{tmp_path / 'bureau.db'}"
    config = Config()
    config.set_main_option("script_location", str(database.MIGRATIONS))
    config.set_main_option("sqlalchemy.url", url)
    command.upgrade(config, "0011")
    db = sqlite3.connect(tmp_path / "bureau.db")
    db.execute(
        "INSERT INTO kiosks (kiosk_id, station_id, name, sign_key, seal_key, created_at, revoked_reason, last_seq, backlog,"
        " roster_version, software, decision_seq) VALUES ('k', 'S', '', 'a', 'b', '2026-11-01', '', 0, 0, 0, '', 0)"
    )
    made = (
        ("first", "annual-window", "2026-12-15/2027-03-15", ""),
        ("second", "annual-window", "2026-11-15/2027-03-15", "confirmed"),  # the opening was moved in between
        ("other", "rotation", "2026-03-15/2027-03-15", ""),
    )
    for record_id, policy, period, decision in made:
        key = pass_key("P", "b", policy, period)
        content = json.dumps({"person_id": "P", "benefit_id": "b", "policy_id": policy, "policy_period": period})
        db.execute(
            "INSERT INTO records (record_id, kiosk_id, batch_id, content_digest, content, person_id, pass_key, channel, outcome,"
            " reason, captured_at, clock_suspect, received_at, verdict, decision, decision_reason)"
            " VALUES (?, 'k', 'b', 'd', ?, 'P', ?, 'self-face', 'passed', 'ok', '2026-11-01', 0, '2026-11-01', 'accepted', ?, '')",
            (record_id, content, key, decision),
        )
        db.execute("INSERT INTO passes VALUES (?, ?, '2026-11-01')", (key, record_id))
    db.commit()
    db.close()
    database.upgrade(url)
    db = sqlite3.connect(tmp_path / "bureau.db")
    assert dict(db.execute("SELECT record_id, pass_key FROM passes").fetchall()) == {
        "second": "P/b/annual-window/due%2F2027-03-15",
        "other": "P/b/rotation/2026-03-15%2F2027-03-15",
    }
    assert dict(db.execute("SELECT record_id, verdict FROM records").fetchall())["first"] == "duplicate-pass"
    assert ("passes", -1) in db.execute("SELECT name, value FROM counts").fetchall()
    db.close()


def test_a_human_review_certifies_from_a_clerks_confirmation_on(tmp_path):
    context = opened(tmp_path, auto_confirm=True)
    kiosk = register(context)
    review = record(channel="human-review", outcome="referred", reason="review-wanted", answer_by="2026-12-03")
    kiosk.send(review)
    assert states(context)[review["record_id"]] == ("", "accepted"), "no rule confirms what a person is to look at"
    assert passes(context) == []
    decisions.decide(context, review["record_id"], "confirmed", "")
    assert [holder for _, holder in passes(context)] == [review["record_id"]]
    late = record()
    kiosk.send(late)
    assert states(context)[late["record_id"]][1] == "duplicate-pass"
    decisions.decide(context, review["record_id"], "returned", "identity-unclear")
    assert [holder for _, holder in passes(context)] == [late["record_id"]]
    context.engine.dispose()
