"""Invented staff, people and events for the tests of the desk."""

from __future__ import annotations

from datetime import date

from kiosk.desk import boards_data as b
from kiosk.desk import events as e
from kiosk.desk.machine import DeskWorld
from kiosk.desk.values import Assisted, Declared, Declaring, Document, Found, ListFile, Member, Place, Role, Signature, VisitGlance
from kiosk.domain.reasons import Reason
from kiosk.domain.record import Channel, RecordStatus
from tests.visit import samples as x

LIST = ListFile("stick/list.csv", "list.csv", "stick")

TODAY = date(2026, 11, 21)
ANN = Member("1001", "陈站员", Role.ATTENDANT)
SUE = Member("9001", "黄主管", Role.SUPERVISOR)
SIGNATURE = Signature("a" * 64, 3, 40)
PAGE = Document("principal-proof.jpg", "d" * 64, page_id="page-1")
FULL = Assisted(("b0",), Reason.NO_FACE_WANTED.value, "", True, True, (), (), SIGNATURE, False, SIGNATURE)
PAPERS = ("principal-id-copy", "agent-id", "principal-proof")
PROXY = Assisted(("b0",), "", "", False, False, PAPERS, (Document("a.pdf", "b" * 64),), SIGNATURE, False, SIGNATURE)
GLANCE = VisitGlance("v1", "referred", "self", 3, x.CHEN, None, Reason.FACE_UNCERTAIN, may_vouch=True)
TO_CALL = b.ReminderRow("P-1", "建设路", "陈**", "13800000001", "due", TODAY, "enterprise-employee")
CALLED = b.ReminderRow("P-2", "建设路", "李**", "", "suspended", None, "enterprise-employee", TODAY, "1001")


def found(person=x.CHEN, benefits: int = 1, **more) -> Found:
    return Found(person, Reason.OK, x.entry_of(person, benefits), tuple(x.due(n) for n in range(benefits)), **more)


def world(now_s: float = 0.0, session_id: int = 1, visit: VisitGlance | None = GLANCE) -> DeskWorld:
    return DeskWorld(now_s, TODAY, session_id, 900.0, visit)


def day(authors=("1001",), when: date = TODAY) -> b.ApprovalDay:
    return b.ApprovalDay(when, len(authors), tuple(("face-to-face", "passed", author, 1) for author in authors), "c" * 64)


def touches() -> list[e.Event]:
    """Everything a hand, a key or a scanner can do on some page."""
    return [
        e.Opened(),
        e.CloseTouched(),
        e.SignInTouched("1001", "270518"),
        e.SignInTouched("", ""),
        e.Alive(),
        e.ShortPinTouched("4829"),
        e.SomebodyElseTouched(),
        e.CardBindTouched("1001"),
        e.ShortPinChosen("4829", "4829"),
        e.ShortPinChosen("4829", "4820"),
        e.FirstNamed("9001", "黄主管", "270518", "270518"),
        e.FirstNamed("9001", "黄主管", "270518", "1"),
        *(e.Went(place) for place in Place),
        e.BackTouched(),
        e.FormFilled(True),
        e.FormFilled(False),
        e.StayTouched(),
        e.LeaveTouched(),
        e.InSightTouched(),
        e.TakeOverTouched(),
        e.SearchTouched(x.CHEN.id_number),
        e.SearchTouched("", x.CHEN.name),
        e.SearchTouched(x.LI.id_number, x.LI.name),
        e.PersonChosen(x.CHEN.id_number, Channel.HOME_VISIT),
        e.PersonChosen(x.CHEN.id_number),
        *(e.AssistChosen(channel) for channel in Channel),
        e.ScanChosen(ListFile("stick/proof.pdf", "proof.pdf", "stick")),
        e.ReviewConsented(True),
        e.ReviewConsented(False),
        e.PaperCameraTouched("principal-proof"),
        e.PaperCameraTouched("anything"),
        e.ShootTouched(),
        e.UseAnywayTouched(),
        e.PageDropTouched("page-1"),
        e.PaperCameraClosed(),
        e.ScanListTouched(),
        e.AssistSubmitted(Assisted()),
        e.AssistSubmitted(FULL),
        e.AssistSubmitted(PROXY),
        e.AgentTyped("李建国", x.LI.id_number),
        e.AgentTyped("", ""),
        e.EnrolChosen(),
        e.EnrolConsented(),
        e.LookTouched(),
        *(e.PhotoTouched(origin) for origin in ("photo", "chip", "drawn")),
        e.KeepTouched(),
        e.EraseTouched(),
        e.DeclareChosen(),
        e.DeclareSubmitted(Declaring(Declared.DEATH, TODAY, relation="child")),
        e.DeclareSubmitted(Declaring(Declared.RESIDENCE, place="深圳")),
        e.DeclareSubmitted(Declaring(Declared.HUKOU_MOVED)),
        e.UnitListChosen(LIST, "示范厂", ("clerk-id", "sealed-list")),
        e.UnitListChosen(None, ""),
        e.ExportTouched("stick"),
        e.HandledTouched("r1"),
        *(e.CalledTouched(one.person_id) for one in (TO_CALL, CALLED)),
        *(e.PrintTouched(area) for area in (None, "", "建设路", "nowhere")),
        e.CallAnswered(),
        e.ApproveTouched(TODAY),
        e.ClockConfirmed(),
        *(e.CameraConfirmed(why) for why in ("replaced", "", "because")),
        e.SyncNowTouched(),
        e.SyncPauseTouched(True),
        e.CourierTouched("export", "stick"),
        e.CourierTouched("import", ""),
        e.ExportListTouched("kiosk-a", "stick", ("P-1",)),
        e.ExportListTouched("", "stick", ("P-1",)),
        e.ExportListTouched("kiosk-a", "", ()),
        *(e.HomeCarryTouched(what, "stick") for what in ("import", "return", "merge", "burn")),
        e.HomeCarryTouched("import", ""),
        e.HomeCarryTouched("news", "stick"),
        *(e.VisitChangeTouched("P-1", "cancelled", typed) for typed in ("", "20261203", "20200101", "soon")),
        e.StaffAdded("1002", "李站员", Role.ATTENDANT, "270518", "270518"),
        e.PinReset("1001", "270518", "270518"),
        e.StaffRevoked("1001"),
        e.StaffRevoked("9001"),
        e.MaintenanceTouched("doctor"),
        e.CardRead(x.CHEN),
        e.CardRead(x.LI),
        e.CardRead(x.LI, "chip:01"),
        e.CardRead(x.CHEN, "", True),
        e.CardTroubled("card-unreadable"),
        e.TimePassed(),
    ]


def _board(place: Place) -> object:
    reminders = b.RemindersData((TO_CALL, CALLED), TODAY, printer=True)
    made = {
        Place.REMINDERS: reminders,
        Place.APPROVAL: b.ApprovalData((day(),)),
        Place.CAMERA: b.CameraData(believed=False, why=("serial",)),
    }
    return made.get(place, object())


def answers(session_id: int, take_id: int = 1) -> list[e.Event]:
    """Answers the world may give, wanted or not."""
    return [
        e.StaffCounted(True),
        e.StaffCounted(False),
        e.StaffCounted(True, SUE),
        e.SignedIn(SUE, quick=True),
        e.SignInRefused(0, 2, "short-pin-wrong"),
        e.SignInRefused(0, 0, "short-pin-over"),
        e.SignedIn(ANN),
        e.SignedIn(SUE),
        e.SignInRefused(0, 4),
        e.SignInRefused(30, 0),
        e.FirstRefused("weak-pin"),
        e.PersonFound(session_id, found()),
        e.PersonFound(session_id, found(x.LI), Channel.HOME_VISIT),
        e.PersonFound(session_id, Found(x.CHEN, Reason.NOT_IN_ROSTER)),
        e.PersonFound(session_id, Found(x.CHEN, Reason.NOT_IN_ROSTER), elsewhere=True),
        e.PersonFound(session_id, found(x.LI), asked=x.LI.id_number),
        e.PersonFound(session_id, found(clock_suspect=True)),
        *(e.Loaded(session_id, place, _board(place)) for place in Place),
        e.Loaded(session_id, Place.APPROVAL, b.ApprovalData((day(("1001", "9001")),))),
        e.Loaded(session_id, Place.REMINDERS, b.RemindersData((TO_CALL,), TODAY)),
        e.Acted(session_id, Place.REMINDERS, "called"),
        e.Acted(session_id, Place.CAMERA, "camera-confirmed"),
        *(e.Acted(session_id, place, "done") for place in (Place.STAFF, Place.SYNC, Place.UNIT_LIST, Place.HOME_VISITS)),
        e.Acted(session_id, Place.HOME_VISITS, "visits-merged"),
        e.Acted(session_id, Place.HOME_VISITS, problem="unknown-peer"),
        e.Acted(session_id, Place.SYNC, problem="medium-full"),
        e.Saved(session_id, ("r1",)),
        e.NotSaved(session_id, "store-error"),
        e.ScanRegistered(session_id, "stick/proof.pdf", Document("proof.pdf", "c" * 64)),
        e.ScanRegistered(session_id, "stick/proof.pdf", None),
        e.MediaSeen(session_id, ("stick",), (LIST,)),
        e.MediaSeen(session_id, ()),
        *(e.PageSeen(session_id, shot, flaws) for shot in (1, 2) for flaws in (("blurred",), ("no-paper",))),
        *(e.PageKept(session_id, shot, document) for shot in (1, 2) for document in (None, PAGE)),
        e.PassportRead(session_id, "L898902C36UTO7408122F1204159ZE184226B<<<<<10"),
        e.TakeEnded(session_id, take_id, "ok"),
        e.TakeEnded(session_id, take_id, "face-lost"),
        e.RecordStatusMoved("r1", RecordStatus.RECEIVED),
    ]
