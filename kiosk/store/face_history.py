"""A person's second template, and how matches went over the years: on this kiosk alone, never sent, gone with the template.

Two templates at most: the newest take, and the live one before it. A photograph's template (an old one-inch photo, a chip's) is
replaced at the first strong live pass. Called by the desk and, after a pass, by the visit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlite_utils import Database

from kiosk.domain import template_age
from kiosk.domain.person import RosterEntry, Template
from kiosk.store.engine import journal
from kiosk.store.engine.database import Store, store_errors

KEPT = timedelta(days=5 * 366)  # ours: five yearly passes tell how a face ages
UNLIKE = 0.30  # ours: below, two templates show two people, and the older one goes


def _create(db: Database) -> None:
    db.execute("""CREATE TABLE second_templates (
        person_id TEXT PRIMARY KEY,
        vector BLOB NOT NULL,
        model_digest TEXT NOT NULL,
        consent_id TEXT NOT NULL,
        enrolled_on TEXT NOT NULL,
        quality REAL NOT NULL
    ) STRICT""")
    db.execute("""CREATE TABLE match_scores (
        person_id TEXT NOT NULL,
        day TEXT NOT NULL,
        score REAL NOT NULL,
        PRIMARY KEY (person_id, day)
    ) STRICT""")


MIGRATIONS = (_create,)


@dataclass(frozen=True, slots=True)
class Matched:
    """A live face that passed: `vector` float32 little-endian, `score` against the template, `accept` the bound it was held to."""

    vector: bytes = field(repr=False)
    model_digest: str
    score: float
    accept: float


def second_of(db: Database, person_id: str) -> Template | None:
    """Return the second template."""
    row = db.execute(
        "SELECT vector, model_digest, consent_id, enrolled_on, quality FROM second_templates WHERE person_id = ?", (person_id,)
    ).fetchone()
    return None if row is None else Template(row[0], row[1], row[2], date.fromisoformat(row[3]), template_age.LIVE, row[4])


def keep_second(db: Database, person_id: str, before: Template | None, new: Template) -> bool:
    """Inside a transaction: the live template that a new take took the place of stays beside it, under the new consent."""
    db.execute("DELETE FROM second_templates WHERE person_id = ?", (person_id,))
    if before is None or before.origin != template_age.LIVE or new.origin != template_age.LIVE:
        return False
    if before.model_digest != new.model_digest or template_age.likeness(before.vector, new.vector) < UNLIKE:
        return False
    day = (before.enrolled_on or date.min).isoformat()
    db.execute(
        "INSERT INTO second_templates VALUES (?, ?, ?, ?, ?, ?)",
        (person_id, before.vector, before.model_digest, new.consent_id, day, before.quality),
    )
    return True


def forget(db: Database, person_id: str) -> None:
    """Inside a transaction: the template is erased, and all this with it."""
    db.execute("DELETE FROM second_templates WHERE person_id = ?", (person_id,))
    db.execute("DELETE FROM match_scores WHERE person_id = ?", (person_id,))


def after_pass(store: Store, entry: RosterEntry, matched: Matched, today: date, now: datetime) -> str:
    """Note how a pass matched; a photograph's template is replaced by a strong live face. Returns what was replaced, or ""."""
    template = entry.template
    if template is None or template.model_digest != matched.model_digest:
        return ""
    row: Mapping[str, Any] | None = None
    with store.transaction() as db:
        db.execute("INSERT OR REPLACE INTO match_scores VALUES (?, ?, ?)", (entry.person_id, today.isoformat(), matched.score))
        db.execute(
            "DELETE FROM match_scores WHERE person_id = ? AND day NOT IN (SELECT day FROM match_scores WHERE person_id = ? "
            "ORDER BY day DESC LIMIT ?)",
            (entry.person_id, entry.person_id, template_age.KEPT_SCORES),
        )
        if template.origin != template_age.LIVE and template_age.strong(matched.score, matched.accept):
            row = _replaced(db, entry.person_id, matched, today)
        if row is not None:
            forget(db, entry.person_id)
            data = {"person": entry.person_id, "from": template.origin}
            journal.append(store, "template-replaced", data, now, [("templates", row)])
    if row is None:
        return ""
    journal.scrub(store, lambda table, old: table != "templates" or old.get("person_id") != entry.person_id or old == row)
    with store_errors():
        store.db.execute("PRAGMA main.wal_checkpoint(TRUNCATE)").fetchall()
    return template.origin


def _replaced(db: Database, person_id: str, matched: Matched, today: date) -> dict[str, Any] | None:
    done = db.execute(
        "UPDATE templates SET vector = ?, enrolled_on = ?, enrolled_by = 'self', origin = ?, quality = 0 "
        "WHERE person_id = ? AND origin <> ? RETURNING *",
        (matched.vector, today.isoformat(), template_age.LIVE, person_id, template_age.LIVE),
    )
    names = [column[0] for column in done.description]
    rows = done.fetchall()
    return dict(zip(names, rows[0], strict=True)) if rows else None


def ageing(store: Store) -> list[str]:
    """Return the ids of people whose match falls over the years: a fresh take is wanted before it fails."""
    accept = store.settings.match.accept
    with store_errors():
        rows = store.db.execute(
            "SELECT person_id, json_group_array(json_array(day, score)) FROM "
            "(SELECT * FROM match_scores ORDER BY person_id, day) GROUP BY person_id HAVING count(*) > 1"
        ).fetchall()
    told = ((person_id, [(date.fromisoformat(day), score) for day, score in json.loads(text)]) for person_id, text in rows)
    return [person_id for person_id, scores in told if template_age.falling(scores, accept)]


def is_ageing(store: Store, person_id: str, also: tuple[date, float] | None = None) -> bool:
    """True when a fresh take of this person is wanted. also: day and score of a pass that is not noted yet."""
    with store_errors():
        rows = store.db.execute("SELECT day, score FROM match_scores WHERE person_id = ? ORDER BY day", (person_id,)).fetchall()
    scores = [(date.fromisoformat(day), score) for day, score in rows]
    if also is not None:
        scores = [*(one for one in scores if one[0] < also[0]), also]
    return template_age.falling(scores, store.settings.match.accept)


def retain(store: Store, today: date) -> None:
    """Erase scores that are too old to tell anything."""
    with store.transaction() as db:
        db.execute("DELETE FROM match_scores WHERE day < ?", ((today - KEPT).isoformat(),))
