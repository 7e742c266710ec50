"""Sign-in by a provider: a small one is started here, which can also be a bad one."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from kiosk.bureau.clerks import audit, oidc
from kiosk.bureau.clerks.tables import Account
from tests.bureau.clerks.made import Browser, row_of


class Provider:
    """Authorization code with PKCE, an ID token signed by ES256. `claims`, `key`, `answers` may be changed by a test."""

    def __init__(self):
        self.key = ECKey.generate_key("P-256", parameters={"kid": "1"})
        self.signer = self.key
        self.claims, self.codes, self.forms, self.huge = {}, {}, [], False
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path == "/.well-known/openid-configuration":
                    told = {"issuer": outer.issuer} | {
                        name: f"{outer.issuer}/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")
                    }
                    self.answer({**told, "more": "x" * 300_000} if outer.huge else told)
                elif self.path == "/jwks_uri":
                    self.answer(KeySet([outer.key]).as_dict(private=False))
                else:
                    self.send_error(404)

            def do_POST(self):
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                outer.forms.append(form)
                asked = outer.codes.pop(form["code"][0], None)
                digest = hashlib.sha256(form["code_verifier"][0].encode()).digest()
                challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
                right = "Basic " + base64.b64encode(b"bureau:s3cret").decode()
                if asked is None or asked["code_challenge"][0] != challenge or self.headers["Authorization"] != right:
                    self.answer({"error": "invalid_grant"}, 400)
                    return
                now = int(time.time())
                claims = {"iss": outer.issuer, "aud": "bureau", "sub": "u1", "name": "赵<b>", "iat": now, "exp": now + 60}
                claims |= {"nonce": asked["nonce"][0], "roles": ["pension-clerk"]} | outer.claims
                token = jwt.encode({"alg": "ES256", "kid": "1"}, claims, outer.signer)
                self.answer({"access_token": "a", "token_type": "Bearer", "id_token": token})

            def answer(self, body, status=200):
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def authorize(self, url):
        """What somebody does over there; returns what the browser brings back."""
        asked = parse_qs(urlsplit(url).query)
        assert asked["response_type"] == ["code"]
        assert asked["code_challenge_method"] == ["S256"]
        code = f"code-{len(self.codes)}-{time.monotonic_ns()}"
        self.codes[code] = asked
        return f"/oidc/return?code={code}&state={asked['state'][0]}&iss={self.issuer}"


@pytest.fixture
def provider(context):
    made = Provider()
    folder = Path(context.settings.data)
    (folder / "oidc-secret").write_text("s3cret\n")
    (folder / "oidc-secret").chmod(0o600)
    (folder / "clerks.toml").write_text(
        f"""
        [oidc]
        issuer = "{made.issuer}"
        client_id = "bureau"
        secret_file = "oidc-secret"
        title = "省统一登录"
        roles = {{ pension-clerk = "clerk", pension-boss = "administrator" }}
        """,
        encoding="utf-8",
    )
    yield made
    made.server.shutdown()
    made.server.server_close()


def come_back(browser, provider):
    leaving = browser.get("/oidc/start")
    assert leaving.status_code == 303
    assert "samesite=lax" in leaving.headers["set-cookie"].lower()
    return browser.get(provider.authorize(leaving.headers["location"]))


def test_somebody_with_a_role_over_there_comes_in(context, provider):
    browser = Browser(context)
    assert "用省统一登录登录" in browser.text("/sign-in")
    answer = come_back(browser, provider)
    assert answer.status_code == 200
    assert 'content="0;url=/"' in answer.text, "a page of our own: the strict cookie goes along from there"
    page = browser.text("/records")
    assert "赵&lt;b&gt; · 经办员" in page
    assert provider.forms[0]["redirect_uri"] == ["http://127.0.0.1/oidc/return"]
    come_back(Browser(context), provider)
    with context.session.begin() as transaction:
        assert transaction.query(Account).filter(Account.oidc_subject != "").count() == 1, "the same person again"


def test_the_role_follows_the_provider_and_administrators_need_a_second_factor(context, provider):
    first = Browser(context)
    come_back(first, provider)
    provider.claims = {"roles": ["other", "pension-boss", "pension-clerk"]}
    assert 'url=/account/second"' in come_back(Browser(context), provider).text
    assert first.get("/records").headers["location"] == "/sign-in", "sessions of the old role end"
    actions = [one["action"] for one in audit.lines(context)]
    assert actions.count("account-added") == 1
    assert "account-role" in actions


@pytest.mark.parametrize("claims", [{"roles": []}, {"roles": "nobody"}, {"roles": None}, {"roles": {"pension-clerk": 1}}])
def test_nobody_without_a_role_comes_in(context, provider, claims):
    provider.claims = claims
    answer = come_back(Browser(context), provider)
    assert (answer.status_code, "在本系统没有角色" in answer.text) == (401, True)


def test_an_account_that_was_disabled_here_stays_out(context, provider):
    come_back(Browser(context), provider)
    with context.session.begin() as transaction:
        row = transaction.query(Account).filter(Account.oidc_subject != "").one()
        row.disabled_at = row.created_at
    assert come_back(Browser(context), provider).status_code == 401


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "http://127.0.0.1:1"},
        {"aud": "somebody-else"},
        {"exp": int(time.time()) - 3600},
        {"nonce": "of another leaving"},
        {"nonce": None},
        {"sub": ""},
    ],
)
def test_a_token_that_is_not_for_this_sign_in_is_refused(context, provider, claims):
    provider.claims = claims
    answer = come_back(Browser(context), provider)
    assert (answer.status_code, "统一登录没有成功" in answer.text) == (401, True)
    assert "set-cookie" not in answer.headers or "bureau_session" not in answer.headers["set-cookie"]


def test_a_token_signed_by_another_is_refused(context, provider):
    provider.signer = ECKey.generate_key("P-256", parameters={"kid": "1"})
    assert come_back(Browser(context), provider).status_code == 401


def test_what_did_not_leave_from_here_does_not_come_back(context, provider):
    browser, other = Browser(context), Browser(context)
    location = browser.get("/oidc/start").headers["location"]
    back = provider.authorize(location)
    assert other.get(back).status_code == 401, "somebody else's browser: a link that signs in as the attacker"
    assert browser.get(back.replace("state=", "state=x")).status_code == 401
    assert browser.get("/oidc/return?error=access_denied").status_code == 401
    assert browser.get("/oidc/return").status_code == 401
    assert browser.get(back.replace(provider.issuer, "http://127.0.0.1:1")).status_code == 401, "mixed up with another provider"
    assert browser.get(back).status_code == 200
    assert browser.get(back).status_code == 401, "a code is good once, and the cookie is gone"


def test_coming_back_late_is_refused(context, provider, monkeypatch):
    browser = Browser(context)
    back = provider.authorize(browser.get("/oidc/start").headers["location"])
    real = time.time
    monkeypatch.setattr(oidc.time, "time", lambda: real() + oidc.LASTS_S + 5)
    assert browser.get(back).status_code == 401


def test_a_provider_that_says_too_much_or_is_away(context, provider):
    provider.huge = True
    assert Browser(context).get("/oidc/start").status_code == 401
    provider.huge = False
    provider.server.shutdown()
    provider.server.server_close()
    answer = Browser(context).get("/oidc/start")
    assert (answer.status_code, "统一登录没有成功" in answer.text) == (401, True)


def test_without_configuration_there_is_no_such_way(context):
    assert Browser(context).get("/oidc/start").status_code == 404
    assert "oidc" not in Browser(context).text("/sign-in")


def test_an_account_of_the_provider_has_no_password(context, provider):
    come_back(Browser(context), provider)
    with context.session.begin() as transaction:
        name = transaction.query(Account).filter(Account.oidc_subject != "").one().name
    assert row_of(context, name).password_hash == ""
    assert Browser(context).sign_in(name, "").status_code == 401
