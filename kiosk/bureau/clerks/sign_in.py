"""Signing in, step by step: password, second factor, a first password changed, a second factor set up. Rules without pages.

A wrong name, a wrong password and an account that is disabled are told alike, and take equally long.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from anyio import CapacityLimiter
from sqlalchemy import select

from kiosk.bureau import sessions
from kiosk.bureau.clerks import accounts, audit, passkeys, passwords, second_factor
from kiosk.bureau.clerks.audit import Actor
from kiosk.bureau.clerks.roles import ENROL, PASSWORD, SECOND, Role
from kiosk.bureau.clerks.tables import Account
from kiosk.bureau.context import BureauContext, utcnow
from kiosk.bureau.sessions import Session
from kiosk.errors import ConfigError

HASHING_AT_ONCE = 2  # ours: each takes 19 MiB


@cache
def hashing() -> CapacityLimiter:
    """Return what bounds how many passwords are hashed at one moment."""
    return CapacityLimiter(HASHING_AT_ONCE)


@dataclass(frozen=True, slots=True)
class Answer:
    """A session, or why there is none: too-many, wrong, first-password-over, second-factor-lost."""

    session: Session | None = None
    why: str = ""


def by_password(context: BureauContext, name: str, password: str, source: str) -> Answer:
    """Try a name and a password."""
    if sessions.too_many(context, name, source):
        return Answer(why="too-many")
    with context.session.begin() as transaction:
        account = transaction.scalar(select(Account).where(Account.name == name))
    right = passwords.right(account.password_hash if account is not None else "", password)
    if account is None or not right or account.disabled_at is not None:
        return _failed(context, name, source, account)
    if account.first_until is not None and account.first_until < utcnow():
        return Answer(why="first-password-over")
    return Answer(let_in(context, account, source, how="password"))


def let_in(context: BureauContext, account: Account, source: str, how: str) -> Session:
    """Begin a session for somebody who proved who they are, as far as they did."""
    stage = SECOND if has_second(context, account) else _due(context, account)
    made = sessions.begin(context, account, stage, source)
    audit.note(context, Actor(account.name, account.role, source), "signed-in", account.name, how=how, due=stage)
    return made


def by_second_factor(context: BureauContext, who: Session, code: str) -> Answer:
    """Try a code of the app, or a recovery code. A new session follows: the token of before is worth nothing any more."""
    if sessions.too_many(context, who.user, who.source):
        return Answer(why="too-many")
    with context.session.begin() as transaction:
        account = accounts.locked(transaction, who.account_id)
        try:
            right = second_factor.take_code(context, account, code, utcnow())
        except ConfigError:
            return Answer(why="second-factor-lost")
        left = len(account.recovery.split())
    if not right:
        return _failed(context, who.user, who.source, account)
    audit.note(context, who.actor, "second-factor", who.user, recovery_codes_left=left)
    return Answer(_again(context, who, account))


def by_passkey(context: BureauContext, who: Session, site: passkeys.Site, told: str) -> Answer:
    """Try the answer of a passkey; as a code, it leads to a new session."""
    if sessions.too_many(context, who.user, who.source):
        return Answer(why="too-many")
    try:
        right = passkeys.right(context, who, site, told)
    except accounts.AccountRefused as error:
        return Answer(why=error.why)
    with context.session.begin() as transaction:
        account = accounts.locked(transaction, who.account_id)
    if not right:
        return _failed(context, who.user, who.source, account)
    audit.note(context, who.actor, "second-factor", who.user, how="passkey")
    return Answer(_again(context, who, account))


def has_second(context: BureauContext, account: Account) -> bool:
    """Whether an account has a second factor: codes of an app, or a passkey."""
    if account.totp_sealed:
        return True
    with context.session.begin() as transaction:
        return passkeys.has_any(transaction, account)


def after_password(context: BureauContext, who: Session) -> Session:
    """Go on after a first password was changed."""
    with context.session.begin() as transaction:
        account = accounts.locked(transaction, who.account_id)
    return _again(context, who, account)


def _again(context: BureauContext, who: Session, account: Account) -> Session:
    sessions.sign_out(context, who.token)
    return sessions.begin(context, account, _due(context, account), who.source)


def _due(context: BureauContext, account: Account) -> str:
    if account.first_until is not None:
        return PASSWORD
    return ENROL if account.role == Role.ADMINISTRATOR.code and not has_second(context, account) else ""


def _failed(context: BureauContext, name: str, source: str, account: Account | None) -> Answer:
    sessions.failed(context, name, source)
    if account is not None:  # names that are nobody's are not kept: they may be mistyped passwords
        audit.note(context, Actor(account.name, account.role, source), "sign-in-failed", account.name)
    return Answer(why="wrong")
