"""Home visits (上门认证): the booked list, the people a portable kiosk takes along, and what it brings back.

Called by the desk through `store.worker`, and by `sync.home_visits`, which seals the documents that pass between two kiosks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from sqlite_utils import Database

from kiosk.domain import renewal
from kiosk.domain.calendar_days import local_date
from kiosk.domain.eligibility import Eligibility
from kiosk.domain.person import RosterEntry, RosterStatus
from kiosk.domain.record import AuthenticationRecord, Channel, Outcome
from kiosk.errors import StoreError
from kiosk.store import face_history, outbox, policies, records, service
from kiosk.store.desk import declarations
from kiosk.store.engine import journal
from kiosk.store.engine.database import Store, store_errors
from kiosk.store.home_visits import changes, exported, imported
from kiosk.store.roster import line as roster_format
from kiosk.store.roster import lookup as roster

OWN_WISH, OWN_WISH_NOTE = "self", "very-old"  # booked on the kiosk by the person, after a face that did not do it
REMEMBERED = timedelta(days=180)  # ours: so long after its end a list is remembered; no document about it is older (92 days)


class RecordConflict(StoreError):
    """A record that is brought in has the id of one that is here, and other content."""

    reason = "seal-invalid"


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
    """One booked home visit, with what is due. `lender`: the kiosk whose list the person is on; `out`: who has it along."""

    entry: RosterEntry = field(repr=False)
    booked_by: str
    note: str
    due: tuple[Eligibility, ...]
    lender: str = ""
    out: exported.ExportedTo | None = None
    cancelled: str = ""  # why it is not to be made any more
    on_day: date | None = None  # agreed on


def book(store: Store, person_id: str, note: str, staff_id: str, now: datetime) -> None:
    """Book a visit; booking again starts anew."""
    row = {"person_id": person_id, "booked_at": outbox.iso(now), "booked_by": staff_id, "note": note, "done_at": "", "done_by": ""}
    with store.transaction() as db:
        db.execute("INSERT OR REPLACE INTO home_visits VALUES (:person_id, :booked_at, :booked_by, :note, :done_at, :done_by)", row)
        changes.settled(store, db, person_id, now)
        journal.append(store, "home-visit-booked", {"person": person_id, "staff": staff_id}, now, [("home_visits", row)])


def booked(store: Store, today: date, now: datetime | None = None) -> list[HomeVisit]:
    """Return the visits still to be made: booked here, in the roster or on an imported list, with something due; longest overdue
    first, cancelled ones last. now: tells who is out with a portable kiosk; None: that is not asked."""
    with store_errors():
        local = {
            row[0]: row[1:] for row in store.db.execute("SELECT person_id, booked_by, note, done_at FROM home_visits").fetchall()
        }
    along, away = imported.everybody(store), exported.out(store, now) if now is not None else {}
    changed = changes.of_all(store)
    entries = {entry.person_id: entry for entry in roster.home_visits(store)}
    for person_id in local.keys() - entries.keys():
        entry = roster.find_person(store, person_id)
        if entry is not None:
            entries[person_id] = entry
    found = []
    for person_id, entry in entries.items():
        theirs = along.get(person_id)
        booked_by, note, _ = local.get(person_id) or (*(theirs[:2] if theirs else ("roster", "")), "")
        due = tuple(item for item in service.eligibilities(store, entry, today) if item.may_pass)
        if due:
            told = changed.get(person_id)
            found.append(
                HomeVisit(
                    entry,
                    booked_by,
                    note,
                    due,
                    theirs[2] if theirs else "",
                    away.get(person_id),
                    told.cancelled if told else "",
                    told.on_day if told else None,
                )
            )
    return sorted(
        found, key=lambda visit: (bool(visit.cancelled), min((item.due or date.max) for item in visit.due), visit.entry.person_id)
    )


# --- for a portable kiosk


def to_export(store: Store, person_ids: Iterable[str]) -> list[imported.ListedPerson]:
    """Return some people as a portable kiosk takes them along, in this order. Who is not in this kiosk's own roster is left
    out, and whose visit is cancelled.

    No template goes along (it would leave the device without a consent); passes made here that the roster does not know do.
    """
    with store_errors():
        local = {row[0]: row[1:] for row in store.db.execute("SELECT person_id, booked_by, note, booked_at FROM home_visits")}
    issued, changed = roster.info(store).issued_at, changes.of_all(store)
    found = []
    for person_id in dict.fromkeys(person_ids):
        if person_id in changed and changed[person_id].cancelled:
            continue
        entry = roster.find_person(store, person_id) if roster.find_own(store, person_id) is not None else None
        if entry is not None and issued is not None:
            booked_by, note, booked_at = local.get(person_id, ("roster", "", ""))
            found.append(
                imported.ListedPerson(
                    person_id,
                    roster_format.to_line(_for_the_road(store, entry)),
                    datetime.fromisoformat(booked_at) if booked_at else issued,
                    booked_by,
                    note,
                )
            )
    return found


def _for_the_road(store: Store, entry: RosterEntry) -> RosterEntry:
    passes, book = records.passes_of(store, entry.person_id), policies.book(store)
    benefits = []
    for benefit in entry.benefits:
        here = passes.get(benefit.benefit_id)
        if here is not None and entry.status is RosterStatus.SUSPENDED:
            continue  # resumed here; out there it would look suspended still
        known = benefit.policy_id in book
        benefits.append(renewal.after_pass(book, benefit, here, renewal.birthday(entry)) if here is not None and known else benefit)
    return replace(entry, template=None, home_visit=True, benefits=tuple(benefits))


def subset(store: Store, person_ids: Iterable[str]) -> list[bytes]:
    """Return the roster lines of some people as they are exported: without templates. Unknown ids are left out."""
    return [one.line for one in to_export(store, person_ids)]


def import_list(
    store: Store, loan: imported.ImportedList, people: Sequence[imported.ListedPerson], staff_id: str, now: datetime
) -> int:
    """Take a verified list; returns how many people are new or newer. No longer than this kiosk's own rules allow.

    Raises ValueError on a line that is no person, names somebody else, or holds a template; then nothing was taken.
    """
    for one in people:
        entry = roster_format.of_line(one.line)
        if entry.template is not None or entry.person_id != one.person_id:
            raise ValueError("not a line of a home-visit list")
    limit = now + timedelta(days=store.settings.rules.home_loan_days)
    with store.transaction() as db:
        return imported.add(store, db, replace(loan, until=min(loan.until, limit)), people, staff_id, now)


def records_of_loan(store: Store, loan: imported.ImportedList) -> list[tuple[str, bool]]:
    """Return this kiosk's records about the people of a list since it was made, the oldest first: (text, covered by a receipt)."""
    since = outbox.iso(min(loan.created_at, loan.taken_at) - timedelta(days=1))  # the clocks of two kiosks differ
    with store_errors():
        rows = store.db.execute(
            "SELECT content, state IN ('received', 'refused') FROM outbox WHERE content <> '' AND created_at >= ? AND person_id IN "
            "(SELECT value FROM json_each(?)) ORDER BY created_at, record_id",
            (since, json.dumps(list(loan.people))),
        ).fetchall()
    return [(content, bool(settled)) for content, settled in rows]


# --- what comes back


def merge_results(
    store: Store, contents: Iterable[str], staff_id: str, now: datetime, loan: exported.ExportedList | None = None
) -> tuple[int, int]:
    """Take in the records of a portable kiosk (their JSON, opened and verified by the sync side). Returns (new, known).

    Safe to repeat, and safe when the portable kiosk delivered them itself: the record id decides, here and at the bureau. What the
    other kiosk digested is kept byte for byte. A death or a withdrawn consent that was declared out there takes effect here too.
    Raises ValueError when one of them is no record, RecordConflict when one says other things than the one here; then nothing
    was taken.
    """
    made = [(records.from_json(content), content) for content in contents]
    new = 0
    erased: list[str] = []
    roster.version(store)  # the roster in use must be attached before the transaction begins
    with store.transaction() as db:
        for record, content in made:
            known = db.execute("SELECT content_digest FROM outbox WHERE record_id = ?", (record.record_id,)).fetchone()
            if known is not None and not outbox.is_digest(known[0], content):
                raise RecordConflict(record.record_id)
            if known is None:
                records.save_visit(store, [record], now, contents={record.record_id: content})
                erased += _take_effect(store, db, record, now)
                new += 1
                if record.channel is Channel.HOME_VISIT and record.outcome is Outcome.PASSED:
                    done(store, db, record.person_id, record.author, now)
        journal.append(store, "home-records-brought-in", {"staff": staff_id, "new": new, "known": len(made) - new}, now)
        if loan is not None:
            exported.mark_merged(store, db, loan, new, len(made) - new, staff_id, now)
    for person_id in erased:
        declarations.scrub_template(store, person_id)
    return new, len(made) - new


def _take_effect(store: Store, db: Database, record: AuthenticationRecord, now: datetime) -> list[str]:
    if record.channel is not Channel.DECLARATION or record.reason not in set(declarations.Declaration):
        return []
    kind = declarations.Declaration(record.reason)
    entry = roster.find_person(store, record.person_id)
    rows = declarations.take_effect(
        store,
        db,
        record.record_id,
        record.person_id,
        kind,
        entry.template.consent_id if entry is not None and entry.template is not None else "",
        local_date(now, store.settings.station.timezone),
        now,
    )
    journal.append(store, "declared", {"kind": str(kind), "person": record.person_id, "staff": record.author}, now, rows)
    return [record.person_id] if kind in declarations.ERASING else []


def done(store: Store, db: Database, person_id: str, staff_id: str, now: datetime) -> None:
    """Inside a transaction: the visit is made."""
    row = db.execute("SELECT booked_at, booked_by, note FROM home_visits WHERE person_id = ?", (person_id,)).fetchone()
    theirs = imported.everybody(store).get(person_id)
    booked_at, booked_by, note = row or (outbox.iso(now), *(theirs[:2] if theirs else ("roster", "")))
    values = {
        "person_id": person_id,
        "booked_at": booked_at,
        "booked_by": booked_by,
        "note": note,
        "done_at": outbox.iso(now),
        "done_by": staff_id,
    }
    db.execute("INSERT OR REPLACE INTO home_visits VALUES (:person_id, :booked_at, :booked_by, :note, :done_at, :done_by)", values)
    changes.settled(store, db, person_id, now)
    journal.append(store, "home-visit-done", {"person": person_id, "staff": staff_id}, now, [("home_visits", values)])


# --- retention


def retain(store: Store, now: datetime) -> int:
    """Erase imported people whose time is over, or whose results are on their way and safe. Returns how many people went.

    Run by the app with the other housekeeping. Records are never touched: they stay until their own retention, delivered or not.
    """
    roster.version(store)
    gone: list[str] = []
    with store.transaction() as db:
        for loan in list(imported.loans(store)):
            if loan.ended_at is not None:
                continue
            returned = loan.returned_at is not None and all(settled for _, settled in records_of_loan(store, loan))
            if loan.until <= now or returned:
                gone += imported.end(store, db, loan, "over" if loan.until <= now else "returned", now)
        strangers = [one for one in gone if roster.find_person(store, one) is None]
        for person_id in strangers:
            face_history.forget(db, person_id)
        for person_id in strangers:  # a template made out there is for a face that never comes here again
            if db.execute("DELETE FROM templates WHERE person_id = ? RETURNING 1", (person_id,)).fetchall():
                journal.append(store, "template-erased", {"person": person_id}, now, [("-templates", {"person_id": person_id})])
        imported.forget(db, now - REMEMBERED)
        exported.forget(db, now - REMEMBERED)
        changes.forget(db, now - REMEMBERED)
    for person_id in strangers:
        declarations.scrub_template(store, person_id)
    if gone:
        with store_errors():
            store.db.execute("PRAGMA main.wal_checkpoint(TRUNCATE)").fetchall()
    return len(gone)
