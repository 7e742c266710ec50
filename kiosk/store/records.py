"""Records of attempts: saved in one transaction with their outbox rows and a journal entry; counted tries; retention.

Called by `app.visit_records` through `store.worker`, by the desk, and by retention jobs.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlite_utils import Database

from kiosk import failpoints
from kiosk.domain.calendar_days import local_date
from kiosk.domain.record import AuthenticationRecord, Channel, ClockEvidence, Outcome
from kiosk.store import ledger, outbox
from kiosk.store.content import content_of
from kiosk.store.engine import journal
from kiosk.store.engine.database import Store, store_errors


def _create(db: Database) -> None:
    db.execute("""CREATE TABLE records (
        record_id TEXT PRIMARY KEY,
        visit_id TEXT NOT NULL,
        person_id TEXT NOT NULL,
        benefit_id TEXT NOT NULL,
        pass_key TEXT NOT NULL,
        channel TEXT NOT NULL,
        outcome TEXT NOT NULL,
        reason TEXT NOT NULL,
        author TEXT NOT NULL,
        captured_on TEXT NOT NULL,     -- local date
        saved_at TEXT NOT NULL,        -- UTC
        content TEXT NOT NULL          -- the whole record, canonical JSON
    ) STRICT""")
    db.execute("CREATE INDEX records_person ON records (person_id, saved_at)")
    db.execute("CREATE INDEX records_day ON records (captured_on)")
    db.execute("""CREATE TABLE consents (
        consent_id TEXT PRIMARY KEY,
        person_id TEXT NOT NULL,
        kind TEXT NOT NULL,            -- face-processing | enrolment | human-review
        text_version TEXT NOT NULL,
        given_at TEXT NOT NULL,
        witness TEXT NOT NULL,         -- "self" on the screen, else a staff id
        withdrawn_at TEXT NOT NULL DEFAULT ''
    ) STRICT""")
    db.execute("CREATE INDEX consents_person ON consents (person_id)")
    db.execute(
        "CREATE TABLE tries (person_id TEXT NOT NULL, day TEXT NOT NULL, count INTEGER NOT NULL, "
        "PRIMARY KEY (person_id, day)) STRICT, WITHOUT ROWID"
    )


def _lean_consents(db: Database) -> None:
    # Two trees less to write in every save; a person's consents are looked up once in a while only.
    db.execute("DROP INDEX consents_person")
    db.execute("ALTER TABLE consents RENAME TO consents_before")
    db.execute("""CREATE TABLE consents (
        consent_id TEXT PRIMARY KEY, person_id TEXT NOT NULL, kind TEXT NOT NULL, text_version TEXT NOT NULL,
        given_at TEXT NOT NULL, witness TEXT NOT NULL, withdrawn_at TEXT NOT NULL DEFAULT '') STRICT, WITHOUT ROWID""")
    db.execute("INSERT INTO consents SELECT * FROM consents_before")
    db.execute("DROP TABLE consents_before")


def _lean_records(db: Database) -> None:
    # The content stands in the outbox row already, and that table is indexed by person.
    db.execute("ALTER TABLE records RENAME TO records_before")
    db.execute("""CREATE TABLE records (
        record_id TEXT PRIMARY KEY,
        visit_id TEXT NOT NULL,
        person_id TEXT NOT NULL,
        benefit_id TEXT NOT NULL,
        pass_key TEXT NOT NULL,
        channel TEXT NOT NULL,
        outcome TEXT NOT NULL,
        reason TEXT NOT NULL,
        author TEXT NOT NULL,
        consent_id TEXT NOT NULL,
        captured_on TEXT NOT NULL,     -- local date
        saved_at TEXT NOT NULL         -- UTC
    ) STRICT, WITHOUT ROWID""")
    db.execute(
        "INSERT INTO records SELECT record_id, visit_id, person_id, benefit_id, pass_key, channel, outcome, reason, author, "
        "json_extract(content, '$.consent_id'), captured_on, saved_at FROM records_before"
    )
    db.execute("DROP TABLE records_before")
    db.execute("CREATE INDEX records_day ON records (captured_on)")


MIGRATIONS = (_create, _lean_consents, _lean_records)


@dataclass(frozen=True, slots=True)
class Consent:
    """A separate, voluntary consent, as given."""

    consent_id: str
    person_id: str
    kind: str = "face-processing"
    text_version: str = "1"
    witness: str = "self"


@dataclass(frozen=True, slots=True)
class Kept:
    """A record on this kiosk, with how far it is known to have come."""

    record: AuthenticationRecord
    saved_at: datetime
    progress: outbox.Progress | None


def save_visit(
    store: Store,
    records: Sequence[AuthenticationRecord],
    now: datetime,
    *,
    consent: Consent | None = None,
    contents: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """Save the records of one visit with their outbox rows and a journal entry: all of them durably, or none.

    consent: the consent given in this visit; a record that names a consent id nobody kept yet brings it itself. contents: texts of
    records that another kiosk made, by record id: what it digested is what must travel. Returns the record ids.
    Raises StoreError when nothing was saved, ValueError on no records.
    """
    if not records:
        raise ValueError("a visit without records is not saved")
    with store.transaction() as db:
        rows: list[tuple[str, dict[str, Any]]] = []
        for given in _consents(records, consent):
            row = {
                "consent_id": given.consent_id,
                "person_id": given.person_id,
                "kind": given.kind,
                "text_version": given.text_version,
                "given_at": outbox.iso(now),
                "witness": given.witness,
            }
            db.execute(
                "INSERT OR IGNORE INTO consents (consent_id, person_id, kind, text_version, given_at, witness) "
                "VALUES (:consent_id, :person_id, :kind, :text_version, :given_at, :witness)",
                row,
            )
            rows.append(("consents", row))
        for record in records:
            row = _row(record, store.settings.station.timezone, now)
            db.execute(
                "INSERT INTO records VALUES (:record_id, :visit_id, :person_id, :benefit_id, :pass_key, :channel, "
                ":outcome, :reason, :author, :consent_id, :captured_on, :saved_at)",
                row,
            )
            content = (contents or {}).get(record.record_id) or content_of(record)
            outbox.enqueue(db, record, now, content)
            rows.append(("records", {**row, "content": content}))  # with it, so that a recovery can fill the outbox again
            if __debug__:
                failpoints.hit("save.record")
        first = records[0]
        if any(record.outcome is Outcome.FAILED for record in records):
            _count(db, first.person_id, _day(first, store.settings.station.timezone))
        journal.append(
            store,
            "visit-saved",
            {
                "visit": first.visit_id,
                "outcome": str(first.outcome),
                "reason": str(first.reason),
                "channel": str(first.channel),
                "author": first.author,
                "records": [record.record_id for record in records][:20],
                "count": len(records),
            },
            now,
            rows,
        )
        if __debug__:
            failpoints.hit("save.before-commit")
    if __debug__:
        failpoints.hit("save.committed")
    return tuple(record.record_id for record in records)


def _consents(records: Sequence[AuthenticationRecord], consent: Consent | None) -> list[Consent]:
    found = {consent.consent_id: consent} if consent is not None else {}
    for record in records:
        if record.consent_id and record.consent_id not in found:
            found[record.consent_id] = Consent(record.consent_id, record.person_id, witness=record.author)
    return list(found.values())


def _row(record: AuthenticationRecord, timezone: str, now: datetime) -> dict[str, Any]:
    return {
        "record_id": record.record_id,
        "visit_id": record.visit_id,
        "person_id": record.person_id,
        "benefit_id": record.benefit_id,
        "pass_key": record.pass_key,
        "channel": str(record.channel),
        "outcome": str(record.outcome),
        "reason": str(record.reason),
        "author": record.author,
        "consent_id": record.consent_id,
        "captured_on": _day(record, timezone).isoformat(),
        "saved_at": outbox.iso(now),
    }


def _day(record: AuthenticationRecord, timezone: str) -> date:
    return local_date(record.clock.captured_at_utc, timezone)


def of_person(store: Store, person_id: str, limit: int = 20) -> list[Kept]:
    """Return a person's records on this kiosk, newest first, each with its progress towards the bureau."""
    with store_errors():
        rows = store.db.execute(
            "SELECT o.content, r.saved_at FROM outbox o JOIN records r USING (record_id) WHERE o.person_id = ? AND o.content <> '' "
            "ORDER BY o.created_at DESC, o.rowid DESC LIMIT ?",
            (person_id, limit),
        ).fetchall()
        if not rows:
            return []
        progress = {one.record_id: one for one in outbox.stages_of_person(store.db, person_id, limit)}
    kept = [Kept(from_json(content), datetime.fromisoformat(saved_at), None) for content, saved_at in rows]
    return [Kept(one.record, one.saved_at, progress.get(one.record.record_id)) for one in kept]


def passes_of(store: Store, person_id: str) -> dict[str, date]:
    """Return the newest pass of each benefit made on this kiosk: benefit id -> day.

    Not what the bureau returned or refused; a human review from the bureau's confirmation on.
    """
    with store_errors():
        rows = store.db.execute(
            "SELECT r.benefit_id, max(r.captured_on) FROM outbox o JOIN records r USING (record_id) WHERE o.person_id = ? "
            "AND o.state <> 'refused' AND (r.outcome = 'passed' AND r.channel NOT IN ('enrolment', 'declaration') "
            "AND o.decision <> 'returned' OR r.channel = 'human-review' AND o.decision = 'confirmed') GROUP BY r.benefit_id",
            (person_id,),
        ).fetchall()
    return {benefit_id: date.fromisoformat(day) for benefit_id, day in rows}


# --- tries: a limit a person and day, never a device


def count_try(store: Store, person_id: str, day: date) -> int:
    """Count one failed try of a person; returns how many there are on that day."""
    with store.transaction() as db:
        return _count(db, person_id, day)


def _count(db: Database, person_id: str, day: date) -> int:
    db.execute(
        "INSERT INTO tries VALUES (?, ?, 1) ON CONFLICT (person_id, day) DO UPDATE SET count = count + 1",
        (person_id, day.isoformat()),
    )
    return int(db.execute("SELECT count FROM tries WHERE person_id = ? AND day = ?", (person_id, day.isoformat())).fetchone()[0])


def tries_on(store: Store, person_id: str, day: date) -> int:
    """Return how many failed tries a person made on a day."""
    with store_errors():
        row = store.db.execute("SELECT count FROM tries WHERE person_id = ? AND day = ?", (person_id, day.isoformat())).fetchone()
    return int(row[0]) if row else 0


# --- JSON


def from_json(content: str) -> AuthenticationRecord:
    """Return the record of a canonical JSON text. Raises ValueError on anything else."""
    try:
        data = json.loads(content)
        clock = data["clock"]
        values = {f.name: data[f.name] for f in fields(AuthenticationRecord) if f.name in data}
        values |= {
            "channel": Channel(data["channel"]),
            "outcome": Outcome(data["outcome"]),
            "clock": ClockEvidence(
                datetime.fromisoformat(clock["captured_at_utc"]),
                clock["monotonic_s"],
                clock["boot_id"],
                datetime.fromisoformat(clock["high_water_utc"]) if clock["high_water_utc"] else None,
                clock["suspect"],
                clock["confirmed_by"],
            ),
            "actions": tuple(data["actions"]),
            "checks": tuple((name, score, flagged) for name, score, flagged in data["checks"]),
            "valid_from": date.fromisoformat(data["valid_from"]) if data["valid_from"] else None,
            "valid_to": date.fromisoformat(data["valid_to"]) if data["valid_to"] else None,
            "answer_by": date.fromisoformat(data["answer_by"]) if data.get("answer_by") else None,  # a record of before has none
        }
        return AuthenticationRecord(**values)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a record ({type(error).__name__})") from None


# --- retention


def retain(store: Store, now: datetime) -> dict[str, int]:
    """Erase what is older than its time and safely at the bureau, from the database, its log and the mirror. Returns counts.

    Run once a day by the app. A record goes only when a receipt covers it, however old it is. What was put aside as damaged goes
    with the attempts: by then it was looked into, or never will be.
    """
    settings = store.settings.store
    now = now.astimezone(UTC)
    before = now - timedelta(days=settings.retain_records_days)
    tries_before = (now - timedelta(days=settings.retain_attempts_days)).date().isoformat()
    journal_before = outbox.iso(now - timedelta(days=settings.retain_journal_days))
    with store.transaction() as db:
        old = [
            row[0]
            for row in db.execute(
                "SELECT r.record_id FROM records r JOIN outbox o USING (record_id) WHERE r.saved_at < ? "
                "AND o.state IN ('received', 'refused')",
                (outbox.iso(before),),
            ).fetchall()
        ]
        db.conn.executemany("DELETE FROM records WHERE record_id = ?", [(one,) for one in old])
        db.conn.executemany("UPDATE outbox SET content = '' WHERE record_id = ?", [(one,) for one in old])
        outbox.purge(db, before)
        consents = [
            row[0]
            for row in db.execute(
                "SELECT consent_id FROM consents WHERE given_at < ? AND kind = 'face-processing' AND consent_id NOT IN "
                "(SELECT consent_id FROM records WHERE saved_at < ?)",
                (outbox.iso(before), outbox.iso(before)),
            ).fetchall()
        ]
        db.conn.executemany("DELETE FROM consents WHERE consent_id = ?", [(one,) for one in consents])
        tries = db.execute("DELETE FROM tries WHERE day < ?", (tries_before,)).rowcount
        # From the start without a gap, whatever the clock said in between: up to the first entry that must stay.
        kept = db.execute(
            "SELECT coalesce(min(seq), 0) FROM journal WHERE seq IN (SELECT seq FROM mirror_queue) "
            "OR seq = (SELECT max(seq) FROM journal) OR json_extract(body, '$.at') >= ?",
            (journal_before,),
        ).fetchone()[0]
        entries = db.execute("DELETE FROM journal WHERE seq < ?", (kept,)).rowcount
        counted = ledger.erase_before(db, before.date())
        counts = {"records": len(old), "consents": len(consents), "tries": tries, "entries": entries, "ledger": counted}
        if any(counts.values()):
            journal.append(store, "retention", {**counts, "through": max(kept - 1, journal.retired_through(db))}, now)
    if store.is_owner:
        _clear_quarantine(store, now - timedelta(days=settings.retain_attempts_days))
    if any(counts.values()):
        gone = {("records", one) for one in old} | {("consents", one) for one in consents}
        journal.scrub(store, lambda table, row: (table, row.get("record_id") or row.get("consent_id")) not in gone, journal_before)
        with store_errors():
            store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return counts


def _clear_quarantine(store: Store, before: datetime) -> None:
    for path in [*(store.folder / "quarantine").glob("*"), *(store.folder / "journal").glob("*.damaged")]:
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < before.timestamp():
                path.unlink()
