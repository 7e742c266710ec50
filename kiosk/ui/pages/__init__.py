"""One file a page; which page shows which state stands here. Loaded when first wanted; used by `ui.window` alone.

Each is imported as it is made: the first page stands sooner when the others are not there yet.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kiosk.visit import states as s

if TYPE_CHECKING:
    from kiosk.ui.pages.base import Page


def _idle() -> Page[s.Idle]:
    from kiosk.ui.pages.idle import IdlePage

    return IdlePage()


def _who() -> Page[s.ChoosingWho]:
    from kiosk.ui.pages.who import WhoPage

    return WhoPage()


def _card() -> Page[s.AwaitingCard]:
    from kiosk.ui.pages.card import CardPage

    return CardPage()


def _number() -> Page[s.EnteringNumber]:
    from kiosk.ui.pages.number import NumberPage

    return NumberPage()


def _name() -> Page[s.ChoosingName]:
    from kiosk.ui.pages.name import NamePage

    return NamePage()


def _scan() -> Page[s.ScanningCard]:
    from kiosk.ui.pages.scan import ScanPage

    return ScanPage()


def _looking_up() -> Page[s.LookingUp]:
    from kiosk.ui.pages.looking_up import LookingUpPage

    return LookingUpPage()


def _confirm() -> Page[s.Confirming]:
    from kiosk.ui.pages.confirm import ConfirmPage

    return ConfirmPage()


def _benefits() -> Page[s.ChoosingBenefits]:
    from kiosk.ui.pages.benefits import BenefitsPage

    return BenefitsPage()


def _answer() -> Page[s.Answered]:
    from kiosk.ui.pages.answer import AnswerPage

    return AnswerPage()


def _consent() -> Page[s.Consenting]:
    from kiosk.ui.pages.consent import ConsentPage

    return ConsentPage()


def _instructions() -> Page[s.Instructing]:
    from kiosk.ui.pages.instructions import InstructionsPage

    return InstructionsPage()


def _camera() -> Page[s.Acting]:
    from kiosk.ui.pages.camera import CameraPage

    return CameraPage()


def _checking() -> Page[s.Checking]:
    from kiosk.ui.pages.checking import CheckingPage

    return CheckingPage()


def _retry() -> Page[s.Retrying]:
    from kiosk.ui.pages.retry import RetryPage

    return RetryPage()


def _result() -> Page[s.Finished]:
    from kiosk.ui.pages.result import ResultPage

    return ResultPage()


def _referred() -> Page[s.Referred]:
    from kiosk.ui.pages.referred import ReferredPage

    return ReferredPage()


def _review() -> Page[s.ReviewConsenting]:
    from kiosk.ui.pages.review import ReviewPage

    return ReviewPage()


def _review_sent() -> Page[s.ReviewSent]:
    from kiosk.ui.pages.review import ReviewSentPage

    return ReviewSentPage()


def _visit_booked() -> Page[s.VisitBooked]:
    from kiosk.ui.pages.visit_booked import VisitBookedPage

    return VisitBookedPage()


def _take_card() -> Page[s.TakingCard]:
    from kiosk.ui.pages.take_card import TakeCardPage

    return TakeCardPage()


def _out_of_service() -> Page[s.OutOfService]:
    from kiosk.ui.pages.out_of_service import OutOfServicePage

    return OutOfServicePage()


PAGES: dict[type[s.State], Callable[[], Page[Any]]] = {
    s.Idle: _idle,
    s.ChoosingWho: _who,
    s.AwaitingCard: _card,
    s.EnteringNumber: _number,
    s.ChoosingName: _name,
    s.ScanningCard: _scan,
    s.LookingUp: _looking_up,
    s.Confirming: _confirm,
    s.ChoosingBenefits: _benefits,
    s.Answered: _answer,
    s.Consenting: _consent,
    s.Instructing: _instructions,
    s.Acting: _camera,
    s.Checking: _checking,
    s.Retrying: _retry,
    s.Finished: _result,
    s.Referred: _referred,
    s.ReviewConsenting: _review,
    s.ReviewSent: _review_sent,
    s.VisitBooked: _visit_booked,
    s.TakingCard: _take_card,
    s.OutOfService: _out_of_service,
}


def make_page(kind: type[s.State]) -> Page[Any]:
    """Return a new page for a kind of state."""
    return PAGES[kind]()
