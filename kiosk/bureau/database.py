"""The bureau's database: SQLite by default, PostgreSQL by URL. Engine, migrations, inserts that tolerate repetition."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from kiosk.bureau import counts, months, tables

MIGRATIONS = Path(__file__).parent / "migrations"
READING = "kiosk_reading"  # execution option of transactions that only read


def open_engine(url: str) -> Engine:
    """Return an engine for `url` (sqlite:///FILE or postgresql+psycopg://...)."""
    if not url.startswith("sqlite"):
        return create_engine(url, pool_size=10, max_overflow=20, pool_timeout=20, pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # pysqlite opens transactions late by itself; we begin them (SQLAlchemy's advice)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # IMMEDIATE: a transaction that reads and then writes must not find the database changed in between. One that only reads
        # waits for nobody: a flood of wrong codes, each counted in a commit, would keep everybody else waiting.
        connection.exec_driver_sql("BEGIN" if connection.get_execution_options().get(READING) else "BEGIN IMMEDIATE")

    return engine


def reading(engine: Engine) -> Engine:
    """Return the same engine for transactions that only read."""
    return engine.execution_options(**{READING: True})


def upgrade(url: str) -> None:
    """Bring the schema up to date."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.upgrade(config, "head")
    engine = open_engine(url)
    with engine.begin() as connection:
        months.make_ahead(connection, datetime.now(UTC))
    engine.dispose()


def insert_new(session: Session, table: type[tables.Base], rows: Sequence[dict[str, Any]]) -> set[Any]:
    """Insert rows whose primary key is not there yet; return the keys that were inserted (first column of the key).

    Waits for a concurrent transaction that inserts the same key. Give rows sorted by key, or two callers may deadlock.
    """
    if not rows:
        return set()
    target = counts.table_of(table)
    make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    key = next(iter(target.primary_key.columns))
    # Rows as parameters, not .values(rows): that statement would be compiled anew each time (a third of a batch's cost).
    statement = make(target).on_conflict_do_nothing().returning(key)
    return set(session.scalars(statement, list(rows)))


def put(session: Session, table: type[tables.Base], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows, or bring those up to date whose primary key is there already.

    In the order of their keys: two callers at once never wait for each other in a circle.
    """
    if not rows:
        return
    target = counts.table_of(table)
    make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement, keys = make(target), [column.name for column in target.primary_key.columns]
    changed = {column.name: statement.excluded[column.name] for column in target.columns if column.name not in keys}
    session.execute(
        statement.on_conflict_do_update(index_elements=keys, set_=changed),
        sorted(rows, key=lambda row: [str(row[key]) for key in keys]),
    )


def lock_kiosk(session: Session, kiosk_id: str) -> tables.Kiosk | None:
    """Return the kiosk's row, locked until the end of the transaction (SQLite: the whole database is)."""
    session.info[counts.SHARD] = kiosk_id
    return session.scalar(select(tables.Kiosk).where(tables.Kiosk.kiosk_id == kiosk_id).with_for_update())


def next_value(session: Session, name: str) -> int:
    """Return the counter `name` raised by one; the row stays locked until the end of the transaction."""
    insert_new(session, tables.Counter, [{"name": name, "value": 0}])
    row = session.scalars(select(tables.Counter).where(tables.Counter.name == name).with_for_update()).one()
    row.value += 1
    return row.value
