"""Indexes of some rows alone, and the conditions that say which: for `tables`.

A query has to say a condition as it stands here, values and all, or PostgreSQL does not see that an index is for just these rows.
"""

from __future__ import annotations

from sqlalchemy import Index, TextClause, text

REVIEWS, SUSPECT = text("channel = 'human-review'"), text("clock_suspect")
DECIDABLE = text("outcome = 'passed' OR channel = 'human-review'")  # there is something to decide about
OTHER_WAYS = text("channel <> 'self-face'")  # than the usual one
ATTEMPT = text("NOT (outcome = 'passed' OR channel = 'human-review')")  # there is nothing


def partial(name: str, *columns: str, where: TextClause) -> Index:
    """Return an index of the rows that meet a condition."""
    return Index(name, *columns, postgresql_where=where, sqlite_where=where)
