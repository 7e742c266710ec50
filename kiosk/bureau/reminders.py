"""Whom stations may call before a pension stops: due within thirty days, in the days of grace, or suspended. By street.

Made once a day by the worker (`kiosk bureau work`), and after a roster was issued, never in a web request. A station with areas
gets its own people, one without gets people of the one roster that it has anyway. Who passed since the roster is on no list.
"""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from kiosk.bureau import catchment, database, rosters, tables
from kiosk.bureau.clerks import policies
from kiosk.bureau.context import BureauContext, utcnow
from kiosk.bureau.reminder_tables import ReminderCall, ReminderList
from kiosk.domain import renewal
from kiosk.domain.calendar_days import local_date
from kiosk.domain.person import RosterEntry, RosterStatus
from kiosk.domain.policy import PolicyBook
from kiosk.domain.reminding import Urgency, Urgent, urgent
from kiosk.sync import json_bounds, limits, protocol, roster_file

log = logging.getLogger(__name__)
CALLS_KEPT = timedelta(days=60)  # ours: a call of last year says nothing of this year's
_AT_ONCE = 500  # people whose records are looked at together


@dataclass(slots=True)
class _Station:
    station_id: str
    areas: set[str] = field(default_factory=set)  # none: everybody
    before: set[str] = field(default_factory=set)  # people who were there
    people: list[tuple[RosterEntry, str, Urgent]] = field(default_factory=list)


def catch_up(context: BureauContext, now: datetime) -> int:
    """Make the lists that are not of today, or of an older roster; return how many."""
    today = local_date(now)
    with context.session.begin() as session:
        newest = rosters.newest(session)
        stations = _wanted(session, newest.version, today) if newest is not None else []
        session.execute(delete(ReminderCall).where(ReminderCall.called_on < today - CALLS_KEPT))
    if newest is None or not stations:
        return 0
    book = policies.book_of(policies.content_of(context).policies)
    routes = catchment.Routes(stations)
    for some in _candidates(context, newest, book, routes, today):
        _settle(context, book, some, newest.created_at, routes, today)
    for one in stations:
        _write(context, one, newest.version, today)
    return len(stations)


def _wanted(session: Session, version: int, today: date) -> list[_Station]:
    done = set(
        session.scalars(
            select(ReminderList.station_id).where(ReminderList.made_on == today, ReminderList.roster_version == version)
        )
    )
    ids = session.scalars(select(tables.Kiosk.station_id).where(tables.Kiosk.revoked_at.is_(None)).distinct())
    found = {one: _Station(one) for one in sorted(set(ids) - done)}
    for row in session.scalars(select(tables.Catchment).where(tables.Catchment.station_id.in_(found))):
        found[row.station_id].areas.add(row.area)
    own = {one.station_id for one in found.values() if one.areas}
    for station_id, people in catchment.who_was_there(session, own).items():
        found[station_id].before = people
    return list(found.values())


def _candidates(
    context: BureauContext, newest: tables.RosterFile, book: PolicyBook, routes: catchment.Routes[_Station], today: date
) -> Iterator[list[RosterEntry]]:
    """Yield, some at a time, whoever is due by what the roster says."""
    some: list[RosterEntry] = []
    for line in roster_file.read(context.rosters / f"{newest.digest}.roster", rosters.manifest_of(context, newest)):
        data = json.loads(line)
        if not routes.to(data["person_id"], str(data.get("area", ""))):
            continue
        entry = roster_file.entry_of(data)
        if _urgent(book, entry, today) is not None:
            some.append(entry)
        if len(some) >= _AT_ONCE:
            yield some
            some = []
    if some:
        yield some


def _urgent(book: PolicyBook, entry: RosterEntry, today: date) -> Urgent | None:
    known = [benefit for benefit in entry.benefits if benefit.policy_id in book]
    return urgent((renewal.decide(book, benefit, entry, today) for benefit in known), today)


def _settle(
    context: BureauContext,
    book: PolicyBook,
    entries: list[RosterEntry],
    issued: datetime,
    routes: catchment.Routes[_Station],
    today: date,
) -> None:
    """Put them on their stations' lists, but for those who passed since."""
    passed: dict[str, dict[str, datetime]] = defaultdict(dict)
    query = select(tables.Record.person_id, tables.Record.pass_key, tables.Record.captured_at).where(
        tables.Record.person_id.in_([one.person_id for one in entries]),
        tables.Record.outcome == "passed",
        tables.Record.decision != "returned",
    )
    with context.reading.begin() as session:
        for person_id, pass_key, at in session.execute(query):
            benefit_id = pass_key.split("/")[1].replace("%2F", "/").replace("%25", "%")
            passed[person_id][benefit_id] = max(at, passed[person_id].get(benefit_id, at))
    for entry in entries:
        why = _urgent(book, _after(book, entry, passed[entry.person_id], issued), today)
        if why is not None:
            for one in routes.to(entry.person_id, entry.area):
                one.people.append((entry, entry.area, why))


def _after(book: PolicyBook, entry: RosterEntry, passed: dict[str, datetime], issued: datetime) -> RosterEntry:
    if not passed:
        return entry
    born = renewal.birthday(entry)
    benefits = tuple(
        renewal.after_pass(book, one, local_date(passed[one.benefit_id]), born)
        if one.benefit_id in passed and one.policy_id in book
        else one
        for one in entry.benefits
    )
    resumed = entry.status is RosterStatus.SUSPENDED and max(passed.values()) >= issued
    return replace(entry, benefits=benefits, status=RosterStatus.ACTIVE if resumed else entry.status)


def _write(context: BureauContext, one: _Station, roster_version: int, today: date) -> None:
    urgent_first = sorted(one.people, key=lambda told: (told[2].urgency is Urgency.DUE, told[2].due or date.min, told[0].person_id))
    kept = urgent_first[: limits.MAX_REMINDERS]
    content = [
        {
            "person_id": entry.person_id,
            "area": area[:64],
            "urgency": why.urgency.value,
            "due": why.due.isoformat() if why.due else None,
        }
        for entry, area, why in kept
    ]
    with context.session.begin() as session:
        row = session.get(ReminderList, one.station_id)
        if row is None:
            row = ReminderList(station_id=one.station_id, version=0, made_on=today, roster_version=0, left_out=0, content="[]")
            session.add(row)
        row.version, row.made_on, row.roster_version = _next(row.version), today, roster_version
        row.left_out, row.content = len(urgent_first) - len(kept), json.dumps(content, ensure_ascii=False)
    if len(urgent_first) > len(kept):
        log.warning("reminders of %s: %d did not fit", one.station_id, len(urgent_first) - len(kept))


def _next(before: int) -> int:
    """A version that is newer also after the database came back from an older backup."""
    return max(before + 1, int(utcnow().timestamp()))


def document(context: BureauContext, kiosk_id: str, have: int) -> tuple[bytes, int] | None:
    """Return the newest list sealed to a kiosk and its version; None when it has it, or none was made yet."""
    with context.session.begin() as session:
        kiosk = session.get(tables.Kiosk, kiosk_id)
        row = session.get(ReminderList, kiosk.station_id) if kiosk is not None else None
        if kiosk is None or row is None or row.version <= have:
            return None
        people: list[dict[str, Any]] = json.loads(row.content)
        calls = dict(session.execute(select(ReminderCall.person_id, ReminderCall.called_on)).all())
    told = protocol.Reminders(
        bureau_id=context.bureau_id,
        kiosk_id=kiosk_id,
        version=row.version,
        made_on=row.made_on,
        left_out=row.left_out,
        people=tuple(protocol.Reminder.model_validate({**one, "called_on": calls.get(one["person_id"])}) for one in people),
    )
    return context.seal_to(kiosk, told), row.version


def note_calls(session: Session, kiosk: tables.Kiosk, lines: Iterable[protocol.JournalLine], now: datetime) -> None:
    """Take the calls that a kiosk journaled: other kiosks of the station see them with the next list. Of its own list alone."""
    told: dict[str, date] = {}
    for line in lines:
        if line.kind == "reminder-called":
            try:
                data = json_bounds.parse(line.body.encode())["data"]
                told[str(data["person"])[:128]] = date.fromisoformat(str(data["on"]))
            except (ValueError, KeyError, TypeError):
                continue  # kept as a line of its journal all the same
    row = session.get(ReminderList, kiosk.station_id) if told else None
    if row is None:
        return
    named = {one["person_id"] for one in json.loads(row.content)} & told.keys()
    rows = [{"person_id": one, "station_id": kiosk.station_id, "called_on": told[one], "received_at": now} for one in sorted(named)]
    new = database.insert_new(session, ReminderCall, rows)
    for one in rows:
        if one["person_id"] not in new:
            known = session.get_one(ReminderCall, one["person_id"])
            known.called_on, known.station_id, known.received_at = (
                max(known.called_on, told[known.person_id]),
                kiosk.station_id,
                now,
            )
    if rows:
        row.version = _next(row.version)
