"""Migrations are remembered by name; a file that remembered positions is taken over, and nothing runs twice."""

from __future__ import annotations

import pytest
import sqlcipher3
from sqlite_utils import Database

from kiosk.store.engine.migrations import migrate


def first(db):
    db.execute("CREATE TABLE a (x)")


def _second(db):
    db.execute("CREATE TABLE b (x)")


def between(db):
    db.execute("CREATE TABLE c (x)")


def fails(db):
    db.execute("CREATE TABLE d (x)")
    raise ValueError("no")


@pytest.fixture
def db():
    return Database(sqlcipher3.connect(":memory:", isolation_level=None))


def test_each_runs_once_in_its_order(db):
    assert migrate(db, [("m", (first, _second))]) == ["m:first", "m:second"]
    assert migrate(db, [("m", (first, _second))]) == []


def test_a_new_one_may_stand_anywhere(db):
    """Two branches that each append one: whichever lands second moves the other's position, and nothing happens."""
    migrate(db, [("m", (first, _second))])
    assert migrate(db, [("m", (first, between, _second))]) == ["m:between"]


def test_a_file_of_positions_is_taken_over(db):
    db.execute("CREATE TABLE migrations (module TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (module, number)) STRICT")
    db.execute("INSERT INTO migrations VALUES ('m', 1), ('n', 1)")
    assert migrate(db, [("m", (first, _second)), ("n", (between,))]) == ["m:second"]
    kept = db.execute("SELECT module, name FROM migrations ORDER BY module, name").fetchall()
    assert kept == [("m", "first"), ("m", "second"), ("n", "between")]


def test_one_that_fails_leaves_nothing_and_is_tried_again(db):
    with pytest.raises(ValueError, match="no"):
        migrate(db, [("m", (first, fails))])
    assert not db.conn.in_transaction
    assert db.table_names() == ["migrations"], "a new file is made whole or not at all"
    assert migrate(db, [("m", (first,))]) == ["m:first"]
    with pytest.raises(ValueError, match="no"):
        migrate(db, [("m", (first, fails))])
    assert sorted(db.table_names()) == ["a", "migrations"]
    assert migrate(db, [("m", (first,))]) == []
