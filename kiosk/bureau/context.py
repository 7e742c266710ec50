"""The bureau as one object: its keys, its database, its folder. Made once a process; every other module of the bureau gets it."""

from __future__ import annotations

import base64
import hashlib
import logging
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from pydantic import Field
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session, sessionmaker

from kiosk.bureau import counts, database, peers, rings, tables
from kiosk.bureau.rings import Ring
from kiosk.bureau.rings import key_path as key_path
from kiosk.errors import ConfigError, KioskError
from kiosk.sync import json_bounds, limits, protocol, seal, suites
from kiosk.sync.keys import Keys, read_private, write_private
from kiosk.sync.suites import Suite

log = logging.getLogger(__name__)
CODE_DAYS = 7
ENROL_FAILURES_PER_HOUR = 20  # ours; wrong codes of one station from one source: nobody else is locked out by them


class BureauSettings(protocol.Asked):
    """How one bureau runs; handed to its workers as JSON in the environment."""

    data: str
    db: str = ""  # URL; empty: SQLite in the data folder
    db_read: str = ""  # URL of a read replica (PostgreSQL); empty: the same
    suites: tuple[protocol.SuiteName, ...] = suites.NAMES  # which are served; the first one is used where nobody names any
    auto_confirm: bool = False
    accel: str = ""  # internal path of nginx below which it serves the folder of rosters (X-Accel-Redirect); empty: we do
    access_log: str = ""  # file, or "-" for standard error; empty: none
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
class BureauContext:
    """Open bureau, as it speaks under one suite: `under` gives it under another."""

    settings: BureauSettings
    keys: Keys = field(repr=False)  # of this suite, usually those in force
    rings: Mapping[str, Ring] = field(repr=False)  # of all that are served, by the suite's name
    admin_password: str = field(repr=False)
    engine: Engine = field(repr=False)
    session: sessionmaker[Session] = field(repr=False)
    reading: sessionmaker[Session] = field(repr=False)  # for what only reads, and may be a moment behind: pages, look-ups
    seen: tuple[tuple[int, int] | None, ...] = ()  # of the files of keys, as they were loaded

    @property
    def suite(self) -> Suite:
        """What is spoken here."""
        return suites.of(self.keys.sign)

    def under(self, suite: Suite) -> BureauContext:
        """Return the same bureau with its keys and its id of another suite. Raises Refused: not served here."""
        ring = self.rings.get(suite.name)
        if ring is None:
            raise seal.Refused("other-suite", f"{suite.name} is not served here")
        return self._with(ring.now)

    def under_claimed(self, compact: bytes) -> BureauContext:
        """Return the bureau under the suite that a document claims, to open it or to answer that it is no good; else as it is.

        With the keys of that suite to which the document says that it is sealed, where we have them.
        """
        try:
            header = suites.header_of(compact)
            told = suites.claimed(header)
            context = self if told is None else self.under(told)
            addressed = self.rings[told.name].held.get(str(header.get("kid"))) if told is not None else None
            return context if addressed is None else context._with(addressed)
        except (suites.NotWhole, seal.Refused):
            return self

    def towards(self, believes: str) -> BureauContext:
        """Return the bureau with the keys to answer with: who was told of the newest ones is answered by them (`Ring.towards`)."""
        return self._with(self.rings[self.suite.name].towards(believes, self.keys))

    def to_strangers(self) -> BureauContext:
        """Return the bureau with its oldest keys of this suite: who tells of none may believe no others."""
        ring = self.rings[self.suite.name]
        return self._with(ring.before or ring.now)

    def of_id(self, bureau_id: str) -> BureauContext:
        """Return the bureau with the keys of this id, where it has them in this suite; else as it is."""
        keys = self.rings[self.suite.name].held.get(bureau_id)
        return self if keys is None else self._with(keys)

    def fresh(self) -> BureauContext:
        """Return the bureau with its keys as they lie in its folder now: itself unless some were replaced.

        What cannot be loaded, or is gone, stops nobody who has it loaded.
        """
        folder, names = Path(self.settings.data), self.settings.suites
        seen = rings.seen(folder, names)
        if seen == self.seen:
            return self
        try:
            loaded = rings.load(folder, names)
            if set(loaded) < set(self.rings):
                raise ConfigError(f"{folder}: keys that are in use are gone")
        except ConfigError:
            log.exception("the bureau's keys")
            return replace(self, seen=seen)
        return replace(self, keys=next(iter(loaded.values())).now, rings=loaded, seen=seen)

    def _with(self, keys: Keys) -> BureauContext:
        return self if keys is self.keys else replace(self, keys=keys)

    @property
    def bureau_id(self) -> str:
        """Names this bureau; follows from its keys."""
        return rings.bureau_id(self.keys)

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


def current(state: Any) -> BureauContext:
    """Return the bureau that an application serves: when its keys were changed, every process sees it with the next request."""
    context: BureauContext = state.context
    fresh = context.fresh()
    if fresh is not context:
        state.context = fresh
    return fresh


def utcnow() -> datetime:
    """The bureau's clock. Tests set it ahead of the kiosk's by KIOSK_BUREAU_CLOCK_AHEAD_S."""
    return datetime.now(UTC) + timedelta(seconds=float(os.environ.get("KIOSK_BUREAU_CLOCK_AHEAD_S", "0")))


def prepare(settings: BureauSettings) -> None:
    """Create what is missing (keys of each suite that is served, password, folders) and bring the database up to date."""
    folder = Path(settings.data)
    (folder / "rosters").mkdir(parents=True, exist_ok=True, mode=0o700)
    tidy(folder)
    missing = [name for name in settings.suites if not key_path(folder, name).exists()]
    database.upgrade(settings.url)
    if missing:
        rings.must_be_new(settings.url, folder, missing)
    for name in missing:
        rings.write(key_path(folder, name), Keys(*seal.new_keys(suites.by_name(name))))
    if not (folder / "admin-password").exists():
        write_private(folder / "admin-password", secrets.token_urlsafe(18) + "\n")
    if not (folder / "clerks.key").exists():  # seals second factors; another one only means that they are set up anew
        write_private(folder / "clerks.key", base64.urlsafe_b64encode(secrets.token_bytes(32)).decode() + "\n")


def tidy(folder: Path) -> None:
    """Close the bureau's folder and files to everybody else, and remove what a kill left behind. Nothing of it is in the clear."""
    for left in [*folder.glob("*.upload"), *(folder / "rosters").glob(".*.part"), *folder.glob("*.part")]:
        left.unlink(missing_ok=True)
    if os.name != "posix":
        return
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o700 if path.is_dir() else 0o600)


def open_context(settings: BureauSettings) -> BureauContext:
    """Open a prepared bureau. Raises ConfigError when it was never prepared."""
    folder = Path(settings.data)
    seen = rings.seen(folder, settings.suites)
    loaded = rings.load(folder, settings.suites)
    if not loaded:
        # Never made silently: with other keys every kiosk would refuse this bureau.
        raise ConfigError(f"{folder}: no bureau keys here; run once with --init")
    engine = database.open_engine(settings.url)
    replica = database.open_engine(settings.db_read) if settings.db_read else engine
    writing = sessionmaker(engine, expire_on_commit=False)
    counts.watch(writing)
    return BureauContext(
        settings,
        next(iter(loaded.values())).now,
        loaded,
        read_private(folder / "admin-password").strip(),
        engine,
        writing,
        sessionmaker(database.reading(replica), expire_on_commit=False),
        seen,
    )


# --- enrolment


def make_code(context: BureauContext, station_id: str) -> str:
    """Return a fresh one-time code for a station, under the context's suite.

    "GM" when that is gm-1; 10 secret characters; the fingerprint of the bureau's keys of that suite, which no others have.
    """
    secret = base64.b32encode(secrets.token_bytes(10)).decode()[:10]
    now = utcnow()
    with context.session.begin() as session:
        session.add(
            tables.EnrolmentCode(
                code_hash=_hash(context, secret), station_id=station_id, created_at=now, expires_at=now + timedelta(days=CODE_DAYS)
            )
        )
    whole = secret + seal.fingerprint(context.keys.public)
    mark = ["GM"] if context.suite is suites.GM_1 else []
    return "-".join([*mark, whole[0:5], whole[5:10], whole[10:14], whole[14:18], whole[18:22], whole[22:26]])


def code_address(code: str, station_id: str) -> str:
    """Return what stands in the picture of a code, as kiosk/installation/codes.py reads it."""
    return "pension-kiosk:enrol?" + urlencode({"code": code, "station": station_id})


def _of_code(context: BureauContext, secret: str) -> tuple[BureauContext, str]:
    """Return the context with the keys whose fingerprint a code has: one that was made before the keys changed is good after it."""
    before, hashed = context.to_strangers(), _hash(context, secret)
    if before is context:
        return context, hashed
    older = _hash(before, secret)
    with context.session.begin() as session:
        of_before = session.scalar(select(tables.EnrolmentCode.code_hash).where(tables.EnrolmentCode.code_hash == older))
    return (context, hashed) if of_before is None else (before, older)


def _hash(context: BureauContext, secret: str) -> str:
    # scrypt: fifty secret bits must not be searched quickly by whoever steals the table.
    return hashlib.scrypt(secret.encode(), salt=context.bureau_id.encode(), n=2**14, r=8, p=1, dklen=32).hex()


def enrol(context: BureauContext, compact: str, source: str = "") -> protocol.Enrolled:
    """Register a kiosk by its one-time code; the same kiosk may ask again with the same code. source: whence it is asked.

    Everything is of the context's suite: a code of another one is unknown here. Raises EnrolmentRefused, Refused.
    """
    claimed = _claimed(compact)
    if seal.suite_of(claimed.keys) is not context.suite:
        raise seal.Refused("other-suite")
    request = seal.verify(compact, seal.verify_key(claimed.keys), claimed.station_id, protocol.Enrolment)
    now = utcnow()
    mark = hashlib.sha256(f"{request.station_id}\n{source}".encode()).hexdigest()[:16]
    hour = f"enrol-{now:%Y%m%d%H}-{mark}"
    with context.reading.begin() as session:
        failures = session.scalar(select(tables.Counter.value).where(tables.Counter.name == hour)) or 0
    if failures >= ENROL_FAILURES_PER_HOUR:
        raise EnrolmentRefused("too-many-tries")
    why = ""
    context, hashed = _of_code(context, request.secret)
    kiosk_id = "kiosk-" + seal.fingerprint(request.keys).lower()
    with context.session.begin() as session:
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
                        "suite": context.suite.name,
                        "created_at": now,
                    }
                ],
            )
            session.get_one(tables.Kiosk, kiosk_id).bureau_id = context.bureau_id  # also of one that was here, and lost ours
            if made:
                peers.changed(session, session.get_one(tables.Kiosk, kiosk_id), now)
    if why:
        raise EnrolmentRefused(why)
    return protocol.Enrolled(
        bureau_id=context.bureau_id, kiosk_id=kiosk_id, keys=context.keys.public, kiosk_keys=request.keys, at=now
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


def revoke(context: BureauContext, kiosk_id: str, reason: str, witness: Callable[[Session], None] | None = None) -> bool:
    """Revoke a kiosk; it is told so at its next contact. Returns whether it exists. witness: as for `decisions.decide`."""
    with context.session.begin() as session:
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
