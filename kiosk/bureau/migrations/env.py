"""Run by alembic (`database.upgrade`)."""

from __future__ import annotations

from alembic import context
from sqlalchemy import text

import kiosk.bureau.clerks.tables  # noqa: F401 - the clerks' tables with the others
import kiosk.bureau.reminder_tables  # noqa: F401
from kiosk.bureau.database import open_engine
from kiosk.bureau.tables import Base

url = context.config.get_main_option("sqlalchemy.url") or ""
engine = open_engine(url)
with engine.connect() as connection:
    if connection.dialect.name == "postgresql":
        # Two bureaus that start at once: the second waits, then finds nothing to do. Any number that is ours alone.
        connection.execute(text("SELECT pg_advisory_lock(7239041)"))
        connection.commit()
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
engine.dispose()
