"""Borrowed people beside the own roster: whose word counts, what a list never changes, what goes with it, what survives a loss."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date, timedelta

import pytest

from kiosk.domain.person import Benefit
from kiosk.domain.record import Channel
from kiosk.store import records, service
from kiosk.store.content import content_of
from kiosk.store.desk import assisted as desk
from kiosk.store.home_visits import exported, imported
from kiosk.store.home_visits import visits as home
from kiosk.store.opening import open_store
from kiosk.store.roster import line as roster_format
from kiosk.store.roster import lookup as roster
from tests.store import made

LATER = (Benefit("enterprise-employee", "enterprise-employee", "deferred-month", date(2025, 12, 20)),)


def loan(version: int, *people, until=timedelta(days=7), at=made.NOW) -> tuple[imported.ImportedList, list[imported.ListedPerson]]:
    lines = [
        imported.ListedPerson(one.person_id, roster_format.to_line(replace(one, template=None)), at, "A1", "sick") for one in people
    ]
    return imported.ImportedList(
        str(uuid.uuid4()), "kiosk-a", "站 A", at, at + until, version, at, tuple(one.person_id for one in people), at
    ), lines


def take(store, version, *people, **when):
    made_loan, lines = loan(version, *people, **when)
    assert home.import_list(store, made_loan, lines, "B1", made.NOW) == len(people)
    return made_loan


def test_the_newer_roster_counts_whoever_brought_it(store):
    made.give_roster(store, made.entry(), version=5)
    take(store, 4, made.entry(benefits=LATER))
    assert roster.find(store, made.NUMBER).benefits[0].last_pass == date(2025, 12, 3), "an older list changes nothing"
    assert roster.find_person(store, "p-1").benefits[0].last_pass == date(2025, 12, 3)
    take(store, 6, made.entry(benefits=LATER))
    found = roster.find(store, made.NUMBER)
    assert found.benefits[0].last_pass == date(2025, 12, 20)
    assert found.template is not None, "the template is this kiosk's own roster's"
    assert roster.version_for(store, "p-1") == 6
    made.give_roster(store, made.entry(), version=7)
    assert roster.find(store, made.NUMBER).benefits[0].last_pass == date(2025, 12, 3)
    assert [one.person_id for one in roster.home_visits(store)] == ["p-1"], "once, though known twice"


def test_without_a_roster_the_list_is_what_people_are_known_by(store):
    assert roster.is_stale(store, made.NOW)
    assert roster.in_use(store).version == 0
    take(store, 4, made.entry())
    assert (roster.in_use(store).version, roster.in_use(store).people) == (4, 1)
    assert not roster.is_stale(store, made.NOW)
    assert roster.is_stale(store, made.NOW + timedelta(days=36))
    assert roster.version(store) == roster.info(store).version == 0, "the sync asks by the own roster"
    assert made.PERSON.name in roster.names_to_choose(store, made.NUMBER)
    told = service.look_up(store, made.PERSON, made.TODAY, now=made.NOW)
    assert (told.reason, told.roster_stale) == ("no-template", False)


def test_a_line_with_a_template_or_for_somebody_else_takes_nothing(store):
    for wrong in (roster_format.to_line(made.entry()), roster_format.to_line(made.entry(person_id="p-2", template=None)), b"{}"):
        made_loan, lines = loan(1, made.entry())
        with pytest.raises(ValueError, match=r".*"):
            home.import_list(store, made_loan, [*lines, replace(lines[0], line=wrong)], "B1", made.NOW)
        assert imported.everybody(store) == {}


def test_a_template_made_on_the_road_goes_with_a_person_who_is_not_ours(store):
    other = made.entry("440305194810010111", "李建国", "p-2", template=None)
    made.give_roster(store, other, version=1)
    take(store, 4, made.entry(), other)
    for person_id in ("p-1", "p-2"):
        entry = roster.find_person(store, person_id)
        consent = records.Consent(f"c-{person_id}", person_id, "enrolment", witness="B1")
        desk.enrol(store, entry, made.vector(), made.DIGEST, consent, "B1", made.TODAY, made.NOW)
        assert roster.find_person(store, person_id).template is not None
    assert home.retain(store, made.NOW + timedelta(days=8)) == 2
    assert roster.find_person(store, "p-1") is None
    assert store.db.execute("SELECT person_id FROM templates").fetchall() == [("p-2",)], "p-2 is in this kiosk's own roster"
    kept = [row for frame in store.mirror.read() for table, row in frame.rows if table == "templates"]
    assert [row["person_id"] for row in kept] == ["p-2"], "and it left the mirror"
    assert len(records.of_person(store, "p-1")) == 1, "the record stays"


def test_another_programs_record_keeps_its_bytes(store):
    """A kiosk of an older version wrote fewer fields: what it digested travels, or the bureau would see a conflict."""
    import hashlib
    import json

    whole = json.loads(content_of(made.record(channel=Channel.HOME_VISIT)))
    del whole["notes"]
    content = json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert home.merge_results(store, [content], "A1", made.NOW) == (1, 0)
    row = store.db.execute("SELECT content, content_digest FROM outbox").fetchone()
    assert row == (content, hashlib.sha256(content.encode()).hexdigest())
    assert home.merge_results(store, [content], "A1", made.NOW) == (0, 1)


def test_lists_are_known_again_after_the_database_was_lost(folder):
    given = exported.ExportedList(str(uuid.uuid4()), "kiosk-b", "站 B", made.NOW, made.NOW + timedelta(days=14), ("p-1",))
    with open_store(made.settings(folder), now=made.NOW) as store:
        exported.prepare(store, given, "A1", made.NOW)
        exported.mark_exported(store, given, "A1", made.NOW)
        taken = take(store, 4, made.entry("440305194810010111", "李建国", "p-2"))
    for path in folder.glob("kiosk.db*"):
        path.unlink()
    with open_store(made.settings(folder), now=made.NOW) as store:
        assert store.recovered is not None
        assert exported.find(store, given.loan_id) == given, "what comes back is still taken"
        assert set(exported.out(store, made.NOW)) == {"p-1"}
        assert [one.loan_id for one in imported.loans(store)] == [taken.loan_id], "what was done on the road can still be returned"
        assert imported.everybody(store) == {}, "the people themselves are in no mirror: the stick has them"
        again, lines = loan(4, made.entry("440305194810010111", "李建国", "p-2"))
        assert home.import_list(store, replace(again, loan_id=taken.loan_id), lines, "B1", made.NOW) == 1


def test_half_a_year_later_lists_are_forgotten(store):
    given = exported.ExportedList(str(uuid.uuid4()), "kiosk-b", "站 B", made.NOW, made.NOW + timedelta(days=14), ("p-1",))
    exported.prepare(store, given, "A1", made.NOW)
    take(store, 4, made.entry())
    home.retain(store, made.NOW + timedelta(days=100))
    assert exported.find(store, given.loan_id) is not None
    assert len(list(imported.loans(store))) == 1
    home.retain(store, made.NOW + timedelta(days=200))
    assert exported.find(store, given.loan_id) is None
    assert list(imported.loans(store)) == []
