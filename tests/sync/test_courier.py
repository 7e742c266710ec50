"""The stick: the same sealed bytes, in any state, twice without harm; partial copies and hostile files are noticed."""

from __future__ import annotations

import errno
import json
import os
import shutil

import pytest

from kiosk.bureau import removable_media as bureau_media
from kiosk.bureau import tables
from kiosk.bureau.context import BureauSettings, open_context
from kiosk.removable import files
from kiosk.store import outbox, review_evidence
from kiosk.store.roster import lookup as roster
from kiosk.sync import courier, protocol
from kiosk.sync.delivery import journal_lines
from tests.sync.made import bureau_record, make_kiosk, record


@pytest.fixture(scope="module")
def context(bureau):
    opened = open_context(BureauSettings(data=str(bureau.data)))
    yield opened
    opened.engine.dispose()


@pytest.fixture
def medium(tmp_path):
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


def export(kiosk, medium):
    return courier.export(kiosk.run, kiosk.identity, medium, batch_size=2, journal_tail=journal_lines)


def bring_back(kiosk, medium):
    return courier.import_from(kiosk.run, kiosk.identity, medium)


def test_there_and_back_twice(bureau, kiosk, context, medium):
    saved = kiosk.save(*(record(n) for n in range(5)))
    kiosk.point_at("http://127.0.0.1:1")
    kiosk.round(limit=1)  # in whatever state: one was tried in vain
    done = export(kiosk, medium)
    assert (done.new_batches, done.records, done.repaired) == (3, 5, 0)
    assert kiosk.counts() == {"carried": 5}
    again = export(kiosk, medium)
    assert (again.new_batches, again.kept_batches, again.records) == (0, 3, 5), "a second export adds nothing"
    told = bureau_media.serve(context, medium)
    assert sum(outcome == "taken" for _, outcome in told) == 3
    assert bureau_media.serve(context, medium)[:3] == told[:3], "served twice, the same receipts"
    assert all(bureau_record(bureau, one)["verdict"] == "accepted" for one in saved)
    assert {one.outcome for one in bring_back(kiosk, medium) if one.name.startswith("receipt")} == {"applied"}
    assert kiosk.counts() == {"received": 5}
    assert {one.outcome for one in bring_back(kiosk, medium)} == {"nothing-new"}
    bureau.decide(saved[0], "returned", "photo-unclear")
    bureau_media.serve(context, medium)
    assert [(m.record_id, m.stage.value) for one in bring_back(kiosk, medium) for m in one.moved] == [(saved[0], "returned")]
    final = export(kiosk, medium)
    assert (final.new_batches, final.kept_batches, final.records) == (0, 0, 0)
    assert not list(done.folder.glob("*.jwe")), "settled batches are taken off the stick"


def test_what_is_on_a_stick_may_go_by_network_too(bureau, kiosk, context, medium):
    saved = kiosk.save(record(1), record(2))
    export(kiosk, medium)
    assert kiosk.round().failure is None, "the network came back: the bureau is asked, then it is sent"
    assert kiosk.counts() == {"received": 2}
    bureau_media.serve(context, medium)
    receipts = [one for one in bring_back(kiosk, medium) if one.name.startswith("receipt")]
    assert [one.outcome for one in receipts] == ["nothing-new"]
    assert {bureau_record(bureau, one)["verdict"] for one in saved} == {"accepted"}


def test_partial_copies_are_noticed_at_both_ends_and_replaced(bureau, kiosk, context, medium):
    kiosk.save(record())
    folder = export(kiosk, medium).folder
    batch = next(folder.glob("batch-*.jwe"))
    whole = batch.read_bytes()
    batch.write_bytes(whole[: len(whole) // 2])
    (folder / "batch-00000099-0123456789abcdef.jwe.part").write_bytes(b"rest of a broken copy")
    assert (batch.name, "truncated") in bureau_media.serve(context, medium)
    assert export(kiosk, medium).repaired == 1
    assert "taken" in dict(bureau_media.serve(context, medium)).values()
    down = folder.parent / "down"
    receipt = next(down.glob("receipt-*.jws"))
    text = receipt.read_bytes()
    receipt.write_bytes(text[:-20])
    told = {one.name: one for one in bring_back(kiosk, medium)}
    assert (told[receipt.name].outcome, told[receipt.name].why) == ("refused", "truncated")
    assert kiosk.counts() == {"carried": 1}
    receipt.write_bytes(text)
    bring_back(kiosk, medium)
    assert kiosk.counts() == {"received": 1}


def test_rosters_and_bundles_come_by_stick(bureau, context, medium, tmp_path):
    kiosk = make_kiosk(bureau, tmp_path / "carried", "SZ-TEST-0300")
    try:
        people = tmp_path / "people.jsonl"
        people.write_text(
            json.dumps({"person_id": "P1", "name": "王芳", "id_number": "110101194501010001", "status": "active", "benefits": []})
            + "\n"
        )
        version = bureau.issue_roster(people)
        bureau.message("请更新")
        export(kiosk, medium)
        bureau_media.serve(context, medium)
        file = next((medium / files.ROOT_NAME / "rosters").glob("*.roster"))
        whole = file.read_bytes()
        file.write_bytes(whole[:-1])
        assert ("refused", "truncated") in {(one.outcome, one.why) for one in bring_back(kiosk, medium)}
        assert roster.version(kiosk.store) == 0
        file.write_bytes(whole)
        assert "applied" in {one.outcome for one in bring_back(kiosk, medium) if one.name.startswith("roster")}
        assert roster.version(kiosk.store) == version
        assert {one.outcome for one in bring_back(kiosk, medium)} == {"nothing-new"}
        assert outbox.get(kiosk.store.db, "messages") != ""
    finally:
        kiosk.close()


def test_hostile_files(kiosk, medium, tmp_path):
    down = medium / files.ROOT_NAME / kiosk.identity.pins.kiosk_id / "down"
    down.mkdir(parents=True)
    secret = tmp_path / "secret"
    secret.write_text("secret")
    names = {
        "link": "receipt-00000001-0123456789abcdef.jws",
        "huge": "receipt-00000002-0123456789abcdef.jws",
        "fifo": "receipt-00000003-0123456789abcdef.jws",
        "folder": "receipt-00000004-0123456789abcdef.jws",
        "noise": files.named("receipt-00000005", b"noise", "jws"),
        "empty": files.named("receipt-00000006", b"", "jws"),
    }
    (down / names["link"]).symlink_to(secret)
    with (down / names["huge"]).open("wb") as file:
        file.truncate(10 * 1024**3)  # sparse: ten gigabytes that take no room
    os.mkfifo(down / names["fifo"])
    (down / names["folder"]).mkdir()
    (down / names["noise"]).write_bytes(b"noise")
    (down / names["empty"]).write_bytes(b"")
    for wrong in (
        "receipt.jws",
        "..%2f-0123456789abcdef.jws",
        "receipt-00000001-0123456789abcdef.jws.exe",
        "autorun.inf",
        "receipt-" + "9" * 200 + "-0123456789abcdef.jws",
    ):
        (down / wrong).write_bytes(b"x")
    told = {one.name: (one.outcome, one.why) for one in bring_back(kiosk, medium)}
    assert told == {
        names["link"]: ("refused", "wrong-name"),
        names["huge"]: ("refused", "too-large"),
        names["fifo"]: ("refused", "wrong-name"),
        names["folder"]: ("refused", "wrong-name"),
        names["noise"]: ("refused", "truncated"),
        names["empty"]: ("refused", "truncated"),
    }


def test_a_linked_folder_is_not_entered(kiosk, medium, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / files.named("receipt-00000001", b"x", "jws")).write_bytes(b"x")
    home = medium / files.ROOT_NAME / kiosk.identity.pins.kiosk_id
    home.mkdir(parents=True)
    (home / "down").symlink_to(elsewhere)
    assert bring_back(kiosk, medium) == []


def test_a_full_or_missing_stick_is_said_and_harms_nothing(kiosk, context, medium, monkeypatch):
    kiosk.save(record(1), record(2), record(3))
    replace, calls = os.replace, []

    def full(source, target):
        calls.append(target)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "no space left")
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(files.RemovableError) as refused:
        export(kiosk, medium)
    assert refused.value.why == "medium-full"
    monkeypatch.undo()
    assert kiosk.counts() == {"carried": 2, "waiting": 1}
    assert not list(medium.rglob("*.part"))
    done = export(kiosk, medium)
    assert (done.new_batches, done.kept_batches, done.records) == (1, 1, 3)
    shutil.rmtree(medium)
    for act in (export, bring_back):
        with pytest.raises(files.RemovableError, match="medium-missing"):
            act(kiosk, medium)


def test_another_kiosks_receipt_in_our_folder(bureau, kiosk, context, medium, tmp_path):
    other = make_kiosk(bureau, tmp_path / "other", "SZ-TEST-0301")
    try:
        other.save(record(station="SZ-TEST-0301"))
        export(other, medium)
        kiosk.save(record())
        export(kiosk, medium)
        bureau_media.serve(context, medium)
        root = medium / files.ROOT_NAME
        ours = root / kiosk.identity.pins.kiosk_id / "down"
        shutil.rmtree(ours)
        shutil.copytree(root / other.identity.pins.kiosk_id / "down", ours)
        assert {(one.outcome, one.why) for one in bring_back(kiosk, medium)} == {("refused", "not-for-us")}
        assert kiosk.counts() == {"carried": 1}
    finally:
        other.close()


def test_the_hint_of_what_a_kiosk_has_may_be_anything(tmp_path):
    for text in ("", "[]", "{}", '{"decisions_after": -1, "roster_version": "x", "bundle_version": null}', "\x00", "[" * 5000):
        (tmp_path / "have.json").write_text(text)
        assert courier.read_have(tmp_path) == {}


PAGE = b"\xff\xd8\xff a photographed page"


def with_page(kiosk):
    """One record with one piece of consented evidence; returns both ids."""
    one = record()
    kiosk.save(one)
    return one.record_id, review_evidence.enqueue(kiosk.store.db, one.record_id, "consent-review", "image/jpeg", PAGE)


def states(kiosk):
    return kiosk.store.db.execute("SELECT state, content FROM outbox_evidence").fetchall()


def test_papers_go_by_stick_with_their_record_and_are_erased_by_the_bureaus_word(bureau, kiosk, context, medium):
    record_id, evidence_id = with_page(kiosk)
    done = export(kiosk, medium)
    assert (done.records, done.evidence) == (1, 1)
    (piece,) = done.folder.glob("evidence-*.jwe")
    assert PAGE not in piece.read_bytes()
    assert export(kiosk, medium).evidence == 1
    assert list(done.folder.glob("evidence-*.jwe")) == [piece], "a second export adds nothing"
    told = bureau_media.serve(context, medium)
    assert (piece.name, "taken") in told
    assert bureau_record(bureau, record_id)["verdict"] == "accepted"
    with context.session.begin() as session:
        kept = session.get_one(tables.Evidence, evidence_id)
        assert (kept.record_id, kept.content) == (record_id, PAGE)
    assert states(kiosk) == [("waiting", PAGE)], "not before the receipt is brought back"
    outcomes = {one.name.split("-")[0]: one.outcome for one in bring_back(kiosk, medium)}
    assert (outcomes["receipt"], outcomes["evidence"]) == ("applied", "applied")
    assert states(kiosk) == [("received", None)]
    assert [one.outcome for one in bring_back(kiosk, medium) if one.name.startswith("evidence")] == ["nothing-new"]
    assert export(kiosk, medium).evidence == 0
    assert not list(done.folder.glob("evidence-*.jwe"))


def test_a_page_carried_without_its_record_waits_and_is_not_lost(bureau, kiosk, context, medium):
    with_page(kiosk)
    done = export(kiosk, medium)
    for batch in done.folder.glob("batch-*.jwe"):
        batch.unlink()  # the record's file was lost on the way
    (piece,) = done.folder.glob("evidence-*.jwe")
    assert (piece.name, "refused") in bureau_media.serve(context, medium)
    bring_back(kiosk, medium)
    assert states(kiosk) == [("waiting", PAGE)]
    export(kiosk, medium)
    bureau_media.serve(context, medium)
    bring_back(kiosk, medium)
    assert states(kiosk) == [("received", None)]


def test_a_page_is_not_on_the_stick_before_its_record_is(kiosk, medium):
    with_page(kiosk)
    kiosk.store.db.execute("UPDATE outbox SET state = 'refused'")
    assert export(kiosk, medium).evidence == 0


def test_only_a_receipt_for_what_was_carried_erases_a_page(bureau, kiosk, context, medium):
    _, evidence_id = with_page(kiosk)
    export(kiosk, medium)
    down = medium / files.ROOT_NAME / kiosk.identity.pins.kiosk_id / "down"
    down.mkdir(parents=True)

    def receipt(**changes) -> list[courier.Imported]:
        told = {
            "bureau_id": context.bureau_id,
            "kiosk_id": kiosk.identity.pins.kiosk_id,
            "evidence_id": evidence_id,
            "digest": "0" * 64,
            "verdict": "accepted",
        } | changes
        signed = context.sign(protocol.EvidenceReceipt(**told)).encode()
        path = down / files.named(f"evidence-{evidence_id}", signed, "jws")
        path.write_bytes(signed)
        found = [one for one in bring_back(kiosk, medium) if one.name.startswith("evidence")]
        path.unlink()
        return found

    assert [(one.outcome, one.why) for one in receipt()] == [("refused", "other-batch")]
    assert [(one.outcome, one.why) for one in receipt(kiosk_id="kiosk-other")] == [("refused", "not-for-us")]
    (carried,) = kiosk.store.db.execute("SELECT carried FROM outbox_evidence").fetchone()
    assert [one.outcome for one in receipt(digest=carried, verdict="rejected", reason="unknown-record")] == ["nothing-new"]
    assert states(kiosk) == [("waiting", PAGE)]
    assert [one.outcome for one in receipt(digest=carried)] == ["applied"]
    assert states(kiosk) == [("received", None)]


def test_a_partial_copy_of_a_page_is_replaced(kiosk, context, medium):
    with_page(kiosk)
    done = export(kiosk, medium)
    (piece,) = done.folder.glob("evidence-*.jwe")
    piece.write_bytes(piece.read_bytes()[:-9])
    assert (piece.name, "truncated") in bureau_media.serve(context, medium)
    export(kiosk, medium)
    (again,) = done.folder.glob("evidence-*.jwe")
    assert again != piece
    assert (again.name, "taken") in bureau_media.serve(context, medium)
