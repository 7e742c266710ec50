"""From a finished attempt to the records that are saved, one a chosen benefit: what `domain/record.py` says, and nothing else.

Pure; called by `app.visit_records` in the store's thread, inside the save. What a record is: `domain.record`;
how it is kept: `store.records`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from kiosk.domain.outcome import LivenessResult, MatchResult
from kiosk.domain.reasons import Reason
from kiosk.domain.record import AuthenticationRecord, Channel, ClockEvidence, Outcome, new_record_id
from kiosk.visit.states import Case, Mode


@dataclass(frozen=True, slots=True)
class Review:
    """A human review that somebody agreed to: the consent of its own, and the day of the answer that was promised."""

    consent_id: str
    answer_by: date


EXPIRED_CARD = ("card-expired", 1.0, True)  # among the checks: the bureau and the attendant see that the card was past its last day


def records_of(
    case: Case,
    outcome: Outcome,
    reason: Reason,
    clock: ClockEvidence,
    station_id: str,
    roster_version: int,
    liveness: LivenessResult | None = None,
    match: MatchResult | None = None,
    *,
    review: Review | None = None,
) -> tuple[AuthenticationRecord, ...]:
    """Return one record for each benefit of the case. The validity a pass gives is written into passed records only, and into those
    that ask for a human review: there it holds once the bureau has confirmed it. review: they ask for one."""
    helper = case.visit.helper
    passed = outcome is Outcome.PASSED or review is not None
    face = Channel.HELPED_FACE if case.visit.mode is Mode.OTHER else Channel.SELF_FACE
    checks = (
        ()
        if liveness is None
        else tuple(
            (check.name.replace("_", "-"), round(check.score, 4), check.flagged)
            for check in liveness.checks
            if check.score is not None
        )
    )
    return tuple(
        AuthenticationRecord(
            record_id=new_record_id(),
            visit_id=case.visit.visit_id,
            station_id=station_id,
            person_id=case.entry.person_id,
            benefit_id=item.benefit_id,
            policy_id=item.policy_id,
            policy_period=item.period,
            channel=face if review is None else Channel.HUMAN_REVIEW,
            outcome=outcome,
            reason=reason.value,
            clock=clock,
            identified_by=case.person.identified_by.value,
            roster_version=roster_version,
            author=case.in_sight or "self",
            consent_id=case.consent_id if review is None else review.consent_id,
            actions=tuple(done.action.value for done in liveness.actions) if liveness else (),
            checks=(*checks, EXPIRED_CARD) if item.card_expired else checks,
            model_digest=match.model_digest if match else "",
            valid_from=item.if_passed_from if passed else None,
            valid_to=item.if_passed_to if passed else None,
            helper_name=helper.name if helper else "",
            helper_id_number=helper.id_number if helper else "",
            answer_by=None if review is None else review.answer_by,
        )
        for item in case.chosen
    )
