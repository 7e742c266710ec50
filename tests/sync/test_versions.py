"""One version back: the bureau first, then the kiosks; what one end does not know yet it leaves alone, and says so."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

import kiosk as program
from kiosk.bureau import ingest, rosters, tables
from kiosk.canonical import canonical
from kiosk.store import outbox, policies
from kiosk.store.desk import staff
from kiosk.store.opening import open_store
from kiosk.sync import protocol, roster_feed, seal
from tests.bureau.made import opened, register
from tests.bureau.made import record as plain_record
from tests.store import made

BEFORE = json.loads((Path(__file__).parents[1] / "vectors" / "protocol-2.0.schema.json").read_text(encoding="utf-8"))
PIN = "$argon2id$v=19$m=19456,t=3,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g"
RULE = """id = "deferred-month"
kind = "deferred-month"
title = "新"
effective_from = 2020-01-01
[parameters]
valid_months = 18
"""
NEWER = RULE + "grace_by_weather = 3\n"


@pytest.fixture
def context(tmp_path):
    made_ = opened(tmp_path / "bureau", suites=("std-1",))  # the version before knows no other
    yield made_
    made_.engine.dispose()


@pytest.fixture
def store(tmp_path):
    with open_store(made.settings(tmp_path / "var"), now=made.NOW) as opened_:
        yield opened_


def bundle(version=5, **parts):
    return protocol.RawBundle(bureau_id="b", kiosk_id="k", version=version, created_at=made.NOW, **parts)


def member(number, **changes):
    return {"staff_id": number, "name": "测试", "role": "attendant", "pin_hash": PIN, **changes}


def fits_before(kind, document):
    """Whether a kiosk one version back, which refuses unknown keys, opens what this bureau sends."""
    schema = {"$ref": f"#/$defs/{kind}", "$defs": BEFORE["$defs"]}
    from jsonschema import Draft202012Validator  # two seconds of grammars: for whoever runs this test alone

    return [error.message for error in Draft202012Validator(schema).iter_errors(json.loads(document.model_dump_json()))]


# --- an older kiosk, a newer bureau


def test_what_this_bureau_sends_a_kiosk_one_version_back_can_open(context):
    kiosk = register(context)
    receipt = kiosk.send(plain_record(), plain_record(station_id="other"))
    assert fits_before("Receipt", receipt) == []
    question = protocol.Question(question_id="q", kiosk_id=kiosk.kiosk_id, record_ids=("r1",))
    sealed = seal.encrypt(
        seal.sign(question, kiosk.keys.sign, kiosk.kiosk_id), seal.recipient_key(context.keys.public), context.bureau_id
    )
    mine = seal.verify_key(context.keys.public)
    assert fits_before("Answer", seal.verify(ingest.answer(context, sealed), mine, context.bureau_id, protocol.Answer)) == []
    rosters.issue_bundle(
        context, rosters.BundleContent(policies={"deferred-month": RULE}, staff=(member("1"),), revoked_staff=("2",))
    )
    rosters.add_message(context, "", "你好", None)
    register(context, 2)
    compact = seal.decrypt(rosters.bundle(context, kiosk.kiosk_id, 0), kiosk.keys.seal, kiosk.kiosk_id)
    sent = seal.verify(compact, mine, context.bureau_id, protocol.Bundle)
    assert sent.peers
    assert sent.messages
    assert fits_before("Bundle", sent) == []


def test_the_old_schema_would_notice_a_new_field():
    head = {"bureau_id": "b", "kiosk_id": "k", "version": 1, "created_at": made.NOW}
    assert fits_before("Bundle", protocol.Bundle(**head)) == []
    assert fits_before("Bundle", protocol.Bundle(**head, brand_new=1)) != []


def test_a_kiosk_one_version_back_delivers(context):
    """Its batches, with all that it wrote and nothing that came since."""
    kiosk = register(context)
    receipt = kiosk.send(plain_record(), software="1.2.0")
    assert [one.verdict for one in receipt.verdicts] == ["accepted"]
    with context.session.begin() as session:
        assert session.get(tables.Kiosk, kiosk.kiosk_id).software == "1.2.0"


# --- a newer kiosk, an older bureau (it must not happen, and does)


def test_unknown_optional_fields_are_kept_as_they_came(context):
    kiosk = register(context)
    one = plain_record(brand_new={"x": [1, 2]})
    receipt = kiosk.send(one, head_field_of_tomorrow=True)
    assert [verdict.verdict for verdict in receipt.verdicts] == ["accepted"]
    with context.session.begin() as session:
        kept = session.get(tables.Record, one["record_id"])
        assert json.loads(kept.content)["brand_new"] == {"x": [1, 2]}
        assert kept.content_digest == context.suite.digest(canonical(one))


# --- a newer bundle, an older kiosk


def test_revocations_come_through_whatever_else_is_not_understood(store):
    staff.add(store, "1001", "甲", staff.Role.ATTENDANT, "482910", made.NOW, by="setup")
    parts = bundle(
        policies={"deferred-month": NEWER},
        staff=[member("2001"), member("2002", role="robot"), "nonsense"],
        revoked_staff=["1001"],
        messages=[{"of": "tomorrow"}],
        peers="many",
        brand_new={"a": 1},
    )
    assert roster_feed.take_bundle(store, parts, made.NOW)
    assert {one.staff_id: one.active for one in staff.members(store)} == {"1001": False, "2001": True}
    assert policies.book(store).at("deferred-month", made.TODAY).valid_months != 18, "the rule in force stays"
    refused = roster_feed.refused_parts(store)
    assert [one.split(":")[0] for one in refused] == [
        "staff/2002",
        "staff/?",
        "policies/deferred-month",
        "messages",
        "peers",
    ]
    assert any("grace_by_weather" in one for one in refused)


def test_a_rule_that_is_not_understood_leaves_the_bureaus_last_word_in_force(store):
    assert roster_feed.take_bundle(store, bundle(5, policies={"deferred-month": RULE}), made.NOW)
    assert policies.book(store).at("deferred-month", made.TODAY).valid_months == 18
    assert roster_feed.take_bundle(
        store, bundle(6, policies={"deferred-month": NEWER, "other": RULE.replace("deferred-month", "x", 1)}), made.NOW
    )
    assert policies.book(store).at("deferred-month", made.TODAY).valid_months == 18
    assert "x" in policies.book(store).ids
    assert not roster_feed.take_bundle(store, bundle(5, policies={}), made.NOW), "an old bundle does not come back"


def test_after_an_update_of_the_program_the_refused_parts_are_asked_for_again(store, monkeypatch):
    assert roster_feed.take_bundle(store, bundle(5, policies={"deferred-month": NEWER}), made.NOW)
    assert not roster_feed.take_bundle(store, bundle(5, policies={"deferred-month": NEWER}), made.NOW)
    monkeypatch.setattr(program, "__version__", "99.0")
    assert roster_feed.take_bundle(store, bundle(5, policies={"deferred-month": RULE}), made.NOW)
    assert policies.book(store).at("deferred-month", made.TODAY).valid_months == 18
    assert roster_feed.refused_parts(store) == []


def test_the_bureau_knows_who_cannot_follow(context, store):
    kiosk = register(context)
    roster_feed.take_bundle(store, bundle(7, policies={"deferred-month": NEWER}), made.NOW)
    body = store.db.execute("SELECT seq, kind, body, digest FROM journal WHERE kind = 'bundle-parts-refused'").fetchone()
    tail = [dict(zip(("seq", "kind", "body", "digest"), body, strict=True))]
    kiosk.send(plain_record(), software="1.2.0", journal_tail=tail)
    with context.session.begin() as session:
        row = session.get(tables.Kiosk, kiosk.kiosk_id)
        assert row.software == "1.2.0"
        assert row.cannot_follow.startswith("7: policies/deferred-month: ")
    seen = outbox.get(store.db, "bundle_refused")
    assert json.loads(seen)[0] == program.__version__
    roster_feed.take_bundle(store, bundle(8, policies={"deferred-month": RULE}), datetime.now(UTC))
    body = store.db.execute(
        "SELECT seq, kind, body, digest FROM journal WHERE kind = 'bundle-parts-refused' ORDER BY seq DESC"
    ).fetchone()
    kiosk.send(plain_record(), journal_tail=[dict(zip(("seq", "kind", "body", "digest"), body, strict=True))])
    with context.session.begin() as session:
        assert session.get(tables.Kiosk, kiosk.kiosk_id).cannot_follow == ""
