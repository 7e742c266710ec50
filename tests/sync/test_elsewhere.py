"""Somebody of another street: asked at a real bureau by a real kiosk, one person, sealed; for one visit, and told in both logs."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kiosk.app.desk_controller import DeskController
from kiosk.app.visit_controller import VisitController
from kiosk.bureau import areas, catchment, tables
from kiosk.bureau import elsewhere as office
from kiosk.bureau.clerks import audit
from kiosk.bureau.clerks.tables import LookupCount, LookupLine
from kiosk.bureau.context import BureauSettings, open_context
from kiosk.camera.mailbox import Mailbox
from kiosk.camera.worker import CameraUp
from kiosk.desk import events as d
from kiosk.desk.commands import FindPerson
from kiosk.desk.states import Finding, Showing, is_busy
from kiosk.desk.values import Place
from kiosk.desk_backend import people
from kiosk.domain.identity import check_digit
from kiosk.domain.person import IdentifiedBy, Person
from kiosk.domain.reasons import Reason
from kiosk.errors import StoreError
from kiosk.idcard_reader.events import ReaderReady
from kiosk.store import service
from kiosk.store.desk import staff
from kiosk.store.opening import open_store
from kiosk.store.roster import lookup as roster
from kiosk.store.roster import visitors
from kiosk.store.worker import StoreWorker
from kiosk.sync import elsewhere, protocol
from kiosk.sync.keys import journal_signer
from kiosk.texts.strings import Strings
from kiosk.ui.desk.frame import DeskView
from kiosk.ui.window import KioskWindow
from kiosk.visit import events as e
from kiosk.visit import states as s
from tests.desk.conftest import ANN, Clock, Live, close
from tests.sync.made import make_kiosk, record

BOTH_SUITES = True
STATION = "SZ-LOOK-0001"
VECTOR = base64.b64encode(bytes(512)).decode()


def line(number, area, **changes):
    return {
        "person_id": f"P{number:04d}",
        "name": "欧阳·远",
        "id_number": id_number(number),
        "status": "active",
        "area": area,
        "benefits": [{"benefit_id": "b", "kind": "k", "policy_id": "deferred-month", "last_pass": "2025-01-05"}],
        "template": {"vector": VECTOR, "model_digest": "m" * 64, "consent_id": "c"},
        **changes,
    }


def id_number(number):
    body = f"4403051950{number // 28 % 12 + 1:02d}{number % 28 + 1:02d}{number % 1000:03d}"
    return body + check_digit(body)


def card(number, name="欧阳·远", by=IdentifiedBy.READER):
    return Person(name, id_number(number), identified_by=by)


class Town:
    """A bureau, and one kiosk of a station that knows the street "north" alone."""

    def __init__(self, bureau, suite, folder):
        self.bureau, self.folder = bureau, folder
        self.context = open_context(BureauSettings(data=str(bureau.data), suites=(suite.name,)))
        self.kiosk = make_kiosk(bureau, folder / "kiosk", STATION, timeout_s=60.0)
        areas.put(self.context, STATION, ["north"])
        self.people = {
            one["person_id"]: one for one in [line(n, "north") for n in range(40)] + [line(n, "south") for n in range(50, 90)]
        }
        self.issue()

    def issue(self):
        path = self.folder / "roster"
        path.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in self.people.values()), encoding="utf-8")
        self.bureau.issue_roster(path)
        catchment.catch_up(self.context)
        written = office.catch_up(self.context)
        assert office.catch_up(self.context) == 0
        return written

    def fresh(self):
        """A kiosk that has not asked yet."""
        with self.context.session.begin() as session:
            session.query(LookupCount).delete()

    def ask(self, person, visit="v1"):
        return elsewhere.ask(self.kiosk.settings.sync, self.kiosk.run, visit, person, datetime.now(UTC))

    def told(self):
        """What stands in the audit log of look-ups."""
        return [
            (one["actor"], one["role"], one["subject"], json.loads(one["detail"]))
            for one in audit.lines(self.context)
            if one["action"] == "looked-up"
        ]

    def close(self):
        self.kiosk.close()
        self.context.engine.dispose()


@pytest.fixture(scope="module")
def town(bureau, suite, tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setattr(elsewhere, "LONGEST_S", 240.0)  # a busy machine is no answer
    made = Town(bureau, suite, tmp_path_factory.mktemp("town"))
    made.kiosk.round()
    made.kiosk.feed()
    yield made
    made.close()
    patch.undo()


def test_somebody_of_another_street_is_known_for_this_visit_and_told_in_both_logs(town):
    town.fresh()
    store, me = town.kiosk.store, town.kiosk.identity.pins.kiosk_id
    assert roster.find(store, id_number(60)) is None
    assert elsewhere.may_know(store, card(60))
    assert not elsewhere.may_know(store, card(60, by=IdentifiedBy.MANUAL)), "who knows a number is not asked for"
    assert town.ask(card(60)) is Reason.OK
    found = roster.find(store, id_number(60))
    assert found is not None
    assert (found.person_id, found.area, found.template is not None) == ("P0060", "south", True)
    today = datetime.now(UTC).date()
    assert service.look_up(store, card(60), today, model_digest="m" * 64).entry is not None
    assert town.told()[-1] == (me, "kiosk", "P0060", {"area": "south", "found": True, "station": STATION})
    kept = store.db.execute("SELECT body FROM journal WHERE kind = 'looked-up-elsewhere'").fetchall()
    data = json.loads(kept[-1][0])["data"]
    assert data == {"visit": "v1", "person": "P0060", "area": "south", "roster": roster.version_for(store, "P0060")}
    assert audit.verify_lines(audit.lines(town.context)).fault == ""
    # The visit ends: the template goes, the line stays for the attendant, for a day.
    visitors.visit_over(store, "another")
    assert roster.find(store, id_number(60)).template is not None
    visitors.visit_over(store, "v1")
    assert roster.find(store, id_number(60)).template is None
    now = datetime.now(UTC)
    assert roster.forget_visitors(store, now) == 0
    assert roster.forget_visitors(store, now + timedelta(days=2)) == 1
    assert roster.find(store, id_number(60)) is None


def test_who_left_a_record_stays_until_the_roster_has_them(town):
    town.fresh()
    store, now = town.kiosk.store, datetime.now(UTC)
    made = record(station=STATION, person="P0061")
    assert town.ask(card(61), made.visit_id) is Reason.OK
    town.kiosk.save(made)
    visitors.visit_over(store)
    assert roster.forget_visitors(store, now + timedelta(days=39)) == 0
    assert town.kiosk.round().failure is None
    town.people["P0001"] = line(1, "north", status="suspended")
    assert town.issue() == 1, "what changed, not everybody anew"
    town.kiosk.round()
    assert town.kiosk.feed()
    assert "P0061" in roster.person_ids(store), "whoever was there before"
    assert roster.forget_visitors(store, now) == 1
    assert roster.find(store, id_number(61)).template is not None


def test_a_wrong_name_is_answered_as_an_unknown_number_is(town):
    town.fresh()
    for nobody in (card(62, "欧阳·近"), Person("欧阳·远", "440305195001019999", identified_by=IdentifiedBy.OCR)):
        assert town.ask(nobody) is Reason.NOT_IN_ROSTER
        assert town.told()[-1][2:] == ("", {"area": "", "found": False, "station": STATION})
    assert visitors.ids(town.kiosk.store) == []


def test_a_kiosk_asks_for_so_many_a_minute_and_a_day(town, monkeypatch):
    town.fresh()
    answers = [town.ask(card(70 + n % 5)) for n in range(office.A_MINUTE + 1)]
    assert answers == [Reason.OK] * office.A_MINUTE + [Reason.ELSEWHERE_OFFLINE]
    with town.context.session.begin() as session:
        row = session.get(LookupCount, town.kiosk.identity.pins.kiosk_id)
        assert (row.minute, row.day) == (office.A_MINUTE, office.A_MINUTE)
        row.minute_from, row.day = row.minute_from - timedelta(minutes=2), office.A_DAY
    before = len(town.told())
    assert town.ask(card(70)) is Reason.ELSEWHERE_OFFLINE
    assert len(town.told()) == before, "what is refused learns nothing"
    with town.context.session.begin() as session:
        session.get(LookupCount, town.kiosk.identity.pins.kiosk_id).day_from -= timedelta(days=1)
    assert town.ask(card(70)) is Reason.OK


def test_a_kiosk_without_streets_of_its_own_or_that_looks_cloned_learns_nobody(town, bureau):
    town.fresh()
    me = town.kiosk.identity.pins.kiosk_id
    now = datetime.now(UTC)
    finding = tables.Finding(
        finding_id="f", kiosk_id=me, kind="batch-number", first_at=now, last_at=now, count=1, detail="", cleared_by=""
    )
    with town.context.session.begin() as session:
        session.add(finding)
    assert town.ask(card(71)) is Reason.ELSEWHERE_OFFLINE
    with town.context.session.begin() as session:
        session.delete(session.get(tables.Finding, "f"))
    other = make_kiosk(bureau, town.folder / "other", "SZ-LOOK-0002", timeout_s=60.0)
    try:
        assert not elsewhere.may_know(other.store, card(71))
        assert elsewhere.ask(other.settings.sync, other.run, "v", card(71), now) is Reason.ELSEWHERE_OFFLINE
    finally:
        other.close()
    assert town.ask(card(71)) is Reason.OK


def test_only_the_person_who_was_asked_for_is_kept(town, monkeypatch):
    told = protocol.LookedUp(bureau_id="b", kiosk_id="k", question_id="q", line=json.dumps(line(82, "south")), roster_version=1)
    monkeypatch.setattr(elsewhere, "_told", lambda *_: told)
    for wrong in (card(83), card(82, "别人")):
        assert town.ask(wrong) is Reason.ELSEWHERE_OFFLINE
        with pytest.raises(StoreError, match="somebody else"):
            visitors.take(town.kiosk.store, visitors.Visitor(told.line.encode(), "", 1), wrong, "v", datetime.now(UTC))
    with pytest.raises(StoreError, match="no person"):
        visitors.take(town.kiosk.store, visitors.Visitor(b"{}", "", 1), card(82), "v", datetime.now(UTC))
    assert roster.find(town.kiosk.store, id_number(83)) is None


def test_no_line_lies_in_the_clear_at_the_bureau_and_none_without_a_catchment(town):
    raw = b"".join(path.read_bytes() for path in town.bureau.data.glob("bureau.db*"))
    assert "欧阳".encode() not in raw
    assert id_number(60).encode() not in raw
    with town.context.session.begin() as session:
        assert session.query(LookupLine).count() == len(town.people)
    areas.put(town.context, STATION, [])
    try:
        office.catch_up(town.context)
        with town.context.session.begin() as session:
            assert session.query(LookupLine).count() == 0
    finally:
        areas.put(town.context, STATION, ["north"])
        assert office.catch_up(town.context) == len(town.people)


@pytest.fixture
def visit(town, qtbot):
    """The real visit, store and worker of this kiosk, without camera and reader."""
    town.fresh()
    town.kiosk.store.close()
    settings = town.kiosk.settings
    window = KioskWindow(settings, Strings.load("zh_CN"), motion=False)
    qtbot.addWidget(window)
    store = StoreWorker(settings, journal_signer)
    visits = VisitController(settings, window, store, Mailbox())
    store.start()
    visits.devices.on_reader(ReaderReady(""))
    visits.devices.on_camera(CameraUp("c", 1, 1))
    yield visits, store
    visits.stop()
    store.stop()
    town.kiosk.store = open_store(settings)


def lay(visits, person):
    visits.feed(e.CardLaid())
    visits.feed(e.CardWasRead(person))


def test_a_visit_asks_goes_on_and_leaves_no_template(town, visit, qtbot):
    visits, store = visit
    states = []
    visits.moved.connect(lambda moved: states.append(moved.after))
    lay(visits, card(75))
    qtbot.waitUntil(lambda: not isinstance(visits.state, s.LookingUp), timeout=60000)
    assert any(isinstance(one, s.LookingUp) and one.elsewhere for one in states)
    # Whose template is of another model goes to the attendant; who they are is known.
    assert isinstance(visits.state, s.Answered | s.Confirming)
    assert not isinstance(visits.state, s.Answered) or visits.state.reason is not Reason.NOT_IN_ROSTER
    kept = store.run(lambda held: roster.find_person(held, "P0075"))
    assert kept is not None
    assert kept.template is not None
    visits.feed(e.CancelTouched())
    visits.feed(e.DoneTouched())
    assert store.run(lambda held: roster.find_person(held, "P0075")).template is None
    assert store.run(lambda held: held.db.execute("SELECT count(*) FROM journal WHERE kind = 'looked-up-elsewhere'").fetchone()[0])


def test_offline_it_says_where_to_go_and_calls_the_attendant(town, visit, qtbot, monkeypatch):
    visits, _ = visit
    called = []
    visits.attendant_called.connect(called.append)
    monkeypatch.setattr(visits._records, "_sync", town.kiosk.settings.sync.model_copy(update={"bureau_url": "http://127.0.0.1:9"}))
    lay(visits, card(76))
    qtbot.waitUntil(lambda: not isinstance(visits.state, s.LookingUp), timeout=60000)
    assert isinstance(visits.state, s.Answered)
    assert visits.state.reason is Reason.ELSEWHERE_OFFLINE
    assert called == [Reason.ELSEWHERE_OFFLINE]


def test_what_comes_after_the_visit_ended_is_forgotten(town, visit, qtbot):
    visits, store = visit
    worker = visits.elsewhere
    asked = visits._records.asked_elsewhere("gone", card(77), "self", "")
    worker.ask(replace(asked, ask=lambda: (worker.over(), ask_for(town, store, 77))[1]))  # it ends while the bureau is asked
    qtbot.waitUntil(lambda: "P0077" in store.run(visitors.ids), timeout=60000)
    qtbot.waitUntil(lambda: store.run(lambda held: roster.find_person(held, "P0077")).template is None, timeout=60000)


def ask_for(town, store, number):
    return elsewhere.ask(town.kiosk.settings.sync, store.run, "gone", card(number), datetime.now(UTC))


@pytest.fixture
def live(town, qtbot):
    """The real desk of this kiosk with somebody signed in, above the real store."""
    town.fresh()
    with town.kiosk.store.transaction() as db:  # other tests' visitors
        db.execute("DELETE FROM visitors")
    if staff.find(town.kiosk.store, ANN[0]) is None:
        staff.add(town.kiosk.store, ANN[0], "刘站员", staff.Role.ATTENDANT, ANN[1], datetime.now(UTC), by="test")
    town.kiosk.store.close()
    settings, clock = town.kiosk.settings, Clock()
    clock.now = datetime.now(UTC)
    window = KioskWindow(settings, Strings.load("zh_CN"), motion=False)
    qtbot.addWidget(window)
    store = StoreWorker(settings, journal_signer)
    conductor = VisitController(settings, window, store, Mailbox(), clock.wall, clock.steady)
    desk = DeskController(settings, window, DeskView(window), store, conductor, Mailbox(), clock.wall, clock.steady)
    store.start()
    conductor.start()
    window.show()
    made = Live(qtbot, window, conductor, desk, store, clock, town.folder)
    made.sign_in()
    yield made
    close(made)
    town.kiosk.store = open_store(settings)


def look_for(live, number, name=""):
    """Type at the desk; return the page once it waits for nothing."""
    live.desk.feed(d.Went(Place.FIND))
    live.until_page("find")
    live.desk.feed(d.SearchTouched(number, name))
    live.qtbot.waitUntil(lambda: not is_busy(live.desk.state.page), timeout=60_000)
    return live.desk.state.page


def test_the_desk_asks_by_name_and_number_and_goes_on_with_the_person(town, live):
    asked = len(town.told())
    page = look_for(live, id_number(78))
    assert (page.problem, len(town.told())) == ("name-for-centre", asked), "a number alone asks nobody"
    assert look_for(live, id_number(1)).found.entry.person_id == "P0001"
    assert len(town.told()) == asked, "its own people are not asked for"
    assert look_for(live, id_number(78)[:-1] + ("0" if id_number(78)[-1] != "0" else "1")).problem == "number-odd"
    states = []
    live.desk.moved.connect(lambda moved: states.append(moved.after.page))
    page = look_for(live, id_number(78), "欧阳·远")
    assert any(isinstance(one, Finding) and one.elsewhere for one in states)
    assert isinstance(page, Showing)
    assert (page.found.entry.person_id, page.found.visit_id[:5]) == ("P0078", "desk-")
    assert town.told()[-1][2:] == ("P0078", {"area": "south", "found": True, "station": STATION})
    assert live.ask(lambda held: roster.find_person(held, "P0078")).template is None, "no face is looked at here"
    held = live.ask(lambda store: store.db.execute("SELECT visit_id FROM visitors WHERE person_id = 'P0078'").fetchone()[0])
    assert held == page.found.visit_id, "a record of this visit keeps the line"
    told = len(town.told())
    assert look_for(live, id_number(78)).found.entry.person_id == "P0078"
    assert len(town.told()) == told, "who was told stays for the day"


def test_the_desk_says_why_nobody_was_found(town, live, monkeypatch):
    page = look_for(live, id_number(79), "别人")
    assert (page.problem, page.elsewhere) == ("not-in-roster", False)
    nowhere = town.kiosk.settings.sync.model_copy(update={"bureau_url": "http://127.0.0.1:9"})
    monkeypatch.setattr(live.desk, "_settings", live.desk._settings.model_copy(update={"sync": nowhere}))
    page = look_for(live, id_number(79), "欧阳·远")
    assert (page.problem, page.elsewhere, page.busy) == ("elsewhere-offline", False, False)
    assert live.ask(visitors.ids) == []


def test_a_late_answer_is_not_taken_for_the_next_question(town, live):
    late = live.ask(lambda store: people.find(store, FindPerson(live.desk.state.session, card(1)), live.desk._moment()))
    live.desk.feed(d.Went(Place.FIND))
    live.desk._state = replace(live.desk.state, page=Finding(id_number(2), busy=True))
    live.desk.feed(late)
    assert live.desk.state.page == Finding(id_number(2), busy=True)
    live.desk.feed(live.ask(lambda store: people.find(store, FindPerson(live.desk.state.session, card(2)), live.desk._moment())))
    assert live.desk.state.page.found.entry.person_id == "P0002"
