"""A list that is out learns that a visit was cancelled, and a kiosk without network that its records were delivered: by stick."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from kiosk.store import outbox
from kiosk.store.home_visits import changes, exported
from kiosk.store.home_visits import visits as home
from kiosk.sync import home_news, home_visits, protocol, seal
from tests.sync import visits as v


@pytest.fixture(scope="module")
def both(bureau, tmp_path_factory):
    made = v.make_pair(bureau, tmp_path_factory.mktemp("news"), "SZ-TEST-0760")
    made.give_roster(*(v.person(n) for n in range(4)))
    yield made
    v.close(made)


@pytest.fixture
def pair(both):
    both.empty()
    for kiosk in (both.station, both.portable):
        kiosk.store.db.execute("DELETE FROM home_changes")
    for path in list(both.medium.rglob("*.jwe")):
        path.unlink()
    return both


def cancel(kiosk, person_id, why="cancelled", on_day=None, at=None):
    changes.change(kiosk.store, changes.Change(person_id, at or v.now(), why, on_day), v.ANN)


def listed(kiosk):
    return {one.entry.person_id: (one.cancelled, one.on_day) for one in home.booked(kiosk.store, v.today(), v.now())}


def write(pair):
    return home_news.write(pair.station.run, pair.station.identity, pair.medium, v.now())


def take(pair):
    moved = pair.portable.moved.append
    return home_news.take(pair.portable.run, pair.portable.identity, pair.medium, v.now(), moved)


def test_cancelled_and_moved_visits_reach_a_list_that_is_out(pair):
    pair.export_list()
    pair.import_lists()
    day = v.today() + timedelta(days=3)
    cancel(pair.station, "P00001")
    cancel(pair.station, "P00002", "", day)
    assert listed(pair.station)["P00001"] == ("cancelled", None)
    assert [(one.outcome, one.count) for one in write(pair)] == [("applied", 2)]
    assert [(one.outcome, one.count) for one in take(pair)] == [("applied", 2)]
    assert [one.outcome for one in take(pair)] == ["nothing-new"]
    assert listed(pair.portable)["P00001"] == ("cancelled", None)
    assert listed(pair.portable)["P00002"] == ("", day)
    assert list(listed(pair.portable))[-1] == "P00001", "at the end"
    cancel(pair.station, "P00001", "")  # taken up again
    write(pair)
    assert len(list(pair.medium.rglob("news-*.jwe"))) == 1, "newer news in place of older"
    take(pair)
    assert listed(pair.portable)["P00001"] == ("", None)


def test_a_cancelled_visit_goes_on_no_new_list_until_it_is_booked_anew(pair):
    cancel(pair.station, "P00001")
    done = pair.export_list("P00000", "P00001")
    assert (done.people, done.left_out) == (1, 1)
    home.book(pair.station.store, "P00001", "sick", v.ANN, v.now())
    assert pair.export_list("P00000", "P00001").people == 2
    assert listed(pair.station)["P00001"] == ("", None)


def test_over_the_network_the_bureau_tells_the_other_kiosk(bureau, pair):
    pair.export_list()
    pair.import_lists()
    cancel(pair.station, "P00003")
    assert pair.station.round().failure is None
    assert any(one.startswith("bundle") for one in pair.portable.feed())
    assert listed(pair.portable)["P00003"] == ("cancelled", None)
    lines = pair.portable.store.db.execute("SELECT body FROM main.journal WHERE kind = 'home-changes-taken'").fetchall()
    assert json.loads(lines[-1][0])["data"]["by"] == "bureau"


def test_an_older_word_changes_nothing_and_a_visit_that_was_made_stands(pair):
    pair.export_list()
    pair.import_lists()
    later = v.now()
    cancel(pair.portable, "P00001", "", at=later)
    told = changes.Change("P00001", later - timedelta(minutes=5), "cancelled")
    assert changes.take(pair.portable.store, [told], "x", v.now()) == 0
    cancel(pair.station, "P00002")
    (record_id,) = pair.visit("P00002")  # nobody had told them
    pair.return_results()
    assert [one.outcome for one in pair.merge_results()] == ["applied"]
    assert outbox.status_of(pair.station.store.db, record_id) is not None
    assert "P00002" not in listed(pair.station)
    assert changes.about(pair.station.store, ["P00002"]) == []


def test_a_kiosk_without_network_learns_by_stick_that_its_records_were_delivered(pair):
    pair.export_list("P00001")
    pair.import_lists()
    (record_id,) = pair.visit("P00001")
    pair.return_results()
    pair.merge_results()
    assert write(pair) == [], "nothing the bureau has signed yet"
    assert pair.station.round().failure is None
    assert [one.count for one in write(pair)] == [1]
    assert outbox.status_of(pair.portable.store.db, record_id).stage == "saved"
    assert [one.outcome for one in take(pair)] == ["applied"]
    assert outbox.status_of(pair.portable.store.db, record_id).stage == "received"
    assert [one.record_id for one in pair.portable.moved] == [record_id]
    assert [one.outcome for one in take(pair)] == ["nothing-new"]
    assert pair.portable.counts() == {"received": 1, **{key: n for key, n in pair.portable.counts().items() if key != "received"}}
    assert not home_visits.has_to_return(pair.portable.store)


def test_a_receipt_for_other_content_or_of_another_hand_settles_nothing(pair):
    pair.export_list("P00001")
    pair.import_lists()
    (record_id,) = pair.visit("P00001")
    pair.return_results()
    pair.merge_results()
    assert pair.station.round().failure is None
    write(pair)
    (path,) = pair.medium.rglob("news-*.jwe")
    receipt = changes.receipts_about(pair.station.store, ["P00001"], v.now() - timedelta(days=1), 5)[0]
    own = pair.portable.identity.pins.kiosk_id
    with pytest.raises(seal.Refused) as refused:  # a receipt to another kiosk than the one that says so
        home_news._settle(pair.portable.store, pair.portable.identity, own, receipt)
    assert refused.value.why == "wrong-signer"
    pair.portable.store.db.execute("UPDATE outbox SET content_digest = ? WHERE record_id = ?", ("0" * 64, record_id))
    assert [one.outcome for one in take(pair)] == ["nothing-new"]
    assert outbox.status_of(pair.portable.store.db, record_id).stage == "saved"
    path.write_bytes(path.read_bytes()[:-9])
    assert [one.outcome for one in take(pair)] == ["refused"]


def test_news_about_people_of_no_list_are_refused(pair):
    done = pair.export_list("P00001")
    pair.import_lists()
    loan = exported.find(pair.station.store, done.loan_id)
    document = protocol.HomeNews(
        news_id="n",
        loan_id=loan.loan_id,
        from_kiosk=pair.station.identity.pins.kiosk_id,
        to_kiosk=pair.portable.identity.pins.kiosk_id,
        created_at=v.now(),
        changes=(protocol.VisitChange(person_id="P00003", at=v.now(), cancelled="cancelled"),),
    )
    sealed = home_visits.sealed_for(pair.station.identity, document, done.peer)
    home_visits.write(pair.medium, "news", document, loan.until, sealed)
    assert [(one.outcome, one.why) for one in take(pair)] == [("refused", "malformed")]
    other = document.model_copy(update={"loan_id": "0" * 8 + "-0000-0000-0000-" + "0" * 12, "changes": ()})
    home_visits.write(pair.medium, "news", other, loan.until, home_visits.sealed_for(pair.station.identity, other, done.peer))
    assert ("refused", "unknown-loan") in [(one.outcome, one.why) for one in take(pair)]
