"""One sample of every page in every situation, for the gallery, the audit and the bench. Invented people; no photograph.

Names and numbers are made up: the region code 000000 does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from kiosk.config import Channel, Settings, Station
from kiosk.domain.eligibility import Eligibility
from kiosk.domain.identity import check_digit
from kiosk.domain.person import Benefit, Person, RosterEntry, RosterStatus
from kiosk.domain.reasons import Action, Guidance, Reason
from kiosk.domain.record import RecordStatus
from kiosk.domain.take_view import CardGuidance, ScanView, Side, TakeView
from kiosk.ui.prompts import PAGE_NAMES
from kiosk.visit import states as s

NOW = datetime(2026, 11, 21, 10, 24, tzinfo=ZoneInfo("Asia/Shanghai"))
NUMBER = "00000019480617102" + check_digit("00000019480617102")
QUAD = ((0.3, 0.32), (0.7, 0.3), (0.71, 0.66), (0.31, 0.68))  # where the drawn card lies in its picture
RECORD = "4f3a91c2-6f0d-4c7e-9a55-1d6a0d0f2b11"


def sample_take(**shown: Any) -> TakeView:
    """Return what a take of two actions would say; `shown`: fields of TakeView."""
    return TakeView(**{"phase": "cue", "action_count": 2, "can_swap": True, **shown})


@dataclass(frozen=True, slots=True)
class Scene:
    """A state, and what else is on the screen with it."""

    name: str
    state: s.State
    take: TakeView | None = None
    scan: ScanView | None = None
    face: bool = False  # the drawn face is in the camera circle, or a drawn card in the card's frame
    countdown: int | None = None
    help_called: bool = False
    typed: str = ""
    panel: str = ""  # "language" or "sound": what the top bar opened


def sample_settings(base: Settings | None = None) -> Settings:
    """Return settings of a station with other channels to go to."""
    base = base or Settings()
    station = Station(
        name="南山街道 · 粤海社区工作站",
        station_id="SZ-NS-0417",
        hotline="12333",
        channels=(
            Channel(name="粤海街道党群服务中心", address="南海大道 2001 号一楼", hours="工作日 9:00-18:00", phone="0755-0000 0001"),
            Channel(name="南山区社保分局", address="南头街 100 号", hours="工作日 9:00-17:00", phone="0755-0000 0002"),
            Channel(name="上门认证", address="行动不便，可以预约工作人员上门", phone="0755-0000 0003"),
        ),
    )
    return base.model_copy(update={"station": station})


def eligibility(kind: str, *, may_pass: bool = True, reason: Reason = Reason.OK, months: int = 0) -> Eligibility:
    """Return a sample answer of the rules."""
    return Eligibility(
        benefit_id=kind,
        benefit_kind=kind,
        policy_id="deferred-month",
        may_pass=may_pass,
        reason=reason,
        period="2026-11",
        earliest_next=None if may_pass else date(2026, 12, 1),
        valid_from=date(2025, 12, 1),
        valid_to=date(2026, 11, 30),
        due=date(2026, 11, 30) if may_pass else date(2027, 11, 30),
        grace_to=None,
        suspended_from=None,
        suspended_months=months,
        if_passed_from=date(2026, 12, 1),
        if_passed_to=date(2027, 11, 30),
        next_from=date(2026, 12, 1),
        next_to=date(2027, 11, 30),
    )


def scenes() -> tuple[Scene, ...]:
    """Return all scenes, in the order of a visit."""
    kinds = _benefit_kinds()
    person = Person("陈小芳", NUMBER)
    entry = RosterEntry(
        "P-1", person.name, NUMBER, RosterStatus.ACTIVE, tuple(Benefit(kind, kind, "deferred-month") for kind in kinds)
    )
    due = tuple(eligibility(kind) for kind in kinds)
    visit = s.Visit("visit-1", card_present=True)
    other = replace(visit, mode=s.Mode.OTHER)
    query = replace(visit, mode=s.Mode.QUERY)
    case = s.Case(visit, person, entry, due, "consent-1")
    helped = replace(other, helper=Person("李建国", NUMBER[:14] + "0001"), card_present=False)
    friend = replace(case, visit=helped)
    no_card = s.Visit("visit-1")
    waiting = s.AwaitingCard(no_card)
    done = s.Finished(case, (RECORD,), next_from=date(2026, 12, 1), next_to=date(2027, 11, 30))
    not_yet = tuple(eligibility(kind, may_pass=False, reason=Reason.NOT_YET) for kind in kinds)
    aged = replace(entry, born=date(1940, 1, 15), home_visit=False, address="示范街道样板路8号3栋502", phone="13800004821")
    old = replace(case, entry=aged)
    matched = (replace(not_yet[0], reason=Reason.DATA_MATCHED, due=date(2027, 3, 31)),)
    acting = s.Acting(case, take_id=1)
    # Loops rest at their peak in a still picture: the demonstrated action is seen.
    out = [
        Scene("idle", s.Idle()),
        Scene("idle-after-timeout", s.Idle(Reason.IDLE_TIMEOUT)),
        Scene("who", s.ChoosingWho(no_card)),
        Scene("card", waiting),
        Scene("card-trouble", replace(waiting, trouble=Reason.CARD_LIFT_AND_RETRY)),
        Scene("card-reading", replace(waiting, reading=True)),
        Scene("card-no-reader", replace(waiting, reader_ready=False)),
        Scene("card-helper", replace(waiting, whose=s.Whose.HELPER, visit=replace(other, card_present=False))),
        Scene("card-friend", replace(waiting, visit=helped)),
        Scene(
            "card-helper-last",
            s.AwaitingCard(helped, s.Whose.HELPER, beneficiary=person, entry=entry, eligibilities=due),
        ),
        Scene("number-empty", s.EnteringNumber(no_card)),
        Scene("number-complete", s.EnteringNumber(no_card), typed=NUMBER),
        Scene("number-wrong", s.EnteringNumber(no_card), typed=NUMBER[:17] + ("1" if NUMBER[17] != "1" else "2")),
        Scene("number-not-found", s.EnteringNumber(no_card, problem=Reason.NOT_IN_ROSTER)),
        Scene("name", s.ChoosingName(no_card, s.Whose.BENEFICIARY, NUMBER, ("王秀英", "陈小芳", "欧阳建国", "李玉兰"))),
        Scene("scan", s.ScanningCard(no_card), scan=ScanView(guidance=CardGuidance.TOO_FAR, progress=0.15, quad=QUAD), face=True),
        Scene(
            "scan-back",
            s.ScanningCard(no_card),
            scan=ScanView(Side.BACK, CardGuidance.SHOW_BACK, 0.5, masked_name="陈 * 芳"),
            face=True,
        ),
        Scene("scan-code", s.ScanningCard(no_card, code=True), face=True),
        Scene("card-code-offline", replace(waiting, trouble=Reason.CODE_OFFLINE)),
        Scene("scan-no-camera", s.ScanningCard(no_card, camera_ready=False)),
        Scene("looking-up", s.LookingUp(visit, person)),
        Scene("looking-up-elsewhere", s.LookingUp(visit, person, elsewhere=True)),
        Scene("confirm", s.Confirming(visit, person, entry, due)),
        Scene("confirm-expired", s.Confirming(visit, person, entry, tuple(replace(item, card_expired=True) for item in due))),
        Scene("confirm-rare-name", s.Confirming(visit, Person("陈小\ue123", NUMBER), entry, due)),
        Scene("confirm-other", s.Confirming(other, person, entry, due[:1])),
        Scene("benefits", s.ChoosingBenefits(visit, person, entry, due)),
        Scene("answer-data-matched", s.Answered(visit, Reason.DATA_MATCHED, matched, person)),
        Scene("answer-already-done", s.Answered(visit, Reason.ALREADY_DONE, not_yet[:1], person, (RecordStatus.RECEIVED,))),
        Scene("answer-not-yet", s.Answered(visit, Reason.NOT_YET, not_yet, person, roster_stale=True)),
        Scene(
            "answer-returned",
            s.Answered(visit, Reason.ALREADY_DONE, not_yet[:1], person, (RecordStatus.RETURNED,), "photo-unclear"),
        ),
        Scene("answer-query", s.Answered(query, Reason.OK, (due[0], not_yet[1]), person)),
        Scene("answer-not-in-roster", s.Answered(visit, Reason.NOT_IN_ROSTER)),
        Scene("answer-elsewhere-offline", s.Answered(visit, Reason.ELSEWHERE_OFFLINE)),
        Scene("answer-no-template", s.Answered(visit, Reason.NO_TEMPLATE, due, person, roster_stale=True)),
        Scene("consent", s.Consenting(case)),
        Scene("consent-friend", s.Consenting(friend)),
        Scene("instructions", s.Instructing(case)),
        Scene("instructions-friend", s.Instructing(friend)),
        Scene("instructions-rested", s.Instructing(case, rested=True)),
        *(Scene(f"instructions-practised-{well}", s.Instructing(case, practised=well)) for well in (True, False)),
        Scene("instructions-no-camera", s.Instructing(case, camera_ready=False)),
        Scene("camera-begin", acting, sample_take(), face=True),
        Scene("camera-friend", replace(acting, case=friend), sample_take(), face=True),
        Scene(
            "camera-last",
            acting,
            sample_take(progress=1.0, done_actions=(Action.BLINK, Action.TURN_LEFT), can_swap=False),
            face=True,
        ),
        Scene("camera-guidance", acting, sample_take(guidance=Guidance.TOO_FAR, progress=0.1), face=True),
        Scene("camera-ready", acting, sample_take(action=Action.MOUTH_OPEN, progress=0.05), face=True),
        *(
            Scene(
                f"camera-{action}",
                acting,
                sample_take(
                    action=action,
                    action_index=1,
                    now=True,
                    progress=0.62,
                    done_actions=(Action.BLINK if action is not Action.BLINK else Action.MOUTH_OPEN,),
                ),
                face=True,
            )
            for action in Action
            if action is not Action.READ_DIGITS
        ),
        Scene("camera-read-digits-ready", acting, sample_take(action=Action.READ_DIGITS, digits="2947"), face=True),
        Scene(
            "camera-read-digits",
            acting,
            sample_take(action=Action.READ_DIGITS, action_index=1, now=True, progress=0.62, loudness=0.62, digits="2947"),
            face=True,
        ),
        Scene(
            "camera-read-digits-weighing",
            acting,
            sample_take(action=Action.READ_DIGITS, action_index=1, now=True, digits="2947", weighing=True),
            face=True,
        ),
        Scene("camera-light", acting, sample_take(action=Action.TURN_LEFT, light_pattern=(0.6, 0.2, 0.2)), face=True),
        Scene("camera-light-below", acting, sample_take(action=Action.TURN_LEFT, light_pattern=(-0.6, 0.2, -0.2)), face=True),
        Scene("camera-wrong-way", acting, sample_take(action=Action.TURN_LEFT, now=True, wrong_way=True), face=True),
        Scene("camera-slower", acting, sample_take(action=Action.TURN_LEFT, now=True, progress=0.4, slower=True), face=True),
        Scene("camera-larger", acting, sample_take(action=Action.MOUTH_OPEN, now=True, progress=0.4, larger=True), face=True),
        Scene("camera-too-early", acting, sample_take(action=Action.NOD, too_early=True, can_swap=False), face=True),
        Scene("camera-returning", acting, sample_take(action=Action.TURN_RIGHT, now=True, progress=1.0, returning=True), face=True),
        Scene(
            "camera-practice", replace(acting, practice=True), sample_take(action=Action.BLINK, now=True, progress=0.3), face=True
        ),
        Scene("camera-away", replace(acting, camera_ready=False)),
        Scene("checking", s.Checking(case)),
        Scene("checking-saving", s.Checking(case, saving=True)),
        Scene("retry", s.Retrying(case, Reason.ACTION_TIMEOUT, 2)),
        Scene("retry-action", s.Retrying(case, Reason.ACTION_TIMEOUT, 2, Action.TURN_RIGHT)),
        Scene("retry-early", s.Retrying(case, Reason.ACTION_TIMEOUT, 2, Action.TURN_RIGHT, early=True)),
        Scene("retry-light", s.Retrying(case, Reason.LIVENESS_FAILED, 2)),
        Scene("retry-last", s.Retrying(case, Reason.FACE_MISMATCH, 1)),
        Scene("result", done),
        Scene("result-received", replace(done, stage=RecordStatus.RECEIVED)),
        Scene("result-confirmed", replace(done, stage=RecordStatus.CONFIRMED)),
        Scene("result-returned", replace(done, stage=RecordStatus.RETURNED)),
        Scene("result-resumed", replace(done, suspended_months=3, resumes=True, roster_stale=True)),
        Scene("result-resumed-now", replace(done, resumes=True)),
        Scene("result-face-ageing", replace(done, face_ageing=True, roster_stale=True)),
        Scene("referred-face", s.Referred(visit, Reason.FACE_UNCERTAIN, case, (RECORD,))),
        Scene("referred-no-face", s.Referred(visit, Reason.NO_FACE_WANTED, case)),
        Scene("referred-stayed", s.Referred(visit, Reason.NO_FACE_WANTED, case, stayed=1), help_called=True),
        Scene("referred-eighty", s.Referred(old.visit, Reason.FACE_MISMATCH, old, (RECORD,))),
        Scene("review", s.ReviewConsenting(case, s.Referred(visit, Reason.FACE_MISMATCH, case), date(2026, 12, 3))),
        Scene("review-sent", s.ReviewSent(case, (RECORD,), date(2026, 12, 3))),
        Scene("review-sent-received", s.ReviewSent(case, (RECORD,), date(2026, 12, 3), RecordStatus.RECEIVED)),
        Scene("review-sent-confirmed", s.ReviewSent(case, (RECORD,), date(2026, 12, 3), RecordStatus.CONFIRMED)),
        Scene("visit-booked", s.VisitBooked(old, saved=True)),
        Scene("visit-booked-saving", s.VisitBooked(old)),
        Scene("visit-booked-no-phone", s.VisitBooked(case, saved=True)),
        Scene("answer-review-pending", s.Answered(visit, Reason.REVIEW_PENDING, due, person, answer_by=date(2026, 12, 3))),
        Scene("answer-review-overdue", s.Answered(visit, Reason.REVIEW_OVERDUE, due, person, answer_by=date(2026, 11, 20))),
        Scene("answer-review-passed", s.Answered(visit, Reason.REVIEW_PASSED, not_yet[:1], person, (RecordStatus.CONFIRMED,))),
        Scene("answer-out-of-scope", s.Answered(visit, Reason.OUT_OF_SCOPE, person=person)),
        Scene("answer-no-qualification", s.Answered(visit, Reason.NO_QUALIFICATION, person=person)),
        Scene("take-card", s.TakingCard(visit, passed=True)),
        Scene("take-card-told", s.TakingCard(visit)),
        Scene("take-card-open", s.TakingCard(visit, Reason.CANCELLED)),
        Scene("take-card-timeout", s.TakingCard(visit, Reason.IDLE_TIMEOUT)),
        Scene("out-of-service", s.OutOfService(Reason.READER_UNPLUGGED)),
        Scene("languages", s.Idle(), panel="language"),
        Scene("sound", s.Idle(), panel="sound"),
        Scene("still-here", s.Consenting(case), countdown=23),
        Scene("help-called", s.Instructing(case), help_called=True),
    ]
    return tuple(out)


def reason_scenes() -> tuple[Scene, ...]:
    """Return a scene for every reason on every page that may show it: nothing a helper writes may fail to fit."""
    base = {scene.name: scene.state for scene in scenes()}
    out: list[Scene] = []
    for reason in Reason:
        for state in (base["retry-last"], base["referred-face"], base["answer-not-in-roster"], base["card-trouble"]):
            if isinstance(state, s.Retrying | s.Referred | s.Answered):
                out.append(Scene(f"{PAGE_NAMES[type(state)]}-{reason}", replace(state, reason=reason)))
            elif isinstance(state, s.AwaitingCard):
                out.append(Scene(f"card-{reason}", replace(state, trouble=reason)))
        out.append(Scene(f"out-of-service-{reason}", s.OutOfService(reason)))
    for guidance in Guidance:
        out.append(Scene(f"camera-{guidance}", base["camera-guidance"], sample_take(guidance=guidance, progress=0.2)))
    return tuple(out)


def _benefit_kinds() -> tuple[str, ...]:
    return "enterprise-employee", "old-age-allowance"
