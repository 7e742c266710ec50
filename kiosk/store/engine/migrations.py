"""Migrations: named functions of each module of the store, each applied once, in a transaction of its own
(those of a new file in one).

A module of `kiosk.store` that keeps tables offers `MIGRATIONS`, a tuple of functions that take the database, in the order in which
a new file gets them. A function's name is what a file remembers: it is never renamed, and never changed once a kiosk ran it.
`store.schema` lists the modules. Not sqlite-utils' own: a kiosk and a command may open one file at once, so each runs behind
BEGIN IMMEDIATE.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from sqlite_utils import Database

Migration = Callable[[Database], None]


def migrate(db: Database, modules: Iterable[tuple[str, Sequence[Migration]]]) -> list[str]:
    """Bring every module's tables up to date. Returns what was applied, as "module:name"."""
    wanted = {module: {step.__name__.lstrip("_"): step for step in steps} for module, steps in modules}
    _remember_by_name(db, {module: list(steps) for module, steps in wanted.items()})
    done = {(module, name) for module, name in db.execute("SELECT module, name FROM migrations").fetchall()}
    steps = [(module, name, step) for module, named in wanted.items() for name, step in named.items() if (module, name) not in done]
    # A new file gets all of them in one transaction: it is made whole or not at all, and does not wait for the disk thirty times.
    together = [steps] if steps and not done else [[step] for step in steps]
    return [name for some in together for name in _apply(db, some)]


def _apply(db: Database, steps: Iterable[tuple[str, str, Migration]]) -> list[str]:
    applied = []
    db.execute("BEGIN IMMEDIATE")
    try:
        for module, name, step in steps:
            # another process may have been first
            if db.execute("SELECT 1 FROM migrations WHERE module = ? AND name = ?", (module, name)).fetchone() is None:
                step(db)
                db.execute("INSERT INTO migrations VALUES (?, ?)", (module, name))
                applied.append(f"{module}:{name}")
        db.execute("COMMIT")
    except BaseException:
        if db.conn.in_transaction:
            db.execute("ROLLBACK")
        raise
    return applied


def _remember_by_name(db: Database, names: dict[str, list[str]]) -> None:
    """Make the table of what was applied; one of before, which remembered positions, is written anew."""
    db.execute("BEGIN IMMEDIATE")
    try:
        columns = {row[1] for row in db.execute("PRAGMA table_info(migrations)").fetchall()}
        before = db.execute("SELECT module, number FROM migrations").fetchall() if "number" in columns else []
        if "number" in columns:
            db.execute("DROP TABLE migrations")
        db.execute(
            "CREATE TABLE IF NOT EXISTS migrations (module TEXT NOT NULL, name TEXT NOT NULL, "
            "PRIMARY KEY (module, name)) STRICT, WITHOUT ROWID"
        )
        for module, number in before:
            db.execute("INSERT INTO migrations VALUES (?, ?)", (module, names[module][number - 1]))
        db.execute("COMMIT")
    except BaseException:
        if db.conn.in_transaction:
            db.execute("ROLLBACK")
        raise
