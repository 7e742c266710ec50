"""Home-visit lists from kiosk to kiosk: exported, visited, merged, delivered by both; one record each, in any order."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk.domain.record import Channel
from kiosk.removable import files
from kiosk.store import outbox, records, service
from kiosk.store.desk import assisted as desk
from kiosk.store.desk import declarations
from kiosk.store.home_visits import exported, imported
from kiosk.store.home_visits import visits as home
from kiosk.store.roster import line as roster_format
from kiosk.store.roster import lookup as roster
from kiosk.sync import home_visits as home_loans
from kiosk.sync import protocol, roster_feed
from tests.store.raw import plain_pages
from tests.sync import visits as v
from tests.sync.made import bureau_record, make_kiosk


@pytest.fixture(scope="module")
def both(bureau, tmp_path_factory):
    made = v.make_pair(bureau, tmp_path_factory.mktemp("pair"), "SZ-TEST-0700")
    made.give_roster(*(v.person(n) for n in range(4)))
    yield made
    v.close(made)


def passes_at(bureau, person_id):
    found = [one for one in bureau.records() if one["person_id"] == person_id]
    return [(one["verdict"], one["decision"]) for one in found]


def stages(kiosk, ids):
    return {str(outbox.status_of(kiosk.store.db, one).stage) for one in ids}


def test_the_bureau_names_the_kiosks_of_a_station_to_each_other_and_takes_it_back(bureau, tmp_path):
    first = make_kiosk(bureau, tmp_path / "a", "SZ-TEST-0701")
    alone = make_kiosk(bureau, tmp_path / "x", "SZ-TEST-0702")
    try:
        first.feed()
        assert roster_feed.peers(first.store) == ()
        second = make_kiosk(bureau, tmp_path / "b", "SZ-TEST-0701")
        try:
            assert any(one.startswith("bundle") for one in first.feed()), "told of the newcomer"
            second.feed()
            assert [one.kiosk_id for one in roster_feed.peers(first.store)] == [second.identity.pins.kiosk_id]
            assert [one.keys for one in roster_feed.peers(second.store)] == [first.identity.keys.public]
            assert first.feed() == []
            bureau.revoke(second.identity.pins.kiosk_id)
            first.feed()
            assert roster_feed.peers(first.store) == ()
        finally:
            second.close()
        alone.feed()
        assert roster_feed.peers(alone.store) == (), "another station's kiosks are nobody's business"
    finally:
        first.close()
        alone.close()


def test_the_whole_way_and_both_deliver(bureau, pair):
    home.book(pair.station.store, "P00001", "sick", v.ANN, v.now())
    assert pair.export_list().people == 4
    out = exported.out(pair.station.store, v.now())
    assert {one.kiosk_id for one in out.values()} == {pair.portable.identity.pins.kiosk_id}
    assert len(out) == 4
    assert [(one.outcome, one.count) for one in pair.import_lists()] == [("applied", 4)]
    assert [(one.outcome, one.count) for one in pair.import_lists()] == [("nothing-new", 0)]
    assert roster.version(pair.portable.store) == 0, "what the feed asks by is the own roster alone"
    assert not roster.is_stale(pair.portable.store, v.now())
    (sick,) = [one for one in home.booked(pair.portable.store, v.today()) if one.entry.person_id == "P00001"]
    assert (sick.note, sick.booked_by) == ("sick", v.ANN)
    assert sick.lender
    (record_id,) = pair.visit("P00001")
    kept = records.of_person(pair.portable.store, "P00001")[0].record
    assert (kept.author, kept.channel, kept.roster_version) == (v.BEN, Channel.HOME_VISIT, roster.version(pair.station.store))
    assert pair.visit("P00001") == (), "a second time is answered by the rules"
    assert [(one.outcome, one.count) for one in pair.return_results()] == [("applied", 1)]
    assert [(one.outcome, one.count) for one in pair.merge_results()] == [("applied", 1)]
    assert [(one.outcome, one.count) for one in pair.merge_results()] == [("nothing-new", 0)]
    assert "P00001" not in pair.listed(pair.station)
    assert exported.out(pair.station.store, v.now()) == {}

    assert pair.station.round().failure is None
    assert pair.portable.round().failure is None
    assert passes_at(bureau, "P00001") == [("accepted", "")]
    assert outbox.status_of(pair.portable.store.db, record_id).stage == "received"
    bureau.decide(record_id, "confirmed")
    for kiosk in (pair.station, pair.portable):
        assert kiosk.round().failure is None
        assert stages(kiosk, [record_id]) == {"confirmed"}, "both hear it"
    bureau.decide(record_id, "returned", "identity-unclear")
    for kiosk in (pair.portable, pair.station):
        kiosk.round()
        assert stages(kiosk, [record_id]) == {"returned"}
    assert "P00001" in pair.listed(pair.station), "a returned pass is due again"


def test_brought_in_by_the_station_although_the_network_swallowed_the_answer(bureau, pair):
    """The station learns by asking that the bureau has the record already: it hears the decision all the same."""
    pair.export_list("P00002")
    pair.import_lists()
    (record_id,) = pair.visit("P00002")
    pair.return_results()
    pair.portable.round()
    pair.merge_results()
    outbox.lease(pair.station.store.db, v.now(), 10)
    outbox.mark_unknown(pair.station.store.db, [record_id])
    assert pair.station.round().failure is None
    bureau.decide(record_id, "confirmed")
    pair.station.round()
    assert stages(pair.station, [record_id]) == {"confirmed"}
    assert passes_at(bureau, "P00002") == [("accepted", "confirmed")]


_OPS = ("export", "import", "visit", "return", "merge", "portable-delivers", "station-delivers", "keep-house", "confirm")
_count = iter(range(10_000))


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(ops=st.lists(st.sampled_from(_OPS), min_size=4, max_size=14))
def test_any_order_any_repetition_one_record_each_and_none_lost(bureau, both, ops):
    people = [v.person(100 + 2 * next(_count) + n) for n in range(2)]
    both.give_roster(*people)
    made: list[str] = []
    wanted = [one.person_id for one in people]

    def confirm():
        for one in made:
            if bureau_record(bureau, one) is not None:
                bureau.decide(one, "confirmed")

    do = {
        "export": lambda: both.export_list(*wanted),
        "import": both.import_lists,
        "return": both.return_results,
        "merge": both.merge_results,
        "visit": lambda: made.extend(both.visit(wanted[len(made) % 2])),
        "portable-delivers": both.portable.round,
        "station-delivers": both.station.round,
        "confirm": confirm,
        "keep-house": lambda: [home.retain(one.store, v.now()) for one in (both.station, both.portable)],
    }
    try:
        for op in (
            *ops,
            "export",
            "import",
            "visit",
            "visit",
            "return",
            "merge",
            "station-delivers",
            "portable-delivers",
            "confirm",
            "portable-delivers",
            "station-delivers",
        ):
            do[op]()
        assert len(made) == 2, "everybody was visited exactly once"
        for person_id in wanted:
            assert passes_at(bureau, person_id) == [("accepted", "confirmed")]
        for kiosk in (both.station, both.portable):
            assert {one.record.record_id for person_id in wanted for one in records.of_person(kiosk.store, person_id)} == set(made)
            assert stages(kiosk, made) == {"confirmed"}
    finally:
        both.empty()
        shutil.rmtree(both.medium)
        both.medium.mkdir()
        both.give_roster(*(v.person(n) for n in range(4)))


def test_templates_and_what_only_this_kiosk_may_know_stay_at_home(pair):
    assert roster.find_person(pair.station.store, "P00000").template is not None
    assert all(roster_format.of_line(line).template is None for line in home.subset(pair.station.store, ["P00000", "P00001"]))
    sealed = pair.export_list("P00000").path.read_bytes()
    document, _ = home_loans.opened(pair.portable.run, pair.portable.identity, sealed, protocol.HomeLoan)
    assert "template" not in json.loads(document.people[0].line)
    assert "vector" not in document.model_dump_json()
    pair.import_lists()
    assert roster.find_person(pair.portable.store, "P00000").template is None


def test_a_sealed_list_shows_nobody(pair):
    path = pair.export_list().path
    for marker in (v.person(1).name, v.person(1).id_number, "P00001"):
        assert marker.encode() not in path.read_bytes()
        assert marker not in str(path)


def test_a_pass_made_at_the_station_goes_along(pair):
    store = pair.station.store
    entry = roster.find_person(store, "P00003")
    due = [one for one in service.eligibilities(store, entry, v.today()) if one.may_pass]
    desk.authenticate(store, entry, due, Channel.FACE_TO_FACE, v.ANN, v.now(), why="no-face-wanted")
    pair.export_list("P00003", "P00002")
    pair.import_lists()
    assert pair.listed(pair.portable) == ["P00002"], "out there too it is known that there is nothing to do"


def test_a_pass_at_the_station_and_one_at_home_are_one_pass(bureau, pair):
    """Nobody knew of the other: two attempts, both kept, one pass."""
    person = v.person(50)
    pair.give_roster(person)
    pair.export_list(person.person_id)
    pair.import_lists()
    (out,) = pair.visit(person.person_id)
    store = pair.station.store
    due = [one for one in service.eligibilities(store, roster.find_person(store, person.person_id), v.today()) if one.may_pass]
    (here,) = desk.authenticate(store, person, due, Channel.FACE_TO_FACE, v.ANN, v.now(), why="no-face-wanted")
    before = bureau.summary()["passes"]
    pair.return_results()
    pair.merge_results()
    assert pair.station.round().failure is None
    assert pair.portable.round().failure is None
    assert bureau.summary()["passes"] == before + 1
    assert sorted(verdict for verdict, _ in passes_at(bureau, person.person_id)) == ["accepted", "duplicate-pass"]
    assert {one.record.record_id for one in records.of_person(store, person.person_id)} == {here, out}
    assert stages(pair.station, [here, out]) == stages(pair.portable, [out]) == {"received"}
    pair.give_roster(*(v.person(n) for n in range(4)))


def test_a_death_while_lending_forgets_no_list(pair, monkeypatch):
    """Killed after the file was written: the list is out without a mark, and what comes back is taken all the same."""

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(exported, "mark_exported", killed)
    with pytest.raises(KeyboardInterrupt):
        pair.export_list("P00001")
    assert exported.out(pair.station.store, v.now()) == {}
    pair.import_lists()
    pair.visit("P00001")
    pair.return_results()
    assert [(one.outcome, one.count) for one in pair.merge_results()] == [("applied", 1)]


def test_time_over_erases_the_people_and_no_record(pair):
    pair.export_list("P00000", "P00001")
    pair.import_lists()
    (record_id,) = pair.visit("P00000")
    assert home.retain(pair.portable.store, v.now() + timedelta(days=13)) == 0
    store = pair.portable.store
    assert v.person(1).name.encode() in plain_pages(store.path, store.key)
    assert home.retain(store, v.now() + timedelta(days=15)) == 2
    left = plain_pages(store.path, store.key)
    assert v.person(1).name.encode() not in left, "also not in a free page or the log"
    assert v.person(1).id_number.encode() not in left
    assert roster.find_person(store, "P00001") is None
    assert pair.portable.counts() == {"waiting": 1}
    assert [one.outcome for one in pair.return_results(v.now() + timedelta(days=15))] == ["applied"], "the results still come back"
    assert [one.count for one in pair.merge_results(v.now() + timedelta(days=15))] == [1]
    assert stages(pair.station, [record_id]) == {"saved"}


def test_settled_and_returned_erases_the_people_at_once(pair):
    pair.export_list("P00000")
    pair.import_lists()
    pair.visit("P00000")
    pair.return_results()
    assert home.retain(pair.portable.store, v.now()) == 0, "the bureau has not got it yet"
    pair.portable.round()
    assert home.retain(pair.portable.store, v.now()) == 1
    assert imported.newest(pair.portable.store) is None
    assert pair.return_results() == [], "nothing is left to bring"
    (again,) = pair.import_lists()
    assert (again.outcome, again.why) == ("refused", "replayed")


def test_a_newer_list_counts_for_a_person(pair):
    pair.export_list("P00000", "P00001")
    pair.import_lists()
    second = pair.export_list("P00001", "P00002")
    assert [(one.outcome, one.count) for one in pair.import_lists()].count(("applied", 2)) == 1
    assert set(imported.everybody(pair.portable.store)) == {"P00000", "P00001", "P00002"}
    pair.visit("P00001")
    pair.return_results()
    pair.merge_results()
    assert second.loan_id
    assert "P00001" not in pair.listed(pair.station)


def test_a_death_that_was_declared_out_there_takes_effect_at_the_station(pair):
    pair.export_list("P00000")
    pair.import_lists()
    entry = roster.find_person(pair.portable.store, "P00000")
    from kiosk.domain.person import Person

    declarations.declare(
        pair.portable.store,
        declarations.Declaration.DEATH,
        entry,
        {"date": "2026-11-01"},
        v.BEN,
        v.today(),
        v.now(),
        helper=Person("李建国", "440305194810010111"),
    )
    pair.return_results()
    assert [one.count for one in pair.merge_results()] == [1]
    found = roster.find_person(pair.station.store, "P00000")
    assert (str(found.status), found.template) == ("deceased", None)
    pair.give_roster(*(v.person(n) for n in range(4)))


def test_a_full_stick_lends_nobody(pair, monkeypatch):
    def full(path, data):
        raise files.RemovableError("medium-full")

    monkeypatch.setattr(files, "write_file", full)
    with pytest.raises(files.RemovableError, match="medium-full"):
        pair.export_list()
    assert exported.out(pair.station.store, v.now()) == {}


def test_a_lost_database_at_the_station_still_knows_what_it_lent(pair):
    """The rows that name lists come back with the journal's mirror."""
    from kiosk.store.mirrored_rows import RECOVERED

    pair.export_list("P00001")
    row = pair.station.store.db.execute("SELECT * FROM home_loans").fetchone()
    assert row is not None
    frames = list(pair.station.store.mirror.read())
    rows = [row for frame in frames for table, row in frame.rows if table == "home_loans"]
    assert rows[-1]["given_at"]
    assert RECOVERED["home_loans"] == RECOVERED["borrowed_loans"] == ("loan_id",)
    pair.import_lists()
    text = json.dumps([frame.rows for frame in pair.portable.store.mirror.read()], ensure_ascii=False)
    assert '"P00001' in text.replace("\\", "")
    assert v.person(1).name not in text, "imported people are in no mirror"
    assert v.person(1).id_number not in text
