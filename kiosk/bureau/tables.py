"""Tables of the bureau (SQLAlchemy 2). `migrations/` builds them; a test compares both."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
    false,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from kiosk.bureau.partial_indexes import ATTEMPT, DECIDABLE, OTHER_WAYS, REVIEWS, SUSPECT, partial


class Utc(TypeDecorator[datetime]):
    """Aware times in UTC on every database; SQLite drops the zone on the way."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return aware."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """All tables."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {int: BigInteger}  # numbers of kiosks may exceed 32 bits
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


Key = String(128)
Hex = String(64)
# 86 characters at most. SQLite counts none, and would have to make the table anew to say so, which its references forbid.
PublicKey = String(128).with_variant(String(64), "sqlite")


class Kiosk(Base):
    """A registered kiosk. Its row is locked while anything of this kiosk is written, which keeps `decision_seq` without gaps."""

    __tablename__ = "kiosks"
    kiosk_id: Mapped[str] = mapped_column(Key, primary_key=True)
    station_id: Mapped[str] = mapped_column(Key)
    name: Mapped[str] = mapped_column(String(200), default="")
    sign_key: Mapped[str] = mapped_column(PublicKey, unique=True)
    seal_key: Mapped[str] = mapped_column(PublicKey)
    suite: Mapped[str] = mapped_column(String(16), default="std-1", server_default="std-1")
    created_at: Mapped[datetime] = mapped_column(Utc)
    revoked_at: Mapped[datetime | None] = mapped_column(Utc, default=None)
    revoked_reason: Mapped[str] = mapped_column(String(64), default="")
    last_contact: Mapped[datetime | None] = mapped_column(Utc, default=None)
    last_seq: Mapped[int] = mapped_column(default=0)
    backlog: Mapped[int] = mapped_column(default=0)
    roster_version: Mapped[int] = mapped_column(default=0)
    clock_offset_s: Mapped[float | None] = mapped_column(default=None)
    software: Mapped[str] = mapped_column(String(200), default="")
    decision_seq: Mapped[int] = mapped_column(default=0)
    boot_ids: Mapped[str] = mapped_column(Text, default="", server_default="")  # of its last starts, newest first, blanks between
    monotonic_s: Mapped[float | None] = mapped_column(default=None)  # newest of that boot
    cannot_follow: Mapped[str] = mapped_column(Text, default="", server_default="")  # what of which bundle it did not understand
    bureau_id: Mapped[str] = mapped_column(Key, default="", server_default="")  # newest keys of ours that it believes
    follows_keys: Mapped[bool] = mapped_column(default=False, server_default=false())  # its version knows that keys change


class SignedIn(Base):
    """A session at the clerks' page. `flash`: shown once, by the next page. `stage`: what is due before it is a whole one."""

    __tablename__ = "sessions"
    token_hash: Mapped[str] = mapped_column(Hex, primary_key=True)
    user: Mapped[str] = mapped_column(String(200))
    account_id: Mapped[str] = mapped_column(Key, default="", server_default="", index=True)
    stage: Mapped[str] = mapped_column(String(16), default="", server_default="")
    pending: Mapped[str] = mapped_column(Text, default="", server_default="")  # a second factor that is being set up, sealed
    challenge: Mapped[str] = mapped_column(String(128), default="", server_default="")  # for a passkey, and when
    created_at: Mapped[datetime] = mapped_column(Utc)
    last_at: Mapped[datetime] = mapped_column(Utc)
    expires_at: Mapped[datetime] = mapped_column(Utc, index=True)
    flash: Mapped[str] = mapped_column(Text, default="")


class Finding(Base):
    """A kiosk that looks restored from an older copy, or doubled. Open until a clerk clears it; one open one a kiosk and kind."""

    __tablename__ = "findings"
    finding_id: Mapped[str] = mapped_column(Key, primary_key=True)
    kiosk_id: Mapped[str] = mapped_column(ForeignKey("kiosks.kiosk_id"), index=True)
    kind: Mapped[str] = mapped_column(String(64))  # batch-number | two-machines
    first_at: Mapped[datetime] = mapped_column(Utc)
    last_at: Mapped[datetime] = mapped_column(Utc)
    count: Mapped[int] = mapped_column(default=1)
    detail: Mapped[str] = mapped_column(String(200), default="")
    cleared_at: Mapped[datetime | None] = mapped_column(Utc, default=None)
    cleared_by: Mapped[str] = mapped_column(String(200), default="")


class EnrolmentCode(Base):
    """A one-time code, kept as a scrypt hash."""

    __tablename__ = "enrolment_codes"
    code_hash: Mapped[str] = mapped_column(Hex, primary_key=True)
    station_id: Mapped[str] = mapped_column(Key)
    created_at: Mapped[datetime] = mapped_column(Utc)
    expires_at: Mapped[datetime] = mapped_column(Utc)
    used_at: Mapped[datetime | None] = mapped_column(Utc, default=None)
    kiosk_id: Mapped[str] = mapped_column(Key, default="")


class Batch(Base):
    """A batch that was taken, and the receipt that was signed for it. The same bytes again get the same receipt."""

    __tablename__ = "batches"
    batch_id: Mapped[str] = mapped_column(Key, primary_key=True)
    kiosk_id: Mapped[str] = mapped_column(ForeignKey("kiosks.kiosk_id"))
    seq: Mapped[int]
    digest: Mapped[str] = mapped_column(Hex)
    received_at: Mapped[datetime] = mapped_column(Utc)
    records: Mapped[int]
    receipt: Mapped[str] = mapped_column(Text)

    __table_args__ = (Index("ix_batches_seq", "kiosk_id", "seq"),)


class RecordId(Base):
    """That a record was here, and with what content (SHA-256 of its text, whatever the suite).

    It outlives the record's month, so that a late duplicate is still one. Records lie in months on PostgreSQL (`months`),
    where nothing else can keep an id from standing twice.
    """

    __tablename__ = "record_ids"
    record_id: Mapped[str] = mapped_column(Key, primary_key=True)
    content_digest: Mapped[str] = mapped_column(Hex)
    received_at: Mapped[datetime] = mapped_column(Utc)


class Count(Base):
    """A count that is kept: the sum over all shards. A transaction changes only the shard of the kiosk whose row it has locked."""

    __tablename__ = "counts"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    shard: Mapped[str] = mapped_column(Key, primary_key=True)
    value: Mapped[int] = mapped_column(default=0)


class Record(Base):
    """One attempt for one benefit, once. `content` is the canonical JSON as the kiosk wrote it. PostgreSQL: by month of arrival."""

    __tablename__ = "records"
    record_id: Mapped[str] = mapped_column(Key, primary_key=True)
    kiosk_id: Mapped[str] = mapped_column(ForeignKey("kiosks.kiosk_id"))
    batch_id: Mapped[str] = mapped_column(Key)
    content_digest: Mapped[str] = mapped_column(Hex)
    content: Mapped[str] = mapped_column(Text)
    person_id: Mapped[str] = mapped_column(Key, index=True)
    pass_key: Mapped[str] = mapped_column(String(2000), index=True)
    channel: Mapped[str] = mapped_column(String(64))
    outcome: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(64))
    captured_at: Mapped[datetime] = mapped_column(Utc)
    corrected_at: Mapped[datetime | None] = mapped_column(Utc, default=None)
    clock_suspect: Mapped[bool]
    received_at: Mapped[datetime] = mapped_column(Utc)
    verdict: Mapped[str] = mapped_column(String(16))
    decision: Mapped[str] = mapped_column(String(16), default="")
    decision_reason: Mapped[str] = mapped_column(String(64), default="")
    answer_by: Mapped[date | None] = mapped_column(Date, default=None)  # human review: until when an answer was promised

    __table_args__ = (
        Index("ix_records_decision", "decision", "received_at"),
        Index("ix_records_kiosk", "kiosk_id", "received_at"),
        Index("ix_records_received_at", "received_at", "record_id"),  # the work list's pages: all
        partial("ix_records_suspect", "received_at", "record_id", where=SUSPECT),
        partial("ix_records_reviews", "decision", "received_at", where=REVIEWS),
        # What waits, was returned, was confirmed; all of it, and of one station. The work list's queries say the same condition.
        partial("ix_records_decidable", "decision", "received_at", "record_id", where=DECIDABLE),
        partial("ix_records_kiosk_decidable", "kiosk_id", "decision", "received_at", "record_id", where=DECIDABLE),
        partial("ix_records_attempts", "received_at", "record_id", where=ATTEMPT),
        partial("ix_records_kiosk_attempts", "kiosk_id", "received_at", "record_id", where=ATTEMPT),
        partial("ix_records_channel", "channel", "received_at", "record_id", where=OTHER_WAYS),
        partial("ix_records_channel_decision", "channel", "decision", "received_at", "record_id", where=OTHER_WAYS),
        partial("ix_records_kiosk_channel", "kiosk_id", "channel", "decision", "received_at", "record_id", where=OTHER_WAYS),
    )


class Carrier(Base):
    """Another kiosk of the station that has the record too (a home visit brought in): it hears the decisions as well.

    `decision`, `reason`: what it was told last.
    """

    __tablename__ = "carriers"
    kiosk_id: Mapped[str] = mapped_column(ForeignKey("kiosks.kiosk_id"), primary_key=True)
    record_id: Mapped[str] = mapped_column(ForeignKey("record_ids.record_id"), primary_key=True, index=True)
    decision: Mapped[str] = mapped_column(String(16), default="")
    reason: Mapped[str] = mapped_column(String(64), default="")


class Pass(Base):
    """A pass: one for a person, benefit and policy period, whichever kiosk was first."""

    __tablename__ = "passes"
    pass_key: Mapped[str] = mapped_column(String(2000), primary_key=True)
    record_id: Mapped[str] = mapped_column(Key)
    created_at: Mapped[datetime] = mapped_column(Utc)


class Decision(Base):
    """What became of a record; `seq` counts up by one for each kiosk."""

    __tablename__ = "decisions"
    kiosk_id: Mapped[str] = mapped_column(ForeignKey("kiosks.kiosk_id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    record_id: Mapped[str] = mapped_column(Key, index=True)
    decided: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(64), default="")
    decided_at: Mapped[datetime] = mapped_column(Utc)


class Evidence(Base):
    """Evidence for human review, with the consent it came under."""

    __tablename__ = "evidence"
    evidence_id: Mapped[str] = mapped_column(Key, primary_key=True)
    kiosk_id: Mapped[str] = mapped_column(ForeignKey("kiosks.kiosk_id"))
    record_id: Mapped[str] = mapped_column(ForeignKey("record_ids.record_id"), index=True)
    consent_id: Mapped[str] = mapped_column(Key)
    media_type: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(Hex)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(Utc, index=True)


class JournalLine(Base):
    """The kiosks' hash-chained journals, line by line, out of their reach. PostgreSQL: by month of arrival."""

    __tablename__ = "journal"
    kiosk_id: Mapped[str] = mapped_column(ForeignKey("kiosks.kiosk_id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(Hex)
    body: Mapped[str] = mapped_column(Text)
    signature: Mapped[str] = mapped_column(String(200), default="")
    key_id: Mapped[str] = mapped_column(String(200), default="")
    conflict: Mapped[str] = mapped_column(Text, default="")  # a second, different line with this number: the chain was rewritten
    received_at: Mapped[datetime] = mapped_column(Utc, index=True)


class NationalCode(Base):
    """A code that the national platform showed somebody, by its digest: for as long as it lives. `resolve` plays that platform."""

    __tablename__ = "national_codes"
    code_digest: Mapped[str] = mapped_column(Hex, primary_key=True)
    platform: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(200))
    id_number: Mapped[str] = mapped_column(String(32))
    made_at: Mapped[datetime] = mapped_column(Utc)
    taken_by: Mapped[str] = mapped_column(Key, default="")  # the kiosk that asked first: no other one is answered


class RosterFile(Base):
    """A roster file that was issued. `base_version` 0: a snapshot."""

    __tablename__ = "roster_files"
    version: Mapped[int] = mapped_column(primary_key=True)
    base_version: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(Hex, unique=True)
    size: Mapped[int]
    plain_size: Mapped[int]
    lines: Mapped[int]
    file_key: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(Utc)


class RosterCopy(Base):
    """A roster file under another suite than it was issued under, made when a kiosk of that suite first asks."""

    __tablename__ = "roster_copies"
    suite: Mapped[str] = mapped_column(String(16), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    base_version: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(Hex, unique=True)
    size: Mapped[int]
    file_key: Mapped[str] = mapped_column(String(64))


class Catchment(Base):
    """A street or district ("area" of a roster's line) whose people a station's kiosks know."""

    __tablename__ = "catchments"
    station_id: Mapped[str] = mapped_column(Key, primary_key=True)
    area: Mapped[str] = mapped_column(String(64), primary_key=True)


class StationRoster(Base):
    """A station's own roster as it was issued, in buckets. `chunks`: JSON, for each bucket its facts and its people's digest."""

    __tablename__ = "station_rosters"
    station_id: Mapped[str] = mapped_column(Key, primary_key=True)
    suite: Mapped[str] = mapped_column(String(16), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(Utc)
    people: Mapped[int]
    chunks: Mapped[str] = mapped_column(Text)


class KeptReport(Base):
    """What a kiosk last told of itself: JSON of the document. `told_at`: by its own clock."""

    __tablename__ = "station_reports"
    kiosk_id: Mapped[str] = mapped_column(ForeignKey("kiosks.kiosk_id"), primary_key=True)
    told_at: Mapped[datetime] = mapped_column(Utc)
    received_at: Mapped[datetime] = mapped_column(Utc)
    content: Mapped[str] = mapped_column(Text)


class StationVersion(Base):
    """How a kiosk fares with a version: what its update came to, and the most falls of a day."""

    __tablename__ = "station_versions"
    kiosk_id: Mapped[str] = mapped_column(ForeignKey("kiosks.kiosk_id"), primary_key=True)
    version: Mapped[str] = mapped_column(String(64), primary_key=True)
    result: Mapped[str] = mapped_column(String(64), default="")
    falls: Mapped[int] = mapped_column(default=0)
    first_at: Mapped[datetime] = mapped_column(Utc)
    last_at: Mapped[datetime] = mapped_column(Utc)


class SettingSet(Base):
    """Settings for all stations, a group or one (`scope`), as JSON; `second`: the owner's signatures."""

    __tablename__ = "setting_sets"
    scope: Mapped[str] = mapped_column(String(200), primary_key=True)
    version: Mapped[int]
    content: Mapped[str] = mapped_column(Text)
    second: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(Utc)


class StationGroup(Base):
    """The group of a station."""

    __tablename__ = "station_groups"
    station_id: Mapped[str] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(String(64))


class BundleVersion(Base):
    """Policies, staff and revocations, as they were issued. `station_id`: for it alone, as its kiosks changed; empty: all."""

    __tablename__ = "bundles"
    version: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(Utc)
    content: Mapped[str] = mapped_column(Text)
    station_id: Mapped[str] = mapped_column(Key, default="", server_default="")


class Message(Base):
    """A message for the attendants of one station, or of all (`station_id` empty)."""

    __tablename__ = "messages"
    message_id: Mapped[str] = mapped_column(Key, primary_key=True)
    station_id: Mapped[str] = mapped_column(Key, default="")
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Utc)
    until: Mapped[datetime | None] = mapped_column(Utc, default=None)


class Counter(Base):
    """Small counters; a row is locked to number versions one after another."""

    __tablename__ = "counters"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[int] = mapped_column(default=0)
