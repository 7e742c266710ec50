"""Who is signed in at the clerks' page: sessions with an end, a token against forged forms, and tries that are counted by source.

A session lives in the database, so that every worker knows it and signing out ends it. The cookie holds 32 random bytes, the table
their hash.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select

from kiosk.bureau import database, tables
from kiosk.bureau.office import Office, utcnow

COOKIE = "bureau_session"
LASTS = timedelta(hours=10)  # ours: a working day
IDLE = timedelta(minutes=30)
TRIES_PER_HOUR = 20  # wrong passwords of one name from one source
USER = "bureau"


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in clerk. `token`: what the cookie holds; `form_token`: what each form must bring along."""

    user: str
    token: str
    flash: str = ""

    @property
    def form_token(self) -> str:
        """A token for forms, of no use to sign in with."""
        return hmac.new(self.token.encode(), b"form", hashlib.sha256).hexdigest()


def right_password(office: Office, user: str, password: str) -> bool:
    """Compare in constant time."""
    right = secrets.compare_digest(password.encode("utf-8", "replace"), office.admin_password.encode())
    return secrets.compare_digest(user.encode("utf-8", "replace"), USER.encode()) and right


def too_many(office: Office, user: str, source: str) -> bool:
    """Whether this name was tried too often from this source within the hour; others may go on."""
    with office.session.begin() as session:
        found = session.scalar(select(tables.Counter.value).where(tables.Counter.name == _counter(user, source)))
    return (found or 0) >= TRIES_PER_HOUR


def failed(office: Office, user: str, source: str) -> None:
    """Count a wrong password."""
    with office.session.begin() as session:
        database.next_value(session, _counter(user, source))


def sign_in(office: Office, user: str) -> Session:
    """Begin a session."""
    now, token = utcnow(), secrets.token_urlsafe(32)
    with office.session.begin() as session:
        session.execute(delete(tables.SignedIn).where(tables.SignedIn.expires_at < now))
        session.add(
            tables.SignedIn(token_hash=_hash(token), user=user, created_at=now, last_at=now, expires_at=now + LASTS, flash="")
        )
    return Session(user, token)


def of(office: Office, token: str) -> Session | None:
    """Return the session of a cookie, None for none or one that is over. Takes what was left to be shown once."""
    if not 20 <= len(token) <= 100:
        return None
    now = utcnow()
    with office.session.begin() as session:
        row = session.get(tables.SignedIn, _hash(token))
        if row is None or row.expires_at < now or row.last_at < now - IDLE:
            return None
        if now - row.last_at > timedelta(minutes=1):
            row.last_at = now
        return Session(row.user, token)


def leave(office: Office, token: str, text: str) -> None:
    """Keep a text that the next page shows once: a one-time code belongs into no address."""
    with office.session.begin() as session:
        row = session.get(tables.SignedIn, _hash(token))
        if row is not None:
            row.flash = text


def take(office: Office, token: str) -> str:
    """Return the text that was left, once."""
    with office.session.begin() as session:
        row = session.get(tables.SignedIn, _hash(token))
        text = row.flash if row is not None else ""
        if row is not None and text:
            row.flash = ""
        return text


def sign_out(office: Office, token: str) -> None:
    """End a session."""
    with office.session.begin() as session:
        session.execute(delete(tables.SignedIn).where(tables.SignedIn.token_hash == _hash(token)))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _counter(user: str, source: str) -> str:
    mark = hashlib.sha256(f"{user}\n{source}".encode("utf-8", "replace")).hexdigest()[:16]
    return f"sign-in-{utcnow():%Y%m%d%H}-{mark}"
