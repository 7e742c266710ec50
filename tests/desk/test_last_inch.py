"""The last inch of the desk: each word that tells what is wrong, what a typed document becomes, what a lock leaves of the sign-in.

Each of these was found by a change of the source that no other test noticed (`./run mutants kiosk/desk/`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from kiosk.desk import boards_data as b
from kiosk.desk import checks
from kiosk.desk import commands as c
from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.desk.machine import step
from kiosk.desk.values import Place, Signature
from kiosk.domain.identity import DocumentKind
from kiosk.domain.person import IdentifiedBy, Person
from tests.desk import samples as d
from tests.visit import samples as x

SUE = s.Session(1, d.SUE.staff_id, d.SUE.name, d.SUE.role, 0.0)
UNIT = s.Board(Place.UNIT_LIST, b.UnitListData(), clerk=x.LI)
GOOD, ODD = "44030519560315002X", "440305195603150021"
MRZ = "L898902C36UTO7408122F1204159ZE184226B<<<<<10"  # ICAO 9303-4, appendix A
MRZ_ODD = MRZ[:-1] + "5"
IN_2010 = date(2010, 6, 1)


def on(page: s.Page, event: e.Event, now_s: float = 0.0) -> tuple[s.State, tuple[c.Command, ...]]:
    return step(s.Open(SUE, page), event, d.world(now_s, 2))


@pytest.mark.parametrize(
    ("event", "asked", "today", "answer"),
    [
        (e.AgentTyped(" ", "E12345678", DocumentKind.PASSPORT), "", d.TODAY, (None, "name-missing", "")),
        (e.AgentTyped("Anna", " ", DocumentKind.PASSPORT), "", d.TODAY, (None, "name-missing", "")),
        (e.AgentTyped("Anna", "E12345678", DocumentKind.PASSPORT, "soon"), "", d.TODAY, (None, "day-unread", "")),
        (e.AgentTyped("Anna", "E12345678", DocumentKind.PASSPORT, "2026-11-20"), "", d.TODAY, (None, "document-expired", "")),
        (
            e.AgentTyped(" Anna ", " e12345678 ", DocumentKind.PASSPORT, "2026/11.21"),
            "",
            d.TODAY,
            (Person("Anna", "E12345678", DocumentKind.PASSPORT, IdentifiedBy.DESK, document_valid_to=d.TODAY), "", ""),
        ),
        (e.AgentTyped("Anna", "?1", DocumentKind.PASSPORT), "", d.TODAY, (None, "number-odd-again", "?1")),
        (e.AgentTyped("Anna", "?2", DocumentKind.PASSPORT), "?1", d.TODAY, (None, "number-odd-again", "?2")),
        (
            e.AgentTyped("Anna", "?1", DocumentKind.PASSPORT),
            "?1",
            d.TODAY,
            (Person("Anna", "?1", DocumentKind.PASSPORT, IdentifiedBy.DESK), "", "?1"),
        ),
        (  # one that was asked about before, and is whole now
            e.AgentTyped("Anna", "E12345678", DocumentKind.PASSPORT),
            "?1",
            d.TODAY,
            (Person("Anna", "E12345678", DocumentKind.PASSPORT, IdentifiedBy.DESK), "", ""),
        ),
        (  # a scanner types the second line, whatever kind was chosen
            e.AgentTyped("Anna", MRZ, DocumentKind.RESIDENT),
            "",
            IN_2010,
            (Person("Anna", "L898902C3", DocumentKind.PASSPORT, IdentifiedBy.DESK, document_valid_to=date(2012, 4, 15)), "", ""),
        ),
        (e.AgentTyped("Anna", MRZ, DocumentKind.RESIDENT), "", d.TODAY, (None, "document-expired", "")),
        (e.AgentTyped("Anna", MRZ_ODD, DocumentKind.RESIDENT), "", IN_2010, (None, "number-odd-again", "L898902C3")),
    ],
)
def test_what_a_typed_document_becomes(event, asked, today, answer):
    assert checks.identity(event, asked, today) == answer


@pytest.mark.parametrize("typed", ["2026-12-01", "2026.12.01", "2026/12/01", " 20261201 "])
def test_a_day_is_typed_as_people_write_it(typed):
    assert checks.agreed_day(typed, d.TODAY) == (date(2026, 12, 1), "")


def test_a_signature_needs_strokes_points_and_a_digest():
    assert checks.signed(Signature("a" * 64, 1, 1))
    for strokes, points, digest in ((0, 1, "a" * 64), (1, 0, "a" * 64), (1, 1, "a" * 63)):
        assert not checks.signed(Signature(digest, strokes, points))


def test_a_quick_session_sets_no_short_pin():
    assert checks.short_pin(replace(SUE, quick=True), "2705", "2705") == "full-sign-in-first"
    assert checks.short_pin(SUE, "2705", "2750") == "pins-differ"


@pytest.mark.parametrize(
    ("page", "unit", "file", "papers", "problem"),
    [
        (replace(UNIT, clerk=None), "厂", d.LIST, ("clerk-id", "sealed-list"), "clerk-missing"),
        (UNIT, " ", d.LIST, ("clerk-id", "sealed-list"), "unit-missing"),
        (UNIT, "厂", d.LIST, ("clerk-id",), "papers-missing"),
        (UNIT, "厂", None, ("clerk-id", "sealed-list"), "file-missing"),
    ],
)
def test_what_a_units_list_lacks_is_named(page, unit, file, papers, problem):
    after, wanted = on(page, e.UnitListChosen(file, unit, papers))
    assert (after.page.problem, after.page.busy, wanted) == (problem, False, ())


def test_a_clerk_whose_number_was_odd_is_taken_with_the_flag_and_a_card_takes_it_away():
    typed = e.AgentTyped("Anna", "?1", DocumentKind.PASSPORT)
    asked, _ = on(replace(UNIT, clerk=None), typed)
    assert (asked.page.problem, asked.page.clerk, asked.page.asked) == ("number-odd-again", None, "?1")
    taken, _ = on(asked.page, typed)
    assert (taken.page.problem, taken.page.clerk.id_number) == ("", "?1")
    chosen = e.UnitListChosen(d.LIST, "厂", ("clerk-id", "sealed-list"))
    assert on(taken.page, chosen)[1][0].clerk_odd is True
    laid, _ = on(taken.page, e.CardRead(x.LI))
    assert (laid.page.clerk, laid.page.asked) == (replace(x.LI, identified_by=IdentifiedBy.DESK), "")
    assert on(laid.page, chosen)[1][0].clerk_odd is False


@pytest.mark.parametrize(
    ("folder", "kiosk_id", "persons", "problem"),
    [("", "k1", ("P-1",), "medium-missing"), ("stick", "", ("P-1",), "peer-missing"), ("stick", "k1", (), "nobody-to-export")],
)
def test_what_a_home_visit_list_lacks_is_named(folder, kiosk_id, persons, problem):
    after, wanted = on(s.Board(Place.HOME_VISITS, b.HomeVisitsData()), e.ExportListTouched(kiosk_id, folder, persons))
    assert (after.page.problem, wanted) == (problem, ())


def test_what_was_wrong_before_is_wiped_by_the_next_touch_and_the_answers_of_a_list_take_the_files_place():
    after, _ = on(s.Board(Place.SYNC, b.SyncData(b.Tallies()), problem="medium-missing", detail="x"), e.SyncPauseTouched(True))
    assert (after.page.problem, after.page.detail, after.page.busy) == ("", "", True)
    answered = b.UnitListData(answers=("a row",))
    assert b.with_media(answered, ("stick",), (d.LIST,)).files == ()


@pytest.mark.parametrize(("problem", "kept"), [("short-pin-wrong", True), ("short-pin-over", False), ("full-sign-in-first", False)])
def test_the_quick_way_back_is_over_when_it_is_said_so(problem, kept):
    asking = s.SigningIn(busy=True, quick=d.ANN)
    after, wanted = step(asking, e.SignInRefused(0.0, 2, problem), d.world())
    assert (after.problem, after.tries_left, after.busy, after.quick == d.ANN, wanted) == (problem, 2, False, kept, ())


def test_a_lock_of_half_a_second_is_a_lock():
    after, _ = step(s.SigningIn(busy=True), e.SignInRefused(0.5, 0), d.world(100.0))
    assert (after.problem, after.wait_until_s) == ("pin-locked", 100.5)
    after, _ = step(s.SigningIn(busy=True), e.SignInRefused(0.0, 3), d.world(100.0))
    assert (after.problem, after.wait_until_s, after.tries_left) == ("pin-wrong", 0.0, 3)


def test_a_card_laid_to_sign_in_wipes_what_was_wrong():
    after, wanted = step(s.SigningIn(problem="pin-wrong"), e.CardRead(x.LI, "digest"), d.world())
    assert (after.busy, after.problem, wanted) == (True, "", (c.CheckCard("digest"),))


def test_the_camera_of_papers_ends_with_the_session_that_began_it():
    page = s.Enrolling(d.found())
    left, wanted = on(page, e.TimePassed(), now_s=10_000.0)
    assert left == s.Closed()
    assert wanted == (c.NoteSignOut(SUE, automatic=True), c.EndEnrolment(), c.ResumeVisit())
    sheet = replace(UNIT, documents=(d.PAGE,))
    assert c.DropPages(SUE, (d.PAGE.page_id,)) in on(sheet, e.TimePassed(), now_s=10_000.0)[1]


def test_the_camera_of_papers_is_let_go_with_the_session_however_it_ends():
    watching = replace(UNIT, camera=s.Photographing("sealed-list"))
    for event, now_s in ((e.CloseTouched(), 0.0), (e.TimePassed(), 10_000.0)):
        assert c.WatchPapers(SUE, False) in on(replace(watching, review=True), event, now_s)[1]
    assert not any(isinstance(one, c.WatchPapers) for one in on(UNIT, e.TimePassed(), 10_000.0)[1])


def test_signing_out_for_a_visit_in_sight_puts_the_page_away_in_the_sessions_name():
    home = s.Board(Place.HOME, documents=(d.PAGE,))
    closed, wanted = on(home, e.InSightTouched())
    assert closed == s.Closed()
    assert c.VouchVisit(SUE, d.GLANCE.visit_id) in wanted


def test_whoever_is_looked_for_was_identified_at_the_desk():
    for event, number in (
        (e.PersonChosen(" 44030519560315002x ", None), GOOD),
        (e.CardRead(x.LI), x.LI.id_number),
    ):
        after, wanted = on(s.Board(Place.TODO, object()), event)
        assert isinstance(after.page, s.Finding)
        (asked,) = wanted
        assert (asked.person.id_number, asked.person.identified_by) == (number, IdentifiedBy.DESK)
