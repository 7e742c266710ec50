"""Forged, replayed, re-signed, truncated batches, receipts and rosters: each refused with its own reason, nothing moves."""

from __future__ import annotations

import base64
import json
import uuid
from dataclasses import replace as dc_replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import zstandard
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from joserfc import jwe

from kiosk.canonical import canonical
from kiosk.store import outbox
from kiosk.store.content import content_of
from kiosk.store.roster import lookup as roster
from kiosk.sync import client, delivery, limits, protocol, roster_feed, roster_file, seal, suites
from kiosk.sync.client import Failure
from kiosk.sync.delivery import Clocks
from kiosk.sync.keys import Identity, Keys
from kiosk.sync.schedule import Trouble
from tests.suite import bureau_keys, named
from tests.sync.made import make_kiosk, record


def packed(kiosk, *rows):
    kiosk.save(*rows)
    leased = outbox.lease(kiosk.store.db, datetime.now(UTC), 50)
    return delivery.pack(kiosk.store, kiosk.identity, leased, "network", Clocks())


def post(bureau, body, path="/v1/batches"):
    return httpx.post(bureau.url + path, content=body, headers={"Content-Type": protocol.MEDIA_TYPE}, trust_env=False)


def refusal(bureau, body, path="/v1/batches"):
    answer = post(bureau, body, path)
    assert answer.status_code >= 400
    return answer.status_code, answer.json()["reason"]


BOTH_SUITES = True


def resealed(kiosk, change, *, key=None, signer=None, kind="batch"):
    """A batch with `change` applied to its JSON, signed by `key`."""
    pins = kiosk.identity.pins
    plain = {
        "schema_version": 2,
        **named(kiosk.identity.suite),
        "kind": "batch",
        "batch_id": str(uuid.uuid4()),
        "kiosk_id": pins.kiosk_id,
        "seq": 99,
        "created_at": "2026-11-21T00:00:00Z",
        "records": [],
        "clock": {"sent_at_utc": "2026-11-21T00:00:00Z", "monotonic_s": 1, "boot_id": "b"},
    }
    change(plain)
    signed = seal.sign_plain(canonical(plain), kind, key or kiosk.identity.keys.sign, signer or pins.kiosk_id)
    return seal.encrypt(signed, kiosk.identity.bureau_seal, pins.bureau_id)


# --- batches


def test_truncated_batches(bureau, kiosk):
    whole = packed(kiosk, record()).sealed
    for length in (1, 20, len(whole) // 2, len(whole) - 1):
        assert refusal(bureau, whole[:length]) == (400, "truncated")
    assert post(bureau, whole).status_code == 200


def test_every_flipped_byte_is_noticed(bureau, kiosk):
    whole, before = packed(kiosk, record()).sealed, bureau.summary()["batches"]
    for place in range(0, len(whole), max(1, len(whole) // 60)):
        letter = b"A" if whole[place : place + 1] != b"A" else b"B"
        status, _ = refusal(bureau, whole[:place] + letter + whole[place + 1 :])
        assert status == 400
    assert bureau.summary()["batches"] == before
    assert post(bureau, whole).status_code == 200


def test_a_batch_sealed_to_somebody_else(bureau, kiosk):
    _, stranger = seal.new_keys(kiosk.identity.suite)
    signed = seal.sign_plain(b'{"schema_version":2}', "batch", kiosk.identity.keys.sign, kiosk.identity.pins.kiosk_id)
    assert refusal(bureau, seal.encrypt(signed, stranger, "bureau-other")) == (400, "not-for-us")
    assert refusal(bureau, seal.encrypt(signed, stranger, kiosk.identity.pins.bureau_id)) == (400, "truncated")


def test_a_batch_signed_by_a_stranger(bureau, kiosk):
    stranger, _ = seal.new_keys(kiosk.identity.suite)
    assert refusal(bureau, resealed(kiosk, lambda plain: None, key=stranger)) == (400, "bad-signature")
    assert refusal(bureau, resealed(kiosk, lambda plain: None, key=stranger, signer="kiosk-nobody")) == (401, "unknown-kiosk")


def test_a_batch_re_signed_by_another_kiosk(bureau, kiosk, tmp_path):
    """A registered kiosk takes another's content: under its own name the records are of another station, under the other's
    name the signature is not the other's."""
    thief = make_kiosk(bureau, tmp_path / "thief", "SZ-TEST-0666")
    try:

        def stolen(plain):
            plain["kiosk_id"] = kiosk.identity.pins.kiosk_id

        assert refusal(bureau, resealed(kiosk, stolen, key=thief.identity.keys.sign, signer=thief.identity.pins.kiosk_id)) == (
            403,
            "wrong-signer",
        )
        content = json.loads(content_of(record()))
        body = resealed(thief, lambda plain: plain.update(records=[content]))
        identity = kiosk.identity
        receipt = seal.verify(post(bureau, body).text, identity.bureau_verify, identity.pins.bureau_id, protocol.Receipt)
        assert [(v.verdict, v.reason) for v in receipt.verdicts] == [("rejected", "wrong-station")]
    finally:
        thief.close()


def test_a_replayed_batch_gets_the_same_receipt_and_changes_nothing(bureau, kiosk):
    one = packed(kiosk, record())
    first = post(bureau, one.sealed)
    before = bureau.summary()
    again = post(bureau, one.sealed)
    assert again.content == first.content
    after = bureau.summary()
    assert {k: after[k] for k in ("verdicts", "passes", "batches")} == {k: before[k] for k in ("verdicts", "passes", "batches")}


def test_other_bytes_under_a_known_batch_id(bureau, kiosk):
    batch_id = str(uuid.uuid4())
    assert post(bureau, resealed(kiosk, lambda plain: plain.update(batch_id=batch_id))).status_code == 200
    assert refusal(bureau, resealed(kiosk, lambda plain: plain.update(batch_id=batch_id, seq=100))) == (409, "batch-conflict")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"schema_version": 1}, "schema-unsupported"),
        ({"schema_version": None}, "schema-unsupported"),
        ({"seq": -1}, "malformed"),
        ({"records": {}}, "malformed"),
        ({"records": [{}] * 201}, "malformed"),
        ({"kiosk_id": ""}, "malformed"),
    ],
)
def test_a_batch_of_another_shape(bureau, kiosk, change, why):
    assert refusal(bureau, resealed(kiosk, lambda plain: plain.update(change))) == (400, why)


def test_a_document_of_another_kind_does_not_pass_for_a_batch(bureau, kiosk):
    assert refusal(bureau, resealed(kiosk, lambda plain: None, kind="question")) == (400, "wrong-kind")


def test_signatures_of_another_algorithm(bureau, kiosk):
    identity = kiosk.identity
    header = json.dumps({"alg": "none", "kid": identity.pins.kiosk_id, "typ": "kiosk-batch", "cty": "json"}).encode()
    none = base64.urlsafe_b64encode(header).rstrip(b"=").decode() + ".e30."
    assert refusal(bureau, seal.encrypt(none, identity.bureau_seal, identity.pins.bureau_id)) == (400, "truncated")
    if identity.suite is not suites.STD_1:
        return
    zipped = jwe.encrypt_compact(
        {"alg": "ECDH-ES", "enc": "A256GCM", "kid": identity.pins.bureau_id, "zip": "DEF"},
        b"a" * 10_000_000,
        identity.bureau_seal,
        algorithms=["ECDH-ES", "A256GCM", "DEF"],
    )
    assert refusal(bureau, zipped.encode()) == (400, "truncated"), "compression inside the JWE is not accepted at all"


def test_compression_bomb(bureau, kiosk):
    bomb, identity = zstandard.ZstdCompressor(level=19).compress(b" " * (limits.MAX_PLAIN + 1)), kiosk.identity
    assert len(bomb) < 10_000
    header = {"kid": identity.pins.kiosk_id, "typ": "kiosk-batch", "cty": "json+zstd"}
    signed = identity.suite.sign(header, bomb, identity.keys.sign)
    assert refusal(bureau, seal.encrypt(signed, identity.bureau_seal, identity.pins.bureau_id)) == (413, "too-large")


def test_a_body_over_the_limit(bureau):
    assert refusal(bureau, b"x" * (limits.MAX_SEALED + 1)) == (413, "too-large")
    assert httpx.post(bureau.url + "/v1/batches", content=b"x", trust_env=False).json()["reason"] == "media-type"


# --- receipts and answers


def signed_by(bureau, document, key=None, signer=None):
    kept = bureau_keys(bureau.data)
    return seal.sign(document, key or kept.sign, signer or "bureau-" + seal.fingerprint(kept.public))


def receipt_for(kiosk, one, **changes):
    rows = kiosk.store.db.execute("SELECT record_id, content_digest FROM outbox").fetchall()
    pins = kiosk.identity.pins
    made = protocol.Receipt(
        bureau_id=pins.bureau_id,
        kiosk_id=pins.kiosk_id,
        batch_id=one.batch_id,
        batch_digest=one.digest,
        received_at=datetime.now(UTC),
        verdicts=tuple(
            protocol.Verdict(record_id=record_id, content_digest=digest, verdict="accepted")
            for record_id, digest in rows
            if record_id in one.record_ids
        ),
    )
    return made.model_copy(update=changes)


def try_receipt(kiosk, text):
    """Apply a receipt as the client would; return why not, or "" when it was applied."""
    try:
        receipt, signed = client.verified(kiosk.identity, text.encode(), protocol.Receipt)
        delivery.accept_receipt(kiosk.store.db, receipt, signed)
    except (Failure, seal.Refused) as error:
        return error.why
    return ""


def test_forged_receipts_move_nothing(bureau, kiosk):
    one = packed(kiosk, record(), record())
    good = receipt_for(kiosk, one)
    stranger, _ = seal.new_keys(kiosk.identity.suite)
    text = signed_by(bureau, good)
    head, body, signature = text.split(".")
    zeros = "0" * 64
    tries = {
        signed_by(bureau, good, key=stranger): "bad-signature",
        signed_by(bureau, good, key=kiosk.identity.keys.sign, signer=kiosk.identity.pins.kiosk_id): "bad-signature",
        signed_by(bureau, good, signer="bureau-other"): "wrong-signer",
        text[:-10]: "bad-signature",
        text[:40]: "truncated",
        f"{head}.{body}": "truncated",
        "": "truncated",
        "é": "truncated",
        f"{head}.{body[:8]}A{body[9:]}.{signature}": "bad-signature",
        signed_by(bureau, receipt_for(kiosk, one, kiosk_id="kiosk-other")): "not-for-us",
        signed_by(bureau, receipt_for(kiosk, one, bureau_id="bureau-other")): "wrong-signer",
        signed_by(bureau, receipt_for(kiosk, one, batch_id=str(uuid.uuid4()))): "other-batch",
        signed_by(bureau, receipt_for(kiosk, one, batch_digest=zeros)): "other-batch",
        signed_by(bureau, receipt_for(kiosk, one, verdicts=good.verdicts[:1])): "unknown-record",
        signed_by(bureau, receipt_for(kiosk, one, schema_version=1)): "schema-unsupported",
        signed_by(
            bureau,
            protocol.Answer(
                bureau_id=good.bureau_id,
                kiosk_id=good.kiosk_id,
                question_id="q",
                answered_at=good.received_at,
                known=good.verdicts,
                unknown=(),
            ),
        ): "wrong-kind",
    }
    for forged, why in tries.items():
        assert try_receipt(kiosk, forged) == why, why
        assert kiosk.counts() == {"leased": 2}
    assert try_receipt(kiosk, text) == ""
    assert kiosk.counts() == {"received": 2}


def test_a_receipt_about_other_content_moves_nothing(bureau, kiosk):
    one = packed(kiosk, record())
    other = tuple(v.model_copy(update={"content_digest": "0" * 64}) for v in receipt_for(kiosk, one).verdicts)
    assert try_receipt(kiosk, signed_by(bureau, receipt_for(kiosk, one, verdicts=other))) == ""
    assert kiosk.counts() == {"leased": 1}


def test_a_replayed_receipt_or_decision_changes_nothing(bureau, kiosk):
    one = packed(kiosk, record())
    text = signed_by(bureau, receipt_for(kiosk, one))
    assert try_receipt(kiosk, text) == ""
    rejected = tuple(v.model_copy(update={"verdict": "rejected", "reason": "conflict"}) for v in receipt_for(kiosk, one).verdicts)
    assert try_receipt(kiosk, signed_by(bureau, receipt_for(kiosk, one, verdicts=rejected))) == ""
    assert kiosk.counts() == {"received": 1}, "what was received is not taken back by a second receipt"

    def told(*decisions):
        pins = kiosk.identity.pins
        return protocol.Decisions(
            bureau_id=pins.bureau_id,
            kiosk_id=pins.kiosk_id,
            after=0,
            decisions=tuple(
                protocol.Decision(seq=seq, record_id=one.record_ids[0], decided=decided, decided_at=datetime.now(UTC))
                for seq, decided in decisions
            ),
        )

    delivery.accept_decisions(kiosk.store.db, told((1, "returned"), (2, "confirmed")))
    assert delivery.accept_decisions(kiosk.store.db, told((1, "returned"))) == [], "an old decision does not come back"
    with pytest.raises(seal.Refused, match="stale"):
        delivery.accept_decisions(kiosk.store.db, told((4, "returned")))
    assert kiosk.counts() == {"received": 1, "confirmed": 1}


@given(noise=st.binary(max_size=400))
@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_bytes_are_refused_never_an_error(kiosk, noise):
    with pytest.raises(Failure) as refused:
        client.verified(kiosk.identity, noise, protocol.Receipt)
    assert refused.value.trouble is Trouble.FORGED
    with pytest.raises(Failure):
        client.open_sealed(kiosk.identity, noise, protocol.Bundle)


# --- rosters


def people(tmp_path, *names):
    path = tmp_path / f"{uuid.uuid4()}.jsonl"
    path.write_text(
        "".join(
            json.dumps(
                {
                    "person_id": f"P-{index}",
                    "name": name,
                    "id_number": f"1101011945010{index:04d}",
                    "status": "active",
                    "benefits": [],
                },
                ensure_ascii=False,
            )
            + "\n"
            for index, name in enumerate(names)
        )
    )
    return path


@pytest.fixture
def fresh(bureau, tmp_path):
    made = make_kiosk(bureau, tmp_path / "fresh", "SZ-TEST-0555")
    yield made
    made.close()


@pytest.fixture
def offered(bureau, fresh, tmp_path):
    """A manifest for this kiosk and its file, not yet taken."""
    kiosk = fresh
    bureau.issue_roster(people(tmp_path, "王芳", "李强"))
    manifest = kiosk.client.get_sealed("/v1/roster?have=0", protocol.RosterManifest)
    path = tmp_path / "roster"
    list(kiosk.client.fetch(f"/v1/roster/files/{manifest.digest}", path, manifest.size))
    return manifest, path


def try_roster(kiosk, manifest, path):
    try:
        roster_feed.take_roster(kiosk.run, manifest, path, datetime.now(UTC))
    except seal.Refused as error:
        return error.why
    return ""


def test_altered_rosters_are_refused_and_the_old_one_stays(fresh, offered):
    kiosk, (manifest, path) = fresh, offered
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert try_roster(kiosk, manifest, path) == "truncated"
    path.write_bytes(whole[:50] + bytes([whole[50] ^ 1]) + whole[51:])
    assert try_roster(kiosk, manifest, path) == "digest-differs"
    path.write_bytes(whole)
    assert try_roster(kiosk, manifest.model_copy(update={"lines": 3}), path) in ("truncated", "malformed")
    assert try_roster(kiosk, manifest.model_copy(update={"plain_size": 10}), path) == "too-large"
    assert try_roster(kiosk, manifest.model_copy(update={"file_key": "A" * len(manifest.file_key)}), path) == "truncated"
    assert try_roster(kiosk, manifest.model_copy(update={"base_version": 7, "version": 9999}), path) == "stale"
    assert roster.version(kiosk.store) == 0
    assert try_roster(kiosk, manifest, path) == ""
    assert roster.version(kiosk.store) == manifest.version
    assert try_roster(kiosk, manifest, path) == "stale", "the version goes only up"


def test_a_roster_manifest_for_another_kiosk_or_by_another_signer(bureau, kiosk, offered, tmp_path):
    manifest, _ = offered
    other = make_kiosk(bureau, tmp_path / "other", "SZ-TEST-0777")
    try:
        theirs = other.client.get_sealed("/v1/roster?have=0", protocol.RosterManifest)
        body = seal.encrypt(signed_by(bureau, theirs), seal.recipient_key(kiosk.identity.keys.public), kiosk.identity.pins.kiosk_id)
        with pytest.raises(Failure, match="not-for-us"):
            client.open_sealed(kiosk.identity, body, protocol.RosterManifest)
        stranger, _ = seal.new_keys(kiosk.identity.suite)
        body = seal.encrypt(
            signed_by(bureau, manifest, key=stranger), seal.recipient_key(kiosk.identity.keys.public), kiosk.identity.pins.kiosk_id
        )
        with pytest.raises(Failure, match="bad-signature"):
            client.open_sealed(kiosk.identity, body, protocol.RosterManifest)
    finally:
        other.close()


def test_swapped_repeated_and_missing_chunks_of_a_roster_file(suite, tmp_path):
    import random

    rng = random.Random(5)
    lines = [rng.randbytes(3000).hex().encode() for _ in range(1500)]
    path, facts = roster_file.write(lines, tmp_path, suite)
    manifest = protocol.RosterManifest(
        bureau_id="b",
        kiosk_id="k",
        version=1,
        created_at=datetime.now(UTC),
        digest=facts.digest,
        size=facts.size,
        plain_size=facts.plain_size,
        lines=facts.lines,
        file_key=facts.key,
    )
    assert list(roster_file.read(path, manifest)) == lines
    head, body = path.read_bytes()[:8], path.read_bytes()[8:]
    step = roster_file.CHUNK + roster_file.TAG
    chunks = [body[i : i + step] for i in range(0, len(body), step)]
    assert len(chunks) >= 4
    for forged in ([chunks[1], chunks[0], *chunks[2:]], chunks[:-1], [chunks[0], *chunks], chunks[:1] + chunks[2:]):
        data = head + b"".join(forged)
        path.write_bytes(data)
        # The digest is made to fit: the chunks must hold by themselves.
        fitting = manifest.model_copy(update={"digest": suite.digest(data), "size": len(data)})
        with pytest.raises(seal.Refused, match="truncated"):
            list(roster_file.read(path, fitting))


# --- tokens, time, provisioning


def test_tokens_are_for_one_path_one_kiosk_and_a_short_time(bureau, kiosk):
    def ask(path, **changes):
        token = protocol.Token(
            kiosk_id=kiosk.identity.pins.kiosk_id, method="GET", path="/v1/decisions?after=0", at=datetime.now(UTC)
        )
        token = token.model_copy(update=changes)
        compact = seal.sign(token, kiosk.identity.keys.sign, kiosk.identity.pins.kiosk_id)
        answer = httpx.get(bureau.url + path, headers={"Authorization": f"Kiosk {compact}"}, trust_env=False)
        return answer.status_code, answer.json()["reason"] if answer.status_code != 200 else ""

    assert ask("/v1/decisions?after=0") == (200, "")
    assert ask("/v1/decisions?after=1") == (401, "token-for-another-path")
    assert ask("/v1/decisions?after=0", kiosk_id="kiosk-other") == (401, "token-for-another-path")
    assert ask("/v1/decisions?after=0", at=datetime.now(UTC) - timedelta(minutes=6)) == (401, "token-stale")


def test_an_old_answer_about_the_time_is_not_believed(bureau, kiosk, monkeypatch):
    old = httpx.get(f"{bureau.url}/v1/time?nonce=earlier", trust_env=False).content
    monkeypatch.setattr(kiosk.client, "_exchange", lambda *_, **__: (200, httpx.Headers(), old))
    with pytest.raises(Failure, match="replayed"):
        kiosk.client.time()


def test_an_unsigned_revocation_is_not_believed(bureau, kiosk):
    refused = kiosk.client._failure(403, httpx.Headers(), b'{"reason": "revoked", "signed": ""}', kiosk.identity.suite.digest(b""))
    assert refused.trouble is Trouble.BROKEN
    document = protocol.Problem(
        bureau_id=kiosk.identity.pins.bureau_id,
        kiosk_id="kiosk-other",
        about=kiosk.identity.suite.digest(b""),
        reason="revoked",
        at=datetime.now(UTC),
    )
    body = json.dumps({"reason": "revoked", "signed": signed_by(bureau, document)}).encode()
    assert kiosk.client._failure(403, httpx.Headers(), body, kiosk.identity.suite.digest(b"")).trouble is Trouble.REFUSED, (
        "another kiosk's"
    )


def test_another_bureau_at_the_same_address(bureau, kiosk, tmp_path):
    """Somebody else answers with keys of their own: nothing is sent that they could open, nothing they say is believed."""
    sign, box = seal.new_keys(kiosk.identity.suite)
    stranger = dc_replace(kiosk.identity, pins=kiosk.identity.pins.model_copy(update={"bureau": Keys(sign, box).public}))
    other = client.Client(kiosk.settings.sync, Identity(kiosk.identity.keys, stranger.pins))
    try:
        with pytest.raises(Failure, match="bad-signature"):
            other.time()
    finally:
        other.close()
