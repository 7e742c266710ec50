"""Home visits (上门认证): the booked list, the part of the roster a portable kiosk takes along, and what it brings back.

Called by the desk through `store.worker`; files for the portable kiosk are sealed by the sync side.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlite_utils import Database

from kiosk.domain.eligibility import Eligibility
from kiosk.domain.person import RosterEntry
from kiosk.domain.record import Channel, Outcome
from kiosk.store import journal, outbox, records, roster, roster_format, service
from kiosk.store.database import Store, store_errors


def _create(db: Database) -> None:
    db.execute("""CREATE TABLE home_visits (
        person_id TEXT PRIMARY KEY,
        booked_at TEXT NOT NULL,
        booked_by TEXT NOT NULL,          -- staff id, or "roster"
        note TEXT NOT NULL,               -- sick | disabled | alone | very-old | other
        done_at TEXT NOT NULL DEFAULT '',
        done_by TEXT NOT NULL DEFAULT ''
    ) STRICT""")


MIGRATIONS = (_create,)


@dataclass(frozen=True, slots=True)
class HomeVisit:
    """One booked home visit, with what is due."""

    entry: RosterEntry = field(repr=False)
    booked_by: str
    note: str
    due: tuple[Eligibility, ...]


def book(store: Store, person_id: str, note: str, staff_id: str, now: datetime) -> None:
    """Book a visit; booking again starts anew."""
    row = {"person_id": person_id, "booked_at": outbox.iso(now), "booked_by": staff_id, "note": note, "done_at": "", "done_by": ""}
    with store.transaction() as db:
        db.execute("INSERT OR REPLACE INTO home_visits VALUES (:person_id, :booked_at, :booked_by, :note, :done_at, :done_by)", row)
        journal.append(store, "home-visit-booked", {"person": person_id, "staff": staff_id}, now, [("home_visits", row)])


def booked(store: Store, today: date) -> list[HomeVisit]:
    """Return the visits still to be made: booked here or in the roster, with something due; the longest overdue first."""
    with store_errors():
        local = {row[0]: row[1:] for row in store.db.execute(
            "SELECT person_id, booked_by, note, done_at FROM home_visits").fetchall()}
    entries = {entry.person_id: entry for entry in roster.home_visits(store)}
    for person_id in local.keys() - entries.keys():
        entry = roster.find_person(store, person_id)
        if entry is not None:
            entries[person_id] = entry
    found = []
    for person_id, entry in entries.items():
        booked_by, note, _ = local.get(person_id, ("roster", "", ""))
        due = tuple(item for item in service.eligibilities(store, entry, today) if item.may_pass)
        if due:
            found.append(HomeVisit(entry, booked_by, note, due))
    return sorted(found, key=lambda visit: (min((item.due or date.max) for item in visit.due), visit.entry.person_id))


def subset(store: Store, person_ids: Iterable[str]) -> list[bytes]:
    """Return the roster lines of some people, for a portable kiosk (the sync side seals them). Unknown ids are left out."""
    found = (roster.find_person(store, person_id) for person_id in person_ids)
    return [roster_format.to_line(entry) for entry in found if entry is not None]


def bring_in(store: Store, contents: Iterable[str], staff_id: str, now: datetime) -> tuple[int, int]:
    """Take in the records of a portable kiosk (their JSON, opened and verified by the sync side). Returns (new, known).

    Safe to repeat, and safe when the portable kiosk delivered them itself: the record id decides, here and at the bureau.
    Raises ValueError when one of them is no record; then nothing was taken.
    """
    made = [records.from_json(content) for content in contents]
    new = 0
    with store.transaction() as db:
        for record in made:
            if db.execute("SELECT 1 FROM outbox WHERE record_id = ?", (record.record_id,)).fetchone() is None:
                records.save_visit(store, [record], now)
                new += 1
            if record.channel is Channel.HOME_VISIT and record.outcome is Outcome.PASSED:
                done(store, db, record.person_id, record.author, now)
        journal.append(store, "home-records-brought-in", {"staff": staff_id, "new": new, "known": len(made) - new}, now)
    return new, len(made) - new


def done(store: Store, db: Database, person_id: str, staff_id: str, now: datetime) -> None:
    """Inside a transaction: the visit is made."""
    row = db.execute("SELECT booked_at, booked_by, note FROM home_visits WHERE person_id = ?", (person_id,)).fetchone()
    booked_at, booked_by, note = row or (outbox.iso(now), "roster", "")
    values = {"person_id": person_id, "booked_at": booked_at, "booked_by": booked_by, "note": note, "done_at": outbox.iso(now),
              "done_by": staff_id}
    db.execute("INSERT OR REPLACE INTO home_visits VALUES (:person_id, :booked_at, :booked_by, :note, :done_at, :done_by)", values)
    journal.append(store, "home-visit-done", {"person": person_id, "staff": staff_id}, now, [("home_visits", values)])
