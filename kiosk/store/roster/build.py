"""Build a roster file: lines of people into an encrypted database of its own, checked against the header. Touches no open store.

Called by `store.roster` and, in its own thread, by the sync side; the lines come from a stream whose seal is verified.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlcipher3.dbapi2 as sqlcipher
from pydantic_core import from_json  # half the time of json.loads, over a million lines

from kiosk import failpoints
from kiosk.domain.identity import normalise_number
from kiosk.durable import sync_folder
from kiosk.errors import StoreError
from kiosk.store.engine import keys
from kiosk.store.roster import line as roster_format

HOME_VISIT, TEMPLATE = 1, 2  # flags of a person
LAYOUT = "2"  # of the tables below; a file of another one is fetched anew
_BATCH = 2000
# Of a file that is made in one go: until it is whole and synced, nothing of it counts.
FAST = ("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE", "cache_size = -65536", "temp_store = MEMORY")
Row = tuple[str, str, int, str]  # number, person, flags, earliest last pass


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
class Built:
    """A snapshot that is on the disk, not yet in use."""

    path: Path
    header: RosterHeader


def build(folder: Path, key: bytes, lines: Iterable[bytes], header: RosterHeader) -> Built:
    """Write a snapshot into a new file of the store's folder. Touches nothing else: any thread may do it, for as long as it takes.

    folder, key: `Store.folder` and `Store.key`. lines: of a stream whose seal is verified (`kiosk.sync`); they may raise at
    their end. Raises RosterRefused when they are not what the header says; then no file stays.
    """
    if not header.count and header.base_version is None:
        raise RosterRefused("the roster holds nobody")
    path = folder / f"roster-{header.version:09d}-{secrets.token_hex(4)}.db"
    connection = sqlcipher.connect(str(path), isolation_level=None, check_same_thread=False)
    if __debug__:
        failpoints.trace(connection)
    try:
        os.chmod(path, 0o600)
        connection.execute("PRAGMA cipher_log_level = NONE")
        connection.execute(f"PRAGMA key = \"x'{file_key(key)}'\"")
        for pragma in FAST:
            connection.execute(f"PRAGMA {pragma}").fetchall()
        make_tables(connection)
        count = _fill(connection, lines, header)
        connection.execute("BEGIN")
        try:
            make_indexes(connection)
        except sqlcipher.IntegrityError as error:
            raise RosterRefused(_twice(connection)) from error
        about(connection, header, count)
        connection.execute("COMMIT")
        connection.close()
        with path.open("r+b") as file:
            os.fsync(file.fileno())
        sync_folder(folder)
    except BaseException as error:
        connection.close()
        path.unlink(missing_ok=True)
        if isinstance(error, sqlcipher.Error | OSError):
            raise StoreError(f"the roster cannot be written: {error}") from error
        raise
    return Built(path, header)


def _twice(connection: sqlcipher.Connection) -> str:
    """Say which lines name the same person: numbers were extended, so that 15 and 18 digits of one person are one number."""
    for column, what in (("id_number", "number"), ("person_id", "person_id")):
        found = connection.execute(
            f"SELECT min(id), max(id) FROM people GROUP BY {column} HAVING count(*) > 1 LIMIT 1"  # noqa: S608
        ).fetchone()
        if found is not None:
            return f"lines {found[0]} and {found[1]} of the roster have the same {what}"
    return "a person or a number stands twice in the roster"


def file_key(key: bytes) -> str:
    """Return the key of roster files, in hexadecimal."""
    return keys.derive(key, "roster-file").hex()


def make_indexes(connection: sqlcipher.Connection) -> None:
    """Make the indexes, once the rows are there. Raises the driver's IntegrityError where somebody stands twice."""
    connection.execute("CREATE UNIQUE INDEX people_number ON people (id_number)")
    connection.execute("CREATE UNIQUE INDEX people_person ON people (person_id)")
    connection.execute("CREATE INDEX people_home ON people (flags) WHERE flags & 1")
    connection.execute("CREATE INDEX people_pass ON people (last_pass)")


def make_tables(connection: sqlcipher.Connection) -> None:
    """Make the tables of a roster file."""
    # Narrow and wide apart: each index is made by reading the whole table once, and the lines are 20 times as large.
    connection.execute(
        "CREATE TABLE people (id INTEGER PRIMARY KEY, id_number TEXT NOT NULL, person_id TEXT NOT NULL, "
        "flags INTEGER NOT NULL, last_pass TEXT NOT NULL) STRICT"
    )
    connection.execute("CREATE TABLE lines (id INTEGER PRIMARY KEY, line BLOB NOT NULL) STRICT")
    connection.execute("CREATE VIEW everybody AS SELECT * FROM people JOIN lines USING (id)")
    connection.execute("CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID")


def about(connection: sqlcipher.Connection, header: RosterHeader, count: int, schema: str = "") -> None:
    """Write what the file says about itself."""
    connection.executemany(
        f"INSERT OR REPLACE INTO {schema}about VALUES (?, ?)",  # noqa: S608
        [
            ("version", str(header.version)),
            ("issued_at", header.issued_at.astimezone(UTC).isoformat()),
            ("count", str(count)),
            ("layout", LAYOUT),
        ],
    )


def _fill(connection: sqlcipher.Connection, lines: Iterable[bytes], header: RosterHeader) -> int:
    digest = hashlib.sha256() if header.digest else None
    count = 0
    connection.execute("BEGIN")
    rows: list[tuple[int, str, str, int, str]] = []
    wide: list[tuple[int, bytes]] = []
    for line in lines:
        count += 1
        if digest is not None:
            digest.update(line)
            digest.update(b"\n")
        rows.append((count, *row(parsed(line, count))))
        wide.append((count, line))
        if len(rows) == _BATCH:
            _insert(connection, rows, wide)
    _insert(connection, rows, wide)
    if count != header.count or (digest is not None and digest.hexdigest() != header.digest):
        raise RosterRefused("the roster is not what its header says")
    connection.execute("COMMIT")
    return count


def _insert(connection: sqlcipher.Connection, rows: list[tuple[int, str, str, int, str]], wide: list[tuple[int, bytes]]) -> None:
    connection.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?)", rows)
    connection.executemany("INSERT INTO lines VALUES (?, ?)", wide)
    rows.clear()
    wide.clear()


def parsed(line: bytes, number: int) -> dict[str, Any]:
    """Return a checked line. Raises RosterRefused naming the line, never a person."""
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


def row(data: dict[str, Any]) -> Row:
    """Return the table row of a person. Raises RosterRefused on a removal."""
    if data.get("removed"):
        raise RosterRefused("a snapshot removes nobody")
    flags = (HOME_VISIT if data.get("home_visit") is True else 0) | (TEMPLATE if data.get("template") else 0)
    number = data["id_number"]
    if not (len(number) == 18 and number.isascii() and (number.isdigit() or (number[17] == "X" and number[:17].isdigit()))):
        number = normalise_number(number)
    passes = [benefit["last_pass"] for benefit in data["benefits"] if benefit.get("last_pass")]
    return number, data["person_id"], flags, min(passes) if passes else ""
