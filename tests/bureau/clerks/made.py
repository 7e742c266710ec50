"""A bureau in this process with accounts, and browsers that are signed in: no port, no child."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import httpx
import pyotp

from kiosk.bureau import sessions
from kiosk.bureau.app import create
from kiosk.bureau.clerks import accounts, passwords, second_factor
from kiosk.bureau.clerks.audit import Actor
from kiosk.bureau.clerks.roles import Role
from kiosk.bureau.clerks.tables import Account
from kiosk.bureau.context import BureauContext

URL = "http://127.0.0.1"
PASSWORD = "correct horse battery"
TEST = Actor("test", "machine")


@cache
def _loop() -> asyncio.Runner:
    return asyncio.Runner()


_apps: dict[int, tuple[BureauContext, Any]] = {}


def app_of(context: BureauContext) -> Any:
    """The bureau's application behind its request guard: built once a context."""
    return _apps.setdefault(id(context), (context, create(context)))[1]


@cache
def _hash() -> str:
    return passwords.hashed(PASSWORD)


def account(context: BureauContext, name: str, role: Role, shown_name: str = "") -> str:
    """Make an account whose first password was changed already; return its id."""
    with context.session.begin() as transaction:
        made = accounts.make(transaction, TEST, name, shown_name or name, role)
        made.password_hash = _hash()
        return made.account_id


def with_second_factor(context: BureauContext, account_id: str) -> pyotp.TOTP:
    """Give an account a second factor; return what its telephone would show."""
    secret = second_factor.new_secret()
    with context.session.begin() as transaction:
        accounts.locked(transaction, account_id).totp_sealed = second_factor.seal_secret(context, account_id, secret)
    return pyotp.TOTP(secret)


@dataclass
class Browser:
    """A browser at the clerks' pages: keeps its cookie, sends each form with the page's token and its own origin."""

    context: BureauContext
    source: str = "127.0.0.1"
    client: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        transport = httpx.ASGITransport(app_of(self.context), client=(self.source, 50000))
        self.client = httpx.AsyncClient(transport=transport, base_url=URL)

    def ask(self, method: str, path: str, **given: Any) -> httpx.Response:
        """One request as it stands."""
        return _loop().run(self.client.request(method, path, **given))

    def sign_in(self, name: str, password: str = PASSWORD) -> Any:
        return self.ask("POST", "/sign-in", data={"user": name, "password": password}, headers={"Origin": URL})

    def enter(self, name: str) -> Browser:
        """Begin a whole session without the steps in between."""
        with self.context.session.begin() as transaction:
            row = accounts.locked(transaction, accounts.id_of_row(transaction, name))
        token = sessions.begin(self.context, row, "", self.source).token
        self.client.cookies.set(sessions.COOKIE, token, domain="127.0.0.1", path="/")
        return self

    @property
    def token(self) -> str:
        page = self.get("/account", follow_redirects=True).text
        found = re.search(r'name="token" value="([0-9a-f]{64})"', page)
        assert found is not None, page
        return found[1]

    def get(self, path: str, **given: Any) -> Any:
        return self.ask("GET", path, **given)

    def post(self, path: str, data: dict[str, str] | None = None, **given: Any) -> Any:
        token = self.token
        return self.ask("POST", path, data={"token": token, **(data or {})}, headers={"Origin": URL}, **given)

    def text(self, path: str) -> str:
        answer = self.get(path, follow_redirects=True)
        assert answer.status_code == 200, answer.text
        return str(answer.text)


def row_of(context: BureauContext, name: str) -> Account:
    with context.session.begin() as transaction:
        return accounts.locked(transaction, accounts.id_of_row(transaction, name))
