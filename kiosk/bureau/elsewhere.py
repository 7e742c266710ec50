"""Somebody of another street at a station that knows its own people alone: looked up online, `POST /v1/lookup`.

One person for one question, by name and number, so many a minute and a day for each kiosk, each in the audit log. The lines lie in
a table of their own, sealed by `clerks.key`, found by a keyed mark of the number: the database alone names nobody. The worker
fills it from the newest roster, or from what changed in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from kiosk.bureau import areas, database, rosters, tables
from kiosk.bureau.clerks import audit
from kiosk.bureau.clerks.sealing import SealingKeys
from kiosk.bureau.clerks.tables import LookupCount, LookupLine
from kiosk.bureau.context import BureauContext, utcnow
from kiosk.bureau.ingest import Turned, open_sealed
from kiosk.domain.identity import normalise_number
from kiosk.domain.names import same_name
from kiosk.sync import protocol, roster_file

A_MINUTE = 6  # ours: questions of one kiosk; a visit takes longer than ten seconds
A_DAY = 100  # ours: of one kiosk; whoever has a kiosk's keys learns no more people than that
_AT_ONCE = 500
_KEY = "lookup-version"  # counter: the roster whose lines are in the table


def _keys(context: BureauContext) -> SealingKeys:
    return SealingKeys(context, "lines")


def _mark(keys: SealingKeys, id_number: str) -> str:
    return keys.mark(normalise_number(id_number))


# --- the table


def catch_up(context: BureauContext) -> int:
    """Take the newest roster's lines into the table; return how many were written. Without any catchment it is emptied."""
    with context.session.begin() as session:
        done = session.get(tables.Counter, _KEY)
        have = done.value if done is not None else 0
        if session.scalar(select(tables.Catchment.area).limit(1)) is None:
            if have:
                session.execute(delete(LookupLine))
                _note(session, 0)
            return 0
        newest = rosters.newest(session)
        if newest is None or newest.version == have:
            return 0
        delta = session.get(tables.RosterFile, (newest.version, have)) if have else None
    count, keys = 0, _keys(context)
    lines = _lines(context, delta or newest)
    while some := list(islice(lines, _AT_ONCE)):
        _write(context, keys, some, newest.version)
        count += len(some)
    with context.session.begin() as session:
        if delta is None:
            session.execute(delete(LookupLine).where(LookupLine.roster_version < newest.version))
        _note(session, newest.version)
    return count


def _lines(context: BureauContext, row: tables.RosterFile) -> Iterator[tuple[dict[str, Any], bytes]]:
    for line in roster_file.read(context.rosters / f"{row.digest}.roster", rosters.manifest_of(context, row)):
        yield json.loads(line), line


def _write(context: BureauContext, keys: SealingKeys, some: list[tuple[dict[str, Any], bytes]], version: int) -> None:
    gone = [data["person_id"] for data, _ in some if data.get("removed")]
    rows = [
        {
            "person_id": data["person_id"],
            "number_mark": _mark(keys, str(data["id_number"])),
            "sealed": keys.seal(line, data["person_id"]),
            "roster_version": version,
        }
        for data, line in some
        if not data.get("removed")
    ]
    with context.session.begin() as session:
        session.execute(delete(LookupLine).where(LookupLine.person_id.in_(gone)))
        database.put(session, LookupLine, rows)


def _note(session: Session, version: int) -> None:
    session.merge(tables.Counter(name=_KEY, value=version))


# --- the question


def answer(context: BureauContext, body: bytes) -> bytes:
    """Say who somebody is, sealed to the kiosk that asked. Raises Turned.

    A wrong name is answered as an unknown number is. A kiosk of a station without areas knows everybody already; one that looks
    restored or cloned waits for a person.
    """
    asked, kiosk_id, context = open_sealed(context, body, protocol.LookUp)
    now = utcnow()
    with context.session.begin() as session:
        kiosk = database.lock_kiosk(session, kiosk_id)
        if kiosk is None:
            raise Turned(401, "unknown-kiosk")
        if not areas.there(session, kiosk.station_id):
            raise Turned(403, "no-catchment", kiosk_id)
        doubled = select(tables.Finding.finding_id).where(tables.Finding.kiosk_id == kiosk_id, tables.Finding.cleared_at.is_(None))
        if session.scalar(doubled.limit(1)) is not None:
            raise Turned(403, "kiosk-doubled", kiosk_id)
        _count(session, kiosk_id, now)
        told = _found(context, session, asked)
        document = protocol.LookedUp(
            bureau_id=context.bureau_id,
            kiosk_id=kiosk_id,
            question_id=asked.question_id,
            **(told or {"reason": "not-in-roster"}),
        )
        sealed = context.seal_to(kiosk, document)
        person_id = str(json.loads(told["line"])["person_id"]) if told else ""
        who = audit.Actor(kiosk_id, "kiosk")
        audit.write(session, who, "looked-up", person_id, station=kiosk.station_id, area=document.area, found=bool(told))
    return sealed


def _count(session: Session, kiosk_id: str, now: datetime) -> None:
    row = session.get(LookupCount, kiosk_id)
    if row is None:
        row = LookupCount(kiosk_id=kiosk_id, minute_from=now, minute=0, day_from=now, day=0)
        session.add(row)
    if not timedelta() <= now - row.minute_from < timedelta(minutes=1):
        row.minute_from, row.minute = now, 0
    if not timedelta() <= now - row.day_from < timedelta(days=1):
        row.day_from, row.day = now, 0
    if row.minute >= A_MINUTE or row.day >= A_DAY:
        raise Turned(429, "too-many-lookups", kiosk_id)
    row.minute, row.day = row.minute + 1, row.day + 1


def _found(context: BureauContext, session: Session, asked: protocol.LookUp) -> dict[str, Any] | None:
    keys = _keys(context)
    row = session.scalar(
        select(LookupLine)
        .where(LookupLine.number_mark == _mark(keys, asked.id_number))
        .order_by(LookupLine.roster_version.desc())
        .limit(1)
    )
    line = None if row is None else keys.open(row.sealed, row.person_id)
    if row is None or not line:
        return None
    data = json.loads(line)
    if not same_name(str(data["name"]), asked.name):
        return None
    done = session.get(tables.Counter, _KEY)
    version = row.roster_version if done is None or not done.value else done.value
    return {"line": line.decode(), "area": str(data.get("area", ""))[:200], "roster_version": version}
