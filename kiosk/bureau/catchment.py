"""Rosters by catchment: a station's kiosks know the people of its streets, and whoever was there before; nobody else.

Issued by the worker (`kiosk bureau work`) after a roster was, never in a web request. A station without areas gets the one roster
for all, as before. Each bucket is a file of its own; people that did not change are the same file in the next version.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from kiosk.bureau import areas, rosters, tables
from kiosk.bureau.context import BureauContext
from kiosk.sync import limits, protocol, roster_chunks, roster_file, seal, suites

log = logging.getLogger(__name__)
PEOPLE_A_BUCKET = 16  # ours: a change of one person costs his bucket, about 8 KB
AT_ONCE = 200  # ours: stations whose people are held in memory together


@dataclass(slots=True)
class _Station:
    station_id: str
    suite: str
    areas: set[str]
    before: set[str]  # people who were there
    lines: dict[str, bytes] = field(default_factory=dict)


class Served(Protocol):
    """A station: its streets, and who was there before."""

    areas: set[str]
    before: set[str]


Station = TypeVar("Station", bound=Served)


class Routes(Generic[Station]):
    """Which of some stations know a person: those of the street, and where the person was before. One without streets knows all."""

    def __init__(self, stations: Sequence[Station]) -> None:
        self._everybodys = [one for one in stations if not one.areas]
        self._by_area: dict[str, list[Station]] = defaultdict(list)
        self._by_person: dict[str, list[Station]] = defaultdict(list)
        for one in stations:
            if one.areas:
                for area in one.areas:
                    self._by_area[area].append(one)
                for person_id in one.before:
                    self._by_person[person_id].append(one)

    def to(self, person_id: str, area: str) -> list[Station]:
        """Return the stations that know this person, each once."""
        found = (*self._everybodys, *self._by_area.get(area, ()), *self._by_person.get(person_id, ()))
        return list({id(one): one for one in found}.values())


def who_was_there(session: Session, station_ids: Collection[str]) -> dict[str, set[str]]:
    """Return the people of whom a station has a record, by station."""
    people: dict[str, set[str]] = defaultdict(set)
    were_there = (
        select(tables.Kiosk.station_id, tables.Record.person_id)
        .join(tables.Kiosk, tables.Kiosk.kiosk_id == tables.Record.kiosk_id)
        .where(tables.Kiosk.station_id.in_(station_ids))
        .distinct()
    )
    for station_id, person_id in session.execute(were_there) if station_ids else ():
        people[station_id].add(person_id)
    return people


def catch_up(context: BureauContext) -> int:
    """Issue the newest roster to every station that has a catchment and not yet this version; return to how many."""
    with context.session.begin() as session:
        newest = rosters.newest(session)
        if newest is None:
            return 0
        wanted = _wanted(session, newest.version)
    for start in range(0, len(wanted), AT_ONCE):
        _issue(context, newest, wanted[start : start + AT_ONCE])
    return len(wanted)


def _wanted(session: Session, version: int) -> list[_Station]:
    known: dict[str, set[str]] = defaultdict(set)
    for row in session.scalars(select(tables.Catchment)):
        known[row.station_id].add(row.area)
    kiosks = session.execute(
        select(tables.Kiosk.station_id, tables.Kiosk.suite)
        .where(tables.Kiosk.revoked_at.is_(None), tables.Kiosk.station_id.in_(known))
        .distinct()
    ).all()
    rows = session.execute(
        select(tables.StationRoster.station_id, tables.StationRoster.suite).where(tables.StationRoster.version == version)
    )
    done = {(station, suite) for station, suite in rows}
    out = [
        _Station(station, suite, known[station], set())
        for station, suite in sorted((one, two) for one, two in kiosks)
        if (station, suite) not in done
    ]
    people = who_was_there(session, {one.station_id for one in out})
    for one in out:
        one.before = people[one.station_id]
    return out


def _issue(context: BureauContext, newest: tables.RosterFile, stations: Sequence[_Station]) -> None:
    routes = Routes(stations)
    for line in roster_file.read(context.rosters / f"{newest.digest}.roster", rosters.manifest_of(context, newest)):
        data = json.loads(line)
        for one in routes.to(data["person_id"], str(data.get("area", ""))):
            one.lines[data["person_id"]] = line
    for one in stations:
        _write(context, newest, one)
        one.lines.clear()


def _write(context: BureauContext, newest: tables.RosterFile, one: _Station) -> None:
    with context.session.begin() as session:
        before = session.scalar(
            select(tables.StationRoster)
            .where(tables.StationRoster.station_id == one.station_id, tables.StationRoster.suite == one.suite)
            .order_by(tables.StationRoster.version.desc())
            .limit(1)
        )
    kept = json.loads(before.chunks) if before else []
    count = _buckets(len(one.lines), len(kept))
    if count != len(kept):
        kept = [{}] * count
    spread: list[list[tuple[str, bytes]]] = [[] for _ in range(count)]
    for person_id, line in one.lines.items():
        spread[roster_chunks.bucket_of(person_id, count)].append((person_id, line))
    chunks = [
        _chunk(context, one.suite, [line for _, line in sorted(people)], old) for people, old in zip(spread, kept, strict=True)
    ]
    if sum(chunk["plain_size"] for chunk in chunks) > limits.MAX_CHUNKED:
        log.error("catchment of %s: more than kiosks take", one.station_id)
        return
    with context.session.begin() as session:
        session.add(
            tables.StationRoster(
                station_id=one.station_id,
                suite=one.suite,
                version=newest.version,
                created_at=newest.created_at,
                people=len(one.lines),
                chunks=json.dumps(chunks),
            )
        )


def _buckets(people: int, before: int) -> int:
    """As many as before, unless they have become much too full or too empty: another number makes every file anew."""
    if before and people / before <= 4 * PEOPLE_A_BUCKET and (before == 1 or people / before >= PEOPLE_A_BUCKET / 4):
        return before
    return max(1, min(limits.MAX_CHUNKS, people // PEOPLE_A_BUCKET))


def _chunk(context: BureauContext, suite: str, lines: list[bytes], before: dict[str, Any]) -> dict[str, Any]:
    same = hashlib.sha256(b"\n".join(lines)).hexdigest()
    if before.get("same") == same and (context.rosters / f"{before['digest']}.roster").is_file():
        return before
    _, facts = roster_file.write(lines, context.rosters, suites.by_name(suite))
    return {
        "same": same,
        "digest": facts.digest,
        "size": facts.size,
        "plain_size": facts.plain_size,
        "lines": facts.lines,
        "file_key": facts.key,
    }


def manifest(context: BureauContext, kiosk_id: str, have: int) -> bytes | None:
    """Return the sealed chunks of a kiosk's station, or None when it has this version. Raises Refused: no catchment."""
    offered = offer(context, kiosk_id, have)
    return offered[0] if offered else None


def offer(context: BureauContext, kiosk_id: str, have: int) -> tuple[bytes, protocol.RosterChunks] | None:
    """Return the sealed chunks and the document inside. Raises Refused: no catchment."""
    with context.reading.begin() as session:
        kiosk = session.get_one(tables.Kiosk, kiosk_id)
        if not areas.there(session, kiosk.station_id):
            raise seal.Refused("no-catchment")
        row = session.scalar(
            select(tables.StationRoster)
            .where(tables.StationRoster.station_id == kiosk.station_id, tables.StationRoster.suite == kiosk.suite)
            .order_by(tables.StationRoster.version.desc())
            .limit(1)
        )
        if row is None or row.version <= have:
            return None
    document = protocol.RosterChunks(
        bureau_id=context.bureau_id,
        kiosk_id=kiosk_id,
        version=row.version,
        created_at=row.created_at,
        people=row.people,
        chunks=tuple(
            protocol.RosterChunk.model_validate({name: value for name, value in chunk.items() if name != "same"})
            for chunk in json.loads(row.chunks)
        ),
    )
    return context.seal_to(kiosk, document), document


def is_of(context: BureauContext, kiosk_id: str, digest: str) -> bool:
    """Return whether a file is a bucket of this kiosk's own station, and of no other."""
    with context.reading.begin() as session:
        kiosk = session.get_one(tables.Kiosk, kiosk_id)
        found = select(tables.StationRoster.version).where(
            tables.StationRoster.station_id == kiosk.station_id,
            tables.StationRoster.chunks.contains(f'"{digest}"', autoescape=True),
        )
        return session.scalar(found.limit(1)) is not None


def files_of(session: Session, before: datetime) -> set[str]:
    """Return the digests of all buckets that are kept; versions from before then are forgotten, never a station's newest."""
    newest: dict[tuple[str, str], int] = {}
    for station, suite, version in session.execute(
        select(tables.StationRoster.station_id, tables.StationRoster.suite, tables.StationRoster.version)
    ):
        newest[station, suite] = max(version, newest.get((station, suite), 0))
    kept: set[str] = set()
    for row in session.scalars(select(tables.StationRoster)):
        if row.created_at < before and row.version < newest[row.station_id, row.suite]:
            session.delete(row)
        else:
            kept |= {chunk["digest"] for chunk in json.loads(row.chunks)}
    return kept
