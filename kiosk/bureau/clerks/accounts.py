"""Accounts of clerks: made, found, disabled, reset. Who may do so is decided elsewhere (`roles`); all of it is logged."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session as Transaction

from kiosk.bureau import tables
from kiosk.bureau.clerks import audit, passwords, second_factor
from kiosk.bureau.clerks.audit import Actor
from kiosk.bureau.clerks.roles import Role
from kiosk.bureau.clerks.tables import Account, Passkey
from kiosk.bureau.context import BureauContext, utcnow
from kiosk.errors import KioskError

FIRST_DAYS = 7  # a first password is good
LANGUAGES = ("zh_CN", "en")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")
_SHOWN = re.compile(r"[^\x00-\x1f]{1,64}")


class AccountRefused(KioskError):
    """Why an account cannot be made or changed: name-taken, name-malformed, unknown-account, own-account, ..."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Shown:
    """An account as lists show it."""

    account_id: str
    name: str
    shown_name: str
    role: Role
    second_factor: bool
    first_password: bool
    by_oidc: bool
    disabled: bool


def add(context: BureauContext, who: Actor, name: str, shown_name: str, role: Role) -> str:
    """Make an account; return its first password, which must be changed at the first sign-in. Raises AccountRefused."""
    first = passwords.first_password()
    hashed = passwords.hashed(first)
    with context.session.begin() as transaction:
        made = make(transaction, who, name, shown_name, role)
        made.password_hash, made.first_until = hashed, utcnow() + timedelta(days=FIRST_DAYS)
        audit.write(transaction, who, "account-added", name, role=role.code)
    return first


def make(transaction: Transaction, who: Actor, name: str, shown_name: str, role: Role) -> Account:
    """Add an account without a password. Raises AccountRefused."""
    if not _NAME.fullmatch(name):
        raise AccountRefused("name-malformed")
    if not _SHOWN.fullmatch(shown_name.strip()):
        raise AccountRefused("shown-name-malformed")
    if transaction.scalar(select(Account.account_id).where(Account.name == name)) is not None:
        raise AccountRefused("name-taken")
    account = Account(
        account_id=str(uuid.uuid4()),
        name=name,
        shown_name=shown_name.strip(),
        role=role.code,
        password_hash="",
        totp_sealed="",
        totp_step=0,
        recovery="",
        oidc_subject="",
        language="zh_CN",
        created_at=utcnow(),
        created_by=who.name,
    )
    transaction.add(account)
    transaction.flush()
    return account


def listed(context: BureauContext) -> list[Shown]:
    """Return all accounts by name."""
    with context.session.begin() as transaction:
        keys = set(transaction.scalars(select(Passkey.account_id)))
        return [
            Shown(
                one.account_id,
                one.name,
                one.shown_name,
                Role.of(one.role),
                bool(one.totp_sealed) or one.account_id in keys,
                one.first_until is not None,
                bool(one.oidc_subject),
                one.disabled_at is not None,
            )
            for one in transaction.scalars(select(Account).order_by(Account.name))
        ]


def locked(transaction: Transaction, account_id: str) -> Account:
    """Return an account's row, locked. Raises AccountRefused."""
    account = transaction.scalar(select(Account).where(Account.account_id == account_id).with_for_update())
    if account is None:
        raise AccountRefused("unknown-account")
    return account


def id_of(context: BureauContext, name: str) -> str:
    """Return the id of a name. Raises AccountRefused."""
    with context.session.begin() as transaction:
        return id_of_row(transaction, name)


def id_of_row(transaction: Transaction, name: str) -> str:
    """As `id_of`, within a transaction."""
    found = transaction.scalar(select(Account.account_id).where(Account.name == name))
    if found is None:
        raise AccountRefused("unknown-account")
    return found


def disable(context: BureauContext, who: Actor, account_id: str) -> None:
    """End an account and all its sessions. Raises AccountRefused: the last administrator stays, and nobody ends themselves."""
    with context.session.begin() as transaction:
        account = locked(transaction, account_id)
        if account.name == who.name:
            raise AccountRefused("own-account")
        _must_leave_one(transaction, account)
        account.disabled_at = utcnow()
        end_sessions(transaction, account.account_id)
        audit.write(transaction, who, "account-disabled", account.name)


def enable(context: BureauContext, who: Actor, account_id: str) -> None:
    """Let an account in again. Raises AccountRefused."""
    with context.session.begin() as transaction:
        account = locked(transaction, account_id)
        account.disabled_at = None
        audit.write(transaction, who, "account-enabled", account.name)


def change_role(context: BureauContext, who: Actor, account_id: str, role: Role) -> None:
    """Give an account another role; its sessions end. Raises AccountRefused."""
    with context.session.begin() as transaction:
        account = locked(transaction, account_id)
        if account.name == who.name:
            raise AccountRefused("own-account")
        if role is not Role.ADMINISTRATOR:
            _must_leave_one(transaction, account)
        before, account.role = account.role, role.code
        end_sessions(transaction, account.account_id)
        audit.write(transaction, who, "account-role", account.name, before=before, role=role.code)


def reset(context: BureauContext, who: Actor, account_id: str) -> str:
    """Give an account a new first password and take its second factor away; its sessions end. Raises AccountRefused."""
    first = passwords.first_password()
    hashed = passwords.hashed(first)
    with context.session.begin() as transaction:
        account = locked(transaction, account_id)
        if account.name == who.name:
            raise AccountRefused("own-account")
        account.password_hash, account.first_until = hashed, utcnow() + timedelta(days=FIRST_DAYS)
        account.totp_sealed, account.recovery = "", ""
        transaction.execute(delete(Passkey).where(Passkey.account_id == account.account_id))
        end_sessions(transaction, account.account_id)
        audit.write(transaction, who, "account-reset", account.name)
    return first


def right_password(context: BureauContext, account_id: str, password: str) -> bool:
    """Whether it is the account's password."""
    with context.session.begin() as transaction:
        kept = transaction.scalar(select(Account.password_hash).where(Account.account_id == account_id))
    return passwords.right(kept or "", password)


def set_password(context: BureauContext, who: Actor, account_id: str, password: str, keep_session: str) -> None:
    """Choose a password; all other sessions end. keep_session: hash of the session's token. Raises AccountRefused with why."""
    hashed = passwords.hashed(password)
    with context.session.begin() as transaction:
        account = locked(transaction, account_id)
        why = passwords.fault(password, account.name, account.shown_name)
        if why:
            raise AccountRefused(why)
        if passwords.right(account.password_hash, password):
            raise AccountRefused("same-as-before")
        account.password_hash, account.first_until = hashed, None
        end_sessions(transaction, account.account_id, but=keep_session)
        audit.write(transaction, who, "password-changed", account.name)


def set_second_factor(context: BureauContext, who: Actor, account_id: str, secret: str, code: str) -> list[str]:
    """Keep a second factor whose code was read right; return the recovery codes. Raises AccountRefused."""
    with context.session.begin() as transaction:
        account = locked(transaction, account_id)
        step = second_factor.step_of(secret, "".join(code.split()), utcnow(), 0)
        if not step:
            raise AccountRefused("code-wrong")
        account.totp_sealed = second_factor.seal_secret(context, account_id, secret)
        account.totp_step = step
        codes = second_factor.make_recovery(context, account)
        audit.write(transaction, who, "second-factor-set", account.name)
    return codes


def set_language(context: BureauContext, account_id: str, language: str) -> None:
    """Show the pages in another language from now on."""
    with context.session.begin() as transaction:
        locked(transaction, account_id).language = language if language in LANGUAGES else LANGUAGES[0]


def end_sessions(transaction: Transaction, account_id: str, but: str = "") -> None:
    """End all sessions of an account. but: hash of the token of one that stays."""
    transaction.execute(delete(tables.SignedIn).where(tables.SignedIn.account_id == account_id, tables.SignedIn.token_hash != but))


def _must_leave_one(transaction: Transaction, account: Account) -> None:
    if account.role != Role.ADMINISTRATOR.code or account.disabled_at is not None:
        return
    others = transaction.scalar(
        select(func.count())
        .select_from(Account)
        .where(Account.role == Role.ADMINISTRATOR.code, Account.disabled_at.is_(None), Account.account_id != account.account_id)
    )
    if not others:
        raise AccountRefused("last-administrator")
