"""The desk's backend: assisted channels, templates, declarations, home visits, to-do lists, approval."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from datetime import date, timedelta

import pytest

from kiosk.desk_backend import boards
from kiosk.desk_backend.moment import Moment
from kiosk.domain.person import Benefit, Person, RosterStatus
from kiosk.domain.reasons import Reason
from kiosk.domain.record import Channel, Outcome, RecordStatus
from kiosk.store import outbox, records, review_evidence, service
from kiosk.store.content import content_of
from kiosk.store.desk import assisted as desk
from kiosk.store.desk import declarations, staff, todo
from kiosk.store.engine import journal
from kiosk.store.home_visits import visits as home
from kiosk.store.opening import open_store
from kiosk.store.roster import lookup as roster
from tests.store import made
from tests.store.raw import plain_pages

AGENT = Person("测试乙", "440305197001010019")
PAPERS = ("principal-id-copy", "agent-id", "principal-proof")
MARK = b"\x11\x22\x33\x44" * 128  # a template that is easy to find


@pytest.fixture
def booked(store):
    made.give_roster(store, made.entry(), made.entry("440305193502020145", "周玉兰", "p-2", home_visit=True, template=None))
    return store


def due(store, person_id="p-1"):
    return service.eligibilities(store, roster.find_person(store, person_id), made.TODAY)


def person(store, person_id="p-1"):
    return roster.find_person(store, person_id)


def test_face_to_face_names_the_attendant_and_the_reason(booked):
    desk.authenticate(
        booked, person(booked), due(booked), Channel.FACE_TO_FACE, "A1", made.NOW, why="no-face-wanted", visit_id="v-9"
    )
    (kept,) = records.of_person(booked, "p-1")
    record = kept.record
    assert (record.author, record.channel, record.visit_id, record.outcome) == ("A1", Channel.FACE_TO_FACE, "v-9", Outcome.PASSED)
    assert json.loads(record.notes) == {"why": "no-face-wanted", "papers": []}
    assert (record.policy_period, record.valid_to) == ("2026-11", date(2027, 11, 30))
    assert service.look_up(booked, made.PERSON, made.TODAY, now=made.NOW).reason is Reason.ALREADY_DONE
    with pytest.raises(declarations.NotAllowed, match="may not pass"):
        desk.authenticate(booked, person(booked), due(booked), Channel.FACE_TO_FACE, "A1", made.NOW, why="x")


def test_proxy_needs_both_identities_and_all_papers(booked):
    for channel in (Channel.FAMILY_PROXY, Channel.AGENT):
        with pytest.raises(declarations.NotAllowed, match="agent-missing"):
            desk.authenticate(booked, person(booked), due(booked), channel, "A1", made.NOW, why="away", papers=PAPERS)
        with pytest.raises(declarations.NotAllowed, match="agent-is-principal"):
            desk.authenticate(
                booked,
                person(booked),
                due(booked),
                channel,
                "A1",
                made.NOW,
                why="away",
                papers=PAPERS,
                helper=Person("x", made.NUMBER),
            )
        with pytest.raises(declarations.NotAllowed, match="papers-missing"):
            desk.authenticate(
                booked, person(booked), due(booked), channel, "A1", made.NOW, why="away", papers=PAPERS[:2], helper=AGENT
            )
    assert records.of_person(booked, "p-1") == []
    desk.authenticate(
        booked, person(booked), due(booked), Channel.FAMILY_PROXY, "A1", made.NOW, why="away", papers=PAPERS, helper=AGENT
    )
    assert records.of_person(booked, "p-1")[0].record.helper_id_number == AGENT.id_number
    with pytest.raises(ValueError, match="not an assisted"):
        desk.authenticate(booked, person(booked), due(booked), Channel.SELF_FACE, "A1", made.NOW, why="x")


def enrol(store, person_id="p-2", vector=MARK, consent_id="c-2"):
    consent = records.Consent(consent_id, person_id, "enrolment", "1", "A1")
    return desk.enrol(store, person(store, person_id), vector, made.DIGEST, consent, "A1", made.TODAY, made.NOW)


def traces(store):
    """Where the marked template can still be found."""
    found = []
    pages = plain_pages(store.path, store.key)
    found += ["database"] if MARK[:64] in pages else []
    if any(MARK.hex() in str(frame.rows) for frame in store.mirror.read()):
        found.append("mirror")
    return found


def test_enrolment_with_its_own_consent(booked):
    enrol(booked)
    template = person(booked, "p-2").template
    assert (template.vector, template.consent_id, template.enrolled_on) == (MARK, "c-2", made.TODAY)
    assert records.of_person(booked, "p-2")[0].record.channel is Channel.ENROLMENT
    for wrong in (records.Consent("c", "p-2"), records.Consent("c", "p-9", "enrolment"), records.Consent("", "p-2", "enrolment")):
        with pytest.raises(ValueError, match="consent"):
            desk.enrol(booked, person(booked, "p-2"), MARK, made.DIGEST, wrong, "A1", made.TODAY, made.NOW)
    with pytest.raises(ValueError, match="512"):
        enrol(booked, vector=b"short")


def test_withdrawal_erases_everywhere_at_once(booked):
    enrol(booked)
    assert traces(booked) == ["database", "mirror"]
    declarations.withdraw(booked, person(booked, "p-2"), "A1", made.TODAY, made.NOW)
    assert traces(booked) == []
    assert person(booked, "p-2").template is None
    assert booked.db.execute("SELECT withdrawn_at <> '' FROM consents WHERE consent_id = 'c-2'").fetchone()[0] == 1
    assert records.of_person(booked, "p-2")[0].record.reason == "consent-withdrawn"
    assert journal.verify(booked).ok
    enrol(booked, consent_id="c-3")  # the person may come back, with a new consent
    assert person(booked, "p-2").template.consent_id == "c-3"


def test_a_new_template_takes_the_old_ones_place_everywhere(booked):
    """But for the live one before it, where both are of one face (tests/store/test_face_history.py)."""
    enrol(booked)
    other = struct.pack("<128f", *[1.0, -1.0] * 64)
    enrol(booked, vector=other, consent_id="c-3")
    assert traces(booked) == []
    assert person(booked, "p-2").template.vector == other
    assert person(booked, "p-2").second is None


def test_withdrawn_template_of_the_roster_does_not_come_back(booked, folder):
    marked = made.entry(template=replace(made.entry().template, vector=MARK))
    made.give_roster(booked, marked, version=2)
    declarations.withdraw(booked, person(booked), "A1", made.TODAY, made.NOW)
    assert person(booked).template is None
    file = folder / booked.roster_attached
    import base64

    from kiosk.store.engine.keys import derive

    assert base64.b64encode(MARK)[:64] not in plain_pages(file, derive(booked.key, "roster-file"))
    made.give_roster(booked, marked, version=3)
    assert person(booked).template is None  # the bureau sent it again
    fresh = replace(marked.template, consent_id="c-new", enrolled_on=made.TODAY + timedelta(days=9))
    made.give_roster(booked, replace(marked, template=fresh), version=4)
    assert person(booked).template == fresh  # enrolled elsewhere, with a new consent


def test_enrolment_and_erasure_survive_damage(booked, folder):
    enrol(booked)
    declarations.withdraw(booked, person(booked), "A1", made.TODAY, made.NOW)
    booked.close()
    (folder / "kiosk.db").write_bytes(b"x" * 50000)
    with open_store(made.settings(folder), now=made.NOW) as store:
        assert store.recovered is not None
        assert person(store, "p-2").template.vector == MARK
        assert person(store, "p-1").template is None


@pytest.mark.parametrize(
    "kind", [declarations.Declaration.HUKOU_MOVED, declarations.Declaration.HUKOU_CANCELLED, declarations.Declaration.RESIDENCE]
)
def test_declarations_travel_to_the_bureau(booked, kind):
    record_id = declarations.declare(booked, kind, person(booked), {"place": "示范市"}, "A1", made.TODAY, made.NOW)
    assert service.status_of(booked, record_id) is RecordStatus.SAVED
    record = records.of_person(booked, "p-1")[0].record
    assert (record.channel, record.reason, json.loads(record.notes)) == (
        Channel.DECLARATION,
        str(kind),
        {"kind": str(kind), "place": "示范市"},
    )
    assert person(booked).template is not None
    assert service.look_up(booked, made.PERSON, made.TODAY, now=made.NOW).reason is Reason.OK


def test_death_is_declared_by_others_and_stops_at_once(booked):
    enrol(booked)
    with pytest.raises(declarations.NotAllowed, match="declarant-missing"):
        declarations.declare(booked, declarations.Declaration.DEATH, person(booked, "p-2"), {}, "A1", made.TODAY, made.NOW)
    record_id = declarations.declare(
        booked,
        declarations.Declaration.DEATH,
        person(booked, "p-2"),
        {"date": "2026-11-20"},
        "A1",
        made.TODAY,
        made.NOW,
        helper=AGENT,
    )
    assert person(booked, "p-2").status is RosterStatus.DECEASED
    assert traces(booked) == []
    digest = booked.db.execute("SELECT content_digest FROM outbox WHERE record_id = ?", (record_id,)).fetchone()[0]
    outbox.settle(booked.db, "r", "receipt", "s", made.NOW, [outbox.RecordVerdict(record_id, digest, "rejected", "not-proven")])
    assert person(booked, "p-2").status is RosterStatus.ACTIVE  # the bureau did not believe it


def test_home_visits_from_the_roster_and_booked_here(booked):
    assert [one.entry.person_id for one in home.booked(booked, made.TODAY)] == ["p-2"]
    home.book(booked, "p-1", "sick", "A1", made.NOW)
    listed = {one.entry.person_id: (one.booked_by, one.note) for one in home.booked(booked, made.TODAY)}
    assert listed == {"p-1": ("A1", "sick"), "p-2": ("roster", "")}
    desk.authenticate(booked, person(booked, "p-2"), due(booked, "p-2"), Channel.HOME_VISIT, "A1", made.NOW, why="very-old")
    assert [one.entry.person_id for one in home.booked(booked, made.TODAY)] == ["p-1"]


def test_portable_kiosk_takes_a_part_along_and_brings_it_back(booked, tmp_path):
    home.book(booked, "p-1", "sick", "A1", made.NOW)
    lines = home.subset(booked, ["p-1", "p-2", "nobody"])
    with open_store(made.settings(tmp_path / "portable"), now=made.NOW) as portable:
        roster.import_snapshot(portable, lines, roster.RosterHeader(1, made.NOW, 2), made.NOW)
        desk.authenticate(
            portable, person(portable, "p-2"), due(portable, "p-2"), Channel.HOME_VISIT, "A7", made.NOW, why="very-old"
        )
        carried = [content_of(one.record) for one in records.of_person(portable, "p-2")]
    assert home.merge_results(booked, carried, "A1", made.NOW) == (1, 0)
    assert home.merge_results(booked, carried, "A1", made.NOW) == (0, 1)  # twice is once
    assert [one.entry.person_id for one in home.booked(booked, made.TODAY)] == ["p-1"]
    assert records.of_person(booked, "p-2")[0].record.author == "A7"  # author frozen at capture
    with pytest.raises(ValueError, match=r".*"):
        home.merge_results(booked, [*carried, "{}"], "A1", made.NOW)


def test_todo_shows_returned_waiting_and_due(booked):
    (first,) = records.save_visit(booked, [made.record()], made.NOW)
    (second,) = records.save_visit(booked, [made.record("v-2", person_id="p-2", at=made.NOW - timedelta(days=1))], made.NOW)
    digest = booked.db.execute("SELECT content_digest FROM outbox WHERE record_id = ?", (first,)).fetchone()[0]
    outbox.settle(booked.db, "r", "receipt", "s", made.NOW, [outbox.RecordVerdict(first, digest, "rejected", "name-mismatch")])
    found = todo.todo(booked, made.TODAY, due_within_days=60)
    (returned,) = found.returned
    assert (returned.record_id, returned.stage, returned.reason) == (first, "refused", "name-mismatch")
    assert returned.who == "陈 * 芳 0028"
    assert (found.waiting, found.unapproved_days) == (1, (date(2026, 11, 20), date(2026, 11, 21)))
    assert [(one.person_id, one.due) for one in found.due_soon] == [("p-1", date(2026, 12, 31))]  # p-2 passed yesterday
    at = Moment(made.NOW, made.TODAY, 0.0)
    assert boards.home_data(booked, at, boards.Seen()).sent_back == 1
    outbox.mark_handled(booked.db, first, made.NOW)
    assert todo.todo(booked, made.TODAY).returned == ()
    assert boards.home_data(booked, at, boards.Seen()).sent_back == 0, "the tile counts what stands on the list"
    assert second


@pytest.mark.parametrize("how", ["turned away", "refused"])
def test_a_scan_that_the_centre_did_not_take_is_on_the_list_until_somebody_dealt_with_it(booked, how):
    (one,) = records.save_visit(booked, [made.record()], made.NOW)
    digest = booked.db.execute("SELECT content_digest FROM outbox WHERE record_id = ?", (one,)).fetchone()[0]
    outbox.settle(booked.db, "r", "receipt", "s", made.NOW, [outbox.RecordVerdict(one, digest, "accepted", "")])
    scan = review_evidence.enqueue(booked.db, one, "review", "image/jpeg", b"scan")
    assert todo.todo(booked, made.TODAY).returned == ()
    if how == "turned away":
        review_evidence.put_behind(booked.db, scan, made.NOW, "too-large")
    else:
        review_evidence.settle(booked.db, scan, "rejected", "unknown-record")
    (row,) = todo.todo(booked, made.TODAY).returned
    assert (row.record_id, row.stage, row.reason, row.who) == (one, "scan", "scan-turned-away", "陈 * 芳 0028")
    review_evidence.mark_handled(booked.db, one, made.NOW)
    assert todo.todo(booked, made.TODAY).returned == ()
    again = review_evidence.enqueue(booked.db, one, "review", "image/jpeg", b"a smaller one")
    review_evidence.put_behind(booked.db, again, made.NOW, "malformed")
    assert [row.record_id for row in todo.todo(booked, made.TODAY).returned] == [one], "another scan is another matter"


def test_due_soon_is_most_urgent_first(store):
    people = [
        made.entry(
            f"44030519500101{n:03d}X",
            "测试甲",
            f"p-{n:02d}",
            benefits=(Benefit("enterprise-employee", "enterprise-employee", "rotation", made.TODAY - timedelta(days=360 + n)),),
        )
        for n in range(20)
    ]
    made.give_roster(store, *people)
    found = todo.due_soon(store, made.TODAY, 30, 5)
    assert [one.person_id for one in found] == ["p-19", "p-18", "p-17", "p-16", "p-15"]


def test_due_soon_is_found_among_many_who_are_not(store):
    """Far more people than are looked at, most of them not due: the list is full of those who are."""
    held = [
        Benefit("enterprise-employee", "enterprise-employee", "deferred-month", made.TODAY - timedelta(days=n)) for n in range(450)
    ]
    made.give_roster(
        store, *(made.entry(f"44030519500101{n:03d}X", "测试甲", f"p-{n:03d}", benefits=(one,)) for n, one in enumerate(held))
    )
    found = todo.due_soon(store, made.TODAY, 30, 20)
    assert len(found) == 20
    assert {one.due for one in found} == {date(2026, 9, 30)}  # overdue by almost two months: the most urgent


def test_a_supervisor_approves_a_day_once(booked):
    staff.add(booked, "S1", "值班长", staff.Role.SUPERVISOR, "402917", made.NOW, by="t")
    staff.add(booked, "A1", "工作人员", staff.Role.ATTENDANT, "402917", made.NOW, by="t")
    records.save_visit(booked, [made.record()], made.NOW)
    records.save_visit(booked, [made.record("v-2", author="S1", channel=Channel.FACE_TO_FACE)], made.NOW)
    staff.add(booked, "S2", "副班长", staff.Role.SUPERVISOR, "402917", made.NOW, by="t")
    for who, day, why in (
        ("A1", made.TODAY, "desk-not-allowed"),
        ("S2", made.TODAY + timedelta(days=1), "to come"),
        ("S1", made.TODAY, "own-records"),
    ):
        with pytest.raises(declarations.NotAllowed, match=why):
            todo.approve(booked, day, who, made.TODAY, made.NOW)
    day = todo.approve(booked, made.TODAY, "S2", made.TODAY, made.NOW)
    assert (day.records, day.approved_by) == (2, "S2")
    with pytest.raises(declarations.NotAllowed, match="already"):
        todo.approve(booked, made.TODAY, "S2", made.TODAY, made.NOW)
    assert "day-approved" in [one.kind for one in journal.entries_since(booked, 0)]
    records.save_visit(booked, [made.record("v-late")], made.NOW)
    late = todo.day_summary(booked, made.TODAY)
    assert late.approved_by == "S2"
    assert late.digest != day.digest
