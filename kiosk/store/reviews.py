"""Human reviews (人工复核) as they stand on this kiosk: asked for, late, returned, confirmed. For `service.look_up`.

Somebody whose face failed asks for one; the record travels like any other, and the bureau's decision comes back like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from kiosk.domain.eligibility import Eligibility
from kiosk.domain.reasons import Reason
from kiosk.domain.record import Channel, Outcome, RecordStatus
from kiosk.store.records import Kept

WAITING = frozenset({Reason.REVIEW_PENDING, Reason.REVIEW_OVERDUE})
# What a review that is not decided takes the place of: there is nothing that the face could add. An answer that concerns the
# person more (registered as deceased, a suspect clock) stays.
_INSTEAD_OF = frozenset({Reason.OK, Reason.NO_TEMPLATE, Reason.TEMPLATE_OUTDATED, Reason.TOO_MANY_TRIES})
_DONE = frozenset({Reason.ALREADY_DONE, Reason.NOT_YET})


@dataclass(frozen=True, slots=True)
class Standing:
    """A person's newest review, while nothing newer takes its place."""

    reason: Reason
    answer_by: date | None
    returned_reason: str = ""


def standing(every: Sequence[Kept], answers: Sequence[Eligibility], today: date) -> Standing | None:
    """Return how the newest review of a person stands; None: there is none, or it matters no more.

    every: all records of the person, newest first. answers: what the rules say today.
    """
    newest = next((kept for kept in every if kept.record.channel is Channel.HUMAN_REVIEW), None)
    if newest is None or newest.progress is None:
        return None
    since = every[: every.index(newest)]
    if any(kept.record.outcome is Outcome.PASSED for kept in since):
        return None  # certified since, in another way
    stage, answer_by = newest.progress.stage, newest.record.answer_by
    if stage is RecordStatus.CONFIRMED:
        return Standing(Reason.REVIEW_PASSED, answer_by)
    theirs = {kept.record.benefit_id for kept in every if kept.record.visit_id == newest.record.visit_id}
    if not {item.benefit_id for item in answers if item.may_pass} <= theirs:
        return None  # something else is due
    if stage in (RecordStatus.RETURNED, RecordStatus.REFUSED):
        # An attempt since then, with whatever end, was somebody's answer to it.
        return None if since else Standing(Reason.REVIEW_RETURNED, answer_by, newest.progress.reason)
    late = answer_by is not None and today > answer_by
    return Standing(Reason.REVIEW_OVERDUE if late else Reason.REVIEW_PENDING, answer_by)


def reason_with(review: Standing, reason: Reason) -> Reason:
    """Return what a person is told, whom the rules alone would answer `reason`."""
    if review.reason is Reason.REVIEW_PASSED:
        return review.reason if reason in _DONE else reason
    return review.reason if reason in _INSTEAD_OF else reason
