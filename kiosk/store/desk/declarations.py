"""Declarations at the desk (hukou, residence, death, withdrawn consent) and what they change here: a template that is erased.

Called by the desk through `store.worker`, by `assisted` (a new template replaces an old one) and by `store.home_visits` (what was
declared on a home visit takes effect here too).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from enum import StrEnum

from sqlite_utils import Database

from kiosk.canonical import canonical
from kiosk.domain import desk_rules
from kiosk.domain.person import Person, RosterEntry
from kiosk.domain.record import AuthenticationRecord, Channel, Outcome, new_record_id
from kiosk.errors import KioskError
from kiosk.store import clock, face_history, outbox, records
from kiosk.store.desk import paper_pages
from kiosk.store.engine import journal
from kiosk.store.engine.database import Store, store_errors
from kiosk.store.roster import lookup as roster


def _create(db: Database) -> None:
    db.execute("""CREATE TABLE declarations (
        record_id TEXT PRIMARY KEY,
        person_id TEXT NOT NULL,
        kind TEXT NOT NULL,
        declared_at TEXT NOT NULL
    ) STRICT""")
    db.execute("CREATE INDEX declarations_person ON declarations (person_id)")


MIGRATIONS = (_create,)


class Declaration(StrEnum):
    """What can be declared at the desk."""

    HUKOU_CANCELLED = "hukou-cancelled"
    HUKOU_MOVED = "hukou-moved"
    RESIDENCE = "residence"  # place of long-term residence
    DEATH = "death"
    CONSENT_WITHDRAWN = "consent-withdrawn"


ERASING = frozenset({Declaration.DEATH, Declaration.CONSENT_WITHDRAWN})  # these end with no template here


class NotAllowed(KioskError):
    """The rules of the desk forbid it; `reason` says why."""

    reason = "desk-not-allowed"


def forget_template(store: Store, db: Database, person_id: str, now: datetime) -> str:
    """Inside a transaction: erase the template and end its consent. Returns the consent's id."""
    row = db.execute("SELECT consent_id FROM templates WHERE person_id = ?", (person_id,)).fetchone()
    db.execute("DELETE FROM templates WHERE person_id = ?", (person_id,))
    face_history.forget(db, person_id)
    db.execute(
        "UPDATE consents SET withdrawn_at = ? WHERE person_id = ? AND kind = 'enrolment' AND withdrawn_at = ''",
        (outbox.iso(now), person_id),
    )
    return str(row[0]) if row else ""


def scrub_template(store: Store, person_id: str, keep_consent: str = "") -> None:
    """After a commit: the erased template leaves the mirror and the write-ahead logs too."""
    journal.scrub(
        store, lambda table, row: table != "templates" or row.get("person_id") != person_id or row.get("consent_id") == keep_consent
    )
    with store_errors():
        store.db.execute("PRAGMA main.wal_checkpoint(TRUNCATE)").fetchall()
        if store.roster_attached:
            store.db.execute("PRAGMA roster.wal_checkpoint(TRUNCATE)").fetchall()


def declare(
    store: Store,
    kind: Declaration,
    entry: RosterEntry,
    details: Mapping[str, str],
    staff_id: str,
    today: date,
    now: datetime,
    *,
    helper: Person | None = None,
    pages: Sequence[str] = (),
) -> str:
    """Save a declaration for the bureau, and act on it here: a death and a withdrawn consent erase the template.

    details: e.g. {"date": "2026-11-01", "place": "…"}. helper: who declares, when not the person. pages: ids of photographed pages
    (`paper_pages`) that go to human review, with a consent of their own. Returns the record id. Raises NotAllowed when a death is
    declared without a declarant, PageGone when a page is not there.
    """
    if kind is Declaration.DEATH:
        problem = desk_rules.declarant_problem(entry.id_number, helper.id_number if helper is not None else "")
        if problem:
            raise NotAllowed(problem)
    made = replace(
        plain_record(store, entry.person_id, Channel.DECLARATION, staff_id, now),
        reason=str(kind),
        notes=canonical({"kind": str(kind), **details}).decode(),
        helper_name=helper.name if helper else "",
        helper_id_number=helper.id_number if helper else "",
    )
    consent = records.Consent(f"review-{new_record_id()}", entry.person_id, "human-review", witness=staff_id) if pages else None
    roster.version(store)  # the roster in use must be attached before the transaction begins
    with store.transaction() as db:
        (record_id,) = records.save_visit(store, [made], now, consent=consent)
        if consent is not None:
            paper_pages.become_evidence(db, pages, record_id, consent.consent_id)
        consent_id = entry.template.consent_id if entry.template else ""
        rows = take_effect(store, db, record_id, entry.person_id, kind, consent_id, today, now)
        journal.append(store, "declared", {"kind": str(kind), "person": entry.person_id, "staff": staff_id}, now, rows)
    if kind in ERASING:
        scrub_template(store, entry.person_id)
    return record_id


def take_effect(
    store: Store, db: Database, record_id: str, person_id: str, kind: Declaration, consent_id: str, today: date, now: datetime
) -> list[tuple[str, Mapping[str, object]]]:
    """Inside a transaction: what a declaration changes here, made here or brought in. Returns the rows for the journal's mirror.

    consent_id: of the roster's template. Afterwards `scrub_template`, for the kinds in ERASING.
    """
    row = {"record_id": record_id, "person_id": person_id, "kind": str(kind), "declared_at": outbox.iso(now)}
    db.execute("INSERT OR IGNORE INTO declarations VALUES (:record_id, :person_id, :kind, :declared_at)", row)
    rows: list[tuple[str, Mapping[str, object]]] = [("declarations", row)]
    if kind in ERASING:
        erasure = {
            "person_id": person_id,
            "consent_id": forget_template(store, db, person_id, now) or consent_id,
            "erased_on": today.isoformat(),
        }
        db.execute("INSERT OR REPLACE INTO erasures VALUES (:person_id, :consent_id, :erased_on)", erasure)
        roster.drop_template(store, person_id)
        rows += [("-templates", {"person_id": person_id}), ("erasures", erasure)]
    return rows


def plain_record(store: Store, person_id: str, channel: Channel, staff_id: str, now: datetime) -> AuthenticationRecord:
    """A record that is about the person, not about a benefit."""
    return AuthenticationRecord(
        record_id=new_record_id(),
        visit_id=f"desk-{new_record_id()}",
        station_id=store.settings.station.station_id,
        person_id=person_id,
        benefit_id="none",
        policy_id="none",
        policy_period=f"{now:%Y-%m-%dT%H%M%S}",
        channel=channel,
        outcome=Outcome.PASSED,
        reason="ok",
        clock=clock.evidence(store, now),
        identified_by="desk",
        roster_version=roster.version_for(store, person_id),
        author=staff_id,
    )


def withdraw(store: Store, entry: RosterEntry, staff_id: str, today: date, now: datetime, *, witness: str = "self") -> str:
    """Withdraw consent: the template is erased from both databases, their logs and the mirror, at once. Returns the record id."""
    return declare(store, Declaration.CONSENT_WITHDRAWN, entry, {"witness": witness}, staff_id, today, now)
