"""Home-visit lists by touch, at both ends: the real page, the real stores, a stick; and what the machine asks before."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from kiosk.desk import commands as c
from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.desk.values import Place
from kiosk.desk_backend import home_visits as desk_home
from kiosk.domain.record import Channel
from kiosk.store import outbox, records, service
from kiosk.store.desk import assisted as desk
from kiosk.store.engine.database import Store
from kiosk.store.home_visits import exported, imported
from kiosk.store.home_visits import visits as home
from kiosk.store.opening import open_store
from kiosk.store.roster import lookup as roster
from kiosk.sync import home_visits as home_loans
from kiosk.sync import keys, protocol, seal
from kiosk.texts.strings import Strings
from tests.desk import samples as d
from tests.desk.conftest import ANN, build, close
from tests.desk.test_live import fill_face_to_face
from tests.desk.test_machine import signed_in, walk
from tests.store import made

LI = "440305194810010111"
PEOPLE = (made.entry(home_visit=True), made.entry(LI, "李建国", "p-2", template=None, home_visit=True))


# --- the machine


def on_the_page():
    state, _ = signed_in(d.ANN, e.Went(Place.HOME_VISITS))
    return state


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        (e.ExportListTouched("kiosk-a", "", ("P-1",)), "medium-missing"),
        (e.ExportListTouched("", "stick", ("P-1",)), "peer-missing"),
        (e.ExportListTouched("kiosk-a", "stick", ()), "nobody-to-export"),
        (e.HomeCarryTouched("import", ""), "medium-missing"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_done(event, problem):
    state, done = walk(event, state=on_the_page())
    assert (state.page.problem, done) == (problem, [])


def test_a_list_is_exported_once_at_a_time_and_only_from_its_page():
    touch = e.ExportListTouched("kiosk-a", "stick", ("P-1",))
    state, done = walk(touch, state=on_the_page())
    assert done == [c.ExportHomeVisits(state.session, "kiosk-a", "stick", ("P-1",))]
    assert walk(touch, e.HomeCarryTouched("return", "stick"), state=state) == (state, []), "one thing at a time"
    state, done = walk(e.Acted(1, Place.HOME_VISITS, "visits-exported", detail="1"), state=state)
    assert (state.page.notice, state.page.busy) == ("visits-exported", False)
    assert done == [c.Load(state.session, Place.HOME_VISITS)]
    elsewhere, _ = signed_in(d.ANN, e.Went(Place.SYNC))
    assert walk(touch, state=elsewhere) == (elsewhere, [])
    assert walk(e.HomeCarryTouched("burn", "stick"), state=on_the_page())[1] == []


def test_what_was_brought_in_is_delivered_at_once():
    state, done = walk(
        e.HomeCarryTouched("merge", "stick"), e.Acted(1, Place.HOME_VISITS, "visits-merged", detail="2"), state=on_the_page()
    )
    assert c.NudgeSync() in done
    _, done = walk(e.HomeCarryTouched("import", "stick"), e.Acted(1, Place.HOME_VISITS, "visits-imported"), state=on_the_page())
    assert c.NudgeSync() not in done


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_every_answer_has_words(language):
    strings = Strings.load(language)
    codes = (
        *desk_home.TOLD,
        "not-provisioned",
        "nothing-for-us",
        "nothing-to-return",
        "visits-refused",
        "peer-missing",
        "medium-missing",
        "medium-full",
        "medium-unwritable",
    )
    notices = ("visits-exported", "visits-imported", "visits-nothing-new", "visits-returned", "visits-merged")
    wanted = [*(f"desk.problem.{one}" for one in codes), *(f"desk.notice.{one}" for one in notices)]
    assert [key for key in wanted if key not in strings] == []


def test_an_old_file_beside_a_good_one_is_no_news():
    good, old = home_loans.FileOutcome("a", "applied", count=3), home_loans.FileOutcome("b", "refused", "loan-expired")
    assert desk_home._answer(1, [old, good], "visits-imported") == e.Acted(1, Place.HOME_VISITS, "visits-imported", detail="3")
    assert desk_home._answer(1, [old], "visits-imported").problem == "loan-expired"
    forged = home_loans.FileOutcome("c", "refused", "bad-signature")
    answer = desk_home._answer(1, [good, forged], "visits-imported")
    assert (answer.problem, answer.detail) == ("visits-refused", "bad-signature")


# --- by touch


@dataclass
class Other:
    """The kiosk at the other end, driven by calls."""

    store: Store
    identity: keys.Identity

    def run(self, work):
        return work(self.store)


def identity_of(settings, name: str) -> keys.Identity:
    own = keys.Keys(*seal.new_keys())
    bureau = keys.Keys(*seal.new_keys()).public
    keys.write_private(keys.resolve(settings.sync.key_file), keys.dump_keys(own))
    pins = keys.Pins(kiosk_id=f"kiosk-{name}", station_id=settings.station.station_id, bureau_id="bureau-x", bureau=bureau)
    keys.write_private(keys.pins_path(settings.sync), pins.model_dump_json())
    return keys.Identity(own, pins)


def introduce(store: Store, other: keys.Identity) -> None:
    """What the bureau's bundle would have said."""
    peer = protocol.Peer(kiosk_id=other.pins.kiosk_id, name="示范站", keys=other.keys.public)
    outbox.put(store.db, "peers", json.dumps([peer.model_dump(mode="json")]))


@pytest.fixture
def ends(qtbot, tmp_path, request):
    """A live desk, and another kiosk. `request.param`: who has the roster."""
    live_is_station = request.param == "station"
    live = build(qtbot, tmp_path / "live", people=PEOPLE if live_is_station else ())
    settings = made.settings(tmp_path / "other")
    here, there = identity_of(live.window.settings, "here0a1b"), identity_of(settings, "there2c3d")
    with open_store(settings, now=made.NOW) as store:
        if not live_is_station:
            made.give_roster(store, *PEOPLE)
        introduce(store, here)
        live.ask(lambda opened: introduce(opened, there))
        yield live, Other(store, there)
    close(live)


def open_list(live):
    live.sign_in()
    live.touch("place-home-visits")
    live.until_page("home-visits")
    live.loaded()


def until_told(live, notice: str = "", problem: str = ""):
    live.until(lambda: (live.desk.state.page.notice, live.desk.state.page.problem) == (notice, problem))
    live.loaded()


@pytest.mark.parametrize("ends", ["station"], indirect=True)
def test_exported_by_touch_visited_elsewhere_and_merged_by_touch(ends):
    live, portable = ends
    open_list(live)
    assert "0A1B" in live.find("visits-stick").text()
    assert "2C3D" in live.find("visits-peer").text()
    assert "2" in live.find("visits-export").text()
    live.find("visits").selectRow(1)
    live.touch("visit-mark")
    (number,) = [one.number for one in live.desk.state.page.data.rows if one.person_id in live.view.page._marked]
    live.touch("visits-export")
    until_told(live, "visits-exported")
    assert "2C3D" in live.desk.state.page.detail
    live.until(lambda: [one for one in live.desk.state.page.data.rows if one.out_to])
    (row,) = [one for one in live.desk.state.page.data.rows if one.out_to]
    assert row.number == number, "the marked one, and nobody else"
    assert any("已带出" in text for line in live.find("visits").texts() for text in line)

    now = live.clock.now
    assert [one.count for one in home_loans.import_lists(portable.run, portable.identity, live.medium, "1002", now)] == [1]
    entry = roster.find(portable.store, number)
    due = [one for one in service.eligibilities(portable.store, entry, made.TODAY) if one.may_pass]
    desk.authenticate(portable.store, entry, due, Channel.HOME_VISIT, "1002", now, why="no-template")
    home_loans.return_results(portable.run, portable.identity, live.medium, "1002", now)

    live.touch("visits-merge")
    until_told(live, "visits-merged")
    (kept,) = live.ask(lambda store: records.of_person(store, row.person_id))
    assert (kept.record.author, kept.record.channel) == ("1002", Channel.HOME_VISIT)
    live.until(lambda: row.person_id not in {one.person_id for one in live.desk.state.page.data.rows})
    live.touch("visits-merge")
    until_told(live, "visits-nothing-new")
    assert live.ask(lambda store: exported.out(store, now)) == {}


@pytest.mark.parametrize("ends", ["portable"], indirect=True)
def test_a_kiosk_without_a_roster_takes_a_list_by_touch_visits_and_brings_back(ends):
    live, station = ends
    open_list(live)
    assert not [
        one
        for one in ("visits-export", "visits-return", "visit-mark")
        if live.view.findChild(type(live.find("back")), one).isVisible()
    ], "nothing to export_list and nothing to bring back"
    live.touch("visits-import")
    until_told(live, problem="nothing-for-us")
    now = live.clock.now
    ids = [one.entry.person_id for one in home.booked(station.store, made.TODAY)]
    home_loans.export_list(station.run, station.identity, live.medium, "kiosk-here0a1b", ids, ANN[0], now)
    live.touch("visits-import")
    until_told(live, "visits-imported")
    live.until(lambda: live.find("visits").texts() and live.find("visits").texts()[0][4].startswith("示范站 2C3D"))
    live.touch("place-home")
    live.until_page("home")
    live.loaded()
    assert not live.view.page.stale.isVisible(), "the imported list is roster enough: no alarm"
    live.touch("place-home-visits")
    live.until_page("home-visits")
    live.loaded()
    number = live.desk.state.page.data.rows[0].number
    live.find("visits").opened.emit(0)
    live.until_page("assist")
    fill_face_to_face(live)
    live.touch("finish")
    live.until_page("home")
    live.touch("place-home-visits")
    live.until_page("home-visits")
    live.loaded()
    live.touch("visits-return")
    until_told(live, "visits-returned")
    told = home_loans.merge_results(station.run, station.identity, live.medium, ANN[0], now)
    assert [(one.outcome, one.count) for one in told] == [("applied", 1)]
    entry = roster.find(station.store, number)
    assert records.of_person(station.store, entry.person_id)[0].record.author == ANN[0]


@pytest.mark.parametrize("ends", ["portable"], indirect=True)
def test_what_goes_wrong_is_said_in_words(ends):
    live, station = ends
    now = live.clock.now
    path = home_loans.export_list(station.run, station.identity, live.medium, "kiosk-here0a1b", ["p-2"], ANN[0], now).path
    path.write_bytes(path.read_bytes()[:-3])
    open_list(live)
    live.touch("visits-import")
    until_told(live, problem="visits-refused")
    assert "truncated" in live.view.page.problem.words.text()
    path.unlink()
    home_loans.export_list(station.run, station.identity, live.medium, "kiosk-here0a1b", ["p-2"], ANN[0], now)
    live.ask(lambda store: outbox.put(store.db, "peers", "[]"))
    live.touch("visits-import")
    until_told(live, problem="unknown-peer")
    live.until(lambda: not live.view.page.carry["import"].isVisible())  # and without peers there is nothing to touch
    assert live.ask(imported.everybody) == {}


def test_a_kiosk_that_knows_no_other_says_how_it_would(live):
    live.sign_in()
    live.touch("place-home-visits")
    live.until_page("home-visits")
    live.loaded()
    assert "便携机登记后" in live.find("visits-stick").text()
    assert not live.view.page.carry["export"].isVisible()
    assert isinstance(live.desk.state, s.Open)
