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
from kiosk.desk.values import Declared, Declaring, Document, Found, Place, Signature
from kiosk.domain.fairness import Counted
from kiosk.domain.identity import DocumentKind
from kiosk.domain.outcome import Glasses
from kiosk.domain.person import IdentifiedBy, Person
from kiosk.domain.reasons import Reason
from kiosk.domain.record import Channel
from tests.desk import samples as d
from tests.visit import samples as x

SUE = s.Session(1, d.SUE.staff_id, d.SUE.name, d.SUE.role, 0.0)
UNIT = s.Board(Place.UNIT_LIST, b.UnitListData(), clerk=x.LI)
GOOD, ODD = "44030519560315002X", "440305195603150021"
RIGHT = next(one for one in (GOOD[:-1] + last for last in "0123456789X") if not checks.number_odd(one))
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
        assert asked.person.name == (x.LI.name if isinstance(event, e.CardRead) else "")


@pytest.mark.parametrize(("staff_id", "pin"), [("1001", ""), (" ", "270518"), ("", "")])
def test_a_sign_in_needs_number_and_pin(staff_id, pin):
    after, wanted = step(s.SigningIn(), e.SignInTouched(staff_id, pin), d.world())
    assert (after, wanted) == (s.SigningIn(problem="sign-in-incomplete"), ())


@pytest.mark.parametrize(("name", "problem"), [("陈", "name-alone"), (" ", "number-missing")])
def test_nobody_is_looked_for_without_a_number(name, problem):
    after, wanted = on(s.Finding("1"), e.SearchTouched(" ", name))
    assert (after.page, wanted) == (s.Finding(problem=problem), ())


def test_what_was_wrong_with_the_last_search_is_wiped_by_the_next_one():
    after, wanted = on(s.Finding("1", problem="not-in-roster"), e.SearchTouched("PK1.a", ""))
    assert (after.page, wanted) == (s.Finding(busy=True), (c.FindByCode(SUE, "PK1.a", None),))


def test_a_card_is_looked_for_in_the_way_that_was_chosen():
    asked = replace(x.LI, identified_by=IdentifiedBy.DESK)
    for page, channel in ((s.Finding(channel=Channel.HOME_VISIT), Channel.HOME_VISIT), (s.Showing(d.found()), None)):
        after, wanted = on(page, e.CardRead(x.LI))
        assert after.page == s.Finding(x.LI.id_number, busy=True, channel=channel)
        assert wanted == (c.FindPerson(SUE, asked, channel),)


def test_whom_the_roster_does_not_know_the_bureau_is_asked_for_with_all_that_is_known():
    page = s.Finding(x.CHEN.id_number, busy=True)
    row = Counted(d.TODAY, "70-74", Glasses.NO, "good", "match", "failed", "face-mismatch")
    nobody = Found(x.CHEN, Reason.NOT_IN_ROSTER, visit_id="v1", why=Reason.FACE_MISMATCH, counted=(row,))
    after, wanted = on(page, e.PersonFound(1, nobody, Channel.HOME_VISIT, elsewhere=True))
    asked = c.FindPerson(SUE, x.CHEN, Channel.HOME_VISIT, "v1", "face-mismatch", (row,), elsewhere=True)
    assert (after.page, wanted) == (replace(page, elsewhere=True), (asked,))
    after, wanted = on(page, e.PersonFound(1, replace(nobody, why=None), elsewhere=True))
    assert wanted == (c.FindPerson(SUE, x.CHEN, None, "v1", "", (row,), elsewhere=True),)
    nameless = replace(nobody, person=replace(x.CHEN, name="", id_number=RIGHT))
    for page_, elsewhere, found, problem in (
        (page, True, nameless, "name-for-centre"),  # the bureau answers nobody without a name
        (page, False, nameless, "not-in-roster"),
        (replace(page, elsewhere=True), True, replace(nobody, person=replace(x.CHEN, id_number=RIGHT)), "not-in-roster"),
    ):
        after, wanted = on(page_, e.PersonFound(1, found, elsewhere=elsewhere))
        assert (after.page.problem, after.page.busy, after.page.elsewhere, wanted) == (problem, False, False, ())


AGENT = s.Assisting(d.found(), Channel.AGENT, x.LI)
ANNA = e.AgentTyped("Anna", "E12345678", DocumentKind.PASSPORT)


def test_what_goes_with_a_form_that_is_saved():
    seen = replace(AGENT, seen=("principal-proof",), documents=(d.PAGE,), asked=x.LI.id_number, problem="x")
    for page, review, odd in (
        (replace(seen, review=True), True, True),
        (seen, False, True),
        (replace(seen, review=True, documents=()), False, True),  # nothing to send
        (replace(seen, asked=""), False, False),
    ):
        after, (save,) = on(page, e.AssistSubmitted(replace(d.PROXY, review=not review, documents=())))
        assert (after.page.busy, after.page.problem) == (True, "")
        form = replace(d.PROXY, documents=page.documents, review=review)
        assert save == c.SaveAssisted(SUE, page.found, Channel.AGENT, form, x.LI, agent_odd=odd)


@pytest.mark.parametrize(
    ("agent", "seen", "event", "left"),
    [
        (None, ("principal-proof",), e.CardRead(x.LI), ("principal-proof", "agent-id")),
        (None, ("agent-id",), e.CardRead(x.LI), ("agent-id",)),
        (None, (), e.CardRead(x.CHEN), ()),  # the principal's own card is no agent's
        (x.LI, ("agent-id", "principal-proof"), ANNA, ("principal-proof",)),  # no card of this one was laid
        (None, ("agent-id", "principal-proof"), ANNA, ("agent-id", "principal-proof")),  # photographed before anybody was typed
    ],
)
def test_which_papers_were_seen_of_an_agent(agent, seen, event, left):
    page = replace(AGENT, agent=agent, seen=seen, asked="?1", problem="x")
    after, wanted = on(page, event)
    assert (after.page.seen, after.page.asked, wanted) == (left, "", ())
    if event == ANNA:
        assert (after.page.agent.id_number, after.page.problem) == ("E12345678", "")
        odd, _ = on(page, replace(ANNA, number="?2"))
        assert odd.page == replace(page, asked="?2", problem="number-odd-again")


def test_a_declaration_names_who_made_it_and_takes_its_pages_along():
    page = s.TakingDeclaration(d.found(), x.LI, asked="?1", problem="x")
    death, moved = Declaring(Declared.DEATH, d.TODAY, relation="child"), Declaring(Declared.RESIDENCE, place="深圳")
    pages = replace(page, documents=(Document("a.pdf", "b" * 64), d.PAGE))
    for on_page, form, declarant, odd, taken in (
        (replace(pages, review=True), death, x.LI, True, ("page-1",)),
        (pages, death, x.LI, True, ()),
        (replace(pages, asked=""), death, x.LI, False, ()),
        (pages, moved, None, False, ()),  # whoever lives elsewhere says so alone
    ):
        after, wanted = on(on_page, e.DeclareSubmitted(form))
        assert wanted == (c.SaveDeclaration(SUE, page.found, form, declarant, odd, taken),)
        done, wanted = on(after.page, e.Saved(1, ("r1",), erased=True))
        assert (done.page, wanted) == (s.Done(Channel.DECLARATION, ("r1",), page.found, erased=True), (c.NudgeSync(),))
    card, _ = on(replace(page, declarant=None), e.CardRead(x.LI))
    assert (card.page.declarant, card.page.asked, card.page.problem) == (replace(x.LI, identified_by=IdentifiedBy.DESK), "", "")
    typed, _ = on(page, ANNA)
    assert (typed.page.declarant.id_number, typed.page.asked, typed.page.problem) == ("E12345678", "", "")
    odd, _ = on(page, replace(ANNA, number="?2"))
    assert odd.page == replace(page, asked="?2", problem="number-odd-again")
