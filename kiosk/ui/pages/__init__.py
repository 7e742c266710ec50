"""One file a page; which page shows which state stands here. Loaded when first wanted; used by `ui.window` alone."""

from __future__ import annotations

from importlib import import_module
from typing import Any, cast

from kiosk.ui.pages.base import Page
from kiosk.visit import states as s

# state -> (module in this folder, class): the first page stands sooner when the other eighteen are not there yet
PAGES: dict[type, tuple[str, str]] = {
    s.Idle: ("idle", "IdlePage"),
    s.ChoosingWho: ("who", "WhoPage"),
    s.AwaitingCard: ("card", "CardPage"),
    s.EnteringNumber: ("number", "NumberPage"),
    s.ChoosingName: ("name", "NamePage"),
    s.ScanningCard: ("scan", "ScanPage"),
    s.LookingUp: ("looking_up", "LookingUpPage"),
    s.Confirming: ("confirm", "ConfirmPage"),
    s.ChoosingBenefits: ("benefits", "BenefitsPage"),
    s.Answered: ("answer", "AnswerPage"),
    s.Consenting: ("consent", "ConsentPage"),
    s.Instructing: ("instructions", "InstructionsPage"),
    s.Acting: ("camera", "CameraPage"),
    s.Checking: ("checking", "CheckingPage"),
    s.Retrying: ("retry", "RetryPage"),
    s.Finished: ("result", "ResultPage"),
    s.Referred: ("referred", "ReferredPage"),
    s.TakingCard: ("take_card", "TakeCardPage"),
    s.OutOfService: ("out_of_service", "OutOfServicePage"),
}


def make_page(kind: type) -> Page[Any]:
    """Return a new page for a kind of state."""
    module, name = PAGES[kind]
    return cast(Page[Any], getattr(import_module(f"kiosk.ui.pages.{module}"), name)())
