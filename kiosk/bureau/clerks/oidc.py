"""Sign-in by the province's own provider (OpenID Connect, authorization code with PKCE), where clerks.toml names one.

What is kept between leaving and coming back travels in a sealed cookie of its own: the session's cookie is SameSite=Strict and
would not come back from another site. The provider's word is taken for who it is; the role comes from its claim, by the table of
clerks.toml.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from dataclasses import dataclass
from typing import Any

import httpx
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import select

from kiosk.bureau.clerks import accounts, audit, people, settings
from kiosk.bureau.clerks.accounts import AccountRefused
from kiosk.bureau.clerks.audit import Actor
from kiosk.bureau.clerks.roles import Role
from kiosk.bureau.clerks.settings import Oidc
from kiosk.bureau.clerks.tables import Account
from kiosk.bureau.context import BureauContext
from kiosk.errors import KioskError

COOKIE = "bureau_oidc"
LASTS_S = 600.0  # to sign in over there
_TIMEOUT_S = 10.0
_MOST = 256 * 1024  # bytes of an answer of the provider
_ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]


class OidcRefused(KioskError):
    """Why somebody does not come in this way: oidc-failed (see the log), oidc-refused (nobody here)."""

    def __init__(self, why: str, detail: str) -> None:
        super().__init__(f"{why}: {detail}")
        self.why, self.detail = why, detail


@dataclass(frozen=True, slots=True)
class Leaving:
    """Where the browser goes, and what it must bring back."""

    url: str
    cookie: str


def start(context: BureauContext, given: Oidc, back: str) -> Leaving:
    """Return where to sign in. back: our address to come back to. Raises OidcRefused."""
    about = _discovered(given)
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    client = OAuth2Client(given.client_id, scope="openid profile", redirect_uri=back, code_challenge_method="S256")
    url, _ = client.create_authorization_url(about["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier)
    kept = json.dumps({"state": state, "nonce": nonce, "verifier": verifier, "back": back, "at": time.time()})
    return Leaving(url, people.seal_text(context, kept, COOKIE))


def finish(context: BureauContext, given: Oidc, cookie: str, code: str, state: str) -> Account:
    """Return the account of whoever comes back; made at the first time. Raises OidcRefused."""
    try:
        kept = json.loads(people.open_text(context, cookie, COOKIE))
    except ValueError:
        raise OidcRefused("oidc-failed", "nobody left from here") from None
    if time.time() - kept["at"] > LASTS_S:
        raise OidcRefused("oidc-failed", "too late")
    if not state or not secrets.compare_digest(state.encode("utf-8", "replace"), kept["state"].encode()):
        raise OidcRefused("oidc-failed", "another state")
    claims = _claims(context, given, kept, code)
    role = given.role_of(claims.get(given.role_claim))
    if role is None:
        raise OidcRefused("oidc-refused", "no role")
    return _account(context, given, claims, role)


def _claims(context: BureauContext, given: Oidc, kept: dict[str, Any], code: str) -> dict[str, Any]:
    about = _discovered(given)
    secret = settings.secret(context, given.secret_file)
    try:
        with OAuth2Client(given.client_id, secret, redirect_uri=kept["back"], timeout=_TIMEOUT_S, trust_env=False) as client:
            token = client.fetch_token(about["token_endpoint"], code=code, code_verifier=kept["verifier"])
        keys = KeySet.import_key_set(_get(about["jwks_uri"]))
        found = jwt.decode(str(token.get("id_token", "")), keys, algorithms=_ALGORITHMS)
        # The audience is us alone, the nonce is of this leaving, and it is no older than that: OpenID Connect Core, 3.1.3.7.
        jwt.JWTClaimsRegistry(
            leeway=60,
            iss={"essential": True, "value": given.issuer},
            aud={"essential": True, "value": given.client_id},
            exp={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": kept["nonce"]},
        ).validate(found.claims)
    except (OAuthError, JoseError, httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        raise OidcRefused("oidc-failed", type(error).__name__) from error
    return dict(found.claims)


def _account(context: BureauContext, given: Oidc, claims: dict[str, Any], role: Role) -> Account:
    subject = f"{given.issuer} {claims['sub']}"[:300]
    shown = str(claims.get("name") or claims.get("preferred_username") or claims["sub"])[:64]
    who = Actor("oidc", "machine")
    try:
        with context.session.begin() as transaction:
            account = transaction.scalar(select(Account).where(Account.oidc_subject == subject).with_for_update())
            if account is None:
                # A name of its own, so that nobody over there becomes an account that was made here.
                name = "oidc-" + hashlib.sha256(subject.encode()).hexdigest()[:12]
                account = accounts.make(transaction, who, name, shown, role)
                account.oidc_subject = subject
                audit.write(transaction, who, "account-added", name, role=role.code)
            if account.disabled_at is not None:
                raise OidcRefused("oidc-refused", "disabled")
            if account.role != role.code:
                before, account.role = account.role, role.code
                accounts.end_sessions(transaction, account.account_id)
                audit.write(transaction, who, "account-role", account.name, before=before, role=role.code)
            return account
    except AccountRefused as error:
        raise OidcRefused("oidc-refused", error.why) from error


def _discovered(given: Oidc) -> dict[str, str]:
    """Return what the provider says of itself. Its addresses must be as safe as the issuer's own."""
    found = _get(given.issuer.rstrip("/") + "/.well-known/openid-configuration")
    try:
        if found["issuer"] != given.issuer:
            raise OidcRefused("oidc-failed", "another issuer")
        return {name: settings.safe(str(found[name])) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
    except (KeyError, ValueError) as error:
        raise OidcRefused("oidc-failed", "no configuration") from error


def _get(url: str) -> Any:
    try:
        with (
            httpx.Client(timeout=_TIMEOUT_S, follow_redirects=False, trust_env=False) as client,
            client.stream("GET", url, headers={"Accept-Encoding": "identity"}) as answer,
        ):
            answer.raise_for_status()
            body = bytearray()
            for block in answer.iter_raw():
                body += block
                if len(body) > _MOST:
                    raise OidcRefused("oidc-failed", "too large")
        return json.loads(bytes(body))
    except (httpx.HTTPError, ValueError, RecursionError) as error:
        raise OidcRefused("oidc-failed", type(error).__name__) from error


def cookie_value(sealed: str) -> str:
    """Return a sealed text as a cookie may hold it."""
    return base64.urlsafe_b64encode(base64.b64decode(sealed)).decode()


def of_cookie(value: str) -> str:
    """Return the sealed text of a cookie; "" for one that is none."""
    try:
        return base64.b64encode(base64.urlsafe_b64decode(value)).decode()
    except ValueError:
        return ""
