"""What the rules say about one benefit on one day. Values only: made by `renewal.py`, used by the visit and the screens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from kiosk.domain.reasons import Reason


@dataclass(frozen=True, slots=True)
class Eligibility:
    """The answer of a policy for (benefit, last pass, today). Dates are local (Asia/Shanghai), inclusive.

    `may_pass`: an authentication today counts. `reason`: OK, NOT_YET, ALREADY_DONE, DATA_MATCHED, NO_QUALIFICATION, OUT_OF_SCOPE,
    DECEASED, WITHDRAWN, ROSTER_ABNORMAL, CLOCK_SUSPECT, CARD_EXPIRED. `period` names the policy period a pass today falls into.
    """

    benefit_id: str
    benefit_kind: str
    policy_id: str
    may_pass: bool
    reason: Reason
    period: str
    earliest_next: date | None  # first day on which a (further) pass counts
    valid_from: date | None  # validity of the last pass
    valid_to: date | None
    due: date | None  # last day without consequences
    grace_to: date | None  # last day of grace, payment unaffected
    suspended_from: date | None  # first day of suspension, when overdue or to come
    suspended_months: int  # months of payment suspended up to today; paid back after a pass
    if_passed_from: date | None  # validity that a pass today would give
    if_passed_to: date | None
    next_from: date | None  # next authentication window after a pass today
    next_to: date | None
    suspended: bool = False  # payment stands still today, though no payment day may have been missed yet
    card_expired: bool = False  # the card that was shown is past its last day: told and recorded, refused where the policy says so
