"""The rest of what may go wrong or be tried on the way: every answer forged, every path misbehaving, evidence, bundles, full disks.
Batches, receipts and rosters: test_forged. One misdeed at a time on a batch: test_network. All at once, with kills: test_chaos."""

from __future__ import annotations

import base64
import errno
import shutil
import threading
import uuid
from datetime import UTC, datetime

import httpx
import pytest

from kiosk.bench.badline import BadLine
from kiosk.bureau import removable_media as bureau_media
from kiosk.bureau.context import BureauSettings, open_context
from kiosk.canonical import canonical
from kiosk.errors import StoreError
from kiosk.store import outbox, review_evidence
from kiosk.store.roster import lookup as roster
from kiosk.sync import client, courier, protocol, roster_feed, seal
from kiosk.sync.client import Failure, _retry_after
from kiosk.sync.delivery import journal_lines
from kiosk.sync.roster_feed import Feed
from kiosk.sync.schedule import Trouble
from tests.suite import named
from tests.sync.made import make_kiosk, record
from tests.sync.test_forged import people, post, signed_by

NOW = datetime(2026, 11, 21, tzinfo=UTC)


# --- whatever the bureau says is believed only from the bureau, to us, and of the kind that was asked for


def documents(kiosk):
    pins = kiosk.identity.pins
    ours = {"bureau_id": pins.bureau_id, "kiosk_id": pins.kiosk_id}
    return {
        "answer": protocol.Answer(**ours, question_id="q", answered_at=NOW, known=(), unknown=("r",)),
        "decisions": protocol.Decisions(**ours, after=0, decisions=()),
        "bundle": protocol.Bundle(**ours, version=9, created_at=NOW),
        "evidence-receipt": protocol.EvidenceReceipt(**ours, evidence_id="e", digest="0" * 64, verdict="accepted"),
        "time": protocol.TimeAnswer(bureau_id=pins.bureau_id, nonce="n", now=NOW),
        "problem": protocol.Problem(**ours, about="0" * 64, reason="revoked", at=NOW),
    }


@pytest.mark.parametrize("kind", ["answer", "decisions", "bundle", "evidence-receipt", "time", "problem"])
def test_a_forged_re_signed_truncated_or_misdirected_answer_is_not_believed(bureau, kiosk, kind):
    good = documents(kiosk)[kind]
    text, (stranger, _) = signed_by(bureau, good), seal.new_keys(kiosk.identity.suite)
    other = documents(kiosk)["decisions" if kind != "decisions" else "answer"]
    tries = {
        signed_by(bureau, good, key=stranger): "bad-signature",
        signed_by(bureau, good, key=kiosk.identity.keys.sign): "bad-signature",
        signed_by(bureau, good, signer="bureau-other"): "wrong-signer",
        signed_by(bureau, good.model_copy(update={"bureau_id": "bureau-other"})): "wrong-signer",
        signed_by(bureau, other): "wrong-kind",
        text[:-6]: "bad-signature",
        text[:60]: "truncated",
    }
    if kind != "time":
        tries[signed_by(bureau, good.model_copy(update={"kiosk_id": "kiosk-other"}))] = "not-for-us"
    for forged, why in tries.items():
        with pytest.raises(Failure) as refused:
            client.verified(kiosk.identity, forged.encode(), type(good))
        assert (refused.value.trouble, refused.value.why) == (Trouble.FORGED, why)
    assert client.verified(kiosk.identity, text.encode(), type(good))[0] == good.model_copy(
        update={"suite": kiosk.identity.suite.name}
    )


def test_a_bundle_that_is_not_sealed_to_us_or_is_old_changes_nothing(bureau, kiosk, tmp_path):
    def sealed(document, keys=None, kiosk_id=""):
        recipient = seal.recipient_key((keys or kiosk.identity.keys).public)
        return seal.encrypt(signed_by(bureau, document), recipient, kiosk_id or kiosk.identity.pins.kiosk_id)

    version = int(outbox.get(kiosk.store.db, "bundle_version", "0"))
    old = protocol.Bundle(
        bureau_id=kiosk.identity.pins.bureau_id,
        kiosk_id=kiosk.identity.pins.kiosk_id,
        version=version + 5,
        created_at=NOW,
        messages=(protocol.Message(message_id="m", text="旧的", created_at=NOW),),
    )
    new = old.model_copy(update={"version": version + 6, "messages": (old.messages[0].model_copy(update={"text": "新的"}),)})
    other = make_kiosk(bureau, tmp_path / "other", "SZ-TEST-0778")
    try:
        with pytest.raises(Failure, match="not-for-us"):
            client.open_sealed(kiosk.identity, sealed(new, other.identity.keys, other.identity.pins.kiosk_id), protocol.Bundle)
        with pytest.raises(Failure, match="truncated"):
            client.open_sealed(kiosk.identity, sealed(new, other.identity.keys), protocol.Bundle)
    finally:
        other.close()
    with pytest.raises(Failure, match="truncated"):
        client.open_sealed(kiosk.identity, sealed(new)[:-8], protocol.Bundle)
    assert roster_feed.take_bundle(kiosk.store, client.open_sealed(kiosk.identity, sealed(new), protocol.Bundle), NOW)
    replayed = client.open_sealed(kiosk.identity, sealed(old), protocol.Bundle)
    assert not roster_feed.take_bundle(kiosk.store, replayed, NOW)
    assert [one["text"] for one in roster_feed.messages(kiosk.store, NOW)] == ["新的"]
    assert outbox.get(kiosk.store.db, "bundle_version") == str(new.version)
    outbox.put(kiosk.store.db, "bundle_version", str(version))


# --- evidence


def evidence(kiosk, record_id, **changes):
    plain = {
        "schema_version": 2,
        **named(kiosk.identity.suite),
        "kind": "evidence",
        "evidence_id": str(uuid.uuid4()),
        "kiosk_id": kiosk.identity.pins.kiosk_id,
        "record_id": record_id,
        "consent_id": "review-1",
        "media_type": "image/jpeg",
        "content": base64.b64encode(b"\xff\xd8picture").decode(),
        **changes,
    }
    signed = seal.sign_plain(canonical(plain), "evidence", kiosk.identity.keys.sign, kiosk.identity.pins.kiosk_id)
    return seal.encrypt(signed, kiosk.identity.bureau_seal, kiosk.identity.pins.bureau_id)


def evidence_verdict(bureau, kiosk, body):
    answer = post(bureau, body, "/v1/evidence")
    if answer.status_code != 200:
        return answer.json()["reason"]
    receipt, _ = client.verified(kiosk.identity, answer.content, protocol.EvidenceReceipt)
    assert receipt.digest == kiosk.identity.suite.digest(body)
    return receipt.reason or receipt.verdict


def test_evidence_without_consent_of_others_records_or_under_a_taken_id_is_refused(bureau, kiosk, tmp_path):
    (mine,) = kiosk.save(record())
    assert kiosk.round().failure is None
    first = evidence(kiosk, mine, evidence_id="e-taken-once")
    assert evidence_verdict(bureau, kiosk, first) == "accepted"
    assert evidence_verdict(bureau, kiosk, first) == "accepted", "replayed: the same answer, nothing twice"
    assert evidence_verdict(bureau, kiosk, evidence(kiosk, mine, evidence_id="e-taken-once", content="AAAA")) == "conflict"
    assert evidence_verdict(bureau, kiosk, evidence(kiosk, mine, consent_id="")) == "malformed"
    assert evidence_verdict(bureau, kiosk, evidence(kiosk, mine, content="not base64!")) == "malformed"
    assert evidence_verdict(bureau, kiosk, evidence(kiosk, mine, media_type="text/html")) == "malformed"
    assert evidence_verdict(bureau, kiosk, evidence(kiosk, str(uuid.uuid4()))) == "unknown-record"
    other = make_kiosk(bureau, tmp_path / "other", "SZ-TEST-0779")
    try:
        assert evidence_verdict(bureau, other, evidence(other, mine)) == "unknown-record"
    finally:
        other.close()


@pytest.mark.parametrize("deed", ["other-answer", "lose-answer", "garble", "truncate", "status:503"])
def test_evidence_is_erased_here_only_by_the_receipt_for_it(bureau, kiosk, deed):
    (one,) = kiosk.save(record())
    assert kiosk.round().failure is None
    for content in (b"first", b"second"):
        review_evidence.enqueue(kiosk.store.db, one, "review-1", "text/plain", content)
    with BadLine(bureau.url) as line:
        kiosk.point_at(line.url)
        assert kiosk.delivery().send_evidence() is True
        line.choose = lambda method, path: deed if path == "/v1/evidence" else "ok"
        with pytest.raises(Failure):
            kiosk.delivery().send_evidence()
        kept = kiosk.store.db.execute("SELECT state, content IS NULL FROM outbox_evidence ORDER BY state").fetchall()
        assert kept == [("received", 1), ("waiting", 0)]
        line.choose = lambda method, path: "ok"
        assert kiosk.delivery().send_evidence() is True
    assert kiosk.store.db.execute("SELECT count(*) FROM outbox_evidence WHERE content IS NULL").fetchone() == (2,)


# --- every path, every misdeed: the round ends, says so, and the next one ends well


PATHS = ("/v1/time", "/v1/reconcile", "/v1/decisions", "/v1/bundle", "/v1/roster?", "/v1/roster/files")


@pytest.mark.parametrize("path", PATHS)
def test_misdeeds_on_every_path(bureau, tmp_path, path):
    wanted = {
        "status:413": Trouble.TOO_LARGE,
        "status:429": Trouble.BUSY,
        "status:500": Trouble.BROKEN,
        "status:503": Trouble.BUSY,
        "truncate": Trouble.UNKNOWN,
        "garble": Trouble.FORGED,
        "after:500": Trouble.BROKEN,
        "lose-request": Trouble.UNKNOWN,
    }
    kiosk = make_kiosk(bureau, tmp_path / "kiosk", f"SZ-TEST-05{PATHS.index(path):02d}")
    with BadLine(bureau.url) as line:
        kiosk.settings = kiosk.settings.model_copy(update={"sync": kiosk.settings.sync.model_copy(update={"timeout_s": 2.0})})
        kiosk.point_at(line.url)

        def once(deed):
            left = [1]

            def choose(method, asked):
                if asked.startswith(path) and left[0]:
                    left[0] = 0
                    return deed
                return "ok"

            return choose

        def everything():
            done = kiosk.round()
            if done.failure is None:
                try:
                    kiosk.feed()
                except Failure as failure:
                    return failure
            return done.failure

        try:
            for number, (deed, trouble) in enumerate(wanted.items()):
                if "roster" in path:
                    bureau.issue_roster(people(tmp_path, f"name {number}"))
                bureau.message(f"message {number}")
                (one,) = kiosk.save(record(station=kiosk.settings.station.station_id))
                outbox.mark_carried(kiosk.store.db, [one])  # something to ask about
                before = roster.version(kiosk.store)
                line.choose = once(deed)
                failure = everything()
                assert failure is not None, deed
                assert failure.trouble is trouble, deed
                reached = "sending" if path in ("/v1/time", "/v1/reconcile") else "received"
                assert outbox.status_of(kiosk.store.db, one).stage == reached
                assert "roster" not in path or roster.version(kiosk.store) == before
                line.choose = lambda method, asked: "ok"
                assert everything() is None, deed
                assert outbox.status_of(kiosk.store.db, one).stage == "received"
                assert "roster" not in path or roster.version(kiosk.store) > before
        finally:
            kiosk.close()


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("5", 5.0),
        ("0", 0.0),
        ("-3", 0.0),
        ("nan", 0.0),
        ("1e400", float("inf")),
        ("", 0.0),
        ("soon", 0.0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 0.0),
    ],
)
def test_a_strange_retry_after(told, seconds):
    assert _retry_after(httpx.Headers({"Retry-After": told})) == seconds


# --- full disks


def test_a_disk_that_is_full_while_a_roster_comes_is_told_and_the_room_is_given_back(bureau, tmp_path):
    kiosk = make_kiosk(bureau, tmp_path / "kiosk", "SZ-TEST-0402")
    try:
        version = bureau.issue_roster(people(tmp_path, "王芳", "李强"))
        manifest = kiosk.client.get_sealed("/v1/roster?have=0", protocol.RosterManifest)
        part = kiosk.store.folder / f"{manifest.digest}.fetching"
        part.symlink_to("/dev/full")  # the kernel itself says: no space left
        with pytest.raises(StoreError):
            kiosk.feed()
        assert not part.is_symlink()
        assert roster.version(kiosk.store) == 0
        (one,) = kiosk.save(record(station="SZ-TEST-0402"))
        assert kiosk.round().failure is None, "records go on"
        assert outbox.status_of(kiosk.store.db, one).stage == "received"
        assert f"roster {version}" in Feed(kiosk.settings.sync, kiosk.client, kiosk.run).pull(threading.Event())
    finally:
        kiosk.close()


def test_a_disk_that_is_full_while_a_stick_is_read_is_told(bureau, tmp_path, monkeypatch):
    kiosk = make_kiosk(bureau, tmp_path / "kiosk", "SZ-TEST-0403")
    context = open_context(BureauSettings(data=str(bureau.data)))
    medium = tmp_path / "stick"
    medium.mkdir()
    copyfile = shutil.copyfile

    def full(source, target, **options):
        copyfile(source, target, **options)
        raise OSError(errno.ENOSPC, "no space left")

    try:
        version = bureau.issue_roster(people(tmp_path, "王芳", "赵刚"))
        courier.export(kiosk.run, kiosk.identity, medium, journal_tail=journal_lines)
        bureau_media.serve(context, medium)
        monkeypatch.setattr(shutil, "copyfile", full)
        told = courier.import_from(kiosk.run, kiosk.identity, medium)
        assert {(one.outcome, one.why) for one in told if one.name.startswith("roster")} == {("refused", "disk-full")}
        assert not list(kiosk.store.folder.glob("*.fetching"))
        monkeypatch.undo()
        courier.import_from(kiosk.run, kiosk.identity, medium)
        assert roster.version(kiosk.store) == version
    finally:
        context.engine.dispose()
        kiosk.close()
