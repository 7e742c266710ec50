"""The bureau's roster: up to a million people in an encrypted file of its own beside the main database.

A snapshot is built into a new file, by any thread, and adopted by one write in the main database; a delta is one transaction. The
version goes only up. What this kiosk knows better (templates enrolled here, erasures) lives in the main database and prevails.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import sqlcipher3.dbapi2 as sqlcipher
from sqlite_utils import Database

from kiosk.domain.identity import IdNumber, normalise_number, number_of_15
from kiosk.domain.names import plain_number, same_name
from kiosk.domain.person import RosterEntry, RosterStatus, Template
from kiosk.errors import StoreError
from kiosk.store import clock, face_history
from kiosk.store.engine import journal, keys, meta
from kiosk.store.engine.database import Store, store_errors
from kiosk.store.home_visits import imported
from kiosk.store.roster import decoys, visitors
from kiosk.store.roster import line as roster_format
from kiosk.store.roster.attach import attach, roster_errors, sweep
from kiosk.store.roster.build import TEMPLATE, Built, RosterHeader, RosterRefused, about, build, parsed
from kiosk.store.roster.build import row as row_of

__all__ = [
    "Built",
    "RosterHeader",
    "RosterInfo",
    "RosterRefused",
    "adopt",
    "apply_delta",
    "build",
    "drop_template",
    "everybody",
    "find",
    "find_own",
    "find_person",
    "forget_visitors",
    "home_visits",
    "import_snapshot",
    "in_use",
    "info",
    "is_stale",
    "names_to_choose",
    "passed_between",
    "person_ids",
    "same_name",
    "version",
    "version_for",
]

_BATCH = 2000


def _create(db: Database) -> None:
    db.execute("""CREATE TABLE templates (
        person_id TEXT PRIMARY KEY,
        vector BLOB NOT NULL,            -- float32 little-endian, 128
        model_digest TEXT NOT NULL,
        consent_id TEXT NOT NULL,
        enrolled_on TEXT NOT NULL,
        enrolled_by TEXT NOT NULL        -- staff id
    ) STRICT""")
    db.execute("CREATE TABLE erasures (person_id TEXT PRIMARY KEY, consent_id TEXT NOT NULL, erased_on TEXT NOT NULL) STRICT")


def _origin(db: Database) -> None:
    db.execute("ALTER TABLE templates ADD COLUMN origin TEXT NOT NULL DEFAULT 'live'")  # live | photo | chip
    db.execute("ALTER TABLE templates ADD COLUMN quality REAL NOT NULL DEFAULT 0")


MIGRATIONS = (_create, _origin)


@dataclass(frozen=True, slots=True)
class RosterInfo:
    """The roster that is in use. `version` 0: none."""

    version: int
    issued_at: datetime | None
    people: int
    size_bytes: int

    def age_days(self, now: datetime) -> float | None:
        """Return the days since it was issued."""
        return None if self.issued_at is None else (now - self.issued_at).total_seconds() / 86400


# --- reading


def find(store: Store, id_number: str) -> RosterEntry | None:
    """Return the person with this number, of the roster or of an imported list, with what this kiosk knows better.

    Raises StoreError.
    """
    number = normalise_number(id_number)
    # The short form last: rosters that were built before numbers were extended may still be in use.
    wanted = tuple(dict.fromkeys(one for one in (number, plain_number(id_number), number_of_15(number)) if one))
    own: RosterEntry | None = None
    if attach(store):
        with roster_errors(store):
            for number in wanted:
                row = store.db.execute("SELECT line FROM roster.everybody WHERE id_number = ?", (number,)).fetchone()
                if row is not None:
                    own = _entry(row[0])
                    break
    with store_errors():
        return _newer(store, own, imported.find(store, wanted), lambda: visitors.find(store, wanted))


def find_person(store: Store, person_id: str) -> RosterEntry | None:
    """Return the person with this id, of the roster or of an imported list. Raises StoreError."""
    own = find_own(store, person_id)
    with store_errors():
        return _newer(store, own, imported.find_person(store, person_id), lambda: visitors.find_person(store, person_id))


def find_own(store: Store, person_id: str) -> RosterEntry | None:
    """Return the person with this id as the roster has it, imported lists and own knowledge left out. Raises StoreError."""
    if not attach(store):
        return None
    with roster_errors(store):
        row = store.db.execute("SELECT line FROM roster.everybody WHERE person_id = ?", (person_id,)).fetchone()
    return None if row is None else _entry(row[0])


def _newer(
    store: Store, own: RosterEntry | None, listed: imported.Found | None, visitor: Callable[[], imported.Found | None]
) -> RosterEntry | None:
    """The roster's word, or an imported one that is newer, whose template is only ever this kiosk's own; else a visitor's line."""
    if listed is not None and (own is None or listed.roster_version > version(store)):
        own = replace(_entry(listed.line), template=None if own is None else own.template)
    if own is None and (named := visitor()) is not None:
        own = _entry(named.line)
    return None if own is None else _own_knowledge(store, own)


def names_to_choose(store: Store, id_number: str) -> tuple[str, ...]:
    """Return the names to choose from for a typed number, the right one among them when it is in the roster."""
    entry = find(store, id_number)
    return decoys.options(keys.derive(store.key, "decoys"), IdNumber.parse(id_number).number, None if entry is None else entry.name)


def home_visits(store: Store) -> Iterator[RosterEntry]:
    """Yield the people booked for a home visit, here or by the kiosk that exported them."""
    listed = imported.everybody(store)
    if attach(store):
        with roster_errors(store):
            lines = store.db.execute("SELECT line FROM roster.everybody WHERE flags & 1").fetchall()
        for (line,) in lines:
            entry = _entry(line)
            if entry.person_id not in listed:
                yield _own_knowledge(store, entry)
    for person_id in listed:
        found = find_person(store, person_id)
        if found is not None:
            yield found


def passed_between(store: Store, first: date, last: date, limit: int) -> Iterator[RosterEntry]:
    """Yield up to `limit` people whose earliest last pass lies in first..last, the longest ago first."""
    if not attach(store):
        return
    with roster_errors(store):
        rows = store.db.execute(
            "SELECT line FROM roster.everybody WHERE last_pass BETWEEN ? AND ? ORDER BY last_pass LIMIT ?",
            (first.isoformat(), last.isoformat(), limit),
        ).fetchall()
    for (line,) in rows:
        yield _own_knowledge(store, _entry(line))


def everybody(store: Store) -> Iterator[RosterEntry]:
    """Yield all people in order of their ids. For lists; a look-up uses `find`."""
    if not attach(store):
        return
    after = ""
    while True:
        with roster_errors(store):
            rows = store.db.execute(
                "SELECT person_id, line FROM roster.everybody WHERE person_id > ? ORDER BY person_id LIMIT ?", (after, _BATCH)
            ).fetchall()
        if not rows:
            return
        after = rows[-1][0]
        for _, line in rows:
            yield _own_knowledge(store, _entry(line))


def person_ids(store: Store) -> list[str]:
    """Return the ids of all people of the roster in use."""
    if not attach(store):
        return []
    with roster_errors(store):
        return [row[0] for row in store.db.execute("SELECT person_id FROM roster.people").fetchall()]


def info(store: Store) -> RosterInfo:
    """Return what roster is in use."""
    if not attach(store):
        return RosterInfo(0, None, 0, 0)
    with roster_errors(store):
        values = dict(store.db.execute("SELECT key, value FROM roster.about").fetchall())
    size = (store.folder / store.roster_attached).stat().st_size
    return RosterInfo(int(values["version"]), datetime.fromisoformat(values["issued_at"]), int(values["count"]), size)


def version(store: Store) -> int:
    """Return the version in use, 0 for none."""
    if not attach(store):
        return 0
    with roster_errors(store):
        return int(store.db.execute("SELECT value FROM roster.about WHERE key = 'version'").fetchone()[0])


def in_use(store: Store) -> RosterInfo:
    """Return what this kiosk knows people by: its roster, else the imported list of a portable kiosk that has no other."""
    own = info(store)
    loan = imported.newest(store) if not own.version else None
    return own if loan is None else RosterInfo(loan.roster_version, loan.roster_at, len(loan.people), 0)


def version_for(store: Store, person_id: str) -> int:
    """Return the version of the roster that a person's entry is from: the own one, the lender's, or the bureau's for a visitor."""
    found = (imported.find_person(store, person_id), visitors.find_person(store, person_id))
    return max(version(store), *(one.roster_version for one in found if one is not None), 0)


def is_stale(store: Store, now: datetime, days: int | None = None) -> bool:
    """True when what `in_use` names is older than `days` (default: rules.roster_stale_days), or when there is nothing."""
    issued = in_use(store).issued_at
    limit = store.settings.rules.roster_stale_days if days is None else days
    return issued is None or now - issued > timedelta(days=limit)


def forget_visitors(store: Store, now: datetime) -> int:
    """Drop people of other streets whose time is over, or whom the roster has by now. Run with the other housekeeping."""
    return visitors.forget(store, [one for one in visitors.ids(store) if find_own(store, one) is not None], now)


# --- bringing in


def adopt(store: Store, built: Built, now: datetime) -> RosterInfo:
    """Put a built snapshot into use, in one transaction; the old file goes. Raises RosterRefused when it is not newer."""
    try:
        _must_be_newer(store, built.header)
        with store.transaction() as db:
            _must_be_newer(store, built.header)
            meta.put(db, "roster_file", built.path.name)
            meta.put(db, "roster_floor", str(built.header.version))
            clock.note_issue(db, built.header.issued_at)
            journal.append(
                store,
                "roster-imported",
                {"version": built.header.version, "people": built.header.count, "issued_at": built.header.issued_at.isoformat()},
                now,
            )
    except BaseException:
        built.path.unlink(missing_ok=True)
        raise
    attach(store)
    sweep(store)
    return info(store)


def import_snapshot(store: Store, lines: Iterable[bytes], header: RosterHeader, now: datetime) -> RosterInfo:
    """Build and adopt a snapshot in one go. Raises RosterRefused."""
    if header.base_version is not None:
        raise RosterRefused("a delta, not a snapshot")
    _must_be_newer(store, header)
    return adopt(store, build(store.folder, store.key, lines, header), now)


def apply_delta(
    store: Store, lines: Iterable[bytes], header: RosterHeader, now: datetime, *, people: int | None = None
) -> RosterInfo:
    """Change the roster in use from `header.base_version` to `header.version`, in one transaction. Raises RosterRefused.

    people: how many there must be afterwards.
    """
    _must_be_newer(store, header)
    here = version(store)
    if header.base_version is None or here != header.base_version:
        raise RosterRefused(f"the delta builds on version {header.base_version}, here is {here}")
    with store.transaction() as db:
        with roster_errors(store):
            seen = 0
            digest = hashlib.sha256()
            for line in lines:
                digest.update(line + b"\n")
                seen += 1
                _change(db, parsed(line, seen), line)
            if seen != header.count or (header.digest and digest.hexdigest() != header.digest):
                raise RosterRefused("the roster is not what its header says")
            count = db.execute("SELECT count(*) FROM roster.people").fetchone()[0]
            if people is not None and count != people:
                raise RosterRefused(f"{count} people, {people} are meant")
            about(db.conn, header, count, schema="roster.")
        meta.put(db, "roster_floor", str(header.version))
        clock.note_issue(db, header.issued_at)
        journal.append(
            store, "roster-changed", {"version": header.version, "base": header.base_version, "lines": seen, "people": count}, now
        )
    return info(store)


def drop_template(store: Store, person_id: str) -> None:
    """Inside a transaction: take a person's template out of the roster in use (the line is overwritten)."""
    if not attach(store):
        return
    with roster_errors(store):
        row = store.db.execute("SELECT line FROM roster.everybody WHERE person_id = ?", (person_id,)).fetchone()
        if row is None:
            return
        (number,) = store.db.execute(
            "UPDATE roster.people SET flags = flags & ~? WHERE person_id = ? RETURNING id", (TEMPLATE, person_id)
        ).fetchone()
        store.db.execute("UPDATE roster.lines SET line = ? WHERE id = ?", (roster_format.without_template(row[0]), number))


# --- inside


def _change(db: Database, data: dict[str, Any], line: bytes) -> None:
    gone = db.execute("DELETE FROM roster.people WHERE person_id = ? RETURNING id", (data["person_id"],)).fetchall()
    for (number,) in gone:
        db.execute("DELETE FROM roster.lines WHERE id = ?", (number,))
    if data.get("removed"):
        return
    try:
        number = db.execute("INSERT INTO roster.lines (line) VALUES (?) RETURNING id", (line,)).fetchone()[0]
        db.execute("INSERT INTO roster.people VALUES (?, ?, ?, ?, ?)", (number, *row_of(data)))
    except sqlcipher.IntegrityError as error:
        raise RosterRefused("a number stands twice in the roster") from error


def _must_be_newer(store: Store, header: RosterHeader) -> None:
    with store_errors():
        floor = int(meta.get(store.db, "roster_floor", "0"))
    if header.version <= floor:
        raise RosterRefused(f"version {header.version} is not newer than {floor}")


def _entry(line: bytes) -> RosterEntry:
    try:
        return roster_format.of_line(line)
    except ValueError as error:
        raise StoreError(f"a roster entry cannot be read: {error}") from error


def _own_knowledge(store: Store, entry: RosterEntry) -> RosterEntry:
    template = entry.template
    erased = store.db.execute("SELECT consent_id, erased_on FROM erasures WHERE person_id = ?", (entry.person_id,)).fetchone()
    if (
        template is not None
        and erased is not None
        and (template.consent_id == erased[0] or template.enrolled_on is None or template.enrolled_on.isoformat() <= erased[1])
    ):
        template = None
    row = store.db.execute(
        "SELECT vector, model_digest, consent_id, enrolled_on, origin, quality FROM templates WHERE person_id = ?",
        (entry.person_id,),
    ).fetchone()
    if row is not None:
        here = Template(row[0], row[1], row[2], date.fromisoformat(row[3]), row[4], row[5])
        if template is None or template.enrolled_on is None or here.enrolled_on is None or here.enrolled_on >= template.enrolled_on:
            template = here
    died = store.db.execute(
        "SELECT 1 FROM declarations d JOIN outbox o USING (record_id) WHERE d.person_id = ? AND d.kind = 'death' "
        "AND o.state <> 'refused' AND o.decision <> 'returned'",
        (entry.person_id,),
    ).fetchone()
    if died is not None:
        entry = replace(entry, status=RosterStatus.DECEASED)
    if template is entry.template:
        return entry
    return replace(entry, template=template, second=face_history.second_of(store.db, entry.person_id) if template else None)
