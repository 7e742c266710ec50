"""Booked visits that were cancelled, taken up again or moved to a day: known here, and told to whoever has the list out.

Ids, days and codes; the newest word about a person counts, whoever said it. Used by `visits` and the sync side.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlite_utils import Database

from kiosk.store import outbox
from kiosk.store.engine import journal
from kiosk.store.engine.database import Store, store_errors

CANCELLED = "cancelled"


def _create(db: Database) -> None:
    db.execute("""CREATE TABLE home_changes (
        person_id TEXT PRIMARY KEY,
        changed_at TEXT NOT NULL,
        changed_by TEXT NOT NULL,         -- staff id here; else which kiosk said so, or bureau
        cancelled TEXT NOT NULL,          -- why; empty: it is to be made
        on_day TEXT NOT NULL              -- the day that was agreed, if any
    ) STRICT""")


MIGRATIONS = (_create,)


@dataclass(frozen=True, slots=True)
class Change:
    """The newest word about one booked visit. `cancelled`: a code, "" for a visit that is to be made, perhaps on `on_day`."""

    person_id: str
    at: datetime
    cancelled: str = ""
    on_day: date | None = None


def of_all(store: Store) -> dict[str, Change]:
    """Return the changes by person id."""
    with store_errors():
        rows = store.db.execute("SELECT person_id, changed_at, cancelled, on_day FROM home_changes").fetchall()
    return {
        person_id: Change(person_id, datetime.fromisoformat(at), cancelled, date.fromisoformat(on) if on else None)
        for person_id, at, cancelled, on in rows
    }


def change(store: Store, told: Change, staff_id: str) -> None:
    """Somebody changed a visit here. The journal takes it to the bureau, which tells the station's other kiosks."""
    data = {"person": told.person_id, "cancelled": told.cancelled, "on": _iso(told.on_day), "staff": staff_id}
    with store.transaction() as db:
        journal.append(store, "home-visit-changed", data, told.at, [("home_changes", _put(db, told, staff_id))])


def take(store: Store, told: Iterable[Change], said_by: str, now: datetime) -> int:
    """Take what another kiosk of the station or the bureau says; what is newer here stays. Returns how many were news."""
    with store.transaction() as db:
        known = dict(db.execute("SELECT person_id, changed_at FROM home_changes").fetchall())
        new = [one for one in told if outbox.iso(one.at) > known.get(one.person_id, "")]
        rows = [("home_changes", _put(db, one, said_by)) for one in new]
        if rows:
            journal.append(store, "home-changes-taken", {"by": said_by, "count": len(rows)}, now, rows)
    return len(rows)


def about(store: Store, people: Iterable[str]) -> list[Change]:
    """Return what is known of some people."""
    known = of_all(store)
    return [known[one] for one in people if one in known]


def forget(db: Database, before: datetime) -> None:
    """Drop changes that are older than any list."""
    db.execute("DELETE FROM home_changes WHERE changed_at < ?", (outbox.iso(before),))


def settled(store: Store, db: Database, person_id: str, now: datetime) -> None:
    """Inside a transaction: the visit was made, or booked anew; what was changed before says nothing any more."""
    if db.execute("DELETE FROM home_changes WHERE person_id = ? RETURNING 1", (person_id,)).fetchall():
        journal.append(store, "home-change-settled", {"person": person_id}, now, [("-home_changes", {"person_id": person_id})])


def _put(db: Database, told: Change, by: str) -> dict[str, Any]:
    row = {
        "person_id": told.person_id,
        "changed_at": outbox.iso(told.at),
        "changed_by": by,
        "cancelled": told.cancelled,
        "on_day": _iso(told.on_day),
    }
    db.execute("INSERT OR REPLACE INTO home_changes VALUES (:person_id, :changed_at, :changed_by, :cancelled, :on_day)", row)
    return row


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def receipts_about(store: Store, people: Iterable[str], at: datetime, limit: int) -> list[str]:
    """Return the bureau's signed words that cover this kiosk's records about some people since then, the newest first."""
    with store_errors():
        rows = store.db.execute(
            "SELECT DISTINCT r.signed, r.received_at FROM outbox o JOIN receipts r USING (receipt_id) WHERE o.state = 'received' "
            "AND o.created_at >= ? AND o.person_id IN (SELECT value FROM json_each(?)) ORDER BY r.received_at DESC LIMIT ?",
            (outbox.iso(at), json.dumps(list(people)), limit),
        ).fetchall()
    return [row[0] for row in rows]
