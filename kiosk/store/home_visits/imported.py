"""People on lists that another kiosk of the station exported to this one for home visits: their roster lines, until a day.

Written by `visits`, read by `store.roster`, which looks here beside the bureau's roster. No line has a template. They lie in the
main database (encrypted, overwritten when deleted), not in the journal's mirror: they are the lender's, who can export them again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from kiosk.domain.identity import normalise_number
from kiosk.store import clock, outbox
from kiosk.store.engine import journal
from kiosk.store.engine.database import Store, store_errors
from kiosk.store.roster import line as roster_format


def _create(db: Database) -> None:
    db.execute("""CREATE TABLE borrowed_loans (
        loan_id TEXT PRIMARY KEY,
        from_kiosk TEXT NOT NULL,
        from_name TEXT NOT NULL,
        created_at TEXT NOT NULL,
        until TEXT NOT NULL,
        roster_version INTEGER NOT NULL,
        roster_at TEXT NOT NULL,
        people TEXT NOT NULL,                    -- their ids, JSON; they stay when the lines are gone: records name them
        taken_at TEXT NOT NULL,
        taken_by TEXT NOT NULL,                  -- staff id
        returned_at TEXT NOT NULL DEFAULT '',    -- the results were written to a stick last
        ended_at TEXT NOT NULL DEFAULT ''        -- the lines were erased
    ) STRICT""")
    db.execute("""CREATE TABLE borrowed_people (
        person_id TEXT PRIMARY KEY,
        id_number TEXT NOT NULL,
        loan_id TEXT NOT NULL,
        line BLOB NOT NULL,
        booked_at TEXT NOT NULL,
        booked_by TEXT NOT NULL,
        note TEXT NOT NULL
    ) STRICT""")
    db.execute("CREATE INDEX borrowed_number ON borrowed_people (id_number)")


MIGRATIONS = (_create,)
_COLUMNS = (
    "loan_id",
    "from_kiosk",
    "from_name",
    "created_at",
    "until",
    "roster_version",
    "roster_at",
    "people",
    "taken_at",
    "taken_by",
    "returned_at",
    "ended_at",
)


@dataclass(frozen=True, slots=True)
class ListedPerson:
    """One person of a list: the line (no template) and the booking."""

    person_id: str
    line: bytes = field(repr=False)
    booked_at: datetime
    booked_by: str
    note: str


@dataclass(frozen=True, slots=True)
class ImportedList:
    """A list that was taken along. `people`: ids."""

    loan_id: str
    from_kiosk: str
    from_name: str
    created_at: datetime
    until: datetime
    roster_version: int
    roster_at: datetime | None
    people: tuple[str, ...]
    taken_at: datetime
    returned_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """An imported line, and the version of the roster it was taken from."""

    line: bytes = field(repr=False)
    roster_version: int


# --- reading


def find(store: Store, numbers: Iterable[str]) -> Found | None:
    """Return the imported person with one of these (normalised) numbers."""
    for number in numbers:
        row = store.db.execute(
            "SELECT p.line, l.roster_version FROM borrowed_people p JOIN borrowed_loans l USING (loan_id) WHERE p.id_number = ?",
            (number,),
        ).fetchone()
        if row is not None:
            return Found(bytes(row[0]), row[1])
    return None


def find_person(store: Store, person_id: str) -> Found | None:
    """Return the imported person with this id."""
    row = store.db.execute(
        "SELECT p.line, l.roster_version FROM borrowed_people p JOIN borrowed_loans l USING (loan_id) WHERE p.person_id = ?",
        (person_id,),
    ).fetchone()
    return None if row is None else Found(bytes(row[0]), row[1])


def everybody(store: Store) -> dict[str, tuple[str, str, str]]:
    """Return everybody on the imported lists: person id -> (booked by, note, name of the lender)."""
    with store_errors():
        return {
            row[0]: (row[1], row[2], row[3])
            for row in store.db.execute(
                "SELECT p.person_id, p.booked_by, p.note, l.from_name FROM borrowed_people p JOIN borrowed_loans l USING (loan_id)"
            )
        }


def newest(store: Store) -> ImportedList | None:
    """Return the list in use with the newest roster, None when there is none."""
    with store_errors():
        row = store.db.execute(
            f"SELECT {', '.join(_COLUMNS)} FROM borrowed_loans WHERE loan_id IN "  # noqa: S608  fixed names
            "(SELECT loan_id FROM borrowed_people) ORDER BY roster_version DESC, created_at DESC "
            "LIMIT 1"
        ).fetchone()
    return None if row is None else _list_of(row)


def loans(store: Store) -> Iterator[ImportedList]:
    """Yield every list that is remembered, ended ones too, the oldest first."""
    with store_errors():
        rows = store.db.execute(f"SELECT {', '.join(_COLUMNS)} FROM borrowed_loans ORDER BY taken_at, loan_id").fetchall()  # noqa: S608
    for row in rows:
        yield _list_of(row)


def _list_of(row: Sequence[Any]) -> ImportedList:
    return ImportedList(
        row[0],
        row[1],
        row[2],
        datetime.fromisoformat(row[3]),
        datetime.fromisoformat(row[4]),
        row[5],
        _moment(row[6]),
        tuple(json.loads(row[7])),
        datetime.fromisoformat(row[8]),
        _moment(row[10]),
        _moment(row[11]),
    )


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


# --- inside a transaction of `store.home_visits`


def add(store: Store, db: Database, loan: ImportedList, people: Sequence[ListedPerson], staff_id: str, now: datetime) -> int:
    """Take a list; returns how many people are new or newer. A list that was taken before only brings back what is missing."""
    known = db.execute("SELECT ended_at FROM borrowed_loans WHERE loan_id = ?", (loan.loan_id,)).fetchone()
    if known is None:
        row = {
            "loan_id": loan.loan_id,
            "from_kiosk": loan.from_kiosk,
            "from_name": loan.from_name,
            "created_at": outbox.iso(loan.created_at),
            "until": outbox.iso(loan.until),
            "roster_version": loan.roster_version,
            "roster_at": outbox.iso(loan.roster_at) if loan.roster_at else "",
            "people": json.dumps(list(loan.people)),
            "taken_at": outbox.iso(now),
            "taken_by": staff_id,
            "returned_at": "",
            "ended_at": "",
        }
        if loan.roster_at is not None:
            clock.note_issue(db, loan.roster_at)
        db.execute(f"INSERT INTO borrowed_loans VALUES ({', '.join(':' + one for one in _COLUMNS)})", row)  # noqa: S608
    changed = 0
    for one in people:
        number = normalise_number(roster_format.of_line(one.line).id_number)
        before = db.execute(
            "SELECT p.loan_id, l.roster_version, l.created_at FROM borrowed_people p JOIN borrowed_loans l "
            "USING (loan_id) WHERE p.person_id = ?",
            (one.person_id,),
        ).fetchone()
        if before is not None and (before[1], before[2]) >= (loan.roster_version, outbox.iso(loan.created_at)):
            continue
        db.execute(
            "INSERT OR REPLACE INTO borrowed_people VALUES (?, ?, ?, ?, ?, ?, ?)",
            (one.person_id, number, loan.loan_id, one.line, outbox.iso(one.booked_at), one.booked_by, one.note),
        )
        changed += 1
    if changed or known is None:
        journal.append(
            store,
            "home-loan-taken",
            {
                "loan": loan.loan_id,
                "from": loan.from_kiosk,
                "people": len(loan.people),
                "until": outbox.iso(loan.until),
                "roster": loan.roster_version,
                "staff": staff_id,
            },
            now,
            [("borrowed_loans", _row(db, loan.loan_id))],
        )
    return changed


def mark_returned(store: Store, db: Database, loan: ImportedList, records: int, staff_id: str, now: datetime) -> None:
    """The results lie on a stick."""
    db.execute("UPDATE borrowed_loans SET returned_at = ? WHERE loan_id = ?", (outbox.iso(now), loan.loan_id))
    data = {"loan": loan.loan_id, "to": loan.from_kiosk, "records": records, "staff": staff_id}
    journal.append(store, "home-loan-returned", data, now, [("borrowed_loans", _row(db, loan.loan_id))])


def end(store: Store, db: Database, loan: ImportedList, why: str, now: datetime) -> list[str]:
    """Erase the lines of a list; returns the ids of the people who are on no list any more."""
    gone = [
        row[0]
        for row in db.execute("DELETE FROM borrowed_people WHERE loan_id = ? RETURNING person_id", (loan.loan_id,)).fetchall()
    ]
    db.execute("UPDATE borrowed_loans SET ended_at = ? WHERE loan_id = ?", (outbox.iso(now), loan.loan_id))
    journal.append(
        store,
        "home-loan-ended",
        {"loan": loan.loan_id, "why": why, "people": len(gone)},
        now,
        [("borrowed_loans", _row(db, loan.loan_id))],
    )
    return gone


def forget(db: Database, before: datetime) -> None:
    """Drop lists that were over before `before`: no document about them is taken any more."""
    db.execute("DELETE FROM borrowed_loans WHERE until < ? AND ended_at <> ''", (outbox.iso(before),))


def _row(db: Database, loan_id: str) -> dict[str, Any]:
    row = db.execute(f"SELECT {', '.join(_COLUMNS)} FROM borrowed_loans WHERE loan_id = ?", (loan_id,)).fetchone()  # noqa: S608
    return dict(zip(_COLUMNS, row, strict=True))
