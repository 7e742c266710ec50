"""A medium that does not answer for a long time: saves and look-ups go on meanwhile, and the screen answers.

The delivery: test_courier_touch. The medium's answer is an event that the test gives, not a time: it is as slow as one wants.
"""

from __future__ import annotations

import threading

import pytest

from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.desk.values import ListFile, Place
from kiosk.removable import files
from kiosk.store import outbox, records
from kiosk.visit import events as ve
from kiosk.visit import states as vs
from tests.desk.test_live import LI, fill_face_to_face, fill_proxy
from tests.store import made


class SlowMedium:
    """Every look at the medium waits until the test lets it answer."""

    def __init__(self, monkeypatch) -> None:
        self.asked, self.answers = threading.Event(), threading.Event()
        for name in ("read_file", "digest_file", "write_file", "find_media", "matching", "sync_folder"):
            monkeypatch.setattr(files, name, self._slowly(getattr(files, name)))

    def _slowly(self, work):
        def wait(*args):
            self.asked.set()
            assert self.answers.wait(150), "the test never let the medium answer"
            return work(*args)

        return wait


@pytest.fixture
def medium(live, monkeypatch):
    slow = SlowMedium(monkeypatch)
    live.desk._work.mounted = lambda: [files.Medium(live.medium, writable=True)] if files.find_media() is not None else []
    yield slow
    slow.answers.set()


def store_answers(live) -> None:
    """What anybody asks goes through the store's thread while the medium is silent."""
    done: list[object] = []

    def work() -> None:
        done.append(live.store.run(lambda store: outbox.counts(store.db)))

    asking = threading.Thread(target=work, daemon=True)  # not in this thread: a store that waits would hang the test
    asking.start()
    live.until(lambda: done)
    asking.join()


def somebody_visits(live) -> None:
    """A retiree below the desk is looked up."""
    for event in (ve.Started(), ve.SelfChosen(), ve.CardLaid(), ve.CardWasRead(made.PERSON)):
        live.visits.feed(event)
    live.until(lambda: isinstance(live.visits.state, vs.Confirming))


def unit_list(live) -> None:
    (live.medium / "list.csv").write_text(f"姓名,证件号码\n陈小芳,{made.NUMBER}\n", encoding="utf-8")
    live.desk.feed(e.Went(Place.UNIT_LIST))
    live.until(lambda: live.desk.state.page.data is not None)
    live.desk.feed(e.CardRead(LI))
    live.desk.feed(
        e.UnitListChosen(
            ListFile(str(live.medium / "list.csv"), "list.csv", str(live.medium)), "示范厂", ("clerk-id", "sealed-list")
        )
    )


def test_a_unit_list_on_a_slow_medium_holds_up_nobody_and_is_taken_when_it_comes(live, medium):
    live.sign_in()
    unit_list(live)
    live.until(medium.asked.is_set)
    assert live.desk.state.page.busy
    store_answers(live)
    somebody_visits(live)
    assert live.ask(lambda store: records.of_person(store, "p-1")) == []
    medium.answers.set()
    live.until(lambda: not live.desk.state.page.busy)
    assert live.desk.state.page.notice == "list-taken"
    assert [one.record.person_id for one in live.ask(lambda store: records.of_person(store, "p-1"))] == ["p-1"]


@pytest.mark.parametrize("place", [Place.HOME_VISITS, Place.UNIT_LIST, Place.FAIRNESS, Place.SYNC])
def test_a_board_stands_before_the_media_are_found(live, medium, place):
    live.sign_in()
    live.desk.feed(e.Went(place))
    live.until(lambda: live.desk.state.page.data is not None)  # though nobody knows yet what is plugged in
    assert live.desk.state.page.data.media == ()
    assert medium.asked.is_set()
    store_answers(live)
    medium.answers.set()
    live.until(lambda: live.desk.state.page.data.media == (str(live.medium),))


def test_one_silent_search_is_not_asked_again_and_again(live, medium):
    live.sign_in()
    for _ in range(5):
        live.desk.feed(e.Went(Place.SYNC))
        live.until(lambda: live.desk.state.page.data is not None)
    assert live.desk._work._looks._work_queue.qsize() == 0
    medium.answers.set()
    live.until(lambda: live.desk.state.page.data.media)


def test_a_scan_is_registered_outside_the_screens_thread_and_the_form_waits_for_it(live, medium):
    live.sign_in()
    live.type("home-number", made.NUMBER, enter=True)
    live.until_page("person")
    live.touch("assist-family-proxy")
    live.until_page("assist")
    scan = live.medium / "proof.pdf"
    scan.write_bytes(b"%PDF-1.4 scan")
    live.desk.feed(e.ScanChosen(ListFile(str(scan), scan.name, str(live.medium))))
    live.until(medium.asked.is_set)
    assert not live.find("assist-save").isEnabled()  # else the form would go without the paper
    live.type("assist-note", "abc")  # the page goes on answering
    assert live.find("assist-note").text() == "abc"
    store_answers(live)
    medium.answers.set()
    live.until(lambda: live.desk.state.page.documents)
    assert live.find("assist-save").isEnabled()
    assert live.desk.state.page.documents[0].name == "proof.pdf"


def test_a_scan_for_review_is_read_outside_the_stores_thread(live, medium):
    medium.answers.set()
    fill_proxy(live, live.medium / "proof.pdf", b"%PDF-1.4 scan", review=True)
    medium.answers.clear()
    medium.asked.clear()
    live.touch("assist-save")
    live.until(medium.asked.is_set)
    store_answers(live)
    somebody_visits(live)
    medium.answers.set()
    live.until_page("done")


def test_an_assisted_pass_without_scans_is_saved_while_the_medium_is_silent(live, medium):
    live.sign_in()
    live.desk.feed(e.Went(Place.SYNC))
    live.until(medium.asked.is_set)
    live.desk.feed(e.Went(Place.HOME))
    live.until_page("home")
    live.type("home-number", made.NUMBER, enter=True)
    live.until_page("person")
    live.touch("assist-face-to-face")
    live.until_page("assist")
    fill_face_to_face(live)
    (kept,) = live.ask(lambda store: records.of_person(store, "p-1"))
    assert kept.record.author == "1001"


def test_a_table_is_written_outside_the_stores_thread(live, medium):
    live.sign_in()
    live.desk.feed(e.Went(Place.FAIRNESS))
    live.until(lambda: live.desk.state.page.data is not None)
    live.desk.feed(e.ExportTouched(str(live.medium)))
    store_answers(live)
    assert live.desk.state.page.busy
    medium.answers.set()
    live.until(lambda: not live.desk.state.page.busy)
    assert live.desk.state.page.notice == "exported"
    assert list(live.medium.glob("fairness-*.csv"))


def test_who_left_gets_no_answer_of_a_slow_medium(live, medium):
    live.sign_in()
    unit_list(live)
    live.until(medium.asked.is_set)
    live.desk.feed(e.CloseTouched())
    medium.answers.set()
    live.until(lambda: len(live.ask(lambda store: records.of_person(store, "p-1"))) == 1)
    assert isinstance(live.desk.state, s.Closed)
