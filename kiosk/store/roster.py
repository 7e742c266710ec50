"""The bureau's roster: up to a million people in an encrypted file of its own beside the main database.

A snapshot is built into a new file, by any thread, and adopted by one write in the main database; a delta is one transaction. The
version goes only up. What this kiosk knows better (templates enrolled here, erasures) lives in the main database and prevails.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlcipher3.dbapi2 as sqlcipher
from pydantic_core import from_json  # half the time of json.loads, over a million lines
from sqlite_utils import Database

from kiosk import failpoints
from kiosk.domain.identity import IdNumber, normalise_number
from kiosk.domain.person import RosterEntry, RosterStatus, Template
from kiosk.errors import StoreError
from kiosk.store import decoys, journal, keys, meta, roster_format
from kiosk.store.database import Store, StoreCorrupt, is_damage, put_aside, store_errors

_HOME_VISIT, _TEMPLATE = 1, 2
_BATCH = 2000
_Row = tuple[str, str, int, str, bytes]     # number, person, flags, earliest last pass, line


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


MIGRATIONS = (_create,)


class RosterRefused(StoreError):
    """A roster that is older than the one here, does not fit on it, or is not what its header says."""

    reason = "seal-invalid"


@dataclass(frozen=True, slots=True)
class RosterHeader:
    """What the verified manifest says. `base_version` None: a snapshot. `digest`: SHA-256 of the lines with their line feeds,
    in hexadecimal; empty where whoever opened the file has checked it already."""

    version: int
    issued_at: datetime
    count: int
    base_version: int | None = None
    digest: str = ""


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


@dataclass(frozen=True, slots=True)
class Built:
    """A snapshot that is on the disk, not yet in use."""

    path: Path
    header: RosterHeader


# --- reading


def find(store: Store, id_number: str) -> RosterEntry | None:
    """Return the person with this number, with what this kiosk knows better. Raises StoreError."""
    if not _attach(store):
        return None
    wanted = dict.fromkeys((IdNumber.parse(id_number).number, normalise_number(id_number)))
    with _roster_errors(store):
        for number in wanted:
            row = store.db.execute("SELECT line FROM roster.people WHERE id_number = ?", (number,)).fetchone()
            if row is not None:
                return _own_knowledge(store, _entry(row[0]))
    return None


def find_person(store: Store, person_id: str) -> RosterEntry | None:
    """Return the person with this id. Raises StoreError."""
    if not _attach(store):
        return None
    with _roster_errors(store):
        row = store.db.execute("SELECT line FROM roster.people WHERE person_id = ?", (person_id,)).fetchone()
        return None if row is None else _own_knowledge(store, _entry(row[0]))


def same_name(one: str, two: str) -> bool:
    """True when two names are the same but for width, blanks and the form of the middle dot."""
    return _plain_name(one) == _plain_name(two)


def names_to_choose(store: Store, id_number: str) -> tuple[str, ...]:
    """Return the names to choose from for a typed number, the right one among them when it is in the roster."""
    entry = find(store, id_number)
    return decoys.options(keys.derive(store.key, "decoys"), IdNumber.parse(id_number).number, None if entry is None else entry.name)


def home_visits(store: Store) -> Iterator[RosterEntry]:
    """Yield the people booked for a home visit."""
    if not _attach(store):
        return
    with _roster_errors(store):
        for (line,) in store.db.execute("SELECT line FROM roster.people WHERE flags & 1").fetchall():
            yield _own_knowledge(store, _entry(line))


def passed_between(store: Store, first: date, last: date, limit: int) -> Iterator[RosterEntry]:
    """Yield up to `limit` people whose earliest last pass lies in first..last, the longest ago first."""
    if not _attach(store):
        return
    with _roster_errors(store):
        rows = store.db.execute("SELECT line FROM roster.people WHERE last_pass BETWEEN ? AND ? ORDER BY last_pass LIMIT ?",
                                (first.isoformat(), last.isoformat(), limit)).fetchall()
    for (line,) in rows:
        yield _own_knowledge(store, _entry(line))


def everybody(store: Store) -> Iterator[RosterEntry]:
    """Yield all people in order of their ids. For lists; a look-up uses `find`."""
    if not _attach(store):
        return
    after = ""
    while True:
        with _roster_errors(store):
            rows = store.db.execute("SELECT person_id, line FROM roster.people WHERE person_id > ? ORDER BY person_id LIMIT ?",
                                    (after, _BATCH)).fetchall()
        if not rows:
            return
        after = rows[-1][0]
        for _, line in rows:
            yield _own_knowledge(store, _entry(line))


def info(store: Store) -> RosterInfo:
    """Return what roster is in use."""
    if not _attach(store):
        return RosterInfo(0, None, 0, 0)
    with _roster_errors(store):
        values = dict(store.db.execute("SELECT key, value FROM roster.about").fetchall())
    size = (store.folder / store.roster_attached).stat().st_size
    return RosterInfo(int(values["version"]), datetime.fromisoformat(values["issued_at"]), int(values["count"]), size)


def version(store: Store) -> int:
    """Return the version in use, 0 for none."""
    if not _attach(store):
        return 0
    with _roster_errors(store):
        return int(store.db.execute("SELECT value FROM roster.about WHERE key = 'version'").fetchone()[0])


def is_stale(store: Store, now: datetime, days: int | None = None) -> bool:
    """True when the roster is older than `days` (default: rules.roster_stale_days), or when there is none."""
    issued = info(store).issued_at
    limit = store.settings.rules.roster_stale_days if days is None else days
    return issued is None or now - issued > timedelta(days=limit)


# --- bringing in


def build(folder: Path, key: bytes, lines: Iterable[bytes], header: RosterHeader) -> Built:
    """Write a snapshot into a new file of the store's folder. Touches nothing else: any thread may do it, for as long as it takes.

    folder, key: `store.folder` and `store.key`. lines: of a stream whose seal is verified (`kiosk.sync`); they may raise at
    their end. Raises RosterRefused when they are not what the header says; then no file stays.
    """
    path = folder / f"roster-{header.version:09d}-{secrets.token_hex(4)}.db"
    connection = sqlcipher.connect(str(path), isolation_level=None, check_same_thread=False)
    if __debug__:
        failpoints.trace(connection)
    try:
        os.chmod(path, 0o600)
        connection.execute("PRAGMA cipher_log_level = NONE")
        connection.execute(f"PRAGMA key = \"x'{_file_key(key)}'\"")
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE", "cache_size = -65536",
                       "temp_store = MEMORY"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        _make_tables(connection)
        count = _fill(connection, lines, header)
        connection.execute("BEGIN")
        try:
            connection.execute("CREATE UNIQUE INDEX people_number ON people (id_number)")
            connection.execute("CREATE UNIQUE INDEX people_person ON people (person_id)")
        except sqlcipher.IntegrityError as error:
            raise RosterRefused("a person or a number stands twice in the roster") from error
        connection.execute("CREATE INDEX people_home ON people (flags) WHERE flags & 1")
        connection.execute("CREATE INDEX people_pass ON people (last_pass)")
        _about(connection, header, count)
        connection.execute("COMMIT")
        connection.close()
        with path.open("r+b") as file:
            os.fsync(file.fileno())
        keys.sync_folder(folder)
    except BaseException as error:
        connection.close()
        path.unlink(missing_ok=True)
        if isinstance(error, sqlcipher.Error | OSError):
            raise StoreError(f"the roster cannot be written: {error}") from error
        raise
    return Built(path, header)


def adopt(store: Store, built: Built, now: datetime) -> RosterInfo:
    """Put a built snapshot into use, in one transaction; the old file goes. Raises RosterRefused when it is not newer."""
    try:
        _must_be_newer(store, built.header)
        with store.transaction() as db:
            _must_be_newer(store, built.header)
            meta.put(db, "roster_file", built.path.name)
            meta.put(db, "roster_floor", str(built.header.version))
            journal.append(store, "roster-imported", {
                "version": built.header.version, "people": built.header.count,
                "issued_at": built.header.issued_at.isoformat()}, now)
    except BaseException:
        built.path.unlink(missing_ok=True)
        raise
    _attach(store)
    _sweep(store)
    return info(store)


def import_snapshot(store: Store, lines: Iterable[bytes], header: RosterHeader, now: datetime) -> RosterInfo:
    """Build and adopt a snapshot in one go. Raises RosterRefused."""
    if header.base_version is not None:
        raise RosterRefused("a delta, not a snapshot")
    _must_be_newer(store, header)
    return adopt(store, build(store.folder, store.key, lines, header), now)


def apply_delta(store: Store, lines: Iterable[bytes], header: RosterHeader, now: datetime) -> RosterInfo:
    """Change the roster in use from `header.base_version` to `header.version`, in one transaction. Raises RosterRefused."""
    _must_be_newer(store, header)
    here = version(store)
    if header.base_version is None or here != header.base_version:
        raise RosterRefused(f"the delta builds on version {header.base_version}, here is {here}")
    with store.transaction() as db:
        with _roster_errors(store):
            seen = 0
            digest = hashlib.sha256()
            for line in lines:
                digest.update(line + b"\n")
                seen += 1
                _change(db, _parsed(line, seen), line)
            if seen != header.count or (header.digest and digest.hexdigest() != header.digest):
                raise RosterRefused("the roster is not what its header says")
            count = db.execute("SELECT count(*) FROM roster.people").fetchone()[0]
            _about(db.conn, header, count, schema="roster.")
        meta.put(db, "roster_floor", str(header.version))
        journal.append(store, "roster-changed", {
            "version": header.version, "base": header.base_version, "lines": seen, "people": count}, now)
    return info(store)


def drop_template(store: Store, person_id: str) -> None:
    """Inside a transaction: take a person's template out of the roster in use (the line is overwritten)."""
    if not _attach(store):
        return
    with _roster_errors(store):
        row = store.db.execute("SELECT line FROM roster.people WHERE person_id = ?", (person_id,)).fetchone()
        if row is None:
            return
        entry = replace(_entry(row[0]), template=None)
        store.db.execute("UPDATE roster.people SET line = ?, flags = flags & ~? WHERE person_id = ?",
                         (roster_format.to_line(entry), _TEMPLATE, person_id))


def take_up_again(store: Store, floor: int) -> None:
    """Inside the transaction of a recovery: use the newest roster file that this key still opens; versions stay above `floor`."""
    best, name = 0, ""
    for path in store.folder.glob("roster-*.db"):
        connection = sqlcipher.connect(str(path), isolation_level=None)
        try:
            connection.execute("PRAGMA cipher_log_level = NONE")
            connection.execute(f"PRAGMA key = \"x'{_file_key(store.key)}'\"")
            found = int(connection.execute("SELECT value FROM about WHERE key = 'version'").fetchone()[0])
        except (sqlcipher.Error, TypeError, ValueError):
            continue
        finally:
            connection.close()
        if found > best:
            best, name = found, path.name
    meta.put(store.db, "roster_file", name)
    meta.put(store.db, "roster_floor", str(max(best, floor if best else floor - 1, 0)))


# --- inside


def _file_key(key: bytes) -> str:
    return keys.derive(key, "roster-file").hex()


def _make_tables(connection: sqlcipher.Connection) -> None:
    connection.execute("CREATE TABLE people (id_number TEXT NOT NULL, person_id TEXT NOT NULL, flags INTEGER NOT NULL, "
                       "last_pass TEXT NOT NULL, line BLOB NOT NULL) STRICT")
    connection.execute("CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID")


def _about(connection: sqlcipher.Connection, header: RosterHeader, count: int, schema: str = "") -> None:
    connection.executemany(f"INSERT OR REPLACE INTO {schema}about VALUES (?, ?)", [  # noqa: S608  fixed names
        ("version", str(header.version)), ("issued_at", header.issued_at.astimezone(UTC).isoformat()), ("count", str(count))])


def _fill(connection: sqlcipher.Connection, lines: Iterable[bytes], header: RosterHeader) -> int:
    digest = hashlib.sha256() if header.digest else None
    count = 0
    connection.execute("BEGIN")
    rows: list[_Row] = []
    for line in lines:
        count += 1
        if digest is not None:
            digest.update(line)
            digest.update(b"\n")
        rows.append(_row(_parsed(line, count), line))
        if len(rows) == _BATCH:
            connection.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?)", rows)
            rows.clear()
    connection.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?)", rows)
    if count != header.count or (digest is not None and digest.hexdigest() != header.digest):
        raise RosterRefused("the roster is not what its header says")
    connection.execute("COMMIT")
    return count


def _parsed(line: bytes, number: int) -> dict[str, Any]:
    try:
        data = from_json(line)
    except ValueError:
        raise RosterRefused(f"line {number} of the roster is not JSON") from None
    if isinstance(data, dict) and data.get("removed") is True and isinstance(data.get("person_id"), str):
        return data
    wrong = roster_format.check(data)
    if wrong:
        raise RosterRefused(f"line {number} of the roster: {wrong}")
    found: dict[str, Any] = data
    return found


def _row(data: dict[str, Any], line: bytes) -> _Row:
    if data.get("removed"):
        raise RosterRefused("a snapshot removes nobody")
    flags = (_HOME_VISIT if data.get("home_visit") is True else 0) | (_TEMPLATE if data.get("template") else 0)
    number = data["id_number"]
    if not (len(number) == 18 and number.isascii() and (number.isdigit() or (number[17] == "X" and number[:17].isdigit()))):
        number = normalise_number(number)
    passes = [benefit["last_pass"] for benefit in data["benefits"] if benefit.get("last_pass")]
    return number, data["person_id"], flags, min(passes) if passes else "", line


def _change(db: Database, data: dict[str, Any], line: bytes) -> None:
    db.execute("DELETE FROM roster.people WHERE person_id = ?", (data["person_id"],))
    if data.get("removed"):
        return
    try:
        db.execute("INSERT INTO roster.people VALUES (?, ?, ?, ?, ?)", _row(data, line))
    except sqlcipher.IntegrityError as error:
        raise RosterRefused("a number stands twice in the roster") from error


def _must_be_newer(store: Store, header: RosterHeader) -> None:
    with store_errors():
        floor = int(meta.get(store.db, "roster_floor", "0"))
    if header.version <= floor:
        raise RosterRefused(f"version {header.version} is not newer than {floor}")


def _attach(store: Store) -> bool:
    """Attach the file in use; another process may have put a new one into use. False when there is none."""
    with store_errors():
        name = meta.get(store.db, "roster_file")
    if name == store.roster_attached:
        return bool(name)
    if store.db.conn.in_transaction:
        raise StoreError("the roster changed within a transaction")
    with store_errors():
        if store.roster_attached:
            store.db.execute("DETACH DATABASE roster")
            store.roster_attached = ""
    path = store.folder / name
    if not name or not path.is_file():
        return False
    with _roster_errors(store, path):
        store.db.execute(f"ATTACH DATABASE ? AS roster KEY \"x'{_file_key(store.key)}'\"", (str(path),))
        store.roster_attached = name
        store.db.execute("SELECT count(*) FROM roster.about").fetchone()
        store.db.execute("PRAGMA roster.journal_mode = WAL").fetchall()
        store.db.execute("PRAGMA roster.synchronous = FULL")
        store.db.execute("PRAGMA roster.secure_delete = ON")
    return True


@contextlib.contextmanager
def _roster_errors(store: Store, path: Path | None = None) -> Iterator[None]:
    """Like `store_errors`; a damaged roster is put aside at once, and the next one from the bureau takes its place.

    The main database is not concerned: service goes on, and people who are not found are sent to the attendant.
    """
    try:
        yield
    except sqlcipher.Error as error:
        if not is_damage(error):
            raise StoreError(str(error)) from error
        damaged = path or store.folder / store.roster_attached
        if store.db.conn.in_transaction:
            raise StoreCorrupt("the roster is damaged") from error
        with contextlib.suppress(sqlcipher.Error):
            store.db.execute("DETACH DATABASE roster")
        store.roster_attached = ""
        now = datetime.now(UTC)
        if store.is_owner:
            put_aside(damaged, now)
            with store.transaction() as db:
                meta.put(db, "roster_file", "")
                floor = int(meta.get(db, "roster_floor", "0"))
                meta.put(db, "roster_floor", str(max(0, floor - 1)))   # the same version may come again, no older one
                journal.append(store, "roster-damaged", {"file": damaged.name}, now)
        raise StoreError("the roster was damaged and is put aside") from error


def _sweep(store: Store) -> None:
    """Remove roster files that are not in use."""
    for path in store.folder.glob("roster-*.db*"):
        if not path.name.startswith(store.roster_attached or "roster-"):
            with contextlib.suppress(OSError):  # still open in another process (Windows); the next import removes it
                path.unlink()


def _entry(line: bytes) -> RosterEntry:
    try:
        return roster_format.of_line(line)
    except ValueError as error:
        raise StoreError(f"a roster entry cannot be read: {error}") from error


def _own_knowledge(store: Store, entry: RosterEntry) -> RosterEntry:
    template = entry.template
    erased = store.db.execute("SELECT consent_id, erased_on FROM erasures WHERE person_id = ?", (entry.person_id,)).fetchone()
    if template is not None and erased is not None and (
            template.consent_id == erased[0] or template.enrolled_on is None or template.enrolled_on.isoformat() <= erased[1]):
        template = None
    row = store.db.execute("SELECT vector, model_digest, consent_id, enrolled_on FROM templates WHERE person_id = ?",
                           (entry.person_id,)).fetchone()
    if row is not None:
        here = Template(row[0], row[1], row[2], date.fromisoformat(row[3]))
        if template is None or template.enrolled_on is None or here.enrolled_on is None or here.enrolled_on >= template.enrolled_on:
            template = here
    died = store.db.execute(
        "SELECT 1 FROM declarations d JOIN outbox o USING (record_id) WHERE d.person_id = ? AND d.kind = 'death' "
        "AND o.state <> 'refused' AND o.decision <> 'returned'", (entry.person_id,)).fetchone()
    if died is not None:
        entry = replace(entry, status=RosterStatus.DECEASED)
    return entry if template is entry.template else replace(entry, template=template)


def _plain_name(name: str) -> str:
    text = unicodedata.normalize("NFKC", name)
    return "".join("·" if c in "·•・‧∙." else c for c in text if not c.isspace())
