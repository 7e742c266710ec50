"""Whom a station may call: by street, by network and by stick, in both suites; a call that was made is told, and lists grow old."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, date, datetime, timedelta

import pytest

from kiosk.bureau import areas, catchment, reminders, removable_media
from kiosk.bureau.context import BureauSettings, open_context
from kiosk.bureau.reminder_tables import ReminderCall, ReminderList
from kiosk.domain.calendar_days import local_date
from kiosk.store import reminders as kept
from kiosk.sync import courier, suites
from tests.sync.made import make_kiosk, record

NOW = datetime.now(UTC)
TODAY = local_date(NOW)
_count = itertools.count(1)


def person(number, area="north", *, due=None, status="active", **more):
    benefit = {"benefit_id": "b", "kind": "employee-pension", "policy_id": "rotation"}
    return {
        "person_id": f"P{number:04d}",
        "name": "张某某",
        "id_number": f"44030519500101{number:04d}",
        "status": status,
        "area": area,
        **more,
        "phone": f"1380000{number:04d}",
        "benefits": [{**benefit, "due": (TODAY + timedelta(days=due)).isoformat()} if due is not None else benefit],
    }


PEOPLE = (
    person(1, due=20),
    person(2, due=200),
    person(3, due=-60, status="suspended"),
    person(4, "south", due=5),
    person(5, due=10),
    person(6, due=3, status="deceased"),
    person(7, "south", due=300),
    person(8, born="1988-06-06"),  # not of retirement age, and nothing paid yet
)


class Office:
    """A bureau with a station and people of its own, its kiosks, and what the worker does."""

    def __init__(self, bureau, folder, **settings):
        self.bureau, self.folder, self.kiosks, self.mark = bureau, folder, [], f"{next(_count)}-"
        self.station = f"SZ-CALL-{self.mark}1"
        self.context = open_context(BureauSettings(data=str(bureau.data), **settings))

    def kiosk(self, name="kiosk", station="", **more):
        made = make_kiosk(self.bureau, self.folder / name, station or self.station, **more)
        self.kiosks.append(made)
        return made

    def issue(self):
        people = [{**one, "person_id": self.mark + one["person_id"]} for one in PEOPLE]
        path = self.folder / "roster"
        path.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in people), encoding="utf-8")
        self.bureau.issue_roster(path)
        reminders.catch_up(self.context, NOW)

    def called(self, kiosk):
        found = kept.listed(kiosk.store, TODAY)
        return [(one.entry.person_id.removeprefix(self.mark), one.why.urgency.value, one.called_on) for one in found]

    def call(self, kiosk, person_id):
        return kept.mark_called(kiosk.store, self.mark + person_id, "1001", TODAY, NOW)

    def row(self):
        with self.context.session() as session:
            return session.get_one(ReminderList, self.station)

    def told(self, person_id):
        with self.context.session() as session:
            return session.get(ReminderCall, self.mark + person_id)

    def close(self):
        for one in self.kiosks:
            one.close()
        self.context.engine.dispose()


@pytest.fixture
def office(bureau, tmp_path):
    made = Office(bureau, tmp_path)
    yield made
    made.close()


def test_suspended_and_due_people_of_its_streets_and_nobody_else(office):
    kiosk = office.kiosk()
    areas.put(office.context, office.station, ["north"])
    kiosk.save(record(station=office.station, person=f"{office.mark}P0007"))  # of another street, but was here, and passed
    assert kiosk.round().failure is None
    office.issue()
    assert any(one.startswith("reminders") for one in kiosk.feed())
    assert office.called(kiosk) == []  # nobody of this roster is known here: buckets are made by another duty
    catchment.catch_up(office.context)
    kiosk.round()
    kiosk.feed()
    assert office.called(kiosk) == [("P0003", "suspended", None), ("P0005", "due", None), ("P0001", "due", None)]
    assert kiosk.feed() == []
    content = office.row().content
    for private in ("张", "1380000", "44030519"):  # ids, streets, dates
        assert private not in content


def test_a_call_is_told_to_the_bureau_and_to_the_stations_other_kiosk(office):
    one, other = office.kiosk(), office.kiosk("other")
    office.issue()
    for kiosk in (one, other):
        assert kiosk.round().failure is None
        kiosk.feed()
    assert office.call(one, "P0005")
    assert not office.call(one, "P0005")
    assert not office.call(one, "P9999")
    assert one.round().failure is None
    told = office.told("P0005")
    assert told is not None
    assert (told.station_id, told.called_on) == (office.station, TODAY)
    for kiosk in (one, other):
        assert any(name.startswith("reminders") for name in kiosk.feed())
        assert ("P0005", "due", TODAY) in office.called(kiosk)
    lines = kept.listed(one.store, TODAY)
    assert [line.called_by for line in lines if line.called_on] == ["1001"]


def test_another_stations_word_ticks_nobody_off(office):
    kiosk, stranger = office.kiosk(), office.kiosk("stranger", f"{office.station}-B")
    areas.put(office.context, office.station, ["north"])
    areas.put(office.context, f"{office.station}-B", ["south"])
    office.issue()
    for one in (kiosk, stranger):
        one.feed()
    with office.context.session() as session:
        content = session.get_one(ReminderList, f"{office.station}-B").content
    assert [one["person_id"] for one in json.loads(content)] == [f"{office.mark}P0004"]
    with stranger.store.transaction() as db:
        db.execute("INSERT INTO reminders VALUES (?, 'north', 'due', '', '', '')", (f"{office.mark}P0005",))
    assert office.call(stranger, "P0005")
    assert stranger.round().failure is None
    assert office.told("P0005") is None


def test_whoever_passed_since_the_roster_is_called_no_more(office):
    kiosk = office.kiosk()
    office.issue()
    kiosk.feed()
    assert ("P0001", "due", None) in office.called(kiosk)
    passed = record(station=office.station, person=f"{office.mark}P0001", benefit_id="b", policy_id="rotation", policy_period="x")
    kiosk.save(passed)
    assert "P0001" not in {one for one, *_ in office.called(kiosk)}  # here at once …
    assert kiosk.round().failure is None
    reminders.catch_up(office.context, NOW + timedelta(days=1))
    content = office.row().content  # … and with the next list everywhere
    assert "P0001" not in content
    assert "P0005" in content


@pytest.mark.parametrize("name", ["std-1", "gm-1"])
def test_the_list_comes_by_stick_under_either_suite_and_an_old_one_changes_nothing(of_both, tmp_path, name):
    office = Office(of_both, tmp_path, suites=suites.NAMES)
    try:
        kiosk = office.kiosk(suite=name)
        office.issue()
        stick = tmp_path / "stick"
        stick.mkdir()
        courier.export(kiosk.run, kiosk.identity, stick)
        told = removable_media.serve(office.context, stick)
        assert "reminders" in {what for what, _ in told}
        assert {one.outcome for one in courier.import_from(kiosk.run, kiosk.identity, stick)} <= {"applied", "nothing-new"}
        assert ("P0003", "suspended", None) in office.called(kiosk)
        again = courier.import_from(kiosk.run, kiosk.identity, stick)
        assert {one.outcome for one in again if one.name.startswith("reminders")} == {"nothing-new"}
    finally:
        office.close()


def test_an_old_list_is_erased_and_calls_of_last_year_are_forgotten(office):
    kiosk = office.kiosk()
    office.issue()
    kiosk.feed()
    office.call(kiosk, "P0005")
    assert kiosk.round().failure is None
    assert office.told("P0005") is not None
    assert kept.retain(kiosk.store, TODAY + timedelta(days=kept.KEPT_DAYS - 1)) == 0
    assert kept.retain(kiosk.store, TODAY + timedelta(days=kept.KEPT_DAYS)) == 4
    assert office.called(kiosk) == []
    reminders.catch_up(office.context, NOW + reminders.CALLS_KEPT + timedelta(days=1))
    assert office.told("P0005") is None


def test_what_was_ticked_here_stays_ticked_until_it_is_old(office):
    kiosk = office.kiosk()
    told = [kept.Told("P0001", "north", "due", None)]
    assert kept.take(kiosk.store, 1, TODAY, told, NOW)
    assert kept.mark_called(kiosk.store, "P0001", "1001", TODAY, NOW)
    assert kept.take(kiosk.store, 2, TODAY, told, NOW)
    assert not kept.take(kiosk.store, 2, TODAY, [], NOW)
    assert kiosk.store.db.execute("SELECT called_by FROM reminders").fetchall() == [("1001",)]
    assert kept.take(kiosk.store, 3, TODAY + timedelta(days=300), told, NOW)
    assert kiosk.store.db.execute("SELECT called_on FROM reminders").fetchall() == [("",)]
    assert kept.made_on(kiosk.store.db) == TODAY + timedelta(days=300)
    assert isinstance(kept.made_on(kiosk.store.db), date)
