"""One file a page; which page shows which state stands here. Imported by `ui.window` alone."""

from __future__ import annotations

from kiosk.ui.pages.answer import AnswerPage
from kiosk.ui.pages.base import Page
from kiosk.ui.pages.benefits import BenefitsPage
from kiosk.ui.pages.camera import CameraPage
from kiosk.ui.pages.card import CardPage
from kiosk.ui.pages.checking import CheckingPage
from kiosk.ui.pages.confirm import ConfirmPage
from kiosk.ui.pages.consent import ConsentPage
from kiosk.ui.pages.idle import IdlePage
from kiosk.ui.pages.instructions import InstructionsPage
from kiosk.ui.pages.looking_up import LookingUpPage
from kiosk.ui.pages.name import NamePage
from kiosk.ui.pages.number import NumberPage
from kiosk.ui.pages.out_of_service import OutOfServicePage
from kiosk.ui.pages.referred import ReferredPage
from kiosk.ui.pages.result import ResultPage
from kiosk.ui.pages.retry import RetryPage
from kiosk.ui.pages.scan import ScanPage
from kiosk.ui.pages.take_card import TakeCardPage
from kiosk.ui.pages.who import WhoPage
from kiosk.visit import states as s

PAGES: dict[type, type[Page]] = {
    s.Idle: IdlePage,
    s.ChoosingWho: WhoPage,
    s.AwaitingCard: CardPage,
    s.EnteringNumber: NumberPage,
    s.ChoosingName: NamePage,
    s.ScanningCard: ScanPage,
    s.LookingUp: LookingUpPage,
    s.Confirming: ConfirmPage,
    s.ChoosingBenefits: BenefitsPage,
    s.Answered: AnswerPage,
    s.Consenting: ConsentPage,
    s.Instructing: InstructionsPage,
    s.Acting: CameraPage,
    s.Checking: CheckingPage,
    s.Retrying: RetryPage,
    s.Finished: ResultPage,
    s.Referred: ReferredPage,
    s.TakingCard: TakeCardPage,
    s.OutOfService: OutOfServicePage,
}
