"""Templates from photographs, the second template, and matches that fall: kept here alone, gone when the consent is withdrawn."""

from __future__ import annotations

import struct
from dataclasses import replace
from datetime import timedelta

import pytest

from kiosk.domain import template_age
from kiosk.store import face_history, records
from kiosk.store.desk import assisted, declarations, todo
from kiosk.store.desk.declarations import NotAllowed
from kiosk.store.face_history import Matched
from kiosk.store.roster import lookup as roster
from tests.store import made
from tests.store.raw import plain_pages


def vector(first, second=0.0):
    return struct.pack("<128f", first, second, *[0.0] * 126)


def enrol(store, vector_bytes, number, origin="live", quality=0.0, today=made.TODAY):
    entry = roster.find_person(store, "p-1")
    consent = records.Consent(f"enrolment-{number}", "p-1", "enrolment", witness="1001")
    return assisted.enrol(store, entry, vector_bytes, made.DIGEST, consent, "1001", today, made.NOW, origin=origin, quality=quality)


@pytest.fixture
def nobody(store):
    """The roster has no template of p-1."""
    made.give_roster(store, made.entry(template=None))
    return store


def passes(store, score, day=made.TODAY, who=None):
    entry = who or roster.find_person(store, "p-1")
    return face_history.after_pass(store, entry, Matched(vector(0.8, 0.6), made.DIGEST, score, 0.424), day, made.NOW)


def test_a_photographs_template_is_marked_and_replaced_at_the_first_strong_live_pass(nobody):
    old = vector(0.0, 1.0)
    record_id = enrol(nobody, old, 1, "photo", 0.62)
    template = roster.find_person(nobody, "p-1").template
    assert (template.origin, template.quality) == ("photo", 0.62)
    (kept,) = [one.record for one in records.of_person(nobody, "p-1") if one.record.record_id == record_id]
    assert '"origin": "photo"' in kept.notes
    assert passes(nobody, 0.45) == ""  # it passed, but not so that it could speak for this face
    assert roster.find_person(nobody, "p-1").template.origin == "photo"
    assert passes(nobody, 0.55) == "photo"
    live = roster.find_person(nobody, "p-1").template
    assert (live.origin, live.vector, live.consent_id) == ("live", vector(0.8, 0.6), "enrolment-1")
    assert passes(nobody, 0.9) == ""
    lines = nobody.db.execute("SELECT body FROM journal WHERE kind = 'template-replaced'").fetchall()
    assert len(lines) == 1
    for path in nobody.folder.rglob("*"):
        assert not path.is_file() or old not in path.read_bytes()
    assert old not in plain_pages(nobody.path, nobody.key)


def test_a_photograph_takes_the_place_of_no_live_template(nobody):
    enrol(nobody, vector(1.0), 1)
    with pytest.raises(NotAllowed):
        enrol(nobody, vector(0.0, 1.0), 2, "photo")
    assert roster.find_person(nobody, "p-1").template.vector == vector(1.0)


def test_two_templates_at_most_the_newest_live_one_and_the_one_before_it(nobody):
    for number, first in enumerate((1.0, 0.99, 0.98)):
        enrol(nobody, vector(first, (1 - first**2) ** 0.5), number, today=made.TODAY + timedelta(days=number))
    entry = roster.find_person(nobody, "p-1")
    assert entry.template.vector == vector(0.98, (1 - 0.98**2) ** 0.5)
    assert entry.second.vector == vector(0.99, (1 - 0.99**2) ** 0.5)
    assert entry.second.consent_id == entry.template.consent_id  # under the consent that stands
    assert nobody.db.execute("SELECT count(*) FROM second_templates").fetchone()[0] == 1
    enrol(nobody, vector(-0.5, 0.866), 9)  # nobody's face alike: the older one is of somebody else, or no good
    assert roster.find_person(nobody, "p-1").second is None


def test_withdrawal_erases_the_second_template_and_the_scores_too(nobody):
    enrol(nobody, vector(1.0), 1)
    enrol(nobody, vector(0.99, 0.14), 2)
    passes(nobody, 0.6)
    declarations.withdraw(nobody, roster.find_person(nobody, "p-1"), "1001", made.TODAY, made.NOW)
    entry = roster.find_person(nobody, "p-1")
    assert (entry.template, entry.second) == (None, None)
    assert nobody.db.execute("SELECT count(*) FROM match_scores").fetchone()[0] == 0
    for vector_bytes in (vector(1.0), vector(0.99, 0.14)):
        assert vector_bytes not in plain_pages(nobody.path, nobody.key)


def test_a_match_that_falls_over_the_years_asks_for_a_fresh_one_before_it_fails(nobody):
    enrol(nobody, vector(1.0), 1)
    for years, score in ((3, 0.62), (2, 0.55), (1, 0.48)):
        passes(nobody, score, made.TODAY - timedelta(days=365 * years))
    assert face_history.ageing(nobody) == ["p-1"]
    assert face_history.is_ageing(nobody, "p-1")
    assert [one[0] for one in todo.todo(nobody, made.TODAY).ageing] == ["p-1"]
    enrol(nobody, vector(0.99, 0.14), 2)  # the fresh one: what was before says nothing of it
    assert face_history.ageing(nobody) == []
    assert not face_history.is_ageing(nobody, "p-1")


def test_the_pass_that_shows_the_fall_tells_it_at_once(nobody):
    """The retiree is there now: the result page and the slip can ask, before the pass is noted."""
    enrol(nobody, vector(1.0), 1)
    passes(nobody, 0.62, made.TODAY - timedelta(days=730))
    passes(nobody, 0.55, made.TODAY - timedelta(days=365))
    assert face_history.is_ageing(nobody, "p-1", (made.TODAY, 0.48))
    assert not face_history.is_ageing(nobody, "p-1", (made.TODAY, 0.61))
    passes(nobody, 0.48, made.TODAY)  # noted meanwhile: today counts once
    assert face_history.is_ageing(nobody, "p-1", (made.TODAY, 0.48))
    assert not face_history.is_ageing(nobody, "nobody", (made.TODAY, 0.48))


def test_scores_are_few_and_go_after_five_years(nobody):
    enrol(nobody, vector(1.0), 1)
    for day in range(12):
        passes(nobody, 0.6, made.TODAY - timedelta(days=day * 200))
    assert nobody.db.execute("SELECT count(*) FROM match_scores").fetchone()[0] == template_age.KEPT_SCORES
    face_history.retain(nobody, made.TODAY + face_history.KEPT - timedelta(days=1))
    assert nobody.db.execute("SELECT count(*) FROM match_scores").fetchone()[0] > 0
    face_history.retain(nobody, made.TODAY + face_history.KEPT + timedelta(days=3000))
    assert nobody.db.execute("SELECT count(*) FROM match_scores").fetchone()[0] == 0


def test_a_pass_without_a_template_of_this_model_notes_nothing(nobody):
    entry = roster.find_person(nobody, "p-1")
    assert passes(nobody, 0.6) == ""
    enrol(nobody, vector(1.0), 1)
    old = roster.find_person(nobody, "p-1")
    assert passes(nobody, 0.6, who=replace(old, template=replace(old.template, model_digest="e" * 64))) == ""
    assert nobody.db.execute("SELECT count(*) FROM match_scores").fetchone()[0] == 0
    assert entry.template is None
