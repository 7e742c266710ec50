"""What is spoken for a state: catalogue keys, in order. No Qt.

The visit's controller sends them to the voice when the page changes.

Every key is fixed text without places, so that a bureau can record each of them once; `chime.NAME` is a soft sound.
"""

from __future__ import annotations

from datetime import date

from kiosk.domain.contact import phone_tail
from kiosk.domain.eligibility import Eligibility
from kiosk.domain.next_time import NextTime, next_time, open_now, valid_until
from kiosk.domain.reasons import Action, Reason
from kiosk.domain.record import RecordStatus
from kiosk.domain.take_view import TakeView
from kiosk.texts.said import SPELLED
from kiosk.ui.spoken.pieces import after, digits
from kiosk.ui.views import card_variant, take_hint
from kiosk.visit import states as s
from kiosk.visit.after_failure import to_do
from kiosk.visit.presence import FROZEN


def when(item: Eligibility, today: date) -> NextTime | None:
    """Return the sentence for the date of one benefit: when to come, or until when."""
    if item.may_pass:
        return open_now(item.due, today)
    if item.reason is Reason.DATA_MATCHED and item.due is not None:
        return valid_until(item.due, today)
    return next_time(item.earliest_next, item.due, today)


def prompt_for(state: s.State, take_view: TakeView | None = None, today: date | None = None) -> list[str]:
    """Return the keys to speak for a state; in front of the camera, for what the take asks just now.

    today: of the station; without it no date is spoken, only that it stands on the screen.
    """
    match state:
        case s.AwaitingCard(trouble=Reason() as trouble) if not state.reading:
            return [f"reason.{trouble}.say"]
        case s.AwaitingCard():
            return [f"page.card.say{card_variant(state)}"]
        case s.EnteringNumber(problem=Reason() as problem):
            return [f"reason.{problem}.say"]
        case s.ScanningCard(code=True, camera_ready=True):
            return ["page.code.say"]
        case s.ScanningCard():
            return ["ocr.guidance.show-front.say" if state.camera_ready else "page.camera.say_away"]
        case s.Confirming():
            return ["page.confirm.say_other" if state.visit.mode is s.Mode.OTHER else "page.confirm.say"]
        case s.Referred() | s.Answered() | s.Finished() if state.stayed:
            return ["chime.call", "not_done.say_staying"]
        case s.Answered():
            return _answered(state, today)
        case s.Checking(saving=False):
            return ["page.checking.say"]
        case s.Instructing(rested=True, camera_ready=True):
            return ["reason.cancelled.say"]
        case s.Instructing():
            if not state.camera_ready:
                return ["page.instructions.say_wait"]
            if state.practised is False:
                return ["reason.action-timeout.say"]
            return [*(["chime.done"] if state.practised else []), f"page.instructions.say{_other(state.case)}"]
        case s.Consenting():
            return [f"page.consent.say{_other(state.case)}"]
        case s.Acting():
            return _acting(state, take_view)
        case s.Retrying():
            last = ["page.retry.say_last"] if state.tries_left == 1 else []
            return [f"reason.{state.reason}.say", *last]
        case s.Finished():
            return _finished(state, today)
        case s.Referred():
            return ["not_done.say", f"reason.{to_do(state)}.say"]
        case s.ReviewSent(stage=RecordStatus.CONFIRMED):
            return ["reason.review-passed.say"]
        case s.ReviewSent(stage=RecordStatus.RETURNED | RecordStatus.REFUSED):
            return ["reason.review-returned.say"]
        case s.VisitBooked():
            return _booked(state)
        case s.TakingCard() if state.notice is not None:
            return ["page.take-card.say_open"]
        case s.OutOfService(reason) if reason in FROZEN:  # nobody is to be sent elsewhere
            return [f"reason.{reason}.say"]
        case s.OutOfService():
            return ["page.out-of-service.say"]
    return [f"page.{PAGE_NAMES[type(state)]}.say"]


def _other(case: s.Case) -> str:
    return "_other" if case.visit.mode is s.Mode.OTHER else ""


def _acting(state: s.Acting, view: TakeView | None) -> list[str]:
    if not state.camera_ready:
        return ["page.camera.say_away"]
    if view is not None and view.guidance is not None:
        return [f"guidance.{view.guidance}.say"]
    if view is not None and view.action is not None:
        hint = take_hint(view)
        if hint in ("wrong_way", "slower", "larger"):
            return [f"page.camera.say_{hint}"]
        if view.action is Action.READ_DIGITS:  # all is said before the cue: from then on the microphone listens
            said = ["action.read-digits.say", *after(digits(view.digits), SPELLED)]
            return ["chime.cue"] if view.now else [*(["chime.done"] if view.done_actions else []), *said]
        if view.now:
            return ["chime.cue", f"action.{view.action}.say"]
        return ["chime.done"] if view.done_actions else []  # the last action was seen
    if view is not None and view.done_actions and len(view.done_actions) >= view.action_count:
        return ["chime.done", "page.camera.say_after_last"]
    if view is not None and view.done_actions:
        return []  # said once is enough: between two actions there is a tick and a soft sound
    return [*(["page.camera.say_practice"] if state.practice else []), f"page.camera.say{_other(state.case)}"]


def _answered(state: s.Answered, today: date | None) -> list[str]:
    if s.returned(state):
        return ["not_done.say", "page.answer.say_returned"]
    if state.reason not in s.GOOD:
        opening = [] if state.reason in s.TOLD else ["not_done.say"]
        return [*opening, f"reason.{state.reason}.say"]
    # Of a query the dates are the answer; but for who was certified by data match, who does not know that anybody did it.
    named = (Reason.DATA_MATCHED, Reason.REVIEW_PASSED)
    query = state.reason is Reason.OK or (state.visit.mode is s.Mode.QUERY and state.reason not in named)
    dates = [] if today is None else [found.spoken for item in state.eligibilities if (found := when(item, today)) is not None]
    dates = list(dict.fromkeys(dates))  # two benefits of one date are one sentence
    if len(dates) > 1 or not dates:  # several: the screen says which is which
        dates = ["page.answer.say_query"]
    return dates if query else [f"reason.{state.reason}.say", *dates]


def _finished(state: s.Finished, today: date | None) -> list[str]:
    if state.stage in (RecordStatus.RETURNED, RecordStatus.REFUSED):
        keys = [f"stage.{state.stage}.say"]
    else:
        resumes = "page.result.say_resumes" if state.suspended_months else "page.result.say_resumes_now"
        upcoming = None if today is None else next_time(state.next_from, state.next_to, today)
        date_said = [upcoming.spoken if upcoming is not None else "next_time.say_on_screen"]
        keys = ["page.result.say", *([resumes] if state.resumes else []), *date_said]
    return [*keys, *(["page.take-card.say"] if state.case.visit.card_present else [])]


def _booked(state: s.VisitBooked) -> list[str]:
    if not state.saved:
        return ["page.looking-up.say"]
    tail = phone_tail(state.case.entry.phone)
    if not tail:
        return ["page.visit-booked.say", "page.visit-booked.say_no_phone"]
    return ["page.visit-booked.say", "page.visit-booked.say_phone", *after(digits(tail), SPELLED), "page.visit-booked.say_wrong"]


PAGE_NAMES: dict[type, str] = {
    s.Idle: "idle",
    s.ChoosingWho: "who",
    s.AwaitingCard: "card",
    s.EnteringNumber: "number",
    s.ChoosingName: "name",
    s.ScanningCard: "scan",
    s.LookingUp: "looking-up",
    s.Confirming: "confirm",
    s.ChoosingBenefits: "benefits",
    s.Answered: "answer",
    s.Consenting: "consent",
    s.Instructing: "instructions",
    s.Acting: "camera",
    s.Checking: "checking",
    s.Retrying: "retry",
    s.Finished: "result",
    s.Referred: "referred",
    s.ReviewConsenting: "review",
    s.ReviewSent: "review-sent",
    s.VisitBooked: "visit-booked",
    s.TakingCard: "take-card",
    s.OutOfService: "out-of-service",
}
