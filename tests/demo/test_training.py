"""An attendant's first day: a task is checked off by what stands in the store, and by nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kiosk.bureau import removable_media as bureau_media
from kiosk.bureau.context import BureauSettings, open_context
from kiosk.demo.training import TASKS, Facts, Progress, in_words, read_facts
from kiosk.domain.person import Person
from kiosk.domain.record import Channel
from kiosk.store import outbox, service
from kiosk.store.desk import assisted, staff, todo
from kiosk.store.roster import lookup as roster
from kiosk.sync import courier
from kiosk.texts.strings import WRITTEN, Strings
from tests.store import made
from tests.store.conftest import folder, store  # noqa: F401  one open store a test
from tests.sync.conftest import bureau, kiosk, pytest_generate_tests, registered, suite  # noqa: F401  one bureau and one kiosk of it
from tests.sync.made import record

AGENT = Person("测试乙", "440305197001010019")
PAPERS = ("principal-id-copy", "agent-id", "principal-proof")


@pytest.fixture
def day(store):  # noqa: F811
    """A kiosk with two people who are due, an attendant and a supervisor."""
    made.give_roster(store, made.entry(), made.entry("440305193502020145", "周玉兰", "p-2"))
    staff.add(store, "A1", "刘站员", staff.Role.ATTENDANT, "270518", made.NOW, by="test")
    staff.add(store, "S1", "黄主管", staff.Role.SUPERVISOR, "360914", made.NOW, by="test")
    return store


def authenticate(store, channel, person_id="p-1", **more):  # noqa: F811
    entry = roster.find_person(store, person_id)
    due = service.eligibilities(store, entry, made.TODAY)
    return assisted.authenticate(store, entry, due, channel, "A1", made.NOW, why="no-face-wanted", **more)


def done(store, before=None, *, medium_taken=False):  # noqa: F811
    return (before or Progress()).after(read_facts(store, made.TODAY), medium_taken=medium_taken)


def test_nothing_is_done_in_the_morning(day):
    assert read_facts(day, made.TODAY) == Facts()
    assert done(day).done == frozenset()


def test_a_visit_that_was_taken_over_counts_and_one_from_the_desk_alone_does_not(day):
    authenticate(day, Channel.FACE_TO_FACE, "p-2")
    assert done(day).done == frozenset(), "face to face, but nobody was taken over"
    authenticate(day, Channel.FACE_TO_FACE, visit_id="v-9")
    assert done(day).done == {"take-over"}


def test_a_proxy_with_both_identities_counts(day):
    authenticate(day, Channel.FAMILY_PROXY, helper=AGENT, papers=PAPERS)
    assert done(day).done == {"proxy"}


def test_a_day_counts_when_a_supervisor_approved_it_with_records_in_it(day):
    todo.approve(day, made.TODAY - timedelta(days=1), "S1", made.TODAY, made.NOW)
    assert done(day).done == frozenset(), "yesterday, and nothing happened"
    authenticate(day, Channel.HOME_VISIT)
    todo.approve(day, made.TODAY, "S1", made.TODAY, made.NOW)
    assert done(day).done == {"day-approval"}


def test_the_stick_counts_when_the_centre_took_it_and_its_receipt_is_back(bureau, kiosk, tmp_path):  # noqa: F811
    (record_id,) = kiosk.save(record(1))
    context, medium = open_context(BureauSettings(data=str(bureau.data))), tmp_path
    courier.export(kiosk.run, kiosk.identity, medium)
    progress = done(kiosk.store)
    assert read_facts(kiosk.store, made.TODAY).on_medium == {record_id}
    assert "stick" not in progress.done, "written, and still here"
    bureau_media.serve(context, medium)
    progress = done(kiosk.store, progress, medium_taken=True)
    assert "stick" not in progress.done, "the receipt lies on the stick alone"
    courier.import_from(kiosk.run, kiosk.identity, medium)
    assert "stick" in done(kiosk.store, progress).done
    assert "stick" not in done(kiosk.store).done, "received, but nothing says that it went by stick"
    assert "returned" not in done(kiosk.store).done
    bureau.decide(record_id, "returned", "photo-unclear")
    bureau_media.serve(context, medium)
    courier.import_from(kiosk.run, kiosk.identity, medium)
    assert "returned" not in done(kiosk.store).done, "returned, and nobody has looked at it"
    outbox.mark_handled(kiosk.store.db, record_id, made.NOW)
    assert "returned" in done(kiosk.store).done
    context.engine.dispose()


def test_what_was_done_stays_done():
    progress = Progress(frozenset({"proxy"})).after(Facts(taken_over=True))
    assert progress.done == {"take-over", "proxy"}
    assert not progress.complete
    assert Progress(frozenset(task.name for task in TASKS)).complete


@pytest.mark.parametrize("language", WRITTEN)
def test_the_tasks_call_the_buttons_as_they_are_on_the_screen(language):
    strings = Strings.load(language)
    told = {task.name: task.how for task in in_words(strings)}
    assert strings.text("desk.approval.approve") in told["day-approval"]
    assert strings.text("desk.sync.export") in told["stick"]
    assert not any("{" in how for how in told.values())
