"""One sample of every page of the desk in every situation, for `kiosk gallery`, the audit and the tests. Invented people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from kiosk.desk import boards_data as b
from kiosk.desk import states as s
from kiosk.desk.events import BackTouched, Went
from kiosk.desk.values import Call, Document, Found, ListFile, Member, Place, Role, VisitGlance
from kiosk.domain.fairness import Counted
from kiosk.domain.outcome import Glasses
from kiosk.domain.person import Benefit, IdentifiedBy, Person, RosterEntry, RosterStatus, Template
from kiosk.domain.reasons import Reason
from kiosk.domain.record import Channel, RecordStatus
from kiosk.gallery import desk_more
from kiosk.gallery.scenes import NOW, NUMBER, RECORD, eligibility
from kiosk.ui.desk.frame import DeskView
from kiosk.ui.desk.widgets import Action, Field
from kiosk.ui.window import KioskWindow

TODAY = date(2026, 11, 21)
KINDS = ("enterprise-employee", "old-age-allowance")
TALLIES = b.Tallies(4, 128, 119, 2, 1, NOW - timedelta(hours=3), "ok", NOW - timedelta(minutes=20), 7, NOW - timedelta(days=3))


@dataclass(frozen=True, slots=True)
class DeskScene:
    """A state of the desk with its name."""

    name: str
    state: s.State
    touched: str = ""  # a field that is touched (or "letters": the pad's key) …
    keys: tuple[str, ...] = ()  # … and the keys of the keyboard on the screen that are pressed then,
    pinyin: bool = False  # in this mode


def states() -> tuple[DeskScene, ...]:
    """Return all scenes of the desk."""
    return (*_signing_in(), *_people(), *_boards(), *_keyboards())


@contextmanager
def opened(window: KioskWindow) -> Iterator[DeskView]:
    """Give a desk over a window (one that has no app), at the gallery's time; gone afterwards."""
    view = DeskView(window, now=lambda: NOW)
    try:
        yield view
    finally:
        view.show_state(s.Closed(), TALLIES)
        view.deleteLater()  # at once: later, without its parent, it would become a window first and be styled anew
        QApplication.sendPostedEvents(view, QEvent.Type.DeferredDelete.value)


def show(view: DeskView, scene: DeskScene) -> None:
    """Bring the desk into a scene; entered anew, so that nothing of the last one is left."""
    view.show_state(s.Closed(), TALLIES)
    view.show_state(scene.state, TALLIES)
    view.tick(120.0, 900.0)
    _settle()
    if scene.touched:
        _type(view, scene)


def _type(view: DeskView, scene: DeskScene) -> None:
    """Touch a field, then keys, as a finger would."""
    if scene.touched == "letters":
        button = view.page.findChild(Action, "desk-key-letters")
        if button is not None:
            button.click()
    else:
        field = view.page.findChild(Field, scene.touched)
        if field is not None:
            view.field_touched(field)
    if scene.pinyin is not view.keyboard.chinese:
        view.keyboard.press("language")
    for key in scene.keys:
        view.keyboard.press(key)
    _settle()


def _settle() -> None:
    for _ in range(4):  # wrapped words tell their height to a layout in a layout in a scroll area, one event each
        QApplication.processEvents()


def session(role: Role = Role.SUPERVISOR) -> s.Session:
    """Return a sample session."""
    return s.Session(1, "9001", "黄主管", role, 0.0) if role is Role.SUPERVISOR else s.Session(1, "1001", "刘站员", role, 0.0)


def found(**changes: Any) -> Found:
    """Return a sample person."""
    person = Person("陈小芳", NUMBER, identified_by=IdentifiedBy.DESK)
    benefits = tuple(Benefit(kind, kind, "deferred-month") for kind in KINDS)
    entry = RosterEntry(
        "P-1",
        person.name,
        NUMBER,
        RosterStatus.ACTIVE,
        benefits,
        date(1948, 6, 17),
        template=Template(b"", "digest", "consent", date(2019, 5, 6)),
    )
    made = Found(
        person,
        Reason.OK,
        entry,
        (eligibility(KINDS[0], months=3), eligibility(KINDS[1])),
        (RecordStatus.RETURNED, RecordStatus.CONFIRMED),
        "roster-abnormal",
        visit_id="visit-1",
        why=Reason.FACE_UNCERTAIN,
    )
    return replace(made, **changes)


def _open(name: str, page: s.Page, role: Role = Role.SUPERVISOR) -> DeskScene:
    return DeskScene(name, s.Open(session(role), page))


def _signing_in() -> tuple[DeskScene, ...]:
    return (
        DeskScene("desk-sign-in", s.SigningIn()),
        DeskScene("desk-sign-in-wrong", s.SigningIn("pin-wrong", tries_left=3)),
        DeskScene("desk-sign-in-locked", s.SigningIn("pin-locked", 150.0, 0)),
        DeskScene("desk-sign-in-quick", s.SigningIn(quick=Member("1001", "刘站员", Role.ATTENDANT))),
        DeskScene(
            "desk-sign-in-quick-wrong",
            s.SigningIn("short-pin-wrong", tries_left=1, quick=Member("1001", "刘站员", Role.ATTENDANT)),
        ),
        DeskScene("desk-set-up", s.SettingUp()),
        DeskScene("desk-set-up-weak", s.SettingUp("weak-pin")),
    )


def _people() -> tuple[DeskScene, ...]:
    agent = Person("李建国", NUMBER, identified_by=IdentifiedBy.DESK)
    one = found()
    counted = Counted(TODAY, "75-79", Glasses.YES, "good", "match", "referred", Reason.FACE_UNCERTAIN.value)
    taken = (
        Document("principal-id-copy.jpg", "5e" * 32, page_id="page-1"),
        Document("agent-id.jpg", "a7" * 32, page_id="page-2", flawed=True),
    )
    seen = ("principal-id-copy", "agent-id")
    scans = tuple(ListFile(f"U盘/委托书{at}.jpg", f"委托书{at}.jpg", "U盘") for at in range(1, 4))
    not_yet = found(eligibilities=(eligibility(KINDS[0], may_pass=False, reason=Reason.NOT_YET),), reason=Reason.NOT_YET, why=None)
    suspect = found(clock_suspect=True, why=None, roster_stale=True)
    return (
        _open("desk-find", s.Finding()),
        _open("desk-find-odd", s.Finding(NUMBER, "number-odd")),
        _open("desk-find-name", s.Finding("", "name-alone"), Role.ATTENDANT),
        _open("desk-find-nobody", s.Finding(NUMBER, "not-in-roster")),
        _open("desk-person", s.Showing(one)),
        _open("desk-person-not-yet", s.Showing(not_yet), Role.ATTENDANT),
        _open("desk-person-clock", s.Showing(suspect)),
        _open("desk-face-to-face", s.Assisting(one, Channel.FACE_TO_FACE), Role.ATTENDANT),
        _open("desk-face-to-face-glasses", s.Assisting(found(counted=(counted,)), Channel.FACE_TO_FACE), Role.ATTENDANT),
        _open("desk-face-to-face-missing", s.Assisting(one, Channel.FACE_TO_FACE, problem="person-signs")),
        _open("desk-face-to-face-leaving", s.Assisting(one, Channel.FACE_TO_FACE, filled=True, leaving=Went(Place.HOME))),
        _open("desk-proxy", s.Assisting(one, Channel.FAMILY_PROXY, agent), Role.ATTENDANT),
        _open("desk-proxy-papers", s.Assisting(one, Channel.AGENT, agent, documents=taken, review=True, seen=seen), Role.ATTENDANT),
        _open("desk-proxy-stick", s.Assisting(one, Channel.AGENT, agent, listed=True, files=scans), Role.ATTENDANT),
        _open("desk-papers", s.Assisting(one, Channel.AGENT, agent, review=True, camera=s.Photographing("principal-proof"))),
        _open(
            "desk-papers-blurred",
            s.Assisting(
                one,
                Channel.AGENT,
                agent,
                documents=taken[:1],
                review=True,
                seen=seen[:1],
                camera=s.Photographing("agent-id", 2, flaws=("blurred",), last="page-1"),
            ),
        ),
        _open(
            "desk-papers-good",
            s.Assisting(
                one,
                Channel.AGENT,
                agent,
                documents=taken,
                review=True,
                seen=seen,
                camera=s.Photographing("principal-proof", 2, last="page-2"),
            ),
        ),
        _open("desk-proxy-missing", s.Assisting(one, Channel.AGENT, problem="agent-missing")),
        _open("desk-enrol", s.Enrolling(one)),
        *(_open(name, page) for name, page in desk_more.enrolling(one)),
        _open("desk-enrol-looking", s.Enrolling(one, True, True, 1)),
        _open("desk-enrol-ready", s.Enrolling(one, True, False, 1, True)),
        _open("desk-enrol-failed", s.Enrolling(one, True, False, 2, problem="action-timeout")),
        _open("desk-declare", s.TakingDeclaration(one)),
        _open("desk-declare-papers", s.TakingDeclaration(one, agent, review=True, camera=s.Photographing("declaration-proof"))),
        _open("desk-declare-leaving", s.TakingDeclaration(one, agent, leaving=BackTouched())),
        _open("desk-declare-missing", s.TakingDeclaration(one, agent, "place-missing")),
        _open("desk-done", s.Done(Channel.FACE_TO_FACE, (RECORD,), one)),
        _open("desk-done-received", s.Done(Channel.FAMILY_PROXY, (RECORD, RECORD), one, RecordStatus.RECEIVED)),
        _open("desk-done-returned", s.Done(Channel.FACE_TO_FACE, (RECORD,), one, RecordStatus.RETURNED, "roster-abnormal")),
        *(_open(name, page) for name, page in desk_more.kept(one, RECORD)),
    )


def _keyboards() -> tuple[DeskScene, ...]:
    """The keyboard on the screen, over fields high and low on a page."""
    one = found()
    proxy, staff = s.Assisting(one, Channel.AGENT), s.Board(Place.STAFF, b.StaffData((Member("9001", "黄主管", Role.SUPERVISOR),)))
    pinyin = (
        ("name", s.Finding(), "find-name", ("l", "i", "m")),
        ("two", s.Finding(), "find-name", tuple("ouyang")),
        ("more", proxy, "agent-name", (*"shi", "more", "page_on")),
        ("begun", proxy, "agent-name", tuple("zh")),
        ("none", proxy, "agent-name", ("v",)),
        ("note", proxy, "assist-note", ("symbols",)),
        ("place", s.TakingDeclaration(one), "declare-place", tuple("zhuangzhuang")),
        ("staff", staff, "new-name", ()),
    )
    letters = (
        ("number", s.Finding(), "letters", ("e", "1", "2", "3")),
        ("pin", staff, "new-pin", ("1",)),
        ("last", staff, "new-pin-again", ("1",)),
    )
    scenes = [
        replace(_open(f"desk-keyboard-{name}", page), touched=field, keys=keys, pinyin=kind is pinyin)
        for kind in (pinyin, letters)
        for name, page, field, keys in kind
    ]
    return (
        *scenes,
        DeskScene("desk-keyboard-sign-in", s.SigningIn(), "letters", ("caps", "a")),
        DeskScene("desk-keyboard-set-up", s.SettingUp(), "first-name", ("caps", "a")),
    )


def _boards() -> tuple[DeskScene, ...]:
    person = Person("陈小芳", NUMBER)
    helper = Person("李建国", NUMBER)
    glance = VisitGlance("visit-1", "referred", "other", 3, person, helper, Reason.LIVENESS_UNCERTAIN, may_vouch=True)
    calls = (Call(NOW, Reason.FACE_UNCERTAIN, "visit-1"), Call(NOW, Reason.ATTENDANT_CALLED))
    home = b.HomeData(calls, glance, TALLIES, 12, 3, 5, 2, drowned=True)
    bad = replace(TALLIES, level="supervisor", roster_stale=True, clock_suspect=True)
    visits = tuple(
        b.HomeVisitRow(
            NUMBER,
            f"{family} * {given} 尾号 {1020 + n}",
            note,
            "roster" if n % 2 else "1001",
            KINDS[: 1 + n % 2],
            TODAY + timedelta(days=9 * n - 20),
        )
        for n, (family, given, note) in enumerate(
            (("周", "兰", "very-old"), ("吴", "明", "sick"), ("欧", "英", "alone"), ("马", "英", "disabled"), ("孙", "生", ""))
        )
    )
    out = tuple(
        replace(one, person_id=f"P-{n}", out_to="便携机 A2F4" if n < 2 else "", out_since=NOW - timedelta(hours=5))
        for n, one in enumerate(visits)
    )
    imported = tuple(replace(one, person_id=f"P-{n}", lender="街道工作站 7C3D") for n, one in enumerate(visits[:3]))
    peers = (b.PeerRow("kiosk-a2f4", "便携机 A2F4"), b.PeerRow("kiosk-9b01", "便携机二号 9B01"))
    station = b.HomeVisitsData(out, ("STATION-USB",), peers, "7C3D", has_exported=True)
    changed = replace(
        station, rows=(replace(out[0], on_day=TODAY), *out[2:], replace(out[1], cancelled="cancelled")), has_news=True
    )
    answers = (
        b.AnswerRow(2, "陈 * 芳 尾号 1021", "", (RECORD,)),
        b.AnswerRow(3, "李 * 国 尾号 0111", "", (RECORD,)),
        b.AnswerRow(4, "王 * 英 尾号 7766", "bad-number"),
        b.AnswerRow(5, "* 强 尾号 0373", "not-in-roster"),
        b.AnswerRow(6, "何 * 明 尾号 0157", "already-done"),
        b.AnswerRow(7, "*", "bad-row"),
    )
    todo = (
        b.TodoRow("returned", "陈 * 芳 尾号 1021", "", TODAY, "roster-abnormal", RECORD, author="1001"),
        b.TodoRow("refused", "李 * 国 尾号 0111", "", TODAY, "not-in-roster", RECORD, author="1002"),
        b.TodoRow("scan", "郑 * 英 尾号 0096", "", TODAY, "scan-turned-away", RECORD, author="1001"),
        b.TodoRow("due", "吴 * 明 尾号 0173", KINDS[0], TODAY + timedelta(days=5), number=NUMBER),
        b.TodoRow("due", "周 * 兰 尾号 0145", KINDS[1], TODAY + timedelta(days=12), number=NUMBER),
        b.TodoRow("waiting", "4", "", TODAY),
    )
    yesterday = (
        ("self-face", "passed", "self", 24),
        ("self-face", "failed", "self", 4),
        ("face-to-face", "passed", "1001", 2),
        ("family-proxy", "passed", "1002", 1),
    )
    days = (
        b.ApprovalDay(TODAY - timedelta(days=1), 31, yesterday, "c0ffee" * 11),
        b.ApprovalDay(TODAY, 12, (("self-face", "passed", "self", 9), ("face-to-face", "passed", "9001", 3)), "beef" * 16),
    )
    bands = (
        ("60-64", 210, 7),
        ("65-69", 342, 10),
        ("70-74", 280, 12),
        ("75-79", 161, 9),
        ("80-84", 84, 7),
        ("85-89", 25, 3),
        ("90+", 3, 1),
    )
    shares = tuple(b.ShareRow(group, takes, failures, failures / takes if takes >= 5 else None) for group, takes, failures in bands)
    worn = tuple(
        b.ShareRow(group, takes, failures, failures / takes if takes >= 5 else None)
        for group, takes, failures in (("no", 612, 22), ("unknown", 204, 11), ("yes", 289, 16))
    )
    tables = (("age_band", shares), ("glasses", worn), ("light", ()), ("action", ()))
    ledger = b.FairnessData(TODAY - timedelta(days=365), TODAY, tables, "", ("U盘",), 5)
    camera = b.CameraData(
        rows=(
            ("driver", "uvcvideo", "uvcvideo"),
            ("usb_path", "1-1.2", "1-1.2"),
            ("model", "1d6b:0102", "1d6b:0102"),
            ("serial", "KC0001", "KC0001"),
            ("modes", "12", "12"),
            ("controls", "14", "14"),
            ("others", "", ""),
        ),
        by="set-up",
        at=NOW - timedelta(days=33),
    )
    sync = b.SyncData(TALLIES, 1, last_contact=NOW, last_receipt="r-1", media=("STATION-USB",))
    members = (
        Member("1001", "刘站员", Role.ATTENDANT, card=True),
        Member("1002", "何站员", Role.ATTENDANT, False),
        Member("9001", "黄主管", Role.SUPERVISOR),
    )
    lines = (
        ("camera", "ok", "1280×720, 29.8 fps"),
        ("reader", "bad", "no answer on /dev/ttyUSB0"),
        ("voice", "idle", "switched off"),
    )
    lists = tuple(ListFile(f"U盘/名单{at}.xlsx", f"示范机械厂退休人员名单{at}.xlsx", "U盘") for at in range(1, 16))
    done = b.UnitListData((), ("U盘",), answers, 2, "示范机械厂", lists[0], "名单")
    return (
        _open("desk-home", s.Board(Place.HOME, home)),
        _open("desk-home-quiet", s.Board(Place.HOME, b.HomeData(tallies=TALLIES)), Role.ATTENDANT),
        _open("desk-home-warned", s.Board(Place.HOME, replace(home, calls=(), visit=None, tallies=bad))),
        _open("desk-home-visits", s.Board(Place.HOME_VISITS, b.HomeVisitsData(visits))),
        _open("desk-home-visits-changed", s.Board(Place.HOME_VISITS, changed, notice="visit-changed")),
        _open("desk-home-visits-exported", s.Board(Place.HOME_VISITS, station, notice="visits-exported", detail="2 · 便携机 A2F4")),
        _open("desk-home-visits-no-stick", s.Board(Place.HOME_VISITS, replace(station, media=(), peers=peers[:1]))),
        _open(
            "desk-home-visits-portable",
            s.Board(
                Place.HOME_VISITS,
                b.HomeVisitsData(imported, ("STATION-USB",), (b.PeerRow("kiosk-7c3d", "街道工作站 7C3D"),), "A2F4", True),
                notice="visits-imported",
                detail="3",
            ),
            Role.ATTENDANT,
        ),
        _open(
            "desk-home-visits-empty",
            s.Board(Place.HOME_VISITS, b.HomeVisitsData((), ("STATION-USB",), peers[:1], "A2F4"), problem="unknown-peer"),
            Role.ATTENDANT,
        ),
        _open("desk-unit-list", s.Board(Place.UNIT_LIST, b.UnitListData(lists[:2], ("U盘",)), clerk=person)),
        _open("desk-unit-list-many", s.Board(Place.UNIT_LIST, b.UnitListData(lists, ("U盘",)), problem="list-quote", detail="3")),
        _open("desk-unit-papers", s.Board(Place.UNIT_LIST, b.UnitListData(), review=True, camera=s.Photographing("sealed-list"))),
        _open("desk-unit-list-none", s.Board(Place.UNIT_LIST, b.UnitListData())),
        _open(
            "desk-unit-list-read-only",
            s.Board(Place.UNIT_LIST, replace(done, source=replace(lists[0], medium="只读"), sheet=""), notice="list-taken"),
        ),
        _open("desk-unit-list-done", s.Board(Place.UNIT_LIST, done, notice="list-taken")),
        _open("desk-todo", s.Board(Place.TODO, b.TodoData(todo)), Role.ATTENDANT),
        *(_open(name, page, Role.ATTENDANT) for name, page in desk_more.boards(TODAY)),
        _open("desk-approval", s.Board(Place.APPROVAL, b.ApprovalData(days))),
        _open("desk-approval-own", s.Board(Place.APPROVAL, b.ApprovalData(days[1:]), "own-records")),
        _open("desk-fairness", s.Board(Place.FAIRNESS, ledger)),
        _open("desk-clock", s.Board(Place.CLOCK, b.ClockData(NOW, NOW, False))),
        _open("desk-clock-suspect", s.Board(Place.CLOCK, b.ClockData(NOW, NOW + timedelta(days=33), True))),
        _open("desk-sync", s.Board(Place.SYNC, sync)),
        _open("desk-sync-trouble", s.Board(Place.SYNC, replace(sync, trouble="unreachable", tallies=bad, media=()))),
        _open("desk-maintenance", s.Board(Place.MAINTENANCE, b.MaintenanceData("ready", "asleep", lines, media=("STATION-USB",)))),
        _open("desk-camera", s.Board(Place.CAMERA, camera)),
        _open(
            "desk-camera-other",
            s.Board(
                Place.CAMERA,
                replace(
                    camera,
                    believed=False,
                    why=("serial", "second-node", "no-lens-controls"),
                    rows=tuple((what, was, now.replace("0001", "0002")) for what, was, now in camera.rows[:-1])
                    + (("others", "", "uvcvideo 1-3 1d6b:0103"),),
                ),
            ),
        ),
        _open("desk-staff", s.Board(Place.STAFF, b.StaffData(members))),
        _open("desk-staff-card", s.Board(Place.STAFF, b.StaffData(members), notice="lay-staff-card", binding="1001")),
    )
