"""Invented people, rules and events for the tests of the visit."""

from __future__ import annotations

from datetime import date

from kiosk.domain.eligibility import Eligibility
from kiosk.domain.person import Benefit, Person, RosterEntry, RosterStatus, Template
from kiosk.domain.reasons import Reason
from kiosk.domain.record import RecordStatus
from kiosk.visit import events as e

CHEN = Person("陈小芳", "440305195603150029")
LI = Person("李建国", "440305194805010018")

TEMPLATE = Template(b"\0" * 512, "digest", "consent-1")


def entry_of(person: Person, benefits: int = 1) -> RosterEntry:
    return RosterEntry(
        f"P-{person.id_number[-4:]}",
        person.name,
        person.id_number,
        RosterStatus.ACTIVE,
        tuple(Benefit(f"b{n}", "enterprise-employee", "deferred-month") for n in range(benefits)),
        template=TEMPLATE,
    )


def due(number: int = 0, may_pass: bool = True, suspended_months: int = 0, suspended: bool = False) -> Eligibility:
    return Eligibility(
        f"b{number}",
        "enterprise-employee",
        "deferred-month",
        may_pass,
        Reason.OK if may_pass else Reason.NOT_YET,
        "2026-11",
        date(2026, 12, 1),
        None,
        None,
        None,
        None,
        None,
        suspended_months,
        date(2026, 12, 1),
        date(2027, 11, 30),
        date(2026, 12, 1),
        date(2027, 11, 30),
        suspended,
    )


def looked_up(visit_id: str, person: Person, benefits: int = 1) -> e.LookedUp:
    return e.LookedUp(visit_id, person.id_number, Reason.OK, entry_of(person, benefits), tuple(due(n) for n in range(benefits)))


def touches() -> list[e.Event]:
    """Every touch a person can make on some page."""
    return [
        e.Started(),
        e.QueryStarted(),
        e.SelfChosen(),
        e.OtherChosen(),
        e.ManualChosen(),
        e.ScanChosen(),
        e.CodeChosen(),
        e.NumberEntered(CHEN.id_number),
        e.NumberEntered(LI.id_number),
        e.NameChosen(CHEN.name),
        e.Confirmed(),
        e.Denied(),
        e.BenefitsChosen(("b0",)),
        e.BenefitsChosen(()),
        e.Agreed(),
        e.BeginTouched(),
        e.PractiseTouched(),
        e.SwapTouched(),
        e.BackTouched(),
        e.DoneTouched(),
        e.CancelTouched(),
        e.NoFaceTouched(),
        e.StayTouched(),
        e.ReviewTouched(),
        e.VisitTouched(),
        e.HelpTouched(),
    ]


def device_events() -> list[e.Event]:
    return [
        e.ReaderCameUp(),
        e.ReaderWentDown(Reason.READER_UNPLUGGED),
        e.CardLaid(),
        e.CardWasRead(CHEN),
        e.CardWasRead(LI),
        e.CardTroubled(Reason.CARD_LIFT_AND_RETRY),
        e.CardTaken(),
        e.CameraCameUp(),
        e.CameraWentDown(),
        e.DeskOpened(),
        e.DeskClosed(),
        e.VisionFailed(),
        e.VisionRested(),
        e.IdleExpired(),
        e.WalkedAway(),
        e.ServicePaused(Reason.STORE_ERROR),
        e.ServiceResumed(),
        e.AttendantTookOver(),
        e.AttendantTookOver("1001"),
    ]


def answers(visit_id: str, take_id: int) -> list[e.Event]:
    """Answers that services may give for this visit and take, wanted or not."""
    return [
        looked_up(visit_id, CHEN),
        looked_up(visit_id, CHEN, 2),
        looked_up(visit_id, LI),
        e.LookedUp(visit_id, CHEN.id_number, Reason.NOT_YET),
        e.LookedUp(visit_id, CHEN.id_number, Reason.NOT_IN_ROSTER, elsewhere=True),
        e.LookedUp(visit_id, CHEN.id_number, Reason.NO_TEMPLATE, entry_of(CHEN)),
        e.NamesOffered(visit_id, CHEN.id_number, (CHEN.name, "陈大文")),
        e.NamesOffered(visit_id, CHEN.id_number, ()),
        e.CardScanned(visit_id, CHEN),
        e.CardScanned(visit_id, LI),
        e.ScanEnded(visit_id, Reason.CARD_UNREADABLE),
        e.TakeEnded(visit_id, take_id, True, Reason.OK),
        e.TakeEnded(visit_id, take_id, False, Reason.LIVENESS_FAILED),
        e.TakeEnded(visit_id, take_id, False, Reason.ACTION_TIMEOUT),
        e.FaceMatched(visit_id, Reason.OK),
        e.FaceMatched(visit_id, Reason.FACE_MISMATCH),
        e.FaceMatched(visit_id, Reason.FACE_UNCERTAIN),
        e.RecordsSaved(visit_id, ("r1",)),
        e.ReviewSaved(visit_id, ("r1",)),
        e.HomeVisitBooked(visit_id),
        e.SaveFailed(visit_id),
        e.RecordStatusMoved("r1", RecordStatus.RECEIVED),
    ]
