"""Who is signed in at the clerks' pages: sessions with an end, a token against forged forms, and tries that are counted by source.

A session lives in the database, so that every worker knows it and signing out ends it. The cookie holds 32 random bytes, the table
their hash. Role and account are looked at with each request: who is disabled is out at once. Programs have no session: they send
the password of programs with each request.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session as Transaction

from kiosk.bureau import database, tables
from kiosk.bureau.clerks.audit import Actor
from kiosk.bureau.clerks.roles import Role
from kiosk.bureau.clerks.tables import Account
from kiosk.bureau.context import BureauContext, utcnow

COOKIE = "bureau_session"
LASTS = timedelta(hours=10)  # ours: a working day
STAGE_LASTS = timedelta(minutes=15)  # ours: to find the telephone, or a new password
IDLE = timedelta(minutes=30)
TRIES_PER_HOUR = 20  # wrong passwords or codes of one name from one source
PROGRAM = "bureau"  # the name that programs send


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in clerk, or a program. `token`: what the cookie holds; `form_token`: what each form must bring along."""

    user: str
    token: str
    role: Role | None = None  # None: a program
    account_id: str = ""
    shown_name: str = ""
    language: str = "zh_CN"
    stage: str = ""  # "": a whole session
    source: str = ""
    program: bool = False

    @property
    def form_token(self) -> str:
        """A token for forms, of no use to sign in with."""
        return hmac.new(self.token.encode(), b"form", hashlib.sha256).hexdigest()

    @property
    def actor(self) -> Actor:
        """Who the audit log says it was."""
        return Actor(self.user, "program" if self.role is None else self.role.code, self.source)


def right_program_password(context: BureauContext, user: str, password: str) -> bool:
    """Compare in constant time."""
    right = secrets.compare_digest(password.encode("utf-8", "replace"), context.admin_password.encode())
    return secrets.compare_digest(user.encode("utf-8", "replace"), PROGRAM.encode()) and right


def too_many(context: BureauContext, user: str, source: str) -> bool:
    """Whether this name was tried too often from this source within the hour; others may go on, and so may it from elsewhere."""
    with context.session.begin() as transaction:
        found = transaction.scalar(select(tables.Counter.value).where(tables.Counter.name == _counter(user, source)))
    return (found or 0) >= TRIES_PER_HOUR


def failed(context: BureauContext, user: str, source: str) -> None:
    """Count a wrong password or code. What was counted in earlier hours goes."""
    name = _counter(user, source)
    hour = name[: len("sign-in-2026010100-")]
    with context.session.begin() as transaction:
        transaction.execute(delete(tables.Counter).where(tables.Counter.name.like("sign-in-%"), tables.Counter.name < hour))
        database.next_value(transaction, name)


def begin(context: BureauContext, account: Account, stage: str, source: str) -> Session:
    """Begin a session. stage: what is due before it is a whole one."""
    now, token = utcnow(), secrets.token_urlsafe(32)
    with context.session.begin() as transaction:
        transaction.execute(delete(tables.SignedIn).where(tables.SignedIn.expires_at < now))
        transaction.add(
            tables.SignedIn(
                token_hash=hash_of(token),
                user=account.name,
                account_id=account.account_id,
                stage=stage,
                pending="",
                created_at=now,
                last_at=now,
                expires_at=now + (STAGE_LASTS if stage else LASTS),
                flash="",
            )
        )
    return _session(account, token, stage, source)


def of(context: BureauContext, token: str, source: str = "") -> Session | None:
    """Return the session of a cookie, None for none or one that is over."""
    if not 20 <= len(token) <= 100:
        return None
    now = utcnow()
    with context.session.begin() as transaction:
        row = transaction.get(tables.SignedIn, hash_of(token))
        if row is None or row.expires_at < now or row.last_at < now - IDLE:
            return None
        account = transaction.get(Account, row.account_id)
        if account is None or account.disabled_at is not None:
            return None
        if now - row.last_at > timedelta(minutes=1):
            row.last_at = now
        return _session(account, token, row.stage, source)


def _session(account: Account, token: str, stage: str, source: str) -> Session:
    role = Role.of(account.role)
    return Session(account.name, token, role, account.account_id, account.shown_name, account.language, stage, source)


def row_of(transaction: Transaction, token: str) -> tables.SignedIn | None:
    """Return the row of a session's token."""
    return transaction.get(tables.SignedIn, hash_of(token))


def leave(context: BureauContext, token: str, text: str) -> None:
    """Keep a text that the next page shows once: a one-time code belongs into no address."""
    with context.session.begin() as transaction:
        row = row_of(transaction, token)
        if row is not None:
            row.flash = text


def take(context: BureauContext, token: str) -> str:
    """Return the text that was left, once."""
    with context.session.begin() as transaction:
        row = row_of(transaction, token)
        text = row.flash if row is not None else ""
        if row is not None and text:
            row.flash = ""
        return text


def sign_out(context: BureauContext, token: str) -> None:
    """End a session."""
    with context.session.begin() as transaction:
        transaction.execute(delete(tables.SignedIn).where(tables.SignedIn.token_hash == hash_of(token)))


def hash_of(token: str) -> str:
    """Return what the table keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _counter(user: str, source: str) -> str:
    mark = hashlib.sha256(f"{user}\n{source}".encode("utf-8", "replace")).hexdigest()[:16]
    return f"sign-in-{utcnow():%Y%m%d%H}-{mark}"
