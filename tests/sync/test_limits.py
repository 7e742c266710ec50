"""Limits of the wire: the same at both ends, taken at the limit, refused one above, and what is refused holds up nobody."""

from __future__ import annotations

import json
import os

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.bureau import rosters
from kiosk.canonical import canonical
from kiosk.desk_backend import scans
from kiosk.store import outbox, review_evidence
from kiosk.sync import json_bounds, limits, protocol, seal
from kiosk.sync.schedule import Trouble
from tests.bureau.made import opened, register
from tests.bureau.made import record as plain_record
from tests.suite import named
from tests.sync.made import record

PIN = "$argon2id$v=19$m=19456,t=3,p=1$" + "c2FsdHNhbHRzYWx0c2FsdA" + "$" + "aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g"


@pytest.fixture
def context(tmp_path):
    made = opened(tmp_path / "bureau")
    yield made
    made.engine.dispose()


def member(number):
    salt = os.urandom(24).hex()  # as incompressible as real hashes
    return {"staff_id": f"{number:05d}", "name": f"工作人员{number}", "role": "attendant", "pin_hash": f"{PIN}{salt}"}


# --- scans


@pytest.mark.parametrize("size", [94_000, 500_000, limits.MAX_EVIDENCE])
def test_a_scan_up_to_the_limit_is_delivered(bureau, kiosk, size):
    one = record()
    kiosk.save(one)
    review_evidence.enqueue(kiosk.store.db, one.record_id, "review", "image/jpeg", b"\xff\xd8" + os.urandom(size - 2))
    assert kiosk.round().failure is None
    assert kiosk.delivery().send_evidence() is True
    assert kiosk.store.db.execute("SELECT state, reason FROM outbox_evidence").fetchall() == [("received", "")]


def test_a_scan_above_the_limit_goes_behind_and_is_told(bureau, kiosk):
    one = record()
    kiosk.save(one)
    too_large = review_evidence.enqueue(kiosk.store.db, one.record_id, "review", "image/jpeg", os.urandom(limits.MAX_EVIDENCE + 1))
    good = review_evidence.enqueue(kiosk.store.db, one.record_id, "review", "image/jpeg", b"\xff\xd8small")
    assert kiosk.round().failure is None
    delivery = kiosk.delivery()
    while delivery.send_evidence():
        pass
    kept = dict(kiosk.store.db.execute("SELECT evidence_id, state || ' ' || reason FROM outbox_evidence").fetchall())
    assert kept == {too_large: "waiting too-large", good: "received "}
    told = [
        json.loads(body)["data"]
        for (body,) in kiosk.store.db.execute("SELECT body FROM journal WHERE kind = 'evidence-turned-away'")
    ]
    assert [(one_["evidence"], one_["why"]) for one_ in told] == [(too_large, "too-large")]


def test_the_desk_takes_no_scan_that_the_wire_would_not():
    assert scans.MAX_REVIEW == limits.MAX_EVIDENCE
    field = protocol.Evidence.model_fields["content"]
    assert any(getattr(one, "max_length", None) == limits.MAX_EVIDENCE_TEXT for one in field.metadata)


# --- rows that the bureau turns away


def test_one_record_that_is_turned_away_whole_goes_behind_the_others(bureau, kiosk):
    bad, *good = kiosk.save(*(record(n) for n in range(5)))
    kiosk.store.db.execute(
        "UPDATE outbox SET created_at = '2026-01-01' WHERE record_id = ?", (bad,)
    )  # the oldest: first in every batch
    kiosk.store.db.execute(
        "UPDATE outbox SET content = '[]' WHERE record_id = ?", (bad,)
    )  # no record: the whole batch is malformed
    limit = 20
    for _ in range(12):
        done = kiosk.round(limit)
        if done.failure is not None:
            assert done.failure.trouble is Trouble.REFUSED
            limit = max(1, limit // 2)
    assert kiosk.counts() == {"waiting": 1, "received": 4}
    (progress,) = outbox.needing_attention(kiosk.store.db)
    assert (progress.record_id, progress.reason) == (bad, "malformed")


# --- bundles


def test_a_bundle_at_the_limits_is_issued_and_opened(context):
    kiosk = register(context)
    content = rosters.BundleContent(
        staff=tuple(member(number) for number in range(limits.MAX_STAFF)),
        revoked_staff=tuple(f"gone-{number}" for number in range(limits.MAX_REVOKED)),
    )
    version = rosters.issue_bundle(context, content)
    sealed = rosters.bundle(context, kiosk.kiosk_id, 0)
    compact = seal.decrypt(sealed, kiosk.keys.seal, kiosk.kiosk_id)
    told = seal.verify(compact, seal.verify_key(context.keys.public), context.bureau_id, protocol.Bundle)
    assert (told.version, len(told.staff), len(told.revoked_staff)) == (version, limits.MAX_STAFF, limits.MAX_REVOKED)


@pytest.mark.parametrize(
    "content",
    [
        {"staff": [member(n) for n in range(limits.MAX_STAFF + 1)]},
        {"revoked_staff": [f"x{n}" for n in range(limits.MAX_REVOKED + 1)]},
        {"policies": {"p": "x" * (limits.MAX_POLICY_TEXT + 1)}},
        {"policies": {f"p{n}": "" for n in range(limits.MAX_POLICIES + 1)}},
    ],
)
def test_a_bundle_one_above_a_limit_is_refused_by_the_bureau(content):
    with pytest.raises(ValueError, match="at most"):
        rosters.BundleContent.model_validate(content)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ({"staff": [{**member(1), "role": "king"}]}, "staff/00001: unknown role"),
        ({"staff": [{"staff_id": "1"}]}, "staff/1"),
        ({"staff": [member(1), member(1)]}, "stands twice"),
        ({"policies": {"p": "id = 'p'\nkind = 'rotation'\neffective_from = 2026-01-01\n[parameters]\nnew_thing = 3"}}, "new_thing"),
        ({"policies": {"p": "no toml ["}}, "policies/p"),
    ],
)
def test_the_bureau_issues_no_bundle_that_kiosks_refuse(context, content, why):
    with pytest.raises(seal.Refused, match=why):
        rosters.issue_bundle(context, rosters.BundleContent.model_validate(content))
    assert rosters.bundle(context, register(context).kiosk_id, 0) is None


# --- rosters


def line(number, **changes):
    person = {
        "person_id": f"P{number}",
        "name": f"测试{number}",
        "id_number": f"4403051956031{number:05d}",
        "status": "active",
        "benefits": [],
    }
    return json.dumps({**person, **changes}, ensure_ascii=False)


def issue(context, tmp_path, *lines, meant=False):
    path = tmp_path / "roster.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return rosters.issue(context, path, meant=meant)


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([line(1), line(2, name="")], "line 2: name"),
        ([line(1), line(1)], "lines 1 and 2 have the same person_id"),
        ([line(1), line(2, id_number=json.loads(line(1))["id_number"])], "lines 1 and 2 have the same number"),
        ([line(1, person_id="no space")], "line 1: person_id cannot be sent"),
        ([line(1, status="gone")], "line 1: status"),
        (["[" * 100_000], "line 1"),
        (['{"person_id": NaN}'], "line 1: not JSON"),
        ([line(1, name="x" * limits.MAX_ROSTER_LINE)], "line 1"),
        ([line(1, template={"vector": "short", "model_digest": "d", "consent_id": "c"})], "line 1: template"),
    ],
)
def test_the_bureau_issues_no_roster_that_kiosks_refuse(context, tmp_path, lines, why):
    with pytest.raises(seal.Refused, match=why):
        issue(context, tmp_path, *lines)
    assert not list(context.rosters.iterdir()), "nothing stays"


def test_an_empty_or_suddenly_much_smaller_roster_asks_a_person_first(context, tmp_path):
    with pytest.raises(rosters.AskFirst, match="empty: 0 people, 0 before"):
        issue(context, tmp_path)
    assert issue(context, tmp_path, *(line(n) for n in range(100))) == 1
    with pytest.raises(rosters.AskFirst, match="much-smaller: 89 people, 100 before"):
        issue(context, tmp_path, *(line(n) for n in range(89)))
    with pytest.raises(rosters.AskFirst, match="empty: 0 people, 100 before"):
        issue(context, tmp_path)
    assert issue(context, tmp_path, *(line(n) for n in range(90))) == 2, "a tenth fewer is a month"
    assert issue(context, tmp_path, *(line(n) for n in range(5)), meant=True) == 3


def test_the_page_asks_too(bureau, tmp_path):
    first, second = tmp_path / "1", tmp_path / "2"
    first.write_text("\n".join(line(n) for n in range(20)), encoding="utf-8")
    second.write_text(line(1), encoding="utf-8")
    bureau.issue_roster(first)
    with pytest.raises(httpx.HTTPStatusError) as asked:
        bureau.issue_roster(second, meant=False)
    assert (asked.value.response.status_code, "much-smaller" in asked.value.response.text) == (409, True)
    assert bureau.issue_roster(second) > 1


# --- JSON


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=20,
    )
)
def test_any_json_within_the_bounds_is_parsed_as_json_does(value):
    for ascii_only in (True, False):
        text = json.dumps(value, ensure_ascii=ascii_only)
        try:
            data = text.encode()
        except UnicodeEncodeError:
            continue
        assert json_bounds.parse(data, depth=60) == value


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"[" * 100_000, "malformed"),
        (b"[" * limits.MAX_DEPTH + b"]" * limits.MAX_DEPTH, ""),
        (b"[" * (limits.MAX_DEPTH + 1) + b"]" * (limits.MAX_DEPTH + 1), "malformed"),
        (b'{"a":' * 60 + b"1" + b"}" * 60, "malformed"),
        (b"[" + b"[]," * (limits.MAX_BRACKETS - 2) + b"[]]", ""),
        (b"[" + b"[]," * (limits.MAX_BRACKETS - 1) + b"[]]", "too-large"),
        (b"[" + b"1," * (limits.MAX_COMMAS + 1) + b"1]", "too-large"),
        (b'["' + b"x" * limits.MAX_PLAIN + b'"]', "too-large"),
        (b'{"a": NaN}', "malformed"),
        (b"[Infinity]", "malformed"),
        (b"[-Infinity]", "malformed"),
        (b"[1" + b"0" * 5000 + b"]", "malformed"),
        (b'"\xff\xfe"', "malformed"),
        (b'"' + b'\\"' * 500_000, "malformed"),  # quotes that never end: looked at once
        (b'["]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"]', ""),
        (b"", "malformed"),
    ],
)
def test_bounds_of_json(data, why):
    if not why:
        json_bounds.parse(data)
        return
    with pytest.raises(json_bounds.JsonRefused) as refused:
        json_bounds.parse(data)
    assert refused.value.why == why


def test_odd_values_in_one_record_refuse_it_alone(context):
    kiosk = register(context)
    good = plain_record()
    odd = ({"notes": "MARK1"}, {"reason": "MARK2"}, {"checks": [["depth", 1.5, False]]})
    plain = canonical(
        {
            "schema_version": protocol.SCHEMA_VERSION,
            **named(context.suite),
            "kind": "batch",
            "batch_id": "odd",
            "kiosk_id": kiosk.kiosk_id,
            "seq": 1,
            "created_at": "2026-11-21T02:00:00Z",
            "clock": {"sent_at_utc": "2026-11-21T02:00:00Z", "monotonic_s": 1, "boot_id": "b"},
            "records": [good, *(plain_record(**one) for one in odd)],
        }
    )
    plain = plain.replace(b"MARK1", b"\\ud800").replace(b'"MARK2"', b"1e999").replace(b"1.5", b"1e999")
    from kiosk.bureau import ingest

    signed = ingest.take_batch(context, kiosk.sealed_plain(plain))
    told = seal.verify(signed, seal.verify_key(context.keys.public), context.bureau_id, protocol.Receipt)
    assert [(one.verdict, one.reason) for one in told.verdicts] == [("accepted", ""), *[("rejected", "malformed")] * 3]
