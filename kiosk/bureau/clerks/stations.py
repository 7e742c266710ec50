"""Kiosks as the table shows them, and whom the machine fails: attempts by age band over all stations. Reading only."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import and_, func, or_, select

from kiosk.bureau import reports, tables
from kiosk.bureau.clerks.tables import Alarm, Person
from kiosk.bureau.context import BureauContext, utcnow
from kiosk.bureau.tables import Kiosk, Record
from kiosk.sync.protocol import StationReport
from kiosk.updates import rollout

PAGE = 100
SHOWS = ("all", "silent", "backlog", "trouble", "revoked")
CLOCK_OFF_S = 120.0  # ours: said of a clock
MIN_SHOWN = 5  # as `kiosk.store.ledger`: a group of fewer is nobody's business
FAIR_DAYS = 30
_MACHINE = ("self-face", "helped-face")  # channels in which the machine decides
_BANDS = ("<60", "60-64", "65-69", "70-74", "75-79", "80-84", "85-89", "90+", "unknown")


@dataclass(frozen=True, slots=True)
class Shown:
    """One kiosk. Times aware; `roster_days`: age of the roster it has, None when it has none."""

    kiosk_id: str
    station_id: str
    name: str
    last_contact: datetime | None
    silent: bool
    backlog: int
    software: str
    suite: str
    keys: str  # id of the newest keys of the bureau that it believes
    keys_behind: bool  # others were announced or are in force, and it has not heard of them
    cannot_follow: str
    roster_version: int
    roster_days: int | None
    clock_offset_s: float | None
    findings: int
    journal_conflicts: int
    revoked_at: datetime | None
    revoked_reason: str
    created_at: datetime
    ring: str = ""  # of the newest version that goes out
    told_at: datetime | None = None
    report: StationReport | None = None  # what it told of itself last

    @property
    def clock_off(self) -> bool:
        """Whether its clock is further off than it may be."""
        return self.clock_offset_s is not None and abs(self.clock_offset_s) > CLOCK_OFF_S


def find(context: BureauContext, show: str, text: str, silent_h: float, after: tuple[str, str] | None) -> tuple[list[Shown], bool]:
    """Return a page of kiosks by station, and whether there are more. text: part of a station's number or name."""
    now = utcnow()
    late = now - timedelta(hours=silent_h)
    is_silent = and_(
        Kiosk.revoked_at.is_(None),
        or_(Kiosk.last_contact < late, and_(Kiosk.last_contact.is_(None), Kiosk.created_at < late)),
    )
    open_findings = (
        select(tables.Finding.kiosk_id, func.count().label("n"))
        .where(tables.Finding.cleared_at.is_(None))
        .group_by(tables.Finding.kiosk_id)
        .subquery()
    )
    query = (
        select(Kiosk, func.coalesce(open_findings.c.n, 0), is_silent)
        .outerjoin(open_findings, open_findings.c.kiosk_id == Kiosk.kiosk_id)
        .order_by(Kiosk.station_id, Kiosk.kiosk_id)
        .limit(PAGE + 1)
    )
    if show == "silent":
        query = query.where(is_silent)
    elif show == "backlog":
        query = query.where(Kiosk.backlog > 0, Kiosk.revoked_at.is_(None))
    elif show == "trouble":
        query = query.where(or_(open_findings.c.n > 0, Kiosk.cannot_follow != ""))
    elif show == "revoked":
        query = query.where(Kiosk.revoked_at.is_not(None))
    if text:
        query = query.where(or_(Kiosk.station_id.startswith(text, autoescape=True), Kiosk.name.contains(text, autoescape=True)))
    if after is not None:
        query = query.where(or_(Kiosk.station_id > after[0], and_(Kiosk.station_id == after[0], Kiosk.kiosk_id > after[1])))
    with context.reading.begin() as transaction:
        rows = transaction.execute(query).all()
        ids = [kiosk.kiosk_id for kiosk, _, _ in rows]
        issued = dict(
            transaction.execute(
                select(tables.RosterFile.version, func.min(tables.RosterFile.created_at))
                .where(tables.RosterFile.version.in_({kiosk.roster_version for kiosk, _, _ in rows}))
                .group_by(tables.RosterFile.version)
            ).all()
        )
        rewritten = dict(
            transaction.execute(
                select(tables.JournalLine.kiosk_id, func.count())
                .where(tables.JournalLine.kiosk_id.in_(ids), tables.JournalLine.conflict != "")
                .group_by(tables.JournalLine.kiosk_id)
            ).all()
        )
        told = reports.of(transaction, ids)
    shown = [
        _shown(context, kiosk, n, bool(silent), issued.get(kiosk.roster_version), rewritten.get(kiosk.kiosk_id, 0), now)
        for kiosk, n, silent in rows[:PAGE]
    ]
    newest = next(reversed(rollout.offers_in(repository(context))), None)
    ringed = [replace(one, ring=rollout.ring_of(one.station_id, newest) if newest else "") for one in shown]
    with_reports = [
        replace(one, told_at=told[one.kiosk_id][0], report=told[one.kiosk_id][1]) if one.kiosk_id in told else one for one in ringed
    ]
    return with_reports, len(rows) > PAGE


def repository(context: BureauContext) -> Path:
    """Return where the repository of updates lies."""
    return Path(context.settings.data) / "updates"


@dataclass(frozen=True, slots=True)
class Rollout:
    """A version that goes out: to whom it is open, and how it fares. `stopped`: when and why, "" while it is not."""

    version: str
    ring: str
    share: int
    canaries: int
    stopped: str
    tally: rollout.Tally


def rollouts(context: BureauContext) -> list[Rollout]:
    """Return the versions that are offered, the newest first."""
    with context.reading.begin() as transaction:
        told = reports.tallies(transaction, utcnow())
    found = []
    for offer in reversed(rollout.offers_in(repository(context))):
        plan = offer.get("plan") or {}
        ring = rollout.RINGS[plan["ring"]].name if plan else ""
        tally = told.get(str(offer["version"]), rollout.Tally())
        share, named = int(offer.get("share", 0)), len(offer.get("canaries", ()))
        found.append(Rollout(str(offer["version"]), ring, share, named, str(plan.get("stopped", "")), tally))
    return found


def _shown(
    context: BureauContext, kiosk: Kiosk, findings: int, silent: bool, issued: datetime | None, rewritten: int, now: datetime
) -> Shown:
    ring = context.rings.get(kiosk.suite)
    return Shown(
        kiosk.kiosk_id,
        kiosk.station_id,
        kiosk.name,
        kiosk.last_contact,
        silent,
        kiosk.backlog,
        kiosk.software,
        kiosk.suite,
        kiosk.bureau_id,
        ring is not None and len(ring.held) > 1 and kiosk.revoked_at is None and kiosk.bureau_id != ring.newest,
        kiosk.cannot_follow,
        kiosk.roster_version,
        None if issued is None else max(0, (now - issued).days),
        kiosk.clock_offset_s,
        findings,
        rewritten,
        kiosk.revoked_at,
        kiosk.revoked_reason,
        kiosk.created_at,
    )


@dataclass(frozen=True, slots=True)
class Counts:
    """Kiosks in numbers, for the top of the page."""

    all: int
    silent: int
    backlog: int
    trouble: int
    revoked: int


def counts(context: BureauContext, silent_h: float) -> Counts:
    """Return how many kiosks there are of each kind."""
    late = utcnow() - timedelta(hours=silent_h)
    heard = func.coalesce(Kiosk.last_contact, Kiosk.created_at)
    on = Kiosk.revoked_at.is_(None)
    with context.reading.begin() as transaction:

        def of(*where: Any) -> int:
            return transaction.scalar(select(func.count()).select_from(Kiosk).where(*where)) or 0

        with_finding = select(tables.Finding.kiosk_id).where(tables.Finding.cleared_at.is_(None))
        return Counts(
            of(),
            of(on, heard < late),
            of(on, Kiosk.backlog > 0),
            of(or_(Kiosk.kiosk_id.in_(with_finding), Kiosk.cannot_follow != "")),
            of(Kiosk.revoked_at.is_not(None)),
        )


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a kiosk's journal told of its devices and program."""

    seq: int
    kind: str
    code: str


def troubles(context: BureauContext, kiosk_id: str) -> list[Trouble]:
    """Return what went wrong there lately, newest first: calls for an attendant and errors, from its journal."""
    query = (
        select(tables.JournalLine.seq, tables.JournalLine.kind, tables.JournalLine.body)
        .where(
            tables.JournalLine.kiosk_id == kiosk_id,
            tables.JournalLine.kind.in_(("attendant-called", "unexpected-error", "evidence-turned-away")),
        )
        .order_by(tables.JournalLine.seq.desc())
        .limit(20)
    )
    with context.reading.begin() as transaction:
        rows = transaction.execute(query).all()
    return [Trouble(seq, kind, _code(body)) for seq, kind, body in rows]


def _code(body: str) -> str:
    try:
        data = json.loads(body)["data"]
        return str(data.get("reason") or data.get("code") or data.get("why") or "")[:64]
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        return ""


def alarms(context: BureauContext) -> list[tuple[Alarm, str, str]]:
    """Return the open alarms with station and name, the oldest first."""
    query = (
        select(Alarm, Kiosk.station_id, Kiosk.name)
        .join(Kiosk, Kiosk.kiosk_id == Alarm.kiosk_id)
        .where(Alarm.recovered_at.is_(None))
        .order_by(Alarm.silent_since)
        .limit(50)
    )
    with context.reading.begin() as transaction:
        return [(alarm, station, name) for alarm, station, name in transaction.execute(query)]


@dataclass(frozen=True, slots=True)
class Band:
    """Attempts at a machine of one age band. takes 0: fewer than MIN_SHOWN, not shown."""

    band: str
    takes: int
    failed: int

    @property
    def percent(self) -> float | None:
        """Share that failed, in percent."""
        return 100.0 * self.failed / self.takes if self.takes else None


def fairness(context: BureauContext, days: int = FAIR_DAYS) -> list[Band]:
    """Return attempts and failures by age band over all stations, of the last days. Small groups are left out, not rounded."""
    since = utcnow() - timedelta(days=days)
    query = (
        select(Person.born_year, func.count(), func.count().filter(Record.outcome == "failed"))
        .select_from(Record)
        .outerjoin(Person, Person.person_id == Record.person_id)
        .where(Record.received_at >= since, Record.channel.in_(_MACHINE), Record.outcome.in_(("passed", "failed")))
        .group_by(Person.born_year)
    )
    takes: dict[str, int] = {}
    failed: dict[str, int] = {}
    this_year = utcnow().year
    with context.reading.begin() as transaction:
        for born, n, bad in transaction.execute(query):
            band = band_of(born, this_year)
            takes[band] = takes.get(band, 0) + n
            failed[band] = failed.get(band, 0) + bad
    return [
        Band(band, takes[band], failed[band]) if takes[band] >= MIN_SHOWN else Band(band, 0, 0)
        for band in _BANDS
        if takes.get(band)
    ]


def band_of(born_year: str | None, this_year: int) -> str:
    """Return the five-year band of somebody born in a year, by the year's end."""
    if not born_year or not born_year.isdigit():
        return "unknown"
    age = this_year - int(born_year)
    if age < 60:
        return "<60"
    return "90+" if age >= 90 else f"{age // 5 * 5}-{age // 5 * 5 + 4}"
