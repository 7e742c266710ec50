"""People of other streets whom the bureau named for one visit (`sync.elsewhere`): a roster line each, in the main database.

The template goes when the visit ends, or at the next start. The line without it stays for a day, so that the attendant can go on
with the person, and where a record was made until a roster has them: whoever was there before. Encrypted with the database,
overwritten when deleted, not in the journal's mirror: the bureau can be asked again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlite_utils import Database

from kiosk.domain.identity import normalise_number
from kiosk.domain.names import same_name
from kiosk.domain.person import Person
from kiosk.errors import StoreError
from kiosk.store.engine import journal
from kiosk.store.engine.database import Store
from kiosk.store.home_visits.imported import Found
from kiosk.store.roster import line as roster_format

WITHOUT_RECORD = timedelta(days=1)  # ours: the attendant may go on that day
LONGEST = timedelta(days=40)  # ours: by then a roster had them, or the bureau says they are nobody's


def _create(db: Database) -> None:
    db.execute("""CREATE TABLE visitors (
        person_id TEXT PRIMARY KEY,
        id_number TEXT NOT NULL,
        line BLOB NOT NULL,
        roster_version INTEGER NOT NULL,
        visit_id TEXT NOT NULL,
        asked_at TEXT NOT NULL
    ) STRICT""")
    db.execute("CREATE INDEX visitors_number ON visitors (id_number)")


MIGRATIONS = (_create,)


@dataclass(frozen=True, slots=True)
class Visitor:
    """What the bureau said of one person. `area`: whose street it is."""

    line: bytes = field(repr=False)
    area: str
    roster_version: int


def take(store: Store, visitor: Visitor, asked: Person, visit_id: str, now: datetime) -> None:
    """Keep a person for a visit, and journal that they are of another street. Raises StoreError when it is not who was asked."""
    try:
        entry = roster_format.of_line(visitor.line)
        number = normalise_number(entry.id_number)
    except ValueError as error:
        raise StoreError("the bureau's answer is no person") from error
    if number != normalise_number(asked.id_number) or not same_name(entry.name, asked.name):
        raise StoreError("the bureau answered with somebody else")
    with store.transaction() as db:
        db.execute(
            "INSERT OR REPLACE INTO visitors VALUES (?, ?, ?, ?, ?, ?)",
            (entry.person_id, number, visitor.line, visitor.roster_version, visit_id, now.isoformat()),
        )
        told = {"visit": visit_id, "person": entry.person_id, "area": visitor.area, "roster": visitor.roster_version}
        journal.append(store, "looked-up-elsewhere", told, now)


def find(store: Store, numbers: Iterable[str]) -> Found | None:
    """Return the visitor with one of these (normalised) numbers."""
    for number in numbers:
        row = store.db.execute("SELECT line, roster_version FROM visitors WHERE id_number = ?", (number,)).fetchone()
        if row is not None:
            return Found(bytes(row[0]), row[1])
    return None


def find_person(store: Store, person_id: str) -> Found | None:
    """Return the visitor with this id."""
    row = store.db.execute("SELECT line, roster_version FROM visitors WHERE person_id = ?", (person_id,)).fetchone()
    return None if row is None else Found(bytes(row[0]), row[1])


def visit_over(store: Store, visit_id: str = "") -> None:
    """Drop the templates of a visit that is over; without an id, of all: at a start nobody is here."""
    rows = store.db.execute("SELECT person_id, line FROM visitors WHERE ? IN ('', visit_id)", (visit_id,)).fetchall()
    if not rows:
        return
    with store.transaction() as db:
        for person_id, line in rows:
            db.execute("UPDATE visitors SET line = ? WHERE person_id = ?", (roster_format.without_template(bytes(line)), person_id))


def forget(store: Store, known: Iterable[str], now: datetime) -> int:
    """Drop whom a roster has by now (`known`), who left no record within a day, and whoever waited too long; return how many."""
    rows = store.db.execute(
        "SELECT person_id, asked_at, EXISTS (SELECT 1 FROM records r WHERE r.person_id = v.person_id AND r.visit_id = v.visit_id) "
        "FROM visitors v"
    ).fetchall()
    there = set(known)
    gone = [
        person_id
        for person_id, asked_at, recorded in rows
        if person_id in there
        or not timedelta() <= now - datetime.fromisoformat(asked_at) < (LONGEST if recorded else WITHOUT_RECORD)
    ]
    if gone:
        with store.transaction() as db:
            for person_id in gone:
                db.execute("DELETE FROM visitors WHERE person_id = ?", (person_id,))
    return len(gone)


def ids(store: Store) -> list[str]:
    """Return the ids of the visitors that are kept."""
    return [row[0] for row in store.db.execute("SELECT person_id FROM visitors").fetchall()]
