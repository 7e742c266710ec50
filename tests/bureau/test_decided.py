"""Journals, questions, decisions and papers at a bureau, field by field: in this process, on a database that is copied."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from sqlalchemy import delete

from kiosk.bureau import decisions, ingest, tables
from kiosk.canonical import canonical
from kiosk.sync import limits, protocol
from tests.bureau import copied
from tests.bureau.copied import NOW, change, kiosk_row, opening, rows, told, verdicts
from tests.bureau.made import Kiosk, record, register


@pytest.fixture
def opened(tmp_path, monkeypatch):
    yield from copied.opened(tmp_path, monkeypatch)


@pytest.fixture
def context(opened):
    return opened()


# --- its journal ---------------------------------------------------------------------------------------------------------


def line(seq: int, kind: str = "visit", body: str = "{}", digest: str = "a", **more: str) -> dict[str, Any]:
    return {"seq": seq, "kind": kind, "digest": digest * 64, "body": body, **more}


def test_a_journal_is_kept_line_by_line_and_a_second_history_beside_the_first(context):
    kiosk = register(context)
    kiosk.send(journal_tail=[line(1, signature="s", key_id="k"), line(2), line(2, digest="d"), line(3)])
    first = rows(context, tables.JournalLine)
    assert first[0] == {
        "kiosk_id": kiosk.kiosk_id, "seq": 1, "kind": "visit", "digest": "a" * 64, "body": "{}", "signature": "s", "key_id": "k",
        "conflict": "", "received_at": NOW,
    }  # fmt: skip
    assert [(row["seq"], row["digest"][0]) for row in first] == [(1, "a"), (2, "a"), (3, "a")]
    kiosk.send(journal_tail=[line(3), line(4, "other")])
    assert told(context)["journal_conflicts"] == 0
    kiosk.send(journal_tail=[line(1, digest="b", body="rewritten"), line(2, digest="b")])
    assert told(context)["journal_conflicts"] == 2
    kiosk.send(journal_tail=[line(1, digest="c")])  # the first other line is kept
    assert told(context)["journal_conflicts"] == 2
    kept = {row["seq"]: row for row in rows(context, tables.JournalLine)}
    assert protocol.JournalLine.model_validate_json(kept[1]["conflict"]).body == "rewritten"
    assert [kept[seq]["conflict"] != "" for seq in (1, 2, 3, 4)] == [True, True, False, False]
    other = register(context, 2)
    other.send(journal_tail=[line(1, digest="e")])
    assert told(context)["journal_conflicts"] == 2


@pytest.mark.parametrize(
    ("kind", "body", "kept"),
    [
        ("bundle-parts-refused", '{"data": {"version": 7, "parts": ["policies", "staff"]}}', "7: policies; staff"),
        ("bundle-parts-refused", '{"data": {"version": "8", "parts": [5]}}', "8: 5"),
        ("bundle-parts-refused", '{"data": {"version": 7, "parts": []}}', ""),
        ("bundle-parts-refused", '{"data": {"version": 7}}', "before"),
        ("bundle-parts-refused", '{"data": {"version": "x", "parts": ["a"]}}', "before"),
        ("bundle-parts-refused", '{"data": {"version": 1e400, "parts": ["a"]}}', "before"),
        ("bundle-parts-refused", "[]", "before"),
        ("bundle-parts-refused", "{", "before"),
        ("another", '{"data": {"version": 7, "parts": ["policies"]}}', "before"),
    ],
)
def test_what_a_kiosk_could_not_follow_is_kept(context, kind, body, kept):
    kiosk = register(context)
    change(context, kiosk, cannot_follow="before")
    kiosk.send(journal_tail=[line(1, kind, body), line(2)])
    assert kiosk_row(context, kiosk, "cannot_follow") == (kept,)


def test_a_line_that_says_nothing_of_parts_hides_none_that_does(context):
    kiosk = register(context)
    refused = line(3, "bundle-parts-refused", '{"data": {"version": 7, "parts": ["staff"]}}')
    kiosk.send(journal_tail=[line(1), line(2, "bundle-parts-refused", "{"), refused])
    assert kiosk_row(context, kiosk, "cannot_follow") == ("7: staff",)


def test_of_what_it_could_not_follow_so_much_is_kept(context):
    kiosk = register(context)
    body = canonical({"data": {"version": 9, "parts": ["x" * 160, *"abcdefghi"]}}).decode()
    kiosk.send(journal_tail=[line(1, "bundle-parts-refused", "{"), line(2, "bundle-parts-refused", body)])
    assert kiosk_row(context, kiosk, "cannot_follow") == (f"9: {'x' * 150}; a; b; c; d; e; f; g",)


# --- questions, and who has a record too ---------------------------------------------------------------------------------


def asked(kiosk: Kiosk, *record_ids: str) -> bytes:
    question = protocol.Question(question_id="q-1", kiosk_id=kiosk.kiosk_id, record_ids=record_ids)
    return kiosk.sealed_plain(canonical(question.model_dump(mode="json")), "question")


def test_what_is_answered_about_records(context):
    kiosk, other = register(context), register(context, 2)
    one, two = record(record_id="r-1"), record(record_id="r-2")
    kiosk.send(one, two)
    answer = opening(context, ingest.answer(context, asked(other, "r-9", "r-2", "r-1", "r-9", "r-8")), protocol.Answer)
    assert answer.model_copy(update={"known": ()}) == protocol.Answer(
        bureau_id=context.bureau_id, kiosk_id=other.kiosk_id, question_id="q-1", answered_at=NOW, known=(), unknown=("r-9", "r-8")
    )
    assert {one.record_id: (one.verdict, one.content_digest) for one in answer.known} == {
        "r-1": ("accepted", context.suite.digest(canonical(one))),
        "r-2": ("duplicate-pass", context.suite.digest(canonical(two))),
    }
    assert kiosk_row(context, other, "last_contact") == (NOW,)
    assert rows(context, tables.Carrier) == [
        {"kiosk_id": other.kiosk_id, "record_id": name, "decision": "", "reason": ""} for name in ("r-1", "r-2")
    ]


def test_who_has_a_record_too_hears_what_becomes_of_it(context):
    kiosk, beside, elsewhere = register(context), register(context, 2), register(context, 3, "SZ-OTHER-0001")
    one, two, mine = record(record_id="r-1"), record(record_id="r-2", benefit_id="b"), record(record_id="r-3", benefit_id="c")
    kiosk.send(one, two)
    assert verdicts(beside.send(one, two, mine)) == [("duplicate", ""), ("duplicate", ""), ("accepted", "")]
    ingest.answer(context, asked(elsewhere, "r-1"))
    assert [(row["kiosk_id"], row["record_id"]) for row in rows(context, tables.Carrier)] == [
        (beside.kiosk_id, "r-1"),
        (beside.kiosk_id, "r-2"),
    ]
    assert decisions.after(context, beside.kiosk_id, 0).decisions == ()
    assert decisions.decide(context, "r-2", "returned", "photo-unclear")
    assert decisions.decide(context, "r-1", "confirmed", "")

    def heard(who: Kiosk, seq: int = 0) -> list[tuple[int, str, str, str]]:
        answer = decisions.after(context, who.kiosk_id, seq)
        assert (answer.bureau_id, answer.kiosk_id, answer.after, answer.more) == (context.bureau_id, who.kiosk_id, seq, False)
        assert {one.decided_at for one in answer.decisions} <= {NOW}
        return [(one.seq, one.record_id, one.decided, one.reason) for one in answer.decisions]

    assert heard(kiosk) == [(1, "r-2", "returned", "photo-unclear"), (2, "r-1", "confirmed", "")]
    assert heard(beside) == [(1, "r-1", "confirmed", ""), (2, "r-2", "returned", "photo-unclear")]  # by their ids
    assert heard(beside) == heard(beside, 0)  # once, and not again
    assert heard(beside, 1) == [(2, "r-2", "returned", "photo-unclear")]
    assert heard(elsewhere) == []
    assert decisions.decide(context, "r-2", "returned", "deceased")  # another reason alone is news
    assert heard(beside, 2) == [(3, "r-2", "returned", "deceased")]
    assert heard(kiosk, 2) == [(3, "r-2", "returned", "deceased")]
    assert heard(Kiosk(context, "nobody", kiosk.keys)) == []
    with context.session.begin() as session:  # a kiosk that is gone is told nothing, and nothing breaks
        session.add(tables.Carrier(kiosk_id=kiosk.kiosk_id, record_id="r-3", decision="", reason=""))
        session.execute(delete(tables.Decision))
        assert session.get_one(tables.Record, "r-3").decision == ""
    assert heard(kiosk) == []  # undecided


def test_what_a_clerk_decides(context):
    kiosk = register(context)
    kiosk.send(record(record_id="r-1"))
    assert not decisions.decide(context, "r-9", "confirmed", "")
    seen: list[tuple[str, str]] = []

    def witness(session: Any, row: tables.Record) -> None:
        seen.append((row.record_id, row.decision))

    assert decisions.decide(context, "r-1", "confirmed", "", witness)
    assert decisions.decide(context, "r-1", "confirmed", "", witness)  # once more changes nothing
    assert decisions.decide(context, "r-1", "returned", "", witness)
    assert seen == [("r-1", ""), ("r-1", "confirmed"), ("r-1", "confirmed")]
    written = [(row["seq"], row["decided"], row["reason"], row["decided_at"]) for row in rows(context, tables.Decision)]
    assert written == [(1, "confirmed", "", NOW), (2, "returned", "", NOW)]
    (row,) = rows(context, tables.Record)
    assert (row["decision"], row["decision_reason"]) == ("returned", "")
    assert rows(context, tables.Pass) == []  # it is free again
    assert kiosk_row(context, kiosk, "decision_seq") == (2,)

    def refusing(session: Any, row: tables.Record) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        decisions.decide(context, "r-1", "confirmed", "", refusing)
    assert rows(context, tables.Record) == [row]
    assert decisions.decide(context, "r-1", "confirmed", "")
    assert [(one["record_id"], one["created_at"]) for one in rows(context, tables.Pass)] == [("r-1", NOW)]


# --- papers --------------------------------------------------------------------------------------------------------------


def paper(kiosk: Kiosk, content: bytes | str = b"scan", record_id: str = "r-1", evidence_id: str = "e-1") -> bytes:
    text = content if isinstance(content, str) else base64.b64encode(content).decode()
    evidence = protocol.Evidence(
        evidence_id=evidence_id,
        kiosk_id=kiosk.kiosk_id,
        record_id=record_id,
        consent_id="c-1",
        media_type="image/png",
        content=text,
    )
    return kiosk.sealed_plain(canonical(evidence.model_dump(mode="json")), "evidence")


def test_papers_of_a_record_are_kept_once(context):
    kiosk = register(context)
    kiosk.send(record(record_id="r-1"))
    sealed = paper(kiosk)
    receipt, accepted = ingest.take_carried_evidence(context, sealed)
    assert accepted is True
    expected = protocol.EvidenceReceipt(
        bureau_id=context.bureau_id,
        kiosk_id=kiosk.kiosk_id,
        evidence_id="e-1",
        digest=context.suite.digest(sealed),
        verdict="accepted",
    )
    assert opening(context, receipt, protocol.EvidenceReceipt) == expected
    kept = {
        "evidence_id": "e-1", "kiosk_id": kiosk.kiosk_id, "record_id": "r-1", "consent_id": "c-1", "media_type": "image/png",
        "digest": context.suite.digest(b"scan"), "content": b"scan", "received_at": NOW,
    }  # fmt: skip
    assert rows(context, tables.Evidence) == [kept]
    assert opening(context, ingest.take_evidence(context, sealed), protocol.EvidenceReceipt) == expected
    assert rows(context, tables.Evidence) == [kept]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"content": b"another"}, "conflict"),
        ({"record_id": "r-2"}, "conflict"),
        ({"record_id": "r-9", "evidence_id": "e-2"}, "unknown-record"),
        ({"content": "no base64!", "evidence_id": "e-2"}, "malformed"),
        ({"content": "AAA", "evidence_id": "e-2"}, "malformed"),
        ({"content": b"x" * (limits.MAX_EVIDENCE + 1), "evidence_id": "e-2"}, "too-large"),
        ({"content": b"x" * limits.MAX_EVIDENCE, "evidence_id": "e-2"}, ""),
    ],
)
def test_papers_that_are_refused(context, given, reason):
    kiosk = register(context)
    kiosk.send(record(record_id="r-1"), record(record_id="r-2"))
    ingest.take_evidence(context, paper(kiosk))
    receipt, accepted = ingest.take_carried_evidence(context, paper(kiosk, **given))
    document = opening(context, receipt, protocol.EvidenceReceipt)
    assert (document.verdict, document.reason, accepted) == ("rejected" if reason else "accepted", reason, not reason)
    assert len(rows(context, tables.Evidence)) == (1 if reason else 2)


def test_papers_come_from_whoever_has_the_record(context):
    kiosk, beside = register(context), register(context, 2)
    one = record(record_id="r-1")
    kiosk.send(one)
    assert ingest.take_carried_evidence(context, paper(beside))[1] is False
    beside.send(one)  # a home visit that it brought in
    assert ingest.take_carried_evidence(context, paper(beside))[1] is True
