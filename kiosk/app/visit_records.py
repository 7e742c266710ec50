"""The visit's work in the store: look-ups, saving, journal, fairness ledger. Asked in the store's thread, answered as events.

Used by `visit_controller` alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from kiosk.app.elsewhere_worker import Asked
from kiosk.app.visit_memory import VisitMemory
from kiosk.config import Settings
from kiosk.domain.calendar_days import add_months
from kiosk.domain.fairness import Counted
from kiosk.domain.person import Person
from kiosk.domain.reasons import Reason
from kiosk.domain.record import Outcome
from kiosk.domain.working_days import working_days_after
from kiosk.store import clock, face_history, ledger, records, service
from kiosk.store.engine import journal
from kiosk.store.engine.database import Store
from kiosk.store.home_visits import visits as home
from kiosk.store.roster import lookup as roster
from kiosk.store.roster import visitors
from kiosk.store.worker import StoreWorker
from kiosk.sync import elsewhere, slip_codes
from kiosk.visit import events as e
from kiosk.visit import states as s
from kiosk.visit.recording import Review, records_of


@dataclass(frozen=True, slots=True)
class SavedVisit:
    """The store's answer to a save: the visit's event, and what was saved."""

    event: e.RecordsSaved
    outcome: Outcome
    reason: Reason


class VisitRecords:
    """Asks the store for the visit; the answers come by `StoreWorker.answered`."""

    def __init__(
        self,
        settings: Settings,
        store: StoreWorker,
        now: Callable[[], datetime] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """now: the wall clock in UTC; both clocks are the host's where none is given."""
        self._review, self._visits_from_age = settings.review, settings.home_visits.offered_from_age
        self._station_id, self._zone = settings.station.station_id, ZoneInfo(settings.station.timezone)
        self._store, self._sync, self._monotonic = store, settings.sync, monotonic
        self.now = now or (lambda: datetime.now(UTC))

    def today(self) -> date:
        """Return the station's date."""
        return self.local().date()

    def local(self) -> datetime:
        """Return the station's time."""
        return self.now().astimezone(self._zone)

    def look_up(self, visit_id: str, person: Person, mode: str, model_digest: str) -> None:
        """Ask who this is and what is due; answered by `LookedUp`."""
        today, now = self.today(), self.now()

        def work(store: Store) -> object:
            found = service.look_up(store, person, today, mode, now=now, model_digest=model_digest)
            other = found.reason is Reason.NOT_IN_ROSTER and elsewhere.may_know(store, person)
            return _looked_up(visit_id, person.id_number, found, elsewhere=other)

        self._store.ask(work, lambda _: e.LookedUp(visit_id, person.id_number, Reason.STORE_ERROR))

    def asked_elsewhere(self, visit_id: str, person: Person, mode: str, model_digest: str) -> Asked:
        """Return what asks the bureau for somebody of another street, and looks them up then; for a thread that may wait."""
        now = self.now()
        return Asked(
            visit_id,
            person,
            lambda: elsewhere.ask(self._sync, self._store.run, visit_id, person, now),
            lambda: self.look_up(visit_id, person, mode, model_digest),
            lambda: self.visit_over(visit_id),
        )

    def visit_over(self, visit_id: str) -> None:
        """Drop what the bureau gave for this visit alone."""
        self._store.ask(lambda store: visitors.visit_over(store, visit_id))

    def offer_names(self, visit_id: str, id_number: str) -> None:
        """Ask for the names to choose among; answered by `NamesOffered`."""
        self._store.ask(
            lambda store: e.NamesOffered(visit_id, id_number, service.names_to_choose(store, id_number)),
            lambda _: e.NamesOffered(visit_id, id_number, (), Reason.STORE_ERROR),
        )

    def save(self, case: s.Case, outcome: Outcome, reason: Reason, memory: VisitMemory) -> None:
        """Save one attempt; answered by `SavedVisit`. The ledger is kept apart from the save, which must not fail by it."""
        visit_id, now, monotonic_s = case.visit.visit_id, self.now(), self._monotonic()
        liveness, match, station_id, today = memory.liveness, memory.match, self._station_id, self.today()
        matched = memory.matched(case) if outcome is Outcome.PASSED else None

        def work(store: Store) -> object:
            evidence = clock.evidence(store, now, monotonic_s)
            version = roster.version_for(store, case.entry.person_id)
            made = records_of(case, outcome, reason, evidence, station_id, version, liveness, match)
            ids = records.save_visit(store, made, now)
            stale = roster.is_stale(store, now)
            passed = outcome is Outcome.PASSED
            code = slip_codes.make(store, case.entry.person_id, station_id, today) if passed else ""
            ageing = matched is not None and face_history.is_ageing(store, case.entry.person_id, (today, matched.score))
            return SavedVisit(e.RecordsSaved(visit_id, ids, stale, code, ageing), outcome, reason)

        self._store.ask(work, lambda _: e.SaveFailed(visit_id))
        if matched is not None:  # behind the save, which must not fail by it
            self._note_match(case, matched)
        one = memory.count(case, outcome, reason, self.today())
        memory.counted = (*memory.counted, one)
        self._note_fairness(one)

    def answer_by(self) -> date | None:
        """Return the day of the answer to a human review asked for today; None: none is offered here."""
        rule = self._review
        return working_days_after(self.today(), rule.working_days, rule.holidays, rule.worked_weekends) if rule.offered else None

    def visits_born_by(self) -> date | None:
        """Return the latest birthday of whoever may book a home visit; None: nobody may."""
        return add_months(self.today(), -12 * self._visits_from_age) if self._visits_from_age else None

    def ask_for_review(self, case: s.Case, answer_by: date, memory: VisitMemory) -> None:
        """Save the wish for a human review, with the consent of its own; answered by `ReviewSaved`."""
        visit_id, now, monotonic_s = case.visit.visit_id, self.now(), self._monotonic()
        liveness, match, station_id = memory.liveness, memory.match, self._station_id
        review = Review(f"review-{visit_id}", answer_by)

        def work(store: Store) -> object:
            evidence = clock.evidence(store, now, monotonic_s)
            version = roster.version_for(store, case.entry.person_id)
            outcome, reason = Outcome.REFERRED, Reason.REVIEW_WANTED
            made = records_of(case, outcome, reason, evidence, station_id, version, liveness, match, review=review)
            consent = records.Consent(review.consent_id, case.entry.person_id, "human-review")
            return e.ReviewSaved(visit_id, records.save_visit(store, made, now, consent=consent))

        self._store.ask(work, lambda _: e.SaveFailed(visit_id))

    def book_home_visit(self, visit_id: str, person_id: str) -> None:
        """Put somebody on the list of home visits, by their own wish; answered by `HomeVisitBooked`."""
        now = self.now()

        def work(store: Store) -> object:
            home.book(store, person_id, home.OWN_WISH_NOTE, home.OWN_WISH, now)
            return e.HomeVisitBooked(visit_id)

        self._store.ask(work, lambda _: e.SaveFailed(visit_id))

    def _note_match(self, case: s.Case, matched: face_history.Matched) -> None:
        """How a template fares over the years; a photograph's is replaced by a strong live face."""
        today, now = self.today(), self.now()

        def work(store: Store) -> None:
            face_history.after_pass(store, case.entry, matched, today, now)

        self._store.ask(work)

    def _note_fairness(self, one: Counted) -> None:
        """Count whom the machine fails, not who."""

        def work(store: Store) -> None:
            ledger.count(store, one)

        self._store.ask(work)

    def note_refusal(self, visit_id: str, reason: Reason) -> None:
        """Keep in the journal that this person was not in the roster, or not due."""
        now = self.now()
        self._store.ask(lambda store: service.note_refusal(store, visit_id, reason.value, now))

    def journal(self, kind: str, data: dict[str, str]) -> None:
        """Write a line of codes and ids into the journal."""
        now = self.now()

        def work(store: Store) -> None:
            journal.note(store, kind, data, now)

        self._store.ask(work)


def _looked_up(visit_id: str, id_number: str, found: service.LookUp, *, elsewhere: bool) -> e.LookedUp:
    return e.LookedUp(
        visit_id,
        id_number,
        found.reason,
        found.entry,
        found.eligibilities,
        found.stages,
        found.returned_reason,
        found.roster_stale,
        found.answer_by,
        elsewhere,
    )
