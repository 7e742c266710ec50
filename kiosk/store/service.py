"""What the visit asks of the store: who is this, what do the rules say (`domain.renewal`), what became of earlier records.

Called by `app.visit_records` through `store.worker`. Saving: `store.records`.

Every function runs on the store's thread and answers with a value; only a broken store raises (StoreError).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from kiosk.domain import renewal
from kiosk.domain.calendar_days import local_date
from kiosk.domain.eligibility import Eligibility
from kiosk.domain.person import Benefit, Person, RosterEntry, RosterStatus
from kiosk.domain.reasons import Reason
from kiosk.domain.record import Outcome, RecordStatus
from kiosk.store import clock, outbox, policies, records, reviews
from kiosk.store.engine import journal
from kiosk.store.engine.database import Store
from kiosk.store.roster import lookup as roster

_STATUS_FIRST = (Reason.DECEASED, Reason.WITHDRAWN, Reason.ROSTER_ABNORMAL)


@dataclass(frozen=True, slots=True)
class LookUp:
    """The answer to a look-up: the fields of `visit.events.LookedUp` but for the visit's id.

    `reason`: OK, or why the visit does not go on to the face. `stages`: of earlier passes on this kiosk, newest first.
    `returned_reason`: the bureau's reason when it returned or refused the newest one.
    `missed_on`, `missed_why`: of the newest attempt, where that one did not pass.
    """

    reason: Reason
    entry: RosterEntry | None = field(default=None, repr=False)
    eligibilities: tuple[Eligibility, ...] = ()
    stages: tuple[RecordStatus, ...] = ()
    returned_reason: str = ""
    roster_stale: bool = False
    roster_issued_at: datetime | None = None
    clock_suspect: bool = False
    missed_on: date | None = None
    missed_why: str = ""
    answer_by: date | None = None  # a human review waits: until when an answer was promised


def look_up(
    store: Store,
    person: Person,
    today: date,
    mode: str = "self",
    *,
    now: datetime | None = None,
    model_digest: str = "",
    monotonic_s: float | None = None,
) -> LookUp:
    """Return what roster and rules say about a person on `today`.

    mode: "self", "other" or "query" (next date only: template and tries do not matter). now: aware; the present when None.
    model_digest: of the running encoder; empty: a template of any model will do.

    Order (programme.md): not in the roster, name, then for each benefit clock, status, scope, qualification, window; then template
    and the limit of tries a day. A suspect clock is told before anything a date decides, after what no date decides.
    """
    now = now or datetime.now(UTC)
    state = clock.observe(store, now, monotonic_s)
    issued = roster.in_use(store).issued_at
    stale = roster.is_stale(store, now)
    entry = roster.find(store, person.id_number)
    if entry is None:
        return LookUp(Reason.NOT_IN_ROSTER, roster_stale=stale, roster_issued_at=issued, clock_suspect=state.blocks_rules)
    if not roster.same_name(entry.name, person.name):
        return LookUp(Reason.NAME_MISMATCH, roster_stale=stale, roster_issued_at=issued, clock_suspect=state.blocks_rules)
    expired = person.document_valid_to is not None and person.document_valid_to < today  # the last valid day is one
    answers = eligibilities(store, entry, today, clock_suspect=state.blocks_rules, card_expired=expired)
    every = records.of_person(store, entry.person_id)
    # The stages are those of passes: that the centre has a failed attempt is nothing to be glad of, here or at the desk.
    earlier = [kept.progress for kept in every if kept.progress is not None and kept.record.outcome is Outcome.PASSED]
    last = every[0].record if every else None
    missed = None if last is None or last.outcome is Outcome.PASSED else last
    returned = earlier[0].reason if earlier and earlier[0].stage in (RecordStatus.RETURNED, RecordStatus.REFUSED) else ""
    reason = _overall(answers)
    if reason is Reason.OK and mode != "query":
        reason = _face_ready(store, entry, today, model_digest)
    review = reviews.standing(every, answers, today)
    if review is not None:
        reason, returned = reviews.reason_with(review, reason), returned or review.returned_reason
    return LookUp(
        reason,
        entry,
        answers,
        tuple(one.stage for one in earlier),
        returned,
        stale,
        issued,
        state.blocks_rules,
        None if missed is None else local_date(missed.clock.captured_at_utc, store.settings.station.timezone),
        "" if missed is None else missed.reason,
        review.answer_by if review is not None and reason in reviews.WAITING else None,
    )


def eligibilities(
    store: Store, entry: RosterEntry, today: date, *, clock_suspect: bool = False, card_expired: bool = False
) -> tuple[Eligibility, ...]:
    """Return the rules' answer for each benefit, passes made here and not yet in the roster included."""
    book = policies.book(store)
    default = store.settings.rules.default_policy
    passes = records.passes_of(store, entry.person_id)
    issued = roster.in_use(store).issued_at if passes and entry.status is RosterStatus.SUSPENDED else None
    answers = []
    for benefit in entry.benefits:
        known: Benefit = benefit if benefit.policy_id in book else replace(benefit, policy_id=default)
        here = passes.get(benefit.benefit_id)
        passed_here = here is not None and (known.last_pass is None or here >= known.last_pass)
        if here is not None and not clock_suspect:
            known = renewal.after_pass(book, known, here, renewal.birthday(entry))
        told = entry
        if issued is not None and passed_here and here is not None and here >= local_date(issued, store.settings.station.timezone):
            told = replace(entry, status=RosterStatus.ACTIVE)  # suspended is what the roster said before the pass
        answer = renewal.decide(
            book, known, told, today, clock_suspect=clock_suspect, passed_here=passed_here, card_expired=card_expired
        )
        answers.append(answer)
    return tuple(answers)


def _overall(answers: tuple[Eligibility, ...]) -> Reason:
    """Return OK when one benefit may pass; else the reason that concerns the person most."""
    if any(answer.may_pass for answer in answers):
        return Reason.OK
    reasons = [answer.reason for answer in answers]
    if not reasons:
        return Reason.NO_QUALIFICATION
    for first in (
        Reason.CLOCK_SUSPECT,
        *_STATUS_FIRST,
        Reason.CARD_EXPIRED,
        Reason.DATA_MATCHED,
        Reason.ALREADY_DONE,
        Reason.NOT_YET,
        Reason.OUT_OF_SCOPE,
    ):
        if first in reasons:
            return first
    return reasons[0]


def _face_ready(store: Store, entry: RosterEntry, today: date, model_digest: str) -> Reason:
    if entry.template is None:
        return Reason.NO_TEMPLATE
    if model_digest and entry.template.model_digest != model_digest:
        return Reason.TEMPLATE_OUTDATED
    if records.tries_on(store, entry.person_id, today) >= store.settings.liveness.tries_per_person_day:
        return Reason.TOO_MANY_TRIES
    return Reason.OK


def names_to_choose(store: Store, id_number: str) -> tuple[str, ...]:
    """Return the names to choose from for a typed number; as many for a number that nobody has."""
    return roster.names_to_choose(store, id_number)


def note_refusal(store: Store, visit_id: str, reason: str, now: datetime) -> None:
    """Journal that a visit ended without the face: id and code, no name."""
    journal.note(store, "visit-refused", {"visit": visit_id, "reason": str(reason)}, now)


def status_of(store: Store, record_id: str) -> RecordStatus | None:
    """Return how far a record is known to have come."""
    found = outbox.status_of(store.db, record_id)
    return None if found is None else found.stage
