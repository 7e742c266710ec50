"""The work list: records by state, searched, a page at a time by key, with whom they are about. Reading only."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, literal_column, not_, or_, select

from kiosk.bureau import tables
from kiosk.bureau.clerks import people
from kiosk.bureau.clerks.tables import Person, Proposal
from kiosk.bureau.context import BureauContext, utcnow
from kiosk.bureau.passes import HUMAN_REVIEW
from kiosk.bureau.tables import Kiosk, Record

PAGE = 50
STATES = ("pending", "reviews", "returned", "confirmed", "attempts", "all")
_NAMESAKES = 200  # ours: people of one name whose records are looked for at once; beyond, the number says who is meant
_COUNTED_TO = 1000  # a list that is longer is shown as "1000+": nobody counts a table to say so


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for. Dates are local days of receipt, both included; `person`: a name, a number, or an id."""

    state: str = "pending"
    person: str = ""
    station: str = ""
    channel: str = ""
    first: date | None = None
    last: date | None = None
    suspect: bool = False  # only those whose clock is in doubt


@dataclass(frozen=True, slots=True)
class Line:
    """One record as the list shows it."""

    record_id: str
    person_id: str
    name: str
    number: str  # masked
    station_id: str
    channel: str
    outcome: str
    reason: str
    captured_at: datetime
    received_at: datetime
    clock_suspect: bool
    verdict: str
    decision: str
    decision_reason: str
    papers: int
    answer_by: date | None = None  # human review: until when an answer was promised

    @property
    def decidable(self) -> bool:
        """Whether there is anything to confirm or return."""
        return decidable(self.outcome, self.channel)

    def overdue(self, today: date) -> bool:
        """Whether the promised answer is late."""
        return not self.decision and self.answer_by is not None and self.answer_by < today


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the list. `after`: key of the next one, "" at the end. `cut`: more people have the name than were looked at."""

    lines: list[Line]
    after: str
    cut: bool = False


def decidable(outcome: str, channel: str) -> bool:
    """Whether there is anything to confirm or return: an attempt that failed is an attempt; a human review was asked for."""
    return outcome == "passed" or channel == HUMAN_REVIEW


def _decidable() -> ColumnElement[bool]:
    """As `decidable`, in the words of the indexes (`partial_indexes`): by values of its own a query is not seen to fit them."""
    return or_(Record.outcome == literal_column("'passed'"), Record.channel == literal_column(f"'{HUMAN_REVIEW}'"))


def find(context: BureauContext, wanted: Wanted, zone: ZoneInfo, after: str = "") -> Page:
    """Return a page. What waits stands oldest first, everything else newest first; an `after` that is none of ours is the start."""
    oldest_first = wanted.state in ("pending", "reviews")  # the order of arrival is that of the promised days too
    query = _narrowed(context, select(Record, Kiosk.station_id).join(Kiosk, Kiosk.kiosk_id == Record.kiosk_id), wanted, zone)
    cut, key = False, _read_key(after)
    if wanted.person:
        places, cut = _of_people(context, wanted, zone)
        left = sorted(
            (one for one in places if key is None or (one > key if oldest_first else one < key)), reverse=not oldest_first
        )
        some = left[: PAGE + 1]
        query = query.where(Record.record_id.in_([one for _, one in some]), Record.received_at.in_([at for at, _ in some]))
    elif key is not None:
        query = query.where(_beyond(key, forwards=oldest_first))
    order = (Record.received_at, Record.record_id)
    query = query.order_by(*order) if oldest_first else query.order_by(*(one.desc() for one in order))
    with context.reading.begin() as transaction:
        rows = transaction.execute(query.limit(PAGE + 1)).all()
        shown = rows[:PAGE]
        papers = dict(
            transaction.execute(
                select(tables.Evidence.record_id, func.count())
                .where(tables.Evidence.record_id.in_([record.record_id for record, _ in shown]))
                .group_by(tables.Evidence.record_id)
            ).all()
        )
    known = people.by_id(context, [record.person_id for record, _ in shown])
    lines = [_line(record, station, known.get(record.person_id), papers.get(record.record_id, 0)) for record, station in shown]
    return Page(lines, key_of(lines[-1].received_at, lines[-1].record_id) if len(rows) > PAGE else "", cut)


def waiting(context: BureauContext) -> int:
    """Return how many records wait for a clerk, counted up to a bound."""
    inner = select(Record.record_id).where(Record.decision == "", _decidable()).limit(_COUNTED_TO).subquery()
    with context.reading.begin() as transaction:
        return transaction.scalar(select(func.count()).select_from(inner)) or 0


def next_after(context: BureauContext, received_at: datetime, record_id: str) -> str:
    """Return the id of the record that waits longest behind this one, or of the first that waits, or ""."""
    base = (
        select(Record.record_id)
        .where(Record.decision == "", _decidable(), Record.record_id != record_id)
        .order_by(Record.received_at, Record.record_id)
        .limit(1)
    )
    with context.reading.begin() as transaction:
        found = transaction.scalar(base.where(_beyond((received_at, record_id), forwards=True)))
        return found or transaction.scalar(base) or ""


def _narrowed(context: BureauContext, query: Select[Any, Any], wanted: Wanted, zone: ZoneInfo) -> Select[Any, Any]:
    if wanted.state == "pending":
        query = query.where(Record.decision == "", _decidable())
    elif wanted.state == "reviews":
        query = query.where(Record.decision == "", Record.channel == HUMAN_REVIEW)
    elif wanted.state in ("returned", "confirmed"):
        query = query.where(Record.decision == wanted.state, _decidable())
    elif wanted.state == "attempts":
        query = query.where(not_(_decidable()))
    if wanted.station:
        # By the kiosks' ids, known beforehand: of one station in thousands the newest rows are found by `ix_records_kiosk`, where a
        # join would go through everybody's until fifty of them came.
        with context.reading.begin() as transaction:
            kiosks = list(transaction.scalars(select(Kiosk.kiosk_id).where(Kiosk.station_id == wanted.station)))
        query = query.where(Record.kiosk_id.in_(kiosks))
    if wanted.channel:
        # As it stands: a value beside the statement is not seen to be another way than the usual one (`partial_indexes`).
        query = query.where(Record.channel == bindparam(None, wanted.channel, literal_execute=True))
    if wanted.suspect:
        query = query.where(Record.clock_suspect)  # not "IS true": PostgreSQL does not see that the index is for just these
    if wanted.first is not None:
        query = query.where(Record.received_at >= _midnight(wanted.first, zone))
    if wanted.last is not None and wanted.last < date.max:
        query = query.where(Record.received_at < _midnight(wanted.last + timedelta(days=1), zone))
    return query


def _of_people(context: BureauContext, wanted: Wanted, zone: ZoneInfo) -> tuple[list[tuple[datetime, str]], bool]:
    """Return the places of some people's records, in no order, and whether more people have that name.

    They are few, and found by their people. Asked for in order, fifty at once, PostgreSQL goes through ten million by time.
    """
    about, cut = _about(context, wanted.person.strip())
    places = select(Record.received_at, Record.record_id)
    with context.reading.begin() as transaction:
        found = transaction.execute(_narrowed(context, places, wanted, zone).where(about)).all()
    return [(at, record_id) for at, record_id in found], cut


def _about(context: BureauContext, text: str) -> tuple[ColumnElement[bool], bool]:
    """Return the condition, and whether more people have that name than it holds.

    Whom it means is looked up first: "this record, this person, or whoever has that name" as one condition goes through all rows.
    """
    name, number = people.marks_of(context, text)
    named = select(Person.person_id).where(or_(Person.name_mark == name, Person.number_mark == number)).order_by(Person.person_id)
    with context.reading.begin() as transaction:
        if transaction.get(tables.RecordId, text) is not None:
            return Record.record_id == text, False
        found = list(transaction.scalars(named.limit(_NAMESAKES + 1)))
    return Record.person_id.in_([text, *found[:_NAMESAKES]]), len(found) > _NAMESAKES


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _beyond(key: tuple[datetime, str], *, forwards: bool) -> ColumnElement[bool]:
    """Return what lies behind a place. The first of the two bounds is the index's: by the second alone all before would be read."""
    at, record_id = key
    if forwards:
        return and_(Record.received_at >= at, or_(Record.received_at > at, Record.record_id > record_id))
    return and_(Record.received_at <= at, or_(Record.received_at < at, Record.record_id < record_id))


def key_of(at: datetime, record_id: str) -> str:
    """Return a place in the list as it stands in an address."""
    return base64.urlsafe_b64encode(f"{at.isoformat()} {record_id}".encode()).rstrip(b"=").decode()


def _read_key(text: str) -> tuple[datetime, str] | None:
    try:
        at, _, record_id = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition(" ")
        moment = datetime.fromisoformat(at)
    except (ValueError, binascii.Error):
        return None
    return (moment, record_id) if moment.tzinfo is not None and record_id and "\0" not in record_id else None


def _line(record: Record, station_id: str, person: people.Known | None, papers: int) -> Line:
    return Line(
        record.record_id,
        record.person_id,
        person.name if person else "",
        people.masked(person.number) if person else "",
        station_id,
        record.channel,
        record.outcome,
        record.reason,
        record.corrected_at or record.captured_at,
        record.received_at,
        record.clock_suspect,
        record.verdict,
        record.decision,
        record.decision_reason,
        papers,
        record.answer_by,
    )


# What a record may leave out (`protocol.Record`).
_OPTIONAL: dict[str, Any] = dict.fromkeys(("author", "helper_name", "helper_id_number", "notes"), "") | {
    "valid_from": None,
    "valid_to": None,
    "checks": (),
}


@dataclass(frozen=True, slots=True)
class Paper:
    """A scan that came for review."""

    evidence_id: str
    media_type: str
    received_at: datetime
    size: int


@dataclass(frozen=True, slots=True)
class Whole:
    """One record with everything that a decision needs. `content`: as the kiosk wrote it; `number`: not masked."""

    line: Line
    number: str
    born: str
    kiosk_id: str
    station_name: str
    content: dict[str, Any]
    papers: list[Paper]
    told: list[tuple[datetime, str, str]]  # decisions so far: when, what, why
    asked: Proposal | None  # an open request to change the decision
    others: list[Line]  # attempts of the same person, newest first


def whole(context: BureauContext, record_id: str) -> Whole | None:
    """Return one record, None when there is none."""
    with context.reading.begin() as transaction:
        row = transaction.get(Record, record_id)
        if row is None:
            return None
        kiosk = transaction.get_one(Kiosk, row.kiosk_id)
        papers = transaction.execute(
            select(
                tables.Evidence.evidence_id,
                tables.Evidence.media_type,
                tables.Evidence.received_at,
                func.length(tables.Evidence.content),
            )
            .where(tables.Evidence.record_id == record_id)
            .order_by(tables.Evidence.received_at)
        )
        papers_of = [Paper(*one) for one in papers]
        told = transaction.execute(
            select(tables.Decision.decided_at, tables.Decision.decided, tables.Decision.reason)
            .where(tables.Decision.record_id == record_id, tables.Decision.kiosk_id == row.kiosk_id)
            .order_by(tables.Decision.seq)
        )
        told_of = [(one[0], one[1], one[2]) for one in told]
        asked = transaction.scalar(
            select(Proposal).where(Proposal.subject == record_id, Proposal.outcome == "", Proposal.expires_at > utcnow()).limit(1)
        )
        others = transaction.execute(
            select(Record, Kiosk.station_id)
            .join(Kiosk, Kiosk.kiosk_id == Record.kiosk_id)
            .where(Record.person_id == row.person_id, Record.record_id != record_id)
            .order_by(Record.received_at.desc())
            .limit(10)
        ).all()
    person = people.by_id(context, [row.person_id]).get(row.person_id)
    return Whole(
        _line(row, kiosk.station_id, person, len(papers_of)),
        person.number if person else "",
        person.born if person else "",
        row.kiosk_id,
        kiosk.name,
        {**_OPTIONAL, **json.loads(row.content)},
        papers_of,
        told_of,
        asked,
        [_line(one, station, person, 0) for one, station in others],
    )


def reviews(context: BureauContext, today: date) -> tuple[int, int]:
    """Return how many human reviews wait, and how many of them are overdue, each counted up to a bound."""
    waits = (Record.decision == "", Record.channel == HUMAN_REVIEW)
    with context.reading.begin() as transaction:
        counts = [
            transaction.scalar(
                select(func.count()).select_from(select(Record.record_id).where(*waits, *more).limit(_COUNTED_TO).subquery())
            )
            or 0
            for more in ((), (Record.answer_by < today,))
        ]
    return counts[0], counts[1]
