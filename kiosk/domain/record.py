"""What is kept of a finished attempt: one record a benefit, saved in the transaction that also fills the outbox.

Standard library only. A record carries the verdict, codes, times, ids and the scores of the liveness checks; where somebody
helped, their name and number; at the desk the attendant's notes. Never a picture, a template or a match score.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class Outcome(StrEnum):
    """How an attempt ended."""

    PASSED = "passed"
    FAILED = "failed"  # the face did not match, or the person did not prove alive
    REFERRED = "referred"  # to the attendant
    REFUSED = "refused"  # the rules say no, or not yet


class Channel(StrEnum):
    """How the attempt was made (docs/programme.md)."""

    SELF_FACE = "self-face"
    HELPED_FACE = "helped-face"  # 为他人: the beneficiary faces the camera, a helper is recorded
    FACE_TO_FACE = "face-to-face"  # 面对面认证
    FAMILY_PROXY = "family-proxy"  # 亲情代办
    AGENT = "agent"  # 委托
    HOME_VISIT = "home-visit"  # 上门认证
    UNIT_LIST = "unit-list"  # 单位经办
    ENROLMENT = "enrolment"  # 人脸建模
    DECLARATION = "declaration"  # hukou, residence, death
    HUMAN_REVIEW = "human-review"  # 人工复核: asked for after failed tries; certifies nobody until the bureau confirms it


class RecordStatus(StrEnum):
    """Two-stage honesty: what is known of a record's way to the bureau. Only signed receipts move it past SENDING."""

    SAVED = "saved"  # 本机通过,已保存
    SENDING = "sending"  # leased for a batch, or outcome of a batch unknown
    RECEIVED = "received"  # 中心已收到 (signed receipt: accepted or duplicate)
    CONFIRMED = "confirmed"  # 中心已确认
    RETURNED = "returned"  # 中心退回, with a reason
    REFUSED = "refused"  # the bureau refuses the record for good, with a reason


@dataclass(frozen=True, slots=True)
class ClockEvidence:
    """What is known of the clock when a record was made; the bureau judges, the kiosk does not guess."""

    captured_at_utc: datetime  # aware, UTC
    monotonic_s: float  # of this boot
    boot_id: str
    high_water_utc: datetime | None  # latest time this database ever saw
    suspect: bool = False
    confirmed_by: str = ""  # staff id that confirmed the date


@dataclass(frozen=True, slots=True)
class AuthenticationRecord:
    """One attempt for one benefit. `pass_key` names the pass (person, benefit, policy period): two kiosks, one pass."""

    record_id: str
    visit_id: str
    station_id: str
    person_id: str
    benefit_id: str
    policy_id: str
    policy_period: str  # e.g. "2026-03"; with person and benefit: the pass key
    channel: Channel
    outcome: Outcome
    reason: str  # kiosk.domain.reasons.Reason
    clock: ClockEvidence
    identified_by: str  # kiosk.domain.person.IdentifiedBy
    roster_version: int
    author: str = "self"  # staff id where an attendant answers for it; frozen at capture
    consent_id: str = ""
    actions: tuple[str, ...] = ()
    checks: tuple[tuple[str, float, bool], ...] = ()  # (name, score, flagged) for the journal and the attendant
    model_digest: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    helper_name: str = field(default="", repr=False)
    helper_id_number: str = field(default="", repr=False)
    notes: str = field(default="", repr=False)  # attendant's reason, declaration details
    answer_by: date | None = None  # human review: the day by which the person was promised an answer

    @property
    def pass_key(self) -> str:
        """Key of the pass this record claims, equal on every kiosk."""
        return pass_key(self.person_id, self.benefit_id, self.policy_id, self.policy_period)


def pass_key(person_id: str, benefit_id: str, policy_id: str, policy_period: str) -> str:
    """Return the key of a pass: the four parts with "/" between them, and "%", "/" within a part written as %25, %2F.

    So two different passes never have one key: ("a/b", "c") is not ("a", "b/c").
    """
    return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in (person_id, benefit_id, policy_id, policy_period))


def new_record_id() -> str:
    """Return a fresh record id, which is the idempotency key at the bureau (UUID version 4)."""
    return str(uuid.uuid4())
