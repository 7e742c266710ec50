"""The second factor: time-based codes (RFC 6238) that are taken once, and recovery codes.

The shared secret is kept sealed by a key that is a file, not a row: a stolen database signs nobody in.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import datetime
from pathlib import Path

import pyotp
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kiosk.bureau.clerks.tables import Account
from kiosk.bureau.context import BureauContext
from kiosk.errors import ConfigError
from kiosk.sync.keys import read_private

STEP_S = 30
RECOVERY_CODES = 10
_WINDOW = 1  # steps before and after: clocks of telephones


def new_secret() -> str:
    """Return a fresh shared secret, base32 of 160 bits."""
    return pyotp.random_base32()


def address(secret: str, name: str, issuer: str) -> str:
    """Return the otpauth:// address that an authenticator app reads from a code."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=issuer)


def step_of(secret: str, code: str, now: datetime, after: int) -> int:
    """Return the step whose code this is, later than `after`; 0 when there is none. Compares all of them, in constant time."""
    found, this = 0, int(now.timestamp()) // STEP_S
    totp = pyotp.TOTP(secret)
    for step in range(this - _WINDOW, this + _WINDOW + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode("utf-8", "replace")) and step > after:
            found = step
    return found


def seal_secret(context: BureauContext, account_id: str, secret: str) -> str:
    """Return a shared secret sealed for one account."""
    nonce = secrets.token_bytes(12)
    sealed = AESGCM(_key(context)).encrypt(nonce, secret.encode(), account_id.encode())
    return base64.urlsafe_b64encode(nonce + sealed).decode()


def open_secret(context: BureauContext, account_id: str, sealed_secret: str) -> str:
    """Return a sealed secret. Raises ConfigError when the key is another one: the second factor must then be set up anew."""
    sealed = base64.urlsafe_b64decode(sealed_secret)
    try:
        return AESGCM(_key(context)).decrypt(sealed[:12], sealed[12:], account_id.encode()).decode()
    except InvalidTag:
        raise ConfigError("clerks.key is another than the second factor was sealed by: kiosk bureau accounts reset") from None


def take_code(context: BureauContext, account: Account, code: str, now: datetime) -> bool:
    """Take a code of the app, or a recovery code; either is good once. The account's row is locked by the caller."""
    told = "".join(code.split()).replace("-", "").lower()
    if account.totp_sealed and len(told) == 6 and told.isdigit() and told.isascii():
        step = step_of(open_secret(context, account.account_id, account.totp_sealed), told, now, account.totp_step)
        account.totp_step = step or account.totp_step
        return step > 0
    mark = _mark(context, account.account_id, told)
    left = account.recovery.split()
    if not any(hmac.compare_digest(mark, one) for one in left):
        return False
    account.recovery = " ".join(one for one in left if one != mark)
    return True


def make_recovery(context: BureauContext, account: Account) -> list[str]:
    """Give the account new recovery codes; return them, to be shown once."""
    codes = [base64.b32encode(secrets.token_bytes(10)).decode().lower() for _ in range(RECOVERY_CODES)]
    account.recovery = " ".join(_mark(context, account.account_id, one) for one in codes)
    return [f"{one[:4]}-{one[4:8]}-{one[8:12]}-{one[12:]}" for one in codes]


def _mark(context: BureauContext, account_id: str, code: str) -> str:
    # Keyed: whoever has the table alone cannot even try.
    return hmac.new(_key(context), f"recovery\n{account_id}\n{code}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def _key(context: BureauContext) -> bytes:
    return base64.urlsafe_b64decode(read_private(Path(context.settings.data) / "clerks.key").strip())
