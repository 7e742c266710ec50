"""Tables of the clerks' side; `kiosk.bureau.migrations` builds them with the others."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from kiosk.bureau.tables import Base, Hex, Key, Utc

Name = String(200)


class Account(Base):
    """Somebody who may sign in. `name`: what is typed; `shown_name`: what others read."""

    __tablename__ = "accounts"
    account_id: Mapped[str] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    shown_name: Mapped[str] = mapped_column(Name)
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str] = mapped_column(String(200))
    first_until: Mapped[datetime | None] = mapped_column(Utc, default=None)  # the password is a first one, good until then
    totp_sealed: Mapped[str] = mapped_column(String(200), default="")  # by clerks.key, which is not in the database
    totp_step: Mapped[int] = mapped_column(default=0)  # the last step whose code was taken: no code is taken twice
    recovery: Mapped[str] = mapped_column(Text, default="")  # marks of the recovery codes that are left, blanks between
    oidc_subject: Mapped[str] = mapped_column(String(300), default="", index=True)  # issuer and subject; empty: signs in here
    language: Mapped[str] = mapped_column(String(8), default="zh_CN")
    created_at: Mapped[datetime] = mapped_column(Utc)
    created_by: Mapped[str] = mapped_column(String(64), default="")
    disabled_at: Mapped[datetime | None] = mapped_column(Utc, default=None)


class Passkey(Base):
    """A passkey of an account, a second factor. `site`: the name of the bureau that it was made for, and answers under."""

    __tablename__ = "passkeys"
    credential_id: Mapped[str] = mapped_column(String(1400), primary_key=True)  # base64url of 1 023 bytes at most
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.account_id"), index=True)
    public_key: Mapped[str] = mapped_column(Text)  # COSE, base64url
    sign_count: Mapped[int]
    site: Mapped[str] = mapped_column(Name)
    name: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(Utc)
    last_at: Mapped[datetime | None] = mapped_column(Utc, default=None)


class AuditLine(Base):
    """Who did what, in order. `digest` covers the line and the digest before it; triggers refuse changing and deleting."""

    __tablename__ = "audit"
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[str] = mapped_column(String(32))  # text, as it was hashed
    actor: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(16))
    action: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(Key)
    detail: Mapped[str] = mapped_column(Text)  # canonical JSON
    before: Mapped[str] = mapped_column(Hex)
    digest: Mapped[str] = mapped_column(Hex)

    # Newest first of one actor (a program, a kiosk: millions of lines), of one subject.
    __table_args__ = (Index("ix_audit_actor_seq", "actor", "seq"), Index("ix_audit_subject_seq", "subject", "seq"))


class Proposal(Base):
    """What one person asks for and another must agree to: revoking, withdrawing, overriding. It expires."""

    __tablename__ = "proposals"
    proposal_id: Mapped[str] = mapped_column(Key, primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(Key)
    content: Mapped[str] = mapped_column(Text)  # canonical JSON: what is to be done
    asked_by: Mapped[str] = mapped_column(String(64))
    asked_at: Mapped[datetime] = mapped_column(Utc)
    expires_at: Mapped[datetime] = mapped_column(Utc)
    settled_by: Mapped[str] = mapped_column(String(64), default="")
    settled_at: Mapped[datetime | None] = mapped_column(Utc, default=None)
    outcome: Mapped[str] = mapped_column(String(16), default="")  # agreed | refused | gone

    __table_args__ = (Index("ix_proposals_open", "outcome", "expires_at"),)


class Person(Base):
    """Whom a record is about, from the newest roster. Name and number are sealed; what is searched by are keyed marks of them."""

    __tablename__ = "people"
    person_id: Mapped[str] = mapped_column(Key, primary_key=True)
    name_mark: Mapped[str] = mapped_column(String(32), index=True)
    number_mark: Mapped[str] = mapped_column(String(32), index=True)
    sealed: Mapped[str] = mapped_column(Text)
    born_year: Mapped[str] = mapped_column(String(4), default="")  # for the counts by age band
    roster_version: Mapped[int] = mapped_column(default=0, index=True)


class LookupLine(Base):
    """A person's line of the newest roster, sealed by clerks.key, for look-ups from other streets (`elsewhere`)."""

    __tablename__ = "lookup_lines"
    person_id: Mapped[str] = mapped_column(Key, primary_key=True)
    number_mark: Mapped[str] = mapped_column(String(32), index=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    roster_version: Mapped[int]


class LookupCount(Base):
    """How often a kiosk asked for somebody of another street, in the running minute and day."""

    __tablename__ = "lookup_counts"
    kiosk_id: Mapped[str] = mapped_column(ForeignKey("kiosks.kiosk_id"), primary_key=True)
    minute_from: Mapped[datetime] = mapped_column(Utc)
    minute: Mapped[int]
    day_from: Mapped[datetime] = mapped_column(Utc)
    day: Mapped[int]


class Alarm(Base):
    """A kiosk that was silent too long; one open one a kiosk. Told once by each way, and once more when it is heard again."""

    __tablename__ = "alarms"
    alarm_id: Mapped[str] = mapped_column(Key, primary_key=True)
    kiosk_id: Mapped[str] = mapped_column(ForeignKey("kiosks.kiosk_id"), index=True)
    silent_since: Mapped[datetime] = mapped_column(Utc)
    raised_at: Mapped[datetime] = mapped_column(Utc)
    recovered_at: Mapped[datetime | None] = mapped_column(Utc, default=None)
    told: Mapped[str] = mapped_column(String(200), default="")  # ways that worked, as "webhook mail webhook-over"
    busy_until: Mapped[datetime | None] = mapped_column(Utc, default=None)  # one worker is telling it


class RosterDraft(Base):
    """A roster that was handed in and looked at, and not yet issued. The file lies encrypted among the rosters."""

    __tablename__ = "roster_drafts"
    draft_id: Mapped[str] = mapped_column(Key, primary_key=True)
    digest: Mapped[str] = mapped_column(Hex)
    size: Mapped[int]
    plain_size: Mapped[int]
    lines: Mapped[int]
    file_key: Mapped[str] = mapped_column(String(64))
    report: Mapped[str] = mapped_column(Text)  # sealed JSON: counts, differences, examples
    state: Mapped[str] = mapped_column(String(16))  # checked | waiting | issuing | issued | failed | dropped
    told: Mapped[str] = mapped_column(String(200), default="")  # why it failed
    version: Mapped[int] = mapped_column(default=0)
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(Utc)
    changed_at: Mapped[datetime] = mapped_column(Utc)
