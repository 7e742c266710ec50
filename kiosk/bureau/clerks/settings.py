"""What an administrator of the machine sets for the clerks' side: DATA/clerks.toml. All of it may be left out."""

from __future__ import annotations

import tomllib
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, ValidationError, field_validator, model_validator

from kiosk.bureau.clerks.roles import Role
from kiosk.bureau.context import BureauContext
from kiosk.errors import ConfigError
from kiosk.plain_text import read_text
from kiosk.sync.keys import read_private
from kiosk.sync.protocol import Asked


def _is_here(host: str) -> bool:
    return host in ("localhost", "127.0.0.1", "::1")


def safe(url: str) -> str:
    """Return an address that may be called: https, or http on this machine. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_here(parts.hostname or "")):
        raise ValueError("https, or http on this machine alone")
    return url


class Mail(Asked):
    """[mail]: an SMTP server. tls: "starttls", "tls", or "none" on this machine alone."""

    host: str
    port: Annotated[int, Field(gt=0, lt=65536)] = 587
    sender: str
    to: tuple[str, ...]
    user: str = ""
    password_file: str = ""
    tls: Literal["starttls", "tls", "none"] = "starttls"

    @model_validator(mode="after")
    def _sealed(self) -> Mail:
        if self.tls == "none" and not _is_here(self.host):
            raise ValueError("without TLS on this machine alone")
        return self


class Webhook(Asked):
    """[webhook]: where alarms are posted as JSON. secret_file: key of the X-Signature (HMAC-SHA256 of the body)."""

    url: str
    secret_file: str = ""

    @field_validator("url")
    @classmethod
    def _sealed(cls, url: str) -> str:
        return safe(url)


class Alarms(Asked):
    """[alarms]"""

    silent_h: Annotated[float, Field(gt=0)] = 24.0
    every_s: Annotated[float, Field(ge=1)] = 60.0


class Oidc(Asked):
    """[oidc]: sign-in by the province's own provider. roles: value of the claim -> role here; who has none is refused."""

    issuer: str
    client_id: str
    secret_file: str
    title: str = "OpenID Connect"
    role_claim: str = "roles"
    roles: dict[str, Literal["viewer", "clerk", "supervisor", "administrator"]] = {}

    @field_validator("issuer")
    @classmethod
    def _sealed(cls, issuer: str) -> str:
        return safe(issuer)

    def role_of(self, told: object) -> Role | None:
        """Return the highest role that the claim's values stand for; None for nobody we know."""
        values = told if isinstance(told, list) else [told]
        found = [Role.of(self.roles[value]) for value in values if isinstance(value, str) and value in self.roles]
        return max(found, default=None)


class ClerkSettings(Asked):
    """The file as a whole."""

    name: str = "经办中心"
    timezone: str = "Asia/Shanghai"
    mail: Mail | None = None
    webhook: Webhook | None = None
    alarms: Alarms = Alarms()
    oidc: Oidc | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The clerks' own time."""
        return ZoneInfo(self.timezone)

    def today(self) -> date:
        """Return the clerks' own day."""
        return datetime.now(self.zone).date()


def of(context: BureauContext) -> ClerkSettings:
    """Return the settings of a bureau, read anew when the file has changed. Raises ConfigError naming what is wrong."""
    path = Path(context.settings.data) / "clerks.toml"
    try:
        changed = path.stat().st_mtime_ns
    except FileNotFoundError:
        return ClerkSettings()
    return _read(path, changed)


@lru_cache(maxsize=8)
def _read(path: Path, _changed: int) -> ClerkSettings:
    try:
        found = ClerkSettings.model_validate(tomllib.loads(read_text(path)))
        ZoneInfo(found.timezone)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path.name}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"{path.name}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigError(f"{path.name}: timezone: {error}") from None
    return found


def secret(context: BureauContext, name: str) -> str:
    """Return what a file of secrets holds; a relative name stands in the bureau's folder. Raises ConfigError."""
    return read_private(Path(context.settings.data) / name).strip() if name else ""
