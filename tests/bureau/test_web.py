"""The pages and the programs' JSON over HTTP: who comes in, forms of other sites refused, nothing of a kiosk taken as markup."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
import pytest

from kiosk.bureau.clerks.roles import NEEDED, OPEN, Role
from kiosk.bureau.context import BureauSettings, open_context
from kiosk.store import review_evidence
from tests.bureau.clerks.made import PASSWORD, account
from tests.sync.made import make_kiosk, record


class Browser:
    """A clerk's browser: signs in, keeps its cookie, sends each form with the token of the page and its own origin."""

    def __init__(self, bureau, name="li", password=PASSWORD):
        self.origin, self.name, self.password = bureau.url, name, password
        self.client = httpx.Client(base_url=bureau.url, trust_env=False, timeout=30)

    def sign_in(self):
        return self.client.post("/sign-in", data={"user": self.name, "password": self.password}, headers={"Origin": self.origin})

    def get(self, path, **given):
        return self.client.get(path, **given)

    @property
    def token(self):
        return re.search(r'name="token" value="([0-9a-f]{64})"', self.get("/account").text)[1]

    def post(self, path, data=None, headers=None, **given):
        data = {"token": self.token, **(data or {})}
        return self.client.post(path, data=data, headers={"Origin": self.origin, **(headers or {})}, **given)

    def close(self):
        self.client.close()


@pytest.fixture(scope="module")
def clerk(bureau):
    """Somebody who may do what needs no administrator."""
    context = open_context(BureauSettings(data=str(bureau.data)))
    for name, role in (("li", Role.SUPERVISOR), ("wang", Role.SUPERVISOR), ("zhang", Role.CLERK)):
        account(context, name, role)
    context.engine.dispose()
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
    assert httpx.post(bureau.url + "/stations/code", data={"station_id": "S"}, trust_env=False).status_code == 401
    assert httpx.post(bureau.url + "/admin/codes", json={"station_id": "S"}, trust_env=False).status_code == 401


def test_a_form_without_its_token_or_of_another_site_is_refused(bureau, clerk):
    own = {"Origin": bureau.url}
    send = clerk.client.post
    given = {"text": "x", "decided": "confirmed", "reason": "stolen", "answer": "agree", "language": "en", "station_id": "S"}
    forms = [path for (method, path), need in NEEDED.items() if method == "POST" and (isinstance(need, Role) or need == "own")]
    assert len(forms) > 10
    for path in forms:
        if NEEDED["POST", path] is Role.ADMINISTRATOR:
            continue
        whole = re.sub(r"\{version\}", "1", re.sub(r"\{(?!version)\w+\}", "x", path))
        files = {"file": b"{}"} if path == "/rosters/upload" else None
        assert send(whole, data=given, headers=own, files=files).status_code == 403, path
        assert send(whole, data={**given, "token": "0" * 64}, headers=own, files=files).status_code == 403, path
        good = {**given, "token": clerk.token}
        for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {**own, "Sec-Fetch-Site": "cross-site"}, {}):
            assert send(whole, data=good, headers=headers, files=files).status_code == 403, (path, headers)
    assert send("/admin/codes", json={"station_id": "S"}, headers=own).status_code == 403, "no session reaches what is for programs"


def test_every_answer_forbids_framing_scripts_from_elsewhere_and_caching(bureau, clerk):
    pages = [path for (method, path), need in NEEDED.items() if method == "GET" and isinstance(need, Role) and "{" not in path]
    assert len(pages) > 5
    for answer in (
        *(clerk.get(path) for path in pages),
        clerk.get("/nothing"),
        clerk.get("/admin/summary"),
        httpx.get(bureau.url + "/sign-in", trust_env=False),
        httpx.get(bureau.url + "/verify/nothing", trust_env=False),
        httpx.get(bureau.url + "/admin/summary", trust_env=False),
        httpx.get(bureau.url + "/v1/health", trust_env=False),
        httpx.get(bureau.url + "/static/clerks.css", trust_env=False),
    ):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"


def test_no_template_holds_a_script_or_a_style_of_its_own():
    folder = Path(__file__).resolve().parents[2] / "kiosk" / "bureau" / "clerks" / "templates"
    for path in folder.glob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|\|\s*safe", text), path.name
        assert re.findall(r"<script[^>]*>", text) in ([], ['<script src="/static/clerks.js" defer>']), path.name


def test_what_is_open_sets_no_cookie(bureau):
    for (method, path), need in NEEDED.items():
        if method == "GET" and need == OPEN:
            whole = path.replace("{name}", "clerks.js").replace("{record_id}", "r")
            assert "set-cookie" not in httpx.get(bureau.url + whole, trust_env=False).headers, path


def test_scans_for_review_stand_beside_the_record_and_pdfs_are_saved(bureau, clerk, kiosk, program):
    one, scan, picture = record(), b"%PDF-1.4 a scan", b"\x89PNG\r\n\x1a\n a picture"
    kiosk.save(one)
    papers = [
        review_evidence.enqueue(kiosk.store.db, one.record_id, f"review-{kind[-3:]}", kind, content)
        for kind, content in (("application/pdf", scan), ("image/png", picture), ("image/jpeg", b"<script>no picture"))
    ]
    assert kiosk.round().failure is None
    while kiosk.delivery().send_evidence():
        pass
    listed = [item for item in program.get("/admin/evidence").json() if item["record_id"] == one.record_id]
    assert {item["evidence_id"] for item in listed} == set(papers)
    page = clerk.get(f"/records/{one.record_id}").text
    assert f'<img src="/papers/{papers[1]}"' in page
    assert f'<img src="/papers/{papers[0]}"' not in page
    for paper, shown, kind in zip(papers, (False, True, False), ("application/pdf", "image/png", "image/jpeg"), strict=True):
        answer = clerk.get(f"/papers/{paper}")
        assert answer.headers["content-type"] == kind
        assert ("attachment" in answer.headers.get("content-disposition", "")) != shown, kind
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert "attachment" in clerk.get(f"/papers/{papers[1]}?save=yes").headers["content-disposition"]
    answer = program.get(f"/admin/evidence/{papers[0]}")
    assert (answer.content, answer.headers["content-disposition"][:10]) == (scan, "attachment")


def test_the_pages_give_out_codes_and_messages(bureau, clerk, program):
    answer = clerk.post("/stations/code", data={"station_id": "SZ-NEW-0001"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/stations"), "a one-time code stands in no address"
    code = re.search(r"[A-Z2-7]{5}-[A-Z2-7]{5}(-[A-Z2-7]{4}){4}", clerk.get("/stations").text)
    assert code is not None
    assert code[0] not in clerk.get("/stations").text, "and is shown once"
    line = json.dumps({"person_id": "P1", "name": "王芳", "id_number": "1", "status": "active", "benefits": []})
    assert program.post("/admin/rosters", files={"file": line.encode()}).status_code == 200
    assert program.post("/admin/rosters", files={"file": b"no json"}).status_code == 400
    assert program.post("/admin/rosters", files={"file": b""}).status_code == 409, "an empty roster asks first"
    assert clerk.post("/stations/message", data={"text": "你好"}).status_code == 303
    assert program.get("/admin/summary").json()["roster_version"] == 1


def test_unknown_things_are_404(clerk, program):
    assert program.get("/admin/records/nothing").status_code == 404
    assert program.get("/admin/evidence/nothing").status_code == 404
    assert program.post("/admin/decisions", json={"record_id": "nothing", "decided": "confirmed"}).status_code == 404
    assert program.post("/admin/kiosks/nothing/revoke", json={}).status_code == 404
    for path in ("/records/nothing", "/papers/nothing", "/stations/nothing", "/rosters/nothing"):
        assert clerk.get(path).status_code == 404, path


def test_a_returned_pass_makes_room_for_a_good_one(bureau, kiosk):
    first, second = record(person="P-again"), record(person="P-again")
    kiosk.save(first)
    kiosk.round()
    bureau.decide(first.record_id, "returned", "photo-unclear")
    kiosk.save(second)
    kiosk.round()
    assert bureau.record(second.record_id)["verdict"] == "accepted"


def test_returned_on_the_page_is_seen_by_the_station(bureau, clerk, kiosk):
    one, before = record(person="P-returned"), kiosk.counts().get("returned", 0)
    kiosk.save(one)
    kiosk.round()
    answer = clerk.post(f"/records/{one.record_id}/decide", {"decided": "returned", "reason": "photo-unclear"})
    assert answer.status_code == 303
    kiosk.round()
    assert kiosk.counts()["returned"] == before + 1
