"""Whom records are about: names and numbers of the newest roster, for searching, kept as rosters are issued."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from sqlalchemy import Table, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from kiosk.bureau import tables
from kiosk.bureau.clerks.tables import Person
from kiosk.bureau.office import Office, utcnow
from kiosk.sync import protocol, roster_file

_AT_ONCE = 500


def note(office: Office, version: int) -> int:
    """Take the people of an issued snapshot, and let go whoever is no longer in it; return how many. Works in small steps."""
    with office.session.begin() as transaction:
        row = transaction.get(tables.RosterFile, (version, 0))
    if row is None:
        return 0
    facts = roster_file.Facts(row.digest, row.size, row.plain_size, row.lines, row.file_key)
    count = 0
    found = lines_of(office, facts)
    while some := [_row(line, version) for line in islice(found, _AT_ONCE)]:
        _upsert(office, some)
        count += len(some)
    with office.session.begin() as transaction:
        transaction.execute(delete(Person).where(Person.roster_version < version))
    return count


def lines_of(office: Office, facts: roster_file.Facts) -> Iterator[dict[str, Any]]:
    """Yield the people of a roster file of this bureau, parsed."""
    manifest = protocol.RosterManifest(
        bureau_id=office.bureau_id,
        kiosk_id="none",
        version=1,
        created_at=utcnow(),
        digest=facts.digest,
        size=facts.size,
        plain_size=facts.plain_size,
        lines=facts.lines,
        file_key=facts.key,
    )
    for line in roster_file.read(office.rosters / f"{facts.digest}.roster", manifest):
        yield json.loads(line)


def _row(line: dict[str, Any], version: int) -> dict[str, Any]:
    number = str(line["id_number"]).upper()
    born = str(line.get("born") or born_of(number))
    return {
        "person_id": line["person_id"],
        "name": str(line["name"])[:200],
        "number": number[:32],
        "born": born[:10],
        "roster_version": version,
    }


def born_of(number: str) -> str:
    """Return the birthday that a citizen's number of 18 digits holds, or ""."""
    digits = number[6:14]
    if len(number) != 18 or not (digits.isascii() and digits.isdigit()):
        return ""
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"


def _upsert(office: Office, rows: list[dict[str, Any]]) -> None:
    target = Person.__table__
    if not isinstance(target, Table):
        raise TypeError("people")
    make = postgresql.insert if office.engine.dialect.name == "postgresql" else sqlite.insert
    statement = make(target)
    changed = {name: statement.excluded[name] for name in ("name", "number", "born", "roster_version")}
    with office.session.begin() as transaction:
        # In one order: two rosters that are noted at once never wait for each other in a circle.
        transaction.execute(
            statement.on_conflict_do_update(index_elements=["person_id"], set_=changed),
            sorted(rows, key=lambda one: str(one["person_id"])),
        )


def masked(number: str) -> str:
    """Return a number with its middle hidden."""
    return number if len(number) < 10 else f"{number[:4]}{'*' * (len(number) - 8)}{number[-4:]}"


def by_id(office: Office, person_ids: Iterable[str]) -> dict[str, Person]:
    """Return the people that are known of these."""
    with office.session.begin() as transaction:
        return {one.person_id: one for one in transaction.scalars(select(Person).where(Person.person_id.in_(set(person_ids))))}
