"""Passkeys (WebAuthn) as a second factor, beside codes of an app: made, shown, taken away. Rules without pages.

A challenge is of one session, good once and for five minutes. A key is of the name that the bureau had in the browser when it was
made, and answers under no other: a page that looks like ours under another name gets nothing.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import webauthn
from sqlalchemy import select
from sqlalchemy.orm import Session as Transaction
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import PublicKeyCredentialDescriptor

from kiosk.bureau import sessions
from kiosk.bureau.clerks import accounts, audit, second_factor
from kiosk.bureau.clerks.accounts import AccountRefused
from kiosk.bureau.clerks.roles import Role
from kiosk.bureau.clerks.tables import Account, Passkey
from kiosk.bureau.context import BureauContext, utcnow
from kiosk.bureau.sessions import Session

CHALLENGE_LASTS = timedelta(minutes=5)  # ours: to find the key and touch it
MOST = 10  # ours: keys of one account


@dataclass(frozen=True, slots=True)
class Site:
    """Where the bureau is for a browser: its address, and the name that keys are made for."""

    origin: str
    name: str


def site_of(origin: str) -> Site | None:
    """Return where a browser is; None where there are no passkeys: browsers want a name, and https but on this machine itself."""
    parts = urlsplit(origin)
    name = parts.hostname or ""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        secure = parts.scheme == "https" or name == "localhost"
        return Site(origin, name) if name and secure else None
    return None


def of(transaction: Transaction, account_id: str) -> list[Passkey]:
    """Return the keys of an account, the oldest first."""
    return list(transaction.scalars(select(Passkey).where(Passkey.account_id == account_id).order_by(Passkey.created_at)))


def offer(context: BureauContext, who: Session, site: Site) -> str:
    """Return what a browser makes a key by, as JSON."""
    with context.session.begin() as transaction:
        known = [PublicKeyCredentialDescriptor(id=base64url_to_bytes(one.credential_id)) for one in of(transaction, who.account_id)]
    options = webauthn.generate_registration_options(
        rp_id=site.name,
        rp_name=site.name,
        user_id=who.account_id.encode(),
        user_name=who.user,
        user_display_name=who.shown_name,
        exclude_credentials=known,
    )
    _keep(context, who, options.challenge)
    return webauthn.options_to_json(options)


def add(context: BureauContext, who: Session, site: Site, told: str, name: str) -> list[str]:
    """Keep a key that a browser made; return recovery codes where there were none. Raises AccountRefused."""
    challenge = _take(context, who)
    try:
        made = webauthn.verify_registration_response(
            credential=told, expected_challenge=challenge, expected_rp_id=site.name, expected_origin=site.origin
        )
    except (WebAuthnException, ValueError, TypeError, KeyError) as error:
        raise AccountRefused("passkey-wrong") from error
    credential_id = bytes_to_base64url(made.credential_id)
    with context.session.begin() as transaction:
        account = accounts.locked(transaction, who.account_id)
        if transaction.get(Passkey, credential_id) is not None:
            raise AccountRefused("passkey-known")
        if len(of(transaction, account.account_id)) >= MOST:
            raise AccountRefused("passkey-many")
        transaction.add(
            Passkey(
                credential_id=credential_id,
                account_id=account.account_id,
                public_key=bytes_to_base64url(made.credential_public_key),
                sign_count=made.sign_count,
                site=site.name,
                name=name.strip()[:64],
                created_at=utcnow(),
            )
        )
        codes = [] if account.recovery else second_factor.make_recovery(context, account)
        audit.write(transaction, who.actor, "passkey-added", account.name, site=site.name)
    return codes


def ask(context: BureauContext, who: Session, site: Site) -> str:
    """Return what a browser asks the account's keys by, as JSON. Raises AccountRefused: it has none for this name."""
    with context.session.begin() as transaction:
        known = [one.credential_id for one in of(transaction, who.account_id) if one.site == site.name]
    if not known:
        raise AccountRefused("passkey-none")
    options = webauthn.generate_authentication_options(
        rp_id=site.name, allow_credentials=[PublicKeyCredentialDescriptor(id=base64url_to_bytes(one)) for one in known]
    )
    _keep(context, who, options.challenge)
    return webauthn.options_to_json(options)


def right(context: BureauContext, who: Session, site: Site, told: str) -> bool:
    """Whether one of the account's keys answered this session's challenge; counted, so that a copied key is noticed."""
    challenge = _take(context, who)
    try:
        credential_id = webauthn.helpers.parse_authentication_credential_json(told).id
        with context.session.begin() as transaction:
            accounts.locked(transaction, who.account_id)
            row = transaction.get(Passkey, credential_id)
            if row is None or row.account_id != who.account_id or row.site != site.name:
                return False
            done = webauthn.verify_authentication_response(
                credential=told,
                expected_challenge=challenge,
                expected_rp_id=site.name,
                expected_origin=site.origin,
                credential_public_key=base64url_to_bytes(row.public_key),
                credential_current_sign_count=row.sign_count,
            )
            row.sign_count, row.last_at = done.new_sign_count, utcnow()
    except (WebAuthnException, ValueError, TypeError, KeyError):
        return False
    return True


def remove(context: BureauContext, who: Session, credential_id: str) -> None:
    """Take a key away. Raises AccountRefused: it is nobody's here, or the last second factor of an administrator."""
    with context.session.begin() as transaction:
        account = accounts.locked(transaction, who.account_id)
        row = transaction.get(Passkey, credential_id)
        if row is None or row.account_id != account.account_id:
            raise AccountRefused("passkey-none")
        last = len(of(transaction, account.account_id)) == 1 and not account.totp_sealed
        if last and account.role == Role.ADMINISTRATOR.code:
            raise AccountRefused("passkey-last")
        transaction.delete(row)
        audit.write(transaction, who.actor, "passkey-removed", account.name, site=row.site)


def has_any(transaction: Transaction, account: Account) -> bool:
    """Whether an account has a key."""
    return transaction.scalar(select(Passkey.credential_id).where(Passkey.account_id == account.account_id).limit(1)) is not None


def _keep(context: BureauContext, who: Session, challenge: bytes) -> None:
    with context.session.begin() as transaction:
        row = sessions.row_of(transaction, who.token)
        if row is not None:
            row.challenge = f"{bytes_to_base64url(challenge)} {utcnow().isoformat(timespec='seconds')}"


def _take(context: BureauContext, who: Session) -> bytes:
    """Return the session's challenge, once. Raises AccountRefused: there is none, or it was too long ago."""
    with context.session.begin() as transaction:
        row = sessions.row_of(transaction, who.token)
        kept = row.challenge if row is not None else ""
        if row is not None:
            row.challenge = ""
    challenge, _, at = kept.partition(" ")
    if not challenge or utcnow() - datetime.fromisoformat(at) > CHALLENGE_LASTS:
        raise AccountRefused("passkey-late")
    return base64url_to_bytes(challenge)
