"""Pages of papers that were photographed at the desk, encrypted like all else, until a record takes them as its evidence.

A page that no record took is erased when its form is left, when the desk is opened next, and when the store is. Called by the desk
through `store.worker`; the bytes never lie anywhere else on the disk.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlite_utils import Database

from kiosk.store import review_evidence
from kiosk.store.engine.database import Store, store_errors

MEDIA_TYPE = "image/jpeg"


def _create(db: Database) -> None:
    db.execute("CREATE TABLE paper_pages (page_id TEXT PRIMARY KEY, content BLOB NOT NULL) STRICT")


MIGRATIONS = (_create,)


class PageGone(ValueError):
    """A page that the form names is not there any more."""


def keep(store: Store, content: bytes) -> str:
    """Keep a page, a JPEG; return its id."""
    page_id = str(uuid.uuid4())
    with store.transaction() as db:
        db.execute("INSERT INTO paper_pages VALUES (?, ?)", (page_id, content))
    return page_id


def drop(store: Store, page_ids: Sequence[str]) -> None:
    """Erase pages; those that are gone already are no error."""
    with store.transaction() as db:
        for page_id in page_ids:
            db.execute("DELETE FROM paper_pages WHERE page_id = ?", (page_id,))


def clear(store: Store) -> None:
    """Erase what a form that was never saved left behind."""
    with store_errors():
        left = store.db.execute("SELECT 1 FROM paper_pages LIMIT 1").fetchone()
    if left is not None:
        with store.transaction() as db:
            db.execute("DELETE FROM paper_pages")


def become_evidence(db: Database, page_ids: Sequence[str], record_id: str, consent_id: str) -> None:
    """Make pages the evidence of a record, within the caller's transaction. Raises PageGone."""
    for page_id in page_ids:
        row = db.execute("DELETE FROM paper_pages WHERE page_id = ? RETURNING content", (page_id,)).fetchone()
        if row is None:
            raise PageGone(page_id)
        review_evidence.enqueue(db, record_id, consent_id, MEDIA_TYPE, row[0])
