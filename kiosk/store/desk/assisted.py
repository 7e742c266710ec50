"""What the attendant's desk saves about a person: assisted records, enrolment and withdrawal of templates, declarations.

Called by the desk through `store.worker`. Home visits: `store.home_visits`; unit lists: `unit_list`; to-do lists and the end of
the day: `store.desk.todo`.

Whoever acts is named by a staff number that signed in (`store.desk.staff`); the records freeze it as their author.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from kiosk.domain import desk_rules, template_age
from kiosk.domain.eligibility import Eligibility
from kiosk.domain.person import Person, RosterEntry, Template
from kiosk.domain.record import Channel, new_record_id
from kiosk.store import face_history, records, review_evidence
from kiosk.store.desk import paper_pages
from kiosk.store.desk.declarations import NotAllowed, forget_template, plain_record, scrub_template
from kiosk.store.desk.unit_list import attended
from kiosk.store.engine import journal
from kiosk.store.engine.database import Store
from kiosk.store.home_visits import visits as home
from kiosk.store.roster import line as roster_format

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
    pages: Sequence[str] = (),
) -> tuple[str, ...]:
    """Save a pass without the face: face to face, by a relative or agent, or at home. Returns the record ids.

    why: the reason code for not using the face. papers: codes of what was seen (principal-id-copy, agent-id, principal-proof).
    visit_id: of the visit that was taken over. details: further plain facts for the notes (digests of signatures and scans).
    review: (media type, bytes) of scans that somebody consented to send for human review; kept with that consent, sent after the
    record was received. pages: ids of photographed pages (`paper_pages`) that go the same way. Raises PageGone when one is not
    there; NotAllowed when an item may not pass, or papers or the agent are missing.
    """
    if channel in desk_rules.PROXIES:
        problem = desk_rules.proxy_problem(entry.id_number, helper.id_number if helper is not None else "", papers)
        if problem:
            raise NotAllowed(problem)
    elif channel not in desk_rules.ASSISTED:
        raise ValueError(f"not an assisted channel: {channel}")
    if not items or not all(item.may_pass for item in items):
        raise NotAllowed("a benefit may not pass today")
    notes = json.dumps({"why": why, "papers": list(papers), **(details or {})}, ensure_ascii=False)
    visit = visit_id or f"desk-{new_record_id()}"
    made = [
        attended(store, item, entry.person_id, channel, staff_id, now, helper=helper, notes=notes, visit_id=visit) for item in items
    ]
    consent = (
        records.Consent(f"review-{new_record_id()}", entry.person_id, "human-review", witness=staff_id) if review or pages else None
    )
    with store.transaction() as db:
        ids = records.save_visit(store, made, now, consent=consent)
        if consent is not None:
            for media_type, content in review:
                review_evidence.enqueue(db, ids[0], consent.consent_id, media_type, content)
            paper_pages.become_evidence(db, pages, ids[0], consent.consent_id)
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
    *,
    origin: str = template_age.LIVE,
    quality: float = 0.0,
) -> str:
    """Keep a face template with its separate consent, in place of an older one. Returns the record id.

    origin: what it was made from; a photograph never takes the place of a live take (NotAllowed). The live one before a new live
    one stays beside it. vector: float32 little-endian, 128 numbers. Raises ValueError on another size, or a consent that is not for
    enrolment.
    """
    if len(vector) != roster_format.VECTOR_BYTES:
        raise ValueError("512 bytes expected")
    if consent.kind != "enrolment" or consent.person_id != entry.person_id or not consent.consent_id:
        raise ValueError("enrolment needs a consent of its own")
    before = entry.template
    if origin != template_age.LIVE and before is not None and before.origin == template_age.LIVE:
        if before.model_digest == model_digest:
            raise NotAllowed("there is a live template")
    new = Template(vector, model_digest, consent.consent_id, today, origin, quality)
    row = {
        "person_id": entry.person_id,
        "vector": vector,
        "model_digest": model_digest,
        "consent_id": consent.consent_id,
        "enrolled_on": today.isoformat(),
        "enrolled_by": staff_id,
        "origin": origin,
        "quality": quality,
    }
    made = replace(
        plain_record(store, entry.person_id, Channel.ENROLMENT, staff_id, now),
        consent_id=consent.consent_id,
        model_digest=model_digest,
        notes="" if origin == template_age.LIVE else json.dumps({"origin": origin, "quality": round(quality, 2)}),
    )
    with store.transaction() as db:
        forget_template(store, db, entry.person_id, now)
        db.execute("DELETE FROM erasures WHERE person_id = ?", (entry.person_id,))
        db.execute(
            "INSERT INTO templates VALUES "
            "(:person_id, :vector, :model_digest, :consent_id, :enrolled_on, :enrolled_by, :origin, :quality)",
            row,
        )
        face_history.keep_second(db, entry.person_id, before, new)
        (record_id,) = records.save_visit(store, [made], now, consent=consent)
        journal.append(
            store,
            "template-enrolled",
            {"person": entry.person_id, "staff": staff_id, "model": model_digest, "origin": origin},
            now,
            [("-erasures", {"person_id": entry.person_id}), ("templates", row)],
        )
    scrub_template(store, entry.person_id, keep_consent=consent.consent_id)
    return record_id
