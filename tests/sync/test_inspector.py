"""The inspector: an ordinary batch passes, and everything that is hidden in one is found: else its silence proves nothing."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest

from kiosk.canonical import canonical
from kiosk.domain.identity import check_digit
from kiosk.store.content import content_of
from kiosk.sync import seal
from tests.sync import inspector
from tests.sync.inspector import Known
from tests.sync.made import record

RNG = np.random.default_rng(6)
VECTOR = RNG.normal(0, 0.09, 128).astype("<f4")
PHOTO = bytes.fromhex("574c66007e0032000 0ff".replace(" ", "")) + RNG.bytes(1014)
NUMBER = "440305194810010111"
STRANGER = "11010119450101001" + check_digit("11010119450101001")  # of nobody in this run
KNOWN = Known((PHOTO,), (VECTOR.tobytes(),), (NUMBER,), ("李建国", "广东省深圳市南山区示范路2号"), frozenset({"review-1"}))
JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000") + RNG.bytes(60)
PNG, BMP = b"\x89PNG\r\n\x1a\n" + RNG.bytes(30), b"BM" + RNG.bytes(4) + bytes(4) + b"\x36\0\0\0" + RNG.bytes(30)


def b64(data):
    return base64.b64encode(data).decode()


def batch():
    now = "2026-11-21T00:00:00Z"
    notes = json.dumps(
        {
            "why": "no-face-wanted",
            "papers": ["agent-id"],
            "documents": [{"name": "a.pdf", "sha256": "0" * 64}],
            "signatures": {"person": {"sha256": "1" * 64, "strokes": 2}},
        },
        ensure_ascii=False,
    )
    body = json.dumps(
        {"at": now, "data": {"reason": "ok", "visit": "v-1"}, "kind": "visit-refused", "previous": "2" * 64, "seq": 7}
    )
    line = {"seq": 7, "kind": "visit-refused", "digest": "3" * 64, "body": body, "signature": "A" * 86, "key_id": "ed25519:VE6FTXG"}
    helped = record(1, helper_name="陈小芳", helper_id_number="440305195603150028", notes=notes)
    return {
        "schema_version": 2,
        "kind": "batch",
        "batch_id": "b-1",
        "kiosk_id": "kiosk-1",
        "seq": 3,
        "created_at": now,
        "way": "stick",
        "clock": {"sent_at_utc": now, "monotonic_s": 12.345678, "boot_id": "b"},
        "journal_tail": [line],
        "records": [json.loads(content_of(one)) for one in (record(0), helped)],
    }


def faults(plain, kind="batch"):
    return inspector.look(kind, plain if isinstance(plain, bytes) else json.dumps(plain).encode(), KNOWN)


def test_an_ordinary_batch_passes():
    assert faults(batch()) == []


def note(**more):
    def plant(plain):
        plain["records"][1]["notes"] = json.dumps({**json.loads(plain["records"][1]["notes"]), **more}, ensure_ascii=False)

    return plant


def field(name, value, place="records"):
    def plant(plain):
        (plain if place == "batch" else plain["records"][0] if place == "records" else plain["journal_tail"][0])[name] = value

    return plant


def journal(**data):
    def plant(plain):
        line = plain["journal_tail"][0]
        line["body"] = json.dumps({**json.loads(line["body"]), "data": data}, ensure_ascii=False)

    return plant


def scores(values):
    def plant(plain):
        plain["records"][0]["checks"] = [["depth", round(float(one), 4), False] for one in values]

    return plant


def split_over_digests(data):
    return note(documents=[{"name": "a", "sha256": data[at : at + 32].hex()} for at in range(0, min(len(data), 256), 32)])


@pytest.mark.parametrize(
    ("plant", "code"),
    [
        (field("photo", b64(JPEG)), "field batch.records.photo"),
        (field("embedding", VECTOR.tolist(), "batch"), "field batch.embedding"),
        (field("person_id", VECTOR.tolist()), "numbers"),
        (field("note", "x", "journal"), "field batch.journal_tail.note"),
        (note(face="x"), "field batch.records.notes.face"),
        (journal(reason="ok", visit="v", face="x"), "field journal.visit-refused.face"),
        (note(note=b64(JPEG)), "picture"),
        (note(note=b64(PNG)), "picture"),
        (note(note=BMP.hex()), "picture"),
        (note(note=b64(PHOTO[:90])), "picture"),
        (note(note="see " + JPEG.hex().upper()), "picture"),
        (note(note=base64.b32encode(PNG).decode()), "picture"),
        (note(note=base64.b85encode(PNG).decode()), "picture"),
        (note(note=JPEG.decode("latin-1")), "picture"),
        (journal(reason="ok", visit=b64(PNG[:40])), "picture"),
        (field("consent_id", "x" + b64(PNG)), "picture"),
        (note(note=b64(RNG.normal(0, 0.1, 64).astype("<f2").tobytes())), "vector"),
        (note(note=VECTOR.tobytes().hex()), "vector"),
        (note(note=b64(RNG.normal(0, 0.1, 70).astype(">f4").tobytes())), "vector"),
        (note(note=RNG.normal(0, 0.1, 64).astype("<f8").tobytes().hex()), "vector"),
        (note(papers=[round(float(one), 3) for one in VECTOR]), "numbers"),
        (note(papers=RNG.integers(0, 255, 64).tolist()), "numbers"),
        (note(note=",".join(f"{one:.3f}" for one in VECTOR)), "face-vector"),
        (scores(VECTOR[40:60]), "face-vector"),
        (field("roster_version", int.from_bytes(JPEG, "big")), "huge-number"),
        (split_over_digests(VECTOR.tobytes()), "known-bytes"),
        (split_over_digests(VECTOR.astype("<f2").tobytes()), "known-bytes"),
        (split_over_digests(np.round(VECTOR * 127 / np.abs(VECTOR).max()).astype(np.int8).tobytes()), "known-bytes"),
        (split_over_digests(PHOTO), "known-bytes"),
        (note(note=b64(PHOTO[500:540])), "known-bytes"),
        (note(note="-".join(["abcd"] * 30)), "long-run"),
        (note(note="很长的话" * 600), "schema"),
        (field("person_id", NUMBER), "id-number"),
        (note(note=f"号码{NUMBER[:12]}"), "id-number"),
        (journal(reason="ok", visit=f"v-{NUMBER}"), "id-number"),
        (field("benefit_id", STRANGER), "id-number"),
        (field("helper_id_number", "a whole story"), "no-id-number"),
        (note(note="李建国来过"), "name"),
        (field("helper_name", "李建国"), ""),
        (field("person_id", "P-李建国"), "schema"),
        (field("notes", "just words"), "no-json-text"),
        (scores([]), ""),
        (field("checks", [["pupil-distance", 0.1, False]]), "check pupil-distance"),
        (
            lambda plain: plain["journal_tail"][0].update(kind="x", body='{"at":"a","data":{},"kind":"x","previous":"0","seq":1}'),
            "journal-kind",
        ),
    ],
)
def test_what_is_planted_is_found(plant, code):
    plain = batch()
    plant(plain)
    found = faults(plain)
    if code:
        assert any(one.startswith(code) for one in found), found
    else:
        assert found == []


def test_a_name_that_stands_twice_hides_nothing():
    text = json.dumps(batch())
    assert faults(text.replace('"seq": 3', '"software": "' + b64(PNG) + '", "software": "1", "seq": 3').encode()) == [
        "not-json a name twice"
    ]


def test_evidence_needs_a_consent_that_was_given():
    plain = {
        "schema_version": 2,
        "kind": "evidence",
        "evidence_id": "e",
        "kiosk_id": "k",
        "record_id": "r",
        "consent_id": "review-1",
        "media_type": "image/jpeg",
        "content": b64(JPEG),
    }
    assert faults(plain, "evidence") == []
    assert faults({**plain, "consent_id": "other"}, "evidence") == ["no-consent evidence"]
    assert "field evidence.second" in faults({**plain, "second": b64(JPEG)}, "evidence")
    assert faults({**plain, "content": VECTOR.tolist()}, "evidence")


# --- requests


@pytest.fixture(scope="module")
def ends():
    (_, bureau), (kiosk, _) = seal.new_keys(), seal.new_keys()
    return bureau, "bureau-1", kiosk, "kiosk-1"


def sealed(ends, plain):
    signed = seal.sign_plain(canonical(plain), "batch", ends[2], ends[3])
    return seal.encrypt(signed, ends[0], ends[1])


def test_a_sealed_batch_is_opened_and_looked_into(ends):
    plain = batch()
    note(note=b64(JPEG))(plain)
    headers = {"Content-Type": "application/jose"}
    ((kind, opened),) = inspector.open_request("POST", "/v1/batches", headers, sealed(ends, plain), *ends)
    assert any(one.startswith("picture") for one in faults(opened, kind))


@pytest.mark.parametrize(
    ("method", "target", "headers", "body", "code"),
    [
        ("POST", "/v1/pictures", {}, b"", "path"),
        ("PUT", "/v1/batches", {}, b"", "path"),
        ("POST", "/v1/batches?x=1", {}, b"", "path"),
        ("GET", "/v1/time?nonce=" + b64(JPEG[:24]), {}, b"", "get"),
        ("GET", "/v1/roster?have=1", {}, b"body", "get"),
        ("GET", "/v1/roster?have=1&face=1", {}, b"", "get"),
        ("GET", "/v1/roster?have=1", {"X-Face": "1"}, b"", "header x-face"),
        ("GET", "/v1/roster?have=1", {"Accept": b64(JPEG) * 2}, b"", "header long"),
    ],
)
def test_requests_that_a_kiosk_does_not_make(ends, method, target, headers, body, code):
    with pytest.raises(inspector.NotOpened, match=code):
        inspector.open_request(method, target, headers, body, *ends)


def test_nothing_hides_in_the_headers_of_a_seal(ends):
    from joserfc import jwe, jws

    signed = jws.serialize_compact(
        {"alg": "Ed25519", "kid": ends[3], "typ": "kiosk-batch", "cty": "json", "x": b64(JPEG)},
        canonical(batch()),
        ends[2],
        registry=jws.JWSRegistry(algorithms=["Ed25519"], strict_check_header=False),
    )
    with pytest.raises(inspector.NotOpened, match="jose-header"):
        inspector.open_request("POST", "/v1/batches", {}, seal.encrypt(signed, ends[0], ends[1]), *ends)
    outer = jwe.encrypt_compact(
        {"alg": "ECDH-ES", "enc": "A256GCM", "kid": ends[1], "x": "1"},
        b"x",
        ends[0],
        registry=jwe.JWERegistry(algorithms=["ECDH-ES", "A256GCM"], strict_check_header=False),
    )
    with pytest.raises(inspector.NotOpened, match="jose-header"):
        inspector.open_request("POST", "/v1/batches", {}, outer.encode(), *ends)


def test_noise_is_neither_picture_nor_vector():
    """Digests and signatures are noise: the search must not cry wolf."""
    found = set()
    for _ in range(300):
        plain = batch()
        plain["journal_tail"][0]["signature"] = base64.urlsafe_b64encode(RNG.bytes(64)).decode().rstrip("=")
        plain["journal_tail"][0]["digest"] = RNG.bytes(32).hex()
        split_over_digests(RNG.bytes(256))(plain)
        found |= set(faults(plain))
    assert found == set()
