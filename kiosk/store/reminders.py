"""The bureau's list of people to call: kept until the next one comes, shown as far as it still holds, ticked off.

Ids, streets and dates alone; who they are stands in the roster. A tick goes into the journal, and with it to the bureau.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlite_utils import Database

from kiosk.domain.person import RosterEntry
from kiosk.domain.reminding import Urgency, Urgent, urgent
from kiosk.store import outbox, service
from kiosk.store.engine import journal
from kiosk.store.engine.database import Store, store_errors
from kiosk.store.roster import lookup as roster

VERSION = "reminders_version"  # in `sync_state`
MADE_ON = "reminders_on"
KEPT_DAYS = 45  # ours: an old list calls people who have come long since


def _create(db: Database) -> None:
    db.execute("""CREATE TABLE reminders (
        person_id TEXT PRIMARY KEY,
        area TEXT NOT NULL,
        urgency TEXT NOT NULL,            -- due | suspended
        due TEXT NOT NULL,
        called_on TEXT NOT NULL DEFAULT '',
        called_by TEXT NOT NULL DEFAULT ''   -- staff id of this kiosk; empty: the bureau told it
    ) STRICT""")


MIGRATIONS = (_create,)


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the bureau's list."""

    person_id: str
    area: str
    urgency: str
    due: date | None
    called_on: date | None = None


@dataclass(frozen=True, slots=True)
class Reminded:
    """Somebody to call, as this kiosk knows the person today."""

    entry: RosterEntry = field(repr=False)
    area: str
    why: Urgent
    called_on: date | None = None
    called_by: str = ""


def version(db: Database) -> int:
    """Return the version of the list that is here; 0: none."""
    return int(outbox.get(db, VERSION, "0"))


def made_on(db: Database) -> date | None:
    """Return the day on which the bureau made the list."""
    told = outbox.get(db, MADE_ON)
    return date.fromisoformat(told) if told else None


def take(store: Store, number: int, made: date, people: Iterable[Told], now: datetime) -> bool:
    """Put a verified list in place of the one that is here; False for one that is not newer. What was ticked here stays ticked."""
    rows = list(people)
    with store.transaction() as db:
        if number <= version(db):
            return False
        since = (made - timedelta(days=KEPT_DAYS)).isoformat()
        kept = {
            person_id: (on, by)
            for person_id, on, by in db.execute(
                "SELECT person_id, called_on, called_by FROM reminders WHERE called_on >= ?", (since,)
            ).fetchall()
        }
        db.execute("DELETE FROM reminders")
        for one in rows:
            told = one.called_on.isoformat() if one.called_on else ""
            here = kept.get(one.person_id, ("", ""))
            on, by = here if here[0] >= told else (told, "")
            due = one.due.isoformat() if one.due else ""
            db.execute(
                "INSERT OR REPLACE INTO reminders VALUES (?, ?, ?, ?, ?, ?)", (one.person_id, one.area, one.urgency, due, on, by)
            )
        outbox.put(db, VERSION, str(number))
        outbox.put(db, MADE_ON, made.isoformat())
        journal.append(store, "reminders-taken", {"version": number, "count": len(rows)}, now)
    return True


def listed(store: Store, today: date) -> list[Reminded]:
    """Return whom to call, by street, those without one last, suspended ones first in each.

    Whoever passed since, died, left the roster or is not entitled by its rules is not on it.
    """
    with store_errors():
        rows = store.db.execute("SELECT person_id, area, urgency, due, called_on, called_by FROM reminders").fetchall()
    found = []
    for person_id, area, urgency, due, on, by in rows:
        entry = roster.find_person(store, person_id)
        if entry is None:
            continue
        answers = service.eligibilities(store, entry, today)
        why = urgent(answers, today)
        if why is None and any(one.may_pass for one in answers):  # the bureau knows more than this kiosk's roster
            why = Urgent(Urgency(urgency), date.fromisoformat(due) if due else None, answers[0].benefit_kind)
        if why is not None:
            found.append(Reminded(entry, area, why, date.fromisoformat(on) if on else None, by))
    return sorted(
        found,
        key=lambda one: (not one.area, one.area, one.why.urgency is Urgency.DUE, one.why.due or date.min, one.entry.person_id),
    )


def mark_called(store: Store, person_id: str, staff_id: str, today: date, now: datetime) -> bool:
    """Somebody called this person today; False: not on the list, or called already. The bureau hears it by the journal."""
    with store.transaction() as db:
        row = db.execute("SELECT called_on FROM reminders WHERE person_id = ?", (person_id,)).fetchone()
        if row is None or row[0]:
            return False
        db.execute(
            "UPDATE reminders SET called_on = ?, called_by = ? WHERE person_id = ?", (today.isoformat(), staff_id, person_id)
        )
        journal.append(store, "reminder-called", {"person": person_id, "on": today.isoformat(), "staff": staff_id}, now)
    return True


def retain(store: Store, today: date) -> int:
    """Erase a list whose time is over; return how many lines went."""
    made = made_on(store.db)
    if made is None or made > today - timedelta(days=KEPT_DAYS):
        return 0
    with store.transaction() as db:
        gone = db.execute("SELECT count(*) FROM reminders").fetchone()[0]
        db.execute("DELETE FROM reminders")
        outbox.put(db, MADE_ON, "")
    return int(gone)
