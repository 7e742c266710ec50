"""The clerk's page and its JSON: signed-in clerks only, forms of other sites refused, nothing of a kiosk is trusted as markup."""

from __future__ import annotations

import json
import re

import httpx
import pytest

from kiosk.store import review_evidence
from tests.sync.made import make_kiosk, record


class Browser:
    """A clerk's browser: signs in, keeps its cookie, sends each form with the token of the page and its own origin."""

    def __init__(self, bureau, password=""):
        self.origin = bureau.url
        self.password = password or (bureau.data / "admin-password").read_text().strip()
        self.client = httpx.Client(base_url=bureau.url, trust_env=False, timeout=30)

    def sign_in(self, user="bureau"):
        return self.client.post("/sign-in", data={"user": user, "password": self.password}, headers={"Origin": self.origin})

    def get(self, path, **given):
        return self.client.get(path, **given)

    @property
    def token(self):
        return re.search(r'name="token" value="([0-9a-f]{64})"', self.get("/").text)[1]

    def post(self, path, data=None, headers=None, **given):
        token = {"token": self.token} if path.startswith(("/forms", "/sign-out")) else {}
        return self.client.post(path, data={**token, **(data or {})}, headers={"Origin": self.origin, **(headers or {})}, **given)

    def close(self):
        self.client.close()


@pytest.fixture(scope="module")
def clerk(bureau):
    browser = Browser(bureau)
    assert browser.sign_in().status_code == 303
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def program(bureau):
    password = (bureau.data / "admin-password").read_text().strip()
    with httpx.Client(base_url=bureau.url, auth=("bureau", password), trust_env=False, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def kiosk(bureau, tmp_path_factory):
    made = make_kiosk(bureau, tmp_path_factory.mktemp("kiosk"))
    yield made
    made.close()


PAGES = ("/", "/forms/code", "/forms/roster")
API = ("/admin/summary", "/admin/records", "/admin/all-records", "/admin/evidence", "/admin/evidence/e")


def test_nobody_comes_in_without_signing_in(bureau):
    for path in API:
        for auth in (None, ("bureau", "wrong"), ("admin", "wrong"), ("bureau", "")):
            answer = httpx.get(bureau.url + path, auth=auth, trust_env=False)
            assert answer.status_code == 401
            assert "www-authenticate" not in answer.headers, "a browser would send the password along with forms of other sites"
    password = (bureau.data / "admin-password").read_text().strip()
    assert httpx.get(bureau.url, trust_env=False).headers["location"] == "/sign-in"
    assert httpx.get(bureau.url, auth=("bureau", password), trust_env=False).status_code == 303, "pages take no password by the way"
    assert httpx.post(bureau.url + "/forms/code", data={"station_id": "S"}, trust_env=False).status_code == 401
    assert httpx.post(bureau.url + "/admin/codes", json={"station_id": "S"}, trust_env=False).status_code == 401


def test_the_session_has_an_end_and_its_cookie_is_strict(bureau, clerk):
    browser = Browser(bureau)
    answer = browser.sign_in()
    cookie = answer.headers["set-cookie"].lower()
    for wanted in ("httponly", "samesite=strict", "path=/", "max-age=36000"):
        assert wanted in cookie
    assert browser.get("/").status_code == 200
    kept = dict(browser.client.cookies)
    assert browser.post("/sign-out").status_code == 303
    browser.client.cookies.update(kept)  # somebody kept the cookie
    assert browser.get("/").status_code == 303
    assert clerk.get("/").status_code == 200, "others stay"
    browser.close()


def test_a_form_without_its_token_or_of_another_site_is_refused(bureau, clerk):
    own = {"Origin": bureau.url}
    send = clerk.client.post
    for path in ("/forms/code", "/forms/message", "/forms/revoke", "/forms/clear", "/forms/decide", "/sign-out"):
        data = {"station_id": "S", "text": "x", "kiosk_id": "k", "finding_id": "f", "record_id": "r", "decided": "confirmed"}
        assert send(path, data=data, headers=own).status_code == 403
        assert send(path, data={**data, "token": "0" * 64}, headers=own).status_code == 403
        good = {**data, "token": clerk.token}
        for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {**own, "Sec-Fetch-Site": "cross-site"}, {}):
            assert send(path, data=good, headers=headers).status_code == 403, (path, headers)
    assert send("/admin/codes", json={"station_id": "S"}, headers=own).status_code == 403
    token = {**own, "X-Form-Token": clerk.token}
    assert send("/admin/codes", json={"station_id": "SZ-T"}, headers=token).status_code == 200


def test_every_answer_forbids_framing_scripts_from_elsewhere_and_caching(bureau, clerk):
    for answer in (
        clerk.get("/"),
        clerk.get("/nothing"),
        clerk.get("/admin/summary"),
        httpx.get(bureau.url + "/sign-in", trust_env=False),
        httpx.get(bureau.url + "/admin/summary", trust_env=False),
        httpx.get(bureau.url + "/v1/health", trust_env=False),
        httpx.get(bureau.url + "/static/bureau.css", trust_env=False),
    ):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
    page = clerk.get("/").text
    assert "<style" not in page
    assert "style=" not in page
    assert "<script" not in page


def test_wrong_passwords_are_counted_by_name_and_source_and_lock_nobody_else(bureau, clerk):
    guesser = Browser(bureau, password="guess")
    codes = [guesser.sign_in("somebody").status_code for _ in range(22)]
    assert set(codes) == {401}
    assert "试得太多" in guesser.sign_in("somebody").text
    other = Browser(bureau)
    assert other.sign_in().status_code == 303
    guesser.close()
    other.close()


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


def test_the_page_gives_out_codes_rosters_and_messages(bureau, clerk, program):
    answer = clerk.post("/forms/code", data={"station_id": "SZ-NEW-0001"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/"), "a one-time code stands in no address"
    code = re.search(r"[A-Z2-7]{5}-[A-Z2-7]{5}(-[A-Z2-7]{4}){4}", clerk.get("/").text)
    assert code is not None
    assert code[0] not in clerk.get("/").text, "and is shown once"
    line = json.dumps({"person_id": "P1", "name": "王芳", "id_number": "1", "status": "active", "benefits": []})
    assert clerk.post("/forms/roster", files={"file": line.encode()}).status_code == 303
    assert program.post("/admin/rosters", files={"file": b"no json"}).status_code == 400
    assert clerk.post("/forms/roster", files={"file": b""}).status_code == 409, "an empty roster asks first"
    assert clerk.post("/forms/message", data={"text": "你好"}).status_code == 303
    assert clerk.get("/admin/summary").json()["roster_version"] == 1


def test_markup_is_shown_not_obeyed(clerk):
    clerk.post("/forms/message", data={"text": "x"})
    one = clerk.post("/forms/code", data={"station_id": "S"}).status_code
    assert one == 303
    page = clerk.get("/").text
    assert "<script>" not in page


def test_unknown_things_are_404(clerk, program):
    assert clerk.get("/admin/records/nothing").status_code == 404
    assert clerk.get("/admin/evidence/nothing").status_code == 404
    assert program.post("/admin/decisions", json={"record_id": "nothing", "decided": "confirmed"}).status_code == 404
    assert program.post("/admin/kiosks/nothing/revoke", json={}).status_code == 404


def test_a_returned_pass_makes_room_for_a_good_one(bureau, kiosk):
    first, second = record(person="P-again"), record(person="P-again")
    kiosk.save(first)
    kiosk.round()
    bureau.decide(first.record_id, "returned", "photo-unclear")
    kiosk.save(second)
    kiosk.round()
    assert bureau.record(second.record_id)["verdict"] == "accepted"
