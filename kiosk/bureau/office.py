"""The bureau as one object: its keys, its database, its folder. Made once a process; every other module of the bureau gets it."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session, sessionmaker

from kiosk.bureau import database, peers, tables
from kiosk.errors import ConfigError, KioskError
from kiosk.sync import json_bounds, limits, protocol, seal
from kiosk.sync.keys import Keys, dump_keys, parse_keys, read_private, write_private

CODE_DAYS = 7
ENROL_FAILURES_PER_HOUR = 20  # ours; wrong codes of one station from one source: nobody else is locked out by them


class BureauSettings(protocol.Asked):
    """How one bureau runs; handed to its workers as JSON in the environment."""

    data: str
    db: str = ""  # URL; empty: SQLite in the data folder
    db_read: str = ""  # URL of a read replica (PostgreSQL); empty: the same
    auto_confirm: bool = False
    max_body: Annotated[int, Field(gt=0)] = limits.MAX_SEALED
    max_upload: Annotated[int, Field(gt=0)] = limits.MAX_ROSTER_FILE  # bytes of a roster that a clerk hands in

    @property
    def url(self) -> str:
        """The database URL."""
        return self.db or f"sqlite:///{Path(self.data) / 'bureau.db'}"


class EnrolmentRefused(KioskError):
    """An enrolment was refused; `why` is stable: code-unknown, code-used, code-expired, other-station, keys-revoked,
    too-many-tries."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class Office:
    """Open bureau."""

    settings: BureauSettings
    keys: Keys = field(repr=False)
    admin_password: str = field(repr=False)
    engine: Engine = field(repr=False)
    session: sessionmaker[Session] = field(repr=False)
    reading: sessionmaker[Session] = field(repr=False)  # for what only reads, and may be a moment behind: pages, look-ups

    @property
    def bureau_id(self) -> str:
        """Names this bureau; follows from its keys."""
        return "bureau-" + seal.fingerprint(self.keys.public)

    @property
    def rosters(self) -> Path:
        """Folder of the issued roster files."""
        return Path(self.settings.data) / "rosters"

    def sign(self, document: protocol.Document) -> str:
        """Return the document signed by the bureau."""
        return seal.sign(document, self.keys.sign, self.bureau_id)

    def seal_to(self, kiosk: tables.Kiosk, document: protocol.Document) -> bytes:
        """Return the document signed by the bureau and sealed to one kiosk."""
        keys = protocol.PublicKeys(sign=kiosk.sign_key, seal=kiosk.seal_key)
        return seal.encrypt(self.sign(document), seal.recipient_key(keys), kiosk.kiosk_id)


def utcnow() -> datetime:
    """The bureau's clock. Tests set it ahead of the kiosk's by KIOSK_BUREAU_CLOCK_AHEAD_S."""
    return datetime.now(UTC) + timedelta(seconds=float(os.environ.get("KIOSK_BUREAU_CLOCK_AHEAD_S", "0")))


def prepare(settings: BureauSettings) -> None:
    """Create what is missing (keys, password, folders) and bring the database up to date."""
    folder = Path(settings.data)
    (folder / "rosters").mkdir(parents=True, exist_ok=True, mode=0o700)
    tidy(folder)
    if not (folder / "keys.json").exists():
        write_private(folder / "keys.json", dump_keys(Keys(*seal.new_keys())))
    if not (folder / "admin-password").exists():
        write_private(folder / "admin-password", secrets.token_urlsafe(18) + "\n")
    if not (folder / "clerks.key").exists():  # seals second factors; another one only means that they are set up anew
        write_private(folder / "clerks.key", base64.urlsafe_b64encode(secrets.token_bytes(32)).decode() + "\n")
    database.upgrade(settings.url)


def tidy(folder: Path) -> None:
    """Close the bureau's folder and files to everybody else, and remove what a kill left behind. Nothing of it is in the clear."""
    for left in [*folder.glob("*.upload"), *(folder / "rosters").glob(".*.part"), *folder.glob("*.part")]:
        left.unlink(missing_ok=True)
    if os.name != "posix":
        return
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o700 if path.is_dir() else 0o600)


def open_office(settings: BureauSettings) -> Office:
    """Open a prepared bureau. Raises ConfigError when it was never prepared."""
    folder = Path(settings.data)
    if not (folder / "keys.json").exists():
        # Never made silently: with other keys every kiosk would refuse this bureau.
        raise ConfigError(f"{folder}: no bureau keys here; run once with --init")
    keys = parse_keys(read_private(folder / "keys.json"), str(folder / "keys.json"))
    engine = database.open_engine(settings.url)
    replica = database.open_engine(settings.db_read) if settings.db_read else engine
    return Office(
        settings,
        keys,
        read_private(folder / "admin-password").strip(),
        engine,
        sessionmaker(engine, expire_on_commit=False),
        sessionmaker(database.reading(replica), expire_on_commit=False),
    )


# --- enrolment


def make_code(office: Office, station_id: str) -> str:
    """Return a fresh one-time code for a station: 10 secret characters, then the fingerprint of the bureau's keys."""
    secret = base64.b32encode(secrets.token_bytes(10)).decode()[:10]
    now = utcnow()
    with office.session.begin() as session:
        session.add(
            tables.EnrolmentCode(
                code_hash=_hash(office, secret), station_id=station_id, created_at=now, expires_at=now + timedelta(days=CODE_DAYS)
            )
        )
    whole = secret + seal.fingerprint(office.keys.public)
    return "-".join([whole[0:5], whole[5:10], whole[10:14], whole[14:18], whole[18:22], whole[22:26]])


def _hash(office: Office, secret: str) -> str:
    # scrypt: fifty secret bits must not be searched quickly by whoever steals the table.
    return hashlib.scrypt(secret.encode(), salt=office.bureau_id.encode(), n=2**14, r=8, p=1, dklen=32).hex()


def enrol(office: Office, compact: str, source: str = "") -> protocol.Enrolled:
    """Register a kiosk by its one-time code; the same kiosk may ask again with the same code. source: whence it is asked.

    Raises EnrolmentRefused, Refused.
    """
    claimed = _claimed(compact)
    request = seal.verify(compact, seal.verify_key(claimed.keys), claimed.station_id, protocol.Enrolment)
    now = utcnow()
    mark = hashlib.sha256(f"{request.station_id}\n{source}".encode()).hexdigest()[:16]
    hour = f"enrol-{now:%Y%m%d%H}-{mark}"
    with office.reading.begin() as session:
        failures = session.scalar(select(tables.Counter.value).where(tables.Counter.name == hour)) or 0
    if failures >= ENROL_FAILURES_PER_HOUR:
        raise EnrolmentRefused("too-many-tries")
    why = ""
    hashed = _hash(office, request.secret)
    kiosk_id = "kiosk-" + seal.fingerprint(request.keys).lower()
    with office.session.begin() as session:
        code = session.scalar(select(tables.EnrolmentCode).where(tables.EnrolmentCode.code_hash == hashed).with_for_update())
        if code is None:
            why = "code-unknown"
            database.next_value(session, hour)
        elif code.station_id != request.station_id:
            why = "other-station"
        elif code.used_at is not None and code.kiosk_id != kiosk_id:
            why = "code-used"
        elif code.used_at is None and code.expires_at < now:
            why = "code-expired"
        elif session.scalar(select(tables.Kiosk.revoked_at).where(tables.Kiosk.kiosk_id == kiosk_id)) is not None:
            why = "keys-revoked"
        elif code.used_at is None:
            code.used_at, code.kiosk_id = now, kiosk_id
            made = database.insert_new(
                session,
                tables.Kiosk,
                [
                    {
                        "kiosk_id": kiosk_id,
                        "station_id": request.station_id,
                        "name": request.name,
                        "sign_key": request.keys.sign,
                        "seal_key": request.keys.seal,
                        "created_at": now,
                        "revoked_reason": "",
                        "last_seq": 0,
                        "backlog": 0,
                        "roster_version": 0,
                        "software": "",
                        "decision_seq": 0,
                    }
                ],
            )
            if made:
                peers.changed(session, session.get_one(tables.Kiosk, kiosk_id), now)
    if why:
        raise EnrolmentRefused(why)
    return protocol.Enrolled(
        bureau_id=office.bureau_id, kiosk_id=kiosk_id, keys=office.keys.public, kiosk_keys=request.keys, at=now
    )


def _claimed(compact: str) -> protocol.Enrolment:
    # Read unverified, only to learn the key that the same document must then be verified with.
    try:
        payload = compact.split(".")[1]
        if len(payload) > 20_000:
            raise ValueError("long")
        return protocol.Enrolment.model_validate(json_bounds.parse(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))
    except (ValueError, IndexError, RecursionError) as error:
        raise seal.Refused("malformed", "not an enrolment") from error


def revoke(office: Office, kiosk_id: str, reason: str, witness: Callable[[Session], None] | None = None) -> bool:
    """Revoke a kiosk; it is told so at its next contact. Returns whether it exists. witness: as for `decisions.decide`."""
    with office.session.begin() as session:
        kiosk = database.lock_kiosk(session, kiosk_id)
        if kiosk is None:
            return False
        fresh = kiosk.revoked_at is None
        now = utcnow()
        kiosk.revoked_at, kiosk.revoked_reason = now, reason
        if fresh:
            peers.changed(session, kiosk, now)
        if witness is not None:
            witness(session)
        return True
