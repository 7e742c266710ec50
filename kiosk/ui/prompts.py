"""What is spoken for a state: catalogue keys, in order. No Qt. The conductor sends them to the voice when the page changes.

Every key is fixed text without places, so that a bureau can record each of them once; `chime.NAME` is a soft sound.
"""

from __future__ import annotations

from kiosk.domain.reasons import Reason
from kiosk.domain.record import Stage
from kiosk.ui.views import GOOD, TakeView, card_variant, take_hint
from kiosk.visit import states as s


def prompt_for(state: s.State, take_view: TakeView | None = None) -> list[str]:
    """Return the keys to speak for a state; in front of the camera, for what the take asks just now."""
    match state:
        case s.AwaitingCard(trouble=Reason() as trouble) if not state.reading:
            return [f"reason.{trouble}.say"]
        case s.AwaitingCard():
            return [f"page.card.say{card_variant(state)}"]
        case s.EnteringNumber(problem=Reason() as problem):
            return [f"reason.{problem}.say"]
        case s.ScanningCard():
            return ["ocr.guidance.show-front.say" if state.camera_ready else "page.camera.say_away"]
        case s.Confirming():
            return ["page.confirm.say_other" if state.visit.mode is s.Mode.OTHER else "page.confirm.say"]
        case s.Answered(stages=(Stage.RETURNED | Stage.REFUSED, *_)) if state.reason in GOOD:
            return ["page.answer.say_returned"]
        case s.Answered():
            if state.visit.mode is s.Mode.QUERY and state.reason in GOOD:
                return ["page.answer.say_query"]
            return [f"reason.{state.reason}.say"]
        case s.Checking(saving=False):
            return ["chime.done", "page.checking.say"]
        case s.Instructing():
            return ["page.instructions.say" if state.camera_ready else "page.instructions.say_wait"]
        case s.Acting():
            return _acting(state, take_view)
        case s.Retrying():
            last = ["page.retry.say_last"] if state.tries_left == 1 else []
            return [f"reason.{state.reason}.say", *last]
        case s.Finished():
            return _finished(state)
        case s.Referred():
            return [
                f"reason.{state.reason}.say",
                *([] if state.reason in (Reason.NO_FACE_WANTED, Reason.ATTENDANT_CALLED) else ["page.referred.say"]),
            ]
        case s.OutOfService():
            return ["page.out-of-service.say"]
    return [f"page.{PAGE_NAMES[type(state)]}.say"]


def _acting(state: s.Acting, view: TakeView | None) -> list[str]:
    if not state.camera_ready:
        return ["page.camera.say_away"]
    if view is not None and view.guidance is not None:
        return [f"guidance.{view.guidance}.say"]
    if view is not None and view.action is not None:
        hint = take_hint(view)
        if hint in ("wrong_way", "larger"):
            return [f"page.camera.say_{hint}"]
        if view.now:
            return [f"action.{view.action}.say"]
        return ["chime.done"] if view.done_actions else []  # the last action was seen
    if view is not None and view.done_actions:
        return []  # said once is enough: between two actions there is a tick and a soft sound
    return [*(["page.camera.say_practice"] if state.practice else []), "page.camera.say"]


def _finished(state: s.Finished) -> list[str]:
    if state.stage in (Stage.RETURNED, Stage.REFUSED):
        keys = [f"stage.{state.stage}.say"]
    else:
        resumes = "page.result.say_resumes" if state.suspended_months else "page.result.say_resumes_now"
        keys = ["page.result.say", *([resumes] if state.resumes else [])]
    return [*keys, *(["page.take-card.say"] if state.case.visit.card_present else [])]


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
    s.TakingCard: "take-card",
    s.OutOfService: "out-of-service",
}
