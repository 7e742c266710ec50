"""Migrations: numbered functions of each module of the store, each applied once, in a transaction of its own.

A module of `kiosk.store` that keeps tables offers `MIGRATIONS`, a tuple of functions that take the database (or `migrations()`,
pairs of a name and an SQL script). They are only ever appended: their position is their number.
"""

from __future__ import annotations

import importlib
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial

from sqlite_utils import Database

Migration = Callable[[Database], None]

# In order of dependence. `outbox` is the sync side's.
MODULES = (
    "meta",
    "journal",
    "clock",
    "records",
    "roster",
    "policies",
    "staff",
    "desk",
    "home",
    "borrowed",
    "lent",
    "unit_list",
    "todo",
    "ledger",
    "outbox",
)


def migrate(db: Database, modules: Sequence[str] = MODULES) -> list[str]:
    """Bring every module's tables up to date. Returns what was applied, as "module:number"."""
    db.execute(
        "CREATE TABLE IF NOT EXISTS migrations (module TEXT NOT NULL, number INTEGER NOT NULL, "
        "PRIMARY KEY (module, number)) STRICT, WITHOUT ROWID"
    )
    done = {(module, number) for module, number in db.execute("SELECT module, number FROM migrations").fetchall()}
    applied = []
    for module in modules:
        steps = _steps(module)
        for number, step in enumerate(steps, 1):
            if (module, number) in done:
                continue
            db.execute("BEGIN IMMEDIATE")
            try:
                # another process may have been first
                if db.execute("SELECT 1 FROM migrations WHERE module = ? AND number = ?", (module, number)).fetchone() is None:
                    step(db)
                    db.execute("INSERT INTO migrations VALUES (?, ?)", (module, number))
                    applied.append(f"{module}:{number}")
                db.execute("COMMIT")
            except BaseException:
                if db.conn.in_transaction:
                    db.execute("ROLLBACK")
                raise
    return applied


def _steps(module: str) -> Sequence[Migration]:
    found = importlib.import_module(f"kiosk.store.{module}")
    if hasattr(found, "MIGRATIONS"):
        steps: Sequence[Migration] = found.MIGRATIONS
        return steps
    return [partial(_script, script=script) for _, script in found.migrations()]  # (name, SQL script) pairs


def _script(db: Database, script: str) -> None:
    statement = ""
    for piece in script.split(";"):  # executescript would commit; a ";" within a text or a trigger is no end
        statement += piece + ";"
        if statement.strip() != ";" and sqlite3.complete_statement(statement):
            db.execute(statement)
            statement = ""
