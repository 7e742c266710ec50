"""The clerk's page and its JSON: signed-in clerks only, forms of other sites refused, nothing of a kiosk is trusted as markup."""

from __future__ import annotations

import json

import httpx
import pytest

from kiosk.store import review_evidence
from tests.sync.made import make_kiosk, record


@pytest.fixture(scope="module")
def clerk(bureau):
    password = (bureau.data / "admin-password").read_text().strip()
    with httpx.Client(base_url=bureau.url, auth=("bureau", password), trust_env=False, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def kiosk(bureau, tmp_path_factory):
    made = make_kiosk(bureau, tmp_path_factory.mktemp("kiosk"))
    yield made
    made.close()


def test_nobody_comes_in_without_the_password(bureau):
    for path in ("/", "/admin/summary", "/admin/records", "/admin/all-records", "/admin/evidence", "/admin/evidence/e"):
        for auth in (None, ("bureau", "wrong"), ("admin", "wrong"), ("bureau", "")):
            assert httpx.get(bureau.url + path, auth=auth, trust_env=False).status_code == 401
    assert httpx.post(bureau.url + "/admin/codes", json={"station_id": "S"}, trust_env=False).status_code == 401
    assert oct((bureau.data / "admin-password").stat().st_mode)[-3:] == "600"


def test_forms_sent_from_other_sites_are_refused(clerk):
    for path in ("/forms/code", "/forms/message", "/admin/codes"):
        assert clerk.post(path, data={"station_id": "S", "text": "x"}, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_the_page_shows_stations_verdicts_and_returned_records(bureau, clerk, kiosk):
    one, two = record(1), record(2)
    kiosk.save(one, two)
    assert kiosk.round().failure is None
    answer = clerk.post("/forms/decide", data={"record_id": one.record_id, "decided": "returned", "reason": "photo-unclear"})
    assert answer.status_code == 303
    page = clerk.get("/").text
    for shown in (
        kiosk.identity.pins.kiosk_id,
        "SZ-TEST-0001",
        one.record_id,
        "photo-unclear",
        "accepted/returned 1",
        "accepted/pending 1",
    ):
        assert shown in page
    for hidden in (one.consent_id, "helper"):
        assert hidden not in page


def test_scans_for_review_are_listed_and_saved_never_shown_in_the_page(bureau, clerk, kiosk):
    one, scan = record(), b"%PDF-1.4 a scan"
    kiosk.save(one)
    evidence_id = review_evidence.enqueue(kiosk.store.db, one.record_id, "review-of-the-test", "application/pdf", scan)
    assert kiosk.round().failure is None
    assert kiosk.delivery().send_evidence() is True
    (listed,) = [item for item in clerk.get("/admin/evidence").json() if item["record_id"] == one.record_id]
    assert (listed["evidence_id"], listed["consent_id"]) == (evidence_id, "review-of-the-test")
    assert f"/admin/evidence/{evidence_id}" in clerk.get("/").text
    answer = clerk.get(f"/admin/evidence/{evidence_id}")
    assert (answer.content, answer.headers["content-type"]) == (scan, "application/pdf")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_page_gives_out_codes_rosters_and_messages(clerk, tmp_path):
    answer = clerk.post("/forms/code", data={"station_id": "SZ-NEW-0001"})
    assert answer.status_code == 303
    code = answer.headers["location"].removeprefix("/?code=")
    assert len(code.replace("-", "")) == 26
    assert code in clerk.get(answer.headers["location"]).text
    line = json.dumps({"person_id": "P1", "name": "王芳", "id_number": "1", "status": "active", "benefits": []})
    assert clerk.post("/forms/roster", files={"file": line.encode()}).status_code == 303
    assert clerk.post("/admin/rosters", files={"file": b"no json"}).status_code == 400
    assert clerk.post("/forms/message", data={"text": "你好"}).status_code == 303
    assert clerk.get("/admin/summary").json()["roster_version"] == 1


def test_markup_is_shown_not_obeyed(clerk):
    page = clerk.get("/", params={"note": "<script>alert(1)</script>"}).text
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_unknown_things_are_404(clerk):
    assert clerk.get("/admin/records/nothing").status_code == 404
    assert clerk.get("/admin/evidence/nothing").status_code == 404
    assert clerk.post("/admin/decisions", json={"record_id": "nothing", "decided": "confirmed"}).status_code == 404
    assert clerk.post("/admin/kiosks/nothing/revoke", json={}).status_code == 404


def test_a_returned_pass_makes_room_for_a_good_one(bureau, kiosk):
    first, second = record(person="P-again"), record(person="P-again")
    kiosk.save(first)
    kiosk.round()
    bureau.decide(first.record_id, "returned", "photo-unclear")
    kiosk.save(second)
    kiosk.round()
    assert bureau.record(second.record_id)["verdict"] == "accepted"
