"""Records and journal in months, on PostgreSQL: declarative partitions, made ahead, dropped by retention. SQLite has none.

A row lies in the month in which it arrived, by the bureau's clock. Rows of a month that was not made ahead lie in the default
partition, which is looked at and told: nothing is refused for want of a partition.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from sqlalchemy import Connection, text

TABLES = ("records", "journal")
AHEAD = 3  # months made beyond the present one
_NAME = re.compile(r"(records|journal)_(\d{4})_(\d{2})")


def first_of(at: datetime, later: int = 0) -> datetime:
    """Return the first moment of a month (UTC), `later` months after that of `at`."""
    number = at.astimezone(UTC).year * 12 + at.astimezone(UTC).month - 1 + later
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)


def make_ahead(connection: Connection, now: datetime, months: int = AHEAD) -> list[str]:
    """Make the partitions of this month and the next ones; return those that were missing. Several bureaus may do so at once."""
    if connection.dialect.name != "postgresql":
        return []
    connection.execute(text("SELECT pg_advisory_xact_lock(7239042)"))
    there, made = set(names(connection)), []
    for table in TABLES:
        for later in range(months + 1):
            name = f"{table}_{first_of(now, later):%Y_%m}"
            if name not in there:
                make(connection, table, first_of(now, later))
                made.append(name)
    return made


def make(connection: Connection, table: str, month: datetime) -> None:
    """Make one month's partition, and move into it what waits in the default one."""
    first, after = first_of(month), first_of(month, 1)
    name = f"{table}_{first:%Y_%m}"
    span = f"received_at >= '{first.isoformat()}' AND received_at < '{after.isoformat()}'"
    waits = connection.scalar(text(f"SELECT EXISTS (SELECT 1 FROM {table}_rest WHERE {span})"))  # noqa: S608  names of ours
    if waits:
        connection.execute(text(f"CREATE TEMPORARY TABLE {name}_moved ON COMMIT DROP AS SELECT * FROM {table}_rest WHERE {span}"))  # noqa: S608
        connection.execute(text(f"DELETE FROM {table}_rest WHERE {span}"))  # noqa: S608
    connection.execute(
        text(f"CREATE TABLE {name} PARTITION OF {table} FOR VALUES FROM ('{first.isoformat()}') TO ('{after.isoformat()}')")
    )
    if waits:
        connection.execute(text(f"INSERT INTO {table} SELECT * FROM {name}_moved"))  # noqa: S608


def names(connection: Connection) -> list[str]:
    """Return the months' partitions, oldest first by table."""
    if connection.dialect.name != "postgresql":
        return []
    found = connection.scalars(
        text("SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent "
             "WHERE p.relname IN ('records', 'journal') ORDER BY 1")
    )  # fmt: skip
    return [name for name in found if _NAME.fullmatch(name)]


def in_rest(connection: Connection) -> dict[str, int]:
    """Return how many rows lie in no month: more than none means that months were not made ahead."""
    if connection.dialect.name != "postgresql":
        return {}
    return {
        table: int(connection.scalar(text(f"SELECT count(*) FROM (SELECT 1 FROM {table}_rest LIMIT 1000) AS part")) or 0)  # noqa: S608
        for table in TABLES
    }


def over(connection: Connection, table: str, before: datetime) -> list[str]:
    """Return the partitions of a table that ended before a moment, oldest first."""
    out = []
    for name in names(connection):
        found = _NAME.fullmatch(name)
        if found is not None and found[1] == table and first_of(datetime(int(found[2]), int(found[3]), 1, tzinfo=UTC), 1) <= before:
            out.append(name)
    return out


def drop(connection: Connection, name: str) -> None:
    """Drop a month's partition."""
    if _NAME.fullmatch(name) is None:
        raise ValueError(name)
    connection.execute(text(f"DROP TABLE {name}"))
