"""What the attendant's desk saves about a person: assisted records, enrolment and withdrawal of templates, declarations.

Called by the desk through `store.worker`. Home visits: `store.home`; unit lists: `store.unit_list`; to-do lists and the end of
the day: `store.todo`.

Whoever acts is named by a staff number that signed in (`store.staff`); the records freeze it as their author.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from enum import StrEnum

from sqlite_utils import Database

from kiosk.domain.eligibility import Eligibility
from kiosk.domain.person import Person, RosterEntry
from kiosk.domain.record import AuthenticationRecord, Channel, Outcome, new_record_id
from kiosk.errors import KioskError
from kiosk.store import home, journal, outbox, records, roster, roster_format
from kiosk.store.database import Store, store_errors
from kiosk.store.unit_list import attended


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


# --- assisted channels


def authenticate(
    store: Store,
    entry: RosterEntry,
    items: Sequence[Eligibility],
    channel: Channel,
    staff_id: str,
    now: datetime,
    *,
    why: str,
    helper: Person | None = None,
    papers: Sequence[str] = (),
    visit_id: str = "",
    details: Mapping[str, object] | None = None,
    review: Sequence[tuple[str, bytes]] = (),
) -> tuple[str, ...]:
    """Save a pass without the face: face to face, by a relative or agent, or at home. Returns the record ids.

    why: the reason code for not using the face. papers: codes of what was seen (principal-id-copy, agent-id, principal-proof).
    visit_id: of the visit that was taken over. details: further plain facts for the notes (digests of signatures and scans).
    review: (media type, bytes) of scans that somebody consented to send for human review; kept with that consent, sent after the
    record was received. Raises NotAllowed when an item may not pass, or papers or the agent are missing.
    """
    if channel in (Channel.FAMILY_PROXY, Channel.AGENT):
        if helper is None or helper.id_number == entry.id_number:
            raise NotAllowed("the agent's own identity is missing")
        missing = {"principal-id-copy", "agent-id", "principal-proof"} - set(papers)
        if missing:
            raise NotAllowed(f"papers missing: {', '.join(sorted(missing))}")
    elif channel not in (Channel.FACE_TO_FACE, Channel.HOME_VISIT):
        raise ValueError(f"not an assisted channel: {channel}")
    if not items or not all(item.may_pass for item in items):
        raise NotAllowed("a benefit may not pass today")
    notes = json.dumps({"why": why, "papers": list(papers), **(details or {})}, ensure_ascii=False)
    visit = visit_id or f"desk-{new_record_id()}"
    made = [
        attended(store, item, entry.person_id, channel, staff_id, now, helper=helper, notes=notes, visit_id=visit) for item in items
    ]
    consent = records.Consent(f"review-{new_record_id()}", entry.person_id, "human-review", witness=staff_id) if review else None
    with store.transaction() as db:
        ids = records.save_visit(store, made, now, consent=consent)
        if consent is not None:
            for media_type, content in review:
                outbox.enqueue_evidence(db, ids[0], consent.consent_id, media_type, content)
        if channel is Channel.HOME_VISIT:
            home.done(store, db, entry.person_id, staff_id, now)
    return ids


# --- templates


def enrol(
    store: Store,
    entry: RosterEntry,
    vector: bytes,
    model_digest: str,
    consent: records.Consent,
    staff_id: str,
    today: date,
    now: datetime,
) -> str:
    """Keep a face template with its separate consent, in place of an older one. Returns the record id.

    vector: float32 little-endian, 128 numbers. Raises ValueError on another size, or a consent that is not for enrolment.
    """
    if len(vector) != roster_format.VECTOR_BYTES:
        raise ValueError("512 bytes expected")
    if consent.kind != "enrolment" or consent.person_id != entry.person_id or not consent.consent_id:
        raise ValueError("enrolment needs a consent of its own")
    row = {
        "person_id": entry.person_id,
        "vector": vector,
        "model_digest": model_digest,
        "consent_id": consent.consent_id,
        "enrolled_on": today.isoformat(),
        "enrolled_by": staff_id,
    }
    made = replace(
        _plain_record(store, entry.person_id, Channel.ENROLMENT, staff_id, now),
        consent_id=consent.consent_id,
        model_digest=model_digest,
    )
    with store.transaction() as db:
        _forget(store, db, entry.person_id, now)
        db.execute("DELETE FROM erasures WHERE person_id = ?", (entry.person_id,))
        db.execute(
            "INSERT INTO templates VALUES (:person_id, :vector, :model_digest, :consent_id, :enrolled_on, :enrolled_by)", row
        )
        (record_id,) = records.save_visit(store, [made], now, consent=consent)
        journal.append(
            store,
            "template-enrolled",
            {"person": entry.person_id, "staff": staff_id, "model": model_digest},
            now,
            [("-erasures", {"person_id": entry.person_id}), ("templates", row)],
        )
    scrub_template(store, entry.person_id, keep_consent=consent.consent_id)
    return record_id


def withdraw(store: Store, entry: RosterEntry, staff_id: str, today: date, now: datetime, *, witness: str = "self") -> str:
    """Withdraw consent: the template is erased from both databases, their logs and the mirror, at once. Returns the record id."""
    return declare(store, Declaration.CONSENT_WITHDRAWN, entry, {"witness": witness}, staff_id, today, now)


def _forget(store: Store, db: Database, person_id: str, now: datetime) -> str:
    """Inside a transaction: erase the template and end its consent. Returns the consent's id."""
    row = db.execute("SELECT consent_id FROM templates WHERE person_id = ?", (person_id,)).fetchone()
    db.execute("DELETE FROM templates WHERE person_id = ?", (person_id,))
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


# --- declarations


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
) -> str:
    """Save a declaration for the bureau, and act on it here: a death and a withdrawn consent erase the template.

    details: e.g. {"date": "2026-11-01", "place": "…"}. helper: who declares, when not the person. Returns the record id. Raises
    NotAllowed when a death is declared without a declarant.
    """
    if kind is Declaration.DEATH and helper is None:
        raise NotAllowed("a death is declared by the heirs or the unit")
    made = replace(
        _plain_record(store, entry.person_id, Channel.DECLARATION, staff_id, now),
        reason=str(kind),
        notes=journal.canonical({"kind": str(kind), **details}),
        helper_name=helper.name if helper else "",
        helper_id_number=helper.id_number if helper else "",
    )
    roster.version(store)  # the roster in use must be attached before the transaction begins
    with store.transaction() as db:
        (record_id,) = records.save_visit(store, [made], now)
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
            "consent_id": _forget(store, db, person_id, now) or consent_id,
            "erased_on": today.isoformat(),
        }
        db.execute("INSERT OR REPLACE INTO erasures VALUES (:person_id, :consent_id, :erased_on)", erasure)
        roster.drop_template(store, person_id)
        rows += [("-templates", {"person_id": person_id}), ("erasures", erasure)]
    return rows


def _plain_record(store: Store, person_id: str, channel: Channel, staff_id: str, now: datetime) -> AuthenticationRecord:
    """A record that is about the person, not about a benefit."""
    from kiosk.store import clock

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
