"""Migrations: numbered functions of each module of the store, each applied once, in a transaction of its own.

A module of `kiosk.store` that keeps tables offers `MIGRATIONS`, a tuple of functions that take the database. They are only ever
appended: their position is their number. `store.schema` lists the modules in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from sqlite_utils import Database

Migration = Callable[[Database], None]


def migrate(db: Database, modules: Iterable[tuple[str, Sequence[Migration]]]) -> list[str]:
    """Bring every module's tables up to date. Returns what was applied, as "module:number"."""
    db.execute(
        "CREATE TABLE IF NOT EXISTS migrations (module TEXT NOT NULL, number INTEGER NOT NULL, "
        "PRIMARY KEY (module, number)) STRICT, WITHOUT ROWID"
    )
    done = {(module, number) for module, number in db.execute("SELECT module, number FROM migrations").fetchall()}
    applied = []
    for module, steps in modules:
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
