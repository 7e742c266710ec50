"""Many made-up records in a bureau's PostgreSQL, as ingest would have left them, in a hundredth of its time: `kiosk bench bureau`.

Three years of them, by month, over the given kiosks; a person for every third record, one in 5 000 of the same name. Indexes are
taken down first and made again afterwards, from what the database itself says of them.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, text

from kiosk.bureau import database, months
from kiosk.bureau.clerks import people
from kiosk.bureau.context import BureauSettings, open_context
from kiosk.bureau.process import BureauProcess

_MONTHS = 37  # that the rows lie in
_AT_ONCE = 500_000
_AT = "now() - (n::float8 / :rows) * interval '1095 days'"
_DECIDED = "CASE WHEN n % 200 = 0 THEN '' WHEN n % 211 = 0 THEN 'returned' ELSE 'confirmed' END"
_RECORDS = (  # every part of it is a constant
    "INSERT INTO records SELECT 'R' || n, (CAST(:kiosks AS text[]))[n % :stations + 1], 'B' || n / 20, "  # noqa: S608
    "md5('c' || n) || md5('d' || n), repeat('x', 600), 'P' || n / 3, "
    "'P' || n / 3 || '/enterprise-employee/deferred-month/' || n, "
    "CASE WHEN n / 200 % 25 = 3 THEN 'home-visit' WHEN n / 200 % 50 = 9 THEN 'human-review' ELSE 'self-face' END, "
    "CASE WHEN n % 20 = 7 THEN 'failed' ELSE 'passed' END, 'ok', "
    f"{_AT}, NULL, n % 5000 = 0, {_AT}, 'accepted', {_DECIDED}, '' FROM generate_series(CAST(:first AS int), CAST(:last AS int)) n"
)
_BESIDE = (
    "INSERT INTO record_ids SELECT record_id, content_digest, received_at FROM records ORDER BY record_id",
    "INSERT INTO passes SELECT pass_key, record_id, received_at FROM records ORDER BY pass_key",
    "INSERT INTO counts SELECT 'record:' || verdict || '/' || CASE decision WHEN '' THEN 'pending' ELSE decision END, 'made', "
    "count(*) FROM records GROUP BY verdict, decision",
)
_PEOPLE = (
    "INSERT INTO people (person_id, name_mark, number_mark, sealed, born_year, roster_version) "
    "SELECT 'P' || n, CASE WHEN n % 5000 = 7 THEN :name ELSE md5('n' || n % 50000) END, md5('i' || n), :sealed, "
    "(1935 + n % 30)::text, 1 FROM generate_series(0, CAST(:people AS int)) n"
)


def put_rows(bureau: BureauProcess, kiosk_ids: list[str], rows: int) -> None:
    """Put `rows` records into the bureau's tables. It is to have none yet, and nobody may use it meanwhile."""
    context = open_context(BureauSettings(data=str(bureau.data), db=bureau.db))
    name, _ = people.marks_of(context, "王芳")
    sealed = people.seal_text(context, '["王芳", "440305195603150028", "1956-03-15"]', "P0")
    context.engine.dispose()
    engine = database.open_engine(bureau.db)
    with engine.connect() as connection:
        connection.execute(text("SET synchronous_commit = off"))
        connection.execute(text("SET maintenance_work_mem = '2GB'"))
        now = datetime.now(UTC)
        for back in range(1, _MONTHS + 1):  # as a bureau of three years has them: made when each month came
            months.make(connection, "records", months.first_of(now, -back))
        again = [one for table in ("records", "people", "passes") for one in _take_down(connection, table)]
        connection.commit()
        for first in range(1, rows + 1, _AT_ONCE):
            last = min(first + _AT_ONCE - 1, rows)
            given = {"kiosks": kiosk_ids, "stations": len(kiosk_ids), "rows": rows, "first": first, "last": last}
            connection.execute(text(_RECORDS), given)
            connection.commit()
        connection.execute(text(_PEOPLE), {"name": name, "sealed": sealed, "people": rows // 3})
        for statement in (*_BESIDE, *again):
            connection.execute(text(statement))
            connection.commit()
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(text("VACUUM ANALYZE"))
        connection.execute(text("CHECKPOINT"))
    engine.dispose()


def _take_down(connection: Connection, table: str) -> list[str]:
    """Drop a table's indexes and constraints; return the statements that make them again."""
    again = []
    constraints = text(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE conrelid = CAST(:t AS regclass) AND contype IN ('p', 'f')"
    )
    for name, definition in connection.execute(constraints, {"t": table}).all():
        connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))
        again.append(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    indexes = text("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = :t")
    for name, definition in connection.execute(indexes, {"t": table}).all():
        connection.execute(text(f"DROP INDEX {name}"))
        again.append(str(definition).replace(" ON ONLY ", " ON "))
    return again
