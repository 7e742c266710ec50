"""Which people are on lists exported to which portable kiosk for home visits, since when, and what has come back.

Called by `store.home_visits` and the sync side. Ids only: the people stay in this kiosk's own roster.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from kiosk.store import outbox
from kiosk.store.engine import journal
from kiosk.store.engine.database import Store, store_errors


def _create(db: Database) -> None:
    db.execute("""CREATE TABLE home_loans (
        loan_id TEXT PRIMARY KEY,
        to_kiosk TEXT NOT NULL,
        to_name TEXT NOT NULL,
        created_at TEXT NOT NULL,
        until TEXT NOT NULL,
        people TEXT NOT NULL,                    -- their ids, JSON
        staff_id TEXT NOT NULL,
        given_at TEXT NOT NULL DEFAULT '',       -- the list lies on a stick
        returned_at TEXT NOT NULL DEFAULT ''     -- its results came back last
    ) STRICT""")


MIGRATIONS = (_create,)
_COLUMNS = ("loan_id", "to_kiosk", "to_name", "created_at", "until", "people", "staff_id", "given_at", "returned_at")


@dataclass(frozen=True, slots=True)
class ExportedList:
    """A list that was exported."""

    loan_id: str
    to_kiosk: str
    to_name: str
    created_at: datetime
    until: datetime
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExportedTo:
    """Somebody is on a list that a portable kiosk has with it."""

    kiosk_id: str
    kiosk_name: str
    since: datetime


def prepare(store: Store, loan: ExportedList, staff_id: str, now: datetime) -> None:
    """Remember a list before it leaves: whatever comes back about it must be known, even when we die while writing it."""
    row = {
        "loan_id": loan.loan_id,
        "to_kiosk": loan.to_kiosk,
        "to_name": loan.to_name,
        "created_at": outbox.iso(loan.created_at),
        "until": outbox.iso(loan.until),
        "people": json.dumps(list(loan.people)),
        "staff_id": staff_id,
        "given_at": "",
        "returned_at": "",
    }
    with store.transaction() as db:
        db.execute(f"INSERT INTO home_loans VALUES ({', '.join(':' + one for one in _COLUMNS)})", row)  # noqa: S608
        _note(store, db, "home-loan-prepared", loan, {"people": len(loan.people), "until": row["until"], "staff": staff_id}, now)


def mark_exported(store: Store, loan: ExportedList, staff_id: str, now: datetime) -> None:
    """The list lies on the stick: these people are out."""
    with store.transaction() as db:
        db.execute("UPDATE home_loans SET given_at = ? WHERE loan_id = ?", (outbox.iso(now), loan.loan_id))
        _note(store, db, "home-loan-lent", loan, {"people": len(loan.people), "staff": staff_id}, now)


def mark_merged(store: Store, db: Database, loan: ExportedList, new: int, known: int, staff_id: str, now: datetime) -> None:
    """Inside a transaction: results came back."""
    db.execute("UPDATE home_loans SET returned_at = ? WHERE loan_id = ?", (outbox.iso(now), loan.loan_id))
    _note(store, db, "home-loan-brought-in", loan, {"new": new, "known": known, "staff": staff_id}, now)


def find(store: Store, loan_id: str) -> ExportedList | None:
    """Return the list with this id."""
    with store_errors():
        row = store.db.execute(f"SELECT {', '.join(_COLUMNS)} FROM home_loans WHERE loan_id = ?", (loan_id,)).fetchone()  # noqa: S608
    return None if row is None else _list_of(row)


def every(store: Store) -> list[ExportedList]:
    """Return every list that is remembered, the oldest first."""
    with store_errors():
        rows = store.db.execute(f"SELECT {', '.join(_COLUMNS)} FROM home_loans ORDER BY created_at, loan_id").fetchall()  # noqa: S608
    return [_list_of(row) for row in rows]


def any_exported(store: Store) -> bool:
    """True when results may come back to this kiosk."""
    with store_errors():
        return store.db.execute("SELECT 1 FROM home_loans LIMIT 1").fetchone() is not None


def out(store: Store, now: datetime) -> dict[str, ExportedTo]:
    """Return who is out with which kiosk since when, by person id. A newer list counts; what came back or is over does not."""
    with store_errors():
        rows = store.db.execute(
            f"SELECT {', '.join(_COLUMNS)} FROM home_loans WHERE given_at <> '' AND until > ? "  # noqa: S608
            "ORDER BY given_at, loan_id",
            (outbox.iso(now),),
        ).fetchall()
    found: dict[str, ExportedTo] = {}
    for row in rows:
        loan = _list_of(row)
        for person_id in loan.people:
            if row[8]:  # came back: somebody who was exported anew after that is out all the same, by the later row
                found.pop(person_id, None)
            else:
                found[person_id] = ExportedTo(loan.to_kiosk, loan.to_name, datetime.fromisoformat(row[7]))
    return found


def forget(db: Database, before: datetime) -> None:
    """Drop lists that were over before `before`."""
    db.execute("DELETE FROM home_loans WHERE until < ?", (outbox.iso(before),))


def _list_of(row: Sequence[Any]) -> ExportedList:
    return ExportedList(
        row[0], row[1], row[2], datetime.fromisoformat(row[3]), datetime.fromisoformat(row[4]), tuple(json.loads(row[5]))
    )


def _note(store: Store, db: Database, kind: str, loan: ExportedList, data: dict[str, Any], now: datetime) -> None:
    row = db.execute(f"SELECT {', '.join(_COLUMNS)} FROM home_loans WHERE loan_id = ?", (loan.loan_id,)).fetchone()  # noqa: S608
    journal.append(
        store,
        kind,
        {"loan": loan.loan_id, "kiosk": loan.to_kiosk, **data},
        now,
        [("home_loans", dict(zip(_COLUMNS, row, strict=True)))],
    )
